//! Reads single events back, from what is durable.

use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use florin_engine::{Event, Sequence};

use super::Walker;
use super::checked::Checked;
use super::index::{Found, Place, SharedIndex};
use crate::archive::{Archive, ArchivedFile};
use crate::disk::{Disk, DiskFile};
use crate::error::ReadError;
use crate::format::frame::{self, FrameHeader};
use crate::format::segment;
use crate::sealed::SealedIndex;
use crate::ship::{FollowPoint, ShipError, Shipper};

/// Files of segments that are kept open.
const OPEN_FILES: usize = 32;

/// Reads events by their sequence, only through what is durable. Clones share their open files.
///
/// Whatever it gives out was checked first: an answer, or the original of a reversal, never rests on a bit that has
/// flipped. Against what depends on where it stands:
///
/// * against the hash of its frame, which is read as a whole for that; [`read_many`](Self::read_many) does it once a
///   frame, and a [`walker`](Self::walker) keeps the last one.
/// * where its segment has an [index](Self::add_sealed) and its frame is large, against the sums there of its own sector
///   and of the one that the frame begins with: three or four pages are read instead of the frame. The index was built
///   from frames whose hashes were right. If a sum does not fit, the hash of the frame decides.
///
/// An index only makes things faster. One that turns out to be damaged is done without from then on, and
/// [told](Self::take_damaged).
pub struct JournalReader<D: Disk> {
    pub(super) inner: Arc<Inner<D>>,
}

impl<D: Disk> Clone for JournalReader<D> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

pub(super) struct Inner<D: Disk> {
    disk: D,
    dir: PathBuf,
    pub(super) shared: Arc<SharedIndex>,
    /// By number of segment, the last used at the end.
    files: Mutex<Vec<(u64, Arc<Opened<D>>)>>,
    /// Where segments are read that are not here any more.
    archive: OnceLock<Archive<D>>,
    /// By number of segment.
    sealed: RwLock<BTreeMap<u64, Arc<SealedIndex<D>>>>,
    /// What was wrong with indexes that are done without.
    damaged: Mutex<Vec<(u64, ReadError)>>,
}

/// The file of a segment, wherever it is.
pub(crate) type Opened<D> = ArchivedFile<<D as Disk>::File>;

/// Opens the file of a segment, wherever it is.
pub(crate) fn open_segment<D: Disk>(
    disk: &D,
    archive: Option<&Archive<D>>,
    path: &Path,
) -> io::Result<Opened<D>> {
    match (disk.open_read_only(path), archive) {
        (Err(error), Some(archive)) if error.kind() == io::ErrorKind::NotFound => {
            archive.open_read_only(path)
        }
        (opened, _) => opened.map(ArchivedFile::Here),
    }
}

/// Where a frame is, by headers that nobody has checked.
pub(super) struct Located<F> {
    pub(super) file: Arc<F>,
    pub(super) place: Place,
    pub(super) header: FrameHeader,
}

impl<D: Disk> JournalReader<D> {
    pub(crate) fn new(disk: D, dir: PathBuf, shared: Arc<SharedIndex>) -> Self {
        let (files, sealed, damaged) = (Mutex::default(), RwLock::default(), Mutex::default());
        let archive = OnceLock::new();
        let inner = Inner { disk, dir, shared, files, archive, sealed, damaged };
        Self { inner: Arc::new(inner) }
    }

    /// Takes up the index of a sealed segment: for this reader and all its clones, from now on. What was kept in memory
    /// of the places of its frames is given back.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if it is not the index of that segment as the journal has it. Nothing has changed then.
    pub fn add_sealed(&self, index: Arc<SealedIndex<D>>) -> Result<(), ReadError> {
        let number = index.segment();
        let bounds = self.inner.shared.bounds(number);
        if Some(index.lineage_of()) != self.inner.shared.lineage_of(number)
            || bounds != Some((index.first_sequence(), index.last_sequence()))
        {
            return Err(ReadError::Damaged {
                file: index.path().to_path_buf(),
                offset: 0,
                what: "it is not the index of this segment of this journal".to_owned(),
            });
        }
        // In this order: whoever does not find the frames here any more finds the index.
        self.inner.sealed.write().unwrap_or_else(PoisonError::into_inner).insert(number, index);
        self.inner.shared.forget_frames(number);
        Ok(())
    }

    /// Segments whose index turned out to be damaged since this was asked last, and what was wrong. They are read without
    /// one, until it was built again and [added](Self::add_sealed).
    pub fn take_damaged(&self) -> Vec<(u64, ReadError)> {
        std::mem::take(&mut self.inner.damaged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up the archive of the journal: for this reader and all its clones, once. Segments that are not here any
    /// more are read from it.
    pub fn set_archive(&self, archive: Archive<D>) {
        drop(self.inner.archive.set(archive)); // the first one counts
    }

    /// The last event that is in the archive and no longer here; 0 if nothing was archived.
    pub fn archived_through(&self) -> Sequence {
        self.inner.archive.get().map_or(0, Archive::through)
    }

    /// Closes the file of a segment, which is going to be removed.
    pub fn let_go(&self, number: u64) {
        let mut files = self.inner.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|(open, _)| *open != number);
    }

    /// Whether a segment has an index.
    pub fn has_index(&self, number: u64) -> bool {
        self.inner.has_index(number)
    }

    /// Segments that are over, oldest first: number, first and last sequence. Of one without events, the last is the one
    /// before the first.
    pub fn segments_over(&self) -> Vec<(u64, RangeInclusive<Sequence>)> {
        let spans = self.inner.shared.spans_over();
        spans.into_iter().map(|span| (span.number, span.first..=span.last)).collect()
    }

    /// The last event that can be read; 0 = none.
    pub fn durable_through(&self) -> Sequence {
        self.inner.shared.durable_through()
    }

    /// The first event that can be read. As long as there is none, the one that will be.
    pub fn first_sequence(&self) -> Sequence {
        self.inner.shared.first_sequence()
    }

    /// Reads many events one after the other without reading their frames more than once.
    pub fn walker(&self) -> Walker<D> {
        Walker::new(self.clone())
    }

    /// Reads pieces of the segment files for a standby, from where that is.
    ///
    /// # Errors
    /// The standby does not follow this journal, see [`ShipError::reason`].
    pub fn shipper(&self, from: &FollowPoint) -> Result<Shipper<D>, ShipError> {
        let Inner { disk, dir, shared, archive, .. } = &*self.inner;
        let at = (dir.clone(), archive.get().cloned());
        Shipper::begin(disk.clone(), at, Arc::clone(shared), from)
    }

    /// Reads one event.
    pub fn read(&self, sequence: Sequence) -> Result<Event, ReadError> {
        let located = self.inner.locate(sequence)?;
        match self.inner.single(&located, sequence)? {
            Some(event) => Ok(event),
            None => self.inner.event(&self.inner.load(located)?, sequence),
        }
    }

    /// Reads events, in the order asked for.
    pub fn read_many(&self, sequences: &[Sequence]) -> Result<Vec<Event>, ReadError> {
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_unstable_by_key(|at| sequences[*at]);
        let mut found: Vec<(usize, Event)> = Vec::with_capacity(sequences.len());
        let mut rest = order.as_slice();
        while let Some(first) = rest.first() {
            let located = self.inner.locate(sequences[*first])?;
            let last_sequence = located.header.last_sequence();
            let here = rest.partition_point(|at| sequences[*at] <= last_sequence);
            let (here, behind) = rest.split_at(here);
            if let [at] = here {
                found.push((*at, self.read(sequences[*at])?));
            } else {
                let frame = self.inner.load(located)?;
                for at in here {
                    found.push((*at, self.inner.event(&frame, sequences[*at])?));
                }
            }
            rest = behind;
        }
        found.sort_unstable_by_key(|(at, _)| *at);
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }

    /// Reads and checks the frame of an event.
    pub(super) fn frame(&self, sequence: Sequence) -> Result<Checked, ReadError> {
        self.inner.load(self.inner.locate(sequence)?)
    }

    /// As [`frame`](Self::frame), for the first event after a frame that was read: it mostly stands right behind.
    pub(super) fn frame_after(&self, before: &Checked) -> Result<Checked, ReadError> {
        let sequence = before.header.last_sequence() + 1;
        match self.inner.located_after(before, sequence) {
            Some(located) => self.inner.load(located),
            None => self.frame(sequence),
        }
    }

    /// An event of a frame.
    pub(super) fn event(&self, frame: &Checked, sequence: Sequence) -> Result<Event, ReadError> {
        self.inner.event(frame, sequence)
    }
}

impl<D: Disk> Inner<D> {
    pub(super) fn path(&self, place: Place) -> PathBuf {
        self.dir.join(segment::file_name(place.segment))
    }

    pub(super) fn damaged(&self, place: Place, what: impl Into<String>) -> ReadError {
        ReadError::Damaged { file: self.path(place), offset: place.offset, what: what.into() }
    }

    fn file(&self, place: Place) -> Result<Arc<Opened<D>>, ReadError> {
        if let Some(file) = self.open_file(place.segment) {
            return Ok(file);
        }
        // Nobody waits for it who wants another file: it may have to be fetched from far away.
        let path = self.path(place);
        let opened = open_segment(&self.disk, self.archive.get(), &path);
        let file = Arc::new(opened.map_err(|source| ReadError::Io { path, source })?);
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let (ArchivedFile::Fetched(_), Some(archive)) = (&*file, self.archive.get()) {
            // Another one may have gone for it: as long as its file is open, its room is taken.
            files.retain(|(number, file)| {
                !matches!(**file, ArchivedFile::Fetched(_)) || archive.has_fetched(*number)
            });
        }
        if files.len() >= OPEN_FILES {
            files.remove(0);
        }
        files.push((place.segment, Arc::clone(&file)));
        Ok(file)
    }

    /// The file of a segment, if it is open: it is the last used from now on.
    fn open_file(&self, number: u64) -> Option<Arc<Opened<D>>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let at = files.iter().position(|(open, _)| *open == number)?;
        let entry = files.remove(at);
        let file = Arc::clone(&entry.1);
        files.push(entry);
        if let (ArchivedFile::Fetched(_), Some(archive)) = (&*file, self.archive.get()) {
            archive.use_fetched(number);
        }
        Some(file)
    }

    /// The index of a segment.
    fn sealed(&self, number: u64) -> Option<Arc<SealedIndex<D>>> {
        self.sealed.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }

    /// Whether a segment has an index.
    pub(super) fn has_index(&self, number: u64) -> bool {
        self.sealed.read().unwrap_or_else(PoisonError::into_inner).contains_key(&number)
    }

    /// Asks the index of a segment. `None` if it has none, or none any more.
    pub(super) fn by_index<T>(
        &self,
        number: u64,
        ask: impl FnOnce(&SealedIndex<D>) -> Result<T, ReadError>,
    ) -> Option<T> {
        let index = self.sealed(number)?;
        match ask(&index) {
            Ok(answer) => Some(answer),
            Err(error) => {
                let mut sealed = self.sealed.write().unwrap_or_else(PoisonError::into_inner);
                // Not one that was built again meanwhile; and each is told once.
                if sealed.get(&number).is_some_and(|now| Arc::ptr_eq(now, &index)) {
                    sealed.remove(&number);
                    let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
                    damaged.push((number, error));
                }
                None
            }
        }
    }

    /// The segment of an event, if that has an index.
    pub(super) fn segment_of(&self, sequence: Sequence) -> Option<u64> {
        match self.shared.find(sequence)? {
            Found::InIndexOf(number) => Some(number),
            Found::From(_) => None,
        }
    }

    /// Reads from the file of a segment, whatever stands there.
    pub(super) fn read_at(
        &self,
        segment: u64,
        buf: &mut [u8],
        offset: u64,
    ) -> Result<(), ReadError> {
        let place = Place { segment, offset };
        let file = self.file(place)?;
        self.read_bytes(&file, place, buf, offset)
    }

    pub(super) fn read_bytes(
        &self,
        file: &Opened<D>,
        place: Place,
        buf: &mut [u8],
        offset: u64,
    ) -> Result<(), ReadError> {
        file.read_exact_at(buf, offset)
            .map_err(|source| ReadError::Io { path: self.path(place), source })
    }

    /// Where to begin to look for an event: a frame before it, or its own.
    fn begin(&self, sequence: Sequence) -> Option<Place> {
        match self.shared.find(sequence)? {
            Found::From(place) => Some(place),
            Found::InIndexOf(segment) => {
                let offset = self.by_index(segment, |index| index.pages()?.frame_before(sequence));
                let offset = offset.flatten().unwrap_or(segment::HEADER_BYTES as u64);
                Some(Place { segment, offset })
            }
        }
    }

    /// Finds the frame of an event, from a frame before it that the index knows.
    pub(super) fn locate(&self, sequence: Sequence) -> Result<Located<Opened<D>>, ReadError> {
        let durable_through = self.shared.durable_through();
        let not_there = ReadError::NotThere { sequence, durable_through };
        if sequence == 0 || sequence > durable_through {
            return Err(not_there);
        }
        let mut place = self.begin(sequence).ok_or(not_there)?;
        let file = self.file(place)?;
        let lineage = self.shared.lineage_of(place.segment);
        let mut head = [0; frame::HEADER_BYTES];
        loop {
            self.read_bytes(&file, place, &mut head, place.offset)?;
            let header = FrameHeader::parse(&head)
                .filter(|header| Some(header.lineage) == lineage && header.segment == place.segment)
                .filter(|header| header.first_sequence <= sequence)
                .ok_or_else(|| self.damaged(place, "there is no frame of this segment any more"))?;
            if sequence <= header.last_sequence() {
                return Ok(Located { file, place, header });
            }
            place.offset += header.bytes_on_disk();
        }
    }

    /// The frame of an event, if it stands right behind another one. What stands there otherwise (the footer of the
    /// segment, zeros) is no frame that begins with this event.
    fn located_after(&self, before: &Checked, sequence: Sequence) -> Option<Located<Opened<D>>> {
        if sequence > self.shared.durable_through() {
            return None;
        }
        let offset = before.place.offset + before.header.bytes_on_disk();
        let place = Place { offset, ..before.place };
        let file = self.file(place).ok()?;
        let lineage = self.shared.lineage_of(place.segment);
        let mut head = [0; frame::HEADER_BYTES];
        file.read_exact_at(&mut head, offset).ok()?;
        let header = FrameHeader::parse(&head).filter(|header| {
            Some(header.lineage) == lineage
                && header.segment == place.segment
                && header.first_sequence == sequence
                && header.records > 0
        })?;
        Some(Located { file, place, header })
    }

    /// Reads all of a frame and checks it.
    pub(super) fn load(
        &self,
        Located { file, place, header }: Located<Opened<D>>,
    ) -> Result<Checked, ReadError> {
        let bytes = header.bytes_on_disk();
        let mut sectors = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        self.read_bytes(&file, place, &mut sectors, place.offset)?;
        Checked::check(place, &sectors)
            .ok_or_else(|| self.damaged(place, "the frame is not what was written"))
    }

    pub(super) fn event(&self, frame: &Checked, sequence: Sequence) -> Result<Event, ReadError> {
        frame
            .event(sequence)
            .map_err(|fault| self.damaged(frame.place, format!("event {sequence}: {}", fault.0)))
    }
}
