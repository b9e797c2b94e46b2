//! A folder as a place for backups. An object is a file; what is being written has a name that no object has.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::PIECE_BYTES;
use super::error::PlaceError;
use super::place::{Head, Objects, Place, is_name};
use crate::disk::{Disk, DiskFile};
use crate::format::Hash;

/// Ends the name of a file that is being written.
const UNFINISHED: &str = "_tmp";

/// Backups in a folder.
#[derive(Debug, Clone)]
pub struct DirPlace<D> {
    disk: D,
    dir: PathBuf,
}

impl<D: Disk> DirPlace<D> {
    /// In this folder, which is made when the first object is written.
    pub fn new(disk: D, dir: impl Into<PathBuf>) -> Self {
        Self { disk, dir: dir.into() }
    }

    fn path(&self, name: &str) -> Result<PathBuf, PlaceError> {
        // Names come from manifests too: none of them leads out of the folder.
        if is_name(name) { Ok(self.dir.join(name)) } else { Err(PlaceError::missing(name)) }
    }

    /// The folder of objects whose names begin like this.
    fn folder(&self, prefix: &str) -> PathBuf {
        prefix.rsplit_once('/').map_or_else(|| self.dir.clone(), |(at, _)| self.dir.join(at))
    }

    fn write(&self, path: &Path, content: &mut dyn Read, bytes: u64) -> Result<(), Fault> {
        match self.disk.remove(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Fault::Disk(error));
            }
            _ => {}
        }
        let file = self.disk.create(path).map_err(Fault::Disk)?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut done = 0;
        while done < bytes {
            let left = usize::try_from(bytes - done).unwrap_or(usize::MAX);
            let piece = &mut piece[..left.min(PIECE_BYTES)];
            content.read_exact(piece).map_err(Fault::Source)?;
            file.write_at(piece, done).map_err(Fault::Disk)?;
            done += piece.len() as u64;
        }
        file.sync_data().map_err(Fault::Disk)
    }

    /// The hash of what a file holds.
    fn hash(&self, path: &Path) -> io::Result<Hash> {
        let file = self.disk.open_read_only(path)?;
        let len = file.len()?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; PIECE_BYTES];
        let mut done = 0;
        while done < len {
            let left = usize::try_from(len - done).unwrap_or(usize::MAX);
            let piece = &mut piece[..left.min(PIECE_BYTES)];
            file.read_exact_at(piece, done)?;
            hasher.update(piece);
            done += piece.len() as u64;
        }
        Ok(*hasher.finalize().as_bytes())
    }
}

/// Which side failed.
enum Fault {
    Source(io::Error),
    Disk(io::Error),
}

impl<D: Disk> Objects for DirPlace<D> {
    fn get(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<(), PlaceError> {
        let path = self.path(name)?;
        let read = self.disk.open_read_only(&path).and_then(|file| file.read_exact_at(buf, offset));
        read.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => PlaceError::missing(name),
            _ => PlaceError::failed("read", name, &error),
        })
    }
}

impl<D: Disk> Place for DirPlace<D> {
    fn put(
        &self,
        name: &str,
        content: &mut dyn Read,
        bytes: u64,
        blake3: &Hash,
    ) -> Result<(), PlaceError> {
        let path = self.path(name)?;
        let dir = path.parent().unwrap_or(&self.dir);
        let failed = |did| move |error: io::Error| PlaceError::failed(did, name, &error);
        self.disk.create_dir_all(dir).map_err(failed("given a folder"))?;
        let unfinished = self.dir.join(format!("{name}{UNFINISHED}"));
        self.write(&unfinished, content, bytes).map_err(|fault| match fault {
            Fault::Source(source) => PlaceError::Source { name: name.to_owned(), source },
            Fault::Disk(error) => PlaceError::failed("written", name, &error),
        })?;
        if self.hash(&unfinished).map_err(failed("read back"))? != *blake3 {
            return Err(PlaceError::Mangled { name: name.to_owned() });
        }
        self.disk.rename(&unfinished, &path).map_err(failed("renamed"))?;
        self.disk.sync_dir(dir).map_err(failed("synced"))
    }

    fn settle(&self, prefix: &str) -> Result<(), PlaceError> {
        // Files are synced before they have their names: those are what may be in memory only.
        let synced = self.disk.sync_dir(&self.folder(prefix));
        synced.map_err(|error| PlaceError::failed("synced", prefix, &error))
    }

    fn head(&self, name: &str) -> Result<Option<Head>, PlaceError> {
        let path = self.path(name)?;
        match self.disk.open_read_only(&path).and_then(|file| file.len()) {
            Ok(bytes) => Ok(Some(Head { name: name.to_owned(), bytes })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PlaceError::failed("read", name, &error)),
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<Head>, PlaceError> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let entries = match self.disk.list(&self.folder(prefix)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(PlaceError::failed("listed", prefix, &error)),
        };
        let heads = entries.into_iter().map(|entry| {
            let name =
                if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
            Head { name, bytes: entry.len }
        });
        Ok(heads.filter(|head| head.name.starts_with(prefix) && is_name(&head.name)).collect())
    }

    fn is_near(&self) -> bool {
        true
    }

    fn delete(&self, name: &str) -> Result<(), PlaceError> {
        let path = self.path(name)?;
        let dir = path.parent().unwrap_or(&self.dir);
        let removed = match self.disk.remove(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            removed => removed,
        };
        removed
            .and_then(|()| self.disk.sync_dir(dir))
            .map_err(|error| PlaceError::failed("removed", name, &error))
    }
}
