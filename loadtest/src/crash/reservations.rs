//! What every hold and payment must come to, by the steps that were answered: the test's own bookkeeping.
//!
//! It is looked at when everything that could fall due has: then what is left of a hold follows from its steps alone.

use std::collections::{HashMap, HashSet};

use crate::crash::answers::{Answer, Told};
use crate::crash::calls::{Call, Kind};
use crate::crash::member::{Deed, Due, Member};

/// A hold or payment, minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reservation {
    /// It is a payment.
    pub of_payment: bool,
    /// Index of the account whose money is reserved.
    pub debit: u32,
    /// Index of the account for which.
    pub credit: u32,
    /// What was reserved, increases included.
    amount: u64,
    /// What was captured by steps.
    captured: u64,
    /// What was given back by steps; what a last capture gave back is not told.
    released: u64,
    /// What was refunded.
    refunded: u64,
    /// A capture gave the rest back.
    finished: bool,
    /// When it falls due, and what happens then.
    due: Due,
    /// Sequence of the step that said so.
    due_sequence: u64,
}

/// A hold or payment as it is, minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// What was reserved, increases included.
    pub amount: u64,
    /// What was captured of it.
    pub captured: u64,
    /// What was given back.
    pub released: u64,
    /// What was refunded of what was captured.
    pub refunded: u64,
    /// What is still reserved.
    pub remaining: u64,
    /// It fell due, and what was left was given back. Of a payment that is not always told: false.
    pub expired: bool,
    /// When it falls due; 0 = never.
    pub due_at_ns: u64,
}

impl Reservation {
    fn placed(of_payment: bool, member: &Member) -> Self {
        Self { of_payment, debit: member.debit, credit: member.credit, ..Self::default() }
    }

    fn take(&mut self, member: &Member, told: &Told) {
        let amount = told.outcome.amount;
        match member.deed {
            Deed::Move => {}
            Deed::Place(_) | Deed::Change { .. } => self.amount += amount,
            Deed::Pay => {
                self.amount += amount;
                self.captured += amount;
            }
            Deed::Capture { release_rest, .. } => {
                self.captured += amount;
                self.finished |= release_rest;
            }
            Deed::Release { .. } => self.released += amount,
            Deed::Refund { .. } => self.refunded += amount,
        }
        // Answers are not entered in the order of the journal: the last step to set the time is not the last one seen.
        let due = member.deed.due();
        if due.at_ns != 0 && told.outcome.sequence > self.due_sequence {
            let captures = self.due.captures || due.captures;
            self.due = Due { at_ns: due.at_ns, captures };
            self.due_sequence = told.outcome.sequence;
        }
    }

    /// What fell due of it.
    fn fallen_due(&self) -> u64 {
        if self.finished || self.due.at_ns == 0 { 0 } else { self.rest() }
    }

    fn rest(&self) -> u64 {
        self.amount.saturating_sub(self.captured).saturating_sub(self.released)
    }

    /// What was captured when it fell due.
    pub fn captured_when_due(&self) -> u64 {
        if self.due.captures { self.fallen_due() } else { 0 }
    }

    /// How it must be once everything that could fall due has.
    pub fn expected(&self) -> Standing {
        let due = self.fallen_due();
        let captured = self.captured + self.captured_when_due();
        let remaining = if self.finished { 0 } else { self.rest() - due };
        Standing {
            amount: self.amount,
            captured,
            released: self.amount.saturating_sub(captured).saturating_sub(remaining),
            refunded: self.refunded,
            remaining,
            expired: due > 0 && !self.due.captures && !self.of_payment,
            due_at_ns: self.due.at_ns,
        }
    }
}

/// All holds and payments of the test, by id.
#[derive(Debug, Default)]
pub struct Reservations {
    by_id: HashMap<u128, Reservation>,
    /// Those that had a step since they were looked at.
    touched: HashSet<u128>,
}

impl Reservations {
    /// Enters what calls have done. All steps of a hold are entered with it or later.
    pub fn enter<'a>(&mut self, calls: &(impl Iterator<Item = (&'a Call, &'a Answer)> + Clone)) {
        // A step may stand before the hold that it is of: they are answered in no particular order.
        for only_new in [true, false] {
            for (call, answer) in calls.clone() {
                let told = call.members.iter().zip(&answer.members);
                for (member, told) in told.filter(|(_, told)| told.outcome.posted) {
                    self.take(call.kind == Kind::Payment, member, told, only_new);
                }
            }
        }
    }

    fn take(&mut self, of_payment: bool, member: &Member, told: &Told, only_new: bool) {
        let is_new = matches!(member.deed, Deed::Place(_) | Deed::Pay);
        if is_new != only_new || member.deed == Deed::Move {
            return;
        }
        let id = if is_new { member.id } else { member.deed.of() };
        self.touched.insert(id);
        let reservation = self.by_id.entry(id);
        reservation.or_insert_with(|| Reservation::placed(of_payment, member)).take(member, told);
    }

    /// When the last of them falls due, ns since 1970.
    pub fn last_due_ns(&self) -> u64 {
        self.by_id.values().map(|reservation| reservation.due.at_ns).max().unwrap_or(0)
    }

    /// Those that had a step since this was asked last: the ids of holds, and those of payments.
    pub fn take_touched(&mut self) -> (Vec<u128>, Vec<u128>) {
        let is_payment = |id: &u128| self.by_id.get(id).is_some_and(|r| r.of_payment);
        let touched = std::mem::take(&mut self.touched);
        let (payments, holds) = touched.into_iter().partition(is_payment);
        (holds, payments)
    }

    /// All of them are to be looked at once more.
    pub fn touch_all(&mut self) {
        self.touched.extend(self.by_id.keys());
    }

    /// Whether one is as it must be.
    pub fn fits(&self, id: u128, standing: Option<&Standing>) -> bool {
        self.by_id.get(&id).map(Reservation::expected).as_ref() == standing
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Reservation> {
        self.by_id.values()
    }

    /// How many holds, or payments, there are.
    pub fn count(&self, of_payment: bool) -> u64 {
        self.iter().filter(|r| r.of_payment == of_payment).count() as u64
    }

    /// What fell due, by id: how much, minor units.
    pub fn fallen_due(&self) -> HashMap<u128, u64> {
        let due = self.by_id.iter().map(|(id, reservation)| (*id, reservation.fallen_due()));
        due.filter(|(_, amount)| *amount > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::answers::Outcome;

    const HOLD: u128 = 1;

    fn step(deed: Deed, amount: u64, sequence: u64) -> (Call, Answer) {
        let id = if deed.of() == 0 { HOLD } else { u128::from(sequence) + 100 };
        let member = Member { id, deed, debit: 3, credit: 4, amount, up_to_available: false };
        let outcome = Outcome { posted: amount != 0, sequence, amount, ..Outcome::default() };
        let answer = Answer { members: vec![Told { outcome, ..Told::default() }], group: None };
        (Call { kind: Kind::Unary, members: vec![member] }, answer)
    }

    #[test]
    fn what_is_left_follows_from_the_steps() {
        let place = |at_ns, captures| Deed::Place(Due { at_ns, captures });
        let capture = |release_rest| Deed::Capture { of: HOLD, release_rest };
        let release = Deed::Release { of: HOLD };
        let change = |at_ns| Deed::Change { of: HOLD, at_ns };
        let refund = Deed::Refund { of: HOLD };
        // Steps with their amounts (0: refused), and amount, captured, released, refunded, remaining, expired, due.
        for (name, steps, expected) in [
            ("placed", vec![(place(0, false), 10)], (10, 0, 0, 0, 10, false, 0)),
            (
                "captured in part",
                vec![(place(0, false), 10), (capture(false), 4)],
                (10, 4, 0, 0, 6, false, 0),
            ),
            (
                "a refused capture",
                vec![(place(0, false), 10), (capture(true), 0)],
                (10, 0, 0, 0, 10, false, 0),
            ),
            (
                "captured for good",
                vec![(place(0, false), 10), (capture(true), 4)],
                (10, 4, 6, 0, 0, false, 0),
            ),
            (
                "increased and released",
                vec![(place(0, false), 10), (change(0), 5), (release, 7)],
                (15, 0, 7, 0, 8, false, 0),
            ),
            (
                "due: given back",
                vec![(place(50, false), 10), (capture(false), 4)],
                (10, 4, 6, 0, 0, true, 50),
            ),
            (
                "due: captured",
                vec![(place(50, true), 10), (release, 4)],
                (10, 6, 4, 0, 0, false, 50),
            ),
            (
                "closed before it was due",
                vec![(place(50, true), 10), (capture(true), 4)],
                (10, 4, 6, 0, 0, false, 50),
            ),
            (
                "due at another time",
                vec![(place(50, true), 10), (change(90), 1)],
                (11, 11, 0, 0, 0, false, 90),
            ),
            ("paid and refunded", vec![(Deed::Pay, 10), (refund, 3)], (10, 10, 0, 3, 0, false, 0)),
        ] {
            let calls: Vec<_> =
                (10..).zip(steps).map(|(at, (deed, n))| step(deed, n, at)).collect();
            let (amount, captured, released, refunded, remaining, expired, due_at_ns) = expected;
            let expected =
                Standing { amount, captured, released, refunded, remaining, expired, due_at_ns };
            // In whatever order the answers are entered.
            let calls = calls.iter().map(|(call, answer)| (call, answer));
            let backwards: Vec<_> = calls.clone().rev().collect();
            for calls in [calls.collect(), backwards] {
                let mut reservations = Reservations::default();
                reservations.enter(&calls.into_iter());
                let found = reservations.iter().next().map(Reservation::expected);
                assert_eq!(found, Some(expected), "{name}");
                assert!(reservations.fits(HOLD, Some(&expected)), "{name}");
                let other = Standing { captured: captured + 1, ..expected };
                assert!(!reservations.fits(HOLD, Some(&other)), "{name}");
                assert!(!reservations.fits(HOLD, None), "{name}");
            }
        }
    }

    #[test]
    fn what_was_looked_at_is_looked_at_again_when_it_had_another_step() {
        let mut reservations = Reservations::default();
        let enter = |reservations: &mut Reservations, deed, at| {
            let (call, answer) = step(deed, 5, at);
            reservations.enter(&std::iter::once((&call, &answer)));
        };
        enter(&mut reservations, Deed::Place(Due { at_ns: 70, captures: false }), 10);
        assert_eq!(reservations.take_touched(), (vec![HOLD], vec![]));
        assert_eq!(reservations.take_touched(), (vec![], vec![]));
        enter(&mut reservations, Deed::Change { of: HOLD, at_ns: 80 }, 11);
        assert_eq!(reservations.last_due_ns(), 80);
        assert_eq!(reservations.take_touched().0, [HOLD]);
        reservations.touch_all();
        assert_eq!(reservations.take_touched().0, [HOLD]);
        assert_eq!(reservations.fallen_due(), HashMap::from([(HOLD, 10)]));
    }
}
