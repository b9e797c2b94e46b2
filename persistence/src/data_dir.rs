//! The data directory: whose it is, and that it can be used.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, FlockOperation};
use rustix::io::Errno;

use crate::disk::{Disk, DiskFile, RealDisk};
use crate::error::OpenError;

const LOCK: &str = "LOCK";
/// Says that the directory is a fork.
const FORK: &str = "FORK";
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

/// Marks a data directory as a fork: the file `FORK`, beside the flag in each of its segments.
pub(crate) fn mark_fork<D: Disk>(
    disk: &D,
    data: &Path,
    lineage: &str,
    continues: &str,
) -> Result<(), OpenError> {
    let path = data.join(FORK);
    unmark(disk, data)?;
    let text = format!(
        "This ledger is a fork, a copy to try things on. It is not the original, and must never be taken for it.\nlineage {lineage}\ncontinues {continues}\n"
    );
    disk.create(&path)
        .and_then(|file| {
            file.write_at(text.as_bytes(), 0)?;
            file.sync_data()
        })
        .and_then(|()| disk.sync_dir(data))
        .map_err(|error| OpenError::from_io("written", &path, error))
}

/// Takes the mark of a fork away again, from a folder that is no data directory yet.
pub(crate) fn unmark<D: Disk>(disk: &D, data: &Path) -> Result<(), OpenError> {
    let path = data.join(FORK);
    match disk.remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(OpenError::from_io("removed", &path, error))
        }
        _ => Ok(()),
    }
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

    /// Whether it is a fork: by its mark, or by its segments, should somebody have removed that.
    pub fn is_fork(&self) -> Result<bool, OpenError> {
        let mark = self.path.join(FORK);
        let is_marked =
            mark.try_exists().map_err(|e| OpenError::from_io("looked for", &mark, e))?;
        Ok(is_marked || crate::recovery::is_fork(&RealDisk, &self.journal(0))?)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of a partition's journal.
    pub fn journal(&self, partition: u32) -> PathBuf {
        journal_dir(&self.path, partition)
    }

    /// The folder of a partition's runs of ids.
    pub fn ids(&self, partition: u32) -> PathBuf {
        self.path.join(partition_name(partition)).join("ids")
    }

    /// The folder of a partition's snapshots.
    pub fn snapshots(&self, partition: u32) -> PathBuf {
        self.path.join(partition_name(partition)).join("snapshots")
    }

    /// The folder of a partition: its other folders, and the marker of its archive.
    pub fn partition(&self, partition: u32) -> PathBuf {
        self.path.join(partition_name(partition))
    }

    /// The folder of a partition's plain checkpoint.
    pub fn checkpoint(&self, partition: u32) -> PathBuf {
        self.partition(partition).join("checkpoint")
    }

    /// The folder of segments that were fetched from the archive to be read.
    pub fn fetched(&self, partition: u32) -> PathBuf {
        self.partition(partition).join("fetched")
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
