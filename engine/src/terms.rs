//! What goes beyond moving money now: the terms of holds and payments.

use alloc::boxed::Box;

/// What a transfer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Action {
    /// Moves money now.
    #[default]
    Move = 0,
    /// Places a hold.
    Hold = 1,
    /// Moves what a hold reserves.
    Capture = 2,
    /// Gives back what a hold reserves.
    Release = 3,
    /// Increases a hold, or moves the time at which it is due.
    Change = 4,
    /// Creates a payment that waits for its capture.
    Authorize = 5,
    /// Creates a payment and captures it at once.
    Pay = 6,
    /// Captures a payment.
    CapturePayment = 7,
    /// Gives back what is left of a payment.
    CancelPayment = 8,
    /// Moves captured money back.
    Refund = 9,
}

impl Action {
    /// All of them, by number.
    pub const ALL: [Self; 10] = [
        Self::Move,
        Self::Hold,
        Self::Capture,
        Self::Release,
        Self::Change,
        Self::Authorize,
        Self::Pay,
        Self::CapturePayment,
        Self::CancelPayment,
        Self::Refund,
    ];

    /// Whether it is about a payment.
    pub const fn is_of_payment(self) -> bool {
        self as u8 >= Self::Authorize as u8
    }

    /// Whether it creates what later ones refer to.
    pub const fn places(self) -> bool {
        matches!(self, Self::Hold | Self::Authorize | Self::Pay)
    }

    /// Whether accounts follow from a hold or payment that exists.
    pub const fn refers(self) -> bool {
        !self.places() && !matches!(self, Self::Move)
    }
}

/// What becomes of the rest of a hold or payment when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum AtDue {
    /// It is given back.
    #[default]
    Release = 0,
    /// It is captured, or given back if that is not possible.
    Capture = 1,
}

/// What a request says about a hold or payment. All zero for a plain move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HoldTerms {
    /// What to do.
    pub action: Action,
    /// With what is there: the id of the hold or payment; otherwise 0.
    pub hold: u128,
    /// When it falls due, ns since 1970; 0 = never, or as it was.
    pub due_at_ns: u64,
    /// What happens then.
    pub at_due: AtDue,
    /// What is left after a capture is given back.
    pub release_rest: bool,
}

/// What a payment has beside a hold. Kept for whoever reads it; nothing follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaymentTerms {
    /// Fee, minor units of the same asset; 0 = none.
    pub fee_minor: u128,
    /// How risky it was thought to be, 0 to [`SCORE_MAX`].
    pub score: Option<u16>,
    /// What people know it by; empty if nothing. Personal.
    pub reference: Box<str>,
}

/// Largest score.
pub const SCORE_MAX: u16 = 1_000;
/// Most bytes of a reference.
pub const REFERENCE_BYTES_MAX: usize = 128;
