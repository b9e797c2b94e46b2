//! Where frames stand: a sparse index, shared by the writer that extends it and the readers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use florin_engine::Sequence;

use crate::format::footer::IndexEntry;
use crate::limits::INDEX_STRIDE_BYTES;

/// The frames of one segment: at least one for every 64 KiB.
#[derive(Debug, Clone, Default)]
pub(crate) struct FrameIndex(Vec<IndexEntry>);

impl FrameIndex {
    /// Whether a frame at this place has to be noted.
    fn needs(&self, offset: u64, bytes: u64) -> bool {
        self.0.last().is_none_or(|last| offset + bytes - last.offset > INDEX_STRIDE_BYTES)
    }

    /// How many entries there are once a frame at this place is noted.
    pub(crate) fn len_with(&self, offset: u64, bytes: u64) -> usize {
        self.0.len() + usize::from(self.needs(offset, bytes))
    }

    /// Notes a frame if there is none close before it.
    pub(crate) fn note(&mut self, first_sequence: Sequence, offset: u64, bytes: u64) {
        if self.needs(offset, bytes) {
            self.0.push(IndexEntry { first_sequence, offset });
        }
    }

    /// What has been noted.
    pub(crate) fn entries(&self) -> &[IndexEntry] {
        &self.0
    }

    /// Where to begin to look for a sequence.
    fn find(&self, sequence: Sequence) -> Option<u64> {
        let after = self.0.partition_point(|entry| entry.first_sequence <= sequence);
        Some(self.0[after.checked_sub(1)?].offset)
    }
}

/// One segment that counts.
#[derive(Debug, Clone)]
pub(crate) struct SegmentIndex {
    pub(crate) number: u64,
    pub(crate) first_sequence: Sequence,
    pub(crate) frames: FrameIndex,
}

/// Where to begin to look for a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The segment.
    pub(crate) segment: u64,
    /// A frame in it.
    pub(crate) offset: u64,
}

/// What writer and readers share.
#[derive(Debug)]
pub(crate) struct SharedIndex {
    durable_through: AtomicU64,
    segments: RwLock<Vec<SegmentIndex>>,
}

impl SharedIndex {
    pub(crate) fn new(durable_through: Sequence, segments: Vec<SegmentIndex>) -> Self {
        let durable_through = AtomicU64::new(durable_through);
        Self { durable_through, segments: RwLock::new(segments) }
    }

    /// The last sequence that is durable and can be found.
    pub(crate) fn durable_through(&self) -> Sequence {
        self.durable_through.load(Ordering::Acquire)
    }

    /// The first sequence that can be found, or that will be.
    pub(crate) fn first_sequence(&self) -> Sequence {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.first().map_or(1, |segment| segment.first_sequence)
    }

    /// Takes up a segment that has come into use.
    pub(crate) fn add_segment(&self, segment: SegmentIndex) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).push(segment);
    }

    /// Takes up a frame of the last segment that has become durable.
    pub(crate) fn add_frame(&self, first: Sequence, last: Sequence, offset: u64, bytes: u64) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(segment) = segments.last_mut() {
            segment.frames.note(first, offset, bytes);
        }
        drop(segments);
        self.durable_through.store(last, Ordering::Release);
    }

    /// Where to begin to look for a sequence.
    pub(crate) fn find(&self, sequence: Sequence) -> Option<Place> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.first_sequence <= sequence);
        let segment = &segments[after.checked_sub(1)?];
        let offset = segment.frames.find(sequence)?;
        Some(Place { segment: segment.number, offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_and_found() {
        let segment = |number, first_sequence| SegmentIndex {
            number,
            first_sequence,
            frames: FrameIndex::default(),
        };
        let index = SharedIndex::new(0, vec![segment(1, 1)]);
        assert_eq!(index.find(1), None, "nothing is in it");
        // 100 frames of one record and 4 KiB: one in 16 is noted.
        for i in 0..100 {
            index.add_frame(1 + i, 1 + i, 4_096 * (1 + i), 4_096);
        }
        // A segment without frames, and the one after it that begins at the same sequence.
        index.add_segment(segment(2, 101));
        index.add_segment(segment(4, 101));
        index.add_frame(101, 8_290, 4_096, 353 * 4_096);
        index.add_frame(8_291, 8_291, 354 * 4_096, 4_096);
        assert_eq!(index.durable_through(), 8_291);
        for (sequence, segment, sector) in [
            (1, 1, 1),
            (16, 1, 1),
            (17, 1, 17),
            (32, 1, 17),
            (100, 1, 97),
            (101, 4, 1),
            (8_290, 4, 1),
            (8_291, 4, 354),
        ] {
            let place = Place { segment, offset: sector * 4_096 };
            assert_eq!(index.find(sequence), Some(place), "{sequence}");
        }
        assert_eq!(index.find(0), None);
    }
}
