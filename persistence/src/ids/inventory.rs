//! What stands in the folder of the runs when it is opened, and what of it counts.

use std::cmp::Reverse;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use florin_engine::Sequence;

use super::fault::Fault;
use super::format::{VERSION, is_unfinished, range_in};
use super::run::Run;
use super::set::Held;
use crate::disk::Disk;
use crate::error::OpenError;
use crate::format::Lineage;

/// A run that was not what it should be, and has been removed: its ids have to be added again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The file.
    pub file: PathBuf,
    /// The sequences whose ids were in it.
    pub sequences: RangeInclusive<Sequence>,
    /// What is wrong with it, and where.
    pub what: String,
}

/// The runs that count.
pub(super) struct Inventory<D: Disk> {
    pub(super) runs: Vec<Held<D>>,
    pub(super) dropped: Vec<Dropped>,
    /// Files that do not count.
    leftovers: Vec<PathBuf>,
}

impl<D: Disk> Inventory<D> {
    /// Reads headers and directories of all runs, and the newest filters up to `filter_bytes_max`. Removes what
    /// is left over from a merge or from a write that never came to its end, and what is damaged.
    pub(super) fn take(
        disk: &D,
        dir: &Path,
        lineage: Lineage,
        filter_bytes_max: u64,
    ) -> Result<Self, OpenError> {
        let mut this = Self { runs: Vec::new(), dropped: Vec::new(), leftovers: Vec::new() };
        let runs = this.open_all(disk, dir, lineage)?;
        let runs = this.without_merged(runs);
        this.read_filters(runs, filter_bytes_max)?;
        this.leftovers.extend(this.dropped.iter().map(|dropped| dropped.file.clone()));
        this.clear(disk, dir)?;
        Ok(this)
    }

    fn open_all(
        &mut self,
        disk: &D,
        dir: &Path,
        lineage: Lineage,
    ) -> Result<Vec<Run<D>>, OpenError> {
        let mut runs = Vec::new();
        let files = disk.list(dir).map_err(|e| OpenError::from_io("listed", dir, e))?;
        for name in files.into_iter().map(|entry| entry.name) {
            let path = dir.join(&name);
            if is_unfinished(&name) {
                self.leftovers.push(path);
                continue;
            }
            let Some(range) = range_in(&name) else { continue };
            let run = match Run::open(disk, &path) {
                Ok(run) => run,
                Err(fault) => {
                    self.drop_for(range, fault)?;
                    continue;
                }
            };
            let header = &run.header;
            let what = match () {
                () if header.lineage != lineage => "it is of another lineage or partition",
                () if (header.first, header.last) != range => "its name is that of another run",
                () => {
                    runs.push(run);
                    continue;
                }
            };
            self.drop(path, range, what.to_owned());
        }
        Ok(runs)
    }

    /// Lets go of the runs that lie inside a larger one: they have been merged into it.
    fn without_merged(&mut self, mut runs: Vec<Run<D>>) -> Vec<Run<D>> {
        runs.sort_unstable_by_key(|run| (run.header.first, Reverse(run.header.last)));
        let mut counts: Vec<Run<D>> = Vec::with_capacity(runs.len());
        for run in runs {
            let header = &run.header;
            let range = (header.first, header.last);
            match counts.last().map(|last| &last.header) {
                Some(last) if header.last <= last.last => self.leftovers.push(run.path),
                // Neither is written by this program beside the other.
                Some(last) if header.first <= last.last => {
                    self.drop(run.path, range, "it overlaps another run".to_owned());
                }
                Some(last) if header.seed != last.seed => {
                    self.drop(run.path, range, "it is sorted by another hash".to_owned());
                }
                _ => counts.push(run),
            }
        }
        counts
    }

    fn read_filters(&mut self, runs: Vec<Run<D>>, filter_bytes_max: u64) -> Result<(), OpenError> {
        let mut left = filter_bytes_max;
        for run in runs.into_iter().rev() {
            let Some(rest) = left.checked_sub(run.header.filters_bytes) else {
                self.runs.push(Held::new(run, None));
                continue;
            };
            match run.read_filters() {
                Ok(filters) => {
                    left = rest;
                    self.runs.push(Held::new(run, Some(filters)));
                }
                Err(fault) => self.drop_for((run.header.first, run.header.last), fault)?,
            }
        }
        Ok(())
    }

    /// Drops a run for what is wrong with it, unless that is the disk's fault or a newer release's.
    fn drop_for(&mut self, range: (Sequence, Sequence), fault: Fault) -> Result<(), OpenError> {
        match fault {
            Fault::Newer { file, found } => {
                Err(OpenError::NewerFormat { file, found, known: VERSION })
            }
            Fault::Io { path, source } => Err(OpenError::from_io("read", &path, source)),
            Fault::Damaged { file, offset, what } => {
                self.drop(file, range, format!("it is damaged at byte {offset}: {what}"));
                Ok(())
            }
        }
    }

    fn drop(&mut self, file: PathBuf, (first, last): (Sequence, Sequence), what: String) {
        self.dropped.push(Dropped { file, sequences: first..=last, what });
    }

    fn clear(&self, disk: &D, dir: &Path) -> Result<(), OpenError> {
        let synced = |result| Result::map_err(result, |e| OpenError::from_io("synced", dir, e));
        // Names may only be in memory, left by a process that was killed: they have to be on disk before anybody
        // relies on a run, and before what was merged into it goes.
        synced(disk.sync_dir(dir))?;
        if self.leftovers.is_empty() {
            return Ok(());
        }
        for path in &self.leftovers {
            disk.remove(path).map_err(|e| OpenError::from_io("removed", path, e))?;
        }
        synced(disk.sync_dir(dir))
    }
}
