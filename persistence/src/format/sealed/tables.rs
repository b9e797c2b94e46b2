//! The tables behind the sections: what is kept in memory of an index.

use super::{ListKey, SealedHeader};
use crate::bytes::{u64_at, u128_at};
use crate::format::footer::AssetTotal;

/// Totals of an asset.
pub(super) const TOTAL_BYTES: usize = 4 + 4 + 16 + 16;
/// The first frame of a page of the frame index.
pub(super) const FRAME_KEY_BYTES: usize = 8 + 8;

/// The first frame of a page of the frame index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameKey {
    pub(crate) first_sequence: u64,
    pub(crate) timestamp_ns: u64,
}

/// What is kept in memory: sums of the assets, and where each page begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tables {
    /// By asset, after the last event of the segment.
    pub(crate) totals: Vec<AssetTotal>,
    /// By page of the frame index.
    pub(crate) frame_pages: Vec<FrameKey>,
    /// By page of the account list.
    pub(crate) list_pages: Vec<ListKey>,
}

impl Tables {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (asset, total) in (0_u32..).zip(&self.totals) {
            out.extend_from_slice(&asset.to_le_bytes());
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&total.volume_posted_minor.to_le_bytes());
            out.extend_from_slice(&total.pending_minor.to_le_bytes());
        }
        for key in &self.frame_pages {
            out.extend_from_slice(&key.first_sequence.to_le_bytes());
            out.extend_from_slice(&key.timestamp_ns.to_le_bytes());
        }
        for key in &self.list_pages {
            out.extend_from_slice(&key.encode());
        }
        out
    }

    /// Reads tables of as many bytes as the header says; `None` if they are not what was written.
    pub(crate) fn decode(header: &SealedHeader, bytes: &[u8]) -> Option<Self> {
        if bytes.len() as u64 != header.tables_bytes()
            || *blake3::hash(bytes).as_bytes() != header.tables_hash
        {
            return None;
        }
        let (totals, rest) = bytes.split_at_checked(header.assets as usize * TOTAL_BYTES)?;
        let frame_pages = usize::try_from(header.frames().pages()).ok()?;
        let (frames, list) = rest.split_at_checked(frame_pages * FRAME_KEY_BYTES)?;
        let total = |bytes: &[u8; TOTAL_BYTES]| AssetTotal {
            volume_posted_minor: u128_at(bytes, 8),
            pending_minor: u128_at(bytes, 24),
        };
        let frame = |bytes: &[u8; FRAME_KEY_BYTES]| FrameKey {
            first_sequence: u64_at(bytes, 0),
            timestamp_ns: u64_at(bytes, 8),
        };
        Some(Self {
            totals: totals.as_chunks().0.iter().map(total).collect(),
            frame_pages: frames.as_chunks().0.iter().map(frame).collect(),
            list_pages: list.as_chunks().0.iter().copied().map(ListKey::decode).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::any_header;
    use super::*;

    proptest! {
        #[test]
        fn tables(
            totals in proptest::collection::vec(any::<(u128, u128)>(), 0..20),
            frames in proptest::collection::vec(any::<(u64, u64)>(), 0..20),
            list in proptest::collection::vec(any::<(u32, u32)>(), 0..20),
            mut header in any_header(),
            at in any::<proptest::sample::Index>(),
        ) {
            let tables = Tables {
                totals: totals
                    .into_iter()
                    .map(|(volume_posted_minor, pending_minor)| AssetTotal { volume_posted_minor, pending_minor })
                    .collect(),
                frame_pages: frames
                    .into_iter()
                    .map(|(first_sequence, timestamp_ns)| FrameKey { first_sequence, timestamp_ns })
                    .collect(),
                list_pages: list.into_iter().map(|(slot, place)| ListKey::new(slot, place)).collect(),
            };
            let mut bytes = tables.encode();
            header.assets = u32::try_from(tables.totals.len()).unwrap();
            header.frame_entries = tables.frame_pages.len() as u64 * header.frames().per_page();
            header.list_entries = tables.list_pages.len() as u64 * header.list().per_page();
            header.tables_hash = *blake3::hash(&bytes).as_bytes();
            prop_assert_eq!(Tables::decode(&header, &bytes), Some(tables));
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= 1;
                prop_assert_eq!(Tables::decode(&header, &bytes), None, "changed tables were accepted");
            }
            bytes.push(0);
            prop_assert_eq!(Tables::decode(&header, &bytes), None);
        }

    }
}
