//! A hold or payment of the twin.

use florin_engine::{AtDue, HoldState, PaymentState, Sequence};

#[derive(Debug, Clone)]
pub struct Held {
    pub of_payment: bool,
    pub debit_account: u128,
    pub credit_account: u128,
    pub amount_minor: u128,
    pub captured_minor: u128,
    pub released_minor: u128,
    pub refunded_minor: u128,
    /// What is reserved still: counted, not worked out.
    pub reserved_minor: u128,
    pub due_at_ns: u64,
    pub at_due: AtDue,
    pub expired: bool,
    pub placed_sequence: Sequence,
    pub last_sequence: Sequence,
}

impl Held {
    pub const fn is_open(&self) -> bool {
        self.reserved_minor > 0
    }

    /// As the contract puts it.
    pub const fn state(&self) -> HoldState {
        if self.is_open() {
            HoldState::Open
        } else if self.expired {
            HoldState::Expired
        } else if self.captured_minor > 0 {
            HoldState::Captured
        } else {
            HoldState::Released
        }
    }

    /// As the contract puts it.
    pub const fn payment_state(&self) -> PaymentState {
        let (some, refunded) = (self.captured_minor > 0, self.refunded_minor > 0);
        let all_refunded = self.refunded_minor == self.captured_minor;
        match (self.is_open(), some, refunded) {
            (true, false, _) => PaymentState::RequiresCapture,
            (true, true, false) => PaymentState::PartiallyCaptured,
            (false, true, false) => PaymentState::Captured,
            (false, true, true) if all_refunded => PaymentState::Refunded,
            (_, true, true) => PaymentState::PartiallyRefunded,
            (false, false, _) if self.expired => PaymentState::Expired,
            (false, false, _) => PaymentState::Canceled,
        }
    }
}
