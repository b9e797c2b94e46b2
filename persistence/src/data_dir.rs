//! The data directory: whose it is, and that it can be used.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, FlockOperation};
use rustix::io::Errno;

use crate::disk::{Disk, RealDisk};
use crate::error::OpenError;

const LOCK: &str = "LOCK";
/// What a fresh file system has in it.
const LOST_AND_FOUND: &str = "lost+found";

/// A data directory that this process has to itself until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// The lock goes with the descriptor, and so with the process.
    _lock: File,
}

/// The folder of a partition's journal.
pub fn journal_dir(data: &Path, partition: u32) -> PathBuf {
    data.join(partition_name(partition)).join("journal")
}

/// The folder of what lies beside a partition's sealed segments.
pub fn sealed_dir(data: &Path, partition: u32) -> PathBuf {
    data.join(partition_name(partition)).join("sealed")
}

fn partition_name(partition: u32) -> String {
    format!("partition-{partition:04}")
}

impl DataDir {
    /// Takes a data directory, which is made if it is not there.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        RealDisk.create_dir_all(path).map_err(|e| OpenError::from_io("made", path, e))?;
        Self::take(path)
    }

    /// Takes a data directory that has to be there, with a journal in it.
    pub fn open_existing(path: &Path) -> Result<Self, OpenError> {
        let journal = journal_dir(path, 0);
        fs::read_dir(&journal).map_err(|e| OpenError::from_io("listed", &journal, e))?;
        Self::take(path)
    }

    fn take(path: &Path) -> Result<Self, OpenError> {
        if is_foreign(path).map_err(|e| OpenError::from_io("listed", path, e))? {
            return Err(OpenError::Foreign { path: path.to_path_buf() });
        }
        // Asked beforehand, so that a folder that only lets its files be written is found out too.
        rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|e| OpenError::from_io("written", path, e.into()))?;
        let lock_path = path.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(|e| OpenError::from_io("opened", &lock_path, e))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.to_path_buf(), _lock: lock }),
            Err(Errno::WOULDBLOCK) => Err(OpenError::Locked { path: path.to_path_buf() }),
            Err(error) => Err(OpenError::from_io("locked", &lock_path, error.into())),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of a partition's journal.
    pub fn journal(&self, partition: u32) -> PathBuf {
        journal_dir(&self.path, partition)
    }

    /// The folder of what lies beside a partition's sealed segments.
    pub fn sealed(&self, partition: u32) -> PathBuf {
        sealed_dir(&self.path, partition)
    }
}

/// Whether there is something in it, and nothing that makes it a data directory.
fn is_foreign(path: &Path) -> io::Result<bool> {
    let mut is_empty = true;
    let partition = partition_name(0);
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name == LOCK || name == partition.as_str() {
            return Ok(false);
        }
        is_empty &= name == LOST_AND_FOUND;
    }
    Ok(!is_empty)
}
