//! The writer: one frame, one write, one sync at a time.

use std::path::PathBuf;
use std::sync::Arc;

use florin_engine::{Event, Sequence};

use super::encoder::{FrameEncoder, Plan, Position};
use super::index::{FrameIndex, SegmentIndex, SharedIndex};
use super::{CommissionError, Random, SparePreparer};
use crate::disk::{Disk, DiskFile};
use crate::error::WriteError;
use crate::format::footer::{self, AssetTotal, Footer};
use crate::format::sector::{SECTOR_BYTES, TagKey};
use crate::format::segment::{self, HEADER_BYTES, SegmentHeader};
use crate::format::takeover::Takeover;
use crate::format::{Hash, frame};
use crate::limits::{INDEX_STRIDE_BYTES, frame_bytes_max};

/// Appends frames. There is one for each journal.
pub struct JournalWriter<D: Disk> {
    spares: SparePreparer<D>,
    segment_bytes: u64,
    random: Random,
    encoder: FrameEncoder,
    segment: OpenSegment<D>,
    next_sequence: Sequence,
    last_hash: Hash,
    totals: Vec<AssetTotal>,
    shared: Arc<SharedIndex>,
    journal_bytes: u64,
    frames: u64,
    /// A write or sync has failed.
    is_poisoned: bool,
}

struct OpenSegment<D: Disk> {
    file: D::File,
    path: PathBuf,
    header: SegmentHeader,
    /// Where the next frame begins.
    offset: u64,
    frames: FrameIndex,
}

/// A frame that has been appended, and is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Sequence of its first event.
    pub first_sequence: Sequence,
    /// Sequence of its last event.
    pub last_sequence: Sequence,
    /// Bytes that it takes on disk.
    pub frame_bytes: u64,
}

/// How much can be written for sure, in frames of any size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalRoom {
    /// Bytes on disk, in the segment that is written or in the spare behind it.
    pub bytes: u64,
    /// Bytes on disk in an empty segment: more than that cannot be waited for.
    pub segment_bytes: u64,
}

/// How the journal stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalStatus {
    /// Which history it is.
    pub lineage: [u8; 16],
    /// Which opening this is, from 1.
    pub epoch: u64,
    /// The last durable event; 0 = none yet.
    pub durable_through: Sequence,
    /// Number of the segment that is written to.
    pub segment: u64,
    /// Its size.
    pub segment_bytes: u64,
    /// How much of it is taken.
    pub segment_used_bytes: u64,
    /// Bytes of all segments, the unused part of the last one included; without the spare.
    pub journal_bytes: u64,
    /// Frames appended since the opening.
    pub frames: u64,
    /// Whether a spare is ready.
    pub has_spare: bool,
}

/// Where a writer begins.
pub(crate) struct Start<D: Disk> {
    pub(crate) file: D::File,
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    pub(crate) totals: Vec<AssetTotal>,
    pub(crate) shared: Arc<SharedIndex>,
    pub(crate) journal_bytes: u64,
}

impl<D: Disk> JournalWriter<D> {
    /// Begins behind the header of a segment that has just come into use. Readers do not see it yet.
    pub(crate) fn new(
        spares: SparePreparer<D>,
        segment_bytes: u64,
        mut random: Random,
        start: Start<D>,
    ) -> Self {
        let encoder = FrameEncoder::new(&random.bytes());
        let Start { file, path, header, totals, shared, journal_bytes } = start;
        Self {
            spares,
            segment_bytes,
            random,
            encoder,
            next_sequence: header.first_sequence,
            last_hash: header.previous_hash,
            segment: OpenSegment {
                file,
                path,
                header,
                offset: HEADER_BYTES as u64,
                frames: FrameIndex::default(),
            },
            totals,
            shared,
            journal_bytes,
            frames: 0,
            is_poisoned: false,
        }
    }

    /// Appends all these events as one frame and syncs it: when it returns `Ok`, they are durable.
    ///
    /// They have to be the next events, and the groups among them whole. After
    /// [`WriteError::Failed`] the process has to end; every other error has written nothing.
    pub fn append(&mut self, batches: &[&[Event]]) -> Result<Appended, WriteError> {
        if self.is_poisoned {
            return Err(WriteError::Poisoned);
        }
        let first_sequence = self.next_sequence;
        let bytes_max = frame_bytes_max(self.segment_bytes);
        let plan = Plan::of(batches, first_sequence, self.totals.len(), bytes_max)?;
        if plan.records == 0 {
            let last_sequence = first_sequence - 1;
            return Ok(Appended { first_sequence, last_sequence, frame_bytes: 0 });
        }
        let frame_bytes = plan.bytes_on_disk();
        if !self.fits(frame_bytes, plan.assets) {
            self.roll(&plan)?;
        }
        let position = Position {
            segment: &self.segment.header,
            offset: self.segment.offset,
            first_sequence,
            durable_through: first_sequence - 1,
            previous_hash: self.last_hash,
        };
        let (sectors, hash) = self.encoder.records(&plan, batches, &position, &mut self.totals);
        write(&mut self.is_poisoned, &self.segment, sectors)?;
        sync(&mut self.is_poisoned, &self.segment)?;
        self.advance(frame_bytes, plan.records, hash);
        self.publish_frame(first_sequence, self.segment.offset - frame_bytes, frame_bytes);
        self.frames += 1;
        let last_sequence = self.next_sequence - 1;
        Ok(Appended { first_sequence, last_sequence, frame_bytes })
    }

    /// How much can be written for sure.
    pub fn room(&self) -> JournalRoom {
        let OpenSegment { header, offset, frames, .. } = &self.segment;
        let usable = |bytes: u64, entries: usize| {
            let footer = footer::bytes_on_disk(self.totals.len(), entries + 1);
            let bytes = bytes.saturating_sub(footer);
            // Frames to come add to the footer's index: an entry for each stride, and its last sector.
            let growth = bytes / INDEX_STRIDE_BYTES * footer::INDEX_BYTES as u64;
            bytes.saturating_sub(growth + SECTOR_BYTES as u64)
        };
        let here = usable(header.segment_bytes.saturating_sub(*offset), frames.entries().len());
        let empty = |bytes: u64| usable(bytes.saturating_sub(HEADER_BYTES as u64), 0);
        JournalRoom {
            bytes: here.max(empty(self.spares.ready_bytes())),
            segment_bytes: empty(self.segment_bytes),
        }
    }

    /// Whether there is no spare. [`SparePreparer::prepare`] makes one.
    pub fn wants_spare(&self) -> bool {
        self.spares.ready_bytes() == 0
    }

    /// Makes spares, in another thread if you like.
    pub fn spare_preparer(&self) -> SparePreparer<D> {
        self.spares.clone()
    }

    /// How it stands.
    pub fn status(&self) -> JournalStatus {
        let header = &self.segment.header;
        JournalStatus {
            lineage: header.lineage.id,
            epoch: header.epoch,
            durable_through: self.shared.durable_through(),
            segment: header.number,
            segment_bytes: header.segment_bytes,
            segment_used_bytes: self.segment.offset,
            journal_bytes: self.journal_bytes,
            frames: self.frames,
            has_spare: !self.wants_spare(),
        }
    }

    /// Copies a frame that was read into this segment, without a sync.
    pub(crate) fn copy(
        &mut self,
        header: &frame::FrameHeader,
        content: &[u8],
        durable_through: Sequence,
    ) -> Result<(), WriteError> {
        let position = Position {
            segment: &self.segment.header,
            offset: self.segment.offset,
            first_sequence: self.next_sequence,
            durable_through,
            previous_hash: self.last_hash,
        };
        let (sectors, hash) = self.encoder.copy(header, content, &position);
        let bytes = sectors.len() as u64;
        write(&mut self.is_poisoned, &self.segment, sectors)?;
        self.segment.frames.note(self.next_sequence, self.segment.offset, bytes);
        self.advance(bytes, header.records, hash);
        Ok(())
    }

    /// Writes events of a frame that was read as a frame of their own, without a sync.
    pub(crate) fn copy_events(
        &mut self,
        events: &[Event],
        durable_through: Sequence,
    ) -> Result<(), WriteError> {
        let batches = [events];
        let plan = Plan::weighed(&batches)?;
        let position = Position {
            segment: &self.segment.header,
            offset: self.segment.offset,
            first_sequence: self.next_sequence,
            durable_through,
            previous_hash: self.last_hash,
        };
        let (sectors, hash) = self.encoder.records(&plan, &batches, &position, &mut self.totals);
        let bytes = sectors.len() as u64;
        write(&mut self.is_poisoned, &self.segment, sectors)?;
        self.advance(bytes, plan.records, hash);
        Ok(())
    }

    /// Syncs what was copied, then makes the segment count.
    pub(crate) fn complete_takeover(&mut self, takeover: &Takeover) -> Result<(), WriteError> {
        sync(&mut self.is_poisoned, &self.segment)?;
        let position = Position {
            segment: &self.segment.header,
            offset: self.segment.offset,
            first_sequence: self.next_sequence,
            durable_through: takeover.last_taken,
            previous_hash: self.last_hash,
        };
        let (sectors, hash) = self.encoder.takeover(takeover, &position);
        let bytes = sectors.len() as u64;
        write(&mut self.is_poisoned, &self.segment, sectors)?;
        sync(&mut self.is_poisoned, &self.segment)?;
        self.advance(bytes, 0, hash);
        Ok(())
    }

    /// Lets readers see the segment that the opening began.
    pub(crate) fn publish_segment(&self) {
        self.shared.add_segment(index_of(&self.segment));
    }

    /// Whether a frame, and the footer behind it, end within the segment.
    fn fits(&self, frame_bytes: u64, assets: usize) -> bool {
        let OpenSegment { header, offset, frames, .. } = &self.segment;
        let footer = footer::bytes_on_disk(assets, frames.len_with(*offset, frame_bytes));
        offset + frame_bytes + footer <= header.segment_bytes
    }

    /// Seals the segment and begins the next. Only once that is sure to have room, so that
    /// [`WriteError::NoSpace`] changes nothing.
    fn roll(&mut self, plan: &Plan) -> Result<(), WriteError> {
        let least =
            HEADER_BYTES as u64 + plan.bytes_on_disk() + footer::bytes_on_disk(plan.assets, 1);
        let segment_bytes = self.segment_bytes.max(least);
        let spares = self.spares.clone();
        let reserved = spares
            .reserve(segment_bytes)
            .map_err(|error| self.commission_failed(error, segment_bytes))?;
        self.seal()?;
        let old = &self.segment.header;
        let header = SegmentHeader {
            version: segment::version_for(old.is_fork),
            number: old.number + 1,
            first_sequence: self.next_sequence,
            segment_bytes,
            previous_hash: self.last_hash,
            salt_seed: self.random.bytes(),
            tag_seed: u64::from_le_bytes(self.random.bytes()),
            made_at_ns: plan.timestamp_ns,
            is_takeover: false,
            origin: None,
            ..*old
        };
        let (file, path) = reserved
            .commission(&header)
            .map_err(|error| self.commission_failed(error, segment_bytes))?;
        self.journal_bytes += segment_bytes;
        let offset = HEADER_BYTES as u64;
        self.segment = OpenSegment { file, path, header, offset, frames: FrameIndex::default() };
        self.publish_segment();
        Ok(())
    }

    fn commission_failed(&mut self, error: CommissionError, need_bytes: u64) -> WriteError {
        match error {
            CommissionError::NoSpace => WriteError::NoSpace { need_bytes },
            CommissionError::Failed { did, path, source } => {
                self.is_poisoned = true;
                WriteError::Failed { did, path, source }
            }
        }
    }

    /// Writes the footer behind the last frame.
    fn seal(&mut self) -> Result<(), WriteError> {
        let OpenSegment { header, offset, frames, .. } = &self.segment;
        let footer = Footer {
            lineage_id: header.lineage.id,
            segment: header.number,
            last_sequence: self.next_sequence - 1,
            last_hash: self.last_hash,
            totals: self.totals.clone(),
            index: frames.entries().to_vec(),
        };
        let key = TagKey { seed: header.tag_seed, sequence: self.next_sequence };
        let sectors = self.encoder.spread(&footer.encode(), key, *offset);
        write(&mut self.is_poisoned, &self.segment, sectors)?;
        sync(&mut self.is_poisoned, &self.segment)
    }

    fn advance(&mut self, bytes: u64, records: u32, hash: Hash) {
        debug_assert_eq!(bytes % SECTOR_BYTES as u64, 0);
        self.segment.offset += bytes;
        self.next_sequence += u64::from(records);
        self.last_hash = hash;
    }

    fn publish_frame(&mut self, first_sequence: Sequence, offset: u64, bytes: u64) {
        self.segment.frames.note(first_sequence, offset, bytes);
        self.shared.add_frame(first_sequence, self.next_sequence - 1, offset, bytes);
    }
}

// Free functions, since what they write is borrowed from another field of the writer.

fn write<D: Disk>(
    is_poisoned: &mut bool,
    segment: &OpenSegment<D>,
    sectors: &[u8],
) -> Result<(), WriteError> {
    segment.file.write_at(sectors, segment.offset).map_err(|source| {
        *is_poisoned = true;
        WriteError::Failed { did: "written", path: segment.path.clone(), source }
    })
}

fn sync<D: Disk>(is_poisoned: &mut bool, segment: &OpenSegment<D>) -> Result<(), WriteError> {
    segment.file.sync_data().map_err(|source| {
        *is_poisoned = true;
        WriteError::Failed { did: "synced", path: segment.path.clone(), source }
    })
}

fn index_of<D: Disk>(segment: &OpenSegment<D>) -> SegmentIndex {
    let SegmentHeader { lineage, number, first_sequence, .. } = segment.header;
    SegmentIndex { lineage, number, first_sequence, frames: segment.frames.clone() }
}
