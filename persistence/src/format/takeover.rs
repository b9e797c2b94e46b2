//! The payload of a takeover frame: what its segment stands in for.

use super::Hash;
use super::payload::TAKEOVER_BYTES;
use crate::bytes::{array, put, u64_at};

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const OLD_SEGMENT: usize = 0;
    pub(super) const CUT_OFFSET: usize = OLD_SEGMENT + 8;
    pub(super) const FIRST_TAKEN: usize = CUT_OFFSET + 8;
    pub(super) const LAST_TAKEN: usize = FIRST_TAKEN + 8;
    pub(super) const OLD_HASH: usize = LAST_TAKEN + 8;
    pub(super) const END: usize = OLD_HASH + 32;
}
const _: () = assert!(at::END == TAKEOVER_BYTES);

/// What a segment took over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Takeover {
    /// The segment that ends where this one begins.
    pub(crate) old_segment: u64,
    /// Where it ends, bytes.
    pub(crate) cut_offset: u64,
    /// First sequence taken over; `last_taken + 1` if there was none.
    pub(crate) first_taken: u64,
    /// Last sequence taken over.
    pub(crate) last_taken: u64,
    /// Own hash of the last frame before.
    pub(crate) old_hash: Hash,
}

impl Takeover {
    pub(crate) fn encode(&self) -> [u8; TAKEOVER_BYTES] {
        let mut out = [0; TAKEOVER_BYTES];
        put(&mut out, at::OLD_SEGMENT, self.old_segment.to_le_bytes());
        put(&mut out, at::CUT_OFFSET, self.cut_offset.to_le_bytes());
        put(&mut out, at::FIRST_TAKEN, self.first_taken.to_le_bytes());
        put(&mut out, at::LAST_TAKEN, self.last_taken.to_le_bytes());
        put(&mut out, at::OLD_HASH, self.old_hash);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; TAKEOVER_BYTES] = bytes.try_into().ok()?;
        Some(Self {
            old_segment: u64_at(bytes, at::OLD_SEGMENT),
            cut_offset: u64_at(bytes, at::CUT_OFFSET),
            first_taken: u64_at(bytes, at::FIRST_TAKEN),
            last_taken: u64_at(bytes, at::LAST_TAKEN),
            old_hash: array(bytes, at::OLD_HASH),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trip(n in any::<[u64; 4]>(), old_hash in any::<Hash>()) {
            let takeover = Takeover {
                old_segment: n[0],
                cut_offset: n[1],
                first_taken: n[2],
                last_taken: n[3],
                old_hash,
            };
            prop_assert_eq!(Takeover::decode(&takeover.encode()), Some(takeover));
            prop_assert_eq!(Takeover::decode(&takeover.encode()[1..]), None);
        }
    }
}
