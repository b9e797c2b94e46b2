//! Writes a run, one id after the other, in the memory of a shard and some pages.

use std::path::{Path, PathBuf};

use super::filter;
use super::format::directory::{self, Shard};
use super::format::header::{HEADER_BYTES, RunHeader, shard_of};
use super::format::page::{self, ENTRIES_PER_PAGE, PAGE_BYTES};
use super::format::{file_name, unfinished_name};
use super::key::IdEntry;
use crate::disk::{Disk, DiskFile};
use crate::error::IdsError;

/// Pages written at once.
const CHUNK_PAGES: usize = 64;
const CHUNK_ENTRIES: usize = CHUNK_PAGES * ENTRIES_PER_PAGE;

/// A run in the making, under a name that nobody reads.
pub(super) struct RunWriter<'a, D: Disk> {
    disk: &'a D,
    dir: &'a Path,
    file: D::File,
    path: PathBuf,
    need_bytes: u64,
    /// What is known of it so far.
    header: RunHeader,
    tag_seed: u64,
    pushed: u64,
    last: Option<IdEntry>,
    /// Pages that are not written yet.
    chunk: Vec<u8>,
    chunk_entries: usize,
    chunks_written: u64,
    /// Of the shard in the making.
    hashes: Vec<u64>,
    shard_first: u64,
    shards: Vec<Shard>,
}

/// Bytes that a run will take, from above.
pub(super) fn need_bytes(header: &RunHeader) -> u64 {
    // Less than 2.5 bytes an id in shards of the usual size; small ones round up to whole segments.
    header.file_bytes() + 3 * header.entries + 64 * header.shards() as u64
}

impl<'a, D: Disk> RunWriter<'a, D> {
    /// Begins a run of as many ids as the header says.
    pub(super) fn begin(disk: &'a D, dir: &'a Path, header: RunHeader) -> Result<Self, IdsError> {
        let path = dir.join(unfinished_name(header.first, header.last));
        let need_bytes = need_bytes(&header);
        let file = disk.create(&path);
        let file = file.map_err(|e| IdsError::from_write("made", &path, need_bytes, e))?;
        Ok(Self {
            disk,
            dir,
            file,
            path,
            need_bytes,
            tag_seed: header.tag_seed(),
            shards: Vec::with_capacity(header.shards()),
            header,
            pushed: 0,
            last: None,
            chunk: vec![0; CHUNK_PAGES * PAGE_BYTES],
            chunk_entries: 0,
            chunks_written: 0,
            hashes: Vec::new(),
            shard_first: 0,
        })
    }

    /// Takes the next id in order of hash and key.
    pub(super) fn push(&mut self, hash: u64, entry: &IdEntry) -> Result<(), IdsError> {
        if let Some(last) = self.last.filter(|last| last.key == entry.key) {
            let mut sequences = [last.sequence, entry.sequence];
            sequences.sort_unstable();
            return Err(IdsError::UsedTwice { key: entry.key, sequences });
        }
        while self.shards.len() < shard_of(hash, self.header.shard_bits) {
            self.close_shard()?;
        }
        self.hashes.push(hash);
        self.header.min_id = self.header.min_id.min(entry.key.id);
        self.header.max_id = self.header.max_id.max(entry.key.id);
        self.last = Some(*entry);
        let page_at = self.chunk_entries / ENTRIES_PER_PAGE * PAGE_BYTES;
        let page = &mut self.chunk[page_at..page_at + PAGE_BYTES];
        page::put_entry(page, self.chunk_entries % ENTRIES_PER_PAGE, entry);
        self.chunk_entries += 1;
        self.pushed += 1;
        if self.chunk_entries == CHUNK_ENTRIES {
            self.write_chunk()?;
        }
        Ok(())
    }

    /// Writes what is left, and makes the run durable under its name, which is returned.
    pub(super) fn finish(mut self) -> Result<PathBuf, IdsError> {
        let RunHeader { first, last, .. } = self.header;
        if self.pushed != self.header.entries {
            let what = "it has not as many ids as were announced";
            return Err(IdsError::Invalid { first, last, what });
        }
        while self.shards.len() < self.header.shards() {
            self.close_shard()?;
        }
        self.write_chunk()?;
        let directory = directory::encode(&self.shards);
        self.header.directory_hash = *blake3::hash(&directory).as_bytes();
        self.write(&directory, self.header.directory_at())?;
        self.write(&self.header.encode(), 0)?;
        let RunWriter { disk, dir, file, path: unfinished, .. } = self;
        file.sync_data().map_err(|e| IdsError::failed("synced", &unfinished, e))?;
        let path = dir.join(file_name(first, last));
        disk.rename(&unfinished, &path).map_err(|e| IdsError::failed("renamed", &unfinished, e))?;
        disk.sync_dir(dir).map_err(|e| IdsError::failed("synced", dir, e))?;
        Ok(path)
    }

    fn close_shard(&mut self) -> Result<(), IdsError> {
        let number = self.shards.len();
        let Ok(entries) = u32::try_from(self.hashes.len()) else {
            let RunHeader { first, last, .. } = self.header;
            let what = "more ids than a shard takes";
            return Err(IdsError::Invalid { first, last, what });
        };
        let (bytes, mut filter) = filter::build(&mut self.hashes, number, self.tag_seed);
        filter.offset = self.header.directory_at();
        if !bytes.is_empty() {
            self.write(&bytes, filter.offset)?;
        }
        self.header.filters_bytes += filter.bytes();
        self.shards.push(Shard { first_entry: self.shard_first, entries, filter });
        self.shard_first += u64::from(entries);
        self.hashes.clear();
        Ok(())
    }

    fn write_chunk(&mut self) -> Result<(), IdsError> {
        let bytes = self.chunk_entries.div_ceil(ENTRIES_PER_PAGE) * PAGE_BYTES;
        if bytes == 0 {
            return Ok(());
        }
        let first = self.chunks_written * CHUNK_PAGES as u64;
        for (number, page) in (first..).zip(self.chunk[..bytes].chunks_exact_mut(PAGE_BYTES)) {
            page::seal(page, self.tag_seed, number);
        }
        self.write(&self.chunk[..bytes], HEADER_BYTES as u64 + first * PAGE_BYTES as u64)?;
        self.chunk[..bytes].fill(0);
        self.chunk_entries = 0;
        self.chunks_written += 1;
        Ok(())
    }

    fn write(&self, bytes: &[u8], offset: u64) -> Result<(), IdsError> {
        let written = self.file.write_at(bytes, offset);
        written.map_err(|e| IdsError::from_write("written", &self.path, self.need_bytes, e))
    }
}
