//! The disk as one process sees it. A process can die at any operation, in the middle of a write too; what it
//! wrote stays in the page cache. A new process gets a new one of these over the same disk.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use florin_persistence::{DirEntry, Disk, DiskFile, is_crash};

use crate::plants::Unsequenced;

/// No death is planned.
const NEVER: u64 = u64::MAX;
/// How much of a write arrives when the process dies in it: whole pages.
const PAGE_BYTES: usize = 4_096;

/// What is not as the process believes, for a planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    None,
    /// A sync that failed is tried again, and its success believed.
    RetriedSync,
    /// Folders of this name are not synced.
    FolderNotSynced(&'static str),
    /// Files that are made in folders of this name are not synced.
    FilesNotSynced(&'static str),
    /// The pieces of a snapshot do not say which event they have seen last.
    UnsequencedChunks,
}

#[derive(Debug, Clone)]
pub struct ProcessDisk<D> {
    disk: D,
    life: Arc<Life>,
}

#[derive(Debug)]
pub struct ProcessFile<F> {
    file: F,
    life: Arc<Life>,
    is_synced: bool,
    chunks: Mutex<Unsequenced>,
}

#[derive(Debug)]
struct Life {
    operations: AtomicU64,
    dies_at: AtomicU64,
    is_dead: AtomicBool,
    lie: Lie,
}

impl<D: Disk> ProcessDisk<D> {
    pub fn new(disk: D, lie: Lie) -> Self {
        let this = Life {
            operations: AtomicU64::new(0),
            dies_at: AtomicU64::new(NEVER),
            is_dead: AtomicBool::new(false),
            lie,
        };
        Self { disk, life: Arc::new(this) }
    }

    /// Lets the process die at the operation after so many more.
    pub fn die_after(&self, operations: u64) {
        let now = self.life.operations.load(Ordering::Relaxed);
        self.life.dies_at.store(now + operations, Ordering::Relaxed);
    }

    pub fn is_dead(&self) -> bool {
        self.life.is_dead.load(Ordering::Relaxed)
    }
}

fn dead() -> io::Error {
    io::Error::other("the simulated process is dead")
}

impl Life {
    fn alive(&self) -> io::Result<()> {
        if self.is_dead.load(Ordering::Relaxed) { Err(dead()) } else { Ok(()) }
    }

    /// Counts an operation that changes something; an error if the process dies at it.
    fn turn(&self) -> io::Result<()> {
        self.alive()?;
        let number = self.operations.fetch_add(1, Ordering::Relaxed);
        if number >= self.dies_at.load(Ordering::Relaxed) {
            self.is_dead.store(true, Ordering::Relaxed);
            return Err(dead());
        }
        Ok(())
    }
}

impl<D: Disk> ProcessDisk<D> {
    fn file(&self, path: &Path, file: io::Result<D::File>) -> io::Result<ProcessFile<D::File>> {
        let is_synced = match self.life.lie {
            Lie::FilesNotSynced(folder) => !path.parent().is_some_and(|dir| dir.ends_with(folder)),
            _ => true,
        };
        let (life, chunks) = (Arc::clone(&self.life), Mutex::default());
        Ok(ProcessFile { file: file?, life, is_synced, chunks })
    }
}

impl<D: Disk> Disk for ProcessDisk<D> {
    type File = ProcessFile<D::File>;

    fn create(&self, path: &Path) -> io::Result<Self::File> {
        self.life.turn()?;
        self.file(path, self.disk.create(path))
    }

    fn open(&self, path: &Path) -> io::Result<Self::File> {
        self.life.alive()?;
        self.file(path, self.disk.open(path))
    }

    fn open_read_only(&self, path: &Path) -> io::Result<Self::File> {
        self.life.alive()?;
        self.file(path, self.disk.open_read_only(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.life.turn()?;
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.life.turn()?;
        self.disk.remove(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.life.alive()?;
        self.disk.list(dir)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.life.alive()?;
        self.disk.create_dir_all(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.life.turn()?;
        match self.life.lie {
            Lie::FolderNotSynced(folder) if dir.ends_with(folder) => Ok(()),
            _ => self.disk.sync_dir(dir),
        }
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.life.alive()?;
        self.disk.free_bytes(dir)
    }
}

impl<F: DiskFile> DiskFile for ProcessFile<F> {
    fn len(&self) -> io::Result<u64> {
        self.life.alive()?;
        self.file.len()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.life.alive()?;
        self.file.read_at(buf, offset)
    }

    fn read_past_cache(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.life.alive()?;
        self.file.read_past_cache(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let was_alive = self.life.alive().is_ok();
        let turn = self.life.turn();
        if turn.is_err() && was_alive {
            let quarters = usize::try_from(offset / PAGE_BYTES as u64 % 4).unwrap_or(0);
            let arrived = buf.len() / PAGE_BYTES * quarters / 4 * PAGE_BYTES;
            self.file.write_at(&buf[..arrived], offset)?;
        }
        turn?;
        if self.life.lie == Lie::UnsequencedChunks {
            let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
            return self.file.write_at(&chunks.rewrite(buf), offset);
        }
        self.file.write_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.life.turn()?;
        if !self.is_synced {
            return Ok(());
        }
        match self.file.sync_data() {
            Err(error) if self.life.lie == Lie::RetriedSync && !is_crash(&error) => {
                self.file.sync_data()
            }
            result => result,
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.life.turn()?;
        self.file.set_len(len)
    }
}
