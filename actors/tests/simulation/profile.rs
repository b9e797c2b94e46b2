//! What is particular about a run: drawn from its seed, so that runs differ in more than in their order.

use florin_persistence::SEGMENT_BYTES_MIN;

use crate::rng::Rng;
use crate::world::COMMANDS_MIN;

/// A segment in which the largest batch fits.
const LARGE_SEGMENT_BYTES: u64 = 4 << 20;

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Send,
    Partition,
    Journal,
    Reader,
    Spare,
    Due,
    Subscriber,
    Seal,
    Snapshot,
    Archive,
}

/// How ids are kept.
#[derive(Debug, Clone, Copy)]
pub struct IdProfile {
    /// Ids that are forgotten together.
    pub generation: usize,
    pub filter_bytes: u64,
    pub shard_entries: u32,
}

/// What is particular about a run.
#[derive(Debug, Clone)]
pub struct Profile {
    pub segment_bytes: u64,
    /// Requests that it sends, at least.
    pub commands: u64,
    pub in_flight_max: usize,
    /// How often each of the threads gets to run.
    pub weights: [(u64, Action); 10],
    pub ids: IdProfile,
    /// Sealed segments that stay here; `None`: all of them.
    pub keep_segments: Option<usize>,
    /// Whether segments are read where they are archived, or fetched as a whole.
    pub is_store_near: bool,
    pub backup_per_10_000: u64,
    /// In the midst of a run; there is another at its end, mostly.
    pub restore_per_10_000: u64,
    pub fault_per_10_000: u64,
    pub lost_answer_percent: u64,
}

impl Profile {
    pub fn draw(rng: &mut Rng) -> Self {
        let is_large = rng.below(24) == 0;
        Self {
            segment_bytes: if is_large { LARGE_SEGMENT_BYTES } else { SEGMENT_BYTES_MIN },
            commands: rng.between(COMMANDS_MIN, COMMANDS_MIN * 5 / 4),
            in_flight_max: rng.index(44) + 2,
            weights: [
                (rng.between(10, 40), Action::Send),
                (rng.between(5, 40), Action::Partition),
                (rng.between(3, 30), Action::Journal),
                (rng.between(3, 30), Action::Reader),
                (rng.between(1, 20), Action::Spare),
                (rng.between(1, 20), Action::Due),
                (rng.between(1, 10), Action::Subscriber),
                (rng.between(1, 20), Action::Seal),
                (rng.between(1, 4), Action::Snapshot),
                (rng.between(1, 4), Action::Archive),
            ],
            ids: IdProfile {
                generation: rng.index(120) + 8,
                // None, some of them, all.
                filter_bytes: [0, 2_000, 1 << 20][rng.index(3)],
                shard_entries: u32::try_from(rng.between(16, 400)).expect("small"),
            },
            keep_segments: if rng.percent(80) { Some(rng.index(4)) } else { None },
            is_store_near: rng.percent(50),
            backup_per_10_000: rng.between(6, 30),
            restore_per_10_000: rng.below(10),
            fault_per_10_000: rng.between(30, 120),
            lost_answer_percent: rng.below(4),
        }
    }
}
