//! What was told since the last recovery, and rests on one event each: it is held against the journal once.

use std::collections::{BTreeMap, BTreeSet};

use florin_actors::command::Figures;
use florin_engine::{AccountState, Hold, Sequence, Slot};

use super::STAYS;
use crate::history::{History, Key};
use crate::invariants::{Verdict, require};

/// What was told since the last recovery.
#[derive(Debug, Clone, Default)]
pub struct News {
    pub sequences: BTreeSet<Sequence>,
    pub(super) accounts: BTreeMap<(Sequence, Slot), AccountState>,
    pub(super) holds: BTreeMap<(Sequence, Key), Hold>,
    pub(super) figures: BTreeMap<Sequence, Figures>,
    pub(super) reversals: BTreeMap<Sequence, Sequence>,
}

impl News {
    /// Holds what was read against the journal, which has just been read up to this event: states of
    /// accounts and figures rest on one event each, and are what they were then.
    pub fn check(&mut self, history: &History, changed: [Option<Slot>; 2]) -> Verdict {
        let sequence = history.last_sequence();
        for slot in changed.into_iter().flatten() {
            if let Some(told) = self.accounts.remove(&(sequence, slot)) {
                let naive = history.account_at(slot);
                require(naive.is_some_and(|naive| naive.is(&told)), STAYS, || {
                    format!("an account was read as {told:?}, the journal has {naive:?}")
                })?;
            }
        }
        let of_this = (sequence, (0, 0))..(sequence + 1, (0, 0));
        let keys: Vec<_> = self.holds.range(of_this).map(|(key, _)| *key).collect();
        for (of, key) in keys {
            let Some(told) = self.holds.remove(&(of, key)) else { continue };
            let naive = history.hold(key);
            require(naive.is_some_and(|naive| naive.is(&told)), STAYS, || {
                format!("a hold was read as {told:?}, the journal has {naive:?}")
            })?;
        }
        let Some(told) = self.figures.remove(&sequence) else { return Ok(()) };
        let counters = (told.counters.transfers_posted, told.counters.transfers_refused);
        let sums = told.assets.iter().map(|asset| (asset.code, asset.debits_posted_minor));
        let is_right = counters == history.counters()
            && told.accounts == history.accounts().len()
            && told.ids == history.ids_len()
            && sums.eq(history.assets().iter().copied());
        require(is_right, STAYS, || format!("figures were {told:?}, the journal has others"))
    }

    /// Holds the rest against the journal, which has been read to its end.
    pub fn check_end(&self, history: &History) -> Verdict {
        for (original, reversal) in &self.reversals {
            let found = history.reversal(*original);
            require(found == Some(*reversal), STAYS, || {
                format!("event {original} was told reversed by {reversal}, it is by {found:?}")
            })?;
        }
        require(self.holds.is_empty(), STAYS, || {
            format!("events that changed no such hold: {:?}", self.holds)
        })?;
        require(self.accounts.is_empty(), STAYS, || {
            format!("events that changed no such account: {:?}", self.accounts)
        })
    }
}
