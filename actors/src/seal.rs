//! What lies beside segments that are over: their index files, and the runs of ids. Made by a thread of its own, oldest
//! segment first; nobody waits for it, and whatever is missing or damaged it makes again from the journal.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use florin_engine::{Forgotten, Sequence};
use florin_persistence::{
    AssetTotal, Disk, IdEntry, IdKey, IdRuns, IdSet, IdsError, JournalReader, OpenError, ReadError,
    SealError, SealedIndex, ids_of,
};
use thiserror::Error;

use crate::load::IdReader;
use crate::sealed_ids::{LookedUp, SealedIds};

/// How often it is looked for what is new, if nobody says that there is something.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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
}

/// Makes what is missing, step by step. A plain struct, like the partition's core.
pub struct Sealer<D: Disk> {
    disk: D,
    journal: PathBuf,
    sealed: PathBuf,
    reader: JournalReader<D>,
    ids: IdRuns<D>,
    /// Indexes that are whole, by number of segment.
    known: BTreeMap<u64, Arc<SealedIndex<D>>>,
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
/// The folder cannot be made or read.
pub fn load_indexes<D: Disk>(
    disk: &D,
    dir: &std::path::Path,
    segments: impl IntoIterator<Item = u64>,
) -> Result<Indexes<D>, OpenError> {
    disk.create_dir_all(dir).map_err(|error| OpenError::from_io("made", dir, error))?;
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
        disk: D,
        journal: PathBuf,
        sealed: PathBuf,
        reader: JournalReader<D>,
        ids: IdRuns<D>,
        known: Indexes<D>,
    ) -> Self {
        let mut sealer = Self { disk, journal, sealed, reader, ids, known: BTreeMap::new() };
        for (segment, index) in known {
            match sealer.reader.add_sealed(Arc::clone(&index)) {
                Ok(()) => drop(sealer.known.insert(segment, index)),
                Err(error) => tracing::warn!(segment, %error, "an index is made again"),
            }
        }
        sealer
    }

    /// The runs of ids.
    pub const fn ids(&self) -> &IdRuns<D> {
        &self.ids
    }

    /// Makes the next thing that is missing.
    ///
    /// # Errors
    /// It could not be made. Nothing is lost: the journal has everything.
    pub fn step(&mut self) -> Result<Sealed, SealFault> {
        for (segment, error) in self.reader.take_damaged() {
            tracing::warn!(segment, %error, "an index is made again");
            self.known.remove(&segment);
        }
        if let Some(segment) = self.next() {
            self.seal(segment)?;
            return Ok(Sealed::Segment);
        }
        if self.ids.merge_step()? {
            return Ok(Sealed::Merged);
        }
        Ok(Sealed::Nothing)
    }

    /// The oldest segment of which something is missing. What is over is over: all but the last.
    fn next(&self) -> Option<Span> {
        let over = self.reader.segments_over();
        let ids_missing: Vec<_> = match over.last() {
            Some(last) => self.ids.missing(last.last_sequence),
            None => return None,
        };
        let lacks_ids = |span: &Span| {
            ids_missing
                .iter()
                .any(|gap| *gap.start() <= span.last_sequence && *gap.end() >= span.first_sequence)
        };
        over.into_iter()
            .map(|over| Span {
                number: over.number,
                first_sequence: over.first_sequence,
                last_sequence: over.last_sequence,
            })
            .find(|span| !self.known.contains_key(&span.number) || lacks_ids(span))
    }

    fn seal(&mut self, span: Span) -> Result<(), SealFault> {
        let totals_before = self.totals_before(span.number);
        let mut entries: Vec<IdEntry> = Vec::new();
        let missing = self.ids.missing(span.last_sequence);
        let is_missing = |sequence: Sequence| missing.iter().any(|gap| gap.contains(&sequence));
        let index = SealedIndex::build(
            &self.disk,
            &self.journal,
            &self.sealed,
            span.number,
            &totals_before,
            &mut |event| entries.extend(ids_of(event).filter(|_| is_missing(event.sequence))),
        )?;
        let index = Arc::new(index);
        self.reader.add_sealed(Arc::clone(&index))?;
        self.known.insert(span.number, index);
        for gap in missing {
            let first = (*gap.start()).max(span.first_sequence);
            let last = (*gap.end()).min(span.last_sequence);
            if first <= last {
                let within = |entry: &IdEntry| (first..=last).contains(&entry.sequence);
                self.ids.add(first, last, entries.iter().copied().filter(within).collect())?;
            }
        }
        tracing::debug!(segment = span.number, "a segment has its index and its ids");
        Ok(())
    }

    /// Sums after the segment before this one: it has an index, since they are made in order.
    fn totals_before(&self, number: u64) -> Vec<AssetTotal> {
        let before = self.known.range(..number).next_back();
        before.map(|(_, index)| index.totals().to_vec()).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy)]
struct Span {
    number: u64,
    first_sequence: Sequence,
    last_sequence: Sequence,
}

/// The sealing thread's loop. `tell` is told of each new set of ids.
///
/// # Errors
/// A write or sync of a run of ids has failed. The process ends: what cannot write those cannot be trusted to write a
/// payment.
pub fn run<D: Disk>(
    mut sealer: Sealer<D>,
    work: &Receiver<Sealing>,
    tell: &mut dyn FnMut(Arc<IdSet<D>>),
) -> Result<(), SealFault> {
    loop {
        match work.recv_timeout(LOOK_EVERY) {
            Ok(Sealing::Drop(forgotten)) => {
                drop(forgotten);
                continue;
            }
            Ok(Sealing::Look) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        loop {
            match sealer.step() {
                Ok(Sealed::Nothing) => break,
                Ok(Sealed::Segment | Sealed::Merged) => {
                    tell(sealer.ids.set());
                }
                Err(SealFault::Ids(error)) if error.is_final() => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(%error, "what lies beside the journal could not be made: it is tried again");
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
        let set = self.set();
        let find = |key: &IdKey| Ok((*key, set.find(key, 0)?));
        Ok(LookedUp {
            through: set.through(),
            ids: keys.iter().map(find).collect::<Result<_, ReadError>>()?,
        })
    }
}
