//! The file to import. It is read twice, and has to be the same both times.

use std::fs::File;
use std::io::{self, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::finding::bad_file;
use crate::cli::failure::Failure;

/// A file that can be read from its beginning more than once.
#[derive(Debug)]
pub(in crate::cli::import) struct Source {
    file: File,
    /// What people know it by.
    pub name: String,
    seen: Stamp,
}

/// By what a change of a file is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    changed_s: i64,
    changed_ns: i64,
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            bytes: metadata.len(),
            changed_s: metadata.mtime(),
            changed_ns: metadata.mtime_nsec(),
        })
    }
}

impl Source {
    /// Opens a file; `-` is standard input, which is copied to a temporary file first.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Self::buffered(io::stdin().lock(), "standard input");
        }
        let name = path.display().to_string();
        let unreadable = |error: io::Error| {
            bad_file("FILE_UNREADABLE", format!("cannot read {}: {error}", path.display()))
        };
        let mut file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_file() {
            return Self::buffered(&mut file, &name); // a pipe can be read only once too
        }
        let seen = Stamp::of(&file).map_err(unreadable)?;
        Ok(Self { file, name, seen })
    }

    fn buffered(mut from: impl io::Read, name: &str) -> Result<Self, Failure> {
        let copied = tempfile::tempfile().and_then(|mut file| {
            io::copy(&mut from, &mut file)?;
            Ok((Stamp::of(&file)?, file))
        });
        let (seen, file) = copied.map_err(|error| {
            bad_file("FILE_UNREADABLE", format!("cannot copy {name} to a temporary file: {error}"))
        })?;
        Ok(Self { file, name: name.to_owned(), seen })
    }

    /// Its bytes from the beginning. One reader at a time: they share their place in the file.
    pub fn rewind(&self) -> Result<File, Failure> {
        self.check_unchanged()?;
        let rewound = self.file.try_clone().and_then(|mut file| {
            file.rewind()?;
            Ok(file)
        });
        rewound.map_err(|error| {
            bad_file("FILE_UNREADABLE", format!("cannot read {} again: {error}", self.name))
        })
    }

    /// It is as it was when it was opened, as far as length and time of its last change tell.
    pub fn check_unchanged(&self) -> Result<(), Failure> {
        match Stamp::of(&self.file) {
            Ok(stamp) if stamp == self.seen => Ok(()),
            _ => Err(self.changed()),
        }
    }

    /// It was changed while it was read.
    pub fn changed(&self) -> Failure {
        let message = format!("{} was changed while it was imported", self.name);
        bad_file("FILE_CHANGED", message)
            .with_hint("run the command again: what was applied is known, and not applied twice")
    }

    /// Bytes in it.
    pub fn bytes(&self) -> u64 {
        self.seen.bytes
    }

    /// Whether a path leads to this file.
    pub fn is_at(&self, path: &Path) -> bool {
        let own = self.file.metadata();
        let other = std::fs::metadata(path);
        matches!((own, other), (Ok(own), Ok(other)) if (own.dev(), own.ino()) == (other.dev(), other.ino()))
    }
}

/// The folder of a file, as a path that can be opened.
pub(in crate::cli::import) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn a_file_is_read_twice_and_must_stay_the_same() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("x.csv");
        std::fs::write(&path, "a,b\n").expect("written");
        let source = Source::open(&path).expect("opens");
        for _ in 0..2 {
            let mut text = String::new();
            source.rewind().expect("rewinds").read_to_string(&mut text).expect("read");
            assert_eq!((text.as_str(), source.bytes()), ("a,b\n", 4));
        }
        assert!(source.is_at(&path) && source.is_at(&dir.path().join(".").join("x.csv")));
        assert!(!source.is_at(&dir.path().join("y.csv")));
        File::options()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(b"c"))
            .expect("written");
        assert_eq!(
            source.check_unchanged().map_err(|failure| failure.reason),
            Err("FILE_CHANGED".to_owned())
        );
        assert_eq!(source.rewind().expect_err("changed").reason, "FILE_CHANGED");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let dir = tempfile::tempdir().expect("a directory");
        for path in [dir.path().to_owned(), dir.path().join("none.csv")] {
            let failure = Source::open(&path).expect_err("no file");
            assert_eq!(failure.reason, "FILE_UNREADABLE");
        }
    }

    #[test]
    fn what_can_be_read_once_is_copied() {
        let source = Source::buffered(&b"a,b\n"[..], "standard input").expect("copied");
        for _ in 0..2 {
            let mut text = String::new();
            source.rewind().expect("rewinds").read_to_string(&mut text).expect("read");
            assert_eq!(text, "a,b\n");
        }
    }
}
