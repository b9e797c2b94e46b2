//! The past: which event was the last at a moment.

use florin_engine::{Sequence, Slot};

use super::JournalReader;
use crate::disk::Disk;
use crate::error::ReadError;

impl<D: Disk> JournalReader<D> {
    /// The last durable event at or before a time, ns since 1970; 0 if there was none.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn sequence_at(&self, time_ns: u64) -> Result<Sequence, ReadError> {
        // Times only ever rise from event to event: halve what is left until nothing is.
        let mut before = self.first_sequence() - 1;
        let mut after = self.durable_through() + 1;
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.read(middle)?.timestamp_ns <= time_ns {
                before = middle;
            } else {
                after = middle;
            }
        }
        Ok(before)
    }

    /// The last event at or before `at` that opened or changed an account. `from` is such an event of the account that
    /// is as late as `at` or later, or its last; `None` if the account was not open yet.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn last_of(
        &self,
        slot: Slot,
        from: Sequence,
        at: Sequence,
    ) -> Result<Option<Sequence>, ReadError> {
        let mut walker = self.walker();
        let mut sequence = from;
        while sequence > at {
            let legs = walker.read(sequence)?.legs();
            let own = legs.into_iter().flatten().find(|leg| leg.slot == slot);
            sequence = own.map_or(0, |leg| leg.previous_sequence);
        }
        Ok((sequence != 0).then_some(sequence))
    }
}
