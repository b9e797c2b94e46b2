//! Holds and payments: what they are, where they are in their lives, and when they fall due.

use alloc::collections::BTreeSet;

use crate::hash::KeyHash;
use crate::slab::Slab;
use crate::table::Table;
use crate::{AtDue, HoldEvent, HoldStep, Sequence, Slot, Tenant};

/// Where a hold is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// Something is reserved.
    Open,
    /// Nothing is left, and something was captured.
    Captured,
    /// Nothing is left, and nothing was captured.
    Released,
    /// It fell due, and what was left was given back.
    Expired,
}

/// Where a payment is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentState {
    /// The money is reserved, and nothing was captured yet.
    RequiresCapture,
    /// A part was captured, and more can be.
    PartiallyCaptured,
    /// Something was captured, and nothing more is reserved.
    Captured,
    /// It was canceled before anything was captured.
    Canceled,
    /// It fell due before anything was captured.
    Expired,
    /// A part of what was captured was refunded.
    PartiallyRefunded,
    /// All that was captured was refunded, and nothing more is reserved.
    Refunded,
}

/// A hold, or a payment. What is not captured, released or refunded of it is reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: u128,
    /// What was reserved, increases included, minor units.
    pub amount_minor: u128,
    /// What was captured of it, minor units.
    pub captured_minor: u128,
    /// What was given back of it, minor units.
    pub released_minor: u128,
    /// What was refunded of what was captured, minor units. Only payments are.
    pub refunded_minor: u128,
    /// When it falls due, ns since 1970; 0 = never.
    pub due_at_ns: u64,
    /// Sequence of the event that placed it.
    pub placed_sequence: Sequence,
    /// Sequence of the last event that changed it.
    pub last_sequence: Sequence,
    /// Whose it is.
    pub tenant: Tenant,
    /// Whose money is reserved.
    pub debit: Slot,
    /// For whom.
    pub credit: Slot,
    /// What happens when it is due.
    pub at_due: AtDue,
    /// It is a payment.
    pub of_payment: bool,
    /// It fell due, and what was left was given back.
    pub expired: bool,
}

impl Hold {
    /// What is reserved, minor units.
    pub const fn remaining_minor(&self) -> u128 {
        self.amount_minor - self.captured_minor - self.released_minor
    }

    /// What can be refunded, minor units.
    pub const fn refundable_minor(&self) -> u128 {
        self.captured_minor - self.refunded_minor
    }

    /// Whether it is due, or was.
    pub const fn is_due(&self, now_ns: u64) -> bool {
        self.due_at_ns != 0 && self.due_at_ns <= now_ns
    }

    /// Where it is in the life of a hold.
    pub const fn state(&self) -> HoldState {
        match (self.remaining_minor(), self.captured_minor) {
            (1.., _) => HoldState::Open,
            (0, _) if self.expired => HoldState::Expired,
            (0, 0) => HoldState::Released,
            (0, _) => HoldState::Captured,
        }
    }

    /// Where it is in the life of a payment.
    pub const fn payment_state(&self) -> PaymentState {
        match (self.remaining_minor(), self.captured_minor, self.refunded_minor) {
            (1.., 0, _) => PaymentState::RequiresCapture,
            (0, 0, _) if self.expired => PaymentState::Expired,
            (0, 0, _) => PaymentState::Canceled,
            (1.., _, 0) => PaymentState::PartiallyCaptured,
            (0, _, 0) => PaymentState::Captured,
            (0, _, _) if self.refundable_minor() == 0 => PaymentState::Refunded,
            (_, _, _) => PaymentState::PartiallyRefunded,
        }
    }

    /// One that was just placed.
    fn placed(event: &HoldEvent, sequence: Sequence) -> Self {
        Self {
            id: event.hold_id,
            amount_minor: 0,
            captured_minor: 0,
            released_minor: 0,
            refunded_minor: 0,
            due_at_ns: 0,
            placed_sequence: sequence,
            last_sequence: sequence,
            tenant: event.tenant,
            debit: event.debit.slot,
            credit: event.credit.slot,
            at_due: AtDue::Release,
            of_payment: event.of_payment,
            expired: false,
        }
    }

    /// Takes a step.
    fn take(&mut self, event: &HoldEvent, sequence: Sequence) {
        let amount = event.amount_minor;
        match event.step {
            HoldStep::Place | HoldStep::Change => self.amount_minor += amount,
            HoldStep::Pay => {
                self.amount_minor += amount;
                self.captured_minor += amount;
            }
            HoldStep::Capture | HoldStep::DueCapture => {
                self.captured_minor += amount;
                self.released_minor += event.released_minor;
            }
            HoldStep::Release => self.released_minor += amount,
            HoldStep::DueRelease => {
                self.released_minor += amount;
                self.expired = true;
            }
            HoldStep::Refund => self.refunded_minor += amount,
        }
        self.due_at_ns = event.due_at_ns;
        self.at_due = event.at_due;
        self.last_sequence = sequence;
    }

    /// As it is right after the event that placed it.
    pub fn created(event: &HoldEvent, sequence: Sequence) -> Self {
        Self::after(None, event, sequence)
    }

    /// As it is after a step; `before` is `None` if it is placed by it.
    pub(crate) fn after(before: Option<&Self>, event: &HoldEvent, sequence: Sequence) -> Self {
        let mut hold = before.cloned().unwrap_or_else(|| Self::placed(event, sequence));
        hold.take(event, sequence);
        hold
    }
}

/// All holds and payments, closed ones too: whoever comes late is told what became of them.
#[derive(Debug, Clone)]
pub(crate) struct Holds {
    slab: Slab<Hold>,
    table: Table,
    /// Open ones that fall due: when, and which.
    due: BTreeSet<(u64, u32)>,
    open: usize,
}

impl Holds {
    pub const fn open_len(&self) -> usize {
        self.open
    }

    pub fn due_len(&self) -> usize {
        self.due.len()
    }

    pub fn new() -> Self {
        Self { slab: Slab::new(), table: Table::new(), due: BTreeSet::new(), open: 0 }
    }

    fn position(&self, hash: KeyHash, tenant: Tenant, id: u128) -> Option<u32> {
        self.table.find(hash.of(tenant, id), |position| {
            let hold = self.slab.at(position);
            hold.id == id && hold.tenant == tenant
        })
    }

    pub const fn len(&self) -> usize {
        self.slab.len()
    }

    pub fn get(&self, hash: KeyHash, tenant: Tenant, id: u128) -> Option<&Hold> {
        Some(self.slab.at(self.position(hash, tenant, id)?))
    }

    pub fn at(&self, position: u32) -> Option<&Hold> {
        self.slab.get(position)
    }

    /// Every hold and payment, in order of placing.
    pub fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.slab.iter()
    }

    /// Applies a step.
    pub fn apply(&mut self, hash: KeyHash, event: &HoldEvent, sequence: Sequence) {
        let position = if let Some(position) = self.position(hash, event.tenant, event.hold_id) {
            let hold = self.slab.at(position);
            if hold.last_sequence >= sequence {
                return; // it was put back with the step in it
            }
            if hold.remaining_minor() > 0 {
                self.open -= 1;
                self.due.remove(&(hold.due_at_ns, position));
            }
            let after = Hold::after(Some(hold), event, sequence);
            *self.slab.at_mut(position) = after;
            position
        } else {
            let position = self.slab.push(Hold::after(None, event, sequence));
            self.table.insert(hash.of(event.tenant, event.hold_id), position);
            position
        };
        self.note_open(position);
    }

    /// Puts back a hold or payment, behind those that are there.
    pub fn restore(&mut self, hash: KeyHash, hold: Hold) {
        let key = hash.of(hold.tenant, hold.id);
        let position = self.slab.push(hold);
        self.table.insert(key, position);
        self.note_open(position);
    }

    fn note_open(&mut self, position: u32) {
        let hold = self.slab.at(position);
        if hold.remaining_minor() > 0 {
            self.open += 1;
            if hold.due_at_ns != 0 {
                self.due.insert((hold.due_at_ns, position));
            }
        }
    }

    /// When the next one falls due.
    pub fn next_due_ns(&self) -> Option<u64> {
        Some(self.due.first()?.0)
    }

    /// The next one that is due by now. Of those due at the same time, the first that was placed.
    pub fn first_due(&self, now_ns: u64) -> Option<&Hold> {
        let (due_at_ns, position) = *self.due.first()?;
        (due_at_ns <= now_ns).then(|| self.slab.at(position))
    }

    /// Whether one falls due after `after_ns` and by `until_ns`.
    pub fn any_due(&self, after_ns: u64, until_ns: u64) -> bool {
        after_ns < until_ns
            && self.due.range((after_ns + 1, 0)..=(until_ns, u32::MAX)).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(amount: u128, captured: u128, released: u128, refunded: u128, expired: bool) -> Hold {
        Hold {
            id: 1,
            amount_minor: amount,
            captured_minor: captured,
            released_minor: released,
            refunded_minor: refunded,
            due_at_ns: 0,
            placed_sequence: 1,
            last_sequence: 1,
            tenant: 0,
            debit: 0,
            credit: 1,
            at_due: AtDue::Release,
            of_payment: true,
            expired,
        }
    }

    #[test]
    fn states() {
        use HoldState::{Captured, Expired, Open, Released};
        use PaymentState as P;
        for (hold, state, payment_state) in [
            (hold(10, 0, 0, 0, false), Open, P::RequiresCapture),
            (hold(10, 0, 9, 0, false), Open, P::RequiresCapture),
            (hold(10, 4, 0, 0, false), Open, P::PartiallyCaptured),
            (hold(10, 10, 0, 0, false), Captured, P::Captured),
            (hold(10, 4, 6, 0, false), Captured, P::Captured),
            (hold(10, 4, 6, 0, true), Expired, P::Captured),
            (hold(10, 0, 10, 0, false), Released, P::Canceled),
            (hold(10, 0, 10, 0, true), Expired, P::Expired),
            (hold(10, 4, 0, 1, false), Open, P::PartiallyRefunded),
            (hold(10, 4, 0, 4, false), Open, P::PartiallyRefunded),
            (hold(10, 4, 6, 1, false), Captured, P::PartiallyRefunded),
            (hold(10, 4, 6, 4, false), Captured, P::Refunded),
            (hold(10, 10, 0, 10, false), Captured, P::Refunded),
        ] {
            assert_eq!((hold.state(), hold.payment_state()), (state, payment_state), "{hold:?}");
        }
    }
}
