//! Ids that were used in sealed segments, as the partition sees them: in memory there is only as much of them as tells that
//! an id is new, nearly always. Where it does not, the `load` stage looks it up on disk.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use florin_engine::{Ledger, Sequence, Transfer, TransferBatch};
use florin_persistence::{IdKey, IdKind};

/// Ids that were used up to some event.
pub trait SealedIds: Send + Sync {
    /// The event. Every id that it or an earlier one has used up is among them.
    fn through(&self) -> Sequence;

    /// Adds the places of those keys that may be among them. Looks at memory only: some that are not are
    /// among these too, few.
    fn may_hold(&self, keys: &[IdKey], places: &mut Vec<usize>);
}

/// None: nothing was sealed.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingSealed;

impl SealedIds for NothingSealed {
    fn through(&self) -> Sequence {
        0
    }

    fn may_hold(&self, _: &[IdKey], _: &mut Vec<usize>) {}
}

/// The newest set, and what is needed to ask it.
pub(crate) struct OldIds {
    sealed: Arc<dyn SealedIds>,
    keys: Vec<IdKey>,
    places: Vec<usize>,
}

/// What the disk says of ids.
#[derive(Debug, Clone, Default)]
pub struct LookedUp {
    /// It was looked for among the ids used up to this event.
    pub through: Sequence,
    /// Those that were looked for, with the event that used them up.
    pub ids: HashMap<IdKey, Option<Sequence>>,
}

impl LookedUp {
    /// Whether an id was looked for among all that were used up to an event.
    pub(crate) fn has(&self, key: &IdKey, through: Sequence) -> bool {
        self.through >= through && self.ids.contains_key(key)
    }
}

impl OldIds {
    pub(crate) fn new(sealed: Arc<dyn SealedIds>) -> Self {
        Self { sealed, keys: Vec::new(), places: Vec::new() }
    }

    pub(crate) fn through(&self) -> Sequence {
        self.sealed.through()
    }

    pub(crate) fn replace(&mut self, sealed: Arc<dyn SealedIds>) {
        self.sealed = sealed;
    }

    /// Ids that a batch rests on and that have to be looked up on disk.
    pub(crate) fn of_batch(&mut self, ledger: &Ledger, batch: &TransferBatch) -> Vec<IdKey> {
        if self.through() == 0 {
            return Vec::new();
        }
        let TransferBatch { tenant, group, ref transfers, .. } = *batch;
        let of = |kind| move |id| IdKey { id, tenant, kind };
        self.keys.clear();
        self.keys.extend(transfers.iter().map(|transfer| transfer.id).map(of(IdKind::Transfer)));
        let reversed = transfers.iter().filter_map(Transfer::reverses);
        self.keys.extend(reversed.map(of(IdKind::Transfer)));
        self.keys.extend(group.map(|key| key.id).map(of(IdKind::Group)));
        self.unknown(ledger)
    }

    /// The same of transfers that are read.
    pub(crate) fn of_transfers(
        &mut self,
        ledger: &Ledger,
        tenant: u32,
        ids: &[u128],
    ) -> Vec<IdKey> {
        if self.through() == 0 {
            return Vec::new();
        }
        let key = |id: &u128| IdKey { id: *id, tenant, kind: IdKind::Transfer };
        self.keys.clear();
        self.keys.extend(ids.iter().map(key));
        self.unknown(ledger)
    }

    fn unknown(&mut self, ledger: &Ledger) -> Vec<IdKey> {
        let Self { sealed, keys, places } = self;
        places.clear();
        sealed.may_hold(keys, places);
        let is_known = |key: &IdKey| match key.kind {
            IdKind::Transfer => ledger.keeps_transfer_id(key.tenant, key.id),
            IdKind::Group => ledger.keeps_group_id(key.tenant, key.id),
        };
        places.iter().map(|place| keys[*place]).filter(|key| !is_known(key)).collect()
    }
}

impl fmt::Debug for OldIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OldIds").field("through", &self.through()).finish_non_exhaustive()
    }
}
