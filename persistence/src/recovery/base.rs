//! Where a journal begins whose oldest segments were archived: behind the last of them. What is before is known from index
//! files.

use florin_engine::Sequence;

use crate::archive::ArchivedSegment;
use crate::error::OpenError;
use crate::format::Lineage;
use crate::format::segment::SegmentHeader;
use crate::journal::index::{FrameIndex, SegmentIndex};

use super::Passed;

/// The newest archived segment, and what is known of it and those before.
#[derive(Debug, Clone)]
pub struct Base {
    /// Its number.
    pub(crate) number: u64,
    /// The opening that wrote it.
    pub(crate) epoch: u64,
    /// Where it ended.
    pub(crate) ended: Passed,
    /// All segments up to it, where their frames stand; it is the last.
    pub(crate) segments: Vec<SegmentIndex>,
    /// Bytes of those, on whatever place they are.
    pub(crate) bytes: u64,
}

impl Base {
    /// What comes before the journal that is here: segments of its archive, oldest first, the newest of which ended
    /// like this. `None` if it did not, or there are none.
    pub fn new(partition: u32, segments: &[ArchivedSegment], ended: Passed) -> Option<Self> {
        let ArchivedSegment { object: newest, epoch } = segments.last()?;
        let fits =
            ended.last_sequence == newest.last_sequence && ended.last_hash == newest.last_hash.0;
        let index = |segment: &ArchivedSegment| SegmentIndex {
            lineage: Lineage { id: segment.object.lineage.0, partition },
            number: segment.object.number,
            first_sequence: segment.object.first_sequence,
            frames: FrameIndex::elsewhere(),
        };
        fits.then(|| Self {
            number: newest.number,
            epoch: *epoch,
            ended,
            segments: segments.iter().map(index).collect(),
            bytes: segments.iter().map(|segment| segment.object.bytes).sum(),
        })
    }

    /// As [`new`](Self::new), for whoever only looks where segments begin and end, by what the marker says of them.
    pub(crate) fn without_sums(segments: &[ArchivedSegment]) -> Option<Self> {
        let newest = &segments.last()?.object;
        let ended = Passed {
            last_sequence: newest.last_sequence,
            last_hash: newest.last_hash.0,
            // What another segment took over from ends with its last frame.
            end_offset: newest.bytes,
            totals: Vec::new(),
            frames: FrameIndex::elsewhere(),
        };
        Self::new(0, segments, ended)
    }

    /// Number of the newest archived segment.
    pub(crate) const fn newest(&self) -> u64 {
        self.number
    }

    /// The opening that wrote the newest archived segment.
    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The history of the newest archived segment.
    pub(crate) fn lineage(&self) -> Option<Lineage> {
        self.segments.last().map(|segment| segment.lineage)
    }

    /// The last event that is not here.
    pub const fn through(&self) -> Sequence {
        self.ended.last_sequence
    }

    /// Whether a segment begins where this one ended.
    pub(crate) fn is_before(&self, header: &SegmentHeader) -> bool {
        let Passed { last_sequence, last_hash, .. } = &self.ended;
        header.first_sequence == last_sequence + 1 && header.previous_hash == *last_hash
    }

    /// Replay cannot begin before what is not here.
    pub(crate) fn check_reach(&self, from: u64) -> Result<(), OpenError> {
        if from > self.ended.last_sequence {
            return Ok(());
        }
        Err(OpenError::Archived { needed: from, through: self.ended.last_sequence })
    }
}
