//! The real file system, through the page cache.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::num::NonZero;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, OFlags};

use super::{DirEntry, Disk, DiskFile};
use crate::bytes::PageBuffer;

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

/// A file of this machine.
#[derive(Debug)]
pub struct RealFile {
    file: File,
    /// Where it was when it was opened.
    path: PathBuf,
}

impl RealFile {
    fn new(path: &Path, options: &OpenOptions) -> io::Result<Self> {
        Ok(Self { file: options.open(path)?, path: path.to_path_buf() })
    }

    /// A second descriptor that does without the page cache, if the file system has that.
    fn open_direct(&self) -> io::Result<File> {
        let flags = i32::try_from(OFlags::DIRECT.bits()).map_err(io::Error::other)?;
        let direct = OpenOptions::new().read(true).custom_flags(flags).open(&self.path)?;
        let (own, other) = (self.file.metadata()?, direct.metadata()?);
        if (own.dev(), own.ino()) == (other.dev(), other.ino()) {
            return Ok(direct);
        }
        // Renamed since.
        Err(io::ErrorKind::NotFound.into())
    }

    /// Writes back what is dirty and drops the pages, so that they are read anew.
    fn drop_cache(&self) -> io::Result<()> {
        sync_data(&self.file)?;
        rustix::fs::fadvise(&self.file, 0, None, Advice::DontNeed)?;
        Ok(())
    }
}

impl Disk for RealDisk {
    type File = RealFile;

    fn create(&self, path: &Path) -> io::Result<RealFile> {
        RealFile::new(path, OpenOptions::new().read(true).write(true).create_new(true))
    }

    fn open(&self, path: &Path) -> io::Result<RealFile> {
        RealFile::new(path, OpenOptions::new().read(true).write(true))
    }

    fn open_read_only(&self, path: &Path) -> io::Result<RealFile> {
        RealFile::new(path, OpenOptions::new().read(true))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            // Others may rename and remove while this is read: what is gone by now is not listed.
            let metadata = match entry.metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata?,
            };
            // What is not text is not ours.
            if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                entries.push(DirEntry { name, len: metadata.len() });
            }
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            self.create_dir_all(parent)?;
        }
        match fs::create_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
            result => result?,
        }
        self.sync_dir(parent.unwrap_or(Path::new(".")))
    }

    #[expect(clippy::disallowed_methods, reason = "this is where folders are synced")]
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let status = rustix::fs::statvfs(dir)?;
        Ok(status.f_bavail.saturating_mul(status.f_frsize))
    }
}

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            match self.file.read_at(&mut buf[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn read_past_cache(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        // A bounce buffer: the device wants memory that is aligned as its sectors are.
        let mut aligned = PageBuffer::default();
        aligned.resize(buf.len());
        let read = match self.open_direct() {
            Ok(direct) => direct.read_exact_at(&mut aligned, offset),
            Err(error) => Err(error),
        };
        match read {
            Ok(()) => buf.copy_from_slice(&aligned),
            // The file system has no such reads (EINVAL, on opening or on reading), or the file has another
            // name by now.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::NotFound
                ) =>
            {
                self.drop_cache()?;
                self.read_exact_at(buf, offset)?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn will_read(&self, offset: u64, len: u64) {
        // Without it, reading takes longer, and that is all.
        let _ = rustix::fs::fadvise(&self.file, offset, NonZero::new(len), Advice::WillNeed);
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        sync_data(&self.file)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where files are synced")]
fn sync_data(file: &File) -> io::Result<()> {
    file.sync_data()
}
