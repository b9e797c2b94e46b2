//! Holds and payments: what speaks against a step, what it does, and what falls due.

use florin_engine::{
    AMOUNT_MAX_MINOR, Action, AtDue, Freeze, GroupPlace, HoldStep, HoldTerms, Reason, Refusal,
    Transfer,
};

use super::judge::{Judgement, Taken, of_another_asset};
use super::{Held, Twin, refusal};
use crate::account::Account;
use crate::command::Batch;
use crate::plant::Plant;
use crate::record::{Fact, Key, Record, Step, content};

impl Twin {
    /// The moment that counts for what is decided now.
    fn moment_ns(&self, now_ns: u64) -> u64 {
        now_ns.max(self.last_timestamp_ns + 1).min(self.trusted_ns)
    }

    fn is_due(&self, held: &Held, moment_ns: u64) -> bool {
        let due_at_ns = match held.due_at_ns {
            0 => return false,
            due_at_ns if self.is(Plant::FallsDueTooEarly) => due_at_ns - 1,
            due_at_ns if self.is(Plant::FallsDueTooLate) => due_at_ns.saturating_add(1),
            due_at_ns => due_at_ns,
        };
        held.is_open() && due_at_ns <= moment_ns
    }

    pub(super) fn judge_step(&self, batch: &Batch, transfer: &Transfer, now_ns: u64) -> Judgement {
        let HoldTerms { action, hold, due_at_ns, .. } = transfer.terms();
        let mut judgement = Judgement::of(transfer);
        let moment_ns = self.moment_ns(now_ns);
        let mut against = Vec::new();
        if due_at_ns != 0 && due_at_ns <= moment_ns {
            against.push(refusal(Reason::DuePassed, 0, transfer.amount_minor, None));
        }
        if action.refers() {
            let one_kind = self.is(Plant::TakesHoldsForPayments);
            let held = self.holds.get(&(batch.tenant, hold));
            let held = held.filter(|held| one_kind || held.of_payment == of_payment(action));
            let of_hold = held.map(|held| {
                self.judge_what_is_there(batch, transfer, held, moment_ns, &mut judgement)
            });
            let reason =
                if of_payment(action) { Reason::PaymentNotFound } else { Reason::HoldNotFound };
            let missing = || vec![refusal(reason, 0, transfer.amount_minor, None)];
            against.extend(of_hold.unwrap_or_else(missing));
        } else {
            against.extend(self.between(batch, transfer, &mut judgement));
            let step = if action == Action::Pay { HoldStep::Pay } else { HoldStep::Place };
            let amount_minor = transfer.amount_minor;
            judgement.step = Some(Taken { step, amount_minor, rest_minor: 0 });
        }
        judgement.refusal = self.first_of(against);
        judgement
    }

    /// A step of what exists.
    fn judge_what_is_there(
        &self,
        batch: &Batch,
        transfer: &Transfer,
        held: &Held,
        moment_ns: u64,
        judgement: &mut Judgement,
    ) -> Vec<Refusal> {
        let HoldTerms { action, release_rest, .. } = transfer.terms();
        let asked = transfer.amount_minor;
        let is_refund = action == Action::Refund;
        let (debit, credit) = if is_refund {
            (held.credit_account, held.debit_account)
        } else {
            (held.debit_account, held.credit_account)
        };
        (judgement.debit_account, judgement.credit_account) = (debit, credit);
        let mut against: Vec<Refusal> = Vec::new();
        let (left_minor, plant) = if is_refund {
            (held.captured_minor - held.refunded_minor, Plant::RefundsMoreThanCaptured)
        } else {
            (held.reserved_minor, Plant::CapturesMoreThanIsLeft)
        };
        // What it is about: a part, or all that is left.
        let is_part = asked > 0 || action == Action::Change;
        let amount_minor = if is_part { asked } else { left_minor };
        let due = !is_refund && self.is_due(held, moment_ns);
        let expired = !is_refund && (held.expired || due && held.at_due == AtDue::Release);
        let exceeds = action != Action::Change && asked > left_minor;
        let exceeds = exceeds && !(self.is(plant) && left_minor > 0);
        if of_payment(action) {
            if expired || due || left_minor == 0 {
                against.push(refusal(Reason::PaymentStateInvalid, 0, asked, None));
            } else if exceeds {
                against.push(refusal(Reason::PaymentExceeded, 0, asked, Some(left_minor)));
            }
        } else if expired {
            against.push(refusal(Reason::HoldExpired, 0, asked, None));
        } else if due || left_minor == 0 {
            against.push(refusal(Reason::HoldClosed, 0, asked, None));
        } else if exceeds {
            against.push(refusal(Reason::HoldExceeded, 0, asked, Some(left_minor)));
        }
        let account = |id: u128| &self.accounts[&(batch.tenant, id)];
        let (debited, credited) = (account(debit), account(credit));
        let mut rest_minor = 0;
        let step = match action {
            Action::Change | Action::Refund if amount_minor > 0 => {
                // Asked of both accounts as if it were new.
                let mut asking = Judgement {
                    debit_account: debit,
                    credit_account: credit,
                    asked_minor: amount_minor,
                    moved_minor: amount_minor,
                    ..Judgement::of(transfer)
                };
                against.extend(self.between(batch, transfer, &mut asking));
                if is_refund { HoldStep::Refund } else { HoldStep::Change }
            }
            Action::Change => {
                against.extend(of_another_asset(batch, transfer, debited, credited, asked));
                HoldStep::Change
            }
            Action::Release | Action::CancelPayment => {
                against.extend(of_another_asset(batch, transfer, debited, credited, asked));
                HoldStep::Release
            }
            _ => {
                against.extend(of_another_asset(batch, transfer, debited, credited, asked));
                against.extend(self.frozen(debited, credited, amount_minor));
                if release_rest {
                    rest_minor = left_minor.saturating_sub(amount_minor);
                }
                HoldStep::Capture
            }
        };
        let room_minor = AMOUNT_MAX_MINOR - held.amount_minor;
        if action == Action::Change && asked > room_minor {
            against.push(refusal(Reason::BalanceOverflow, 0, asked, Some(room_minor)));
        }
        judgement.step = Some(Taken { step, amount_minor, rest_minor });
        against
    }

    /// A capture moves what is reserved already: only a freeze is in its way.
    fn frozen(&self, debited: &Account, credited: &Account, amount_minor: u128) -> Vec<Refusal> {
        let sides = [(debited, Freeze::Debits), (credited, Freeze::Credits)];
        let frozen = sides.into_iter().filter(|(account, side)| self.is_frozen(account, *side));
        let refuse = |account: &Account| {
            refusal(Reason::AccountFrozen, account.opening.id, amount_minor, Some(0))
        };
        frozen.map(|(account, _)| refuse(account)).collect()
    }

    pub(super) fn take_step(
        &mut self,
        batch: &Batch,
        transfer: &Transfer,
        judgement: &Judgement,
        taken: Taken,
        place: GroupPlace,
        now_ns: u64,
    ) -> Record {
        let HoldTerms { action, due_at_ns, at_due, .. } = transfer.terms();
        let sequence = self.last_sequence + 1;
        let id = if action.refers() { transfer.terms().hold } else { transfer.id };
        let key = (batch.tenant, id);
        if !action.refers() {
            let placed = Held {
                of_payment: of_payment(action),
                debit_account: judgement.debit_account,
                credit_account: judgement.credit_account,
                amount_minor: 0,
                captured_minor: 0,
                released_minor: 0,
                refunded_minor: 0,
                reserved_minor: 0,
                due_at_ns: 0,
                at_due,
                expired: false,
                placed_sequence: sequence,
                last_sequence: sequence,
            };
            self.holds.insert(key, placed);
        }
        if due_at_ns != 0 {
            self.held(key).due_at_ns = due_at_ns;
        }
        let can_go_back = matches!(taken.step, HoldStep::Capture) && !of_payment(action)
            || self.is(Plant::ReversesWhatOnlyReserved);
        let moved = (judgement.debit_account, judgement.credit_account, taken.amount_minor);
        self.keep_answer(batch.tenant, transfer, sequence, can_go_back.then_some(moved));
        self.counters.transfers_posted += 1;
        let step = Step {
            request: Some(content(transfer)),
            place,
            group: batch.group.filter(|_| place.index == 0),
            ..self.happen(key, taken)
        };
        self.record(now_ns, Fact::Step(Box::new(step)))
    }

    /// Lets fall due what is due, the earliest first, of these the first that was placed.
    pub fn fall_due(&mut self, most: usize, now_ns: u64) -> Vec<Record> {
        let moment_ns = self.moment_ns(now_ns);
        let mut records = Vec::new();
        while records.len() < most {
            let due = self.holds.iter().filter(|(_, held)| self.is_due(held, moment_ns));
            let first = due.min_by_key(|(_, held)| (held.due_at_ns, held.placed_sequence));
            let Some((key, held)) = first.map(|(key, held)| (*key, held.clone())) else { break };
            let account = |id: u128| &self.accounts[&(key.0, id)];
            let (debited, credited) = (account(held.debit_account), account(held.credit_account));
            let frozen = self.frozen(debited, credited, held.reserved_minor).first().copied();
            let frozen = frozen.filter(|_| !self.is(Plant::CapturesFrozenAccountsWhenDue));
            let blocked_by = frozen.map(|refusal| refusal.reason);
            let blocked_by = blocked_by.filter(|_| held.at_due == AtDue::Capture);
            let captured = held.at_due == AtDue::Capture && blocked_by.is_none();
            let step = if captured { HoldStep::DueCapture } else { HoldStep::DueRelease };
            let taken = Taken { step, amount_minor: held.reserved_minor, rest_minor: 0 };
            let step = Step { blocked_by, ..self.happen(key, taken) };
            records.push(self.record(now_ns, Fact::Step(Box::new(step))));
        }
        records
    }

    fn held(&mut self, key: Key) -> &mut Held {
        self.holds.get_mut(&key).expect("judged to be there")
    }

    /// What a step does to the hold and to both accounts.
    fn happen(&mut self, key: Key, taken: Taken) -> Step {
        let Taken { step, amount_minor: amount, rest_minor: rest } = taken;
        let sequence = self.last_sequence + 1;
        let held = self.held(key);
        let hold_sequence = if held.placed_sequence == sequence { 0 } else { held.placed_sequence };
        held.last_sequence = sequence;
        let (mut reserved, mut freed, mut moved) = (0, 0, 0);
        match step {
            HoldStep::Place | HoldStep::Change => {
                held.amount_minor += amount;
                reserved = amount;
            }
            HoldStep::Pay => {
                held.amount_minor += amount;
                held.captured_minor += amount;
                moved = amount;
            }
            HoldStep::Capture | HoldStep::DueCapture => {
                held.captured_minor += amount;
                held.released_minor += rest;
                (freed, moved) = (amount + rest, amount);
            }
            HoldStep::Release | HoldStep::DueRelease => {
                held.released_minor += amount;
                held.expired |= step == HoldStep::DueRelease;
                freed = amount;
            }
            HoldStep::Refund => {
                held.refunded_minor += amount;
                moved = amount;
            }
        }
        held.reserved_minor = (held.reserved_minor + reserved).saturating_sub(freed);
        let held = held.clone();
        let (mut debit, mut credit) = (held.debit_account, held.credit_account);
        if step == HoldStep::Refund {
            (debit, credit) = (credit, debit);
        }
        if self.is(Plant::LosesTheRest) {
            freed -= rest;
        }
        let (debit, credit) = ((key.0, debit), (key.0, credit));
        let debited = self.accounts.get_mut(&debit).expect("an account of a hold");
        debited.out_minor = (debited.out_minor + reserved).saturating_sub(freed);
        let credited = self.accounts.get_mut(&credit).expect("an account of a hold");
        credited.in_minor = (credited.in_minor + reserved).saturating_sub(freed);
        Step {
            tenant: key.0,
            request: None,
            what: step,
            of_payment: held.of_payment,
            hold: key.1,
            hold_sequence,
            amount_minor: amount,
            released_minor: rest,
            remaining_minor: held.reserved_minor,
            debit: self.pay(debit, moved, sequence),
            credit: self.receive(credit, moved, sequence),
            asset: self.accounts[&debit].opening.asset,
            due_at_ns: held.due_at_ns,
            at_due: held.at_due,
            blocked_by: None,
            place: GroupPlace::default(),
            group: None,
        }
    }
}

/// Whether an action is one of payments.
const fn of_payment(action: Action) -> bool {
    matches!(
        action,
        Action::Authorize
            | Action::Pay
            | Action::CapturePayment
            | Action::CancelPayment
            | Action::Refund
    )
}
