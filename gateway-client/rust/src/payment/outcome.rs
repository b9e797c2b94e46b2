//! What became of what was asked of a payment.

use florin_proto::v1;

use super::{Money, Payment};
use crate::error::Error;
use crate::id::TransferId;
use crate::refusal::Refusal;
use crate::wire::required;

/// The answer to whatever was asked of a payment.
pub type PaymentOutcome = Result<PaymentDone, PaymentRefused>;

/// It is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentDone {
    /// The id of what was asked: of the payment, or of its capture, cancellation or refund.
    pub id: TransferId,
    /// The payment as it is now.
    pub payment: Payment,
    /// The id was known: this is the first answer, given again. The payment is as it is now, not as it was.
    pub replayed: bool,
    /// Sequence of what was decided.
    pub sequence: u64,
    /// When it was decided, nanoseconds since 1970.
    pub timestamp_ns: u64,
    /// What this moved, reserved, or gave back.
    pub amount: Money,
}

/// Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{id} was refused: {refusal}")]
pub struct PaymentRefused {
    /// The id of what was asked: of the payment, or of its capture, cancellation or refund.
    pub id: TransferId,
    /// The payment as it is now, if there is one.
    pub payment: Option<Box<Payment>>,
    /// The id was known: this is the first answer, given again.
    pub replayed: bool,
    /// Sequence of the refusal; 0 if it was not journaled, and then the id is not used up.
    pub sequence: u64,
    /// When it was decided, nanoseconds since 1970; 0 if it was not journaled.
    pub timestamp_ns: u64,
    /// Why.
    pub refusal: Box<Refusal>,
}

/// Reads the answer to what was asked under this id.
pub(crate) fn from_wire(
    id: TransferId,
    response: v1::PaymentResponse,
) -> Result<PaymentOutcome, Error> {
    let v1::PaymentResponse { replayed, sequence, timestamp_ns, .. } = response;
    let payment = response.payment.map(Payment::try_from).transpose()?;
    if let Some(refusal) = response.refusal {
        return Ok(Err(PaymentRefused {
            id,
            payment: payment.map(Box::new),
            replayed,
            sequence,
            timestamp_ns,
            refusal: Box::new(refusal.into()),
        }));
    }
    Ok(Ok(PaymentDone {
        id,
        payment: required(payment, "neither a payment nor a refusal")?,
        replayed,
        sequence,
        timestamp_ns,
        amount: required(response.amount, "done without an amount")?.into(),
    }))
}
