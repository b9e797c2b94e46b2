//! `florin release`

use clap::Args;
use florin_client::{Transfer, TransferId};

use super::args::{self, Connection};
use super::either::{self, Either};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::send;

const EXAMPLE: &str = "\
Example:
  florin release 0197f3c2a9b47d11e2c64bb9a0d35f08
  florin release 0197f3c2a9b47d11e2c64bb9a0d35f08 --amount 5.00";

/// Give back what a hold or payment reserves
///
/// Of a hold all of it or a part; of a payment all that was not captured, which cancels it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Release {
    /// Id of the hold or payment, 32 hex digits
    #[arg(value_name = "HOLD_OR_PAYMENT")]
    of: TransferId,

    /// How much of a hold, as a decimal number: 12.50 [default: all that is left]
    #[arg(long, allow_hyphen_values = true)]
    amount: Option<String>,

    /// Id of this release, 32 hex digits [default: a new one]
    #[arg(long, value_name = "HEX")]
    id: Option<TransferId>,

    #[command(flatten)]
    connection: Connection,
}

impl Release {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let id = send::Id::new(self.id);
        let client = self.connection.open().await?;
        match either::find(&client, self.of).await? {
            Either::Hold(hold) => {
                let parties =
                    send::parties_of(&client, hold.debit_account, hold.credit_account).await?;
                let mut release = Transfer::release(id.id, hold.id);
                if let Some(amount) = &self.amount {
                    release = release.amount_minor(args::amount(amount, &parties.asset)?);
                }
                send::transfer(&client, id, release, Some(parties), output).await
            }
            Either::Payment(_) if self.amount.is_some() => Err(Failure::usage(
                "a payment is released as a whole: leave --amount out, or capture a part with --rest-released",
            )),
            Either::Payment(payment) => {
                let answer = client.cancel_payment(id.id, payment.id);
                send::payment(&client, id, &payment.amount.currency, answer, output).await
            }
        }
    }
}
