//! A group is decided on an overlay: members see what those before them did, the ledger sees nothing until
//! all have passed.

use hashbrown::{HashMap, HashSet};

use crate::account::Side;
use crate::decide::View;
use crate::{Account, Ledger, Sequence, Slot, TransferPosted};

/// The ledger, and what a group has changed so far.
pub(crate) struct Overlay<'a> {
    ledger: &'a Ledger,
    changed: HashMap<Slot, Account>,
    reversed: HashSet<Sequence>,
    members: HashMap<u128, usize>,
}

impl<'a> Overlay<'a> {
    pub fn new(ledger: &'a Ledger) -> Self {
        Self { ledger, changed: HashMap::new(), reversed: HashSet::new(), members: HashMap::new() }
    }

    /// Applies a member that has passed.
    pub fn post(&mut self, sequence: Sequence, posted: &TransferPosted) {
        for (side, leg) in [(Side::Debit, posted.debit), (Side::Credit, posted.credit)] {
            let account = self
                .changed
                .entry(leg.slot)
                .or_insert_with(|| self.ledger.accounts.at(leg.slot).clone());
            account.post(side, posted.amount_minor, sequence);
        }
        self.members.insert(posted.id, self.members.len());
        if posted.original_sequence != 0 {
            self.reversed.insert(posted.original_sequence);
        }
    }
}

impl View for Overlay<'_> {
    fn account(&self, slot: Slot) -> &Account {
        self.changed.get(&slot).unwrap_or_else(|| self.ledger.accounts.at(slot))
    }

    fn is_reversed(&self, original: Sequence) -> bool {
        self.reversed.contains(&original) || self.ledger.is_reversed(original)
    }

    fn member(&self, transfer: u128) -> Option<usize> {
        self.members.get(&transfer).copied()
    }
}
