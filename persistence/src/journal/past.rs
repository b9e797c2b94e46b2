//! The past: what was last at a time, and which event an account stood at, without reading everything since.

use std::ops::{Range, RangeInclusive};

use florin_engine::{Sequence, Slot};

use super::index::Span;
use super::{JournalReader, Walker};
use crate::disk::Disk;
use crate::error::ReadError;
use crate::format::frame::{self, FrameHeader};
use crate::format::record;
use crate::sealed::SealedIndex;

impl<D: Disk> JournalReader<D> {
    /// The last durable event at or before a time, ns since 1970; 0 if there is none.
    ///
    /// A binary search: over the segments, over the frames of one, and over the events between two of them.
    ///
    /// # Errors
    /// [`ReadError::NotThere`] if the time lies before the first event that can be read, and that is not the first that
    /// there ever was. Otherwise as [`read`](Self::read).
    pub fn sequence_at(&self, time_ns: u64) -> Result<Sequence, ReadError> {
        let spans = self.inner.shared.spans();
        let Some(first) = spans.first() else { return Ok(0) };
        let mut walker = self.walker();
        let at = count_before(&spans, |span| Ok(self.begins_at(&mut walker, span)? <= time_ns))?;
        let Some(span) = at.checked_sub(1).map(|at| spans[at]) else {
            return match first.first {
                1 => Ok(0),
                first => Err(ReadError::NotThere {
                    sequence: first - 1,
                    durable_through: self.durable_through(),
                }),
            };
        };
        let (from, to) = self.bounds_at(&mut walker, &span, time_ns)?;
        let after = partition_point(from..to + 1, |sequence| {
            Ok(walker.read(sequence)?.timestamp_ns <= time_ns)
        })?;
        Ok(after - 1)
    }

    /// The last event of an account at or before the event `at`; `None` if it had none yet. `from` is its last
    /// event, or any that is known; 0 if it has none.
    ///
    /// Where segments have their [index](Self::add_sealed), that takes a page or two for an account that was busy around
    /// `at`, and for any other few more: their number grows with the logarithm of what lies in between. Where they have
    /// not, it takes a walk along the account's events, or over all events, whichever ends first.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`ReadError::Damaged`] too if `from` is an event that did not change the account.
    pub fn last_of(
        &self,
        slot: Slot,
        from: Sequence,
        at: Sequence,
    ) -> Result<Option<Sequence>, ReadError> {
        if from <= at || at == 0 {
            return Ok((from <= at && from > 0).then_some(from));
        }
        Search { reader: self, spans: self.inner.shared.spans(), slot, at }.run(from)
    }

    /// Events of an account in a range, newest first: at most `limit`, fewer only where there are no more. `from` is as
    /// in [`last_of`](Self::last_of); the last event of a page is a good one for the next, whose range ends before it.
    ///
    /// # Errors
    /// As [`last_of`](Self::last_of).
    pub fn events_of(
        &self,
        slot: Slot,
        from: Sequence,
        range: RangeInclusive<Sequence>,
        limit: usize,
    ) -> Result<Vec<Sequence>, ReadError> {
        let mut found = Vec::new();
        if range.is_empty() || limit == 0 {
            return Ok(found);
        }
        let mut next = self.last_of(slot, from, *range.end())?;
        let mut walker = self.walker();
        while let Some(newest) = next.filter(|newest| range.contains(newest) && *newest > 0) {
            let here = *range.start()..=newest;
            let listed = self.inner.segment_of(newest).and_then(|segment| {
                let left = limit - found.len();
                self.inner.by_index(segment, |list| list.entries_between(slot, here, left))
            });
            let events = listed.unwrap_or_else(|| vec![newest]);
            let (Some(oldest), true) = (events.last().copied(), events.first() == Some(&newest))
            else {
                return Err(self.not_of_account(slot, newest));
            };
            found.extend(events);
            if found.len() == limit {
                break;
            }
            next = Some(self.previous(&mut walker, slot, oldest)?);
        }
        Ok(found)
    }

    /// When the first event of a segment happened.
    fn begins_at(&self, walker: &mut Walker<D>, span: &Span) -> Result<u64, ReadError> {
        match self.inner.by_index(span.number, |index| Ok(index.first_timestamp_ns())) {
            Some(time_ns) => Ok(time_ns),
            None => Ok(walker.read(span.first)?.timestamp_ns),
        }
    }

    /// Events of a segment between which, or at one of which, the last one at a time is.
    fn bounds_at(
        &self,
        walker: &mut Walker<D>,
        span: &Span,
        time_ns: u64,
    ) -> Result<(Sequence, Sequence), ReadError> {
        let bounds = self.inner.by_index(span.number, |index| index.around_time(time_ns));
        if let Some(Some((from, to))) = bounds {
            return Ok((from, to.map_or(span.last, |to| to - 1)));
        }
        // Headers of frames that nobody has checked say where it should be; events that are checked say whether it is.
        let frames = self.inner.shared.frames_of(span.number);
        let after = count_before(&frames, |frame| {
            let time = self.claimed_time(span.number, frame.offset)?;
            Ok(time.is_some_and(|time| time <= time_ns))
        })?;
        let from = after.checked_sub(1).map_or(span.first, |at| frames[at].first_sequence);
        let to = frames.get(after).map_or(span.last, |next| next.first_sequence - 1);
        let (from, to) = (from.max(span.first), to.min(span.last));
        let fits = from <= to
            && (to == span.last || walker.read(to + 1)?.timestamp_ns > time_ns)
            && walker.read(from)?.timestamp_ns <= time_ns;
        Ok(if fits { (from, to) } else { (span.first, span.last) })
    }

    /// When the first event of a frame happened, by a header that nobody has checked.
    fn claimed_time(&self, segment: u64, offset: u64) -> Result<Option<u64>, ReadError> {
        let mut head = [0; frame::HEADER_BYTES];
        self.inner.read_at(segment, &mut head, offset)?;
        Ok(FrameHeader::parse(&head).map(|header| header.timestamp_ns))
    }

    /// The event before this one that changed the account; 0 if there was none.
    fn previous(
        &self,
        walker: &mut Walker<D>,
        slot: Slot,
        sequence: Sequence,
    ) -> Result<Sequence, ReadError> {
        let legs = walker.read(sequence)?.legs();
        let own = legs.into_iter().flatten().find(|leg| leg.slot == slot);
        // Whatever it says, nothing is followed but back.
        let previous = own.map(|leg| leg.previous_sequence).filter(|before| *before < sequence);
        previous.ok_or_else(|| self.not_of_account(slot, sequence))
    }

    fn not_of_account(&self, slot: Slot, sequence: Sequence) -> ReadError {
        match self.inner.locate(sequence) {
            Ok(located) => self
                .inner
                .damaged(located.place, format!("event {sequence} did not change account {slot}")),
            Err(error) => error,
        }
    }
}

/// Looks for the last event of an account at or before `at`.
///
/// It is in the list of `at`'s segment, or the account's first event behind `at` there names it as the one before. Otherwise
/// the account was not in that segment, and it is looked for from three sides at once, a page each in turn: down the
/// lists of older segments, of which the first that has the account has it; and up, by halving what lies between `at`
/// and an event of the account that is known to come later. A list in the middle that has the account brings that event
/// down to there; when there is no middle any more, the event that the first one in its segment names as the one before
/// is the next that is known, or the answer. So a busy account is found in a handful of steps, and one with a handful of
/// events in about as many, whatever lies between.
struct Search<'a, D: Disk> {
    reader: &'a JournalReader<D>,
    spans: Vec<Span>,
    slot: Slot,
    at: Sequence,
}

impl<D: Disk> Search<'_, D> {
    fn run(&self, from: Sequence) -> Result<Option<Sequence>, ReadError> {
        let Self { reader, slot, at, .. } = *self;
        let mut walker = reader.walker();
        // Of what lies before the first segment nothing is known but what the chain says.
        let here = self.span_of(at);
        let mut older = None;
        let around = here.and_then(|here| self.by_list(here, |list| list.around(slot, at)));
        if let Some(around) = around {
            match (around.before, around.after) {
                (Some(before), _) => return Ok(Some(before)),
                (None, Some(after)) => {
                    let previous = reader.previous(&mut walker, slot, after)?;
                    return Ok(some(previous));
                }
                (None, None) => older = here.and_then(|here| here.checked_sub(1)),
            }
        }
        let floor = here.unwrap_or(0);
        let mut known = from;
        let mut low = floor;
        loop {
            if let Some(segment) = older {
                match self.by_list(segment, |list| list.last_at_or_before(slot, at)) {
                    Some(Some(last)) => return Ok(Some(last)),
                    Some(None) => older = segment.checked_sub(1),
                    None => older = None,
                }
            }
            let high = self.span_of(known).unwrap_or(0);
            if high > low + 1 {
                let middle = low.midpoint(high);
                let before = self.spans[middle].first - 1;
                match self.by_list(middle, |list| list.first_after(slot, before)) {
                    Some(Some(first)) => known = first,
                    _ => low = middle,
                }
                continue;
            }
            known = self.first_behind(&mut walker, known)?;
            let previous = reader.previous(&mut walker, slot, known)?;
            if previous <= at {
                return Ok(some(previous));
            }
            known = previous;
            low = floor;
        }
    }

    /// The segment of an event; `None` if it lies before the first.
    fn span_of(&self, sequence: Sequence) -> Option<usize> {
        self.spans.partition_point(|span| span.first <= sequence).checked_sub(1)
    }

    /// Asks the list of a segment, if it has one.
    fn by_list<T>(
        &self,
        segment: usize,
        ask: impl FnOnce(&SealedIndex<D>) -> Result<T, ReadError>,
    ) -> Option<T> {
        self.reader.inner.by_index(self.spans[segment].number, ask)
    }

    /// The account's first event behind `at` in the segment of one that is known.
    fn first_behind(&self, walker: &mut Walker<D>, known: Sequence) -> Result<Sequence, ReadError> {
        let Some(segment) = self.span_of(known) else { return Ok(known) };
        let after = self.at.max(self.spans[segment].first - 1);
        match self.by_list(segment, |list| list.first_after(self.slot, after)) {
            Some(first) => {
                let first = first.filter(|first| *first <= known);
                first.ok_or_else(|| self.reader.not_of_account(self.slot, known))
            }
            None => self.first_by_reading(walker, after, known),
        }
    }

    /// The same without a list: on from the place, a frame at a time, which soon meets a busy account, and in turn back
    /// along the chain, which has few events of any other.
    fn first_by_reading(
        &self,
        walker: &mut Walker<D>,
        after: Sequence,
        mut known: Sequence,
    ) -> Result<Sequence, ReadError> {
        let reader = self.reader;
        let mut frame = reader.frame(after + 1)?;
        loop {
            let first = frame.header.first_sequence;
            let candidates = (first..).zip(frame.records()).filter(|(sequence, raw)| {
                *sequence > after && record::slots(raw).contains(&self.slot)
            });
            for (sequence, _) in candidates {
                let legs = reader.event(&frame, sequence)?.legs();
                if legs.into_iter().flatten().any(|leg| leg.slot == self.slot) {
                    return Ok(sequence);
                }
            }
            loop {
                let previous = reader.previous(walker, self.slot, known)?;
                if previous <= after {
                    return Ok(known);
                }
                known = previous;
                if !walker.holds(known) {
                    break;
                }
            }
            frame = reader.frame_after(&frame)?;
        }
    }
}

const fn some(sequence: Sequence) -> Option<Sequence> {
    if sequence == 0 { None } else { Some(sequence) }
}

/// The first number of a range of which something is not true that is true of all before it.
fn partition_point(
    range: Range<u64>,
    mut is_before: impl FnMut(u64) -> Result<bool, ReadError>,
) -> Result<u64, ReadError> {
    let Range { start: mut from, end: mut to } = range;
    while from < to {
        let middle = from.midpoint(to);
        if is_before(middle)? {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    Ok(from)
}

/// The same for a slice: how many of its items come before the others.
fn count_before<T>(
    items: &[T],
    mut is_before: impl FnMut(&T) -> Result<bool, ReadError>,
) -> Result<usize, ReadError> {
    let place = |at| usize::try_from(at).unwrap_or(usize::MAX);
    partition_point(0..items.len() as u64, |at| is_before(&items[place(at)])).map(place)
}
