//! Every id that was ever used, with where its first answer stands.

use crate::hash::KeyHash;
use crate::slab::Slab;
use crate::table::Table;
use crate::{Sequence, Tenant};

/// A used id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdEntry {
    pub id: u128,
    /// Where the answer stands; for a posted group, its first member.
    pub sequence: Sequence,
    /// Tells a repetition from a reuse.
    pub content_hash: u64,
    pub tenant: Tenant,
    pub posted: bool,
}

/// An index of used ids.
#[derive(Debug, Clone)]
pub(crate) struct IdIndex {
    entries: Slab<IdEntry>,
    table: Table,
}

impl IdIndex {
    pub fn new() -> Self {
        Self { entries: Slab::new(), table: Table::new() }
    }

    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub fn get(&self, hash: KeyHash, tenant: Tenant, id: u128) -> Option<&IdEntry> {
        let is_it = |position| {
            let entry = self.entries.at(position);
            entry.id == id && entry.tenant == tenant
        };
        self.table.find(hash.of(tenant, id), is_it).map(|position| self.entries.at(position))
    }

    /// Adds an id that is not there.
    pub fn insert(&mut self, hash: KeyHash, entry: IdEntry) {
        let position = self.entries.push(entry);
        self.table.insert(hash.of(entry.tenant, entry.id), position);
    }

    #[inline]
    pub fn prefetch(&self, hash: KeyHash, tenant: Tenant, id: u128) {
        self.table.prefetch(hash.of(tenant, id));
    }

    /// Every entry, in order of use.
    pub fn iter(&self) -> impl Iterator<Item = &IdEntry> {
        self.entries.iter()
    }
}
