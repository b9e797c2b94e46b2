//! What a step of a hold or payment does to its two accounts. Deciding, applying, groups and replay all ask here.

use crate::account::{Effect, Side};
use crate::{HoldEvent, HoldStep};

/// What a step reserves, frees and posts, minor units: the same on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "names carry their unit")]
pub(crate) struct Moved {
    pub reserved_minor: u128,
    pub freed_minor: u128,
    pub posted_minor: u128,
}

impl Moved {
    pub const fn of(step: HoldStep, amount_minor: u128, released_minor: u128) -> Self {
        let (reserved_minor, freed_minor, posted_minor) = match step {
            HoldStep::Place | HoldStep::Change => (amount_minor, 0, 0),
            HoldStep::Pay | HoldStep::Refund => (0, 0, amount_minor),
            HoldStep::Capture | HoldStep::DueCapture => {
                (0, amount_minor.saturating_add(released_minor), amount_minor)
            }
            HoldStep::Release | HoldStep::DueRelease => (0, amount_minor, 0),
        };
        Self { reserved_minor, freed_minor, posted_minor }
    }

    pub const fn of_event(event: &HoldEvent) -> Self {
        Self::of(event.step, event.amount_minor, event.released_minor)
    }

    pub const fn on(self, side: Side) -> Effect {
        let Self { reserved_minor, freed_minor, posted_minor } = self;
        Effect { side, reserved_minor, freed_minor, posted_minor }
    }
}
