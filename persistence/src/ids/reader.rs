//! Reads all ids of a run in order, some pages at a time, checking every one.

use super::fault::Fault;
use super::format::page::{self, ENTRIES_PER_PAGE, PAGE_BYTES};
use super::key::IdEntry;
use super::run::Run;
use crate::disk::Disk;

/// Pages read at once.
const CHUNK_PAGES: u64 = 32;

/// A place in a run.
pub(super) struct RunReader<'a, D: Disk> {
    run: &'a Run<D>,
    bytes: Vec<u8>,
    /// The page after those that were read.
    next_page: u64,
    /// Entries that were read, and how many of them are behind.
    read: usize,
    at: usize,
    head: Option<(u64, IdEntry)>,
}

impl<'a, D: Disk> RunReader<'a, D> {
    /// Begins at the first id.
    pub(super) fn begin(run: &'a Run<D>) -> Result<Self, Fault> {
        let mut reader = Self { run, bytes: Vec::new(), next_page: 0, read: 0, at: 0, head: None };
        reader.advance()?;
        Ok(reader)
    }

    /// The id at this place, with its hash; `None` at the end.
    pub(super) const fn head(&self) -> Option<&(u64, IdEntry)> {
        self.head.as_ref()
    }

    /// Goes to the next one.
    pub(super) fn advance(&mut self) -> Result<(), Fault> {
        let header = &self.run.header;
        if self.at == self.read {
            let pages = CHUNK_PAGES.min(header.pages() - self.next_page);
            if pages == 0 {
                self.head = None;
                return Ok(());
            }
            let bytes = usize::try_from(pages).unwrap_or(usize::MAX) * PAGE_BYTES;
            self.bytes.resize(bytes, 0);
            self.read = self.run.read_pages(self.next_page, &mut self.bytes)?;
            self.next_page += pages;
            self.at = 0;
        }
        let page_at = self.at / ENTRIES_PER_PAGE * PAGE_BYTES;
        let page = &self.bytes[page_at..page_at + PAGE_BYTES];
        let entry = page::entry(page, self.at % ENTRIES_PER_PAGE);
        let hash = self.run.hash(&entry.key);
        // The checksum was right, so this is a fault of the program that wrote it. A merge would make it worse.
        let follows = self.head.is_none_or(|(last, before)| (last, before.key) < (hash, entry.key));
        if !follows || !(header.first..=header.last).contains(&entry.sequence) {
            return Err(self.run.damaged(0, "an id stands where it does not belong"));
        }
        self.head = Some((hash, entry));
        self.at += 1;
        Ok(())
    }
}
