//! The footer of a sealed segment: what is in it, without reading it.

use super::{Hash, Lineage, VERSION, sector};
use crate::bytes::{array, put, u16_at, u32_at, u64_at, u128_at};

const MAGIC: [u8; 8] = *b"FLORNFTR";
const TOTAL_BYTES: usize = 4 + 4 + 16 + 16;
pub(crate) const INDEX_BYTES: usize = 8 + 8;
const HASH_BYTES: usize = 32;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const RESERVED: usize = VERSION + 2;
    pub(super) const LINEAGE: usize = RESERVED + 6;
    pub(super) const SEGMENT: usize = LINEAGE + 16;
    pub(super) const LAST_SEQUENCE: usize = SEGMENT + 8;
    pub(super) const SECTORS: usize = LAST_SEQUENCE + 8;
    pub(super) const ASSETS: usize = SECTORS + 4;
    pub(super) const INDEX_ENTRIES: usize = ASSETS + 4;
    pub(super) const LAST_HASH: usize = INDEX_ENTRIES + 8;
    pub(super) const MERKLE_ROOT: usize = LAST_HASH + 32;
    pub(super) const ACCOUNT_LIST: usize = MERKLE_ROOT + 32;
    pub(super) const ID_RUN: usize = ACCOUNT_LIST + 16;
    pub(super) const RESERVED_2: usize = ID_RUN + 16;
    pub(super) const TOTALS: usize = RESERVED_2 + 64;
}
const _: () = assert!(at::TOTALS == 224);

/// Sums of one asset up to the last sequence of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AssetTotal {
    /// All that was posted, minor units, modulo 2^128.
    pub volume_posted_minor: u128,
    /// All that is pending, minor units.
    pub pending_minor: u128,
}

/// Where a frame stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    /// Its first sequence.
    pub(crate) first_sequence: u64,
    /// Where it begins in the file.
    pub(crate) offset: u64,
}

/// What a sealed segment holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) lineage_id: [u8; 16],
    pub(crate) segment: u64,
    pub(crate) last_sequence: u64,
    /// Own hash of the last frame.
    pub(crate) last_hash: Hash,
    /// By asset, from 0.
    pub(crate) totals: Vec<AssetTotal>,
    pub(crate) index: Vec<IndexEntry>,
}

/// Bytes on disk of a footer with so many assets and index entries.
pub(crate) fn bytes_on_disk(assets: usize, index_entries: usize) -> u64 {
    let content = at::TOTALS + assets * TOTAL_BYTES + index_entries * INDEX_BYTES + HASH_BYTES;
    sector::sectors_bytes(content as u64)
}

/// Whether a sector begins like a footer, and if so, its bytes on disk. Nothing of it is trusted yet.
pub(crate) fn claimed_bytes(sector: &[u8]) -> Option<u64> {
    let is_footer = sector[..at::VERSION] == MAGIC && u16_at(sector, at::VERSION) == VERSION;
    is_footer.then(|| u64::from(u32_at(sector, at::SECTORS)) * sector::SECTOR_BYTES as u64)
}

impl Footer {
    /// The content, as it is spread over sectors.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let len = at::TOTALS + self.totals.len() * TOTAL_BYTES + self.index.len() * INDEX_BYTES;
        let mut out = vec![0; len + HASH_BYTES];
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let sectors = sector::sectors(out.len() as u64);
        put(&mut out, at::MAGIC, MAGIC);
        put(&mut out, at::VERSION, VERSION.to_le_bytes());
        put(&mut out, at::LINEAGE, self.lineage_id);
        put(&mut out, at::SEGMENT, self.segment.to_le_bytes());
        put(&mut out, at::LAST_SEQUENCE, self.last_sequence.to_le_bytes());
        put(&mut out, at::SECTORS, u32::try_from(sectors).unwrap_or(u32::MAX).to_le_bytes());
        put(&mut out, at::ASSETS, count(self.totals.len()).to_le_bytes());
        put(&mut out, at::INDEX_ENTRIES, (self.index.len() as u64).to_le_bytes());
        put(&mut out, at::LAST_HASH, self.last_hash);
        let mut place = at::TOTALS;
        for (asset, total) in self.totals.iter().enumerate() {
            put(&mut out, place, count(asset).to_le_bytes());
            put(&mut out, place + 8, total.volume_posted_minor.to_le_bytes());
            put(&mut out, place + 24, total.pending_minor.to_le_bytes());
            place += TOTAL_BYTES;
        }
        for entry in &self.index {
            put(&mut out, place, entry.first_sequence.to_le_bytes());
            put(&mut out, place + 8, entry.offset.to_le_bytes());
            place += INDEX_BYTES;
        }
        let hash = blake3::hash(&out[..place]);
        put(&mut out, place, *hash.as_bytes());
        out
    }

    /// Reads the joined content of its sectors; `None` if it is not what was written.
    pub(crate) fn decode(content: &[u8]) -> Option<Self> {
        if content.len() < at::TOTALS || content[..at::VERSION] != MAGIC {
            return None;
        }
        let assets = usize::try_from(u32_at(content, at::ASSETS)).ok()?;
        let entries = usize::try_from(u64_at(content, at::INDEX_ENTRIES)).ok()?;
        let totals_end = at::TOTALS.checked_add(assets.checked_mul(TOTAL_BYTES)?)?;
        let end = totals_end.checked_add(entries.checked_mul(INDEX_BYTES)?)?;
        let hash = content.get(end..end.checked_add(HASH_BYTES)?)?;
        if u16_at(content, at::VERSION) != VERSION
            || hash != blake3::hash(&content[..end]).as_bytes()
        {
            return None;
        }
        let (totals, _) = content[at::TOTALS..totals_end].as_chunks::<TOTAL_BYTES>();
        let (index, _) = content[totals_end..end].as_chunks::<INDEX_BYTES>();
        let total = |bytes: &[u8; TOTAL_BYTES]| AssetTotal {
            volume_posted_minor: u128_at(bytes, 8),
            pending_minor: u128_at(bytes, 24),
        };
        let entry = |bytes: &[u8; INDEX_BYTES]| IndexEntry {
            first_sequence: u64_at(bytes, 0),
            offset: u64_at(bytes, 8),
        };
        Some(Self {
            lineage_id: array(content, at::LINEAGE),
            segment: u64_at(content, at::SEGMENT),
            last_sequence: u64_at(content, at::LAST_SEQUENCE),
            last_hash: array(content, at::LAST_HASH),
            totals: totals.iter().map(total).collect(),
            index: index.iter().map(entry).collect(),
        })
    }
}

/// Whose footer it is.
impl Footer {
    /// Whether it stands in this segment of this lineage.
    pub(crate) fn belongs_to(&self, lineage: Lineage, segment: u64) -> bool {
        self.lineage_id == lineage.id && self.segment == segment
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trip(
            head in any::<([u8; 16], u64, u64, Hash)>(),
            totals in proptest::collection::vec(any::<(u128, u128)>(), 0..200),
            index in proptest::collection::vec(any::<(u64, u64)>(), 0..300),
            at in any::<proptest::sample::Index>(),
        ) {
            let footer = Footer {
                lineage_id: head.0,
                segment: head.1,
                last_sequence: head.2,
                last_hash: head.3,
                totals: totals
                    .into_iter()
                    .map(|(volume_posted_minor, pending_minor)| AssetTotal { volume_posted_minor, pending_minor })
                    .collect(),
                index: index
                    .into_iter()
                    .map(|(first_sequence, offset)| IndexEntry { first_sequence, offset })
                    .collect(),
            };
            let mut content = footer.encode();
            let on_disk = bytes_on_disk(footer.totals.len(), footer.index.len());
            prop_assert_eq!(sector::sectors_bytes(content.len() as u64), on_disk);
            prop_assert_eq!(claimed_bytes(&content), Some(on_disk));
            prop_assert_eq!(Footer::decode(&content), Some(footer));
            let at = at.index(content.len());
            content[at] ^= 1;
            prop_assert_eq!(Footer::decode(&content), None, "a changed footer was accepted");
        }
    }
}
