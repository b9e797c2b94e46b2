//! What falls due: the earliest first, a bounded number a step, before anything else is decided.

use std::sync::Arc;

use super::core::{Core, Room};
use super::entry::{Entry, Next};
use crate::admit::{DUE_BYTES, FRAME_BYTES};
use crate::clock::Now;

/// Most that falls due in one step: what comes after it waits no longer than for a large batch.
const STEP_MAX: usize = 8_192;
/// Most in one entry of the journal.
const ENTRY_MAX: u64 = 1_024;

/// How far the last step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DueNow {
    /// Nothing more is due.
    Nothing,
    /// More is due: another step should follow.
    More,
    /// More is due, and the journal has no room for it.
    WaitsForRoom,
}

impl<P> Core<P> {
    /// Lets fall due what is due by now.
    pub(super) fn fall_due(&mut self, now: Now, entries: &mut Vec<Entry<P>>) {
        self.trusted_ns = self.watch.trusted_ns(now, &self.ledger);
        self.ledger.hold_back_due(self.trusted_ns);
        self.due = DueNow::Nothing;
        let limit_bytes = self.frame_bytes_max.min(self.gauge.segment_room_bytes());
        let fits = limit_bytes.saturating_sub(FRAME_BYTES) / DUE_BYTES;
        let most = usize::try_from(fits.clamp(1, ENTRY_MAX)).unwrap_or(1);
        let mut made = 0;
        while self.ledger.next_due_ns().is_some_and(|due_ns| due_ns <= self.trusted_ns) {
            if made >= STEP_MAX {
                self.due = DueNow::More;
                return;
            }
            let bytes = FRAME_BYTES + most as u64 * DUE_BYTES;
            if !self.waiting.is_empty() || !matches!(self.room_for(bytes), Room::Now) {
                self.due = DueNow::WaitsForRoom;
                return;
            }
            let mut events = Vec::new();
            // An event is never earlier than the last one, but can fall due only by a clock that is trusted.
            made += self.ledger.fall_due(most, now.wall_ns, &mut events);
            if events.is_empty() {
                return;
            }
            let mut entry = Entry::new(Arc::new(events), Next::Nothing);
            entry.weight_bytes = bytes;
            self.gauge.decided(bytes);
            entries.push(entry);
        }
    }

    /// Up to when things have fallen due, ns since 1970, as of the last step.
    pub const fn trusted_ns(&self) -> u64 {
        self.trusted_ns
    }

    /// In how many ns the next step should come by itself; `None` if nothing is going to fall due, or if there is
    /// no room for it.
    pub fn due_in_ns(&self) -> Option<u64> {
        match self.due {
            DueNow::More => Some(0),
            DueNow::WaitsForRoom => None,
            DueNow::Nothing => Some(self.ledger.next_due_ns()?.saturating_sub(self.trusted_ns)),
        }
    }

    /// Believes the clock: what it held back falls due with the next step.
    pub(super) fn accept_clock(&mut self) -> bool {
        let was_paused = self.watch.accept();
        if was_paused {
            self.due = DueNow::More;
        }
        was_paused
    }
}
