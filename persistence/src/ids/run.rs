//! A run on disk: opened, its filters read, an id looked up in it.

use std::path::{Path, PathBuf};

use florin_engine::Sequence;

use super::fault::Fault;
use super::filter::Filters;
use super::format::directory::{self, Shard};
use super::format::header::{HEADER_BYTES, RunHeader, shard_of};
use super::format::page::{self, ENTRIES_PER_PAGE, PAGE_BYTES};
use super::key::{IdEntry, IdKey};
use crate::disk::{Disk, DiskFile};
use crate::format::segment::HeaderFault;

/// So often a place is guessed from the hashes around it, before halving takes over.
const GUESSES: u32 = 4;

/// A run that is whole but for what its pages and filters say when they are read.
pub(super) struct Run<D: Disk> {
    file: D::File,
    pub(super) path: PathBuf,
    pub(super) header: RunHeader,
    pub(super) shards: Box<[Shard]>,
    tag_seed: u64,
}

impl<D: Disk> Run<D> {
    /// Opens a run and reads its header and directory.
    pub(super) fn open(disk: &D, path: &Path) -> Result<Self, Fault> {
        let io = |source| Fault::io(path, source);
        let damaged = |offset, what| Fault::damaged(path, offset, what);
        let file = disk.open_read_only(path).map_err(io)?;
        let len = file.len().map_err(io)?;
        if len < HEADER_BYTES as u64 {
            return Err(damaged(len, "it ends in its header"));
        }
        let mut page = [0; HEADER_BYTES];
        file.read_exact_at(&mut page, 0).map_err(io)?;
        let header = RunHeader::decode(&page).map_err(|fault| match fault {
            HeaderFault::Newer(found) => Fault::Newer { file: path.to_path_buf(), found },
            HeaderFault::Broken => damaged(0, "its header is not what was written"),
        })?;
        if len != header.file_bytes() {
            return Err(damaged(len.min(header.file_bytes()), "its length is wrong"));
        }
        let mut bytes = vec![0; header.directory_bytes()];
        file.read_exact_at(&mut bytes, header.directory_at()).map_err(io)?;
        let shards = directory::decode(&bytes, &header).ok_or_else(|| {
            damaged(header.directory_at(), "its shard directory is not what was written")
        })?;
        let tag_seed = header.tag_seed();
        Ok(Self { file, path: path.to_path_buf(), header, shards, tag_seed })
    }

    /// Reads and checks all its filters.
    pub(super) fn read_filters(&self) -> Result<Filters, Fault> {
        let mut filters = Filters::with_room(self.shards.len(), self.header.filters_bytes);
        let mut bytes = Vec::new();
        for shard in &self.shards {
            bytes.resize(usize::try_from(shard.filter.bytes()).unwrap_or(usize::MAX), 0);
            self.read(&mut bytes, shard.filter.offset)?;
            filters.decode(shard, &bytes, self.tag_seed).ok_or_else(|| {
                self.damaged(shard.filter.offset, "a filter is not what was written")
            })?;
        }
        Ok(filters)
    }

    /// Where an id stands in the journal, if it is in this run. `on_read` is told of each page that is read.
    pub(super) fn find(
        &self,
        hash: u64,
        key: &IdKey,
        mut on_read: impl FnMut(),
    ) -> Result<Option<Sequence>, Fault> {
        let bits = self.header.shard_bits;
        let number = shard_of(hash, bits);
        let shard = self.shards[number];
        // Entries from `low` up to `high` are unknown; what stands before and after them has these hashes.
        // Hashes are uniform, so a place can be guessed from them.
        let width = 1_u128 << (u64::BITS - bits);
        let mut low = (shard.first_entry, number as u128 * width);
        let mut high = (low.0 + u64::from(shard.entries), low.1 + width);
        let mut bytes = [0; PAGE_BYTES];
        for turn in 0.. {
            if low.0 >= high.0 {
                break;
            }
            let guess =
                if turn < GUESSES { guess(hash, low, high) } else { low.0.midpoint(high.0) };
            let number = guess / ENTRIES_PER_PAGE as u64;
            let count = self.read_pages(number, &mut bytes)?;
            on_read();
            let (first, last) = (page::entry(&bytes, 0).key, page::entry(&bytes, count - 1).key);
            let (first_hash, last_hash) = (self.hash(&first), self.hash(&last));
            let page_first = number * ENTRIES_PER_PAGE as u64;
            if (hash, key) < (first_hash, &first) {
                high = (page_first, u128::from(first_hash));
            } else if (hash, key) > (last_hash, &last) {
                low = (page_first + count as u64, u128::from(last_hash));
            } else {
                return Ok(self.find_in_page(&bytes, count, hash, key));
            }
        }
        Ok(None)
    }

    fn find_in_page(&self, page: &[u8], count: usize, hash: u64, key: &IdKey) -> Option<Sequence> {
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            let IdEntry { key: found, sequence } = page::entry(page, middle);
            match (self.hash(&found), &found).cmp(&(hash, key)) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(sequence),
            }
        }
        None
    }

    /// Reads pages of entries from this one on and checks them. How many entries are in them.
    pub(super) fn read_pages(&self, first: u64, bytes: &mut [u8]) -> Result<usize, Fault> {
        let offset = HEADER_BYTES as u64 + first * PAGE_BYTES as u64;
        self.read(bytes, offset)?;
        for (number, page) in (first..).zip(bytes.chunks_exact(PAGE_BYTES)) {
            if !page::is_whole(page, self.tag_seed, number) {
                let offset = HEADER_BYTES as u64 + number * PAGE_BYTES as u64;
                return Err(self.damaged(offset, "a page of ids is not what was written"));
            }
        }
        let room = bytes.len() / PAGE_BYTES * ENTRIES_PER_PAGE;
        let left = self.header.entries - first * ENTRIES_PER_PAGE as u64;
        Ok(usize::try_from(left).map_or(room, |left| left.min(room)))
    }

    pub(super) fn hash(&self, key: &IdKey) -> u64 {
        key.hash(self.header.seed)
    }

    pub(super) fn damaged(&self, offset: u64, what: &'static str) -> Fault {
        Fault::damaged(&self.path, offset, what)
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> Result<(), Fault> {
        let read = self.file.read_exact_at(bytes, offset);
        read.map_err(|source| Fault::io(&self.path, source))
    }
}

/// The entry between two where a hash should stand.
fn guess(hash: u64, low: (u64, u128), high: (u64, u128)) -> u64 {
    let width = (high.1 - low.1).max(1);
    let entries = high.0 - low.0;
    // At most 2^48 entries and a width of 2^64: the product has room.
    let distance = u128::from(hash).saturating_sub(low.1).min(width);
    let steps = distance * u128::from(entries) / width;
    low.0 + u64::try_from(steps).unwrap_or(u64::MAX).min(entries - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_stay_between_and_are_near() {
        let end = 1_u128 << 64;
        for (hash, low, high, expected) in [
            (0, (0, 0), (1_000, end), 0),
            (u64::MAX, (0, 0), (1_000, end), 999),
            (1 << 63, (0, 0), (1_000, end), 500),
            (1 << 63, (200, 0), (300, end), 250),
            (1 << 62, (0, 0), (1 << 48, end), 1 << 46),
            // Nothing between them to go by.
            (5, (7, 5), (9, 5), 7),
            (3, (7, 5), (9, 9), 7),
            (90, (7, 5), (9, 9), 8),
        ] {
            assert_eq!(guess(hash, low, high), expected, "{hash:x} {low:?} {high:?}");
        }
    }
}
