//! The frame index: where to begin to look for an event, by sequence or by time, each look-up one page.

use florin_engine::Sequence;

use super::{Pages, SealedIndex};
use crate::disk::Disk;
use crate::error::ReadError;
use crate::format::sealed::{FRAME_ENTRY_BYTES, FrameEntry, FrameKey, PAGE_BYTES};

impl<D: Disk> SealedIndex<D> {
    /// The last event of the segment that begins a noted frame at or before a time, and the first one that does
    /// after it: what was last at that time stands between them. `None` if all of the segment came later.
    pub(crate) fn around_time(
        &self,
        time_ns: u64,
    ) -> Result<Option<(Sequence, Option<Sequence>)>, ReadError> {
        let begins = |key: &FrameKey| key.timestamp_ns <= time_ns;
        let pages = self.tables.frame_pages.partition_point(begins);
        let Some(number) = pages.checked_sub(1) else { return Ok(None) };
        let behind = self.tables.frame_pages.get(pages).map(|key| key.first_sequence);
        let mut page = [0; PAGE_BYTES];
        let opened = self.pages()?;
        let frames = opened.frame_page(number as u64, &mut page)?;
        let at = frames.partition_point(|raw| FrameEntry::decode(raw).timestamp_ns <= time_ns);
        let Some(before) = at.checked_sub(1) else { return Ok(None) };
        let after = frames.get(at).map(|raw| FrameEntry::decode(raw).first_sequence);
        Ok(Some((FrameEntry::decode(&frames[before]).first_sequence, after.or(behind))))
    }
}

impl<D: Disk> Pages<'_, D> {
    /// Where to begin to look for an event: the last noted frame that begins with it or before it. `None` if all of
    /// the segment comes later.
    pub(crate) fn frame_before(&self, sequence: Sequence) -> Result<Option<u64>, ReadError> {
        let begins = |key: &FrameKey| key.first_sequence <= sequence;
        let pages = self.index.tables.frame_pages.partition_point(begins);
        let Some(number) = pages.checked_sub(1) else { return Ok(None) };
        let mut page = [0; PAGE_BYTES];
        let frames = self.frame_page(number as u64, &mut page)?;
        let after =
            frames.partition_point(|raw| FrameEntry::decode(raw).first_sequence <= sequence);
        Ok(after.checked_sub(1).map(|at| FrameEntry::decode(&frames[at]).offset))
    }

    fn frame_page<'p>(
        &self,
        number: u64,
        page: &'p mut [u8; PAGE_BYTES],
    ) -> Result<&'p [[u8; FRAME_ENTRY_BYTES]], ReadError> {
        Ok(self.read(self.index.header.frames(), number, page)?.as_chunks().0)
    }
}
