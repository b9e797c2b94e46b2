//! What a partition does with a ledger beside deciding: it forgets ids that are kept elsewhere, finds them again, and
//! gives the state out in pieces, of which it can be put together.

use std::collections::HashMap;

use florin_engine::{
    AccountImage, Body, Event, Head, Hold, Ledger, Past, Restoring, Reversal, Transfer,
    TransferBatch,
};

use crate::pair::{Difference, index, require, same};
use crate::record::Key;

/// So many ids make a generation here.
const GENERATION: usize = 8;
/// After so many commands ids are forgotten.
const FORGETS_EVERY: usize = 41;
/// After so many commands pieces are taken anew.
const PIECES_EVERY: usize = 60;

/// Ids in the order of the journal.
#[derive(Default)]
pub struct Elsewhere {
    transfers: HashMap<Key, usize>,
    groups: HashMap<Key, usize>,
    commands: usize,
    pieces: Option<Pieces>,
}

/// A state that is being given out.
struct Pieces {
    head: Head,
    accounts: Vec<AccountImage>,
    holds: Vec<Hold>,
    reversals: Vec<Reversal>,
}

impl Elsewhere {
    pub fn begin(ledger: &mut Ledger) -> Self {
        ledger.set_id_generation_len(GENERATION);
        Self::default()
    }

    /// What a partition looks up before it decides.
    pub fn past(&self, ledger: &Ledger, journal: &[Event], batch: &TransferBatch) -> Past {
        let at = |at: &usize| journal[*at].clone();
        let needed = ledger.originals_needed(batch).into_iter();
        let originals = needed.map(|sequence| (sequence, at(&index(sequence)))).collect();
        let members = batch.transfers.iter().map(|transfer| transfer.id);
        let reversed = batch.transfers.iter().filter_map(Transfer::reverses);
        let first_answers = members
            .chain(reversed)
            .filter(|id| !ledger.keeps_transfer_id(batch.tenant, *id))
            .filter_map(|id| Some((id, at(self.transfers.get(&(batch.tenant, id))?))))
            .collect();
        let group = batch.group.filter(|key| !ledger.keeps_group_id(batch.tenant, key.id));
        let group = group.and_then(|key| self.groups.get(&(batch.tenant, key.id))).map(at);
        Past { originals, first_answers, group }
    }

    /// Takes up events that were appended to the journal.
    pub fn note(&mut self, journal: &[Event], new: usize) {
        for (at, event) in journal.iter().enumerate().skip(journal.len() - new) {
            let (tenant, id) = match &event.body {
                Body::TransferPosted(posted) => (posted.tenant, posted.id),
                Body::Hold(hold) => (hold.tenant, hold.id),
                Body::TransferRefused(refused) => (refused.tenant, refused.id),
                Body::GroupRefused(refused) => {
                    self.groups.insert((refused.tenant, refused.key.id), at);
                    continue;
                }
                _ => continue,
            };
            self.transfers.insert((tenant, id), at);
            if let Some(key) = event.extra().and_then(|extra| extra.group) {
                self.groups.insert((tenant, key.id), at);
            }
        }
    }

    /// After each command.
    pub fn step(&mut self, ledger: &mut Ledger, journal: &[Event]) -> Result<(), Difference> {
        self.commands += 1;
        if self.commands.is_multiple_of(FORGETS_EVERY) {
            // Not all of them: a partition keeps what is not sealed yet.
            let through = ledger.last_sequence().saturating_sub(self.commands as u64 % 7);
            ledger.forget_ids(through);
            let kept = journal.len() - index(through + 1).min(journal.len());
            let most = 2 * (GENERATION + kept * 2);
            require(ledger.ids_kept_len() <= most, "ids are kept that were to be forgotten")?;
        }
        match &mut self.pieces {
            None if self.commands.is_multiple_of(PIECES_EVERY) => {
                let (accounts, holds, reversals) = (Vec::new(), Vec::new(), Vec::new());
                self.pieces = Some(Pieces { head: ledger.head(), accounts, holds, reversals });
            }
            None => {}
            Some(pieces) => {
                if !pieces.take_more(ledger) {
                    return Ok(());
                }
                let through = pieces.head.last_sequence.saturating_sub(self.commands as u64 % 5);
                pieces.put_together(ledger, journal, through)?;
                self.pieces = None;
            }
        }
        Ok(())
    }
}

impl Pieces {
    /// One more piece; whether these are all.
    fn take_more(&mut self, ledger: &Ledger) -> bool {
        let from = |list: usize| u32::try_from(list).expect("a history is short");
        let (accounts, holds) = (from(self.accounts.len()), from(self.holds.len()));
        let reversals = from(self.reversals.len());
        let Head { accounts: all_accounts, holds: all_holds, reversals: all_reversals, .. } =
            self.head;
        if accounts < all_accounts {
            let more = ledger.account_images(accounts..all_accounts.min(accounts + 2));
            self.accounts.extend(more);
        } else if holds < all_holds {
            self.holds.extend(ledger.hold_images(holds..all_holds.min(holds + 3)));
        } else if reversals < all_reversals {
            self.reversals.extend(ledger.reversal_images(reversals..all_reversals));
        } else {
            return true;
        }
        false
    }

    /// Puts the pieces together, replays what they have not seen, and compares.
    fn put_together(
        &self,
        ledger: &Ledger,
        journal: &[Event],
        ids_through: u64,
    ) -> Result<(), Difference> {
        let mut again = Restoring::new(3, self.head.clone(), ids_through)?;
        self.accounts.iter().try_for_each(|account| again.account(account.clone()))?;
        self.holds.iter().try_for_each(|hold| again.hold(hold.clone()))?;
        self.reversals.iter().try_for_each(|reversal| again.reversal(*reversal))?;
        let seen_through = again.seen_through();
        let mut again = again.finish()?;
        for event in &journal[index(ids_through + 1)..] {
            again.replay(event).map_err(|error| format!("replay refuses {event:?}: {error}"))?;
            let whole = again.last_sequence() >= seen_through && event.sequence >= seen_through;
            same("of one moment", &again.is_of_one_moment(), &whole)?;
        }
        let images = |ledger: &Ledger| {
            (
                ledger.head(),
                ledger.account_images(0..u32::MAX),
                ledger.hold_images(0..u32::MAX),
                ledger.reversal_images(0..u32::MAX),
            )
        };
        same("put together", &images(&again), &images(ledger))?;
        same("digest when put together", &again.digest(), &ledger.digest())?;
        let dues =
            |ledger: &Ledger| (ledger.open_holds_len(), ledger.timers_len(), ledger.next_due_ns());
        same("dues when put together", &dues(&again), &dues(ledger))?;
        let newer = self.head.last_sequence.max(ids_through);
        let ids = |event: &&Event| event.sequence > newer;
        let all_known = journal.iter().filter(ids).all(|event| match &event.body {
            Body::TransferPosted(posted) => again.keeps_transfer_id(posted.tenant, posted.id),
            Body::GroupRefused(refused) => again.keeps_group_id(refused.tenant, refused.key.id),
            _ => true,
        });
        require(all_known, "an id is not known when put together")
    }
}
