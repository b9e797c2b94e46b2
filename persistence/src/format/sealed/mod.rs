//! The index file beside a segment that is no longer written to: its header, its pages, its tables.

mod entry;
mod page;
mod tables;

use super::sector::SECTOR_BYTES;
use super::{Hash, Lineage};
use crate::bytes::{array, put, u16_at, u32_at, u64_at};

pub(crate) use entry::{FRAME_ENTRY_BYTES, FrameEntry, LIST_ENTRY_BYTES, ListKey};
pub(crate) use page::{PAGE_BYTES, PAGE_CONTENT_BYTES, PageKey, SUM_BYTES, sector_sum};
use tables::{FRAME_KEY_BYTES, TOTAL_BYTES};
pub(crate) use tables::{FrameKey, Tables};

const MAGIC: [u8; 8] = *b"FLORNSIX";
const VERSION: u16 = 1;
/// No section has more entries: whatever is computed from them fits.
const ENTRIES_MAX: u64 = 1 << 40;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const PAGE_BYTES: usize = VERSION + 2;
    pub(super) const PARTITION: usize = PAGE_BYTES + 2;
    pub(super) const LINEAGE: usize = PARTITION + 4;
    pub(super) const SEGMENT: usize = LINEAGE + 16;
    pub(super) const EPOCH: usize = SEGMENT + 8;
    pub(super) const FIRST_SEQUENCE: usize = EPOCH + 8;
    pub(super) const LAST_SEQUENCE: usize = FIRST_SEQUENCE + 8;
    pub(super) const RECORDS: usize = LAST_SEQUENCE + 8;
    pub(super) const FIRST_TIMESTAMP: usize = RECORDS + 8;
    pub(super) const LAST_TIMESTAMP: usize = FIRST_TIMESTAMP + 8;
    pub(super) const END_OFFSET: usize = LAST_TIMESTAMP + 8;
    pub(super) const PREVIOUS_HASH: usize = END_OFFSET + 8;
    pub(super) const LAST_HASH: usize = PREVIOUS_HASH + 32;
    pub(super) const ASSETS: usize = LAST_HASH + 32;
    pub(super) const RESERVED: usize = ASSETS + 4;
    pub(super) const LIST: usize = RESERVED + 4;
    pub(super) const FRAMES: usize = LIST + 16;
    pub(super) const SUMS: usize = FRAMES + 16;
    pub(super) const TABLES: usize = SUMS + 16;
    pub(super) const RESERVED_2: usize = TABLES + 16;
    pub(super) const TABLES_HASH: usize = RESERVED_2 + 64;
    pub(super) const HASH: usize = TABLES_HASH + 32;
    pub(super) const END: usize = HASH + 32;
}
const _: () = assert!(at::HASH == 328 && at::END == 360 && at::END <= PAGE_BYTES);

/// Entries of one width in whole pages, one section behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Section {
    /// Where its first page begins in the file.
    pub(crate) offset: u64,
    /// How many entries it has.
    pub(crate) entries: u64,
    /// Bytes of each.
    pub(crate) entry_bytes: usize,
}

impl Section {
    /// Entries in a full page.
    pub(crate) const fn per_page(&self) -> u64 {
        (PAGE_CONTENT_BYTES / self.entry_bytes) as u64
    }

    /// How many pages it has.
    pub(crate) const fn pages(&self) -> u64 {
        self.entries.div_ceil(self.per_page())
    }

    /// Where the section behind it begins.
    pub(crate) const fn end(&self) -> u64 {
        self.offset + self.pages() * PAGE_BYTES as u64
    }

    /// Entries in one of its pages.
    pub(crate) fn entries_in(&self, page: u64) -> usize {
        let before = page.saturating_mul(self.per_page());
        let there = self.entries.saturating_sub(before).min(self.per_page());
        usize::try_from(there).unwrap_or(usize::MAX)
    }
}

/// What an index says of itself and of its segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealedHeader {
    pub(crate) lineage: Lineage,
    /// Number of the segment.
    pub(crate) segment: u64,
    /// As the segment's.
    pub(crate) epoch: u64,
    /// First sequence of the segment.
    pub(crate) first_sequence: u64,
    /// Its last one; the one before the first if it has no events.
    pub(crate) last_sequence: u64,
    /// Of its first event, ns since 1970; 0 if it has none.
    pub(crate) first_timestamp_ns: u64,
    /// Of its last event.
    pub(crate) last_timestamp_ns: u64,
    /// Where its last frame ends.
    pub(crate) end_offset: u64,
    /// Own hash of the last frame before the segment.
    pub(crate) previous_hash: Hash,
    /// Own hash of its last frame.
    pub(crate) last_hash: Hash,
    /// How many assets there are totals of.
    pub(crate) assets: u32,
    /// Entries of the account list.
    pub(crate) list_entries: u64,
    /// Entries of the frame index.
    pub(crate) frame_entries: u64,
    /// BLAKE3 of the tables.
    pub(crate) tables_hash: Hash,
}

impl SealedHeader {
    /// The account list, right behind the header.
    pub(crate) const fn list(&self) -> Section {
        let entries = self.list_entries;
        Section { offset: PAGE_BYTES as u64, entries, entry_bytes: LIST_ENTRY_BYTES }
    }

    /// The frame index.
    pub(crate) const fn frames(&self) -> Section {
        let (offset, entries) = (self.list().end(), self.frame_entries);
        Section { offset, entries, entry_bytes: FRAME_ENTRY_BYTES }
    }

    /// The sums of the segment's sectors, from the one behind its header on.
    pub(crate) const fn sums(&self) -> Section {
        let entries = (self.end_offset / SECTOR_BYTES as u64).saturating_sub(1);
        Section { offset: self.frames().end(), entries, entry_bytes: SUM_BYTES }
    }

    /// Where the tables begin.
    pub(crate) const fn tables_offset(&self) -> u64 {
        self.sums().end()
    }

    /// Bytes of the tables.
    pub(crate) const fn tables_bytes(&self) -> u64 {
        self.assets as u64 * TOTAL_BYTES as u64
            + self.frames().pages() * FRAME_KEY_BYTES as u64
            + self.list().pages() * LIST_ENTRY_BYTES as u64
    }

    /// Bytes of the file.
    pub(crate) const fn file_bytes(&self) -> u64 {
        self.tables_offset() + self.tables_bytes()
    }

    /// What the sums of its pages are made with.
    pub(crate) fn page_key(&self) -> PageKey {
        PageKey::new(&self.lineage.id, self.segment)
    }

    /// Places and lengths of the sections, in their order.
    fn places(&self) -> [(usize, u64, u64); 4] {
        let [list, frames, sums] = [self.list(), self.frames(), self.sums()];
        [
            (at::LIST, list.offset, list.entries),
            (at::FRAMES, frames.offset, frames.entries),
            (at::SUMS, sums.offset, sums.entries),
            (at::TABLES, self.tables_offset(), self.tables_bytes()),
        ]
    }

    /// The first page of the file.
    pub(crate) fn encode(&self) -> [u8; PAGE_BYTES] {
        let mut out = [0; PAGE_BYTES];
        put(&mut out, at::MAGIC, MAGIC);
        put(&mut out, at::VERSION, VERSION.to_le_bytes());
        put(&mut out, at::PAGE_BYTES, PAGE_BYTES_FIELD.to_le_bytes());
        put(&mut out, at::PARTITION, self.lineage.partition.to_le_bytes());
        put(&mut out, at::LINEAGE, self.lineage.id);
        put(&mut out, at::SEGMENT, self.segment.to_le_bytes());
        put(&mut out, at::EPOCH, self.epoch.to_le_bytes());
        put(&mut out, at::FIRST_SEQUENCE, self.first_sequence.to_le_bytes());
        put(&mut out, at::LAST_SEQUENCE, self.last_sequence.to_le_bytes());
        put(&mut out, at::RECORDS, self.records().to_le_bytes());
        put(&mut out, at::FIRST_TIMESTAMP, self.first_timestamp_ns.to_le_bytes());
        put(&mut out, at::LAST_TIMESTAMP, self.last_timestamp_ns.to_le_bytes());
        put(&mut out, at::END_OFFSET, self.end_offset.to_le_bytes());
        put(&mut out, at::PREVIOUS_HASH, self.previous_hash);
        put(&mut out, at::LAST_HASH, self.last_hash);
        put(&mut out, at::ASSETS, self.assets.to_le_bytes());
        for (place, offset, len) in self.places() {
            put(&mut out, place, offset.to_le_bytes());
            put(&mut out, place + 8, len.to_le_bytes());
        }
        put(&mut out, at::TABLES_HASH, self.tables_hash);
        let hash = blake3::hash(&out[..at::HASH]);
        put(&mut out, at::HASH, *hash.as_bytes());
        out
    }

    /// Reads the first page of a file; an error says what is wrong with it.
    pub(crate) fn decode(page: &[u8; PAGE_BYTES]) -> Result<Self, String> {
        let broken = || Err("its header is not what was written".to_owned());
        if page[..at::VERSION] != MAGIC {
            return broken();
        }
        let version = u16_at(page, at::VERSION);
        if version > VERSION {
            return Err(format!("it has format {version}, and this release knows {VERSION}"));
        }
        let hash: Hash = array(page, at::HASH);
        if hash != *blake3::hash(&page[..at::HASH]).as_bytes()
            || version == 0
            || u16_at(page, at::PAGE_BYTES) != PAGE_BYTES_FIELD
        {
            return broken();
        }
        let header = Self {
            lineage: Lineage {
                id: array(page, at::LINEAGE),
                partition: u32_at(page, at::PARTITION),
            },
            segment: u64_at(page, at::SEGMENT),
            epoch: u64_at(page, at::EPOCH),
            first_sequence: u64_at(page, at::FIRST_SEQUENCE),
            last_sequence: u64_at(page, at::LAST_SEQUENCE),
            first_timestamp_ns: u64_at(page, at::FIRST_TIMESTAMP),
            last_timestamp_ns: u64_at(page, at::LAST_TIMESTAMP),
            end_offset: u64_at(page, at::END_OFFSET),
            previous_hash: array(page, at::PREVIOUS_HASH),
            last_hash: array(page, at::LAST_HASH),
            assets: u32_at(page, at::ASSETS),
            list_entries: u64_at(page, at::LIST + 8),
            frame_entries: u64_at(page, at::FRAMES + 8),
            tables_hash: array(page, at::TABLES_HASH),
        };
        let fits = header.list_entries <= ENTRIES_MAX
            && header.frame_entries <= ENTRIES_MAX
            && header.end_offset <= ENTRIES_MAX * SECTOR_BYTES as u64
            && header.first_sequence > 0
            && header.last_sequence.checked_add(1) >= Some(header.first_sequence)
            && u64_at(page, at::RECORDS) == header.records();
        let fits = fits
            && header.places().iter().all(|(place, offset, len)| {
                (u64_at(page, *place), u64_at(page, place + 8)) == (*offset, *len)
            });
        if fits { Ok(header) } else { broken() }
    }

    /// How many events there are in the segment.
    pub(crate) const fn records(&self) -> u64 {
        self.last_sequence.wrapping_add(1).wrapping_sub(self.first_sequence)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "4,096 fits")]
const PAGE_BYTES_FIELD: u16 = PAGE_BYTES as u16;

const SUFFIX: &str = ".index";

/// The name of the index of the segment with this number.
pub(crate) fn file_name(segment: u64) -> String {
    format!("{segment:010}{SUFFIX}")
}

/// The name that it has until it is whole.
pub(crate) fn unfinished_name(segment: u64) -> String {
    format!("{}.tmp", file_name(segment))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn any_header() -> impl Strategy<Value = SealedHeader> {
        let numbers = (any::<[u64; 5]>(), 1..1_u64 << 40, 0..1_u64 << 20, 1..1_u64 << 20);
        let counts = (any::<u32>(), 0..ENTRIES_MAX, 0..ENTRIES_MAX);
        (any::<([u8; 16], u32)>(), numbers, any::<[Hash; 3]>(), counts).prop_map(
            |((id, partition), (n, first_sequence, records, sectors), hashes, counts)| {
                SealedHeader {
                    lineage: Lineage { id, partition },
                    segment: n[0],
                    epoch: n[1],
                    first_sequence,
                    last_sequence: first_sequence + records - 1,
                    first_timestamp_ns: n[2],
                    last_timestamp_ns: n[3],
                    end_offset: sectors * SECTOR_BYTES as u64,
                    previous_hash: hashes[0],
                    last_hash: hashes[1],
                    assets: counts.0,
                    list_entries: counts.1,
                    frame_entries: counts.2,
                    tables_hash: hashes[2],
                }
            },
        )
    }

    proptest! {
        #[test]
        fn headers(header in any_header(), at in 0..at::END, bit in 0..8_u32) {
            let mut page = header.encode();
            prop_assert_eq!(SealedHeader::decode(&page), Ok(header));
            page[at] ^= 1_u8 << bit;
            prop_assert!(SealedHeader::decode(&page).is_err(), "a changed header was accepted");
        }

    }

    #[test]
    fn newer_releases_are_named() {
        let mut page = [0; PAGE_BYTES];
        assert!(SealedHeader::decode(&page).unwrap_err().contains("not what was written"));
        put(&mut page, at::MAGIC, MAGIC);
        put(&mut page, at::VERSION, 2_u16.to_le_bytes());
        assert!(SealedHeader::decode(&page).unwrap_err().contains("format 2"));
    }

    #[test]
    fn sections() {
        let section = |entries, entry_bytes| Section { offset: 4_096, entries, entry_bytes };
        for (entries, entry_bytes, pages, in_first, in_last) in [
            (0, LIST_ENTRY_BYTES, 0, 0, 0),
            (1, LIST_ENTRY_BYTES, 1, 1, 1),
            (511, LIST_ENTRY_BYTES, 1, 511, 511),
            (512, LIST_ENTRY_BYTES, 2, 511, 1),
            (170, FRAME_ENTRY_BYTES, 1, 170, 170),
            (345, FRAME_ENTRY_BYTES, 3, 170, 5),
        ] {
            let section = section(entries, entry_bytes);
            assert_eq!(section.pages(), pages, "{entries}");
            assert_eq!(section.end(), 4_096 * (1 + pages), "{entries}");
            assert_eq!(section.entries_in(0), in_first, "{entries}");
            assert_eq!(section.entries_in(pages.saturating_sub(1)), in_last, "{entries}");
            assert_eq!(section.entries_in(pages), 0, "{entries}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(file_name(7), "0000000007.index");
        assert_eq!(unfinished_name(7), "0000000007.index.tmp");
    }
}
