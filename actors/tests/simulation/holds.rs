//! Holds and payments by adding up, apart from the engine.

use florin_engine::{Event, Hold, HoldEvent, HoldStep, Sequence, Slot, Tenant};

use crate::invariants::{Invariant, Violation};

/// A hold or payment, by adding up.
#[derive(Debug, Clone)]
pub struct NaiveHold {
    pub tenant: Tenant,
    pub id: u128,
    of_payment: bool,
    debit: Slot,
    credit: Slot,
    reserved: u128,
    captured: u128,
    released: u128,
    refunded: u128,
    due_at_ns: u64,
    has_expired: bool,
    placed_sequence: Sequence,
    last_sequence: Sequence,
}

/// What a step moves on both sides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moved {
    pub reserved: u128,
    pub freed: u128,
    pub posted: u128,
}

impl NaiveHold {
    pub fn moved(step: &HoldEvent) -> Moved {
        let amount = step.amount_minor;
        match step.step {
            HoldStep::Place | HoldStep::Change => Moved { reserved: amount, ..Moved::default() },
            HoldStep::Pay | HoldStep::Refund => Moved { posted: amount, ..Moved::default() },
            HoldStep::Release | HoldStep::DueRelease => Moved { freed: amount, ..Moved::default() },
            HoldStep::Capture | HoldStep::DueCapture => {
                Moved { reserved: 0, freed: amount + step.released_minor, posted: amount }
            }
        }
    }

    /// As it is after a step.
    pub fn after(
        before: Option<&Self>,
        event: &Event,
        step: &HoldEvent,
    ) -> Result<Self, Violation> {
        let wrong = |what: &str| Violation {
            invariant: Invariant::DueInTime,
            detail: format!("{what}: {event:?}, before it {before:?}"),
        };
        let mut hold = match before {
            Some(hold) => hold.clone(),
            None if matches!(step.step, HoldStep::Place | HoldStep::Pay) => Self {
                tenant: step.tenant,
                id: step.hold_id,
                of_payment: step.of_payment,
                debit: step.debit.slot,
                credit: step.credit.slot,
                reserved: 0,
                captured: 0,
                released: 0,
                refunded: 0,
                due_at_ns: 0,
                has_expired: false,
                placed_sequence: event.sequence,
                last_sequence: 0,
            },
            None => return Err(wrong("a step of what was never placed")),
        };
        let amount = step.amount_minor;
        match step.step {
            HoldStep::Place | HoldStep::Change => hold.reserved += amount,
            HoldStep::Pay => {
                hold.reserved += amount;
                hold.captured += amount;
            }
            HoldStep::Capture => {
                hold.captured += amount;
                hold.released += step.released_minor;
            }
            HoldStep::Release => hold.released += amount,
            HoldStep::Refund => hold.refunded += amount,
            HoldStep::DueRelease | HoldStep::DueCapture => {
                if hold.due_at_ns == 0 || event.timestamp_ns < hold.due_at_ns {
                    return Err(wrong("it fell due before its time"));
                }
                if step.remaining_minor != 0 {
                    return Err(wrong("something is left of what fell due"));
                }
                if step.step == HoldStep::DueCapture {
                    hold.captured += amount;
                } else {
                    hold.released += amount;
                    hold.has_expired = true;
                }
            }
        }
        let gone = hold.captured + hold.released;
        if gone > hold.reserved || hold.reserved - gone != step.remaining_minor {
            return Err(wrong("it does not add up"));
        }
        if hold.refunded > hold.captured {
            return Err(wrong("more was refunded than captured"));
        }
        hold.due_at_ns = step.due_at_ns;
        hold.last_sequence = event.sequence;
        Ok(hold)
    }

    /// Whether this is what the engine says.
    pub fn is(&self, hold: &Hold) -> bool {
        (self.tenant, self.id, self.of_payment) == (hold.tenant, hold.id, hold.of_payment)
            && (self.debit, self.credit) == (hold.debit, hold.credit)
            && (self.reserved, self.captured, self.released, self.refunded)
                == (
                    hold.amount_minor,
                    hold.captured_minor,
                    hold.released_minor,
                    hold.refunded_minor,
                )
            && (self.due_at_ns, self.has_expired) == (hold.due_at_ns, hold.expired)
            && (self.placed_sequence, self.last_sequence)
                == (hold.placed_sequence, hold.last_sequence)
    }
}
