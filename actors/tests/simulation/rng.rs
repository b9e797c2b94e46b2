//! Random choices that follow from a seed alone.

/// `SplitMix64`.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another stream, so that who draws more often does not move what others draw.
    pub const fn fork(&mut self) -> Self {
        Self(self.next_u64())
    }

    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for eight in bytes.chunks_exact_mut(8) {
            eight.copy_from_slice(&self.next_u64().to_le_bytes());
        }
        bytes
    }

    /// A number from 0 to `end` - 1. (The bias of the remainder is of no matter here.)
    pub const fn below(&mut self, end: u64) -> u64 {
        self.next_u64() % end
    }

    /// A number from `from` to `to`, both included.
    pub const fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    pub const fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// An index of something that has `len` of them; `len` is not zero.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("an index")
    }

    /// One of these; there must be at least one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = self.index(from.len());
        &from[index]
    }

    /// One of these, the later the likelier; `None` if there are none.
    pub fn pick_recent<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let len = from.len().max(1);
        let (a, b) = (self.index(len), self.index(len));
        from.get(a.max(b))
    }

    /// One of these, by weight; the weights are not all zero.
    pub fn weighted<T: Copy>(&mut self, from: &[(u64, T)]) -> T {
        let mut at = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, value) in from {
            match at.checked_sub(*weight) {
                Some(rest) => at = rest,
                None => return *value,
            }
        }
        unreachable!("`at` is below the sum of the weights")
    }
}
