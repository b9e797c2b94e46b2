//! A page: entries, and a sum that depends on where it stands. A sector's sum.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::bytes::{put, u64_at};

/// What is read and checked as one piece.
pub(crate) const PAGE_BYTES: usize = 4_096;
/// A page without its sum.
pub(crate) const PAGE_CONTENT_BYTES: usize = PAGE_BYTES - 8;
/// The sum of a sector.
pub(crate) const SUM_BYTES: usize = 8;

/// What the sums of one file's pages are made with: a page of another file, or from another place, has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageKey(u64);

impl PageKey {
    /// Of the index of this segment.
    pub(crate) fn new(lineage_id: &[u8; 16], segment: u64) -> Self {
        Self(u64_at(lineage_id, 0) ^ segment << 32)
    }

    /// Puts the sum at the end of the page with this number in the file.
    pub(crate) fn seal(self, page: &mut [u8; PAGE_BYTES], number: u64) {
        let sum = self.sum(page, number);
        put(page, PAGE_CONTENT_BYTES, sum.to_le_bytes());
    }

    /// Whether the page with this number is what was written.
    pub(crate) fn vouches_for(self, page: &[u8; PAGE_BYTES], number: u64) -> bool {
        u64_at(page, PAGE_CONTENT_BYTES) == self.sum(page, number)
    }

    fn sum(self, page: &[u8; PAGE_BYTES], number: u64) -> u64 {
        xxh3_64_with_seed(&page[..PAGE_CONTENT_BYTES], self.0 ^ number)
    }
}

/// The sum of the content of a segment's sector, which has this number in its file.
pub(crate) fn sector_sum(content: &[u8], number: u64) -> u64 {
    xxh3_64_with_seed(content, number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pages(seed in any::<u64>(), number in 0..1_u64 << 32, at in 0..PAGE_BYTES, bit in 0..8_u32) {
            let mut page = [7; PAGE_BYTES];
            PageKey(seed).seal(&mut page, number);
            prop_assert!(PageKey(seed).vouches_for(&page, number));
            prop_assert!(!PageKey(seed).vouches_for(&page, number + 1), "from another place");
            prop_assert!(!PageKey(seed ^ 1 << 32).vouches_for(&page, number), "of another segment");
            page[at] ^= 1_u8 << bit;
            prop_assert!(!PageKey(seed).vouches_for(&page, number), "a changed page was accepted");
        }
    }
}
