//! A backup as a disk that can only be read, so that a journal is scanned where it lies.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::manifest::{Manifest, SegmentObject};
use super::place::Place;
use crate::disk::{DirEntry, Disk, DiskFile};
use crate::format::segment;

/// The segments of a backup, by the names that their files have in a journal. Folders are not told apart.
#[derive(Clone)]
pub(super) struct ObjectDisk {
    place: Arc<dyn Place>,
    files: Arc<BTreeMap<String, SegmentObject>>,
}

/// A segment of a backup: its object, and zeros behind it.
pub struct ObjectFile {
    place: Arc<dyn Place>,
    object: SegmentObject,
}

impl ObjectDisk {
    pub(super) fn new(place: &Arc<dyn Place>, manifest: &Manifest) -> Self {
        let name = |object: &SegmentObject| segment::file_name(object.number);
        let files = manifest.segments.iter().map(|object| (name(object), object.clone()));
        Self { place: Arc::clone(place), files: Arc::new(files.collect()) }
    }
}

impl ObjectFile {
    pub(crate) fn new(place: Arc<dyn Place>, object: SegmentObject) -> Self {
        Self { place, object }
    }
}

fn read_only() -> io::Error {
    io::ErrorKind::ReadOnlyFilesystem.into()
}

impl Disk for ObjectDisk {
    type File = ObjectFile;

    fn create(&self, _: &Path) -> io::Result<ObjectFile> {
        Err(read_only())
    }

    fn open(&self, _: &Path) -> io::Result<ObjectFile> {
        Err(read_only())
    }

    fn open_read_only(&self, path: &Path) -> io::Result<ObjectFile> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let object = self.files.get(name).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(ObjectFile::new(Arc::clone(&self.place), object))
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<DirEntry>> {
        let entry = |(name, object): (&String, &SegmentObject)| DirEntry {
            name: name.clone(),
            len: object.file_bytes,
        };
        Ok(self.files.iter().map(entry).collect())
    }

    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Err(read_only())
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(0)
    }
}

impl DiskFile for ObjectFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.object.file_bytes)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let SegmentObject { name, bytes, file_bytes, .. } = &self.object;
        let within = |end: u64| {
            usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX).min(buf.len())
        };
        let (content, count) = (within(*bytes), within(*file_bytes));
        buf[content..count].fill(0);
        if content > 0 {
            self.place.get(name, offset, &mut buf[..content]).map_err(io::Error::other)?;
        }
        Ok(count)
    }

    fn read_past_cache(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buf, offset)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(read_only())
    }

    fn sync_data(&self) -> io::Result<()> {
        Err(read_only())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(read_only())
    }
}
