//! A disk around the simulated one that does what a disk must not: made outside of the crate, as anybody can.

use std::io;
use std::path::Path;

use florin_persistence::{DirEntry, Disk, DiskFile, SimDisk, SimFile};

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// Tries a failed sync again, and believes the second answer.
    RetriesSyncs,
    /// Says that there is room for everything.
    Optimist,
}

#[derive(Debug, Clone)]
pub struct PlantedDisk {
    pub disk: SimDisk,
    pub plant: Plant,
}

#[derive(Debug)]
pub struct PlantedFile {
    file: SimFile,
    plant: Plant,
}

impl PlantedDisk {
    fn file(&self, file: SimFile) -> PlantedFile {
        PlantedFile { file, plant: self.plant }
    }
}

impl Disk for PlantedDisk {
    type File = PlantedFile;

    fn create(&self, path: &Path) -> io::Result<PlantedFile> {
        self.disk.create(path).map(|file| self.file(file))
    }
    fn open(&self, path: &Path) -> io::Result<PlantedFile> {
        self.disk.open(path).map(|file| self.file(file))
    }
    fn open_read_only(&self, path: &Path) -> io::Result<PlantedFile> {
        self.disk.open_read_only(path).map(|file| self.file(file))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.disk.list(dir)
    }
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.disk.create_dir_all(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        match self.plant {
            Plant::Optimist => Ok(u64::MAX),
            Plant::RetriesSyncs => self.disk.free_bytes(dir),
        }
    }
}

impl DiskFile for PlantedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buf, offset)
    }
    fn read_past_cache(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_past_cache(buf, offset)
    }
    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(buf, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        match self.file.sync_data() {
            Err(_) if self.plant == Plant::RetriesSyncs => self.file.sync_data(),
            result => result,
        }
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}
