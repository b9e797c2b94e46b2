//! `florin payment show`

use clap::Args;
use florin_client::TransferId;

use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure, not_found};
use crate::cli::names::Names;
use crate::cli::output::Output;
use crate::cli::view::PaymentView;

const EXAMPLE: &str = "\
Example:
  florin payment show 0197f3c2a9b47d11e2c64bb9a0d35f08";

/// Show a payment: its state, and what was captured, refunded and given back of it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Show {
    /// Id of the payment, 32 hex digits
    payment: TransferId,

    #[command(flatten)]
    connection: Connection,
}

impl Show {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let client = self.connection.open().await?;
        let payment = client.get_payment(self.payment).await?;
        let payment = payment.ok_or_else(|| not_found("payment", self.payment))?;
        let mut names = Names::default();
        names.learn(&client, [payment.source, payment.destination]).await;
        output.result(&PaymentView::new(&payment, &names))?;
        Ok(Exit::Done)
    }
}
