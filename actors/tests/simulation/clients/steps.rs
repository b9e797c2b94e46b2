//! Holds and payments: placing them, and everything that is done with them afterwards.

use florin_engine::{
    Action, AtDue, HoldTerms, PaymentTerms, Transfer, TransferOptions, check_transfer,
};

use super::Clients;

const SECOND_NS: u64 = 1_000_000_000;

impl Clients {
    /// A step of a hold or payment: a new one, or with one of those before. `earlier` are the members before it.
    pub(super) fn step(&mut self, client: usize, earlier: &[Transfer]) -> Transfer {
        let transfer = if self.rng.percent(45) {
            self.placing(client)
        } else {
            self.following(client, earlier)
        };
        debug_assert_eq!(check_transfer(&transfer), Ok(()), "{transfer:?}");
        transfer.seal()
    }

    fn placing(&mut self, client: usize) -> Transfer {
        let action = *self.rng.pick(&[Action::Hold, Action::Hold, Action::Authorize, Action::Pay]);
        let due_at_ns = match self.rng.below(10) {
            _ if action == Action::Pay => 0,
            0..3 => 0,
            3..8 => self.now_ns + self.rng.below(3 * SECOND_NS),
            8 => self.now_ns + self.rng.below(7_200 * SECOND_NS),
            _ => self.now_ns - self.rng.below(SECOND_NS).min(self.now_ns),
        };
        let captures = due_at_ns != 0 && self.rng.percent(40);
        let at_due = if captures { AtDue::Capture } else { AtDue::Release };
        let payment = action.is_of_payment().then(|| PaymentTerms {
            fee_minor: self.rng.below(50).into(),
            score: self.rng.percent(50).then_some(713),
            reference: if self.rng.percent(50) { "order 4711".into() } else { "".into() },
        });
        let plain = if self.rng.percent(60) { self.rich(client) } else { self.plain(client) };
        let terms = HoldTerms { action, due_at_ns, at_due, ..HoldTerms::default() };
        let mut options = plain.extra.map(|extra| *extra).unwrap_or_default();
        (options.terms, options.payment) = (terms, payment);
        Transfer { up_to_available: false, extra: Some(Box::new(options)), ..plain }
    }

    /// Something with a hold or payment that was sent before, or with none that exists.
    fn following(&mut self, client: usize, earlier: &[Transfer]) -> Transfer {
        let tenant = self.all[client].tenant;
        let here = earlier.iter().rev().find(|transfer| transfer.action().places());
        let sent = self.rng.pick_recent(&self.placed).filter(|(of, ..)| *of == tenant).copied();
        let chosen = match here {
            Some(here) if self.rng.percent(40) => Some((here.id, here.action().is_of_payment())),
            _ => sent.map(|(_, id, of_payment)| (id, of_payment)),
        };
        let (hold, of_payment) = chosen.unwrap_or((95, self.rng.percent(50)));
        // Now and then a hold is taken for a payment.
        let of_payment = of_payment != self.rng.percent(3);
        let action = if of_payment {
            *self.rng.pick(&[
                Action::CapturePayment,
                Action::CapturePayment,
                Action::Refund,
                Action::Refund,
                Action::CancelPayment,
            ])
        } else {
            *self.rng.pick(&[Action::Capture, Action::Capture, Action::Release, Action::Change])
        };
        let amount_minor = match self.rng.below(10) {
            _ if action == Action::CancelPayment => 0,
            0..4 => 0,
            4..9 => self.rng.between(1, 60).into(),
            _ => self.rng.between(1, 1_000_000).into(),
        };
        let extends = action == Action::Change && (amount_minor == 0 || self.rng.percent(50));
        let due_at_ns = if extends { self.now_ns + self.rng.below(5 * SECOND_NS) } else { 0 };
        let captures = matches!(action, Action::Capture | Action::CapturePayment);
        let release_rest = captures && self.rng.percent(30);
        let terms = HoldTerms { action, hold, due_at_ns, at_due: AtDue::Release, release_rest };
        let options = TransferOptions { terms, ..TransferOptions::default() };
        Transfer {
            debit_account: 0,
            credit_account: 0,
            amount_minor,
            up_to_available: false,
            extra: Some(Box::new(options)),
            ..self.plain(client)
        }
    }

    /// Holds or payments that were sent, of whomever they are, and some that are neither.
    pub(super) fn some_holds(&mut self, client: usize, of_payment: bool) -> Vec<u128> {
        let tenant = self.all[client].tenant;
        let count = self.rng.between(1, 6);
        let mut ids = Vec::new();
        for _ in 0..count {
            let placed = self.rng.pick_recent(&self.placed).copied();
            let wanted = placed.filter(|(of, _, payment)| *of == tenant && *payment == of_payment);
            ids.push(wanted.or(placed).map_or(94, |(_, id, _)| id));
        }
        ids
    }
}
