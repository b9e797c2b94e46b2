//! From a hash to a position in a slab: 8 bytes an entry, one cache line a lookup, and lines can be
//! asked for ahead of time. That is why this is not a `HashMap`: see `docs/PERFORMANCE.md`.
//!
//! Open addressing with linear probing. An entry is a 32-bit tag and a 32-bit position + 1; zero is
//! empty. The home of an entry follows from its tag alone, so a shard grows without looking at the slab. 64
//! shards grow at different moments: no insertion ever moves more than a 64th of the table.

use alloc::boxed::Box;
use alloc::vec;

use crate::sys;

const SHARD_BITS: u32 = 6;
const FIRST_BITS: u32 = 4;

#[derive(Debug, Clone)]
struct Shard {
    entries: Box<[u64]>,
    len: usize,
    /// The table has 2^bits entries.
    bits: u32,
}

/// From hashes to slab positions.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    shards: Box<[Shard]>,
}

impl Table {
    pub fn new() -> Self {
        let shard = Shard { entries: vec![0; 1 << FIRST_BITS].into(), len: 0, bits: FIRST_BITS };
        Self { shards: vec![shard; 1 << SHARD_BITS].into() }
    }

    /// Makes room for so many entries in all, spread evenly: none of them makes a shard grow, but for a few that get more
    /// than their part.
    pub fn reserve(&mut self, entries: usize) {
        let a_shard = entries.div_ceil(1 << SHARD_BITS);
        // As `insert` counts: at most five entries in eight places.
        let places = (a_shard.saturating_mul(8) / 5).saturating_add(1);
        let bits = places.next_power_of_two().ilog2().min(u32::BITS);
        for shard in &mut self.shards {
            if shard.len == 0 && shard.bits < bits {
                shard.entries = vec![0; 1 << bits].into();
                shard.bits = bits;
            }
        }
    }

    /// The position that was inserted under this hash and for which `is_it` holds.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.candidates(hash).find(|position| is_it(*position))
    }

    /// The first position with the right tag: nearly always the right one.
    #[inline]
    pub fn candidate(&self, hash: u64) -> Option<u32> {
        self.candidates(hash).next()
    }

    #[inline]
    fn candidates(&self, hash: u64) -> impl Iterator<Item = u32> {
        let shard = self.shard(hash);
        let tag = tag(hash);
        let mask = shard.entries.len() - 1;
        let mut place = shard.home(tag);
        core::iter::from_fn(move || {
            loop {
                let entry = shard.entries[place];
                if entry == 0 {
                    return None;
                }
                place = (place + 1) & mask;
                if (entry >> 32) as u32 == tag {
                    #[allow(clippy::cast_possible_truncation, reason = "the low half is meant")]
                    return Some((entry as u32).wrapping_sub(1));
                }
            }
        })
    }

    /// Adds an entry. The caller has made sure that it is not there.
    pub fn insert(&mut self, hash: u64, position: u32) {
        let shard = &mut self.shards[shard_of(hash)];
        if shard.len * 8 >= shard.entries.len() * 5 {
            shard.grow();
        }
        shard.put(u64::from(tag(hash)) << 32 | u64::from(position + 1));
        shard.len += 1;
    }

    /// Asks for the cache line in which the search for this hash begins.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        let shard = self.shard(hash);
        sys::prefetch(&shard.entries[shard.home(tag(hash))]);
    }

    /// Bytes that the entries take.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.entries.len() * 8).sum()
    }

    #[inline]
    fn shard(&self, hash: u64) -> &Shard {
        &self.shards[shard_of(hash)]
    }
}

impl Shard {
    #[inline]
    fn home(&self, tag: u32) -> usize {
        (tag >> (u32::BITS - self.bits)) as usize
    }

    fn put(&mut self, entry: u64) {
        let mask = self.entries.len() - 1;
        let mut place = self.home((entry >> 32) as u32);
        while self.entries[place] != 0 {
            place = (place + 1) & mask;
        }
        self.entries[place] = entry;
    }

    fn grow(&mut self) {
        let bits = self.bits + 1;
        assert!(bits <= u32::BITS, "a shard holds less than 2^32 entries");
        let old = core::mem::replace(&mut self.entries, vec![0; 1 << bits].into());
        self.bits = bits;
        for entry in old {
            if entry != 0 {
                self.put(entry);
            }
        }
    }
}

#[inline]
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[inline]
#[allow(clippy::cast_possible_truncation, reason = "six bits")]
fn shard_of(hash: u64) -> usize {
    hash as usize & ((1 << SHARD_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::hash::KeyHash;

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let hash = KeyHash::new(1);
        let keys: Vec<u64> = (0..50_000).map(|key| hash.of(0, key)).collect();
        let mut table = Table::new();
        for (position, key) in (0..).zip(&keys) {
            assert_eq!(table.find(*key, |at| keys[at as usize] == *key), None);
            table.insert(*key, position);
        }
        for (position, key) in (0..).zip(&keys) {
            assert_eq!(table.find(*key, |at| keys[at as usize] == *key), Some(position));
        }
        for stranger in 50_000..60_000 {
            let key = hash.of(0, stranger);
            assert_eq!(table.find(key, |at| keys[at as usize] == key), None);
        }
    }

    #[test]
    fn reserved_room_is_used() {
        let hash = KeyHash::new(1);
        for entries in [0, 1, 640, 641, 50_000] {
            let (mut reserved, mut grown) = (Table::new(), Table::new());
            reserved.reserve(entries);
            let before = reserved.bytes();
            for position in 0..u32::try_from(entries).unwrap() {
                let key = hash.of(0, position.into());
                reserved.insert(key, position);
                grown.insert(key, position);
                assert_eq!(reserved.find(key, |at| at == position), Some(position));
            }
            // A shard that gets more than its part may grow once; most do not.
            assert!(reserved.bytes() <= before * 5 / 4, "{entries}");
            assert!(reserved.bytes() >= grown.bytes(), "{entries}");
            reserved.reserve(1 << 20);
            assert!(reserved.find(hash.of(0, 0), |at| at == 0).is_some() == (entries > 0));
        }
    }

    #[test]
    fn equal_hashes_live_side_by_side() {
        let mut table = Table::new();
        for position in 0..40 {
            table.insert(u64::MAX, position);
        }
        for position in 0..40 {
            assert_eq!(table.find(u64::MAX, |at| at == position), Some(position));
        }
    }
}
