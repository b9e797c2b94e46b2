//! The folder of the runs: added to, merged, and read by everybody at once.

use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use florin_engine::Sequence;

use super::fault::Fault;
use super::format::header::RunHeader;
use super::format::{SEQUENCE_MAX, unfinished_name};
use super::inventory::{Dropped, Inventory};
use super::key::IdEntry;
use super::reader::RunReader;
use super::run::Run;
use super::set::{Counts, Held, IdFigures, IdSet};
use super::tier::{self, Size};
use super::writer::{RunWriter, need_bytes};
use crate::disk::Disk;
use crate::error::{IdsError, OpenError, ReadError};
use crate::format::Lineage;

/// How the runs are opened.
#[derive(Debug, Clone)]
pub struct IdOptions {
    /// Which partition they are of.
    pub partition: u32,
    /// Most bytes of filters in memory. An id costs 2.4; those of the newest runs come first, and a run whose filter
    /// has no room may hold every id between its smallest and its largest. A filter that was let go comes back
    /// with the next opening, if there is room. While a run is exchanged for another, whoever still has the set of
    /// before keeps the filters of both.
    pub filter_bytes_max: u64,
    /// Ids in a shard, about: see [`ID_SHARD_ENTRIES_DEFAULT`](crate::ID_SHARD_ENTRIES_DEFAULT).
    pub shard_entries: u32,
    /// Random, and secret: the seed of the hash, if there is no run yet that has one.
    pub entropy: [u8; 8],
}

/// The runs of a partition. Cheap to clone; clones are the same runs.
///
/// One thread adds and one merges, or one does both. Everybody else asks the [`set`](Self::set) of the moment.
#[derive(Clone)]
pub struct IdRuns<D: Disk> {
    shared: Arc<Shared<D>>,
}

struct Shared<D: Disk> {
    disk: D,
    dir: PathBuf,
    lineage: Lineage,
    options: IdOptions,
    seed: u64,
    set: RwLock<Arc<IdSet<D>>>,
    /// Held while a run is added.
    adding: Mutex<()>,
    /// Held while runs are merged, which takes longer; taken before the other.
    merging: Mutex<()>,
    /// A write or sync has failed.
    is_poisoned: AtomicBool,
    counts: Arc<Counts>,
    /// The furthest that a set has reached without a gap.
    reached: AtomicU64,
}

fn lock(mutex: &Mutex<()>) -> MutexGuard<'_, ()> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<D: Disk> IdRuns<D> {
    /// Opens the runs in a folder of their own, which is made if it is not there, with what is no longer there
    /// because it was damaged. The ids of [`missing`](Self::missing) sequences have to be added again.
    pub fn open(
        disk: &D,
        dir: &Path,
        lineage: [u8; 16],
        options: &IdOptions,
    ) -> Result<(Self, Vec<Dropped>), OpenError> {
        disk.create_dir_all(dir).map_err(|e| OpenError::from_io("made", dir, e))?;
        let lineage = Lineage { id: lineage, partition: options.partition };
        let Inventory { runs, dropped, .. } =
            Inventory::take(disk, dir, lineage, options.filter_bytes_max)?;
        let seed = runs.first().map(|held| held.run.header.seed);
        let seed = seed.unwrap_or(u64::from_le_bytes(options.entropy));
        let counts = Arc::new(Counts::default());
        let set = IdSet::new(runs, seed, options.filter_bytes_max, Arc::clone(&counts));
        let reached = AtomicU64::new(set.through());
        let shared = Shared {
            reached,
            disk: disk.clone(),
            dir: dir.to_path_buf(),
            lineage,
            options: options.clone(),
            seed,
            set: RwLock::new(Arc::new(set)),
            adding: Mutex::new(()),
            merging: Mutex::new(()),
            is_poisoned: AtomicBool::new(false),
            counts,
        };
        Ok((Self { shared: Arc::new(shared) }, dropped))
    }

    /// The runs of this moment.
    pub fn set(&self) -> Arc<IdSet<D>> {
        Arc::clone(&self.shared.set.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// As [`set`](Self::set), for whoever looks up an id that may be an old one.
    ///
    /// # Errors
    /// [`ReadError::IdsMissing`] while a run that was [let go](Self::discard) has not been made again: what is not found
    /// need not be new.
    pub fn set_without_gap(&self) -> Result<Arc<IdSet<D>>, ReadError> {
        let (reached, set) = (self.shared.reached.load(Ordering::Acquire), self.set());
        if set.through() < reached {
            return Err(ReadError::IdsMissing { after: set.through() });
        }
        Ok(set)
    }

    /// The sequences from 1 to `through` whose ids are in no run.
    pub fn missing(&self, through: Sequence) -> Vec<RangeInclusive<Sequence>> {
        self.set().missing(through)
    }

    /// What has been asked so far.
    pub fn figures(&self) -> IdFigures {
        self.shared.counts.figures()
    }

    /// Makes a run of all ids that the events `first` to `last` have used, in any order; there may be none. It is
    /// durable, and in the [`set`](Self::set), when this returns.
    ///
    /// Takes 16 bytes of memory an id beside what it is given. A range of which some is there already is refused.
    pub fn add(
        &self,
        first: Sequence,
        last: Sequence,
        entries: &[IdEntry],
    ) -> Result<(), IdsError> {
        let _adding = lock(&self.shared.adding);
        self.check_alive()?;
        self.check_range(first, last, entries)?;
        let hashes = entries.iter().map(|entry| entry.key.hash(self.shared.seed));
        let mut order: Vec<(u64, usize)> = hashes.zip(0..).collect();
        order.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| entries[a.1].key.cmp(&entries[b.1].key))
        });
        let added = self.write((first, last), entries.len() as u64, |writer| {
            order.iter().try_for_each(|(hash, index)| writer.push(*hash, &entries[*index]))
        })?;
        self.publish(|runs| runs.push(added));
        Ok(())
    }

    /// Merges once, if there is something to merge; whether there was. The runs that were merged are removed.
    ///
    /// Takes the memory of a shard and some pages. Can go on while ids are added.
    pub fn merge_step(&self) -> Result<bool, IdsError> {
        let _merging = lock(&self.shared.merging);
        self.check_alive()?;
        let set = self.set();
        let runs: Vec<&Arc<Run<D>>> = set.held().iter().rev().map(|held| &held.run).collect();
        let size = |run: &&Arc<Run<D>>| Size {
            first: run.header.first,
            last: run.header.last,
            entries: run.header.entries,
        };
        let sizes: Vec<Size> = runs.iter().map(size).collect();
        let Some(chosen) = tier::choose(&sizes) else { return Ok(false) };
        let (runs, sizes) = (&runs[chosen.clone()], &sizes[chosen]);
        let entries = sizes.iter().map(|run| run.entries).sum();
        let range = (sizes[0].first, sizes[sizes.len() - 1].last);
        let merged = self.write(range, entries, |writer| merge(runs, writer))?;
        self.publish(|runs| {
            runs.retain(|held| held.run.header.last < range.0 || held.run.header.first > range.1);
            runs.push(merged);
        });
        self.remove(runs.iter().map(|run| run.path.as_path()))?;
        Ok(true)
    }

    /// Lets go of a run that turned out to be damaged, by the file that the error names: its sequences, now
    /// [missing](Self::missing), or `None` if there is no such run any more.
    pub fn discard(&self, file: &Path) -> Result<Option<RangeInclusive<Sequence>>, IdsError> {
        let _merging = lock(&self.shared.merging);
        let _adding = lock(&self.shared.adding);
        self.check_alive()?;
        let set = self.set();
        let Some(held) = set.held().iter().find(|held| held.run.path == file) else {
            return Ok(None);
        };
        let (first, last) = (held.run.header.first, held.run.header.last);
        self.publish(|runs| runs.retain(|held| held.run.header.first != first));
        self.remove([file])?;
        Ok(Some(first..=last))
    }

    fn check_alive(&self) -> Result<(), IdsError> {
        if self.shared.is_poisoned.load(Ordering::Acquire) {
            return Err(IdsError::Poisoned);
        }
        Ok(())
    }

    fn check_range(
        &self,
        first: Sequence,
        last: Sequence,
        entries: &[IdEntry],
    ) -> Result<(), IdsError> {
        let invalid = |what| Err(IdsError::Invalid { first, last, what });
        if first == 0 || first > last || last > SEQUENCE_MAX {
            return invalid("there are no such sequences");
        }
        if !entries.iter().all(|entry| (first..=last).contains(&entry.sequence)) {
            return invalid("an id is of another event");
        }
        let is_apart =
            |held: &Held<D>| held.run.header.last < first || held.run.header.first > last;
        if !self.set().held().iter().all(is_apart) {
            return invalid("some of it is in a run already");
        }
        Ok(())
    }

    /// Writes a run and reads back what of it stays in memory.
    fn write(
        &self,
        range: (Sequence, Sequence),
        entries: u64,
        fill: impl FnOnce(&mut RunWriter<'_, D>) -> Result<(), IdsError>,
    ) -> Result<Held<D>, IdsError> {
        let Shared { disk, dir, lineage, options, seed, .. } = &*self.shared;
        let header = RunHeader::new(*lineage, *seed, range, entries, options.shard_entries);
        let need_bytes = need_bytes(&header);
        let free_bytes = disk.free_bytes(dir);
        let free_bytes =
            free_bytes.map_err(|source| IdsError::Unreadable { path: dir.clone(), source })?;
        if free_bytes < need_bytes {
            return Err(IdsError::NoSpace { need_bytes });
        }
        let mut writer =
            RunWriter::begin(disk, dir, header).map_err(|error| self.poison_if_fatal(error))?;
        let written = fill(&mut writer).and_then(|()| writer.finish());
        let path = match written.map_err(|error| self.poison_if_fatal(error)) {
            Ok(path) => path,
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                // Nothing has happened but for a file that nobody reads.
                self.remove([dir.join(unfinished_name(range.0, range.1)).as_path()])?;
                return Err(error);
            }
        };
        // It has its name and is synced. If it cannot be read, it is of no use: it is made again another time.
        match self.read_back(&path) {
            Ok(held) => Ok(held),
            Err(fault) => {
                self.remove([path.as_path()])?;
                let source = io::Error::other(ReadError::from(fault));
                Err(IdsError::Unreadable { path, source })
            }
        }
    }

    fn read_back(&self, path: &Path) -> Result<Held<D>, Fault> {
        let run = Run::open(&self.shared.disk, path)?;
        let fits = run.header.filters_bytes <= self.shared.options.filter_bytes_max;
        let filters = if fits { Some(run.read_filters()?) } else { None };
        Ok(Held::new(run, filters))
    }

    fn publish(&self, change: impl FnOnce(&mut Vec<Held<D>>)) {
        let Shared { options, seed, counts, reached, .. } = &*self.shared;
        let mut set = self.shared.set.write().unwrap_or_else(PoisonError::into_inner);
        let mut runs = set.held().to_vec();
        change(&mut runs);
        *set = Arc::new(IdSet::new(runs, *seed, options.filter_bytes_max, Arc::clone(counts)));
        // After a gap, as far as it was before: only then is nothing missing.
        reached.fetch_max(set.through(), Ordering::AcqRel);
    }

    fn remove<'a>(&self, paths: impl IntoIterator<Item = &'a Path>) -> Result<(), IdsError> {
        let Shared { disk, dir, .. } = &*self.shared;
        for path in paths {
            match disk.remove(path) {
                // Somebody was quicker: what counts is that it is gone.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                removed => removed
                    .map_err(|e| self.poison_if_fatal(IdsError::failed("removed", path, e)))?,
            }
        }
        let synced = disk.sync_dir(dir);
        synced.map_err(|e| self.poison_if_fatal(IdsError::failed("synced", dir, e)))
    }

    /// After a failed write or sync, takes nothing any more.
    fn poison_if_fatal(&self, error: IdsError) -> IdsError {
        if error.is_fatal() {
            self.shared.is_poisoned.store(true, Ordering::Release);
        }
        error
    }
}

/// Writes the ids of neighbouring runs into one. The writer refuses one that is in two of them.
fn merge<D: Disk>(runs: &[&Arc<Run<D>>], writer: &mut RunWriter<'_, D>) -> Result<(), IdsError> {
    let readers: Result<Vec<_>, _> = runs.iter().map(|run| RunReader::begin(run)).collect();
    let mut readers = readers?;
    loop {
        // A few runs: looking at the head of each is as quick as a heap. Only references go from hand to hand: to copy the heads
        // took longer than all the rest.
        let heads = readers.iter().enumerate();
        let heads = heads.filter_map(|(at, reader)| Some((reader.head()?, at)));
        let least = heads.min_by(|((hash, entry), _), ((other_hash, other), _)| {
            hash.cmp(other_hash).then_with(|| entry.key.cmp(&other.key))
        });
        let Some(((hash, entry), at)) = least else { return Ok(()) };
        writer.push(*hash, entry)?;
        readers[at].advance()?;
    }
}

impl<D: Disk> fmt::Debug for IdRuns<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdRuns")
            .field("dir", &self.shared.dir)
            .field("set", &self.set())
            .finish_non_exhaustive()
    }
}
