//! `florin payment cancel`

use clap::Args;
use florin_client::TransferId;

use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure, not_found};
use crate::cli::output::Output;
use crate::cli::send;

const EXAMPLE: &str = "\
Example:
  florin payment cancel 0197f3c2a9b47d11e2c64bb9a0d35f08";

/// Give back what a payment reserves and was not captured
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Cancel {
    /// Id of the payment, 32 hex digits
    payment: TransferId,

    /// Id of this cancellation, 32 hex digits [default: a new one]
    #[arg(long, value_name = "HEX")]
    id: Option<TransferId>,

    #[command(flatten)]
    connection: Connection,
}

impl Cancel {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let id = send::Id::new(self.id);
        let client = self.connection.open().await?;
        let payment = client.get_payment(self.payment).await?;
        let payment = payment.ok_or_else(|| not_found("payment", self.payment))?;
        let answer = client.cancel_payment(id.id, payment.id);
        send::payment(&client, id, &payment.amount.currency, answer, output).await
    }
}
