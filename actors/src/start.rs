//! What a start does: load the newest snapshot that is whole, go past the segments that it has seen, replay the rest, and
//! begin the segment of this opening. If a snapshot turns out not to fit, the one before it is tried, and then the
//! journal alone.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use florin_engine::{Ledger, Sequence};
use florin_persistence::archive::ArchivePlace;
use florin_persistence::snapshot::{
    FileStore, LoadOptions, LoadProgress, Loaded, Manifest, SnapshotError, SnapshotIdentity,
    SnapshotStore, load_through,
};
use florin_persistence::{
    Base, DataDir, Disk, From, IdOptions, IdRuns, JournalOptions, JournalReader, JournalWriter,
    OpenError, Progress, Recovery, Replays, identify, open_from,
};

use crate::ahead::read_ahead;
use crate::chunks_ahead::chunks_ahead;
use crate::directory::Directory;
use crate::rebuild::Rebuild;
use crate::seal::{Indexes, Maker, Sealer, load_indexes};

mod archived;

/// The folders of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Segments.
    pub journal: PathBuf,
    /// Their indexes.
    pub sealed: PathBuf,
    /// Runs of ids.
    pub ids: PathBuf,
    /// Snapshots.
    pub snapshots: PathBuf,
    /// All of these, and the marker of the archive.
    pub partition: PathBuf,
    /// The plain checkpoint that archived segments rest on.
    pub checkpoint: PathBuf,
    /// Segments that were fetched from the archive.
    pub fetched: PathBuf,
}

impl Places {
    /// Those of partition 0 of a data directory.
    pub fn of(data: &DataDir) -> Self {
        Self {
            journal: data.journal(0),
            sealed: data.sealed(0),
            ids: data.ids(0),
            snapshots: data.snapshots(0),
            partition: data.partition(0),
            checkpoint: data.checkpoint(0),
            fetched: data.fetched(0),
        }
    }

    fn journal(&self) -> &Path {
        &self.journal
    }
}

/// How a start is made.
#[derive(Clone)]
pub struct StartOptions {
    /// The journal.
    pub journal: JournalOptions,
    /// The runs of ids.
    pub ids: IdOptions,
    /// As in [`Ledger::new`].
    pub seed: u64,
    /// Ids that are forgotten together once they are sealed.
    pub id_generation: usize,
    /// Where segments are archived; `None` if that is not known.
    pub archive: Option<ArchivePlace>,
}

/// How the journal is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    ReadingAhead,
    OneByOne,
}

/// How far a start has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartProgress {
    /// A snapshot is being loaded.
    Loading(LoadProgress),
    /// The journal is being read.
    Replaying(Progress),
}

/// What a start went by, and how long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StartFigures {
    /// The snapshot that it began with; `None`: it began with the first event.
    pub snapshot: Option<u64>,
    /// Time for loading snapshots, those that could not be used too.
    pub loading: Duration,
    /// Time for reading and replaying the journal.
    pub replaying: Duration,
    /// Events that were replayed. Some of them only for their ids.
    pub events_replayed: u64,
}

/// What a start has found and made.
pub struct Started<D: Disk> {
    /// The journal, to be written on.
    pub writer: JournalWriter<D>,
    /// The journal, to be read.
    pub reader: JournalReader<D>,
    /// What was found in the journal.
    pub recovery: Recovery,
    /// The state.
    pub ledger: Ledger,
    /// What is known of accounts and payments.
    pub directory: Directory,
    /// Makes what lies beside segments.
    pub sealer: Sealer<D>,
    /// The snapshot that it began with.
    pub snapshot: Option<Manifest>,
    /// Why others could not be used, newest first.
    pub passed_over: Vec<(u64, String)>,
    /// How long it took.
    pub figures: StartFigures,
}

/// Starts.
///
/// # Errors
/// As [`open_from`], where no snapshot helps.
pub fn start<D: Disk>(
    disk: &D,
    places: &Places,
    store: Option<&dyn SnapshotStore>,
    options: &StartOptions,
    progress: &mut dyn FnMut(StartProgress),
) -> Result<Started<D>, OpenError> {
    let known = identify(disk, places.journal())?;
    let (lineage, segments) =
        known.map_or((None, Vec::new()), |known| (Some(known.lineage), known.segments));
    let archive = archived::open(disk, places, options, lineage)?;
    let archived = archive.segments();
    let numbers = archived.iter().map(|segment| segment.object.number).chain(segments);
    let mut indexes = load_indexes(disk, &places.sealed, numbers)?;
    let open_ids = |lineage| IdRuns::open(disk, &places.ids, lineage, &options.ids);
    let ids = lineage.map(open_ids).transpose()?;
    let mut base = None;
    if let (Some((ids, _)), false) = (&ids, archived.is_empty()) {
        let maker = Maker::new(disk, places, ids.clone());
        base = Some(archived::base(&archive, &maker, &mut indexes, options.journal.partition)?);
    }
    let ids_through = ids.as_ref().map_or(0, |(ids, _)| ids.set().through());
    // Only where replay cannot begin with the first event is there something that it has to begin with.
    let checkpoint = match &base {
        Some(_) => Some(open_checkpoint(disk, places)?),
        None => None,
    };
    let checkpoint = checkpoint.as_ref().map(|store| -> &dyn SnapshotStore { store });

    let mut states = States {
        stores: [store, checkpoint].into_iter().flatten().collect(),
        identity: lineage
            .map(|lineage| SnapshotIdentity { lineage, partition: options.journal.partition }),
        seed: options.seed,
        ids_through,
        first: base.as_ref().map_or(1, |base| base.through() + 1),
        below: None,
        passed_over: Vec::new(),
    };
    let replaying = Replaying { disk, places, options, indexes: &indexes, base };
    let mut figures = StartFigures::default();
    let mut how = How::ReadingAhead;
    // What the journal said when the last state did not fit.
    let mut unfit: Option<OpenError> = None;
    let (rebuilt, snapshot, opened) = loop {
        let begun = Instant::now();
        let (ledger, snapshot) = states.next(progress);
        let from = match &snapshot {
            Some(manifest) => manifest.head_sequence().min(ids_through) + 1,
            None => 1,
        };
        let mut rebuild = Rebuild::new(ledger, ids_through, options.id_generation);
        figures.loading += begun.elapsed();
        let begun = Instant::now();
        let opened = match how {
            How::ReadingAhead => {
                read_ahead(&mut rebuild, |sink| replaying.run(from, sink, progress))
            }
            How::OneByOne => replaying.run(from, &mut rebuild, progress),
        };
        match opened {
            Ok(opened) => {
                figures.replaying += begun.elapsed();
                figures.events_replayed = (opened.2.last_sequence + 1).saturating_sub(from);
                break (rebuild, snapshot, opened);
            }
            // What it was replayed on may not have been what it said. If it was the journal, the next try ends alike.
            Err(error @ (OpenError::Damaged { .. } | OpenError::StateDiffers(_))) => {
                figures.replaying += begun.elapsed();
                let Some(manifest) = snapshot else {
                    // Reading was ahead of what did not fit: where that stands, only this tells.
                    if how == How::ReadingAhead {
                        how = How::OneByOne;
                        continue;
                    }
                    return Err(error);
                };
                states.pass_over(manifest.generation(), error.to_string());
                unfit = Some(error);
            }
            // No state is left to begin with. Why those that were there did not do is what somebody has to know.
            Err(error @ OpenError::Archived { .. }) => return Err(unfit.unwrap_or(error)),
            Err(error) => return Err(error),
        }
    };
    let (writer, reader, recovery) = opened;
    reader.set_archive(archive.clone());
    if let Err(error) = archive.remove_retired() {
        tracing::warn!(%error, "archived segments are still here");
    }
    let (ids, dropped) = match ids {
        Some(ids) => ids,
        None => open_ids(recovery.lineage)?,
    };
    for run in dropped {
        tracing::warn!(file = %run.file.display(), what = run.what, "a run of ids is made again");
    }
    let (ledger, directory) = rebuilt.finish();
    let sealer = Sealer::new(Maker::new(disk, places, ids), archive, reader.clone(), indexes);
    figures.snapshot = snapshot.as_ref().map(Manifest::generation);
    Ok(Started {
        writer,
        reader,
        recovery,
        ledger,
        directory,
        sealer,
        snapshot,
        passed_over: states.passed_over,
        figures,
    })
}

/// Opens the folder of the checkpoint. That the disk fails does not mean that nothing is there.
fn open_checkpoint<D: Disk>(disk: &D, places: &Places) -> Result<FileStore<D>, OpenError> {
    FileStore::open(disk, &places.checkpoint).map_err(|error| match error {
        SnapshotError::Io { did, path, source } => OpenError::from_io(did, &path, source),
        SnapshotError::Full { path } => OpenError::Full { path },
        error => OpenError::from_io("opened", &places.checkpoint, io::Error::other(error)),
    })
}

type Opened<D> = (JournalWriter<D>, JournalReader<D>, Recovery);

/// Opens the journal and replays it; more than once, where a state did not fit.
struct Replaying<'a, D: Disk> {
    disk: &'a D,
    places: &'a Places,
    options: &'a StartOptions,
    indexes: &'a Indexes<D>,
    base: Option<Base>,
}

impl<D: Disk> Replaying<'_, D> {
    /// From an event on, into `sink`.
    fn run(
        &self,
        sequence: Sequence,
        sink: &mut dyn Replays,
        progress: &mut dyn FnMut(StartProgress),
    ) -> Result<Opened<D>, OpenError> {
        let passed = |number| self.indexes.get(&number).map(|index| index.passed());
        let from = From { sequence, passed: &passed, base: self.base.clone() };
        let mut told = |of| progress(StartProgress::Replaying(of));
        let (journal, options) = (self.places.journal(), &self.options.journal);
        open_from(self.disk, journal, options, from, sink, &mut told)
    }
}

/// States to begin with, the best first.
struct States<'a> {
    /// Where there are some; those of the first are newer, mostly.
    stores: VecDeque<&'a dyn SnapshotStore>,
    /// What they have to be of; `None` if there is no journal yet.
    identity: Option<SnapshotIdentity>,
    seed: u64,
    ids_through: Sequence,
    /// The first event that is here: what is to be replayed must not begin before.
    first: Sequence,
    /// In the first store, only generations below this one are left.
    below: Option<u64>,
    passed_over: Vec<(u64, String)>,
}

impl States<'_> {
    /// The next one. When there is none any more, the empty ledger.
    fn next(&mut self, progress: &mut dyn FnMut(StartProgress)) -> (Ledger, Option<Manifest>) {
        let &mut Self { identity, seed, ids_through, first, .. } = self;
        let Some(identity) = identity else { return (Ledger::new(seed), None) };
        while let Some(store) = self.stores.front().copied() {
            let options =
                LoadOptions { identity, last_sequence: None, seed, ids_through, below: self.below };
            let mut told = |of| progress(StartProgress::Loading(of));
            let found = match load_through(store, &options, &chunks_ahead, &mut told) {
                Ok(Loaded { found, passed_over }) => {
                    for (generation, why) in passed_over {
                        self.note(generation, why.to_string());
                    }
                    found
                }
                Err(error) => {
                    self.note(0, error.to_string());
                    None
                }
            };
            let Some((restoring, manifest)) = found else {
                self.stores.pop_front();
                self.below = None;
                continue;
            };
            let what = if manifest.head_sequence() + 1 < first {
                "what comes behind it was archived"
            } else {
                match restoring.finish() {
                    Ok(ledger) => return (ledger, Some(manifest)),
                    Err(what) => what,
                }
            };
            self.pass_over(manifest.generation(), what.to_owned());
        }
        (Ledger::new(seed), None)
    }

    fn pass_over(&mut self, generation: u64, why: String) {
        self.below = Some(generation);
        self.note(generation, why);
    }

    fn note(&mut self, snapshot: u64, why: String) {
        tracing::warn!(snapshot, why, "a snapshot could not be used");
        self.passed_over.push((snapshot, why));
    }
}
