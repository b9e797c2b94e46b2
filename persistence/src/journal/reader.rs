//! Reads single events back, from what is durable.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use florin_engine::{Event, Sequence};

use super::Walker;
use super::index::{Place, SharedIndex};
use crate::disk::{Disk, DiskFile};
use crate::error::ReadError;
use crate::format::frame::{self, Frame, FrameHeader};
use crate::format::payload::{self, ENTRY_BYTES, Entry};
use crate::format::record::{self, Payloads, RECORD_BYTES};
use crate::format::sector;
use crate::format::{Lineage, segment};

/// Files of segments that are kept open.
const OPEN_FILES: usize = 32;

/// Reads events by their sequence, only through what is durable. Clones share their open files.
///
/// Whatever it gives out was checked against the hash of its frame first: an answer, or the original of a
/// reversal, never rests on a bit that has flipped. A frame is read as a whole for that, however few of its
/// events are asked for; [`read_many`](Self::read_many) does it once a frame.
pub struct JournalReader<D: Disk> {
    inner: Arc<Inner<D>>,
}

impl<D: Disk> Clone for JournalReader<D> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

struct Inner<D: Disk> {
    disk: D,
    dir: PathBuf,
    lineage: Lineage,
    shared: Arc<SharedIndex>,
    /// By number of segment, the last used at the end.
    files: Mutex<Vec<(u64, Arc<D::File>)>>,
}

/// Where a frame is, by headers that nobody has checked.
pub(super) struct Located<F> {
    file: Arc<F>,
    place: Place,
    header: FrameHeader,
}

/// A frame that has been read and checked.
pub(super) struct Checked {
    place: Place,
    pub(super) header: FrameHeader,
    content: Vec<u8>,
    /// Where in the content the payload of each entry begins, and where that of the last one ends.
    payloads: Vec<usize>,
}

impl Checked {
    /// Whether an event is in it.
    pub(super) fn holds(&self, sequence: Sequence) -> bool {
        (self.header.first_sequence..=self.header.last_sequence()).contains(&sequence)
    }
}

impl<D: Disk> JournalReader<D> {
    pub(crate) fn new(disk: D, dir: PathBuf, lineage: Lineage, shared: Arc<SharedIndex>) -> Self {
        let files = Mutex::new(Vec::new());
        Self { inner: Arc::new(Inner { disk, dir, lineage, shared, files }) }
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

    /// Reads one event.
    pub fn read(&self, sequence: Sequence) -> Result<Event, ReadError> {
        let frame = self.inner.load(self.inner.locate(sequence)?)?;
        self.inner.event(&frame, sequence)
    }

    /// Reads events, in the order asked for.
    pub fn read_many(&self, sequences: &[Sequence]) -> Result<Vec<Event>, ReadError> {
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_unstable_by_key(|at| sequences[*at]);
        let mut found: Vec<(usize, Event)> = Vec::with_capacity(sequences.len());
        let mut rest = order.as_slice();
        while let Some(first) = rest.first() {
            let frame = self.inner.load(self.inner.locate(sequences[*first])?)?;
            let last_sequence = frame.header.last_sequence();
            let here = rest.partition_point(|at| sequences[*at] <= last_sequence);
            for at in &rest[..here] {
                found.push((*at, self.inner.event(&frame, sequences[*at])?));
            }
            rest = &rest[here..];
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
    fn path(&self, place: Place) -> PathBuf {
        self.dir.join(segment::file_name(place.segment))
    }

    fn damaged(&self, place: Place, what: impl Into<String>) -> ReadError {
        ReadError::Damaged { file: self.path(place), offset: place.offset, what: what.into() }
    }

    fn file(&self, place: Place) -> Result<Arc<D::File>, ReadError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let known = files.iter().position(|(number, _)| *number == place.segment);
        let entry = if let Some(at) = known {
            files.remove(at)
        } else {
            let path = self.path(place);
            let file = self.disk.open_read_only(&path);
            let file = file.map_err(|source| ReadError::Io { path, source })?;
            if files.len() == OPEN_FILES {
                files.remove(0);
            }
            (place.segment, Arc::new(file))
        };
        let file = Arc::clone(&entry.1);
        files.push(entry);
        Ok(file)
    }

    fn read_bytes(
        &self,
        file: &D::File,
        place: Place,
        buf: &mut [u8],
        offset: u64,
    ) -> Result<(), ReadError> {
        file.read_exact_at(buf, offset)
            .map_err(|source| ReadError::Io { path: self.path(place), source })
    }

    /// Finds the frame of an event, from a frame before it that the index knows.
    fn locate(&self, sequence: Sequence) -> Result<Located<D::File>, ReadError> {
        let durable_through = self.shared.durable_through();
        let not_there = ReadError::NotThere { sequence, durable_through };
        if sequence == 0 || sequence > durable_through {
            return Err(not_there);
        }
        let mut place = self.shared.find(sequence).ok_or(not_there)?;
        let file = self.file(place)?;
        let mut head = [0; frame::HEADER_BYTES];
        loop {
            self.read_bytes(&file, place, &mut head, place.offset)?;
            let header = FrameHeader::parse(&head)
                .filter(|header| header.lineage == self.lineage && header.segment == place.segment)
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
    fn located_after(&self, before: &Checked, sequence: Sequence) -> Option<Located<D::File>> {
        if sequence > self.shared.durable_through() {
            return None;
        }
        let offset = before.place.offset + before.header.bytes_on_disk();
        let place = Place { offset, ..before.place };
        let file = self.file(place).ok()?;
        let mut head = [0; frame::HEADER_BYTES];
        file.read_exact_at(&mut head, offset).ok()?;
        let header = FrameHeader::parse(&head).filter(|header| {
            header.lineage == self.lineage
                && header.segment == place.segment
                && header.first_sequence == sequence
                && header.records > 0
        })?;
        Some(Located { file, place, header })
    }

    /// Reads all of a frame and checks it.
    fn load(
        &self,
        Located { file, place, header }: Located<D::File>,
    ) -> Result<Checked, ReadError> {
        let bytes = header.bytes_on_disk();
        let mut sectors = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        self.read_bytes(&file, place, &mut sectors, place.offset)?;
        let mut content = Vec::with_capacity(sectors.len());
        sector::gather(&sectors, &mut content);
        let whole = Frame::check(&content)
            .map_err(|_| self.damaged(place, "the frame is not what was written"))?;
        let header = whole.header;
        let mut payloads = Vec::with_capacity(whole.table.len() + 1);
        payloads.push(header.payload_at());
        payloads.extend(payload::entries(whole.table, whole.payload).scan(
            header.payload_at(),
            |at, (_, salted)| {
                *at += salted.len();
                Some(*at)
            },
        ));
        Ok(Checked { place, header, content, payloads })
    }

    fn event(&self, frame: &Checked, sequence: Sequence) -> Result<Event, ReadError> {
        let Checked { place, header, content, .. } = frame;
        let index = usize::try_from(sequence - header.first_sequence).unwrap_or(usize::MAX);
        let from = frame::HEADER_BYTES + index * RECORD_BYTES;
        let record = content.get(from..).and_then(<[u8]>::first_chunk);
        let record = record.ok_or_else(|| self.damaged(*place, "a record is cut off"))?;
        let decoded = match record::payload_reference(record) {
            0 => record::decode(sequence, record, &Payloads::NONE),
            reference => {
                let (own, salted) = self.payload(frame, reference as usize - 1, index)?;
                let mut payloads = Payloads::NONE;
                payload::entries(own, salted)
                    .try_for_each(|(entry, salted)| payloads.add(entry, salted))
                    .and_then(|()| record::decode(sequence, record, &payloads))
            }
        };
        decoded.map_err(|fault| self.damaged(*place, format!("event {sequence}: {}", fault.0)))
    }

    /// Entries and payloads of the record with this index, whose first entry is `first`.
    fn payload<'a>(
        &self,
        frame: &'a Checked,
        first: usize,
        record: usize,
    ) -> Result<(&'a [[u8; ENTRY_BYTES]], &'a [u8]), ReadError> {
        let damaged = || self.damaged(frame.place, "a payload is not what was written");
        let Checked { header, content, .. } = frame;
        let table = content.get(header.table_at()..header.payload_at()).ok_or_else(damaged)?;
        let (entries, _) = table.as_chunks::<ENTRY_BYTES>();
        let rest = entries.get(first..).ok_or_else(damaged)?;
        let belongs = |raw: &&[u8; ENTRY_BYTES]| Entry::new(raw).record() as usize == record;
        let own = &rest[..rest.iter().take_while(belongs).count()];
        let ends = frame.payloads.get(first).zip(frame.payloads.get(first + own.len()));
        let salted = ends.and_then(|(from, to)| content.get(*from..*to));
        salted.filter(|_| !own.is_empty()).map(|salted| (own, salted)).ok_or_else(damaged)
    }
}
