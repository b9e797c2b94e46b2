//! What lies beside a segment that is no longer written to: an index file, built off the hot path and at any time
//! again from the segment.
//!
//! It says what the segment holds without reading it ([`SealedIndex`]), which events changed an account
//! ([`list`]), where frames stand ([`frames`]), and what each sector's content sums up to, so that one record can be
//! checked without its frame. `docs/JOURNAL_FORMAT.md` has its bytes. Only the header and where each page begins are
//! kept in memory; everything else is read a page at a time, and no page is believed before its sum was checked.

mod build;
mod frames;
mod list;

use std::path::{Path, PathBuf};
use std::{fmt, io};

use florin_engine::Sequence;

use crate::disk::{Disk, DiskFile};
use crate::error::ReadError;
use crate::format::footer::AssetTotal;
use crate::format::sealed::{
    self, ListKey, PAGE_BYTES, SUM_BYTES, SealedHeader, Section, Tables, sector_sum,
};
use crate::format::sector::SECTOR_BYTES;
use crate::format::{Hash, Lineage};
use crate::journal::index::FrameIndex;
use crate::recovery::Passed;

/// The index of one sealed segment.
///
/// All of its look-ups read single pages of the file, in whatever thread asks. What is damaged is an error
/// ([`ReadError::Damaged`]), never an answer: [build](Self::build) it again then.
pub struct SealedIndex<D: Disk> {
    disk: D,
    path: PathBuf,
    header: SealedHeader,
    tables: Tables,
}

impl<D: Disk> fmt::Debug for SealedIndex<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, header, tables, .. } = self;
        f.debug_struct("SealedIndex")
            .field("path", path)
            .field("header", header)
            .field("tables", tables)
            .finish_non_exhaustive()
    }
}

/// An index whose file is open, for several look-ups one after the other.
pub(crate) struct Pages<'a, D: Disk> {
    index: &'a SealedIndex<D>,
    file: D::File,
}

/// One page that was checked.
type Page = [u8; PAGE_BYTES];

impl<D: Disk> SealedIndex<D> {
    /// Loads the index of a segment: its header and tables. `None` if there is none.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if it is not what was written, or another release wrote it: build it again.
    pub fn load(disk: &D, sealed_dir: &Path, segment: u64) -> Result<Option<Self>, ReadError> {
        let path = sealed_dir.join(sealed::file_name(segment));
        let failed = |source| ReadError::Io { path: path.clone(), source };
        let damaged =
            |offset, what: String| ReadError::Damaged { file: path.clone(), offset, what };
        let file = match disk.open_read_only(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let len = file.len().map_err(failed)?;
        if len < PAGE_BYTES as u64 {
            return Err(damaged(0, "it ends within its header".to_owned()));
        }
        let mut page = [0; PAGE_BYTES];
        file.read_exact_at(&mut page, 0).map_err(failed)?;
        let header = SealedHeader::decode(&page).map_err(|what| damaged(0, what))?;
        if header.segment != segment {
            return Err(damaged(0, format!("it is the index of segment {}", header.segment)));
        }
        if len != header.file_bytes() {
            let what = format!("it has {len} bytes and should have {}", header.file_bytes());
            return Err(damaged(len, what));
        }
        let tables_bytes = usize::try_from(header.tables_bytes()).unwrap_or(usize::MAX);
        let mut bytes = vec![0; tables_bytes];
        file.read_exact_at(&mut bytes, header.tables_offset()).map_err(failed)?;
        let tables = Tables::decode(&header, &bytes).ok_or_else(|| {
            damaged(header.tables_offset(), "its tables are not what was written".to_owned())
        })?;
        Ok(Some(Self { disk: disk.clone(), path, header, tables }))
    }

    /// The same index, of which the file is read through another disk.
    pub fn on<E: Disk>(self, disk: E) -> SealedIndex<E> {
        let Self { path, header, tables, .. } = self;
        SealedIndex { disk, path, header, tables }
    }

    /// Number of the segment.
    pub const fn segment(&self) -> u64 {
        self.header.segment
    }

    /// Which history the segment is of.
    pub const fn lineage(&self) -> [u8; 16] {
        self.header.lineage.id
    }

    /// Which opening wrote the segment.
    pub const fn epoch(&self) -> u64 {
        self.header.epoch
    }

    /// The first event of the segment, or the one that would have been.
    pub const fn first_sequence(&self) -> Sequence {
        self.header.first_sequence
    }

    /// The last event of the segment; the one before the first if it has none.
    pub const fn last_sequence(&self) -> Sequence {
        self.header.last_sequence
    }

    /// How many events there are in the segment.
    pub const fn events(&self) -> u64 {
        self.header.records()
    }

    /// Time of the first event, ns since 1970; 0 if there is none.
    pub const fn first_timestamp_ns(&self) -> u64 {
        self.header.first_timestamp_ns
    }

    /// Time of the last event, ns since 1970; 0 if there is none.
    pub const fn last_timestamp_ns(&self) -> u64 {
        self.header.last_timestamp_ns
    }

    /// Where the last frame of the segment ends, bytes into its file.
    pub const fn end_offset(&self) -> u64 {
        self.header.end_offset
    }

    /// Hash of the last frame before the segment; zeros in the first.
    pub const fn previous_hash(&self) -> Hash {
        self.header.previous_hash
    }

    /// Hash of the last frame of the segment: the previous hash of what follows.
    pub const fn last_hash(&self) -> Hash {
        self.header.last_hash
    }

    /// Sums by asset, after the last event of the segment.
    pub fn totals(&self) -> &[AssetTotal] {
        &self.tables.totals
    }

    /// Bytes of the file.
    pub const fn file_bytes(&self) -> u64 {
        self.header.file_bytes()
    }

    /// Bytes that it keeps in memory, besides a few hundred.
    pub const fn memory_bytes(&self) -> u64 {
        self.header.tables_bytes()
    }

    /// What a start needs of a segment that it does not read. Its frames are found once
    /// [`JournalReader::add_sealed`](crate::JournalReader::add_sealed) has this index.
    pub fn passed(&self) -> Passed {
        Passed {
            last_sequence: self.header.last_sequence,
            last_hash: self.header.last_hash,
            end_offset: self.header.end_offset,
            totals: self.tables.totals.clone(),
            frames: FrameIndex::elsewhere(),
        }
    }

    /// Whose segment it is.
    pub(crate) const fn lineage_of(&self) -> Lineage {
        self.header.lineage
    }

    /// Where its file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file.
    pub(crate) fn pages(&self) -> Result<Pages<'_, D>, ReadError> {
        let file = self.disk.open_read_only(&self.path);
        Ok(Pages { index: self, file: file.map_err(|source| self.failed(source))? })
    }

    /// Where an event stands in the list, counted from the first of the segment; as far as the list can count
    /// if it comes after the segment, and `None` if it comes before.
    fn place_of(&self, sequence: Sequence) -> Option<u32> {
        let place = sequence.checked_sub(self.header.first_sequence)?;
        Some(u32::try_from(place).unwrap_or(u32::MAX))
    }

    fn sequence_of(&self, key: ListKey) -> Sequence {
        self.header.first_sequence + u64::from(key.place())
    }

    fn failed(&self, source: io::Error) -> ReadError {
        ReadError::Io { path: self.path.clone(), source }
    }
}

impl<D: Disk> Pages<'_, D> {
    /// Reads and checks a page of a section; gives it with the bytes of its entries.
    fn read<'p>(
        &self,
        section: Section,
        number: u64,
        page: &'p mut Page,
    ) -> Result<&'p [u8], ReadError> {
        let index = self.index;
        let offset = section.offset + number * PAGE_BYTES as u64;
        self.file.read_exact_at(page, offset).map_err(|source| index.failed(source))?;
        if !index.header.page_key().vouches_for(page, offset / PAGE_BYTES as u64) {
            let what = "a page is not what was written".to_owned();
            return Err(ReadError::Damaged { file: index.path.clone(), offset, what });
        }
        Ok(&page[..section.entries_in(number) * section.entry_bytes])
    }

    /// Whether the contents of consecutive sectors of the segment are what they were when the index was built and
    /// their frames had been checked. `first` is the number of the first one in the file.
    pub(crate) fn vouch_for<'s>(
        &self,
        first: u64,
        contents: impl Iterator<Item = &'s [u8]>,
    ) -> Result<bool, ReadError> {
        let section = self.index.header.sums();
        let mut page = [0; PAGE_BYTES];
        let mut in_memory = None;
        for (number, content) in (first..).zip(contents) {
            // The header of the segment has none.
            let Some(entry) = number.checked_sub(1).filter(|at| *at < section.entries) else {
                return Ok(false);
            };
            let (wanted, at) = (entry / section.per_page(), entry % section.per_page());
            if in_memory != Some(wanted) {
                self.read(section, wanted, &mut page)?;
                in_memory = Some(wanted);
            }
            let at = usize::try_from(at).unwrap_or(usize::MAX) * SUM_BYTES;
            if crate::bytes::u64_at(&page, at) != sector_sum(content, number) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The number of the sector in which a byte of a file stands.
pub(crate) const fn sector_number(offset: u64) -> u64 {
    offset / SECTOR_BYTES as u64
}
