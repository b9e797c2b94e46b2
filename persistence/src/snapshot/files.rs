//! Files that a library has written by itself, on the real disk: waiting for them, syncing, hashing, copying.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::error::SnapshotError;
use super::seal::SealedFile;
use crate::disk::{Disk, DiskFile, RealDisk};
use crate::format::Hash;

/// How often, a millisecond apart, it is asked whether a file has been let go.
const RELEASE_TRIES: u32 = 30_000;
const COPY_BYTES: usize = 1024 * 1024;

/// Waits until nobody holds a lock on a file any more.
pub(crate) fn wait_for_lock(path: &Path) -> Result<(), SnapshotError> {
    let file = File::open(path).map_err(|e| SnapshotError::from_io("opened", path, e))?;
    for _ in 0..RELEASE_TRIES {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) => thread::sleep(Duration::from_millis(1)),
            Err(e) => return Err(SnapshotError::from_io("locked", path, e.into())),
        }
    }
    let what = "the threads of its library do not let go of it".to_owned();
    Err(SnapshotError::Store { did: "closed", path: path.to_path_buf(), what })
}

/// Makes a folder and one in it durable, with all files in both, and says what they are.
pub(crate) fn sync_and_seal(path: &Path, inner: &str) -> Result<Vec<SealedFile>, SnapshotError> {
    let mut files = Vec::new();
    let prefix = format!("{inner}/");
    for (dir, prefix) in [(path.join(inner), prefix.as_str()), (path.to_path_buf(), "")] {
        let entries = RealDisk.list(&dir).map_err(|e| SnapshotError::from_io("listed", &dir, e))?;
        for entry in entries {
            let file = dir.join(&entry.name);
            let (bytes, hash) =
                sync_and_hash(&file).map_err(|e| SnapshotError::from_io("synced", &file, e))?;
            files.push(SealedFile { name: format!("{prefix}{}", entry.name), bytes, hash });
        }
        RealDisk.sync_dir(&dir).map_err(|e| SnapshotError::from_io("synced", &dir, e))?;
    }
    Ok(files)
}

fn sync_and_hash(path: &Path) -> io::Result<(u64, Hash)> {
    let file = RealDisk.open_read_only(path)?;
    file.sync_data()?;
    stream(&file, |_, _| Ok(()))
}

/// Copies a file: its length and its hash. The copy is not durable.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<(u64, Hash)> {
    let (from, to) = (RealDisk.open_read_only(from)?, RealDisk.create(to)?);
    stream(&from, |bytes, offset| to.write_at(bytes, offset))
}

/// Reads a file from end to end: its length and its hash.
fn stream<F: DiskFile>(
    file: &F,
    mut also: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<(u64, Hash)> {
    let mut buffer = vec![0; COPY_BYTES];
    let mut hasher = blake3::Hasher::new();
    let mut offset = 0;
    loop {
        let read = file.read_at(&mut buffer, offset)?;
        if read == 0 {
            return Ok((offset, *hasher.finalize().as_bytes()));
        }
        hasher.update(&buffer[..read]);
        also(&buffer[..read], offset)?;
        offset += read as u64;
    }
}

/// Removes a folder with all that is in it, if it is there.
pub(crate) fn remove_dir(path: &Path) -> Result<(), SnapshotError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(SnapshotError::from_io("removed", path, error))
        }
        _ => Ok(()),
    }
}
