//! What a crash of the standby leaves: frames that were written and not synced. None of them was counted as followed, so
//! all of it can be taken back, and is asked for again.

use std::io;
use std::path::Path;

use super::super::mark::{Mark, MarkFile};
use super::head::Head;
use crate::bytes::{PageBuffer, is_zero};
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::sector::SECTOR_BYTES;
use crate::format::segment::{self, HEADER_BYTES, SegmentHeader};
use crate::recovery::Cut;
use crate::recovery::verdict::{Verdict, verdict};
use crate::recovery::walk::{Source, Through, Window};

/// Zeros are written in pieces of this size.
const PIECE_BYTES: usize = 1024 * 1024;

/// Takes back what may be torn. Gives the mark for what is going to be written.
pub(super) fn repair<D: Disk>(disk: &D, dir: &Path) -> Result<MarkFile<D>, OpenError> {
    // A process that was killed may not have synced the name of a segment either.
    disk.sync_dir(dir).map_err(|e| OpenError::from_io("synced", dir, e))?;
    let opened = MarkFile::open(disk, dir);
    let (file, mark) = opened.map_err(|e| OpenError::from_io("opened", dir, e))?;
    let mut window = Window::default();
    if let Some(mark) = mark {
        take_back(disk, dir, &mark, &mut window)?;
    }
    look_at_last(disk, dir, &mut window)?;
    Ok(file)
}

/// Zeroes what is marked, from the first frame on that was not written completely. What is broken elsewhere, or has changed
/// since it was written, or has something behind it that came later, is for recovery to judge: it was followed.
fn take_back<D: Disk>(
    disk: &D,
    dir: &Path,
    mark: &Mark,
    window: &mut Window,
) -> Result<(), OpenError> {
    let path = dir.join(segment::file_name(mark.segment));
    let Some(header) = header_of(disk, &path)? else { return Ok(()) };
    if *blake3::hash(&header.1).as_bytes() != mark.header_hash {
        return Ok(()); // of a segment that is gone
    }
    let head = Head::read(disk, dir, mark.segment, window)?;
    let failed = |did| {
        let path = &path;
        move |error| OpenError::from_io(did, path, error)
    };
    let end = mark.end.min(head.file.len().map_err(failed("read"))?);
    // A last frame that counted before the rest was written, and is not quite as it was written still: nothing of the rest
    // was synced.
    let is_behind_counted = head.ahead_end() == Some(mark.begin);
    let begin = if is_behind_counted { mark.begin } else { head.offset };
    if !(mark.begin..end).contains(&begin) {
        return Ok(());
    }
    if !is_behind_counted && !may_be_torn(disk, dir, mark, &head, window)? {
        return Ok(());
    }
    zero_between(&head.file, begin, end).map_err(failed("zeroed"))
}

/// Takes away what was damaged at the end.
pub(super) fn zero<D: Disk>(disk: &D, cut: &Cut) -> Result<(), OpenError> {
    let path = &cut.file;
    let file = disk.open(path).map_err(|e| OpenError::from_io("opened", path, e))?;
    let zeroed = zero_between(&file, cut.offset, cut.offset + cut.bytes);
    zeroed.map_err(|e| OpenError::from_io("zeroed", path, e))
}

/// Writes zeros, whole sectors, and syncs them.
fn zero_between<F: DiskFile>(file: &F, begin: u64, end: u64) -> io::Result<()> {
    let mut zeros = PageBuffer::default();
    zeros.resize(PIECE_BYTES);
    let mut at = begin;
    while at < end {
        let left = usize::try_from(end - at).unwrap_or(usize::MAX);
        let piece = &zeros[..left.min(zeros.len())];
        file.write_at(piece, at)?;
        at += piece.len() as u64;
    }
    file.sync_data()
}

/// Whether what is not whole in a marked place can be a write that the power cut off. A mark that was taken back may stand
/// there again after a power failure, and then it cannot be.
fn may_be_torn<D: Disk>(
    disk: &D,
    dir: &Path,
    mark: &Mark,
    head: &Head<D>,
    window: &mut Window,
) -> Result<bool, OpenError> {
    let entries = disk.list(dir).map_err(|e| OpenError::from_io("listed", dir, e))?;
    let numbers = entries.iter().filter_map(|entry| segment::number_in(&entry.name));
    if numbers.max() > Some(mark.segment) {
        return Ok(false); // it was begun when all of this one was synced
    }
    let path = &head.path;
    let file = disk.open_read_only(path).map_err(|e| OpenError::from_io("opened", path, e))?;
    let len = file.len().map_err(|e| OpenError::from_io("read", path, e))?;
    let end = len - len % SECTOR_BYTES as u64;
    let source = Source { file: &file, path, end, through: Through::Device };
    window.clear();
    if verdict(&source, window, head.offset, &head.expected)? == Verdict::Rot {
        return Ok(false);
    }
    // One that is whole was written when everything up to the end of the mark was synced.
    let mut content = Vec::new();
    for at in (mark.end..end).step_by(SECTOR_BYTES) {
        if is_zero(source.bytes(window, at, SECTOR_BYTES as u64)?) {
            continue;
        }
        let frame = source.frame(window, at, &mut content)?;
        let frame = frame.map(|(header, _)| (header.lineage, header.segment));
        let footer = source.footer(window, at, &mut content)?;
        let is_footer =
            footer.is_some_and(|it| it.belongs_to(head.header.lineage, head.header.number));
        if frame == Some((head.header.lineage, head.header.number)) || is_footer {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes sure that what is seen of the last segment is durable, before anything is built on it. One that begins with a
/// takeover that is not whole on the device never counted and is removed. Only while the segment before it still stands uncut;
/// otherwise it did count, and something has happened to it since.
fn look_at_last<D: Disk>(disk: &D, dir: &Path, window: &mut Window) -> Result<(), OpenError> {
    let entries = disk.list(dir).map_err(|e| OpenError::from_io("listed", dir, e))?;
    let mut segments: Vec<_> = entries
        .iter()
        .filter_map(|entry| Some((segment::number_in(&entry.name)?, entry.len)))
        .collect();
    segments.sort_unstable();
    let Some((last, _)) = segments.pop() else { return Ok(()) };
    let path = dir.join(segment::file_name(last));
    let Some((header, _)) = header_of(disk, &path)? else { return Ok(()) };
    let has_taken_over = Head::read(disk, dir, last, window)?.has_taken_over();
    let Some((before, len)) = segments.last().copied() else { return Ok(()) };
    let before = header_of(disk, &dir.join(segment::file_name(before)))?;
    let is_uncut = before.is_some_and(|(header, _)| len >= header.segment_bytes);
    if !header.is_takeover || has_taken_over || !is_uncut {
        return Ok(());
    }
    disk.remove(&path).map_err(|e| OpenError::from_io("removed", &path, e))?;
    disk.sync_dir(dir).map_err(|e| OpenError::from_io("synced", dir, e))
}

/// The header of a segment and its sector; `None` if there is none that is whole.
fn header_of<D: Disk>(
    disk: &D,
    path: &Path,
) -> Result<Option<(SegmentHeader, [u8; HEADER_BYTES])>, OpenError> {
    let file = match disk.open_read_only(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|e| OpenError::from_io("opened", path, e))?,
    };
    let mut sector = [0; HEADER_BYTES];
    match file.read_exact_at(&mut sector, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read.map_err(|e| OpenError::from_io("read", path, e))?,
    }
    Ok(SegmentHeader::decode(&sector).ok().map(|header| (header, sector)))
}

pub(super) fn remove_if_there<D: Disk>(disk: &D, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
