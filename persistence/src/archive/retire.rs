//! Taking a sealed segment out of the hot set, step by step.

use std::io::{self, Read};
use std::path::Path;
use std::sync::PoisonError;

use super::disk::{Archive, ArchivePlace, Shared};
use super::marker::{ArchivedSegment, Marker};
use crate::backup::{BackupError, Place, PlaceError, SegmentObject, describe};
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::segment;

impl<D: Disk> Archive<D> {
    /// Archives a segment: reads it and checks every frame, copies it, reads the copy back, and says so in the
    /// marker. Its file is still there after that.
    ///
    /// It has to be the oldest that is not archived yet, and another segment has begun behind it. `lineage` is the
    /// history of the partition.
    ///
    /// # Errors
    /// The segment is damaged, or the place or the disk failed. The segment is not archived then, or, if the disk failed
    /// at the very end, the next opening knows; to try again is right in both cases.
    pub fn retire(&self, number: u64, lineage: [u8; 16]) -> Result<ArchivedSegment, BackupError> {
        let Shared { disk, options, segments, retiring, .. } = &*self.shared;
        let _retiring = retiring.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ArchivePlace { name, place }) = &options.place else {
            return Err(PlaceError::failed("reached", "the archive", &"none is known").into());
        };
        let (object, epoch) = describe(disk, &options.journal, number)?;
        let mut marker = Marker {
            lineage,
            partition: options.partition,
            place: name.clone(),
            segments: self.segments(),
        };
        let segment = ArchivedSegment { object, epoch };
        marker.segments.push(segment.clone());
        // That it goes on from where the archive ends is known before anything is copied.
        marker.check().map_err(|what| {
            let file = options.journal.join(segment::file_name(number));
            OpenError::Damaged { file, offset: 0, what }
        })?;
        // A volume that is not mounted any more has none of what was archived. After the copy it tells where that went.
        self.check_newest(&**place)?;
        self.copy(&**place, &segment.object)?;
        self.check_newest(&**place)?;
        marker.publish(disk, &options.partition_dir)?;
        let mut known = segments.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(number, segment.clone());
        Ok(segment)
    }

    /// Removes the files of segments that are in the archive; says how many. Whoever reads one finds it there.
    ///
    /// # Errors
    /// The disk failed. Files that are left do no harm: to try again is right.
    pub fn remove_retired(&self) -> Result<u64, OpenError> {
        let Shared { disk, options, segments, .. } = &*self.shared;
        let dir = &options.journal;
        let mut entries = disk.list(dir).map_err(|e| OpenError::from_io("listed", dir, e))?;
        entries.retain(|entry| {
            segment::number_in(&entry.name).is_some_and(|number| {
                let segments = segments.read().unwrap_or_else(PoisonError::into_inner);
                segments.contains_key(&number)
            })
        });
        if entries.is_empty() {
            return Ok(0);
        }
        // A marker that a process has left which died may have its name in memory only: before what it names goes, that has
        // to be on disk.
        let synced =
            |dir: &Path| disk.sync_dir(dir).map_err(|e| OpenError::from_io("synced", dir, e));
        synced(&options.partition_dir)?;
        for entry in &entries {
            let path = dir.join(&entry.name);
            disk.remove(&path).map_err(|e| OpenError::from_io("removed", &path, e))?;
        }
        synced(dir)?;
        Ok(entries.len() as u64)
    }

    /// The newest object that is said to be there has to be there.
    fn check_newest(&self, place: &dyn Place) -> Result<(), PlaceError> {
        let Some(newest) = self.segment(self.newest()) else { return Ok(()) };
        let object = newest.object;
        if place.head(&object.name)?.is_some_and(|head| head.bytes == object.bytes) {
            return Ok(());
        }
        Err(PlaceError::Missing { name: object.name })
    }

    /// Writes the object, unless it is there already, and reads it back.
    fn copy(&self, place: &dyn Place, object: &SegmentObject) -> Result<(), BackupError> {
        let SegmentObject { name, bytes, blake3, .. } = object;
        let is_there = place.head(name)?.is_some_and(|head| head.bytes == *bytes);
        // That it is there says neither that it is durable nor that it is whole.
        if is_there && place.confirm(name, *bytes, &blake3.0).is_ok() {
            return Ok(());
        }
        let Shared { disk, options, .. } = &*self.shared;
        let path = options.journal.join(segment::file_name(object.number));
        let file = disk.open_read_only(&path);
        let file = file.map_err(|e| OpenError::from_io("opened", &path, e))?;
        let mut content = Content { file: &file, offset: 0, end: *bytes };
        place.put(name, &mut content, *bytes, &blake3.0)?;
        place.confirm(name, *bytes, &blake3.0).map_err(|error| match error {
            PlaceError::Mangled { name } => {
                BackupError::Damaged { object: name, what: "it does not fit its hash".to_owned() }
            }
            error => error.into(),
        })
    }
}

/// The first bytes of a file.
struct Content<'a, F> {
    file: &'a F,
    offset: u64,
    end: u64,
}

impl<F: DiskFile> Read for Content<'_, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
        let count = buf.len().min(left);
        let read = self.file.read_at(&mut buf[..count], self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}
