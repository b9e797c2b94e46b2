//! Random choices that follow from a seed alone.

/// The generator of `SplitMix64`.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end` - 1. (The bias of the remainder is of no matter here.)
    pub const fn below(&mut self, end: u64) -> u64 {
        self.next_u64() % end
    }

    pub const fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of these; there must be at least one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = self.below(from.len() as u64);
        &from[usize::try_from(index).expect("an index")]
    }

    /// One of these, the later the likelier; `None` if there are none.
    pub fn pick_recent<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let (a, b) = (self.below(from.len().max(1) as u64), self.below(from.len().max(1) as u64));
        from.get(usize::try_from(a.max(b)).expect("an index"))
    }
}
