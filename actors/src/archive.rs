//! Retention: takes sealed segments out of the hot set, oldest first, once everything that rests on them rests on
//! something else. A thread of its own; nobody waits for it, and if it fails, the segments stay where they are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use florin_engine::Sequence;
use florin_persistence::archive::{Archive, ArchivedSegment};
use florin_persistence::backup::{BackupError, Place, PlaceError};
use florin_persistence::snapshot::{
    FileStore, Manifest, SnapshotError, SnapshotIdentity, SnapshotStore, verify,
};
use florin_persistence::{Disk, IdRuns, JournalReader, OpenError};
use thiserror::Error;

/// How often it is looked for something to archive.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long it is left alone after it failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Opens a place by what a person wrote: a path or a URL.
pub type OpenPlace = fn(&str) -> Result<Arc<dyn Place>, String>;

/// Whether and where segments are archived.
#[derive(Debug, Clone)]
pub struct ArchiveSettings {
    /// Where to; `None`: never. What was archived before is still read.
    pub to: Option<String>,
    /// Sealed segments that always stay.
    pub keep_segments: usize,
    /// How a place is opened.
    pub open: OpenPlace,
}

impl ArchiveSettings {
    /// Nothing is archived, and there is nothing to be read of what was.
    pub const NONE: Self = Self {
        to: None,
        keep_segments: 0,
        open: |name| Err(format!("{name} is not to be opened")),
    };
}

/// Figures of the archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveFigures {
    /// Segments in it.
    pub segments: u64,
    /// The last event in it; 0 if there is none.
    pub through: Sequence,
    /// Bytes of its objects.
    pub bytes: u64,
    /// How often archiving has failed since the start.
    pub failures: u64,
    /// Why, the last time; `None` if it has succeeded since.
    pub last_error: Option<String>,
}

/// What the archiving thread publishes.
#[derive(Debug, Default)]
pub struct ArchiveGauge {
    failed: Mutex<(u64, Option<String>)>,
}

impl ArchiveGauge {
    /// Figures, together with what is in the archive.
    pub fn figures<D: Disk>(&self, archive: &Archive<D>) -> ArchiveFigures {
        let (failures, last_error) =
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ArchiveFigures {
            segments: archive.len(),
            through: archive.through(),
            bytes: archive.bytes(),
            failures,
            last_error,
        }
    }

    fn note(&self, error: Option<String>) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.0 += u64::from(error.is_some());
        failed.1 = error;
    }
}

/// Why nothing was archived. Everything is where it was.
#[derive(Debug, Error)]
pub enum ArchiveFault {
    /// The segment could not be read, or the place failed.
    #[error(transparent)]
    Copy(#[from] BackupError),
    /// The place failed.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The checkpoint.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] SnapshotError),
    /// An archived segment could not be removed from here.
    #[error(transparent)]
    Remove(#[from] OpenError),
    /// The archive is to be somewhere else than before, and not everything is there.
    #[error("{object} is not in the archive: copy what was archived before to its new place")]
    Moved {
        /// The first object that is missing.
        object: String,
    },
}

/// Takes a checkpoint into a store; whole, durable, and seen by nobody before the journal is.
pub type TakeCheckpoint<'a> =
    &'a mut dyn FnMut(&mut dyn SnapshotStore) -> Result<Manifest, SnapshotError>;

/// Archives segments, step by step. A plain struct, like the partition's core.
pub struct Archivist<D: Disk> {
    archive: Archive<D>,
    reader: JournalReader<D>,
    ids: IdRuns<D>,
    checkpoints: FileStore<D>,
    identity: SnapshotIdentity,
    keep_segments: usize,
    /// Through which event a checkpoint was read back and found whole.
    covered_through: Sequence,
    /// The place has everything that is said to be there.
    is_complete: bool,
    /// Archived, and its file could not be removed from here.
    not_removed: Option<u64>,
    /// The manifest of what is archived, as this one has written it.
    list: Option<String>,
    /// It has everything.
    is_listed: bool,
}

impl<D: Disk> Archivist<D> {
    /// An archivist of an opened journal, with the folder of its checkpoint.
    pub fn new(
        archive: Archive<D>,
        reader: JournalReader<D>,
        ids: IdRuns<D>,
        checkpoints: FileStore<D>,
        identity: SnapshotIdentity,
        keep_segments: usize,
    ) -> Self {
        let is_listed = archive.is_empty();
        Self {
            archive,
            reader,
            ids,
            checkpoints,
            identity,
            keep_segments,
            covered_through: 0,
            is_complete: false,
            not_removed: None,
            list: None,
            // Where nothing was ever archived there is nothing to be listed.
            is_listed,
        }
    }

    /// Archives the oldest segment that may go, if there is one: `None` if there is none.
    ///
    /// A segment may go when so many newer ones are over, its index and its ids are there, and a checkpoint that was
    /// read back covers it. If none does, one is taken.
    ///
    /// # Errors
    /// See [`ArchiveFault`]: to try again later is right.
    pub fn step(
        &mut self,
        take: TakeCheckpoint<'_>,
    ) -> Result<Option<ArchivedSegment>, ArchiveFault> {
        if let Some(number) = self.not_removed {
            self.remove(number)?;
        }
        let Some((number, last)) = self.next() else {
            self.list()?;
            return Ok(None);
        };
        self.check_place()?;
        if self.covered_through < last {
            self.cover(last, take)?;
        }
        if self.covered_through < last {
            return Ok(None); // not yet: the next checkpoint is of a later moment
        }
        let segment = self.archive.retire(number, self.identity.lineage)?;
        self.is_listed = false;
        self.remove(number)?;
        Ok(Some(segment))
    }

    /// Has what is archived listed in its place, and takes back the list before. Those of earlier starts stay.
    fn list(&mut self) -> Result<(), ArchiveFault> {
        if self.is_listed {
            return Ok(());
        }
        let name = self.archive.list_segments()?;
        self.is_listed = true;
        let before = std::mem::replace(&mut self.list, name);
        if let Some(before) = before.filter(|before| self.list.as_ref() != Some(before))
            && let Err(error) = self.archive.remove_list(&before)
        {
            tracing::debug!(%error, "an older list of what is archived stays");
        }
        Ok(())
    }

    /// Removes the files of what was archived. It is tried again in the next step if it fails.
    fn remove(&mut self, number: u64) -> Result<(), ArchiveFault> {
        self.not_removed = Some(number);
        let removed = self.archive.remove_retired();
        // Whoever opened the file until it was gone keeps its room taken.
        self.reader.let_go(number);
        removed?;
        self.not_removed = None;
        Ok(())
    }

    /// The oldest segment that is not archived, with its last event, if nothing here needs it. Only segments with events
    /// count as kept.
    fn next(&self) -> Option<(u64, Sequence)> {
        let over = self.reader.segments_over();
        let mut kept = over.iter().rev().filter(|(_, span)| !span.is_empty());
        let may_go = match self.keep_segments.checked_sub(1) {
            None => over.len(),
            Some(before) => {
                let oldest_kept = kept.nth(before)?.0;
                over.partition_point(|(number, _)| *number < oldest_kept)
            }
        };
        let archived = self.archive.newest();
        let (number, span) = over[..may_go].iter().find(|(number, _)| *number > archived)?;
        let has_ids = self.ids.missing(*span.end()).is_empty();
        (has_ids && self.reader.has_index(*number)).then_some((*number, *span.end()))
    }

    /// Sees to it that a checkpoint covers an event, and that what is on disk is what was written.
    fn cover(&mut self, last: Sequence, take: TakeCheckpoint<'_>) -> Result<(), ArchiveFault> {
        let newest = self.checkpoints.generations()?.last().copied();
        if let Some(newest) = newest {
            match verify(&self.checkpoints, newest, self.identity) {
                Ok(manifest) => self.covered_through = manifest.head_sequence(),
                Err(error) => tracing::warn!(%error, "a checkpoint cannot be used"),
            }
        }
        if self.covered_through >= last {
            return Ok(());
        }
        let taken = take(&mut self.checkpoints)?;
        let manifest = verify(&self.checkpoints, taken.generation(), self.identity)?;
        self.covered_through = manifest.head_sequence();
        self.checkpoints.prune(1)?;
        Ok(())
    }

    /// Whoever named another place than before may have forgotten to bring along what is in that one.
    fn check_place(&mut self) -> Result<(), ArchiveFault> {
        if self.is_complete {
            return Ok(());
        }
        if let Some(object) = self.archive.missing()? {
            return Err(ArchiveFault::Moved { object });
        }
        self.is_complete = true;
        Ok(())
    }
}

/// The archiving thread's loop; it ends when it is told to, and when nobody holds the other end any more.
pub fn run<D: Disk>(
    mut archivist: Archivist<D>,
    stop: &Receiver<()>,
    gauge: &ArchiveGauge,
    take: TakeCheckpoint<'_>,
) {
    let mut wait = LOOK_EVERY;
    while stop.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = LOOK_EVERY;
        match archivist.step(&mut *take) {
            Ok(Some(ArchivedSegment { object, .. })) => {
                gauge.note(None);
                tracing::info!(
                    segment = object.number,
                    through = object.last_sequence,
                    bytes = object.bytes,
                    "a segment was archived"
                );
                wait = Duration::ZERO;
            }
            Ok(None) => gauge.note(None),
            Err(error) => {
                tracing::warn!(%error, "nothing is archived: it is tried again");
                gauge.note(Some(error.to_string()));
                wait = AFTER_FAILURE;
            }
        }
    }
}
