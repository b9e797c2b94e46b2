//! Entries of the account list and of the frame index.

use crate::bytes::{put, u32_at, u64_at};

/// An entry of the account list: slot, and sequence counted from the segment's first.
pub(crate) const LIST_ENTRY_BYTES: usize = 4 + 4;
/// An entry of the frame index: first sequence, offset, timestamp.
pub(crate) const FRAME_ENTRY_BYTES: usize = 8 + 8 + 8;

/// An account and the place of an event in the segment: the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListKey(u64);

impl ListKey {
    pub(crate) const fn new(slot: u32, place: u32) -> Self {
        Self((slot as u64) << 32 | place as u64)
    }

    pub(crate) const fn slot(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "it is the lower half")]
    pub(crate) const fn place(self) -> u32 {
        self.0 as u32
    }

    pub(crate) fn encode(self) -> [u8; LIST_ENTRY_BYTES] {
        let mut out = [0; LIST_ENTRY_BYTES];
        put(&mut out, 0, self.slot().to_le_bytes());
        put(&mut out, 4, self.place().to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: [u8; LIST_ENTRY_BYTES]) -> Self {
        Self::new(u32_at(&bytes, 0), u32_at(&bytes, 4))
    }
}

/// A frame of the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameEntry {
    /// Its first sequence.
    pub(crate) first_sequence: u64,
    /// Where it begins in the segment.
    pub(crate) offset: u64,
    /// Of its first event, ns since 1970.
    pub(crate) timestamp_ns: u64,
}

impl FrameEntry {
    pub(crate) fn encode(self) -> [u8; FRAME_ENTRY_BYTES] {
        let mut out = [0; FRAME_ENTRY_BYTES];
        put(&mut out, 0, self.first_sequence.to_le_bytes());
        put(&mut out, 8, self.offset.to_le_bytes());
        put(&mut out, 16, self.timestamp_ns.to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8; FRAME_ENTRY_BYTES]) -> Self {
        Self {
            first_sequence: u64_at(bytes, 0),
            offset: u64_at(bytes, 8),
            timestamp_ns: u64_at(bytes, 16),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries(slot in any::<u32>(), place in any::<u32>(), frame in any::<[u64; 3]>()) {
            let key = ListKey::new(slot, place);
            prop_assert_eq!((key.slot(), key.place()), (slot, place));
            prop_assert_eq!(ListKey::decode(key.encode()), key);
            let [first_sequence, offset, timestamp_ns] = frame;
            let entry = FrameEntry { first_sequence, offset, timestamp_ns };
            prop_assert_eq!(FrameEntry::decode(&entry.encode()), entry);
        }

    }
}
