//! Hashes of keys (seeded, in memory only) and of content (fixed for good: they are journaled).

use crate::ids::IdEntry;

/// Hashes (tenant, id) with a seed of this process, so that nobody can choose ids that collide. Two folded
/// multiplications, as in wyhash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyHash {
    seeds: [u64; 2],
}

impl KeyHash {
    pub const fn new(seed: u64) -> Self {
        Self { seeds: [fold(seed ^ 0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db), seed | 1] }
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "halves are meant")]
    pub const fn of(self, tenant: u32, id: u128) -> u64 {
        let lo = id as u64 ^ self.seeds[0];
        let hi = (id >> 64) as u64 ^ self.seeds[1] ^ ((tenant as u64) << 32);
        fold(fold(lo, 0x8ebc_6af0_9c88_c6e3) ^ hi, 0x5899_65cc_7537_4cc3)
    }
}

/// A fixed hash of a used id, with all that is known of its first answer. Sums of them do not depend on the order;
/// they tell two histories apart, not two that somebody made to look alike.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "halves are meant")]
pub(crate) const fn of_id(entry: &IdEntry, is_group: bool) -> u64 {
    let IdEntry { id, sequence, content_hash, tenant, posted } = *entry;
    let flags = (tenant as u64) << 2 | (is_group as u64) << 1 | posted as u64;
    let id = fold(id as u64 ^ 0xa076_1d64_78bd_642f, (id >> 64) as u64 ^ 0xe703_7ed1_a0b4_28db);
    let answer = fold(sequence ^ 0x8ebc_6af0_9c88_c6e3, content_hash ^ 0x5899_65cc_7537_4cc3);
    fold(id ^ flags, answer ^ 0x1d8e_4e27_c47d_124f)
}

#[allow(clippy::cast_possible_truncation, reason = "halves are meant")]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}
