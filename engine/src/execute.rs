//! A batch of transfers from request to events: known ids, decisions, groups.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::decide::{Place, Terms};
use crate::overlay::Overlay;
use crate::{
    Body, Event, GroupPlace, GroupRefused, Ledger, Past, Reason, Refusal, Sequence, Tenant,
    Transfer, TransferBatch,
};

/// Members that are looked up together, so that their cache misses overlap.
const LOOKAHEAD: usize = 32;

/// What became of a batch, besides its events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchOutcome {
    /// Transfers posted now.
    pub posted: u32,
    /// Transfers refused now by the state of the ledger.
    pub refused: u32,
    /// Members of an independent batch whose id was known, ascending by index. Every other member has an event
    /// of this batch, in order.
    pub known: Vec<Known>,
    /// For a group: what became of it.
    pub group: Option<GroupOutcome>,
}

/// An id that was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The member's index in the batch.
    pub index: u32,
    /// Where the first answer stands.
    pub sequence: Sequence,
    /// Same content: the first answer counts. Otherwise the id was reused.
    pub same: bool,
}

/// What became of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupOutcome {
    /// Posted now: one event a member.
    Posted,
    /// Refused now: one event.
    Refused,
    /// The group id was used before; `sequence` is that of the first member or of the refusal.
    Known {
        /// Where the first answer stands.
        sequence: Sequence,
        /// It was posted.
        posted: bool,
        /// Same content: the first answer counts. Otherwise the id was reused.
        same: bool,
    },
}

impl Ledger {
    /// Sequences of the originals that reversals in this batch refer to and that must be among the
    /// originals of the past when [`execute`](Self::execute) is called. (First answers that are in it need not be.)
    pub fn originals_needed(&self, batch: &TransferBatch) -> Vec<Sequence> {
        let reversals = batch.transfers.iter().filter_map(Transfer::reverses);
        let entries = reversals.filter_map(|id| self.transfer_ids.get(self.hash, batch.tenant, id));
        entries.filter(|entry| entry.posted).map(|entry| entry.sequence).collect()
    }

    /// Whether a transfer id was used by an event of which the ledger keeps the ids.
    pub fn keeps_transfer_id(&self, tenant: Tenant, id: u128) -> bool {
        self.transfer_ids.get(self.hash, tenant, id).is_some()
    }

    /// The same of a group id.
    pub fn keeps_group_id(&self, tenant: Tenant, id: u128) -> bool {
        self.group_ids.get(self.hash, tenant, id).is_some()
    }

    /// Whether executing the batch makes no event: everything in it is known.
    pub fn is_known(&self, batch: &TransferBatch, past: &Past) -> bool {
        match batch.group {
            Some(key) => self.used_group(past, batch.tenant, key.id).is_some(),
            None => batch
                .transfers
                .iter()
                .all(|transfer| self.used_transfer(past, batch.tenant, transfer.id).is_some()),
        }
    }

    /// Asks for the cache lines of a batch's tables. First of two passes; [`execute`](Self::execute)
    /// does both for itself, a partition that has many small batches waiting does them for all.
    pub fn prefetch_tables(&self, tenant: u32, transfers: &[Transfer]) {
        for transfer in transfers {
            self.transfer_ids.prefetch(self.hash, tenant, transfer.id);
            self.accounts.prefetch_table(self.hash, tenant, transfer.debit_account);
            self.accounts.prefetch_table(self.hash, tenant, transfer.credit_account);
        }
    }

    /// Asks for the cache lines of a batch's accounts. Second pass.
    pub fn prefetch_accounts(&self, tenant: u32, transfers: &[Transfer]) {
        for transfer in transfers {
            self.accounts.prefetch(self.hash, tenant, transfer.debit_account);
            self.accounts.prefetch(self.hash, tenant, transfer.credit_account);
        }
    }

    /// Decides a batch and applies what it decides. The events are appended to `events`, which is
    /// empty: their order is that of the members. What is not in memory any more of what the batch rests on has to be in
    /// `past`: see [`originals_needed`](Self::originals_needed) and [`ids_forgotten_through`](Self::ids_forgotten_through).
    pub fn execute(
        &mut self,
        batch: &TransferBatch,
        past: &Past,
        now_ns: u64,
        events: &mut Vec<Event>,
    ) -> BatchOutcome {
        let terms = Terms { tenant: batch.tenant, asset: batch.asset, past, now_ns };
        if batch.group.is_some() {
            self.execute_group(batch, terms, now_ns, events)
        } else {
            self.execute_independent(batch, terms, now_ns, events)
        }
    }

    fn execute_independent(
        &mut self,
        batch: &TransferBatch,
        terms: Terms<'_>,
        now_ns: u64,
        events: &mut Vec<Event>,
    ) -> BatchOutcome {
        let mut outcome = BatchOutcome::default();
        let mut index = 0;
        for ahead in batch.transfers.chunks(LOOKAHEAD) {
            if ahead.len() > 1 {
                self.prefetch_tables(terms.tenant, ahead);
                self.prefetch_accounts(terms.tenant, ahead);
            }
            for transfer in ahead {
                let known = self.used_transfer(terms.past, terms.tenant, transfer.id);
                if let Some(known) = known {
                    let same = known.content_hash == transfer.content_hash;
                    outcome.known.push(Known { index, sequence: known.sequence, same });
                } else {
                    let place = Place::default();
                    let body = match self.decide(self, terms, transfer, place, events) {
                        Ok(posted) => {
                            outcome.posted += 1;
                            posted
                        }
                        Err(refused) => {
                            outcome.refused += 1;
                            Body::TransferRefused(refused)
                        }
                    };
                    events.push(self.event(now_ns, body));
                    self.evolve(&events[events.len() - 1]);
                }
                index += 1;
            }
        }
        outcome
    }

    fn execute_group(
        &mut self,
        batch: &TransferBatch,
        terms: Terms<'_>,
        now_ns: u64,
        events: &mut Vec<Event>,
    ) -> BatchOutcome {
        let mut outcome = BatchOutcome::default();
        let Some(key) = batch.group else { return outcome };
        if let Some(known) = self.used_group(terms.past, terms.tenant, key.id) {
            outcome.group = Some(GroupOutcome::Known {
                sequence: known.sequence,
                posted: known.posted,
                same: known.content_hash == key.content_hash,
            });
            return outcome;
        }
        let len = u16::try_from(batch.transfers.len()).unwrap_or(u16::MAX);
        match self.decide_group(batch, terms, len, now_ns) {
            Ok(decided) => {
                *events = decided;
                outcome.posted = len.into();
                outcome.group = Some(GroupOutcome::Posted);
            }
            Err((member, refusal)) => {
                let tenant = terms.tenant;
                let refused = GroupRefused { key, tenant, len, member, refusal };
                events.push(self.event(now_ns, Body::GroupRefused(Box::new(refused))));
                outcome.refused = 1;
                outcome.group = Some(GroupOutcome::Refused);
            }
        }
        for event in events.iter() {
            self.evolve(event);
        }
        outcome
    }

    /// All events, or the member that decided against the group and why. Changes nothing.
    fn decide_group(
        &self,
        batch: &TransferBatch,
        terms: Terms<'_>,
        len: u16,
        now_ns: u64,
    ) -> Result<Vec<Event>, (u16, Refusal)> {
        let is_known = |transfer: &Transfer| {
            self.used_transfer(terms.past, terms.tenant, transfer.id).is_some()
        };
        if let Some(member) = (0..).zip(&batch.transfers).find(|(_, t)| is_known(t)) {
            return Err((member.0, Refusal { reason: Reason::GroupMixed, ..Refusal::NONE }));
        }
        let mut overlay = Overlay::new(self);
        let mut events: Vec<Event> = Vec::with_capacity(batch.transfers.len());
        let first = self.event(now_ns, Body::DigestTaken { digest: [0; 32], with_ids: false });
        for (index, transfer) in (0..len).zip(&batch.transfers) {
            let group = batch.group.filter(|_| index == 0);
            let place = Place { place: GroupPlace { index, len }, group };
            let sequence = first.sequence + u64::from(index);
            let timestamp_ns = first.timestamp_ns + u64::from(index);
            let terms = Terms { now_ns: timestamp_ns, ..terms };
            let body = self
                .decide(&overlay, terms, transfer, place, &events)
                .map_err(|refused| (index, refused.refusal))?;
            let event = Event { sequence, timestamp_ns, body };
            overlay.apply(&event);
            events.push(event);
        }
        Ok(events)
    }
}
