//! What is known outside of the partition about how far it is: after each sync its figures are published here. The
//! events themselves go to the [`feed`](crate::feed).

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use florin_persistence::{JournalRoom, JournalStatus};
use hdrhistogram::Histogram;

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
    /// The partition holds writes back until there is room.
    waiting: AtomicBool,
    durable_sequence: AtomicU64,
    segment: AtomicU64,
    journal_bytes: AtomicU64,
    frames: AtomicU64,
    sync_us: Mutex<Histogram<u64>>,
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
            waiting: AtomicBool::new(false),
            durable_sequence: AtomicU64::new(0),
            segment: AtomicU64::new(0),
            journal_bytes: AtomicU64::new(0),
            frames: AtomicU64::new(0),
            sync_us: Mutex::new(Histogram::new_with_max(60_000_000, 3).expect("bounds are right")),
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

    /// Notes whether the next segment failed for lack of space.
    pub fn set_no_space(&self, no_space: bool) {
        self.no_space.store(no_space, Ordering::Release);
    }

    /// Whether writes are refused for lack of space.
    pub fn is_out_of_space(&self) -> bool {
        self.no_space.load(Ordering::Acquire)
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
    pub fn frame(&self, took: Duration) {
        self.frames.fetch_add(1, Ordering::AcqRel);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sync_us.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(us);
    }

    /// Everything, for a status.
    pub fn figures(&self) -> JournalFigures {
        let sync_us = self.sync_us.lock().unwrap_or_else(PoisonError::into_inner);
        JournalFigures {
            durable_sequence: self.durable_sequence.load(Ordering::Acquire),
            segment: self.segment.load(Ordering::Acquire),
            journal_bytes: self.journal_bytes.load(Ordering::Acquire),
            frames: self.frames.load(Ordering::Acquire),
            sync_p50_us: sync_us.value_at_quantile(0.5),
            sync_p99_us: sync_us.value_at_quantile(0.99),
            refuses_writes: self.is_out_of_space() && !self.has_room(SMALLEST_WRITE_BYTES),
        }
    }
}
