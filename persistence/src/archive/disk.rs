//! A journal with its archived segments, as the disk that whoever reads it sees.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use florin_engine::Sequence;

use super::cache::Cache;
use super::marker::{ArchivedSegment, Marker};
use crate::backup::{ObjectFile, Place, PlaceError, SEGMENTS, SegmentObject};
use crate::disk::{DirEntry, Disk, DiskFile};
use crate::format::segment;

/// Where segments are archived.
#[derive(Clone)]
pub struct ArchivePlace {
    /// As it was configured: what the marker says of it.
    pub name: String,
    /// The place itself.
    pub place: Arc<dyn Place>,
}

/// Where everything of an archive is.
#[derive(Clone)]
pub struct ArchiveOptions {
    /// Which partition.
    pub partition: u32,
    /// The folder of the partition, where the marker is.
    pub partition_dir: PathBuf,
    /// The folder of its journal.
    pub journal: PathBuf,
    /// A folder for segments that had to be fetched. Whatever is in it is removed.
    pub fetched: PathBuf,
    /// Most segments in that folder, at least 1.
    pub fetched_segments_max: usize,
    /// The place; `None` if there is none.
    pub place: Option<ArchivePlace>,
}

/// The archive of a partition. Cheap to clone; clones are the same archive.
///
/// As a [`Disk`] it is the one that the journal stands on, with archived segments as files in the folder of the journal
/// that can be read: straight from a [place that is near](Place::is_near), and from any other one fetched as a whole,
/// checked, and kept for a while. An error of the place is a [`PlaceError`] within the [`io::Error`].
pub struct Archive<D: Disk> {
    pub(super) shared: Arc<Shared<D>>,
}

impl<D: Disk> Clone for Archive<D> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

pub(super) struct Shared<D> {
    pub disk: D,
    pub options: ArchiveOptions,
    /// By number.
    pub segments: RwLock<BTreeMap<u64, ArchivedSegment>>,
    /// Held while a segment is retired.
    pub retiring: Mutex<()>,
    cache: Cache<D>,
}

impl<D: Disk> Archive<D> {
    /// The archive that a marker tells of; without one, of which nothing is in it yet.
    pub fn new(disk: &D, options: ArchiveOptions, marker: Option<&Marker>) -> Self {
        let segments = marker.into_iter().flat_map(|marker| &marker.segments);
        let segments = segments.map(|segment| (segment.object.number, segment.clone())).collect();
        let cache = Cache::new(disk.clone(), options.fetched.clone(), options.fetched_segments_max);
        let (segments, retiring) = (RwLock::new(segments), Mutex::new(()));
        let shared = Shared { disk: disk.clone(), options, segments, retiring, cache };
        Self { shared: Arc::new(shared) }
    }

    /// Whether there is a place to archive to, and to read from.
    pub fn has_place(&self) -> bool {
        self.shared.options.place.is_some()
    }

    /// The segments in it, oldest first.
    pub fn segments(&self) -> Vec<ArchivedSegment> {
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.values().cloned().collect()
    }

    /// How many segments are in it.
    pub fn len(&self) -> u64 {
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.len() as u64
    }

    /// Whether nothing was archived.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The segment in it that has this number.
    pub fn segment(&self, number: u64) -> Option<ArchivedSegment> {
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.get(&number).cloned()
    }

    /// Number of the newest segment in it; 0 if there is none.
    pub fn newest(&self) -> u64 {
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.last_key_value().map_or(0, |(number, _)| *number)
    }

    /// The last event in it; 0 if there is none.
    pub fn through(&self) -> Sequence {
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.last_key_value().map_or(0, |(_, segment)| segment.object.last_sequence)
    }

    /// Bytes of its objects.
    pub fn bytes(&self) -> u64 {
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.values().map(|segment| segment.object.bytes).sum()
    }

    /// The first object that is said to be in the archive and is not there, or is of another length.
    ///
    /// # Errors
    /// The place failed.
    pub fn missing(&self) -> Result<Option<String>, PlaceError> {
        let Some(ArchivePlace { place, .. }) = &self.shared.options.place else {
            return Ok(None);
        };
        let there: BTreeMap<String, u64> =
            place.list(SEGMENTS)?.into_iter().map(|head| (head.name, head.bytes)).collect();
        let mut segments = self.segments().into_iter().map(|segment| segment.object);
        let missing = segments.find(|object| there.get(&object.name) != Some(&object.bytes));
        Ok(missing.map(|object| object.name))
    }

    /// Whether a segment that was fetched is still here.
    pub(crate) fn has_fetched(&self, number: u64) -> bool {
        self.shared.cache.has(number)
    }

    /// A segment that was fetched is used: others go before it.
    pub(crate) fn use_fetched(&self, number: u64) {
        self.shared.cache.take_up(number);
    }

    /// The archived segment whose file this would be.
    fn object_of(&self, path: &Path) -> Option<SegmentObject> {
        let number = segment::number_in(path.file_name()?.to_str()?)?;
        if path.parent() != Some(&*self.shared.options.journal) {
            return None;
        }
        let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.get(&number).map(|segment| segment.object.clone())
    }

    fn open_object(&self, object: SegmentObject) -> io::Result<ArchivedFile<D::File>> {
        let Some(ArchivePlace { place, .. }) = &self.shared.options.place else {
            let what = "it was archived, and no archive is known";
            return Err(io::Error::other(PlaceError::failed("read", &object.name, &what)));
        };
        if place.is_near() {
            let file = ObjectFile::new(Arc::clone(place), object);
            return Ok(ArchivedFile::There(Box::new(file)));
        }
        self.shared.cache.open(&**place, &object).map(ArchivedFile::Fetched)
    }
}

impl<D: Disk> Disk for Archive<D> {
    type File = ArchivedFile<D::File>;

    fn create(&self, path: &Path) -> io::Result<Self::File> {
        self.shared.disk.create(path).map(ArchivedFile::Here)
    }

    fn open(&self, path: &Path) -> io::Result<Self::File> {
        self.shared.disk.open(path).map(ArchivedFile::Here)
    }

    fn open_read_only(&self, path: &Path) -> io::Result<Self::File> {
        match self.shared.disk.open_read_only(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.object_of(path) {
                Some(object) => self.open_object(object),
                None => Err(error),
            },
            opened => opened.map(ArchivedFile::Here),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.shared.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.shared.disk.remove(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = self.shared.disk.list(dir)?;
        if dir == self.shared.options.journal {
            let segments = self.shared.segments.read().unwrap_or_else(PoisonError::into_inner);
            for (number, segment) in &*segments {
                let name = segment::file_name(*number);
                if !entries.iter().any(|entry| entry.name == name) {
                    entries.push(DirEntry { name, len: segment.object.file_bytes });
                }
            }
            entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        }
        Ok(entries)
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.shared.disk.create_dir_all(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.shared.disk.sync_dir(dir)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.shared.disk.free_bytes(dir)
    }
}

/// A file of a journal of which a part was archived.
pub enum ArchivedFile<F> {
    /// It is on this disk.
    Here(F),
    /// It is on this disk for a while.
    Fetched(F),
    /// It is an object of the archive, and can only be read.
    There(Box<ObjectFile>),
}

impl<F: DiskFile> DiskFile for ArchivedFile<F> {
    fn len(&self) -> io::Result<u64> {
        match self {
            Self::Here(file) | Self::Fetched(file) => file.len(),
            Self::There(file) => file.len(),
        }
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::Here(file) | Self::Fetched(file) => file.read_at(buf, offset),
            Self::There(file) => file.read_at(buf, offset),
        }
    }

    fn read_past_cache(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Here(file) | Self::Fetched(file) => file.read_past_cache(buf, offset),
            Self::There(file) => file.read_past_cache(buf, offset),
        }
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Here(file) | Self::Fetched(file) => file.write_at(buf, offset),
            Self::There(file) => file.write_at(buf, offset),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        match self {
            Self::Here(file) | Self::Fetched(file) => file.sync_data(),
            Self::There(file) => file.sync_data(),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        match self {
            Self::Here(file) | Self::Fetched(file) => file.set_len(len),
            Self::There(file) => file.set_len(len),
        }
    }
}
