//! `florin refund`

use clap::Args;
use florin_client::{Money, PaymentRefund, TransferId};

use super::args::{Connection, Metadata};
use super::either::{self, Either};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::send;

const EXAMPLE: &str = "\
Example:
  florin refund 0197f3c2a9b47d11e2c64bb9a0d35f08
  florin refund 0197f3c2a9b47d11e2c64bb9a0d35f08 --amount 5.00 --metadata why=damaged";

/// Move captured money of a payment back, all of it or a part
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Refund {
    /// Id of the payment, 32 hex digits
    payment: TransferId,

    /// How much, as a decimal number: 12.50 [default: all that is not refunded yet]
    #[arg(long, allow_hyphen_values = true)]
    amount: Option<String>,

    /// Id of this refund, 32 hex digits [default: a new one]
    #[arg(long, value_name = "HEX")]
    id: Option<TransferId>,

    #[command(flatten)]
    metadata: Metadata,

    #[command(flatten)]
    connection: Connection,
}

impl Refund {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let id = send::Id::new(self.id);
        let metadata = self.metadata.into_map()?;
        let client = self.connection.open().await?;
        let payment = match either::find(&client, self.payment).await? {
            Either::Payment(payment) => payment,
            Either::Hold(hold) => {
                let message = format!("{} is a hold: only payments are refunded", hold.id);
                return Err(Failure::refused("PAYMENT_NOT_FOUND", message)
                    .with_hint("undo a capture of it with `florin transfer --reverses CAPTURE`"));
            }
        };
        let currency = payment.amount.currency;
        let mut refund = PaymentRefund::new(id.id, payment.id);
        if let Some(amount) = self.amount {
            refund = refund.amount(Money::new(amount, currency.clone()));
        }
        for (key, value) in metadata {
            refund = refund.metadata(key, value);
        }
        send::payment(&client, id, &currency, client.refund_payment(refund), output).await
    }
}
