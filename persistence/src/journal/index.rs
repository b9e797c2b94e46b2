//! Where frames stand: a sparse index, shared by the writer that extends it and the readers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use florin_engine::Sequence;

use crate::format::Lineage;
use crate::format::footer::IndexEntry;
use crate::limits::INDEX_STRIDE_BYTES;

/// Whether a frame at this place has to be noted, where the one that was noted last begins at `last`.
pub(crate) fn has_to_be_noted(last: Option<u64>, offset: u64, bytes: u64) -> bool {
    last.is_none_or(|last| offset + bytes - last > INDEX_STRIDE_BYTES)
}

/// The frames of one segment: at least one for every 64 KiB.
#[derive(Debug, Clone, Default)]
pub(crate) struct FrameIndex {
    entries: Vec<IndexEntry>,
    /// They stand in the index file of the segment, and not here.
    is_elsewhere: bool,
}

impl FrameIndex {
    /// Of a segment whose index file has them.
    pub(crate) fn elsewhere() -> Self {
        Self { entries: Vec::new(), is_elsewhere: true }
    }

    /// Whether a frame at this place has to be noted.
    fn needs(&self, offset: u64, bytes: u64) -> bool {
        has_to_be_noted(self.entries.last().map(|last| last.offset), offset, bytes)
    }

    /// How many entries there are once a frame at this place is noted.
    pub(crate) fn len_with(&self, offset: u64, bytes: u64) -> usize {
        self.entries.len() + usize::from(self.needs(offset, bytes))
    }

    /// Notes a frame if there is none close before it.
    pub(crate) fn note(&mut self, first_sequence: Sequence, offset: u64, bytes: u64) {
        if self.needs(offset, bytes) {
            self.entries.push(IndexEntry { first_sequence, offset });
        }
    }

    /// What has been noted.
    pub(crate) fn entries(&self) -> &[IndexEntry] {
        &self.entries
    }

    /// Where to begin to look for a sequence.
    fn find(&self, sequence: Sequence) -> Option<u64> {
        let after = self.entries.partition_point(|entry| entry.first_sequence <= sequence);
        Some(self.entries[after.checked_sub(1)?].offset)
    }
}

/// One segment that counts.
#[derive(Debug, Clone)]
pub(crate) struct SegmentIndex {
    /// Its own: segments of a ledger that was restored are of several.
    pub(crate) lineage: Lineage,
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

/// Where a frame is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// From this frame on.
    From(Place),
    /// The index file of the segment with this number says where.
    InIndexOf(u64),
}

/// Where one segment stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The segment.
    pub(crate) number: u64,
    /// Its first sequence.
    pub(crate) first: Sequence,
    /// Its last one; of the segment that is written, the last that is durable.
    pub(crate) last: Sequence,
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

    /// Whether this segment is one of those that count.
    pub(crate) fn has_segment(&self, number: u64) -> bool {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.binary_search_by_key(&number, |segment| segment.number).is_ok()
    }

    /// Whether one of the segments that count is of this lineage: the journal's own, or one that it goes on from.
    pub(crate) fn has_lineage(&self, id: [u8; 16]) -> bool {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.iter().any(|segment| segment.lineage.id == id)
    }

    /// Number of the first segment that counts.
    pub(crate) fn first_segment(&self) -> Option<u64> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.first().map(|segment| segment.number)
    }

    /// Number and first sequence of the first segment behind this number.
    pub(crate) fn segment_after(&self, number: u64) -> Option<(u64, Sequence)> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.number <= number);
        segments.get(after).map(|segment| (segment.number, segment.first_sequence))
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
    pub(crate) fn find(&self, sequence: Sequence) -> Option<Found> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.first_sequence <= sequence);
        let SegmentIndex { number, frames, .. } = &segments[after.checked_sub(1)?];
        if frames.is_elsewhere {
            return Some(Found::InIndexOf(*number));
        }
        Some(Found::From(Place { segment: *number, offset: frames.find(sequence)? }))
    }

    /// The segments with durable events in them, oldest first: without gaps, and none of them empty.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let durable_through = self.durable_through();
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let next = segments.iter().skip(1).map(|segment| segment.first_sequence - 1);
        let spans = segments.iter().zip(next.chain([Sequence::MAX])).map(|(segment, last)| Span {
            number: segment.number,
            first: segment.first_sequence,
            last: last.min(durable_through),
        });
        spans.filter(|span| span.first <= span.last).collect()
    }

    /// The segments behind which another one has begun, oldest first: they are written to no more. Of one without
    /// events, the last sequence is the one before the first.
    pub(crate) fn spans_over(&self) -> Vec<Span> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let pairs = segments.iter().zip(segments.iter().skip(1));
        let span = |(segment, next): (&SegmentIndex, &SegmentIndex)| Span {
            number: segment.number,
            first: segment.first_sequence,
            last: next.first_sequence - 1,
        };
        pairs.map(span).collect()
    }

    /// The frames that are known of the segment with this number: some of them, in order.
    pub(crate) fn frames_of(&self, number: u64) -> Vec<IndexEntry> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let at = segments.binary_search_by_key(&number, |segment| segment.number);
        at.map(|at| segments[at].frames.entries.clone()).unwrap_or_default()
    }

    /// The lineage of the segment with this number.
    pub(crate) fn lineage_of(&self, number: u64) -> Option<Lineage> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let at = segments.binary_search_by_key(&number, |segment| segment.number).ok()?;
        Some(segments[at].lineage)
    }

    /// First and last sequence of a segment behind which another one has begun.
    pub(crate) fn bounds(&self, number: u64) -> Option<(Sequence, Sequence)> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let at = segments.binary_search_by_key(&number, |segment| segment.number).ok()?;
        let next = segments.get(at + 1)?;
        Some((segments[at].first_sequence, next.first_sequence - 1))
    }

    /// Gives back the memory of a segment's frames, which are found in its index file from now on.
    pub(crate) fn forget_frames(&self, number: u64) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        if let Ok(at) = segments.binary_search_by_key(&number, |segment| segment.number) {
            segments[at].frames = FrameIndex::elsewhere();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_and_found() {
        let lineage = Lineage { id: [7; 16], partition: 0 };
        let segment = |number, first_sequence| SegmentIndex {
            lineage,
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
            assert_eq!(index.find(sequence), Some(Found::From(place)), "{sequence}");
        }
        assert_eq!(index.find(0), None);
        let span = |number, first, last| Span { number, first, last };
        assert_eq!(index.spans(), [span(1, 1, 100), span(4, 101, 8_291)], "the second is empty");
        assert_eq!(index.frames_of(4).len(), 2);
        for (number, expected) in [(1, Some((1, 100))), (2, Some((101, 100))), (3, None), (4, None)]
        {
            assert_eq!(index.bounds(number), expected, "{number}");
        }
        index.forget_frames(1);
        index.forget_frames(3);
        assert_eq!(index.find(100), Some(Found::InIndexOf(1)));
        assert_eq!(index.find(101), Some(Found::From(Place { segment: 4, offset: 4_096 })));
        assert_eq!(index.frames_of(1), []);
    }
}
