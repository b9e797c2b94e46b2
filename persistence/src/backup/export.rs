//! Makes a backup: what the place has not got is sent, the manifest last.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use florin_engine::Sequence;

use super::catalog;
use super::error::{BackupError, PlaceError};
use super::manifest::{Manifest, SEGMENTS, SegmentObject};
use super::place::Place;
use super::plan::{lineage_of, plan};
use super::{BackupProgress, Phase, Watch};
use crate::archive::ArchivedSegment;
use crate::disk::{Disk, DiskFile};

/// How a backup is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportOptions {
    /// The last event that is known to be durable, where a server runs; otherwise the journal is taken to its end.
    pub durable_through: Option<Sequence>,
    /// Read everything, and send everything again, whatever the place has already.
    pub full: bool,
    /// The time, ns since 1970.
    pub now_ns: u64,
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Name of its manifest.
    pub name: String,
    /// What is in it.
    pub manifest: Manifest,
    /// Objects that were sent; the others were there.
    pub objects_sent: u64,
    /// Bytes in them.
    pub bytes_sent: u64,
}

/// Exports the journal in a folder, and what was archived of it (`archived`, with an
/// [`Archive`](crate::archive::Archive) as the disk). The backup counts once its manifest is there, which is written last: what was sent
/// before an interruption is not sent again.
///
/// # Errors
/// The journal is damaged or has no events, the place failed, or `watch` has stopped it.
pub fn export<D: Disk>(
    disk: &D,
    dir: &Path,
    archived: &[ArchivedSegment],
    place: &dyn Place,
    options: &ExportOptions,
    watch: Watch<'_>,
) -> Result<Exported, BackupError> {
    let lineage = lineage_of(disk, dir, archived)?.ok_or(BackupError::Empty)?;
    let previous = catalog::newest_of(place, &lineage)?;
    let known = previous.as_ref().map(|(_, manifest)| manifest).filter(|_| !options.full);
    let through = options.durable_through;
    let mut journal = plan(disk, dir, archived, through, known, options.now_ns, &mut *watch)?;
    journal.manifest.previous = previous.map(|(name, _)| name);

    let mut missing: Vec<(usize, &SegmentObject)> = Vec::new();
    for (at, object) in journal.manifest.segments.iter().enumerate() {
        let there = place.head(&object.name)?.is_some_and(|head| head.bytes == object.bytes);
        if options.full || !there {
            missing.push((at, object));
        }
    }
    if missing.len() < journal.manifest.segments.len() {
        place.settle(SEGMENTS)?;
    }
    let mut progress = BackupProgress {
        phase: Phase::Sending,
        bytes_done: 0,
        bytes_total: missing.iter().map(|(_, object)| object.bytes).sum(),
        sequence: journal.manifest.sequence,
    };
    for (at, object) in &missing {
        let file = journal.open(*at)?;
        let mut content = Content {
            file: &file,
            offset: 0,
            end: object.bytes,
            progress: &mut progress,
            watch: &mut *watch,
            is_stopped: false,
        };
        let put = place.put(&object.name, &mut content, object.bytes, &object.blake3.0);
        if content.is_stopped {
            return Err(BackupError::Stopped);
        }
        put?;
    }
    let (objects_sent, bytes_sent) = (missing.len() as u64, progress.bytes_total);
    let (name, bytes) = journal.manifest.encode()?;
    let hash = *blake3::hash(&bytes).as_bytes();
    place.put(&name, &mut bytes.as_slice(), bytes.len() as u64, &hash)?;
    if place.head(&name)?.is_none() {
        return Err(PlaceError::missing(&name).into());
    }
    Ok(Exported { name, manifest: journal.manifest, objects_sent, bytes_sent })
}

/// The content of a segment, told about as it goes.
struct Content<'a, 'w, F> {
    file: &'a F,
    offset: u64,
    end: u64,
    progress: &'a mut BackupProgress,
    watch: &'a mut (dyn FnMut(BackupProgress) -> ControlFlow<()> + 'w),
    is_stopped: bool,
}

impl<F: DiskFile> Read for Content<'_, '_, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.is_stopped {
            return Err(io::Error::other("it was stopped"));
        }
        let left = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
        let count = buf.len().min(left);
        let read = self.file.read_at(&mut buf[..count], self.offset)?;
        self.offset += read as u64;
        self.progress.bytes_done += read as u64;
        if (self.watch)(*self.progress).is_break() {
            self.is_stopped = true;
            return Err(io::Error::other("it was stopped"));
        }
        Ok(read)
    }
}
