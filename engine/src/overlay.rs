//! A group is decided on an overlay: members see what those before them did, the ledger sees nothing until
//! all have passed.

use hashbrown::{HashMap, HashSet};

use crate::account::{Effect, Side};
use crate::decide::View;
use crate::effect::Moved;
use crate::{Account, Body, Event, Hold, Ledger, Leg, Sequence, Slot, Tenant};

/// The ledger, and what a group has changed so far.
pub(crate) struct Overlay<'a> {
    ledger: &'a Ledger,
    changed: HashMap<Slot, Account>,
    /// By id: a group has one tenant.
    holds: HashMap<u128, Hold>,
    reversed: HashSet<Sequence>,
    members: HashMap<u128, usize>,
}

impl<'a> Overlay<'a> {
    pub fn new(ledger: &'a Ledger) -> Self {
        Self {
            ledger,
            changed: HashMap::new(),
            holds: HashMap::new(),
            reversed: HashSet::new(),
            members: HashMap::new(),
        }
    }

    /// Applies the event of a member that has passed.
    pub fn apply(&mut self, event: &Event) {
        let id = match &event.body {
            Body::TransferPosted(posted) => {
                for (side, leg) in [(Side::Debit, posted.debit), (Side::Credit, posted.credit)] {
                    self.change(leg, Effect::posted(side, posted.amount_minor), event.sequence);
                }
                if posted.original_sequence != 0 {
                    self.reversed.insert(posted.original_sequence);
                }
                posted.id
            }
            Body::Hold(hold) => {
                let moved = Moved::of_event(hold);
                for (side, leg) in [(Side::Debit, hold.debit), (Side::Credit, hold.credit)] {
                    self.change(leg, moved.on(side), event.sequence);
                }
                let before = self.hold(hold.tenant, hold.hold_id);
                let after = Hold::after(before, hold, event.sequence);
                self.holds.insert(hold.hold_id, after);
                hold.id
            }
            _ => return,
        };
        self.members.insert(id, self.members.len());
    }

    fn change(&mut self, leg: Leg, effect: Effect, sequence: Sequence) {
        let account = self
            .changed
            .entry(leg.slot)
            .or_insert_with(|| self.ledger.accounts.at(leg.slot).clone());
        account.apply(effect, sequence);
    }
}

impl View for Overlay<'_> {
    fn account(&self, slot: Slot) -> &Account {
        self.changed.get(&slot).unwrap_or_else(|| self.ledger.accounts.at(slot))
    }

    fn hold(&self, tenant: Tenant, id: u128) -> Option<&Hold> {
        self.holds.get(&id).or_else(|| self.ledger.holds.get(self.ledger.hash, tenant, id))
    }

    fn is_reversed(&self, original: Sequence) -> bool {
        self.reversed.contains(&original) || self.ledger.is_reversed(original)
    }

    fn member(&self, transfer: u128) -> Option<usize> {
        self.members.get(&transfer).copied()
    }
}
