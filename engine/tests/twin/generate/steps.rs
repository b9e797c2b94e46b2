//! Random steps of holds and payments.

use florin_engine::{Action, AtDue, HoldTerms, PaymentTerms, Tenant, Transfer, TransferOptions};

use super::Generator;
use crate::model::{Held, Twin};

const OF_HOLDS: [Action; 6] = [
    Action::Capture,
    Action::Capture,
    Action::Capture,
    Action::Release,
    Action::Change,
    Action::Change,
];
const OF_PAYMENTS: [Action; 6] = [
    Action::CapturePayment,
    Action::CapturePayment,
    Action::CancelPayment,
    Action::Refund,
    Action::Refund,
    Action::Refund,
];

impl Generator {
    /// Places a hold or payment, or does something with one.
    pub(super) fn step(&mut self, twin: &Twin, tenant: Tenant, before: &[Transfer]) -> Transfer {
        if self.rng.percent(35) {
            let payment = self.payment(twin, tenant);
            let due = self.rng.percent(50);
            return self.placing(twin, payment, due);
        }
        // Of one that exists, of a member of this batch, or of none.
        let placed = before.iter().filter(|transfer| transfer.action().places());
        let placed: Vec<_> = placed.collect();
        if !placed.is_empty() && self.rng.percent(60) {
            let transfer = (*self.rng.pick(&placed)).clone();
            let is_payment = transfer.action() != Action::Hold;
            let left = (transfer.amount_minor, 0);
            return self.of_what_is_there(twin, tenant, transfer.id, is_payment, left);
        }
        let known: Vec<_> = twin.holds.iter().filter(|(key, _)| key.0 == tenant).collect();
        match self.rng.pick_recent(&known) {
            Some((key, held)) if !self.rng.percent(5) => {
                self.of_what_is_there(twin, tenant, key.1, held.of_payment, left(held))
            }
            _ => {
                let unknown = u128::from(self.rng.below(50));
                self.of_what_is_there(twin, tenant, unknown, false, (5, 5))
            }
        }
    }

    /// One that is likely to be done: of somebody who can pay, or of what is open.
    pub(super) fn calm_step(
        &mut self,
        twin: &Twin,
        tenant: Tenant,
        before: &[Transfer],
    ) -> Transfer {
        let is_placed = |id: u128| before.iter().any(|transfer| transfer.id == id);
        let last = before.last().filter(|last| last.action().places() && last.amount_minor > 1);
        if let Some(last) = last {
            let action = match last.action() {
                Action::Hold => *self.rng.pick(&OF_HOLDS),
                Action::Authorize => *self.rng.pick(&OF_PAYMENTS[..3]),
                _ => Action::Refund,
            };
            let hold = last.id;
            return self.refers(tenant, action, hold, 1);
        }
        let open = twin.holds.iter().filter(|(key, held)| {
            key.0 == tenant && held.is_open() && held.due_at_ns == 0 && !is_placed(key.1)
        });
        let open: Vec<_> = open.collect();
        match self.rng.pick_recent(&open) {
            Some((key, held)) if self.rng.percent(60) => {
                let actions = if held.of_payment { &OF_PAYMENTS[..2] } else { &OF_HOLDS[..4] };
                let action = *self.rng.pick(actions);
                self.refers(tenant, action, key.1, 1)
            }
            _ => {
                let number = 2 + self.rng.below(self.accounts - 1);
                let minor = 1 + u128::from(self.rng.below(50));
                let transfer = self.fresh_transfer(tenant, 1, number, minor);
                let due = self.rng.percent(20);
                self.placing(twin, transfer, due)
            }
        }
    }

    fn placing(&mut self, twin: &Twin, mut transfer: Transfer, due: bool) -> Transfer {
        let mut options = transfer.extra.as_deref().cloned().unwrap_or_default();
        let action = *self.rng.pick(&[Action::Hold, Action::Hold, Action::Authorize, Action::Pay]);
        transfer.up_to_available = false;
        options.terms.action = action;
        if due && action != Action::Pay {
            options.terms.due_at_ns = self.due_at_ns(twin);
            let at_due = [AtDue::Release, AtDue::Capture];
            options.terms.at_due = *self.rng.pick(&at_due);
        }
        if action != Action::Hold && self.rng.percent(50) {
            options.payment = Some(PaymentTerms {
                fee_minor: u128::from(self.rng.below(3)),
                score: self.rng.percent(50).then_some(500),
                reference: if self.rng.percent(50) { "order 7".into() } else { Box::default() },
            });
        }
        transfer.extra = Some(Box::new(options));
        transfer
    }

    /// Soon, and sometimes at once or in the past.
    fn due_at_ns(&mut self, twin: &Twin) -> u64 {
        let now_ns = self.now_ns.max(twin.last_timestamp_ns + 1);
        match self.rng.below(10) {
            0 => now_ns.saturating_sub(self.rng.below(100)).max(1),
            1..4 => now_ns + self.rng.below(5),
            4..8 => now_ns + self.rng.below(3_000),
            _ => now_ns + self.rng.below(20_000),
        }
    }

    fn of_what_is_there(
        &mut self,
        twin: &Twin,
        tenant: Tenant,
        hold: u128,
        is_payment: bool,
        (left_minor, captured_minor): (u128, u128),
    ) -> Transfer {
        // Now and then what goes with the other kind.
        let is_payment = is_payment != self.rng.percent(4);
        let action = *self.rng.pick(if is_payment { &OF_PAYMENTS } else { &OF_HOLDS });
        let left_minor = if action == Action::Refund { captured_minor } else { left_minor };
        let amount_minor = match self.rng.below(10) {
            0..3 => 0,
            3 => left_minor,
            4 => left_minor.saturating_add(1),
            5 => left_minor.saturating_sub(1),
            6 if self.huge => 1 << self.rng.below(127),
            7 => left_minor / 2,
            _ => 1 + u128::from(self.rng.below(20)),
        };
        let mut transfer = self.refers(tenant, action, hold, amount_minor);
        let mut options = transfer.extra.as_deref().cloned().unwrap_or_default();
        match action {
            Action::Change if amount_minor == 0 || self.rng.percent(40) => {
                options.terms.due_at_ns = self.due_at_ns(twin);
            }
            _ => {}
        }
        options.asset = self.rng.percent(4).then(|| self.asset());
        transfer.code = u32::from(self.rng.percent(10));
        transfer.extra = Some(Box::new(options));
        transfer
    }

    fn refers(&mut self, tenant: Tenant, action: Action, hold: u128, minor: u128) -> Transfer {
        let mut transfer = self.fresh_transfer(tenant, 1, 1, minor);
        (transfer.debit_account, transfer.credit_account) = (0, 0);
        if action == Action::CancelPayment {
            transfer.amount_minor = 0;
        }
        let captures = matches!(action, Action::Capture | Action::CapturePayment);
        let release_rest = captures && self.rng.percent(20);
        let terms = HoldTerms { action, hold, release_rest, ..HoldTerms::default() };
        transfer.extra = Some(Box::new(TransferOptions { terms, ..TransferOptions::default() }));
        transfer
    }

    /// Changes one of the terms.
    pub(super) fn alter_terms(&mut self, options: &mut TransferOptions) {
        let terms = &mut options.terms;
        match self.rng.below(6) {
            0 => terms.due_at_ns += 1,
            1 => terms.release_rest = !terms.release_rest,
            2 => terms.hold += u128::from(terms.hold > 0),
            3 => {
                terms.at_due = match terms.at_due {
                    AtDue::Release => AtDue::Capture,
                    AtDue::Capture => AtDue::Release,
                }
            }
            4 => {
                terms.action = match terms.action {
                    Action::Capture => Action::Release,
                    Action::Authorize => Action::Hold,
                    Action::CapturePayment => Action::Refund,
                    Action::Move => Action::Pay,
                    action => action,
                }
            }
            _ => {
                if let Some(payment) = &mut options.payment {
                    match self.rng.below(3) {
                        0 => payment.fee_minor += 1,
                        1 => payment.score = Some(501),
                        _ => payment.reference = "order 8".into(),
                    }
                }
            }
        }
    }
}

/// What can be captured of it, and what can be refunded.
const fn left(held: &Held) -> (u128, u128) {
    (held.reserved_minor, held.captured_minor - held.refunded_minor)
}
