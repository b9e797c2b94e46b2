//! What lies beside segments that are over: their index files, and the runs of ids. Made by a thread of its own, oldest
//! segment first; nobody waits for it, and whatever is missing or damaged it makes again from the journal.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use florin_engine::{Event, Forgotten, Sequence};
use florin_persistence::archive::Archive;
use florin_persistence::{
    AssetTotal, Disk, IdEntry, IdKey, IdRuns, IdSet, IdsError, JournalReader, OpenError, ReadError,
    SealError, SealedIndex, ids_of,
};
use thiserror::Error;

use crate::beside::BesideGauge;
use crate::load::IdReader;
use crate::sealed_ids::{LookedUp, SealedIds};
use crate::start::Places;

/// How often it is looked for what is new, if nobody says that there is something.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long archived segments are left alone after one could not be read.
const ARCHIVE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// What comes to the sealing thread.
#[derive(Debug)]
pub enum Sealing {
    /// A segment has been sealed, or something that was built is damaged.
    Look,
    /// Ids that are not in memory any more: to be dropped here.
    Drop(Forgotten),
}

/// Why it could not be made.
#[derive(Debug, Error)]
pub enum SealFault {
    /// The index of a segment.
    #[error(transparent)]
    Index(#[from] SealError),
    /// A run of ids.
    #[error(transparent)]
    Ids(#[from] IdsError),
    /// The journal or an index could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The same, of a segment that was archived. Nobody waits for it, and those that are here go on.
    #[error("archived segment {number}: {source}")]
    Archived {
        /// The segment.
        number: u64,
        /// Why.
        source: Box<SealFault>,
    },
}

/// Makes what is missing, step by step. A plain struct, like the partition's core.
pub struct Sealer<D: Disk> {
    maker: Maker<D>,
    archive: Archive<D>,
    reader: JournalReader<D>,
    /// Indexes that are whole, by number of segment.
    known: BTreeMap<u64, Arc<SealedIndex<D>>>,
    /// An archived segment could not be read: none is asked for until [`retry_archived`](Self::retry_archived).
    leaves_archived: bool,
}

/// What a step has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// Nothing: all is there.
    Nothing,
    /// The index of a segment, or its ids, or both.
    Segment,
    /// Runs of ids were merged.
    Merged,
}

/// Indexes that were found in a folder.
pub type Indexes<D> = BTreeMap<u64, Arc<SealedIndex<D>>>;

/// Loads the indexes that are there, of these segments. One that is damaged is made again later.
///
/// # Errors
/// The folder cannot be made, synced or read.
pub fn load_indexes<D: Disk>(
    disk: &D,
    dir: &Path,
    segments: impl IntoIterator<Item = u64>,
) -> Result<Indexes<D>, OpenError> {
    disk.create_dir_all(dir).map_err(|error| OpenError::from_io("made", dir, error))?;
    // Names may only be in memory, left by a process that was killed: segments are archived that have their index.
    disk.sync_dir(dir).map_err(|error| OpenError::from_io("synced", dir, error))?;
    let mut found = Indexes::new();
    for segment in segments {
        match SealedIndex::load(disk, dir, segment) {
            Ok(Some(index)) => drop(found.insert(segment, Arc::new(index))),
            Ok(None) => {}
            Err(error) => tracing::warn!(segment, %error, "an index is made again"),
        }
    }
    Ok(found)
}

impl<D: Disk> Sealer<D> {
    /// A sealer of an opened journal. `known` are the indexes that were [loaded](load_indexes).
    pub fn new(
        maker: Maker<D>,
        archive: Archive<D>,
        reader: JournalReader<D>,
        known: Indexes<D>,
    ) -> Self {
        let mut made =
            Self { maker, archive, reader, known: BTreeMap::new(), leaves_archived: false };
        for (segment, index) in known {
            match made.reader.add_sealed(Arc::clone(&index)) {
                Ok(()) => drop(made.known.insert(segment, index)),
                Err(error) => tracing::warn!(segment, %error, "an index is made again"),
            }
        }
        made
    }

    /// The runs of ids.
    pub const fn ids(&self) -> &IdRuns<D> {
        &self.maker.ids
    }

    /// Where segments go that are taken out of the hot set.
    pub const fn archive(&self) -> &Archive<D> {
        &self.archive
    }

    /// Every segment up to the one with this event has its index; 0 = none has.
    pub fn indexed_through(&self) -> Sequence {
        let over = self.reader.segments_over();
        let has_index = |(number, _): &&(u64, _)| self.known.contains_key(number);
        let last = over.iter().take_while(has_index).last();
        last.map_or(0, |(_, span)| *span.end())
    }

    /// Archived segments are asked for again.
    pub const fn retry_archived(&mut self) {
        self.leaves_archived = false;
    }

    /// Makes the next thing that is missing.
    ///
    /// # Errors
    /// It could not be made. Nothing is lost: the journal has everything. After [`SealFault::Archived`] the next steps do
    /// what does not need the archive.
    pub fn step(&mut self) -> Result<Sealed, SealFault> {
        for (segment, error) in self.reader.take_damaged() {
            tracing::warn!(segment, %error, "an index is made again");
            self.known.remove(&segment);
        }
        if let Some((number, span)) = self.next() {
            let sealed = self.seal(number, &span);
            return match sealed {
                Ok(()) => Ok(Sealed::Segment),
                Err(error @ SealFault::Ids(IdsError::Failed { .. } | IdsError::Poisoned)) => {
                    Err(error)
                }
                Err(source) if number <= self.archive.newest() => {
                    self.leaves_archived = true;
                    Err(SealFault::Archived { number, source: Box::new(source) })
                }
                Err(error) => Err(error),
            };
        }
        match self.maker.ids.merge_step() {
            Ok(true) => Ok(Sealed::Merged),
            Ok(false) => Ok(Sealed::Nothing),
            Err(IdsError::Damaged { file, offset, what }) => {
                tracing::warn!(file = %file.display(), offset, what, "a run of ids is made again");
                self.maker.ids.discard(&file)?;
                Ok(Sealed::Merged)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The oldest segment of which something is missing. One that is here comes before one that was archived: the
    /// archive may be out of reach, and nobody is to wait for it.
    fn next(&self) -> Option<(u64, RangeInclusive<Sequence>)> {
        let over = self.reader.segments_over();
        let missing = self.maker.ids.missing(*over.last()?.1.end());
        let archived = self.archive.newest();
        let is_wanted = |at: &usize| {
            let (number, span) = &over[*at];
            let lacks = !self.known.contains_key(number) || overlaps(&missing, span);
            // Its sums go on from those of the segment before.
            lacks && at.checked_sub(1).is_none_or(|at| self.known.contains_key(&over[at].0))
        };
        let first_here = over.partition_point(|(number, _)| *number <= archived);
        let archived = if self.leaves_archived { 0..0 } else { 0..first_here };
        let at = (first_here..over.len()).chain(archived).find(is_wanted)?;
        Some(over[at].clone())
    }

    fn seal(&mut self, number: u64, span: &RangeInclusive<Sequence>) -> Result<(), SealFault> {
        let before = self.known.range(..number).next_back();
        let totals = before.map(|(_, index)| index.totals().to_vec()).unwrap_or_default();
        let index = Arc::new(self.maker.make(&self.archive, number, span, &totals)?);
        self.reader.add_sealed(Arc::clone(&index))?;
        self.known.insert(number, index);
        tracing::debug!(segment = number, "a segment has its index and its ids");
        Ok(())
    }
}

/// Whether some of a range is in one of these.
pub(crate) fn overlaps(
    ranges: &[RangeInclusive<Sequence>],
    span: &RangeInclusive<Sequence>,
) -> bool {
    !span.is_empty()
        && ranges.iter().any(|gap| gap.start() <= span.end() && span.start() <= gap.end())
}

/// Makes what lies beside one segment.
pub struct Maker<D: Disk> {
    disk: D,
    journal: PathBuf,
    sealed: PathBuf,
    ids: IdRuns<D>,
}

impl<D: Disk> Maker<D> {
    /// Makes it in the folders of a partition.
    pub fn new(disk: &D, places: &Places, ids: IdRuns<D>) -> Self {
        let Places { journal, sealed, .. } = places.clone();
        Self { disk: disk.clone(), journal, sealed, ids }
    }

    /// The runs of ids.
    pub const fn ids(&self) -> &IdRuns<D> {
        &self.ids
    }

    /// Makes the index of a segment, wherever that is, and adds those of its ids that are missing. `totals` are the sums
    /// after the segment before.
    ///
    /// # Errors
    /// It could not be made.
    pub fn make(
        &self,
        archive: &Archive<D>,
        number: u64,
        span: &RangeInclusive<Sequence>,
        totals: &[AssetTotal],
    ) -> Result<SealedIndex<D>, SealFault> {
        let Self { disk, journal, sealed, ids } = self;
        let missing = ids.missing(*span.end());
        let is_missing = |sequence| missing.iter().any(|gap| gap.contains(&sequence));
        // An id an event, about. In order of their sequences.
        let events = span.end().saturating_sub(*span.start()) + 1;
        let mut entries: Vec<IdEntry> = Vec::with_capacity(usize::try_from(events).unwrap_or(0));
        let mut visit = |event: &Event| {
            entries.extend(ids_of(event).filter(|entry| is_missing(entry.sequence)));
        };
        let index = SealedIndex::build(archive, journal, sealed, number, totals, &mut visit)?;
        for gap in &missing {
            let (first, last) = (*gap.start().max(span.start()), *gap.end().min(span.end()));
            if first <= last {
                let from = entries.partition_point(|entry| entry.sequence < first);
                let to = entries.partition_point(|entry| entry.sequence <= last);
                ids.add(first, last, &entries[from..to])?;
            }
        }
        Ok(index.on(disk.clone()))
    }
}

/// What the sealing thread has to tell.
pub enum Told<D: Disk> {
    /// Ids are found here from now on.
    Sealed(Arc<IdSet<D>>),
    /// Something could not be made. It is tried again.
    Stuck,
}

/// The sealing thread's loop. `tell` is told of each new set of ids, and of trouble.
///
/// # Errors
/// A write or sync of a run of ids has failed. The process ends: what cannot write those cannot be trusted to write a
/// payment.
pub fn run<D: Disk>(
    mut sealer: Sealer<D>,
    work: &Receiver<Sealing>,
    gauge: &BesideGauge,
    tell: &mut dyn FnMut(Told<D>),
) -> Result<(), SealFault> {
    gauge.indexed(sealer.indexed_through());
    let mut archive_failed_at: Option<Instant> = None;
    loop {
        match work.recv_timeout(LOOK_EVERY) {
            Ok(Sealing::Drop(forgotten)) => {
                drop(forgotten);
                continue;
            }
            Ok(Sealing::Look) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        if archive_failed_at.is_some_and(|failed_at| failed_at.elapsed() >= ARCHIVE_AFTER_FAILURE) {
            archive_failed_at = None;
            sealer.retry_archived();
        }
        loop {
            match sealer.step() {
                Ok(Sealed::Nothing) => break,
                Ok(Sealed::Segment | Sealed::Merged) => {
                    gauge.indexed(sealer.indexed_through());
                    tell(Told::Sealed(sealer.ids().set()));
                }
                Err(SealFault::Ids(error @ (IdsError::Failed { .. } | IdsError::Poisoned))) => {
                    return Err(error.into());
                }
                Err(error @ SealFault::Archived { .. }) => {
                    tracing::warn!(%error, "what lies beside it could not be made: it is tried again");
                    archive_failed_at = Some(Instant::now());
                }
                Err(error) => {
                    tracing::warn!(%error, "what lies beside the journal could not be made: it is tried again");
                    tell(Told::Stuck);
                    break;
                }
            }
        }
    }
}

impl<D: Disk> SealedIds for IdSet<D> {
    fn through(&self) -> Sequence {
        IdSet::through(self)
    }

    fn may_hold(&self, keys: &[IdKey], places: &mut Vec<usize>) {
        self.may_hold_any(keys, places);
    }
}

impl<D: Disk> IdReader for IdRuns<D> {
    fn look_up(&self, keys: &[IdKey]) -> Result<LookedUp, ReadError> {
        let set = self.set_without_gap()?;
        let find = |key: &IdKey| Ok((*key, set.find(key, 0)?));
        match keys.iter().map(find).collect() {
            Ok(ids) => Ok(LookedUp { through: set.through(), ids }),
            Err(error) => {
                // It is made again from the journal; until then ids of its events are not told from new ones.
                if let ReadError::Damaged { file, .. } = &error {
                    let _ = self.discard(file); // an error means that this was the least of our troubles
                }
                Err(error)
            }
        }
    }
}
