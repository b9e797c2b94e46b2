//! Both stores, behind one door.

use std::path::{Path, PathBuf};

use florin_persistence::snapshot::{FileStore, SledStore, SnapshotError, SnapshotStore};
use florin_persistence::{Disk, SimDisk};

/// A folder in which a store is opened again and again.
pub trait Place {
    fn open(&self) -> Result<Box<dyn SnapshotStore>, SnapshotError>;
    /// Names of what is there, folders too.
    fn names(&self) -> Vec<String>;
}

pub const DIR: &str = "/data/snapshots";

pub struct Files<D: Disk> {
    pub disk: D,
    pub dir: PathBuf,
}

impl Files<SimDisk> {
    pub fn simulated(seed: u64) -> Self {
        Self { disk: SimDisk::new(seed), dir: DIR.into() }
    }

    pub fn path(&self, generation: u64) -> PathBuf {
        self.dir.join(format!("{generation:010}.snapshot"))
    }
}

impl<D: Disk> Place for Files<D> {
    fn open(&self) -> Result<Box<dyn SnapshotStore>, SnapshotError> {
        Ok(Box::new(FileStore::open(&self.disk, &self.dir)?))
    }

    fn names(&self) -> Vec<String> {
        self.disk.list(&self.dir).unwrap().into_iter().map(|entry| entry.name).collect()
    }
}

pub struct Sled {
    pub dir: tempfile::TempDir,
}

impl Sled {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// The files of a generation's database, without their folder.
    pub fn files(&self, generation: u64) -> Vec<PathBuf> {
        files_below(&self.database(generation))
    }

    pub fn database(&self, generation: u64) -> PathBuf {
        self.dir.path().join(format!("{generation:010}.sled"))
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.append(&mut files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

impl Place for Sled {
    fn open(&self) -> Result<Box<dyn SnapshotStore>, SnapshotError> {
        Ok(Box::new(SledStore::open(self.dir.path())?))
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}
