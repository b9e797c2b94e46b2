//! What a start does: load the newest snapshot that is whole, go past the segments that it has seen, replay the rest, and
//! begin the segment of this opening. If a snapshot turns out not to fit, the one before it is tried, and then the
//! journal alone.

use std::path::{Path, PathBuf};

use florin_engine::{Ledger, Sequence};
use florin_persistence::snapshot::{
    LoadOptions, LoadProgress, Loaded, Manifest, SnapshotIdentity, SnapshotStore, load,
};
use florin_persistence::{
    DataDir, Disk, From, IdOptions, IdRuns, JournalOptions, JournalReader, JournalWriter,
    OpenError, Progress, Recovery, identify, open_from,
};

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

/// How far a start has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartProgress {
    /// A snapshot is being loaded.
    Loading(LoadProgress),
    /// The journal is being read.
    Replaying(Progress),
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
    let (rebuilt, snapshot, opened) = loop {
        let identity = lineage.map(|lineage| SnapshotIdentity { lineage, partition });
        let found = match (store, identity) {
            (Some(store), Some(identity)) => {
                let seed = options.seed;
                let options =
                    LoadOptions { identity, last_sequence: None, seed, ids_through, below };
                let mut told = |of| progress(StartProgress::Loading(of));
                match load(store, &options, &mut told) {
                    Ok(Loaded { found, passed_over: others }) => {
                        let others = others.into_iter().map(|(it, why)| (it, why.to_string()));
                        passed_over.extend(others);
                        found
                    }
                    Err(error) => {
                        passed_over.push((0, error.to_string()));
                        None
                    }
                }
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
        match replay(disk, places, options, &indexes, from, &mut rebuild, progress) {
            Ok(opened) => break (rebuild, snapshot, opened),
            // What it was replayed on may not have been what it said. If it was the journal, the next try ends alike.
            Err(error @ (OpenError::Damaged { .. } | OpenError::StateDiffers(_))) => {
                let Some(manifest) = snapshot else { return Err(error) };
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
    Ok(Started { writer, reader, recovery, ledger, directory, sealer, snapshot, passed_over })
}

type Opened<D> = (JournalWriter<D>, JournalReader<D>, Recovery);

fn replay<D: Disk>(
    disk: &D,
    places: &Places,
    options: &StartOptions,
    indexes: &Indexes<D>,
    sequence: Sequence,
    rebuild: &mut Rebuild,
    progress: &mut dyn FnMut(StartProgress),
) -> Result<Opened<D>, OpenError> {
    let passed = |number| indexes.get(&number).map(|index| index.passed());
    let from = From { sequence, passed: &passed, base: None };
    let mut told = |of| progress(StartProgress::Replaying(of));
    open_from(disk, places.journal(), &options.journal, from, rebuild, &mut told)
}
