//! What a start does: load the newest snapshot that is whole, go past the segments that it has seen, replay the rest, and
//! begin the segment of this opening. If a snapshot turns out not to fit, the one before it is tried, and then the
//! journal alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use florin_engine::{Ledger, Restoring, Sequence};
use florin_persistence::snapshot::{
    LoadOptions, LoadProgress, Loaded, Manifest, SnapshotIdentity, SnapshotStore, load,
};
use florin_persistence::{
    DataDir, Disk, From, IdOptions, IdRuns, JournalOptions, JournalReader, JournalWriter,
    OpenError, Progress, Recovery, Replays, identify, open_from,
};

use crate::ahead::read_ahead;
use crate::directory::Directory;
use crate::rebuild::Rebuild;
use crate::seal::{Indexes, Sealer, load_indexes};

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
}

impl Places {
    /// Those of partition 0 of a data directory.
    pub fn of(data: &DataDir) -> Self {
        Self {
            journal: data.journal(0),
            sealed: data.sealed(0),
            ids: data.ids(0),
            snapshots: data.snapshots(0),
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
    let partition = options.journal.partition;
    let known = identify(disk, places.journal())?;
    let (lineage, segments) =
        known.map_or((None, Vec::new()), |known| (Some(known.lineage), known.segments));
    let indexes = load_indexes(disk, &places.sealed, segments)?;
    let open_ids = |lineage| IdRuns::open(disk, &places.ids, lineage, &options.ids);
    let ids = lineage.map(open_ids).transpose()?;
    let ids_through = ids.as_ref().map_or(0, |(ids, _)| ids.set().through());

    let mut passed_over = Vec::new();
    let mut below = None;
    let mut figures = StartFigures::default();
    let mut how = How::ReadingAhead;
    let (rebuilt, snapshot, opened) = loop {
        let identity = lineage.map(|lineage| SnapshotIdentity { lineage, partition });
        let begun = Instant::now();
        let found = match (store, identity) {
            (Some(store), Some(identity)) => {
                let seed = options.seed;
                let options =
                    LoadOptions { identity, last_sequence: None, seed, ids_through, below };
                load_newest(store, &options, &mut passed_over, progress)
            }
            _ => None,
        };
        let (ledger, snapshot) = match found {
            None => (Ledger::new(options.seed), None),
            Some((restoring, manifest)) => match restoring.finish() {
                Ok(ledger) => (ledger, Some(manifest)),
                Err(what) => {
                    below = Some(manifest.generation());
                    passed_over.push((manifest.generation(), what.to_owned()));
                    continue;
                }
            },
        };
        let from = match &snapshot {
            Some(manifest) => manifest.head_sequence().min(ids_through) + 1,
            None => 1,
        };
        let mut rebuild = Rebuild::new(ledger, ids_through, options.id_generation);
        figures.loading += begun.elapsed();
        let begun = Instant::now();
        let opened = match how {
            How::ReadingAhead => read_ahead(&mut rebuild, |sink| {
                replay(disk, places, options, &indexes, from, sink, progress)
            }),
            How::OneByOne => replay(disk, places, options, &indexes, from, &mut rebuild, progress),
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
                        (how, below) = (How::OneByOne, Some(0));
                        continue;
                    }
                    return Err(error);
                };
                below = Some(manifest.generation());
                passed_over.push((manifest.generation(), error.to_string()));
            }
            Err(error) => return Err(error),
        }
    };
    let (writer, reader, recovery) = opened;
    let (ids, dropped) = match ids {
        Some(ids) => ids,
        None => open_ids(recovery.lineage)?,
    };
    for run in dropped {
        tracing::warn!(file = %run.file.display(), what = run.what, "a run of ids is made again");
    }
    let (ledger, directory) = rebuilt.finish();
    let Places { journal, sealed, .. } = places.clone();
    let sealer = Sealer::new(disk.clone(), journal, sealed, reader.clone(), ids, indexes);
    figures.snapshot = snapshot.as_ref().map(Manifest::generation);
    Ok(Started {
        writer,
        reader,
        recovery,
        ledger,
        directory,
        sealer,
        snapshot,
        passed_over,
        figures,
    })
}

/// The newest snapshot that can be used; why others cannot goes to `passed_over`.
fn load_newest(
    store: &dyn SnapshotStore,
    options: &LoadOptions,
    passed_over: &mut Vec<(u64, String)>,
    progress: &mut dyn FnMut(StartProgress),
) -> Option<(Restoring, Manifest)> {
    match load(store, options, &mut |of| progress(StartProgress::Loading(of))) {
        Ok(Loaded { found, passed_over: others }) => {
            passed_over.extend(others.into_iter().map(|(it, why)| (it, why.to_string())));
            found
        }
        Err(error) => {
            passed_over.push((0, error.to_string()));
            None
        }
    }
}

type Opened<D> = (JournalWriter<D>, JournalReader<D>, Recovery);

fn replay<D: Disk>(
    disk: &D,
    places: &Places,
    options: &StartOptions,
    indexes: &Indexes<D>,
    sequence: Sequence,
    sink: &mut dyn Replays,
    progress: &mut dyn FnMut(StartProgress),
) -> Result<Opened<D>, OpenError> {
    let passed = |number| indexes.get(&number).map(|index| index.passed());
    let from = From { sequence, passed: &passed, base: None };
    let mut told = |of| progress(StartProgress::Replaying(of));
    open_from(disk, places.journal(), &options.journal, from, sink, &mut told)
}
