//! Segments that were fetched from an archive where reading a piece is slow: a few of them, whole and checked, in a folder.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::backup::{BackupError, BackupProgress, Phase, Place, PlaceError, SegmentObject, fetch};
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::segment;

pub(super) struct Cache<D> {
    disk: D,
    dir: PathBuf,
    /// Most segments.
    segments_max: usize,
    /// What is there, the last used at the end; `None` until somebody looks.
    kept: Mutex<Option<VecDeque<u64>>>,
}

impl<D: Disk> Cache<D> {
    pub fn new(disk: D, dir: PathBuf, segments_max: usize) -> Self {
        Self { disk, dir, segments_max: segments_max.max(1), kept: Mutex::new(None) }
    }

    /// Opens a segment, and fetches it before if it is not here. One is fetched at a time.
    pub fn open(&self, place: &dyn Place, object: &SegmentObject) -> io::Result<D::File> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = match &mut *kept {
            Some(kept) => kept,
            None => kept.insert(self.begin()?),
        };
        let path = self.dir.join(segment::file_name(object.number));
        if let Some(at) = kept.iter().position(|number| *number == object.number) {
            kept.remove(at);
        } else {
            while kept.len() >= self.segments_max {
                if let Some(oldest) = kept.pop_front() {
                    self.disk.remove(&self.dir.join(segment::file_name(oldest)))?;
                }
            }
            if let Err(error) = self.fetch(place, object) {
                let _ = self.disk.remove(&path); // the next one to be fetched removes it otherwise
                return Err(error);
            }
        }
        kept.push_back(object.number);
        self.disk.open_read_only(&path)
    }

    /// What another process has left was checked by nobody here: it goes.
    fn begin(&self) -> io::Result<VecDeque<u64>> {
        self.disk.create_dir_all(&self.dir)?;
        for entry in self.disk.list(&self.dir)? {
            self.disk.remove(&self.dir.join(entry.name))?;
        }
        Ok(VecDeque::new())
    }

    fn fetch(&self, place: &dyn Place, object: &SegmentObject) -> io::Result<()> {
        let path = self.dir.join(segment::file_name(object.number));
        match self.disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.disk.create(&path)?;
        let mut progress = BackupProgress {
            phase: Phase::Fetching,
            bytes_done: 0,
            bytes_total: object.bytes,
            sequence: object.last_sequence,
        };
        let mut write = |piece: &[u8], offset| {
            let written = file.write_at(piece, offset);
            written.map_err(|e| OpenError::from_io("written", &path, e).into())
        };
        let watch = &mut |_| ControlFlow::Continue(());
        fetch(place, object, &mut progress, watch, &mut write).map_err(|error| match error {
            BackupError::Place(error) => io::Error::other(error),
            BackupError::Damaged { object, .. } => {
                io::Error::other(PlaceError::Mangled { name: object })
            }
            error => io::Error::other(error),
        })?;
        file.set_len(object.file_bytes)
    }
}
