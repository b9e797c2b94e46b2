//! What can be asked of a payment.

use florin_proto::v1;

use super::Money;
use crate::hold::AtDue;
use crate::id::TransferId;
use crate::key::AccountKey;

/// A payment to create. It is captured at once, unless [`manual`](Self::manual) says otherwise.
///
/// ```
/// use florin_client::{Money, NewPayment, TransferId};
/// let order = NewPayment::new(TransferId::generate())
///     .source("customer:2375/wallet")
///     .destination("shop")
///     .amount(Money::new("12.50", "EUR"))
///     .reference("order 4711");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NewPayment {
    pub(crate) wire: v1::CreatePaymentRequest,
}

impl NewPayment {
    /// An empty payment with its id, which is its idempotency key: repeat it to repeat the question, never for another
    /// payment.
    pub fn new(id: TransferId) -> Self {
        let mut wire =
            v1::CreatePaymentRequest { id: Some(id.into()), ..v1::CreatePaymentRequest::default() };
        wire.set_capture_method(v1::CaptureMethod::Automatic);
        Self { wire }
    }

    /// Who pays.
    #[must_use]
    pub fn source(mut self, account: impl Into<AccountKey>) -> Self {
        self.wire.source = Some(account.into().into());
        self
    }

    /// Who is paid.
    #[must_use]
    pub fn destination(mut self, account: impl Into<AccountKey>) -> Self {
        self.wire.destination = Some(account.into().into());
        self
    }

    /// How much.
    #[must_use]
    pub fn amount(mut self, amount: Money) -> Self {
        self.wire.amount = Some(amount.into());
        self
    }

    /// The money is only reserved, and captured later.
    #[must_use]
    pub fn manual(mut self) -> Self {
        self.wire.set_capture_method(v1::CaptureMethod::Manual);
        self
    }

    /// For [`manual`](Self::manual): when what is reserved falls due, nanoseconds since 1970. Without it it never does.
    #[must_use]
    pub fn due_at_ns(mut self, ns: u64) -> Self {
        self.wire.due_at_ns = ns;
        self
    }

    /// What becomes of what is reserved when it is due. It is released unless you say otherwise.
    #[must_use]
    pub fn at_due(mut self, at_due: AtDue) -> Self {
        self.wire.set_at_due(at_due.into());
        self
    }

    /// A fee of the same currency. Kept for your books, not moved.
    #[must_use]
    pub fn fee(mut self, fee: Money) -> Self {
        self.wire.fee = Some(fee.into());
        self
    }

    /// What people know it by: an order number, an invoice. At most 128 bytes.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.wire.reference = reference.into();
        self
    }

    /// Attaches a key and its value.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.wire.metadata.insert(key.into(), value.into());
        self
    }

    /// How risky it was thought to be, 0 to 1,000. Kept, not acted on.
    #[must_use]
    pub fn score(mut self, score: u32) -> Self {
        self.wire.score = Some(score);
        self
    }

    /// Yours: a reason or ledger code.
    #[must_use]
    pub fn code(mut self, code: u32) -> Self {
        self.wire.code = code;
        self
    }

    /// The date on which it counts, as decimal `YYYYMMDD`.
    #[must_use]
    pub fn value_date(mut self, yyyymmdd: u32) -> Self {
        self.wire.value_date = yyyymmdd;
        self
    }
}

/// A capture of a payment: all that can be captured, or a part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentCapture {
    pub(crate) wire: v1::CapturePaymentRequest,
}

impl PaymentCapture {
    /// Captures, under an id of its own, all that can be captured.
    pub fn new(id: TransferId, payment: TransferId) -> Self {
        let wire = v1::CapturePaymentRequest {
            id: Some(id.into()),
            payment_id: Some(payment.into()),
            ..v1::CapturePaymentRequest::default()
        };
        Self { wire }
    }

    /// No more than this.
    #[must_use]
    pub fn amount(mut self, amount: Money) -> Self {
        self.wire.amount = Some(amount.into());
        self
    }

    /// What is left afterwards is given back: this was the last part.
    #[must_use]
    pub fn last(mut self) -> Self {
        self.wire.r#final = true;
        self
    }
}

/// A refund of a payment: all that was captured and not yet refunded, or a part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentRefund {
    pub(crate) wire: v1::RefundPaymentRequest,
}

impl PaymentRefund {
    /// Refunds, under an id of its own, all that was captured and not yet refunded.
    pub fn new(id: TransferId, payment: TransferId) -> Self {
        let wire = v1::RefundPaymentRequest {
            id: Some(id.into()),
            payment_id: Some(payment.into()),
            ..v1::RefundPaymentRequest::default()
        };
        Self { wire }
    }

    /// No more than this.
    #[must_use]
    pub fn amount(mut self, amount: Money) -> Self {
        self.wire.amount = Some(amount.into());
        self
    }

    /// Attaches a key and its value.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.wire.metadata.insert(key.into(), value.into());
        self
    }
}
