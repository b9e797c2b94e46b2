//! A folder as a place for backups. An object is a file; what is being written has a name that no object has.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::PIECE_BYTES;
use super::error::PlaceError;
use super::place::{Head, Objects, Place, is_name};
use crate::disk::{Disk, DiskFile};
use crate::format::Hash;
use crate::format::sector::SECTOR_BYTES;

/// Behind the name of an object, and before a number, in the name of a file that is being written.
const UNFINISHED: &str = "_tmp";
/// Most files that one object is being written to, what crashes have left included.
const UNFINISHED_MAX: u32 = 1_000;

/// Backups in a folder.
#[derive(Debug, Clone)]
pub struct DirPlace<D> {
    disk: D,
    dir: PathBuf,
    /// It is never made here: where it is missing, something else is, most likely a volume.
    has_to_exist: bool,
}

impl<D: Disk> DirPlace<D> {
    /// In this folder, which is made when the first object is written.
    pub fn new(disk: D, dir: impl Into<PathBuf>) -> Self {
        Self { disk, dir: dir.into(), has_to_exist: false }
    }

    /// In this folder, which somebody has made: what is written to it replaces what is removed elsewhere, and a folder
    /// that is made where a volume is not mounted would not be seen again.
    pub fn existing(disk: D, dir: impl Into<PathBuf>) -> Self {
        Self { disk, dir: dir.into(), has_to_exist: true }
    }

    /// Whether its folder is there, if it has to be.
    fn check_root(&self, did: &'static str, name: &str) -> Result<(), PlaceError> {
        if !self.has_to_exist {
            return Ok(());
        }
        match self.disk.list(&self.dir) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let what = format!("the folder {} does not exist", self.dir.display());
                Err(PlaceError::failed(did, name, &what))
            }
            Err(error) => Err(PlaceError::failed(did, name, &error)),
        }
    }

    fn path(&self, name: &str) -> Result<PathBuf, PlaceError> {
        // Names come from manifests too: none of them leads out of the folder.
        if is_name(name) { Ok(self.dir.join(name)) } else { Err(PlaceError::missing(name)) }
    }

    /// Makes a file that nobody else writes to: two writers of one object may be at work at a time.
    fn create_unfinished(&self, path: &Path) -> io::Result<(PathBuf, D::File)> {
        for number in 0..UNFINISHED_MAX {
            let mut name = path.as_os_str().to_owned();
            name.push(format!("{UNFINISHED}{number}"));
            let unfinished = PathBuf::from(name);
            match self.disk.create(&unfinished) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return created.map(|file| (unfinished, file)),
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "too many unfinished files of it are there",
        ))
    }

    /// Removes what others have left of an object that is there now. It is never read: that it stays is no error.
    fn sweep(&self, dir: &Path, path: &Path) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
        let prefix = format!("{name}{UNFINISHED}");
        for entry in self.disk.list(dir).unwrap_or_default() {
            if entry.name.starts_with(&prefix) {
                let _ = self.disk.remove(&dir.join(entry.name));
            }
        }
    }

    fn write(file: &D::File, content: &mut dyn Read, bytes: u64) -> Result<(), Fault> {
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

    /// The hash of what a file holds, as it is on the device.
    fn hash(&self, path: &Path) -> io::Result<Hash> {
        let file = self.disk.open_read_only(path)?;
        let len = file.len()?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; PIECE_BYTES];
        let mut done = 0;
        while done < len {
            let left = usize::try_from(len - done).unwrap_or(usize::MAX);
            let piece = &mut piece[..left.min(PIECE_BYTES)];
            let (sectors, rest) = piece.split_at_mut(piece.len() - piece.len() % SECTOR_BYTES);
            if !sectors.is_empty() {
                file.read_past_cache(sectors, done)?;
            }
            if !rest.is_empty() {
                file.read_exact_at(rest, done + sectors.len() as u64)?;
            }
            hasher.update(piece);
            done += piece.len() as u64;
        }
        Ok(*hasher.finalize().as_bytes())
    }

    /// Makes an entry of a folder durable, and that folder's in the one above.
    fn sync_folders(&self, dir: &Path) -> io::Result<()> {
        self.disk.sync_dir(dir)?;
        if dir == self.dir { Ok(()) } else { self.disk.sync_dir(&self.dir) }
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
        self.check_root("written", name)?;
        self.disk.create_dir_all(dir).map_err(failed("given a folder"))?;
        let (unfinished, file) = self.create_unfinished(&path).map_err(failed("written"))?;
        let written = Self::write(&file, content, bytes).map_err(|fault| match fault {
            Fault::Source(source) => PlaceError::Source { name: name.to_owned(), source },
            Fault::Disk(error) => PlaceError::failed("written", name, &error),
        });
        let renamed = written.and_then(|()| {
            let hash = self.hash(&unfinished).map_err(|error| (error, "read back"));
            let renamed = hash.and_then(|hash| {
                let is_whole = hash == *blake3;
                let renamed = is_whole.then(|| self.disk.rename(&unfinished, &path)).transpose();
                renamed.map_err(|error| (error, "renamed"))
            });
            match renamed {
                Ok(Some(())) => Ok(()),
                Ok(None) => Err(PlaceError::Mangled { name: name.to_owned() }),
                // Another writer of the same was faster, and has swept this one away.
                Err((error, did)) if error.kind() == io::ErrorKind::NotFound => self
                    .confirm(name, bytes, blake3)
                    .map_err(|_| PlaceError::failed(did, name, &error)),
                Err((error, did)) => Err(PlaceError::failed(did, name, &error)),
            }
        });
        if let Err(error) = renamed {
            let _ = self.disk.remove(&unfinished); // the next one to write it sweeps it away otherwise
            return Err(error);
        }
        self.disk.sync_dir(dir).map_err(failed("synced"))?;
        self.sweep(dir, &path);
        Ok(())
    }

    fn settle(&self, name: &str) -> Result<(), PlaceError> {
        let path = self.path(name)?;
        let dir = path.parent().unwrap_or(&self.dir);
        // Whoever wrote it may not have come to these, and its pages may be nowhere but in memory.
        let synced = self.disk.open_read_only(&path).and_then(|file| file.sync_data());
        synced.and_then(|()| self.sync_folders(dir)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PlaceError::missing(name),
            _ => PlaceError::failed("synced", name, &error),
        })
    }

    fn confirm(&self, name: &str, bytes: u64, blake3: &Hash) -> Result<(), PlaceError> {
        self.settle(name)?;
        if self.head(name)?.is_none_or(|head| head.bytes != bytes) {
            return Err(PlaceError::missing(name));
        }
        let hash = self.hash(&self.path(name)?);
        if hash.map_err(|error| PlaceError::failed("read back", name, &error))? != *blake3 {
            return Err(PlaceError::Mangled { name: name.to_owned() });
        }
        Ok(())
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
        self.check_root("listed", prefix)?;
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let entries = match self.disk.list(&self.dir.join(folder)) {
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

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::disk::SimDisk;

    const NAME: &str = "segments/0000000001.aa";

    fn content() -> Vec<u8> {
        (0..10_000_u32).map(|at| at.to_le_bytes()[0]).collect()
    }

    fn put<D: Disk>(place: &DirPlace<D>, content: &mut dyn Read) -> Result<(), PlaceError> {
        let hash = blake3::hash(&self::content());
        place.put(NAME, content, self::content().len() as u64, hash.as_bytes())
    }

    fn files(disk: &SimDisk) -> Vec<String> {
        let entries = disk.list(Path::new("/place/segments")).expect("listed");
        entries.into_iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn a_folder_that_has_to_exist_is_not_made() {
        let disk = SimDisk::new(1);
        let place = DirPlace::existing(disk.clone(), "/place");
        let error = put(&place, &mut &*content()).expect_err("no folder");
        assert!(error.to_string().contains("/place does not exist"), "{error}");
        assert!(place.list("segments/").is_err());
        assert!(disk.list(Path::new("/place")).is_err(), "it was not made");
        disk.create_dir_all(Path::new("/place")).expect("made");
        put(&place, &mut &*content()).expect("written");
        assert_eq!(place.list("segments/").expect("listed").len(), 1);
        put(&DirPlace::new(disk, "/other"), &mut &*content()).expect("a new folder for backups");
    }

    /// Writes the same object, all of it, before it gives what it has.
    struct Interrupting<'a>(&'a DirPlace<SimDisk>, Vec<u8>, usize);

    impl Read for Interrupting<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.2 == 0 {
                put(self.0, &mut &*self.1).map_err(io::Error::other)?;
            }
            let count = (&self.1[self.2..]).read(buf)?;
            self.2 += count;
            Ok(count)
        }
    }

    #[test]
    fn two_writers_of_one_object_do_not_meet() {
        let disk = SimDisk::new(2);
        let place = DirPlace::new(disk.clone(), "/place");
        put(&place, &mut Interrupting(&place, content(), 0)).expect("it is there");
        assert_eq!(files(&disk), ["0000000001.aa"]);
        // What a crash has left is swept away by the next to write it.
        disk.create(Path::new("/place/segments/0000000001.aa_tmp0")).expect("made");
        put(&place, &mut &*content()).expect("written");
        assert_eq!(files(&disk), ["0000000001.aa"]);
        let hash = blake3::hash(&content());
        place.confirm(NAME, content().len() as u64, hash.as_bytes()).expect("whole");
    }

    #[test]
    fn what_is_confirmed_is_durable() {
        let hash = blake3::hash(&content());
        for is_confirmed in [false, true] {
            let mut left = 0;
            for seed in 0..20 {
                let disk = SimDisk::new(seed);
                let place = DirPlace::new(disk.clone(), "/place");
                disk.create_dir_all(Path::new("/place/segments")).expect("made");
                // As somebody writes it who died before the sync.
                let file = disk.create(Path::new("/place").join(NAME).as_path()).expect("made");
                file.write_at(&content(), 0).expect("written");
                if is_confirmed {
                    place.confirm(NAME, content().len() as u64, hash.as_bytes()).expect("whole");
                }
                disk.crash();
                let confirmed = place.confirm(NAME, content().len() as u64, hash.as_bytes());
                left += u64::from(confirmed.is_ok());
            }
            assert_eq!(left == 20, is_confirmed, "{left} of 20");
        }
    }

    #[test]
    fn what_has_changed_is_not_confirmed() {
        let disk = SimDisk::new(3);
        let place = DirPlace::new(disk.clone(), "/place");
        put(&place, &mut &*content()).expect("written");
        disk.flip_bit(&Path::new("/place").join(NAME), 9_000, 1).expect("flipped");
        let hash = blake3::hash(&content());
        let error = place.confirm(NAME, content().len() as u64, hash.as_bytes());
        assert!(matches!(error, Err(PlaceError::Mangled { .. })), "{error:?}");
        let error = place.confirm(NAME, 20_000, hash.as_bytes());
        assert!(matches!(error, Err(PlaceError::Missing { .. })), "{error:?}");
        let error = place.confirm("segments/x", 1, hash.as_bytes());
        assert!(matches!(error, Err(PlaceError::Missing { .. })), "{error:?}");
    }
}
