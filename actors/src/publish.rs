//! What is known outside of the partition about how far it is: after each sync its figures are published here. The
//! events themselves go to the [`feed`](crate::feed).

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use florin_persistence::{JournalRoom, JournalStatus};
use hdrhistogram::Histogram;

use crate::refusals::Refusals;
use crate::trace::FrameSize;

/// What a single payment can take of the journal.
const SMALLEST_WRITE_BYTES: u64 = 8 * 1024;

/// How the journal is, for whoever wants to know.
#[derive(Debug)]
pub struct Gauge {
    /// Bytes that can be journaled for certain.
    room_bytes: AtomicU64,
    /// Bytes of frames that an empty segment has room for.
    segment_room_bytes: AtomicU64,
    /// Upper bound of the bytes that are decided and not yet journaled.
    outstanding_bytes: AtomicU64,
    /// The next segment could not be made for lack of space.
    no_space: AtomicBool,
    /// What lies beside the journal could not be made.
    sealing_stuck: AtomicBool,
    /// The partition holds writes back until there is room.
    waiting: AtomicBool,
    durable_sequence: AtomicU64,
    segment: AtomicU64,
    journal_bytes: AtomicU64,
    frames: AtomicU64,
    events: AtomicU64,
    frame_bytes: AtomicU64,
    sync: Mutex<SyncTimes>,
    refusals: Refusals,
}

/// How long writes and their syncs took.
#[derive(Debug)]
struct SyncTimes {
    us: Histogram<u64>,
    sum: Duration,
}

/// How long writes and their syncs took since the process began, as a histogram of few buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncBuckets {
    /// How many there were.
    pub count: u64,
    /// All of them together.
    pub sum: Duration,
    /// For each bound that was asked for: how many took no longer. (Within 0.1 %: that is how exactly times
    /// are kept.)
    pub within: Vec<u64>,
}

/// Figures of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalFigures {
    /// The last event that is on disk.
    pub durable_sequence: u64,
    /// The segment that is written now.
    pub segment: u64,
    /// Bytes written, in all segments.
    pub journal_bytes: u64,
    /// Frames written by this process.
    pub frames: u64,
    /// Events in them.
    pub events: u64,
    /// Bytes that they take on disk.
    pub frame_bytes: u64,
    /// Bytes that can be decided now and journaled for certain.
    pub room_bytes: u64,
    /// Median time of a write and its sync.
    pub sync_p50_us: u64,
    /// 99th percentile of the same.
    pub sync_p99_us: u64,
    /// Writes are refused: there is no room for the next segment, and this one is full.
    pub refuses_writes: bool,
}

impl Gauge {
    /// Before the first frame.
    ///
    /// # Panics
    /// Never: the histogram's bounds are constants that it accepts.
    pub fn new(room: JournalRoom) -> Self {
        Self {
            room_bytes: AtomicU64::new(room.bytes),
            segment_room_bytes: AtomicU64::new(room.segment_bytes),
            outstanding_bytes: AtomicU64::new(0),
            no_space: AtomicBool::new(false),
            sealing_stuck: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
            durable_sequence: AtomicU64::new(0),
            segment: AtomicU64::new(0),
            journal_bytes: AtomicU64::new(0),
            frames: AtomicU64::new(0),
            events: AtomicU64::new(0),
            frame_bytes: AtomicU64::new(0),
            sync: Mutex::new(SyncTimes {
                us: Histogram::new_with_max(60_000_000, 3).expect("bounds are right"),
                sum: Duration::ZERO,
            }),
            refusals: Refusals::default(),
        }
    }

    /// Whether events of up to this many bytes can be decided now.
    pub fn has_room(&self, bytes: u64) -> bool {
        // In this order: what is outstanding turns into less room before it stops to be outstanding.
        let outstanding = self.outstanding_bytes.load(Ordering::Acquire);
        outstanding.saturating_add(bytes) <= self.room_bytes.load(Ordering::Acquire)
    }

    /// Bytes of frames that an empty segment has room for: what exceeds this never passes.
    pub fn segment_room_bytes(&self) -> u64 {
        self.segment_room_bytes.load(Ordering::Acquire)
    }

    /// Notes that events were decided.
    pub fn decided(&self, bytes: u64) {
        self.outstanding_bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Notes that decided events are on disk.
    pub fn journaled(&self, bytes: u64, room: JournalRoom) {
        self.room_bytes.store(room.bytes, Ordering::Release);
        self.segment_room_bytes.store(room.segment_bytes, Ordering::Release);
        self.outstanding_bytes.fetch_sub(bytes, Ordering::AcqRel);
    }

    /// Whether events were decided that are not on disk yet.
    pub fn is_anything_outstanding(&self) -> bool {
        self.outstanding_bytes.load(Ordering::Acquire) > 0
    }

    /// Notes whether the next segment failed for lack of space.
    pub fn set_no_space(&self, no_space: bool) {
        self.no_space.store(no_space, Ordering::Release);
    }

    /// Whether writes are refused for lack of space.
    pub fn is_out_of_space(&self) -> bool {
        self.no_space.load(Ordering::Acquire)
    }

    /// Notes whether ids of what is over could not be written; they stay in memory until they can be.
    pub fn set_sealing_stuck(&self, stuck: bool) {
        self.sealing_stuck.store(stuck, Ordering::Release);
    }

    /// Whether ids of what is over could not be written.
    pub fn is_sealing_stuck(&self) -> bool {
        self.sealing_stuck.load(Ordering::Acquire)
    }

    /// Notes whether the partition holds writes back.
    pub fn set_waiting(&self, waiting: bool) {
        self.waiting.store(waiting, Ordering::Release);
    }

    /// Whether the partition holds writes back.
    pub fn is_anyone_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Notes where the journal stands.
    pub fn publish(&self, journal: &JournalStatus) {
        // What is zeroed ahead is not written yet.
        let ahead_bytes = journal.segment_bytes - journal.segment_used_bytes;
        self.durable_sequence.store(journal.durable_through, Ordering::Release);
        self.segment.store(journal.segment, Ordering::Release);
        self.journal_bytes.store(journal.journal_bytes - ahead_bytes, Ordering::Release);
    }

    /// Notes one frame.
    pub fn frame(&self, took: Duration, size: FrameSize) {
        self.frames.fetch_add(1, Ordering::AcqRel);
        self.events.fetch_add(size.events, Ordering::AcqRel);
        self.frame_bytes.fetch_add(size.bytes, Ordering::AcqRel);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut sync = self.sync.lock().unwrap_or_else(PoisonError::into_inner);
        sync.us.saturating_record(us);
        sync.sum += took;
    }

    /// How long writes and their syncs took; how many no longer than each of these bounds, which ascend.
    pub fn sync_buckets(&self, bounds: &[Duration]) -> SyncBuckets {
        let sync = self.sync.lock().unwrap_or_else(PoisonError::into_inner);
        let mut within = vec![0; bounds.len()];
        for recorded in sync.us.iter_recorded() {
            let us = u128::from(sync.us.lowest_equivalent(recorded.value_iterated_to()));
            let first = bounds.partition_point(|bound| bound.as_micros() < us);
            if let Some(bucket) = within.get_mut(first) {
                *bucket += recorded.count_at_value();
            }
        }
        for at in 1..within.len() {
            within[at] += within[at - 1];
        }
        SyncBuckets { count: sync.us.len(), sum: sync.sum, within }
    }

    /// Refusals by reason.
    pub const fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Everything, for a status.
    pub fn figures(&self) -> JournalFigures {
        let outstanding_bytes = self.outstanding_bytes.load(Ordering::Acquire);
        let room_bytes = self.room_bytes.load(Ordering::Acquire);
        let SyncTimes { us: sync_us, .. } =
            &*self.sync.lock().unwrap_or_else(PoisonError::into_inner);
        JournalFigures {
            durable_sequence: self.durable_sequence.load(Ordering::Acquire),
            segment: self.segment.load(Ordering::Acquire),
            journal_bytes: self.journal_bytes.load(Ordering::Acquire),
            frames: self.frames.load(Ordering::Acquire),
            events: self.events.load(Ordering::Acquire),
            frame_bytes: self.frame_bytes.load(Ordering::Acquire),
            room_bytes: room_bytes.saturating_sub(outstanding_bytes),
            sync_p50_us: sync_us.value_at_quantile(0.5),
            sync_p99_us: sync_us.value_at_quantile(0.99),
            refuses_writes: self.is_out_of_space() && !self.has_room(SMALLEST_WRITE_BYTES),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_their_times() {
        let gauge = Gauge::new(JournalRoom { bytes: 10_000, segment_bytes: 20_000 });
        let us = Duration::from_micros;
        for (took, events) in [(100, 1), (101, 2), (4_000, 3), (2_000_000, 4)] {
            gauge.frame(us(took), FrameSize { events, bytes: 4_096 });
        }
        gauge.decided(3_000);
        let figures = gauge.figures();
        assert_eq!((figures.frames, figures.events, figures.frame_bytes), (4, 10, 4 * 4_096));
        assert_eq!(figures.room_bytes, 7_000);
        assert!(gauge.is_anything_outstanding());
        gauge.journaled(3_000, JournalRoom { bytes: 7_000, segment_bytes: 20_000 });
        assert!(!gauge.is_anything_outstanding());
        let bounds = [us(99), us(100), us(1_000), us(4_000), us(1_000_000), us(10_000_000)];
        let expected = SyncBuckets { count: 4, sum: us(2_004_201), within: vec![0, 1, 2, 3, 3, 4] };
        assert_eq!(gauge.sync_buckets(&bounds), expected);
        assert_eq!(gauge.sync_buckets(&[]).within, [0; 0]);
    }
}
