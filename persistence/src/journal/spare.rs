//! The spare: the next segment, zeroed ahead, so that a write to it touches no metadata of the file
//! system.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::bytes::PageBuffer;
use crate::disk::{Disk, DiskFile};
use crate::error::is_full;
use crate::format::segment::{self, SegmentHeader};

/// Zeros are written in pieces of this size.
const PIECE_BYTES: usize = 1024 * 1024;
/// And synced in pieces of this size, so that a frame's sync never waits behind a whole segment.
const SYNC_BYTES: u64 = 16 * 1024 * 1024;

/// Keeps a spare ready. Clones share it: one belongs into a thread of its own, the writer has another.
pub struct SparePreparer<D> {
    shelf: Arc<Shelf<D>>,
}

impl<D> Clone for SparePreparer<D> {
    fn clone(&self) -> Self {
        Self { shelf: Arc::clone(&self.shelf) }
    }
}

struct Shelf<D> {
    disk: D,
    dir: PathBuf,
    segment_bytes: u64,
    /// Held by whoever works on the spare, from its first zero to its new name.
    work: Mutex<()>,
    /// Length of the spare; 0 = there is none.
    ready_bytes: AtomicU64,
}

/// Why a segment could not be brought into use.
#[derive(Debug)]
pub(crate) enum CommissionError {
    /// No room for it. Nothing has changed.
    NoSpace,
    /// The disk failed.
    Failed { did: &'static str, path: PathBuf, source: io::Error },
}

impl<D: Disk> SparePreparer<D> {
    /// `found_bytes` is the length of the spare in the folder, if there is one.
    pub(crate) fn new(disk: D, dir: PathBuf, segment_bytes: u64, found_bytes: Option<u64>) -> Self {
        let ready_bytes = AtomicU64::new(found_bytes.unwrap_or(0));
        let shelf = Shelf { disk, dir, segment_bytes, work: Mutex::new(()), ready_bytes };
        Self { shelf: Arc::new(shelf) }
    }

    /// Makes a spare unless there is one; says whether it did. An error leaves none, and no harm: the
    /// writer goes on without as long as its segment has room.
    pub fn prepare(&self) -> io::Result<bool> {
        let _working = self.shelf.work();
        if self.ready_bytes() == self.shelf.segment_bytes {
            return Ok(false);
        }
        self.shelf.make(self.shelf.segment_bytes).map_err(|(_, source)| source)?;
        Ok(true)
    }

    /// Length of the spare; 0 if there is none.
    pub(crate) fn ready_bytes(&self) -> u64 {
        self.shelf.ready_bytes.load(Ordering::Acquire)
    }

    /// Makes sure of a spare of this length and keeps everybody else off it. Without room for one nothing
    /// has changed.
    pub(crate) fn reserve(&self, bytes: u64) -> Result<Reserved<'_, D>, CommissionError> {
        let Self { shelf } = self;
        let working = shelf.work();
        if self.ready_bytes() != bytes {
            shelf.make(bytes).map_err(|(did, source)| {
                let path = shelf.dir.join(segment::SPARE);
                if is_full(&source) {
                    CommissionError::NoSpace
                } else {
                    CommissionError::Failed { did, path, source }
                }
            })?;
        }
        Ok(Reserved { shelf, _working: working })
    }
}

/// A spare that is about to become a segment.
pub(crate) struct Reserved<'a, D> {
    shelf: &'a Shelf<D>,
    _working: MutexGuard<'a, ()>,
}

impl<D: Disk> Reserved<'_, D> {
    /// Brings it into use as a segment with this header: header and name are durable when it returns.
    pub(crate) fn commission(
        self,
        header: &SegmentHeader,
    ) -> Result<(D::File, PathBuf), CommissionError> {
        let Shelf { disk, dir, ready_bytes, .. } = self.shelf;
        let spare = dir.join(segment::SPARE);
        let path = dir.join(segment::file_name(header.number));
        let failed = |did, path: &Path| {
            let path = path.to_path_buf();
            move |source| CommissionError::Failed { did, path, source }
        };
        // Whatever happens from here on, this is no spare any more.
        ready_bytes.store(0, Ordering::Release);
        let file = disk.open(&spare).map_err(failed("opened", &spare))?;
        file.write_at(&header.encode(), 0).map_err(failed("written", &spare))?;
        file.sync_data().map_err(failed("synced", &spare))?;
        disk.rename(&spare, &path).map_err(failed("renamed", &spare))?;
        disk.sync_dir(dir).map_err(failed("synced", dir))?;
        Ok((file, path))
    }
}

impl<D: Disk> Shelf<D> {
    fn work(&self) -> MutexGuard<'_, ()> {
        // Whoever panicked left at most an unfinished spare, which is made anew.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a spare of this length, in place of any other.
    fn make(&self, bytes: u64) -> Result<(), (&'static str, io::Error)> {
        let unfinished = self.dir.join(segment::SPARE_UNFINISHED);
        let spare = self.dir.join(segment::SPARE);
        remove_if_there(&self.disk, &unfinished).map_err(|e| ("removed", e))?;
        if self.ready_bytes.swap(0, Ordering::AcqRel) != 0 {
            remove_if_there(&self.disk, &spare).map_err(|e| ("removed", e))?;
        }
        // Not begun when it cannot be finished: others write to this disk too.
        let free_bytes = self.disk.free_bytes(&self.dir).map_err(|e| ("asked for its room", e))?;
        if free_bytes < bytes {
            return Err(("zeroed", io::ErrorKind::StorageFull.into()));
        }
        if let Err(fault) = self.zero(&unfinished, bytes) {
            // Best effort: gives the room back. What is left is removed before the next attempt.
            let _ = self.disk.remove(&unfinished);
            return Err(fault);
        }
        self.disk.rename(&unfinished, &spare).map_err(|e| ("renamed", e))?;
        self.disk.sync_dir(&self.dir).map_err(|e| ("synced", e))?;
        self.ready_bytes.store(bytes, Ordering::Release);
        Ok(())
    }

    fn zero(&self, path: &Path, bytes: u64) -> Result<(), (&'static str, io::Error)> {
        let file = self.disk.create(path).map_err(|e| ("created", e))?;
        let mut zeros = PageBuffer::default();
        zeros.resize(usize::try_from(bytes).unwrap_or(PIECE_BYTES).min(PIECE_BYTES));
        let mut offset = 0;
        while offset < bytes {
            let left = usize::try_from(bytes - offset).unwrap_or(usize::MAX);
            let piece = &zeros[..left.min(zeros.len())];
            file.write_at(piece, offset).map_err(|e| ("written", e))?;
            offset += piece.len() as u64;
            if offset % SYNC_BYTES == 0 || offset == bytes {
                file.sync_data().map_err(|e| ("synced", e))?;
            }
        }
        Ok(())
    }
}

fn remove_if_there<D: Disk>(disk: &D, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
