//! Snapshots as plain files: one a generation, which has its name only when it is whole.
//!
//! This is the checkpoint that one can still read when a library is gone, and what the simulator uses.

use std::path::{Path, PathBuf};

use super::chunk::Chunk;
use super::error::{SnapshotError, SnapshotPart};
use super::manifest::Manifest;
use super::store::{
    GenerationReader, Listed, NOT_BEGUN, Puts, SnapshotStore, generation_in, name_of,
};
use crate::bytes::{put, u64_at};
use crate::disk::{Disk, DiskFile};

const SUFFIX: &str = ".snapshot";
/// One that is being written; never read.
const SUFFIX_UNFINISHED: &str = ".snapshot.tmp";

/// How a file ends: length of the manifest before it, magic.
const TRAILER_BYTES: usize = 8 + 8;
const TRAILER_MAGIC: [u8; 8] = *b"FLORNSNP";

/// Longest manifest that is read: that of 2^32 accounts, holds and reversals each is shorter.
const MANIFEST_BYTES_MAX: u64 = 1 << 30;

/// One plain file a generation, in one folder.
#[derive(Debug)]
pub struct FileStore<D: Disk> {
    disk: D,
    dir: PathBuf,
    writing: Option<Writing<D::File>>,
}

#[derive(Debug)]
struct Writing<F> {
    puts: Puts,
    /// Where it is now: its last step is to get its name.
    path: PathBuf,
    file: F,
}

impl<D: Disk> FileStore<D> {
    /// Opens a folder, which is made if it is not there, and drops what was never finished in it. What is there is durable
    /// when this returns.
    pub fn open(disk: &D, dir: &Path) -> Result<Self, SnapshotError> {
        disk.create_dir_all(dir).map_err(|e| SnapshotError::from_io("made", dir, e))?;
        let mut store = Self { disk: disk.clone(), dir: dir.to_path_buf(), writing: None };
        store.drop_unfinished()?;
        // Names may only be in memory, left by a process that was killed: others come to rest on what is here.
        store.sync_dir()?;
        Ok(store)
    }

    fn path(&self, generation: u64) -> PathBuf {
        self.dir.join(name_of(generation, SUFFIX))
    }

    fn names(&self) -> Result<Vec<String>, SnapshotError> {
        let entries = self.disk.list(&self.dir);
        let entries = entries.map_err(|e| SnapshotError::from_io("listed", &self.dir, e))?;
        Ok(entries.into_iter().map(|entry| entry.name).collect())
    }

    fn remove(&self, path: &Path) -> Result<(), SnapshotError> {
        self.disk.remove(path).map_err(|e| SnapshotError::from_io("removed", path, e))?;
        self.sync_dir()
    }

    fn sync_dir(&self) -> Result<(), SnapshotError> {
        let synced = self.disk.sync_dir(&self.dir);
        synced.map_err(|e| SnapshotError::from_io("synced", &self.dir, e))
    }

    fn drop_unfinished(&mut self) -> Result<(), SnapshotError> {
        for name in self.names()? {
            if generation_in(&name, SUFFIX_UNFINISHED).is_some() {
                self.remove(&self.dir.join(name))?;
            }
        }
        Ok(())
    }

    /// Opens a file, reads its manifest, and checks that the file is as long as that says.
    fn read_manifest(&self, generation: u64) -> Result<(D::File, Manifest, u64), SnapshotError> {
        let path = self.path(generation);
        let failed = |e| SnapshotError::from_io("read", &path, e);
        let damaged = |what: &str| SnapshotError::damaged(generation, SnapshotPart::Manifest, what);
        let file = self.disk.open_read_only(&path).map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                return SnapshotError::NotThere { generation };
            }
            SnapshotError::from_io("opened", &path, error)
        })?;
        let len = file.len().map_err(failed)?;
        let Some(trailer_at) = len.checked_sub(TRAILER_BYTES as u64) else {
            return Err(damaged("the file is too short to have one"));
        };
        let mut trailer = [0; TRAILER_BYTES];
        file.read_exact_at(&mut trailer, trailer_at).map_err(failed)?;
        let bytes = u64_at(&trailer, 0);
        if trailer[8..] != TRAILER_MAGIC || bytes > trailer_at.min(MANIFEST_BYTES_MAX) {
            return Err(damaged("the file does not end as it should"));
        }
        let Ok(manifest_bytes) = usize::try_from(bytes) else {
            return Err(damaged("the file does not end as it should"));
        };
        let mut manifest = vec![0; manifest_bytes];
        file.read_exact_at(&mut manifest, trailer_at - bytes).map_err(failed)?;
        let manifest = Manifest::decode(&manifest, generation)?;
        if manifest.chunk_bytes() != trailer_at - bytes {
            return Err(damaged("the file has another length"));
        }
        Ok((file, manifest, len))
    }
}

impl<D: Disk> SnapshotStore for FileStore<D> {
    fn begin(&mut self, generation: u64) -> Result<(), SnapshotError> {
        self.abandon()?;
        if generation == 0 || self.generations()?.contains(&generation) {
            return Err(SnapshotError::Misused { what: "a generation of this number is there" });
        }
        let path = self.dir.join(name_of(generation, SUFFIX_UNFINISHED));
        let file = self.disk.create(&path).map_err(|e| SnapshotError::from_io("made", &path, e))?;
        self.writing = Some(Writing { puts: Puts::new(generation), path, file });
        Ok(())
    }

    fn put(&mut self, chunk: &Chunk) -> Result<(), SnapshotError> {
        let Writing { puts, path, file } = self.writing.as_mut().ok_or(NOT_BEGUN)?;
        let offset = puts.bytes();
        puts.note(chunk)?;
        let written = file.write_at(chunk.bytes(), offset);
        puts.remember(written.map_err(|e| SnapshotError::from_io("written", path, e)))
    }

    fn publish(&mut self, manifest: &Manifest) -> Result<(), SnapshotError> {
        let Writing { puts, path, file } = self.writing.as_mut().ok_or(NOT_BEGUN)?;
        puts.check(manifest)?;
        let mut end = manifest.encode();
        let bytes = end.len();
        end.resize(bytes + TRAILER_BYTES, 0);
        put(&mut end, bytes, (bytes as u64).to_le_bytes());
        put(&mut end, bytes + 8, TRAILER_MAGIC);
        let offset = puts.bytes();
        let failed = |did, e| SnapshotError::from_io(did, path, e);
        // The chunks first, so that not even a torn file has a manifest before them.
        let synced = file
            .sync_data()
            .map_err(|e| failed("synced", e))
            .and_then(|()| file.write_at(&end, offset).map_err(|e| failed("written", e)))
            .and_then(|()| file.sync_data().map_err(|e| failed("synced", e)));
        puts.remember(synced)?;
        let to = self.dir.join(name_of(puts.generation, SUFFIX));
        let renamed = self.disk.rename(path, &to);
        puts.remember(renamed.map_err(|e| SnapshotError::from_io("renamed", path, e)))?;
        *path = to;
        let synced = self.disk.sync_dir(&self.dir);
        puts.remember(synced.map_err(|e| SnapshotError::from_io("synced", &self.dir, e)))?;
        self.writing = None;
        Ok(())
    }

    fn abandon(&mut self) -> Result<(), SnapshotError> {
        let Some(Writing { path, file, .. }) = self.writing.take() else { return Ok(()) };
        drop(file);
        self.remove(&path)
    }

    fn generations(&self) -> Result<Vec<u64>, SnapshotError> {
        let names = self.names()?;
        let mut generations: Vec<u64> =
            names.iter().filter_map(|name| generation_in(name, SUFFIX)).collect();
        generations.sort_unstable();
        Ok(generations)
    }

    fn look(&self, generation: u64) -> Result<Listed, SnapshotError> {
        let (_, manifest, bytes_on_disk) = self.read_manifest(generation)?;
        Ok(Listed { manifest, bytes_on_disk })
    }

    fn open(&self, generation: u64) -> Result<Box<dyn GenerationReader>, SnapshotError> {
        let (file, manifest, _) = self.read_manifest(generation)?;
        let lens = manifest.chunks().iter().map(|chunk| u64::from(chunk.bytes));
        let offsets = lens.scan(0, |next, len| Some(std::mem::replace(next, *next + len)));
        let offsets = offsets.collect();
        Ok(Box::new(Reader { path: self.path(generation), file, manifest, offsets }))
    }

    fn delete(&mut self, generation: u64) -> Result<(), SnapshotError> {
        if !self.generations()?.contains(&generation) {
            return Err(SnapshotError::NotThere { generation });
        }
        self.remove(&self.path(generation))
    }
}

struct Reader<F> {
    path: PathBuf,
    file: F,
    manifest: Manifest,
    /// Where each chunk begins.
    offsets: Vec<u64>,
}

impl<F: DiskFile> GenerationReader for Reader<F> {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn read(&mut self, place: usize, buffer: &mut Vec<u8>) -> Result<(), SnapshotError> {
        let (entry, offset) = match (self.manifest.chunks().get(place), self.offsets.get(place)) {
            (Some(entry), Some(offset)) => (entry, *offset),
            _ => {
                return Err(SnapshotError::Misused {
                    what: "a chunk that the manifest does not have",
                });
            }
        };
        // Only what is new is zeroed: a buffer that is used again costs nothing.
        buffer.resize(entry.bytes as usize, 0);
        let read = self.file.read_exact_at(buffer, offset);
        read.map_err(|e| SnapshotError::from_io("read", &self.path, e))
    }
}
