//! Reads a backup from end to end: every object against its hash, then the journal in them as an opening would.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use florin_engine::{Event, Ledger, Sequence};

use super::error::BackupError;
use super::manifest::{Manifest, SegmentObject};
use super::object_disk::ObjectDisk;
use super::place::{Objects, Place};
use super::{BackupProgress, PIECE_BYTES, Phase, Watch};
use crate::disk::Disk;
use crate::error::OpenError;
use crate::format::segment;
use crate::recovery::{Progress, ScanReport, scan};

/// A ledger that was made by replaying a journal, and found whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The last event.
    pub sequence: Sequence,
    /// Its timestamp, ns since 1970.
    pub last_timestamp_ns: u64,
    /// BLAKE3 digest of the state.
    pub digest: [u8; 32],
    /// Accounts opened.
    pub accounts: usize,
    /// Transfers posted.
    pub transfers_posted: u64,
}

/// Reads all of a backup: each object against its length and hash, then the chain of frames, each event replayed into a
/// ledger, and money conserved in it.
///
/// # Errors
/// [`BackupError::Damaged`] names the object and what is wrong with it.
pub fn verify(
    place: &Arc<dyn Place>,
    manifest: &Manifest,
    watch: Watch<'_>,
) -> Result<Replayed, BackupError> {
    let mut progress = BackupProgress {
        phase: Phase::Fetching,
        bytes_done: 0,
        bytes_total: manifest.segments.iter().map(|object| object.bytes).sum(),
        sequence: manifest.sequence,
    };
    for object in &manifest.segments {
        let bytes = place.head(&object.name)?.map(|head| head.bytes);
        if bytes != Some(object.bytes) {
            let what = match bytes {
                None => "it is missing".to_owned(),
                Some(found) => format!("it has {found} bytes, and should have {}", object.bytes),
            };
            return Err(BackupError::damaged(&object.name, what));
        }
        fetch(&**place, object, &mut progress, &mut *watch, &mut |_, _| Ok(()))?;
    }
    let disk = ObjectDisk::new(place, manifest);
    replay(&disk, Path::new(""), manifest, watch)
}

/// Takes a piece of an object, and its offset.
pub(crate) type TakePiece<'a> = &'a mut dyn FnMut(&[u8], u64) -> Result<(), BackupError>;

/// Reads an object piece by piece, hands each on with its offset, and says at the end whether all of it is what the
/// manifest says.
pub(crate) fn fetch(
    objects: &(impl Objects + ?Sized),
    object: &SegmentObject,
    progress: &mut BackupProgress,
    watch: Watch<'_>,
    each: TakePiece<'_>,
) -> Result<(), BackupError> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut offset = 0;
    while offset < object.bytes {
        let left = usize::try_from(object.bytes - offset).unwrap_or(usize::MAX);
        let piece = &mut piece[..left.min(PIECE_BYTES)];
        objects.get(&object.name, offset, piece)?;
        hasher.update(piece);
        each(piece, offset)?;
        offset += piece.len() as u64;
        progress.bytes_done += piece.len() as u64;
        stopped(watch(*progress))?;
    }
    if *hasher.finalize().as_bytes() == object.blake3.0 {
        return Ok(());
    }
    Err(BackupError::damaged(&object.name, "its content does not fit its hash"))
}

/// Replays the journal in a folder into a ledger: chain whole, digests equal, money conserved.
pub(super) fn replay<D: Disk>(
    disk: &D,
    dir: &Path,
    manifest: &Manifest,
    watch: Watch<'_>,
) -> Result<Replayed, BackupError> {
    let mut ledger = Ledger::new(0);
    let report = scan_watched(disk, dir, manifest, watch, &mut |event| ledger.replay(&event))?;
    let not_whole = |what: &str| Err(BackupError::damaged("the journal in it", what));
    if report.last_sequence != ledger.last_sequence() {
        return not_whole("not every event was replayed");
    }
    if !ledger.is_conserved() || !ledger.is_conserved_by_account() {
        return not_whole("debits do not equal credits");
    }
    Ok(Replayed {
        sequence: ledger.last_sequence(),
        last_timestamp_ns: ledger.last_timestamp_ns(),
        digest: ledger.digest(),
        accounts: ledger.accounts_len(),
        transfers_posted: ledger.counters().transfers_posted,
    })
}

/// Scans the journal in a folder; damage in it is damage of the backup.
pub(super) fn scan_watched<D: Disk>(
    disk: &D,
    dir: &Path,
    manifest: &Manifest,
    watch: Watch<'_>,
    each: &mut dyn FnMut(Event) -> Result<(), String>,
) -> Result<ScanReport, BackupError> {
    const STOPPED: &str = "stopped";
    let is_stopped = std::cell::Cell::new(false);
    let mut tell = |progress: Progress| {
        let told = watch(BackupProgress {
            phase: Phase::Replaying,
            bytes_done: progress.bytes_done,
            bytes_total: progress.bytes_total,
            sequence: progress.sequence,
        });
        is_stopped.set(is_stopped.get() || told.is_break());
    };
    let mut take = |event| if is_stopped.get() { Err(STOPPED.to_owned()) } else { each(event) };
    let scanned = scan(disk, dir, &mut take, &mut tell);
    if is_stopped.get() {
        return Err(BackupError::Stopped);
    }
    scanned.map_err(|error| match error {
        OpenError::Damaged { file, offset, what } => {
            let object = object_of(manifest, &file);
            BackupError::damaged(&object, format!("byte {offset}: {what}"))
        }
        OpenError::DamagedTail { file, offset } => {
            let object = object_of(manifest, &file);
            BackupError::damaged(&object, format!("byte {offset}: the last frame has changed"))
        }
        error => BackupError::Journal(error),
    })
}

/// The name of the object that a segment's file was made of.
fn object_of(manifest: &Manifest, file: &Path) -> String {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let number = segment::number_in(name);
    let object = manifest.segments.iter().find(|object| Some(object.number) == number);
    object.map_or_else(|| name.to_owned(), |object| object.name.clone())
}

/// Whether whoever watches has had enough.
pub(super) fn stopped(told: ControlFlow<()>) -> Result<(), BackupError> {
    match told {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(BackupError::Stopped),
    }
}
