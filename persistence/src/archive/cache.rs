//! Segments that were fetched from an archive where reading a piece is slow: a few of them, whole and checked, in a folder.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backup::{BackupError, BackupProgress, Phase, Place, PlaceError, SegmentObject, fetch};
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::segment;

/// So many segments have to fit on the disk beside one that is fetched: the journal needs the room more than readers.
const FREE_SEGMENTS: u64 = 4;

pub(super) struct Cache<D> {
    disk: D,
    dir: PathBuf,
    /// Most segments.
    segments_max: usize,
    /// `None` until somebody looks. Never held while something is fetched.
    state: Mutex<Option<State>>,
}

#[derive(Default)]
struct State {
    /// What is there, the last used at the end.
    kept: VecDeque<u64>,
    /// What is being fetched: whoever wants the same waits for this one, and nobody else does.
    fetching: BTreeMap<u64, Arc<Mutex<()>>>,
}

impl State {
    /// Whether a segment is there: it is the last used from now on.
    fn take_up(&mut self, number: u64) -> bool {
        let at = self.kept.iter().position(|kept| *kept == number);
        at.and_then(|at| self.kept.remove(at)).inspect(|_| self.kept.push_back(number)).is_some()
    }
}

impl<D: Disk> Cache<D> {
    pub fn new(disk: D, dir: PathBuf, segments_max: usize) -> Self {
        Self { disk, dir, segments_max: segments_max.max(1), state: Mutex::new(None) }
    }

    /// Opens a segment, and fetches it before if it is not here.
    pub fn open(&self, place: &dyn Place, object: &SegmentObject) -> io::Result<D::File> {
        let number = object.number;
        let slot = {
            let mut state = self.state();
            let state = match &mut *state {
                Some(state) => state,
                None => state.insert(self.begin()?),
            };
            if state.take_up(number) {
                return self.disk.open_read_only(&self.path(number));
            }
            Arc::clone(state.fetching.entry(number).or_default())
        };
        let fetching = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = self.open_fetched(place, object);
        if let Some(state) = &mut *self.state()
            && Arc::strong_count(&slot) == 2
        {
            state.fetching.remove(&number); // nobody else waits
        }
        drop(fetching);
        opened
    }

    /// Whether a segment is here.
    pub fn has(&self, number: u64) -> bool {
        self.state().as_ref().is_some_and(|state| state.kept.contains(&number))
    }

    /// A segment is used from a file that is open.
    pub fn take_up(&self, number: u64) {
        if let Some(state) = &mut *self.state() {
            state.take_up(number);
        }
    }

    fn open_fetched(&self, place: &dyn Place, object: &SegmentObject) -> io::Result<D::File> {
        let path = self.path(object.number);
        if let Some(state) = &mut *self.state() {
            if state.take_up(object.number) {
                return self.disk.open_read_only(&path); // whoever was waited for has brought it
            }
            // This one and others that are on their way need room too.
            while state.kept.len() + state.fetching.len() > self.segments_max {
                let Some(oldest) = state.kept.pop_front() else { break };
                self.disk.remove(&self.path(oldest))?;
            }
        }
        if let Err(error) = self.fetch(place, object) {
            let _ = self.disk.remove(&path); // the next one to be fetched removes it otherwise
            return Err(error);
        }
        // Opened before another may have it removed.
        let file = self.disk.open_read_only(&path)?;
        if let Some(state) = &mut *self.state() {
            state.kept.push_back(object.number);
        }
        Ok(file)
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(segment::file_name(number))
    }

    /// What another process has left was checked by nobody here: it goes.
    fn begin(&self) -> io::Result<State> {
        self.disk.create_dir_all(&self.dir)?;
        for entry in self.disk.list(&self.dir)? {
            self.disk.remove(&self.dir.join(entry.name))?;
        }
        Ok(State::default())
    }

    fn fetch(&self, place: &dyn Place, object: &SegmentObject) -> io::Result<()> {
        let wanted = object.segment_bytes.saturating_mul(FREE_SEGMENTS);
        if self.disk.free_bytes(&self.dir)? < object.file_bytes.saturating_add(wanted) {
            let what = "there is no room for it here that the journal can do without";
            return Err(io::Error::other(PlaceError::failed("fetched", &object.name, &what)));
        }
        let path = self.path(object.number);
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
