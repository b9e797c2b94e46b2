//! Figures of what lies beside the journal: snapshots, indexes, ids; and of the start that they made quick.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use florin_engine::Sequence;
use florin_persistence::snapshot::Manifest;
use florin_persistence::{Disk, IdFigures, IdRuns};

use crate::start::StartFigures;

/// How snapshots are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SnapshotFigures {
    /// Whole generations.
    pub kept: u64,
    /// The newest of them.
    pub newest: Option<NewestSnapshot>,
    /// Taken by this process.
    pub taken: u64,
    /// Not taken, because something failed, by this process.
    pub failed: u64,
    /// How long the last one took that this process has taken; zero if none.
    pub last_took: Duration,
}

/// The newest snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestSnapshot {
    /// Its number.
    pub generation: u64,
    /// The event behind which a start that uses it replays.
    pub sequence: Sequence,
    /// When it was taken, ns since 1970.
    pub taken_at_ns: u64,
}

impl From<&Manifest> for NewestSnapshot {
    fn from(manifest: &Manifest) -> Self {
        Self {
            generation: manifest.generation(),
            sequence: manifest.head_sequence(),
            taken_at_ns: manifest.taken_at_ns(),
        }
    }
}

/// What lies beside the journal, as of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BesideFigures {
    /// Snapshots.
    pub snapshots: SnapshotFigures,
    /// Every segment up to the one with this event has its index; 0 = none has.
    pub index_through: Sequence,
    /// Every id of the events up to this one is in a run; 0 = none is.
    pub ids_through: Sequence,
    /// Runs of ids.
    pub id_runs: u64,
    /// Bytes of their filters in memory.
    pub id_filter_bytes: u64,
    /// Bytes of all their filters.
    pub id_filter_bytes_on_disk: u64,
    /// What they were asked.
    pub ids: IdFigures,
    /// The start of this process.
    pub start: StartFigures,
}

impl BesideFigures {
    /// Events that a start would replay if the last one on disk were this.
    pub fn events_to_replay(&self, durable_sequence: Sequence) -> u64 {
        let head = self.snapshots.newest.map_or(0, |newest| newest.sequence);
        durable_sequence.saturating_sub(head.min(self.ids_through))
    }
}

/// Where those who make these things say how far they are.
#[derive(Debug, Default)]
pub struct BesideGauge {
    snapshots: Mutex<SnapshotFigures>,
    index_through: AtomicU64,
}

impl BesideGauge {
    /// Changes the figures of snapshots.
    pub fn snapshots(&self, change: impl FnOnce(&mut SnapshotFigures)) {
        change(&mut self.snapshots.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Sets how far segments have their indexes.
    pub fn indexed(&self, through: Sequence) {
        self.index_through.store(through, Ordering::Relaxed);
    }

    /// All of it.
    pub fn figures<D: Disk>(&self, ids: &IdRuns<D>, start: StartFigures) -> BesideFigures {
        let set = ids.set();
        BesideFigures {
            snapshots: *self.snapshots.lock().unwrap_or_else(PoisonError::into_inner),
            index_through: self.index_through.load(Ordering::Relaxed),
            ids_through: set.through(),
            id_runs: set.runs() as u64,
            id_filter_bytes: set.filter_bytes(),
            id_filter_bytes_on_disk: set.filter_bytes_on_disk(),
            ids: ids.figures(),
            start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_start_would_replay() {
        let newest = |sequence| Some(NewestSnapshot { generation: 1, sequence, taken_at_ns: 0 });
        for (newest, ids_through, durable_sequence, events) in [
            (None, 0, 0, 0),
            (None, 0, 10, 10),
            // Without a snapshot from the first event on, whatever is known of ids.
            (None, 7, 10, 10),
            (newest(8), 0, 10, 10),
            (newest(8), 7, 10, 3),
            (newest(8), 9, 10, 2),
            (newest(8), 9, 8, 0),
            (newest(8), 9, 7, 0),
        ] {
            let figures = BesideFigures {
                snapshots: SnapshotFigures { newest, ..SnapshotFigures::default() },
                index_through: 0,
                ids_through,
                id_runs: 0,
                id_filter_bytes: 0,
                id_filter_bytes_on_disk: 0,
                ids: IdFigures::default(),
                start: StartFigures::default(),
            };
            let replayed = figures.events_to_replay(durable_sequence);
            assert_eq!(replayed, events, "{newest:?} {ids_through} {durable_sequence}");
        }
    }
}
