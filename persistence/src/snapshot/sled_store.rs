//! Snapshots in sled: one database a generation, in a folder of its own.
//!
//! sled does its own I/O, on the real disk only, and four of its habits shape this file.
//!
//! * On bytes that it did not write it panics, and a panic ends the process here. So it never opens a published
//!   generation: it gets a copy of which every byte was checked against a hash. One database a generation, because in
//!   a common one a damaged byte would take all generations with it, and because its space comes back by removing files.
//! * Its `flush` makes nothing durable: it asks for write-back of ranges, and syncs neither lengths nor the files that it
//!   keeps beside its log. So a database is closed before it is published, and its files are then synced here.
//! * Nodes above a quarter of a segment go to such files beside the log, and if one of these cannot be written, the next
//!   flush waits for ever. So chunks are cut into parts that are too small for that.
//! * Not every one of its writes that fails wakes whoever waits for it. So it is not let near the end of the disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::chunk::{Chunk, ChunkKey};
use super::error::{SnapshotError, SnapshotPart};
use super::files::{self, remove_dir};
use super::manifest::Manifest;
use super::seal::{self, SealedFile};
use super::store::{
    GenerationReader, Listed, NOT_BEGUN, Puts, SnapshotStore, generation_in, name_of,
};
use crate::disk::{Disk, DiskFile, RealDisk};

/// Manifest and seal of a generation: without it, the folder is nothing.
const MANIFEST: &str = ".manifest";
const MANIFEST_UNFINISHED: &str = ".manifest.tmp";
/// The folder of a generation's database.
const DATABASE: &str = ".sled";
/// The folder of a copy that is being read.
const COPY: &str = ".copy";
/// The file that sled locks, and the folder of those beside its log.
const SLED_LOG: &str = "db";
const SLED_BLOBS: &str = "blobs";
const TREE: &str = "chunks";

/// A chunk is stored in parts of this size. A leaf of sled takes 17 values before it is split.
const PART_BYTES: usize = 16 * 1024;
const LEAF_VALUES_MAX: usize = 17;
/// sled's segment. A node that takes more than a quarter goes to a file beside the log.
const SEGMENT_BYTES: usize = 2 * 1024 * 1024;
const _: () = assert!(LEAF_VALUES_MAX * (PART_BYTES + 64) < SEGMENT_BYTES / 4 - 64);
/// sled divides its cache by 256, and what does not fit such a part is read again for each access: room for a leaf.
const CACHE_BYTES: u64 = 256 * 384 * 1024;
const _: () = assert!(CACHE_BYTES / 256 > (LEAF_VALUES_MAX * (PART_BYTES + 64)) as u64);

/// One sled database a generation, in one folder.
#[derive(Debug)]
pub struct SledStore {
    dir: PathBuf,
    writing: Option<Writing>,
}

#[derive(Debug)]
struct Writing {
    puts: Puts,
    path: PathBuf,
    /// `None` once it is closed.
    database: Option<Database>,
}

/// Room that has to be left on the disk beyond what is given to sled: a few of its segments.
const ROOM_BYTES: u64 = 16 * SEGMENT_BYTES as u64;
/// How much sled writes for a byte that it is given, at most: leaves are written again as they grow.
const WRITES_A_BYTE: u64 = 8;

#[derive(Debug)]
struct Database {
    tree: sled::Tree,
    // Last, so that it goes last.
    _db: sled::Db,
}

impl Database {
    fn open(path: &Path, is_copy: bool) -> Result<Self, sled::Error> {
        let config = sled::Config::new()
            .path(path)
            .segment_size(SEGMENT_BYTES)
            .cache_capacity(CACHE_BYTES)
            .mode(sled::Mode::LowSpace)
            .temporary(is_copy) // what goes anyway is not synced
            .flush_every_ms(None);
        let db = config.open()?;
        Ok(Self { tree: db.open_tree(TREE)?, _db: db })
    }

    fn put(&self, chunk: &Chunk) -> Result<(), sled::Error> {
        for (part, bytes) in (0..).zip(chunk.bytes().chunks(PART_BYTES)) {
            self.tree.insert(part_key(chunk.key(), part), bytes)?;
        }
        Ok(())
    }
}

/// Kind, index, part: big-endian, so that sled's order is ours.
fn part_key(key: ChunkKey, part: u32) -> [u8; 9] {
    let mut bytes = [0; 9];
    bytes[0] = key.kind as u8;
    bytes[1..5].copy_from_slice(&key.index.to_be_bytes());
    bytes[5..].copy_from_slice(&part.to_be_bytes());
    bytes
}

fn from_sled(did: &'static str, path: &Path, error: sled::Error) -> SnapshotError {
    match error {
        sled::Error::Io(error) => SnapshotError::from_io(did, path, error),
        error => SnapshotError::Store { did, path: path.to_path_buf(), what: error.to_string() },
    }
}

impl Writing {
    /// Makes the database durable; gives the manifest and the seal, as they are to be written.
    fn close_and_seal(&mut self, manifest: &Manifest) -> Result<Vec<u8>, SnapshotError> {
        self.database.take().map_or(Ok(()), |database| close(database, &self.path))?;
        let files = files::sync_and_seal(&self.path, SLED_BLOBS)?;
        let sealed = seal::encode(manifest, &files);
        sealed.ok_or(SnapshotError::Misused { what: "sled's files cannot be sealed" })
    }
}

impl SledStore {
    /// Opens a folder, which is made if it is not there, and drops what was never finished in it.
    pub fn open(dir: &Path) -> Result<Self, SnapshotError> {
        RealDisk.create_dir_all(dir).map_err(|e| SnapshotError::from_io("made", dir, e))?;
        let store = Self { dir: dir.to_path_buf(), writing: None };
        let generations = store.generations()?;
        for entry in fs::read_dir(dir).map_err(|e| SnapshotError::from_io("listed", dir, e))? {
            let entry = entry.map_err(|e| SnapshotError::from_io("listed", dir, e))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_orphan = generation_in(&name, DATABASE)
                .is_some_and(|generation| !generations.contains(&generation));
            if is_orphan || generation_in(&name, COPY).is_some() {
                remove_dir(&dir.join(&name))?;
            }
            if generation_in(&name, MANIFEST_UNFINISHED).is_some() {
                store.remove_file(&dir.join(&name))?;
            }
        }
        Ok(store)
    }

    fn database_path(&self, generation: u64) -> PathBuf {
        self.dir.join(name_of(generation, DATABASE))
    }

    /// Whether there is room for so many bytes more, and some.
    fn check_room(&self, bytes: u64) -> Result<(), SnapshotError> {
        let free = RealDisk.free_bytes(&self.dir);
        let free = free.map_err(|e| SnapshotError::from_io("asked for its room", &self.dir, e))?;
        if free < bytes.saturating_add(ROOM_BYTES) {
            return Err(SnapshotError::Full { path: self.dir.clone() });
        }
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> Result<(), SnapshotError> {
        RealDisk.remove(path).map_err(|e| SnapshotError::from_io("removed", path, e))?;
        self.sync_dir()
    }

    fn sync_dir(&self) -> Result<(), SnapshotError> {
        let synced = RealDisk.sync_dir(&self.dir);
        synced.map_err(|e| SnapshotError::from_io("synced", &self.dir, e))
    }

    fn read_manifest(
        &self,
        generation: u64,
    ) -> Result<(Manifest, Vec<SealedFile>, u64), SnapshotError> {
        let path = self.dir.join(name_of(generation, MANIFEST));
        match fs::read(&path) {
            Ok(bytes) => {
                let (manifest, files) = seal::decode(&bytes, generation)?;
                Ok((manifest, files, bytes.len() as u64))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(SnapshotError::NotThere { generation })
            }
            Err(error) => Err(SnapshotError::from_io("read", &path, error)),
        }
    }

    /// Writes manifest and seal, when all that they name is on disk.
    fn write_manifest(&self, generation: u64, bytes: &[u8]) -> Result<(), SnapshotError> {
        let from = self.dir.join(name_of(generation, MANIFEST_UNFINISHED));
        let to = self.dir.join(name_of(generation, MANIFEST));
        let failed = |did| move |e| (did, e);
        let write = || {
            let file = RealDisk.create(&from).map_err(failed("made"))?;
            file.write_at(bytes, 0).map_err(failed("written"))?;
            file.sync_data().map_err(failed("synced"))?;
            RealDisk.rename(&from, &to).map_err(failed("renamed"))
        };
        write().map_err(|(did, e)| SnapshotError::from_io(did, &from, e))?;
        self.sync_dir()
    }

    /// Copies a generation's database, and checks every byte of it.
    fn copy(&self, generation: u64, files: &[SealedFile]) -> Result<PathBuf, SnapshotError> {
        let (from, to) = (self.database_path(generation), self.dir.join(name_of(generation, COPY)));
        remove_dir(&to)?;
        self.check_room(files.iter().map(|file| file.bytes).sum())?;
        let blobs = to.join(SLED_BLOBS);
        fs::create_dir_all(&blobs).map_err(|e| SnapshotError::from_io("made", &blobs, e))?;
        for file in files {
            let copied = files::copy(&from.join(&file.name), &to.join(&file.name));
            match copied {
                Ok(copied) if copied == (file.bytes, file.hash) => {}
                copied => {
                    // The error that counts is the one that led here.
                    let _ = remove_dir(&to);
                    let part = SnapshotPart::File(file.name.clone());
                    return Err(match copied {
                        Ok(_) => SnapshotError::damaged(generation, part, "its hash is another"),
                        Err(e) if e.kind() == io::ErrorKind::NotFound => {
                            SnapshotError::damaged(generation, part, "it is missing")
                        }
                        Err(e) => SnapshotError::from_io("copied", &from.join(&file.name), e),
                    });
                }
            }
        }
        Ok(to)
    }
}

impl SnapshotStore for SledStore {
    fn begin(&mut self, generation: u64) -> Result<(), SnapshotError> {
        self.abandon()?;
        if generation == 0 || self.generations()?.contains(&generation) {
            return Err(SnapshotError::Misused { what: "a generation of this number is there" });
        }
        self.check_room(0)?;
        let path = self.database_path(generation);
        remove_dir(&path)?;
        let database = Database::open(&path, false).map_err(|e| from_sled("made", &path, e))?;
        let puts = Puts::new(generation);
        self.writing = Some(Writing { puts, path, database: Some(database) });
        Ok(())
    }

    fn put(&mut self, chunk: &Chunk) -> Result<(), SnapshotError> {
        let has_room = self.check_room(WRITES_A_BYTE * chunk.bytes().len() as u64);
        let Writing { puts, path, database } = self.writing.as_mut().ok_or(NOT_BEGUN)?;
        puts.remember(has_room)?;
        puts.note(chunk)?;
        let written = database.as_ref().map_or(Ok(()), |database| database.put(chunk));
        puts.remember(written.map_err(|e| from_sled("written", path, e)))
    }

    fn publish(&mut self, manifest: &Manifest) -> Result<(), SnapshotError> {
        let writing = self.writing.as_mut().ok_or(NOT_BEGUN)?;
        writing.puts.check(manifest)?;
        let (generation, sealed) = (writing.puts.generation, writing.close_and_seal(manifest));
        let published = sealed.and_then(|bytes| {
            // The folder itself has to be there after a crash before what vouches for it is.
            self.sync_dir()?;
            self.write_manifest(generation, &bytes)
        });
        match &mut self.writing {
            Some(writing) if published.is_err() => writing.puts.remember(published),
            _ => {
                self.writing = None;
                published
            }
        }
    }

    fn abandon(&mut self) -> Result<(), SnapshotError> {
        let Some(Writing { puts, path, database }) = self.writing.take() else { return Ok(()) };
        if let Some(database) = database {
            // What goes anyway need not have been closed well.
            let _ = close(database, &path);
        }
        for suffix in [MANIFEST_UNFINISHED, MANIFEST] {
            let manifest = self.dir.join(name_of(puts.generation, suffix));
            match RealDisk.remove(&manifest) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(SnapshotError::from_io("removed", &manifest, e));
                }
                _ => {}
            }
        }
        remove_dir(&path)?;
        self.sync_dir()
    }

    fn generations(&self) -> Result<Vec<u64>, SnapshotError> {
        let entries = RealDisk.list(&self.dir);
        let entries = entries.map_err(|e| SnapshotError::from_io("listed", &self.dir, e))?;
        let mut generations: Vec<u64> =
            entries.iter().filter_map(|entry| generation_in(&entry.name, MANIFEST)).collect();
        generations.sort_unstable();
        Ok(generations)
    }

    fn look(&self, generation: u64) -> Result<Listed, SnapshotError> {
        let (manifest, files, manifest_bytes) = self.read_manifest(generation)?;
        let path = self.database_path(generation);
        for file in &files {
            let there = fs::metadata(path.join(&file.name)).map(|metadata| metadata.len());
            if there.ok() != Some(file.bytes) {
                let part = SnapshotPart::File(file.name.clone());
                return Err(SnapshotError::damaged(generation, part, "it has another length"));
            }
        }
        let bytes_on_disk = manifest_bytes + files.iter().map(|file| file.bytes).sum::<u64>();
        Ok(Listed { manifest, bytes_on_disk })
    }

    fn open(&self, generation: u64) -> Result<Box<dyn GenerationReader>, SnapshotError> {
        let (manifest, files, _) = self.read_manifest(generation)?;
        let path = self.copy(generation, &files)?;
        let database = Database::open(&path, true).map_err(|e| from_sled("opened", &path, e))?;
        let parts = database.tree.iter();
        let database = Some(database);
        Ok(Box::new(Reader { path, manifest, parts: Some(parts), next_place: 0, database }))
    }

    fn delete(&mut self, generation: u64) -> Result<(), SnapshotError> {
        if !self.generations()?.contains(&generation) {
            return Err(SnapshotError::NotThere { generation });
        }
        self.remove_file(&self.dir.join(name_of(generation, MANIFEST)))?;
        remove_dir(&self.database_path(generation))
    }
}

struct Reader {
    path: PathBuf,
    manifest: Manifest,
    /// All parts from the next place on. `None` only while it is dropped.
    parts: Option<sled::Iter>,
    next_place: usize,
    /// `None` only while it is dropped.
    database: Option<Database>,
}

impl GenerationReader for Reader {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn read(&mut self, place: usize, buffer: &mut Vec<u8>) -> Result<(), SnapshotError> {
        let Some(entry) = self.manifest.chunks().get(place).copied() else {
            return Err(SnapshotError::Misused { what: "a chunk that the manifest does not have" });
        };
        buffer.clear();
        if self.next_place != place {
            let tree = self.database.as_ref().map(|database| &database.tree);
            self.parts = tree.map(|tree| tree.range(part_key(entry.key, 0)..));
        }
        self.next_place = usize::MAX; // until this one has been read
        for part in 0.. {
            if buffer.len() >= entry.bytes as usize {
                break;
            }
            match self.parts.as_mut().and_then(Iterator::next) {
                Some(Ok((key, bytes))) if *key == part_key(entry.key, part) => {
                    buffer.extend_from_slice(&bytes);
                }
                Some(Err(error)) => return Err(from_sled("read", &self.path, error)),
                _ => {
                    let part = SnapshotPart::Chunk(entry.key);
                    let generation = self.manifest.generation();
                    return Err(SnapshotError::damaged(generation, part, "it is missing"));
                }
            }
        }
        self.next_place = place + 1;
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.parts = None;
        self.database = None;
        // What is left of a copy goes when the store is opened the next time.
        let _ = remove_dir(&self.path);
    }
}

/// Closes a database, and waits until sled's own threads have let go of its files.
fn close(database: Database, path: &Path) -> Result<(), SnapshotError> {
    let flushed = database.tree.flush();
    drop(database);
    flushed.map_err(|e| from_sled("written", path, e))?;
    files::wait_for_lock(&path.join(SLED_LOG))
}
