//! Builds the index of a segment: one pass over its frames, then one file, published as a whole.

use std::io;
use std::path::Path;

use florin_engine::{Event, NO_SLOT};

use super::SealedIndex;
use crate::disk::{Disk, DiskFile};
use crate::error::{OpenError, SealError, is_full};
use crate::format::footer::AssetTotal;
use crate::format::frame::Frame;
use crate::format::record::RecordFault;
use crate::format::sealed::{
    self, FrameEntry, FrameKey, ListKey, PAGE_BYTES, SealedHeader, Section, Tables, sector_sum,
};
use crate::format::sector::{CONTENT_BYTES, SECTOR_BYTES};
use crate::format::segment::{self, HEADER_BYTES, HeaderFault, SegmentHeader};
use crate::format::{Hash, VERSION};
use crate::journal::{encoder, index};

/// Pages are written in pieces of this size.
const PIECE_BYTES: usize = 256 * PAGE_BYTES;

impl<D: Disk> SealedIndex<D> {
    /// Builds the index of a segment that is no longer written to, and puts it in place of one that is there.
    ///
    /// All frames of the segment are read and checked, once, and every event in them goes to `visit`, in order.
    /// `totals_before` are the [totals](Self::totals) of the segment before; none for the first.
    ///
    /// # Errors
    /// See [`SealError`]. None leaves anything that [`load`](Self::load) would take for an index.
    pub fn build(
        disk: &D,
        journal_dir: &Path,
        sealed_dir: &Path,
        segment: u64,
        totals_before: &[AssetTotal],
        visit: &mut dyn FnMut(&Event),
    ) -> Result<Self, SealError> {
        let gathered = gather(disk, journal_dir, segment, totals_before, visit)?;
        publish(disk, sealed_dir, gathered)
    }
}

/// What one pass over a segment brings together.
struct Gathered {
    header: SealedHeader,
    totals: Vec<AssetTotal>,
    list: Vec<ListKey>,
    frames: Vec<FrameEntry>,
    /// By sector, from the one behind the header on.
    sums: Vec<u64>,
}

fn gather<D: Disk>(
    disk: &D,
    dir: &Path,
    number: u64,
    totals_before: &[AssetTotal],
    visit: &mut dyn FnMut(&Event),
) -> Result<Gathered, SealError> {
    let path = dir.join(segment::file_name(number));
    let file = disk.open_read_only(&path).map_err(|e| OpenError::from_io("opened", &path, e))?;
    let len = file.len().map_err(|e| OpenError::from_io("read", &path, e))?;
    let damaged = |offset, what: String| OpenError::Damaged { file: path.clone(), offset, what };
    let begins = read_header(&file, &path)?
        .filter(|header| header.number == number)
        .ok_or_else(|| damaged(0, "its header is not what was written".to_owned()))?;

    let mut totals = totals_before.to_vec();
    let (mut list, mut frames) = (Vec::new(), Vec::<FrameEntry>::new());
    let mut sums = Vec::new();
    let (mut first_timestamp_ns, mut last_timestamp_ns) = (0, 0);
    let mut is_too_large = false;
    let take = |offset: u64, frame: &Frame<'_>, content: &[u8]| {
        let taken = frame.for_each_event(|event| {
            encoder::count(&event, &mut totals);
            match u32::try_from(event.sequence - begins.first_sequence) {
                Ok(place) => list.extend(accounts(&event).map(|slot| ListKey::new(slot, place))),
                Err(_) => is_too_large = true,
            }
            if event.sequence == begins.first_sequence {
                first_timestamp_ns = event.timestamp_ns;
            }
            last_timestamp_ns = event.timestamp_ns;
            visit(&event);
            Ok(())
        });
        taken.map_err(|fault: RecordFault| damaged(offset, fault.0))?;
        let header = &frame.header;
        let noted = frames.last().map(|last| last.offset);
        if index::has_to_be_noted(noted, offset, header.bytes_on_disk()) {
            let first_sequence = header.first_sequence;
            frames.push(FrameEntry { first_sequence, offset, timestamp_ns: header.timestamp_ns });
        }
        let first_sector = offset / SECTOR_BYTES as u64;
        // What is in between is no frame of events, and nothing is looked up in it.
        sums.resize(usize::try_from(first_sector - 1).unwrap_or(usize::MAX), 0);
        let sectors = content.chunks(CONTENT_BYTES);
        sums.extend((first_sector..).zip(sectors).map(|(n, content)| sector_sum(content, n)));
        Ok(())
    };
    let walked = begins.walk(&file, &path, len, take)?;
    if is_too_large {
        return Err(SealError::TooLarge { file: path });
    }
    if let Some(footer) = &walked.footer
        && footer.totals != totals
    {
        let what = "the totals in its footer are not the sums of its events".to_owned();
        return Err(damaged(walked.end_offset, what).into());
    }
    // The end is where the footer says so, where the takeover of a later opening cut it, or where the next begins.
    let is_cut = len == walked.end_offset && len < begins.segment_bytes;
    if walked.footer.is_none() && !is_cut {
        let next = Next { sequence: walked.next_sequence, hash: walked.last_hash };
        if !next
            .begins_behind(disk, dir, number)?
            .ok_or(SealError::Unfinished { file: path.clone() })?
        {
            let what = format!(
                "the frame of event {} is broken or missing, and a later segment was built on it",
                next.sequence
            );
            return Err(damaged(walked.end_offset, what).into());
        }
    }
    sums.resize(
        usize::try_from(walked.end_offset / SECTOR_BYTES as u64 - 1).unwrap_or(usize::MAX),
        0,
    );
    list.sort_unstable();
    let header = SealedHeader {
        lineage: begins.lineage,
        segment: number,
        epoch: begins.epoch,
        first_sequence: begins.first_sequence,
        last_sequence: walked.next_sequence - 1,
        first_timestamp_ns,
        last_timestamp_ns,
        end_offset: walked.end_offset,
        previous_hash: begins.previous_hash,
        last_hash: walked.last_hash,
        assets: u32::try_from(totals.len()).unwrap_or(u32::MAX),
        list_entries: list.len() as u64,
        frame_entries: frames.len() as u64,
        tables_hash: [0; 32],
    };
    Ok(Gathered { header, totals, list, frames, sums })
}

/// The accounts that an event changed, each once.
fn accounts(event: &Event) -> impl Iterator<Item = u32> {
    let [debit, credit] = event.legs().map(|leg| leg.map_or(NO_SLOT, |leg| leg.slot));
    let credit = if credit == debit { NO_SLOT } else { credit };
    [debit, credit].into_iter().filter(|slot| *slot != NO_SLOT)
}

/// What has to come behind a segment.
struct Next {
    sequence: u64,
    hash: Hash,
}

impl Next {
    /// Whether the segment behind the one with this number begins with it; `None` if none is behind.
    fn begins_behind<D: Disk>(
        &self,
        disk: &D,
        dir: &Path,
        number: u64,
    ) -> Result<Option<bool>, SealError> {
        let entries = disk.list(dir).map_err(|e| OpenError::from_io("listed", dir, e))?;
        let numbers = entries.iter().filter_map(|entry| segment::number_in(&entry.name));
        let Some(next) = numbers.filter(|other| *other > number).min() else { return Ok(None) };
        let path = dir.join(segment::file_name(next));
        let file =
            disk.open_read_only(&path).map_err(|e| OpenError::from_io("opened", &path, e))?;
        let header = read_header(&file, &path)?;
        Ok(Some(header.is_some_and(|header| {
            header.first_sequence == self.sequence && header.previous_hash == self.hash
        })))
    }
}

fn read_header<F: DiskFile>(file: &F, path: &Path) -> Result<Option<SegmentHeader>, OpenError> {
    let mut sector = [0; HEADER_BYTES];
    match file.read_exact_at(&mut sector, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(OpenError::from_io("read", path, error)),
    }
    match SegmentHeader::decode(&sector) {
        Ok(header) => Ok(Some(header)),
        Err(HeaderFault::Broken) => Ok(None),
        Err(HeaderFault::Newer(found)) => {
            Err(OpenError::NewerFormat { file: path.to_path_buf(), found, known: VERSION })
        }
    }
}

/// Writes the file under a name that is not looked for, then gives it its own: it is there as a whole or not at
/// all. Gives what is kept of it in memory.
fn publish<D: Disk>(disk: &D, dir: &Path, gathered: Gathered) -> Result<SealedIndex<D>, SealError> {
    let Gathered { mut header, totals, list, frames, sums } = gathered;
    let tables = Tables {
        totals,
        frame_pages: frames
            .iter()
            .step_by(usize::try_from(header.frames().per_page()).unwrap_or(usize::MAX))
            .map(|FrameEntry { first_sequence, timestamp_ns, .. }| FrameKey {
                first_sequence: *first_sequence,
                timestamp_ns: *timestamp_ns,
            })
            .collect(),
        list_pages: list
            .iter()
            .step_by(usize::try_from(header.list().per_page()).unwrap_or(usize::MAX))
            .copied()
            .collect(),
    };
    let tables_bytes = tables.encode();
    header.tables_hash = *blake3::hash(&tables_bytes).as_bytes();

    let path = dir.join(sealed::file_name(header.segment));
    let unfinished = dir.join(sealed::unfinished_name(header.segment));
    let failed = |did, path: &Path| {
        let path = path.to_path_buf();
        move |source: io::Error| SealError::Failed { did, path, source }
    };
    disk.create_dir_all(dir).map_err(failed("made", dir))?;
    match disk.remove(&unfinished) {
        // Of a building that did not come to its end.
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed("removed", &unfinished)(error)),
    }
    let written = disk.create(&unfinished).and_then(|file| {
        let out = Out { file: &file, header: &header };
        out.section(header.list(), list.iter().map(|key| key.encode()))?;
        out.section(header.frames(), frames.iter().map(|frame| frame.encode()))?;
        out.section(header.sums(), sums.iter().map(|sum| sum.to_le_bytes()))?;
        file.write_at(&tables_bytes, header.tables_offset())?;
        file.write_at(&header.encode(), 0)?;
        Ok(file)
    });
    let file = written.map_err(|source| {
        if is_full(&source) {
            // A disk that is full needs what was written of it more than anybody else does.
            let _ = disk.remove(&unfinished);
            return SealError::NoSpace { path: path.clone(), bytes: header.file_bytes() };
        }
        failed("written", &unfinished)(source)
    })?;
    file.sync_data().map_err(failed("synced", &unfinished))?;
    disk.rename(&unfinished, &path).map_err(failed("renamed", &unfinished))?;
    disk.sync_dir(dir).map_err(failed("synced", dir))?;
    Ok(SealedIndex { disk: disk.clone(), path, header, tables })
}

/// The file that is being written.
struct Out<'a, F> {
    file: &'a F,
    header: &'a SealedHeader,
}

impl<F: DiskFile> Out<'_, F> {
    /// Writes the pages of a section.
    fn section<const N: usize>(
        &self,
        section: Section,
        mut entries: impl Iterator<Item = [u8; N]>,
    ) -> io::Result<()> {
        debug_assert_eq!(section.entry_bytes, N);
        let key = self.header.page_key();
        let first_page = section.offset / PAGE_BYTES as u64;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let mut written = section.offset;
        for number in 0..section.pages() {
            let mut page = [0; PAGE_BYTES];
            let count = section.entries_in(number);
            for (place, entry) in
                page.as_chunks_mut::<N>().0.iter_mut().zip(entries.by_ref().take(count))
            {
                *place = entry;
            }
            key.seal(&mut page, first_page + number);
            piece.extend_from_slice(&page);
            if piece.len() == PIECE_BYTES || number + 1 == section.pages() {
                self.file.write_at(&piece, written)?;
                written += piece.len() as u64;
                piece.clear();
            }
        }
        Ok(())
    }
}
