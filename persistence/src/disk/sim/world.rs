//! The state of a simulated disk: files by number, names that are durable and names that are not yet.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::image::{Fate, Image};
use super::random::Random;
use super::{Counters, Faults, crashed};

/// What was done to a folder.
#[derive(Debug, Clone)]
enum DirChange {
    Link { path: PathBuf, inode: u64 },
    Rename { from: PathBuf, to: PathBuf },
    Unlink { path: PathBuf },
}

type Names = BTreeMap<PathBuf, u64>;

#[derive(Debug)]
pub(super) struct World {
    random: Random,
    pub(super) faults: Faults,
    pub(super) counters: Counters,
    pub(super) boot: u64,
    pub(super) has_crashed: bool,
    inodes: BTreeMap<u64, Image>,
    next_inode: u64,
    dirs: BTreeSet<PathBuf>,
    names: Names,
    durable_names: Names,
    /// By folder, in order.
    unsynced: BTreeMap<PathBuf, Vec<DirChange>>,
}

/// How an operation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is done.
    Done,
    /// It fails.
    Fails,
    /// It is done, and the power goes before anybody hears of it.
    Crashes,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            faults: Faults::default(),
            counters: Counters::default(),
            boot: 0,
            has_crashed: false,
            inodes: BTreeMap::new(),
            next_inode: 1,
            dirs: BTreeSet::new(),
            names: Names::new(),
            durable_names: Names::new(),
            unsynced: BTreeMap::new(),
        }
    }

    /// Counts an operation that changes something, and decides how it goes on.
    pub(super) fn turn(&mut self, error_ppm: u32) -> io::Result<Turn> {
        self.alive()?;
        let number = self.counters.operations;
        self.counters.operations += 1;
        if self.faults.crash_at == Some(number) {
            self.has_crashed = true;
            return Ok(Turn::Crashes);
        }
        if self.faults.fail_at == Some(number) || self.random.happens(error_ppm) {
            self.counters.failed_operations += 1;
            return Ok(Turn::Fails);
        }
        Ok(Turn::Done)
    }

    pub(super) fn alive(&self) -> io::Result<()> {
        if self.has_crashed { Err(crashed()) } else { Ok(()) }
    }

    /// Whether a read fails.
    pub(super) fn read_fails(&mut self) -> bool {
        self.random.happens(self.faults.read_error_ppm)
    }

    /// Whether writing back on the way to a read past the cache fails.
    pub(super) fn write_back_fails(&mut self) -> bool {
        self.random.happens(self.faults.sync_error_ppm)
    }

    /// A coin.
    pub(super) fn heads(&mut self) -> bool {
        self.random.below(2) == 0
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.random.below(bound.max(1) as u64)).unwrap_or(0)
    }

    // Files.

    pub(super) fn inode(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn image(&self, inode: u64) -> io::Result<&Image> {
        self.inodes.get(&inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn image_mut(&mut self, inode: u64) -> io::Result<&mut Image> {
        self.inodes.get_mut(&inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn fail_sync(&mut self, inode: u64) -> io::Result<()> {
        let Self { inodes, random, counters, .. } = self;
        let image = inodes.get_mut(&inode).ok_or(io::ErrorKind::NotFound)?;
        image.fail_sync(random, |fate| counters.tell(fate));
        Ok(())
    }

    pub(super) fn used_bytes(&self) -> u64 {
        let images = self.names.values().filter_map(|inode| self.inodes.get(inode));
        images.map(|image| image.cached.len() as u64).sum()
    }

    // Folders.

    pub(super) fn add_dirs(&mut self, dir: &Path) {
        self.dirs.extend(dir.ancestors().map(Path::to_path_buf));
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<(&Path, u64)>> {
        if !self.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let files = self.names.iter().filter(|(path, _)| path.parent() == Some(dir));
        Ok(files.map(|(path, inode)| (path.as_path(), *inode)).collect())
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<u64> {
        if self.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !path.parent().is_some_and(|dir| self.dirs.contains(dir)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inode = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(inode, Image::default());
        self.change(path, DirChange::Link { path: path.to_path_buf(), inode });
        Ok(inode)
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if self.dirs.contains(from) {
            return self.rename_dir(from, to);
        }
        self.inode(from)?;
        self.change(to, DirChange::Rename { from: from.to_path_buf(), to: to.to_path_buf() });
        Ok(())
    }

    /// A folder goes with all that is in it. What was done in it before goes with it too, synced or not, so that
    /// whoever renames a folder has to have synced it.
    fn rename_dir(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if self.names.keys().any(|path| path.starts_with(to)) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        let moved: Vec<PathBuf> =
            self.dirs.iter().filter(|dir| dir.starts_with(from)).cloned().collect();
        for dir in &moved {
            if self.unsynced.get(dir).is_some_and(|changes| !changes.is_empty()) {
                return Err(io::ErrorKind::ResourceBusy.into());
            }
        }
        // The old folder stays known, empty: a crash may give it back what was in it.
        self.dirs.extend(moved.iter().map(|dir| moved_path(dir, from, to)));
        self.change(to, DirChange::Rename { from: from.to_path_buf(), to: to.to_path_buf() });
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.inode(path)?;
        self.change(path, DirChange::Unlink { path: path.to_path_buf() });
        Ok(())
    }

    fn change(&mut self, path: &Path, change: DirChange) {
        apply(&mut self.names, &change);
        let dir = path.parent().unwrap_or(Path::new("")).to_path_buf();
        self.unsynced.entry(dir).or_default().push(change);
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) {
        for change in self.unsynced.remove(dir).unwrap_or_default() {
            apply(&mut self.durable_names, &change);
        }
    }

    // The whole machine.

    /// The power goes. Of what was done to a folder, the first so many things are kept.
    pub(super) fn crash(&mut self) {
        let Self { inodes, random, counters, .. } = self;
        for image in inodes.values_mut() {
            image.crash(random, |fate| counters.tell(fate));
        }
        for changes in std::mem::take(&mut self.unsynced).into_values() {
            let kept = self.below(changes.len() + 1);
            for change in changes.iter().take(kept) {
                apply(&mut self.durable_names, change);
            }
        }
        self.names.clone_from(&self.durable_names);
        let used: BTreeSet<u64> = self.names.values().copied().collect();
        self.inodes.retain(|inode, _| used.contains(inode));
        self.counters.crashes += 1;
        self.restart();
    }

    /// Another process begins.
    pub(super) fn restart(&mut self) {
        self.boot += 1;
        self.has_crashed = false;
        self.faults.crash_at = None;
        self.faults.fail_at = None;
    }
}

/// Where a path is once the folder that it is in has another name.
fn moved_path(path: &Path, from: &Path, to: &Path) -> PathBuf {
    path.strip_prefix(from).map_or_else(|_| path.to_path_buf(), |rest| to.join(rest))
}

fn apply(names: &mut Names, change: &DirChange) {
    match change {
        DirChange::Link { path, inode } => {
            names.insert(path.clone(), *inode);
        }
        DirChange::Rename { from, to } => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
                return;
            }
            let inside = names.keys().filter(|path| path.starts_with(from)).cloned();
            for path in inside.collect::<Vec<_>>() {
                if let Some(inode) = names.remove(&path) {
                    names.insert(moved_path(&path, from, to), inode);
                }
            }
        }
        DirChange::Unlink { path } => {
            names.remove(path);
        }
    }
}

impl Counters {
    fn tell(&mut self, fate: Fate) {
        match fate {
            Fate::Kept => {}
            Fate::Lost => self.lost_writes += 1,
            Fate::Torn => self.torn_writes += 1,
        }
    }
}
