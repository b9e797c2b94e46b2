//! The disk as the journal sees it: a small trait, so that a disk that loses, tears, fails and fills up
//! can stand in for the real one.

mod real;
mod sim;

use std::io;
use std::path::Path;

pub use real::{RealDisk, RealFile};
pub use sim::{Counters, Faults, SimDisk, SimFile, is_crash};

/// A file in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// Its name, without the folder.
    pub name: String,
    /// Its length, bytes.
    pub len: u64,
}

/// A file system. Cheap to clone; clones are the same disk.
///
/// What is written to a file is durable after [`DiskFile::sync_data`] on it, what is done to a folder
/// (create, rename, remove) after [`Disk::sync_dir`]. Nothing is before.
pub trait Disk: Clone + Send + Sync + 'static {
    /// Its open files.
    type File: DiskFile;

    /// Makes a new file, for reading and writing. Fails if there is one.
    fn create(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file for reading.
    fn open_read_only(&self, path: &Path) -> io::Result<Self::File>;
    /// Renames a file within its folder, replacing what has that name; or a folder, with all that is in it, where
    /// nothing or an empty folder has that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The files of a folder, by name, without its folders.
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>>;
    /// Makes a folder and those above it, all of them durable when it returns.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Makes durable what was done to the folder.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// How much can still be written, bytes.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
}

/// An open file. Reads and writes name their place, so threads can share it.
pub trait DiskFile: Send + Sync + 'static {
    /// Its length, bytes.
    fn len(&self) -> io::Result<u64>;
    /// Reads up to `buf.len()` bytes, fewer only at the end of the file.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Reads exactly `buf.len()` bytes as they are on the device, whatever the page cache holds.
    /// `offset` and `buf.len()` are whole sectors of 4,096 bytes.
    fn read_past_cache(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of it.
    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()>;
    /// Makes durable what was written and the length. After an error it must not be tried again: the
    /// system may have dropped what it could not write, and report success the second time.
    fn sync_data(&self) -> io::Result<()>;
    /// Cuts the file, or lengthens it with zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Says that this is read soon, so that the device can begin. A hint: it changes nothing, and need not be heard.
    fn will_read(&self, _offset: u64, _len: u64) {}

    /// Whether it has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads exactly `buf.len()` bytes.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        if self.read_at(buf, offset)? == buf.len() {
            return Ok(());
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
