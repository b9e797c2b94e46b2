//! A disk in memory that forgets what was not synced, tears, fails and fills up: everything a real one may
//! do, under a seed.

mod file;
mod image;
mod random;
#[cfg(test)]
mod tests;
mod world;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{DirEntry, Disk};
use world::{Turn, World};

pub use file::SimFile;

/// What is going to go wrong. Operations that change something are numbered, see
/// [`SimDisk::operations`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    /// Of a million writes so many fail, after a part of the bytes.
    pub write_error_ppm: u32,
    /// Of a million syncs so many fail. A failed sync drops what it could not write, and the next one
    /// succeeds.
    pub sync_error_ppm: u32,
    /// Of a million reads so many fail.
    pub read_error_ppm: u32,
    /// The operation with this number fails.
    pub fail_at: Option<u64>,
    /// At the operation with this number the power goes. All operations fail from then on, until
    /// [`SimDisk::crash`] or [`SimDisk::kill`].
    pub crash_at: Option<u64>,
    /// How much fits, bytes.
    pub capacity_bytes: Option<u64>,
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Operations that change something, and could fail.
    pub operations: u64,
    /// Those that did.
    pub failed_operations: u64,
    /// Writes.
    pub writes: u64,
    /// Syncs of files that succeeded.
    pub syncs: u64,
    /// Unsynced writes that a crash or a failed sync lost.
    pub lost_writes: u64,
    /// Unsynced writes of which a crash or a failed sync lost a part.
    pub torn_writes: u64,
    /// Crashes.
    pub crashes: u64,
}

/// A simulated disk. Clones are the same disk.
///
/// A write changes what reads see, and nothing else until a sync. A crash keeps, loses or tears each
/// unsynced write, block by block of 512 bytes; of what was done to a folder since its last sync, it keeps
/// the first so many things. A killed process loses nothing but its open files: the page cache stays,
/// together with what a failed sync left in it and never wrote.
#[derive(Debug, Clone)]
pub struct SimDisk {
    world: Arc<Mutex<World>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the simulated machine has crashed")]
struct Crashed;

fn crashed() -> io::Error {
    io::Error::other(Crashed)
}

/// Whether an error says that the simulated machine, or the process on it, is dead.
pub fn is_crash(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Crashed>)
}

impl SimDisk {
    /// An empty disk. The seed decides what happens to what was not synced.
    pub fn new(seed: u64) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(seed))) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what is going to go wrong.
    pub fn set_faults(&self, faults: Faults) {
        self.world().faults = faults;
    }

    /// What is going to go wrong.
    pub fn faults(&self) -> Faults {
        self.world().faults.clone()
    }

    /// What has happened so far.
    pub fn counters(&self) -> Counters {
        self.world().counters
    }

    /// How many operations that change something there have been: the next one has this number.
    pub fn operations(&self) -> u64 {
        self.counters().operations
    }

    /// Whether [`Faults::crash_at`] has come.
    pub fn has_crashed(&self) -> bool {
        self.world().has_crashed
    }

    /// The power goes, and comes back. Takes `fail_at` and `crash_at` off the faults.
    pub fn crash(&self) {
        self.world().crash();
    }

    /// The process dies, and another begins on the same machine. Takes `fail_at` and `crash_at` off the faults.
    pub fn kill(&self) {
        self.world().restart();
    }

    /// Flips a bit of a file, on the device and in the page cache.
    pub fn flip_bit(&self, path: &Path, offset: usize, bit: u32) -> io::Result<()> {
        let mut world = self.world();
        let inode = world.inode(path)?;
        let image = world.image_mut(inode)?;
        for bytes in [&mut image.durable, &mut image.cached] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= 1 << bit;
            }
        }
        Ok(())
    }

    /// What reads of a file see.
    pub fn contents(&self, path: &Path) -> io::Result<Vec<u8>> {
        let world = self.world();
        Ok(world.image(world.inode(path)?)?.cached.clone())
    }

    /// Puts a file there as if it had always been.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.world();
        let dir = path.parent().unwrap_or(Path::new(""));
        world.add_dirs(dir);
        let inode = match world.inode(path) {
            Ok(inode) => inode,
            Err(_) => world.create(path)?,
        };
        world.sync_dir(dir);
        let image = world.image_mut(inode)?;
        image.set_len(0);
        image.write(0, bytes);
        image.sync();
        Ok(())
    }

    /// Takes a file away as if it had never been.
    pub fn take(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.remove(path)?;
        world.sync_dir(path.parent().unwrap_or(Path::new("")));
        Ok(())
    }

    /// Paths of all files in a folder.
    pub fn files(&self, dir: &Path) -> Vec<PathBuf> {
        let world = self.world();
        let files = world.list(dir).unwrap_or_default();
        files.into_iter().map(|(path, _)| path.to_path_buf()).collect()
    }

    fn file(&self, inode: u64, boot: u64, is_writable: bool) -> SimFile {
        SimFile::new(self.clone(), inode, boot, is_writable)
    }

    fn open_file(&self, path: &Path, is_writable: bool) -> io::Result<SimFile> {
        let world = self.world();
        world.alive()?;
        Ok(self.file(world.inode(path)?, world.boot, is_writable))
    }
}

/// The error of a device that cannot.
fn device_error() -> io::Error {
    rustix::io::Errno::IO.into()
}

/// Runs an operation that is done as a whole or not at all.
fn whole<T>(world: &mut World, run: impl FnOnce(&mut World) -> io::Result<T>) -> io::Result<T> {
    match world.turn(0)? {
        Turn::Done => run(world),
        Turn::Fails => Err(device_error()),
        Turn::Crashes => {
            run(world)?;
            Err(crashed())
        }
    }
}

impl Disk for SimDisk {
    type File = SimFile;

    fn create(&self, path: &Path) -> io::Result<SimFile> {
        let mut world = self.world();
        let inode = whole(&mut world, |world| world.create(path))?;
        Ok(self.file(inode, world.boot, true))
    }

    fn open(&self, path: &Path) -> io::Result<SimFile> {
        self.open_file(path, true)
    }

    fn open_read_only(&self, path: &Path) -> io::Result<SimFile> {
        self.open_file(path, false)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        whole(&mut self.world(), |world| world.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        whole(&mut self.world(), |world| world.remove(path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        let world = self.world();
        world.alive()?;
        let mut entries = Vec::new();
        for (path, inode) in world.list(dir)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            entries.push(DirEntry { name, len: world.image(inode)?.cached.len() as u64 });
        }
        Ok(entries)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.alive()?;
        world.add_dirs(dir);
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        whole(&mut self.world(), |world| {
            world.sync_dir(dir);
            Ok(())
        })
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        let world = self.world();
        world.alive()?;
        Ok(world.faults.capacity_bytes.unwrap_or(1 << 40).saturating_sub(world.used_bytes()))
    }
}
