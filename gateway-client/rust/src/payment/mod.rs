//! Payments: money from a payer to a payee, from its creation to its last refund.

mod outcome;
mod request;

use std::collections::BTreeMap;

use florin_proto::v1;
/// Where a payment is in its life. A state that is newer than this client reads as `Unspecified`.
pub use florin_proto::v1::PaymentState;

use crate::account::PageToken;
use crate::error::Error;
use crate::hold::AtDue;
use crate::id::{AccountId, TransferId};
use crate::wire::{non_empty, non_zero, required};

pub(crate) use outcome::from_wire;
pub use outcome::{PaymentDone, PaymentOutcome, PaymentRefused};
pub use request::{NewPayment, PaymentCapture, PaymentRefund};

/// An amount as people write it: decimal text, never a float, and the code of its asset.
///
/// ```
/// use florin_client::Money;
/// assert_eq!(Money::new("12.50", "EUR").to_string(), "12.50 EUR");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Money {
    /// Decimal text: digits, and a point with decimals where there are any. The server refuses more decimals than
    /// the asset has; nothing is rounded.
    pub amount: String,
    /// Code of the asset.
    pub currency: String,
}

impl Money {
    /// An amount. Whether it is one is for the server to say.
    pub fn new(amount: impl Into<String>, currency: impl Into<String>) -> Self {
        Self { amount: amount.into(), currency: currency.into() }
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

impl From<Money> for v1::Money {
    fn from(money: Money) -> Self {
        Self { amount: money.amount, currency: money.currency }
    }
}

impl From<v1::Money> for Money {
    fn from(money: v1::Money) -> Self {
        Self { amount: money.amount, currency: money.currency }
    }
}

/// A payment as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its id. Ids of payments, transfers and holds are one set.
    pub id: TransferId,
    /// Where it is in its life.
    pub state: PaymentState,
    /// Who pays.
    pub source: AccountId,
    /// Who is paid.
    pub destination: AccountId,
    /// What it is about.
    pub amount: Money,
    /// What is reserved and can still be captured.
    pub capturable: Money,
    /// What was captured, refunds not taken off.
    pub captured: Money,
    /// What was refunded of it.
    pub refunded: Money,
    /// What was given back without being captured.
    pub released: Money,
    /// As in the request.
    pub fee: Option<Money>,
    /// As in the request.
    pub reference: Option<String>,
    /// As in the request.
    pub metadata: BTreeMap<String, String>,
    /// As in the request.
    pub score: Option<u32>,
    /// As in the request.
    pub code: u32,
    /// As in the request, decimal `YYYYMMDD`; `None` if it counts when it happened.
    pub value_date: Option<u32>,
    /// When what is reserved falls due, nanoseconds since 1970.
    pub due_at_ns: Option<u64>,
    /// What happens then.
    pub at_due: AtDue,
    /// Number of the tenant whose it is.
    pub tenant: u32,
    /// When it was created, nanoseconds since 1970.
    pub created_at_ns: u64,
    /// Sequence of its creation.
    pub created_sequence: u64,
    /// Sequence of the last event that changed it.
    pub last_sequence: u64,
}

/// A page of payments, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentPage {
    /// The payments. There may be fewer than asked for although more follow.
    pub payments: Vec<Payment>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<PageToken>,
}

impl TryFrom<v1::Payment> for Payment {
    type Error = Error;

    fn try_from(payment: v1::Payment) -> Result<Self, Error> {
        let state = payment.state();
        let amount = Money::from(required(payment.amount, "a payment without an amount")?);
        let zero = || Money::new("0", amount.currency.clone());
        let part = |money: Option<v1::Money>| money.map_or_else(zero, Money::from);
        Ok(Self {
            id: required(payment.id, "a payment without an id")?.into(),
            state,
            source: required(payment.source_account_id, "a payment from no account")?.into(),
            destination: required(payment.destination_account_id, "a payment to no account")?
                .into(),
            capturable: part(payment.amount_capturable),
            captured: part(payment.amount_captured),
            refunded: part(payment.amount_refunded),
            released: part(payment.amount_released),
            fee: payment.fee.map(Money::from),
            reference: non_empty(payment.reference),
            metadata: payment.metadata,
            score: payment.score,
            code: payment.code,
            value_date: non_zero(payment.value_date),
            due_at_ns: non_zero(payment.due_at_ns),
            at_due: AtDue::from_wire(payment.at_due)?,
            tenant: payment.tenant,
            created_at_ns: payment.created_at_ns,
            created_sequence: payment.created_sequence,
            last_sequence: payment.last_sequence,
            amount,
        })
    }
}

#[cfg(test)]
mod tests;
