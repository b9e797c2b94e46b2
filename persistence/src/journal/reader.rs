//! Reads single events back, from what is durable.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use florin_engine::{Event, Sequence};

use super::index::{Place, SharedIndex};
use crate::disk::{Disk, DiskFile};
use crate::error::ReadError;
use crate::format::frame::{self, Frame, FrameHeader};
use crate::format::payload::{self, ENTRY_BYTES, Entry};
use crate::format::record::{self, Payloads, RECORD_BYTES};
use crate::format::sector::{self, CONTENT_BYTES, SECTOR_BYTES, TagKey, Written};
use crate::format::{Lineage, segment};

/// A frame up to this size is read and checked as a whole; of a larger one only the sectors that are needed.
const WHOLE_FRAME_BYTES: u64 = 64 * 1024;
/// From so many events of one frame on, it is read as a whole however large it is.
const WHOLE_FRAME_EVENTS: usize = 32;
/// Files of segments that are kept open.
const OPEN_FILES: usize = 32;

/// Reads events by their sequence, only through what is durable. Clones share their open files.
///
/// What comes from a frame of up to 64 KiB has been checked against the frame's hash. Of a larger one
/// only the needed sectors are read: their tags prove that they were written for this frame, and payloads
/// are checked against their own hashes, but a bit that has flipped in a record itself is found by
/// [`scan`](crate::scan) only.
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

/// A frame that has been found, and as much of it as has been read.
struct Located<F> {
    file: Arc<F>,
    place: Place,
    header: FrameHeader,
    /// All of its content, checked.
    content: Option<Vec<u8>>,
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

    /// Reads one event.
    pub fn read(&self, sequence: Sequence) -> Result<Event, ReadError> {
        let mut frame = self.inner.locate(sequence)?;
        if frame.header.bytes_on_disk() <= WHOLE_FRAME_BYTES {
            self.inner.load(&mut frame)?;
        }
        self.inner.event(&frame, sequence)
    }

    /// Reads events, in the order asked for. Those that share a frame cost one look-up together.
    pub fn read_many(&self, sequences: &[Sequence]) -> Result<Vec<Event>, ReadError> {
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_unstable_by_key(|at| sequences[*at]);
        let mut found: Vec<(usize, Event)> = Vec::with_capacity(sequences.len());
        let mut rest = order.as_slice();
        while let Some(first) = rest.first() {
            let mut frame = self.inner.locate(sequences[*first])?;
            let last_sequence = frame.header.last_sequence();
            let here = rest.partition_point(|at| sequences[*at] <= last_sequence);
            if frame.header.bytes_on_disk() <= WHOLE_FRAME_BYTES || here >= WHOLE_FRAME_EVENTS {
                self.inner.load(&mut frame)?;
            }
            for at in &rest[..here] {
                found.push((*at, self.inner.event(&frame, sequences[*at])?));
            }
            rest = &rest[here..];
        }
        found.sort_unstable_by_key(|(at, _)| *at);
        Ok(found.into_iter().map(|(_, event)| event).collect())
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
                return Ok(Located { file, place, header, content: None });
            }
            place.offset += header.bytes_on_disk();
        }
    }

    /// Reads all of a frame and checks it.
    fn load(&self, frame: &mut Located<D::File>) -> Result<(), ReadError> {
        let place = frame.place;
        let bytes = frame.header.bytes_on_disk();
        let mut sectors = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        self.read_bytes(&frame.file, place, &mut sectors, place.offset)?;
        let mut content = Vec::with_capacity(sectors.len());
        sector::gather(&sectors, &mut content);
        let whole = Frame::check(&content)
            .map_err(|_| self.damaged(place, "the frame is not what was written"))?;
        frame.header = whole.header;
        frame.content = Some(content);
        Ok(())
    }

    /// Content of a frame that is not there as a whole.
    fn content(
        &self,
        frame: &Located<D::File>,
        from: usize,
        to: usize,
    ) -> Result<Vec<u8>, ReadError> {
        if let Some(content) = &frame.content {
            return Ok(content[from..to].to_vec());
        }
        let Located { file, place, header, .. } = frame;
        let first = from / CONTENT_BYTES;
        let count = to.div_ceil(CONTENT_BYTES) - first;
        let mut sectors = vec![0; count * SECTOR_BYTES];
        let offset = place.offset + (first * SECTOR_BYTES) as u64;
        self.read_bytes(file, *place, &mut sectors, offset)?;
        let key = TagKey { seed: place.tag_seed, sequence: header.first_sequence };
        for (number, sector) in (offset / SECTOR_BYTES as u64..).zip(sectors.as_chunks().0) {
            if !matches!(sector::written(sector, key, number), Written::Whole | Written::Last) {
                return Err(self.damaged(*place, "a sector is not what was written"));
            }
        }
        let mut content = Vec::with_capacity(sectors.len());
        sector::gather(&sectors, &mut content);
        content.truncate(to - first * CONTENT_BYTES);
        content.drain(..from - first * CONTENT_BYTES);
        Ok(content)
    }

    fn event(&self, frame: &Located<D::File>, sequence: Sequence) -> Result<Event, ReadError> {
        let index = usize::try_from(sequence - frame.header.first_sequence).unwrap_or(usize::MAX);
        let from = frame::HEADER_BYTES + index * RECORD_BYTES;
        let record = self.content(frame, from, from + RECORD_BYTES)?;
        let record =
            record.first_chunk().ok_or_else(|| self.damaged(frame.place, "a record is cut off"))?;
        let decoded = match record::payload_reference(record) {
            0 => record::decode(sequence, record, &Payloads::NONE),
            reference => {
                let (table, salted) = self.payload(frame, reference as usize - 1, index)?;
                let mut payloads = Payloads::NONE;
                payload::entries(table.as_chunks().0, &salted)
                    .try_for_each(|(entry, salted)| payloads.add(entry, salted))
                    .and_then(|()| record::decode(sequence, record, &payloads))
            }
        };
        decoded.map_err(|fault| self.damaged(frame.place, format!("event {sequence}: {}", fault.0)))
    }

    /// Entries and payloads of the record with this index, whose first entry is `first`, checked.
    fn payload(
        &self,
        frame: &Located<D::File>,
        first: usize,
        record: usize,
    ) -> Result<(Vec<u8>, Vec<u8>), ReadError> {
        let damaged = || self.damaged(frame.place, "a payload is not what was written");
        let header = &frame.header;
        let table = self.content(frame, header.table_at(), header.payload_at())?;
        let (entries, _) = table.as_chunks::<ENTRY_BYTES>();
        let (before, rest) = entries.split_at_checked(first).ok_or_else(damaged)?;
        let belongs = |raw: &&[u8; ENTRY_BYTES]| Entry::new(raw).record() as usize == record;
        let own = &rest[..rest.iter().take_while(belongs).count()];
        let bytes_of = |entries: &[[u8; ENTRY_BYTES]]| {
            entries.iter().map(|raw| Entry::new(raw).salted_bytes()).sum::<u64>()
        };
        let (skip, len) = (bytes_of(before), bytes_of(own));
        if own.is_empty() || skip + len > header.payload_bytes {
            return Err(damaged());
        }
        // Both are within the payload, and a frame fits memory.
        let from = header.payload_at() + usize::try_from(skip).unwrap_or(usize::MAX);
        let to = from + usize::try_from(len).unwrap_or(usize::MAX);
        let salted = self.content(frame, from, to)?;
        if !payload::entries(own, &salted).all(|(entry, salted)| entry.vouches_for(salted)) {
            return Err(damaged());
        }
        Ok((own.as_flattened().to_vec(), salted))
    }
}
