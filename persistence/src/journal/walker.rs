//! Reads along the journal: forwards as fast as it can, or backwards from event to event.

use florin_engine::{Event, Sequence};

use super::JournalReader;
use super::checked::Checked;
use crate::disk::Disk;
use crate::error::ReadError;

/// So many single events of one frame cost as much as all of a large frame.
const SINGLES_MAX: u32 = 32;

/// Reads events one after the other and keeps the frame that it read last, so that no frame is read and checked again
/// for its next event. Each reader has one of its own: nothing is shared, and nobody waits for anybody.
///
/// It holds at most one frame in memory; see [`forget`](Self::forget).
pub struct Walker<D: Disk> {
    reader: JournalReader<D>,
    frame: Option<Checked>,
    singles: Singles,
}

/// How many events were read from one frame without the others.
#[derive(Default)]
struct Singles {
    /// First sequence of the frame.
    frame: Sequence,
    count: u32,
}

impl Singles {
    /// Whether one more event of a frame should be read without the others.
    fn are_worth_it(&mut self, frame: Sequence) -> bool {
        let count = if self.frame == frame { self.count + 1 } else { 1 };
        *self = Self { frame, count };
        count <= SINGLES_MAX
    }
}

impl<D: Disk> Walker<D> {
    pub(super) fn new(reader: JournalReader<D>) -> Self {
        Self { reader, frame: None, singles: Singles::default() }
    }

    /// Reads one event. Where frames have to be read as a whole, only the first of neighbours costs a look at the disk;
    /// elsewhere each of the first few of a frame does, and then none.
    ///
    /// # Errors
    /// As [`JournalReader::read`].
    pub fn read(&mut self, sequence: Sequence) -> Result<Event, ReadError> {
        let follows = |frame: &Checked| frame.header.last_sequence() + 1 == sequence;
        if self.holds(sequence) || self.frame.as_ref().is_some_and(follows) {
            return self.read_in_frame(sequence);
        }
        let Self { reader, frame, singles } = self;
        let located = reader.inner.locate(sequence)?;
        if singles.are_worth_it(located.header.first_sequence)
            && let Some(event) = reader.inner.single(&located, sequence)?
        {
            return Ok(event);
        }
        *frame = None; // there is never more than one in memory
        reader.event(frame.insert(reader.inner.load(located)?), sequence)
    }

    /// Whether an event is in the frame that is kept.
    pub(super) fn holds(&self, sequence: Sequence) -> bool {
        self.frame.as_ref().is_some_and(|frame| frame.holds(sequence))
    }

    /// Reads an event and keeps its frame.
    fn read_in_frame(&mut self, sequence: Sequence) -> Result<Event, ReadError> {
        let Self { reader, frame, .. } = self;
        let kept = match frame.take() {
            Some(kept) if kept.holds(sequence) => kept,
            Some(kept) if kept.header.last_sequence() + 1 == sequence => {
                reader.frame_after(&kept)?
            }
            _ => reader.frame(sequence)?,
        };
        reader.event(frame.insert(kept), sequence)
    }

    /// Reads consecutive events from one on: at most `limit`, and only what is durable. Nothing if the first of them
    /// is not durable yet.
    ///
    /// # Errors
    /// As [`JournalReader::read`], if not even the first event can be read. A fault further on ends the events before
    /// it, and is the error of the next call.
    pub fn read_from(&mut self, first: Sequence, limit: usize) -> Result<Vec<Event>, ReadError> {
        let durable_through = self.reader.durable_through();
        let there = durable_through.saturating_sub(first.saturating_sub(1));
        let wanted = usize::try_from(there).unwrap_or(usize::MAX).min(limit);
        let mut events = Vec::with_capacity(wanted);
        for sequence in (first..).take(wanted) {
            match self.read_in_frame(sequence) {
                Ok(event) => events.push(event),
                Err(error) if events.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(events)
    }

    /// Gives this one away, to read on another thread; a new one stands in for it.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let other = Self::new(self.reader.clone());
        std::mem::replace(self, other)
    }

    /// As [`JournalReader::archived_through`].
    pub fn archived_through(&self) -> Sequence {
        self.reader.archived_through()
    }

    /// Gives back the memory of the frame that was read last. The next read costs a little more.
    pub fn forget(&mut self) {
        self.frame = None;
    }
}
