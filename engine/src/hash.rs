//! Hashes of keys (seeded, in memory only) and of content (fixed for good: they are journaled).

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

#[allow(clippy::cast_possible_truncation, reason = "halves are meant")]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}
