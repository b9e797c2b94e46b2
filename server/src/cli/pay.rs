//! `florin pay`

use clap::Args;
use florin_client::{Money, NewPayment, TransferId};

use super::args::{self, AtDue, Connection, Metadata, When};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::send;

const EXAMPLE: &str = "\
The id is the idempotency key: repeat a call with the same --id and it is never a second payment.

Example:
  florin pay --from alice --to shop --amount 12.50 --currency EUR --reference order-4711
  florin pay --from alice --to shop --amount 12.50 --currency EUR --manual --due 3d --at-due capture";

/// Create a payment: captured at once, or with --manual reserved to be captured later
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Pay {
    /// Who pays: a name, or id: and 32 hex digits
    #[arg(long, value_name = "ACCOUNT")]
    from: String,

    /// Who is paid
    #[arg(long, value_name = "ACCOUNT")]
    to: String,

    /// How much, as a decimal number: 12.50
    #[arg(long, allow_hyphen_values = true)]
    amount: String,

    /// Of what: code of the asset that both accounts hold
    #[arg(long, value_name = "CODE")]
    currency: String,

    /// Only reserve the money: it is captured later with `florin capture`
    #[arg(long)]
    manual: bool,

    /// When what is reserved falls due: so long from now (10m, 2h, 3d), or a moment (2026-11-30T12:00:00Z)
    /// [default: never]
    #[arg(long, value_name = "WHEN", requires = "manual")]
    due: Option<When>,

    /// What becomes of it then [default: release]
    #[arg(long, requires = "due")]
    at_due: Option<AtDue>,

    /// A fee of the same currency, kept with the payment and not moved
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    fee: Option<String>,

    /// What people know it by: an order number, an invoice
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,

    /// How risky it was thought to be, 0 to 1000; kept, not acted on
    #[arg(long, value_name = "N")]
    score: Option<u32>,

    /// Date on which it counts [default: when it happens]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = args::date)]
    value_date: Option<u32>,

    /// Yours: a reason or ledger code
    #[arg(long, value_name = "N", default_value_t = 0)]
    code: u32,

    #[command(flatten)]
    metadata: Metadata,

    /// Id of the payment, 32 hex digits [default: a new one]
    #[arg(long, value_name = "HEX")]
    id: Option<TransferId>,

    #[command(flatten)]
    connection: Connection,
}

impl Pay {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let id = send::Id::new(self.id);
        let money = |amount: String| Money::new(amount, self.currency.clone());
        let mut payment = NewPayment::new(id.id)
            .source(args::account(&self.from)?)
            .destination(args::account(&self.to)?)
            .amount(money(self.amount))
            .reference(self.reference.unwrap_or_default())
            .value_date(self.value_date.unwrap_or(0))
            .code(self.code);
        if self.manual {
            payment = payment.manual();
        }
        if let Some(due) = self.due {
            payment = payment.due_at_ns(due.ahead_ns());
        }
        if let Some(at_due) = self.at_due {
            payment = payment.at_due(at_due.into());
        }
        if let Some(fee) = self.fee {
            payment = payment.fee(money(fee));
        }
        if let Some(score) = self.score {
            payment = payment.score(score);
        }
        for (key, value) in self.metadata.into_map()? {
            payment = payment.metadata(key, value);
        }
        let client = self.connection.open().await?;
        send::payment(&client, id, &self.currency, client.create_payment(payment), output).await
    }
}
