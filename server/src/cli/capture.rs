//! `florin capture`

use clap::Args;
use florin_client::{Money, PaymentCapture, Transfer, TransferId};

use super::args::{self, Connection};
use super::either::{self, Either};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::send;

const EXAMPLE: &str = "\
Example:
  florin capture 0197f3c2a9b47d11e2c64bb9a0d35f08
  florin capture 0197f3c2a9b47d11e2c64bb9a0d35f08 --amount 12.50
  florin capture 0197f3c2a9b47d11e2c64bb9a0d35f08 --amount 12.50 --rest-released";

/// Move what a hold or payment reserves, all of it or a part
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Capture {
    /// Id of the hold or payment, 32 hex digits
    #[arg(value_name = "HOLD_OR_PAYMENT")]
    of: TransferId,

    /// How much, as a decimal number: 12.50 [default: all that is left]
    #[arg(long, allow_hyphen_values = true)]
    amount: Option<String>,

    /// Give back what is left afterwards
    #[arg(long)]
    rest_released: bool,

    /// Id of this capture, 32 hex digits [default: a new one]
    #[arg(long, value_name = "HEX")]
    id: Option<TransferId>,

    #[command(flatten)]
    connection: Connection,
}

impl Capture {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let id = send::Id::new(self.id);
        let client = self.connection.open().await?;
        match either::find(&client, self.of).await? {
            Either::Hold(hold) => {
                let parties =
                    send::parties_of(&client, hold.debit_account, hold.credit_account).await?;
                let mut capture = Transfer::capture(id.id, hold.id);
                if let Some(amount) = &self.amount {
                    capture = capture.amount_minor(args::amount(amount, &parties.asset)?);
                }
                if self.rest_released {
                    capture = capture.release_rest();
                }
                send::transfer(&client, id, capture, Some(parties), output).await
            }
            Either::Payment(payment) => {
                let currency = payment.amount.currency;
                let mut capture = PaymentCapture::new(id.id, payment.id);
                if let Some(amount) = self.amount {
                    capture = capture.amount(Money::new(amount, currency.clone()));
                }
                if self.rest_released {
                    capture = capture.last();
                }
                let answer = client.capture_payment(capture);
                send::payment(&client, id, &currency, answer, output).await
            }
        }
    }
}
