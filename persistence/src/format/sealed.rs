//! The index file beside a segment that is no longer written to: its header, its pages, its tables.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::footer::AssetTotal;
use super::sector::SECTOR_BYTES;
use super::{Hash, Lineage};
use crate::bytes::{array, put, u16_at, u32_at, u64_at, u128_at};

/// What is read and checked as one piece.
pub(crate) const PAGE_BYTES: usize = 4_096;
/// A page without its sum.
pub(crate) const PAGE_CONTENT_BYTES: usize = PAGE_BYTES - 8;

/// An entry of the account list: slot, and sequence counted from the segment's first.
pub(crate) const LIST_ENTRY_BYTES: usize = 4 + 4;
/// An entry of the frame index: first sequence, offset, timestamp.
pub(crate) const FRAME_ENTRY_BYTES: usize = 8 + 8 + 8;
/// The sum of a sector.
pub(crate) const SUM_BYTES: usize = 8;

/// Totals of an asset, a page's first frame, and a page's first list entry, as they stand in the tables.
pub(crate) const TOTAL_BYTES: usize = 4 + 4 + 16 + 16;
const FRAME_KEY_BYTES: usize = 8 + 8;

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
        PageKey(u64_at(&self.lineage.id, 0) ^ self.segment << 32)
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

/// What the sums of one file's pages are made with: a page of another file, or from another place, has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageKey(u64);

impl PageKey {
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

    pub(crate) fn decode(bytes: &[u8; LIST_ENTRY_BYTES]) -> Self {
        Self::new(u32_at(bytes, 0), u32_at(bytes, 4))
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
            list_pages: list.as_chunks().0.iter().map(ListKey::decode).collect(),
        })
    }
}

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

    fn any_header() -> impl Strategy<Value = SealedHeader> {
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

        #[test]
        fn entries(slot in any::<u32>(), place in any::<u32>(), frame in any::<[u64; 3]>()) {
            let key = ListKey::new(slot, place);
            prop_assert_eq!((key.slot(), key.place()), (slot, place));
            prop_assert_eq!(ListKey::decode(&key.encode()), key);
            let [first_sequence, offset, timestamp_ns] = frame;
            let entry = FrameEntry { first_sequence, offset, timestamp_ns };
            prop_assert_eq!(FrameEntry::decode(&entry.encode()), entry);
        }

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
