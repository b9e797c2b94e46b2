//! Ids that were used, with where the first answer stands. Those of long ago are kept elsewhere, once whoever keeps them
//! says so: ids come in generations, and a generation is forgotten as a whole.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

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
    /// The oldest first. New ids go to the last; there always is one.
    generations: VecDeque<Generation>,
    /// Ids in a generation.
    generation_len: usize,
}

#[derive(Debug, Clone)]
struct Generation {
    entries: Slab<IdEntry>,
    table: Table,
    last_sequence: Sequence,
}

/// Ids that are not kept any more. To drop it frees their memory, which takes a while: best where nobody waits.
#[derive(Debug, Default)]
pub struct Forgotten(Vec<Generation>);

impl Forgotten {
    /// Number of ids.
    pub fn len(&self) -> usize {
        self.0.iter().map(|generation| generation.entries.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl IdIndex {
    pub fn new() -> Self {
        Self { generations: VecDeque::from([Generation::new()]), generation_len: usize::MAX }
    }

    /// Makes generations of so many ids, from now on.
    pub fn set_generation_len(&mut self, len: usize) {
        self.generation_len = len;
    }

    /// Number of ids that are kept.
    pub fn len(&self) -> usize {
        self.generations.iter().map(|generation| generation.entries.len()).sum()
    }

    #[inline]
    pub fn get(&self, hash: KeyHash, tenant: Tenant, id: u128) -> Option<&IdEntry> {
        let key = hash.of(tenant, id);
        self.generations.iter().rev().find_map(|generation| generation.get(key, tenant, id))
    }

    /// Adds an id that is not there, of an event that is not before those of other ids.
    pub fn insert(&mut self, hash: KeyHash, entry: IdEntry) {
        let is_full = |generation: &Generation| generation.entries.len() >= self.generation_len;
        if self.generations.back().is_none_or(is_full) {
            self.generations.push_back(Generation::new());
        }
        let Some(generation) = self.generations.back_mut() else { return };
        let position = generation.entries.push(entry);
        generation.table.insert(hash.of(entry.tenant, entry.id), position);
        generation.last_sequence = entry.sequence;
    }

    #[inline]
    pub fn prefetch(&self, hash: KeyHash, tenant: Tenant, id: u128) {
        let key = hash.of(tenant, id);
        for generation in &self.generations {
            generation.table.prefetch(key);
        }
    }

    /// Every entry that is kept, in order of use.
    pub fn iter(&self) -> impl Iterator<Item = &IdEntry> {
        self.generations.iter().flat_map(|generation| generation.entries.iter())
    }

    /// Forgets the generations that end by this event.
    pub fn forget(&mut self, through: Sequence) -> Forgotten {
        let ends = |generation: &Generation| generation.last_sequence <= through;
        let mut gone = Vec::new();
        while self
            .generations
            .front()
            .is_some_and(|generation| ends(generation) && !generation.entries.is_empty())
        {
            gone.extend(self.generations.pop_front());
        }
        if self.generations.is_empty() {
            self.generations.push_back(Generation::new());
        }
        Forgotten(gone)
    }
}

impl Generation {
    fn new() -> Self {
        Self { entries: Slab::new(), table: Table::new(), last_sequence: 0 }
    }

    #[inline]
    fn get(&self, key: u64, tenant: Tenant, id: u128) -> Option<&IdEntry> {
        let is_it = |position| {
            let entry = self.entries.at(position);
            entry.id == id && entry.tenant == tenant
        };
        self.table.find(key, is_it).map(|position| self.entries.at(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_generations_are_forgotten() {
        let hash = KeyHash::new(1);
        let mut ids = IdIndex::new();
        ids.set_generation_len(10);
        for sequence in 1..=35 {
            let (id, tenant) = (u128::from(sequence) * 7, 0);
            ids.insert(hash, IdEntry { id, sequence, content_hash: 0, tenant, posted: true });
        }
        for (through, gone, first_left) in [
            (0, 0, 1),
            (9, 0, 1),
            (10, 10, 11),
            (10, 0, 11),
            (29, 10, 21),
            (35, 15, 36),
            (99, 0, 36),
        ] {
            assert_eq!(ids.forget(through).len(), gone, "through {through}");
            for sequence in 1..=35 {
                let found = ids.get(hash, 0, u128::from(sequence) * 7);
                let expected = (sequence >= first_left).then_some(sequence);
                assert_eq!(found.map(|entry| entry.sequence), expected, "through {through}");
            }
            assert_eq!(ids.len() as u64, 36 - first_left);
            assert!(ids.iter().map(|entry| entry.sequence).eq(first_left..=35));
        }
        let entry = IdEntry { id: 1, sequence: 36, content_hash: 0, tenant: 0, posted: true };
        ids.insert(hash, entry);
        assert_eq!(ids.get(hash, 0, 1), Some(&entry));
    }
}
