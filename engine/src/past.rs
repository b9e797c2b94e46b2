//! What a batch rests on that is not in memory. The partition finds it before it decides; the rules look nothing up.

use hashbrown::HashMap;

use crate::ids::IdEntry;
use crate::{Body, Event, Ledger, Sequence, Tenant};

/// Events of the journal that a batch needs, see [`Ledger::execute`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// Originals of reversals, by position.
    pub originals: HashMap<Sequence, Event>,
    /// Transfer ids of the batch's tenant, members' and those of originals, that were used before the first event
    /// of which the ledger keeps the ids: the event that was the first answer.
    pub first_answers: HashMap<u128, Event>,
    /// The same of the batch's group id: its first member, or its refusal.
    pub group: Option<Event>,
}

impl Past {
    /// Nothing: the batch has no reversal, and none of its ids was used that long ago.
    pub fn new() -> Self {
        Self::default()
    }

    fn transfer(&self, tenant: Tenant, id: u128) -> Option<IdEntry> {
        let event = self.first_answers.get(&id)?;
        let (content_hash, posted) = match &event.body {
            Body::TransferPosted(posted) => (posted.content_hash, true),
            Body::Hold(hold) => (hold.content_hash, true),
            Body::TransferRefused(refused) => (refused.content_hash, false),
            _ => (0, false),
        };
        Some(IdEntry { id, sequence: event.sequence, content_hash, tenant, posted })
    }

    fn group(&self, tenant: Tenant, id: u128) -> Option<IdEntry> {
        let event = self.group.as_ref()?;
        let (key, posted) = match &event.body {
            Body::GroupRefused(refused) => (Some(refused.key), false),
            _ => (event.extra().and_then(|extra| extra.group), true),
        };
        let content_hash = key.map_or(0, |key| key.content_hash);
        Some(IdEntry { id, sequence: event.sequence, content_hash, tenant, posted })
    }
}

impl Ledger {
    /// The first use of a transfer id.
    #[inline]
    pub(crate) fn used_transfer(&self, past: &Past, tenant: Tenant, id: u128) -> Option<IdEntry> {
        match self.transfer_ids.get(self.hash, tenant, id) {
            None if past.first_answers.is_empty() => None,
            None => past.transfer(tenant, id),
            known => known.copied(),
        }
    }

    /// The first use of a group id.
    pub(crate) fn used_group(&self, past: &Past, tenant: Tenant, id: u128) -> Option<IdEntry> {
        let known = self.group_ids.get(self.hash, tenant, id).copied();
        known.or_else(|| past.group(tenant, id))
    }
}
