//! The last frames, for those who are close behind.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use florin_engine::{Event, Sequence};

use crate::partition::Entry;

/// Most events in the ring: at a million a second, some 60 ms.
const EVENTS_MAX: usize = 65_536;
/// Most bytes of memory that they take.
const BYTES_MAX: usize = 32 << 20;

/// A frame that is durable, in the pieces in which it was decided.
#[derive(Debug)]
pub struct RecentFrame {
    parts: Vec<(Arc<Vec<Event>>, Range<usize>)>,
    first: Sequence,
    events: usize,
    bytes: usize,
}

impl RecentFrame {
    /// `journal_bytes` is what it takes on disk: not less than what its events have beside themselves in memory.
    pub(super) fn new<P>(frame: &[Entry<P>], journal_bytes: u64) -> Self {
        let with_events = frame.iter().filter(|entry| !entry.range.is_empty());
        let parts: Vec<_> =
            with_events.map(|entry| (Arc::clone(&entry.events), entry.range.clone())).collect();
        let events = parts.iter().map(|(_, range)| range.len()).sum();
        let first = parts.first().map_or(0, |(events, range)| events[range.start].sequence);
        let bytes = events * size_of::<Event>() + usize::try_from(journal_bytes).unwrap_or(0);
        Self { parts, first, events, bytes }
    }

    /// Its last event.
    pub fn last(&self) -> Sequence {
        self.first + self.events as u64 - 1
    }

    /// Its events from one on.
    pub fn events_from(&self, sequence: Sequence) -> impl Iterator<Item = &Event> {
        let sequence = sequence.max(self.first);
        let begins_by = |(events, range): &(Arc<Vec<Event>>, Range<usize>)| {
            events[range.start].sequence <= sequence
        };
        let part = self.parts.partition_point(begins_by).saturating_sub(1);
        let parts = self.parts[part..].iter();
        parts
            .flat_map(|(events, range)| &events[range.clone()])
            .skip_while(move |event| event.sequence < sequence)
    }
}

/// The last frames.
#[derive(Debug, Default)]
pub(super) struct Recent {
    frames: VecDeque<Arc<RecentFrame>>,
    events: usize,
    bytes: usize,
}

impl Recent {
    /// Takes up a frame, and gives back those that are too much. One that does not follow the last is a new beginning.
    pub(super) fn push(&mut self, frame: RecentFrame) -> Vec<Arc<RecentFrame>> {
        let mut gone = Vec::new();
        if frame.events == 0 {
            return gone;
        }
        if self.frames.back().is_some_and(|last| last.last() + 1 != frame.first) {
            gone.extend(self.frames.drain(..));
            (self.events, self.bytes) = (0, 0);
        }
        self.events += frame.events;
        self.bytes += frame.bytes;
        self.frames.push_back(Arc::new(frame));
        while self.frames.len() > 1 && (self.events > EVENTS_MAX || self.bytes > BYTES_MAX) {
            let Some(first) = self.frames.pop_front() else { break };
            self.events -= first.events;
            self.bytes -= first.bytes;
            gone.push(first);
        }
        gone
    }

    /// The frame with this event.
    pub(super) fn find(&self, sequence: Sequence) -> Option<Arc<RecentFrame>> {
        let at = self.frames.partition_point(|frame| frame.last() < sequence);
        self.frames.get(at).filter(|frame| frame.first <= sequence).map(Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use florin_engine::Body;

    use super::*;
    use crate::partition::Next;

    /// A frame of these many events in parts of `part`, cut out of larger submissions.
    fn frame(first: Sequence, events: u64, part: usize, journal_bytes: u64) -> RecentFrame {
        let event = |sequence| Event {
            sequence,
            timestamp_ns: sequence,
            body: Body::DigestTaken { digest: [0; 32], with_ids: false },
        };
        let all: Arc<Vec<Event>> = Arc::new((first - 1..=first + events).map(event).collect());
        let starts = (1..=usize::try_from(events).expect("few")).step_by(part);
        let end = all.len() - 1;
        let entries = starts.map(|from| Entry {
            events: Arc::clone(&all),
            range: from..(from + part).min(end),
            weight_bytes: 0,
            next: Next::<()>::Nothing,
        });
        let nothing = Entry { range: 0..0, ..entries.clone().next().expect("one") };
        let entries: Vec<_> = [nothing].into_iter().chain(entries).collect();
        RecentFrame::new(&entries, journal_bytes)
    }

    #[test]
    fn events_of_a_frame() {
        for part in [1, 3, 10, 100] {
            let frame = frame(11, 10, part, 0);
            assert_eq!((frame.first, frame.last()), (11, 20));
            for from in [1, 11, 12, 14, 20] {
                let sequences: Vec<u64> =
                    frame.events_from(from).map(|event| event.sequence).collect();
                assert_eq!(sequences, (from.max(11)..=20).collect::<Vec<_>>(), "{part} {from}");
            }
            assert_eq!(frame.events_from(21).count(), 0);
        }
    }

    #[test]
    fn bounded_by_count_and_bytes_and_never_with_gaps() {
        let event_bytes = size_of::<Event>() as u64;
        for (frames, events, journal_bytes, kept) in [
            (10, 1_000, 0, 10),
            (100, 1_000, 0, 65),
            (10, 100_000, 0, 1),
            (10, 1, (8 << 20) - event_bytes, 4),
            (10, 1, 1 << 30, 1),
        ] {
            let mut recent = Recent::default();
            let mut gone = 0;
            for number in 0..frames {
                let frame = frame(1 + number * events, events, usize::MAX / 2, journal_bytes);
                gone += recent.push(frame).len() as u64;
            }
            assert_eq!(frames - gone, kept, "{frames} of {events}");
            let last = frames * events;
            let first = last - kept * events + 1;
            for (sequence, there) in
                [(first - 1, false), (first, true), (last, true), (last + 1, false)]
            {
                assert_eq!(recent.find(sequence).is_some(), there, "{sequence} of {first}..{last}");
            }
        }
        let mut recent = Recent::default();
        recent.push(frame(1, 5, 1, 0));
        assert_eq!(recent.push(frame(11, 5, 1, 0)).len(), 1, "between them something is missing");
        assert!(recent.find(5).is_none() && recent.find(11).is_some());
    }
}
