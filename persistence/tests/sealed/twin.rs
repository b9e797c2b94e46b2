//! Whatever is looked up, with indexes of all segments, of some and of none, is what a scan of all events finds.

use std::sync::Arc;

use florin_persistence::{ReadError, SealError, SealedIndex, SimDisk};

use crate::book::{Book, build, folder};
use crate::common::bytes::pieces;
use crate::common::{SEGMENT_BYTES, dir, reopen, segment};

/// Frames of one event and of some: many to a segment.
const SMALL: [u64; 12] = [1, 5, 1, 1, 30, 2, 1, 60, 3, 1, 1, 12];
/// Frames of which single events are read.
const LARGE: [u64; 7] = [900, 1, 400, 20, 1_100, 1, 2_000];

fn small(seed: u64) -> Book {
    Book::write(seed, SEGMENT_BYTES, 3, &SMALL.repeat(2))
}

fn large(seed: u64) -> Book {
    Book::write(seed, 2 * 1024 * 1024, 3, &LARGE)
}

#[test]
fn what_an_index_says() {
    for book in [small(1), small(2), large(3)] {
        let mut next = 1;
        let mut hash = [0; 32];
        let built = book.build();
        assert!(built.len() > 3, "{} segments", built.len());
        for (index, seen) in &built {
            let bytes = book.disk.contents(&segment(index.segment())).unwrap();
            let frames: Vec<_> =
                pieces(&bytes).into_iter().filter(|piece| !piece.is_footer).collect();
            let end = frames.last().map_or(4_096, |frame| frame.file.end as u64);
            assert_eq!(index.end_offset(), end, "segment {}", index.segment());
            assert_eq!(index.first_sequence(), next);
            assert_eq!(index.previous_hash(), hash);
            assert_eq!(index.events(), seen.len() as u64);
            assert_eq!(index.lineage(), book.journal.recovery.lineage);
            let first = usize::try_from(next - 1).unwrap();
            assert!(seen[..] == book.events[first..first + seen.len()], "every event, in order");
            next += seen.len() as u64;
            hash = index.last_hash();
            assert_eq!(index.last_sequence() + 1, next);
            let time = |event: Option<&florin_engine::Event>| event.map_or(0, |e| e.timestamp_ns);
            assert_eq!(index.first_timestamp_ns(), time(seen.first()));
            assert_eq!(index.last_timestamp_ns(), time(seen.last()));

            let loaded = SealedIndex::load(&book.disk, &folder(), index.segment());
            let loaded = loaded.unwrap().expect("it was built");
            assert_eq!(format!("{loaded:?}"), format!("{index:?}"));
        }
        assert!(built.iter().any(|(index, _)| index.epoch() > 1), "of several openings");
        assert!(built.iter().any(|(_, seen)| seen.len() > 20));
    }
}

#[test]
fn lists() {
    let book = small(4);
    let mut found = 0;
    for (index, _) in book.build() {
        let (first, last) = (index.first_sequence(), index.last_sequence());
        for slot in book.slots() {
            let own = book.of(slot, first..=last);
            for sequence in (first.saturating_sub(3)..=last + 3).step_by(3) {
                let before = own.iter().copied().find(|event| *event <= sequence);
                let after = own.iter().copied().rev().find(|event| *event > sequence);
                assert_eq!(index.last_at_or_before(slot, sequence).unwrap(), before);
                assert_eq!(index.first_after(slot, sequence).unwrap(), after);
                for (range, limit) in [(sequence..=last + 1, 1_000), (0..=sequence, 4)] {
                    let mut expected = own.clone();
                    expected.retain(|event| range.contains(event));
                    expected.truncate(limit);
                    assert_eq!(index.entries_between(slot, range, limit).unwrap(), expected);
                    found += expected.len();
                }
            }
        }
        for slot in [1_000, u32::MAX - 1, u32::MAX] {
            assert_eq!(index.last_at_or_before(slot, last).unwrap(), None);
            assert_eq!(index.first_after(slot, 0).unwrap(), None);
            assert!(index.entries_between(slot, 0..=u64::MAX, 9).unwrap().is_empty());
        }
    }
    assert!(found > 1_000);
}

/// Lists of several pages.
#[test]
fn long_lists() {
    let book = large(5);
    for (index, _) in book.build().into_iter().take(3) {
        let (first, last) = (index.first_sequence(), index.last_sequence());
        for slot in book.slots().step_by(7).chain([0, 1]) {
            let own = book.of(slot, first..=last);
            assert_eq!(index.entries_between(slot, first..=last, usize::MAX).unwrap(), own);
            for sequence in (first..=last).step_by(101) {
                let before = own.iter().copied().find(|event| *event <= sequence);
                let after = own.iter().copied().rev().find(|event| *event > sequence);
                assert_eq!(index.last_at_or_before(slot, sequence).unwrap(), before);
                assert_eq!(index.first_after(slot, sequence).unwrap(), after);
            }
        }
    }
}

/// Which segments have their index.
type Wanted = fn(u64) -> bool;
const WANTED: [(&str, Wanted); 5] = [
    ("none", |_| false),
    ("all", |_| true),
    ("every other", |number| number % 2 == 0),
    ("the first", |number| number < 4),
    ("all but some", |number| number % 5 != 3),
];

fn books(seeds: std::ops::Range<u64>) -> impl Iterator<Item = (String, Book)> {
    seeds.flat_map(|seed| WANTED.map(|(name, wanted)| (seed, name, wanted))).map(
        |(seed, name, wanted)| {
            let book = if seed % 2 == 0 { small(seed) } else { large(seed) };
            book.add(wanted);
            (format!("seed {seed}, index of {name}"), book)
        },
    )
}

#[test]
fn the_past_of_accounts() {
    for (what, mut book) in books(10..12) {
        let end = book.events.len() as u64;
        for _ in 0..200 {
            let slot =
                u32::try_from(book.history.below(u64::from(*book.slots().end()) + 1)).unwrap();
            let slot = if book.history.below(3) == 0 { slot % 3 } else { slot };
            let at = book.history.below(end + 2);
            let own = book.of(slot, 1..=end);
            let newest = own.first().copied().unwrap_or(0);
            let expected = own.iter().copied().find(|event| *event <= at);
            let found = book.reader().last_of(slot, newest, at).unwrap();
            assert_eq!(found, expected, "{what}: account {slot} at {at} from {newest}");
            // Any later event will do to begin with.
            if let Some(known) = own.iter().rev().find(|event| **event > at) {
                let found = book.reader().last_of(slot, *known, at).unwrap();
                assert_eq!(found, expected, "{what}: account {slot} at {at} from {known}");
            }

            let from = book.history.below(at + 1);
            let expected: Vec<_> =
                own.iter().copied().filter(|event| (from..=at).contains(event)).collect();
            let (mut pages, mut known, mut to) = (Vec::new(), newest, at);
            loop {
                let page = book.reader().events_of(slot, known, from..=to, 7).unwrap();
                assert!(page.len() <= 7);
                pages.extend_from_slice(&page);
                let Some(last) = page.last().filter(|_| page.len() == 7) else { break };
                (known, to) = (*last, last - 1);
            }
            assert_eq!(pages, expected, "{what}: account {slot} from {from} to {at}");
        }
        assert!(book.reader().take_damaged().is_empty());
    }
}

#[test]
fn the_past_by_time() {
    for (what, book) in books(20..22) {
        let reader = book.reader();
        assert_eq!(reader.sequence_at(0).unwrap(), 0, "{what}");
        assert_eq!(reader.sequence_at(u64::MAX).unwrap(), book.events.len() as u64, "{what}");
        for event in book.events.iter().step_by(37).chain(&book.events[..30]) {
            let time = event.timestamp_ns;
            for time in [time - 1_000, time - 1, time, time + 1, time + 40] {
                assert_eq!(reader.sequence_at(time).unwrap(), book.at(time), "{what}: {time}");
            }
        }
        assert!(reader.take_damaged().is_empty());
    }
}

#[test]
fn an_empty_journal_has_no_past() {
    let journal = reopen(&SimDisk::new(1), 1).unwrap();
    assert_eq!(journal.reader.sequence_at(u64::MAX).unwrap(), 0);
    assert_eq!(journal.reader.last_of(0, 0, 5).unwrap(), None);
    assert!(journal.reader.events_of(0, 0, 0..=5, 10).unwrap().is_empty());
}

#[test]
fn single_events() {
    for (what, book) in books(30..32) {
        let reader = book.reader();
        let mut walker = reader.walker();
        for step in [3, 97] {
            for event in book.events.iter().rev().step_by(step) {
                assert_eq!(reader.read(event.sequence).unwrap(), *event, "{what}");
                assert_eq!(walker.read(event.sequence).unwrap(), *event, "{what}");
            }
        }
        let sequences: Vec<_> = (1..=book.events.len() as u64).rev().step_by(53).collect();
        let read = reader.read_many(&sequences).unwrap();
        assert!(read.iter().zip(&sequences).all(|(event, at)| event == book.event(*at)), "{what}");
        let mut walker = reader.walker();
        let mut next = 1;
        while next <= book.events.len() as u64 {
            let read = walker.read_from(next, 500).unwrap();
            assert!(read.iter().all(|event| event == book.event(event.sequence)), "{what}");
            next += read.len() as u64;
        }
        assert!(reader.take_damaged().is_empty());
    }
}

#[test]
fn an_index_of_something_else_is_not_taken() {
    let book = small(6);
    let other = Book::write(7, SEGMENT_BYTES, 2, &SMALL);
    let of_other = other.build().remove(0).0;
    let error = book.reader().add_sealed(Arc::new(of_other)).unwrap_err();
    assert!(matches!(error, ReadError::Damaged { .. }), "{error}");
    let last = *book.sealed().last().unwrap();
    assert!(last > 3);
    // The same history, cut elsewhere.
    let cut = Book::write(6, 2 * SEGMENT_BYTES, 3, &SMALL.repeat(2));
    let (longer, _) = cut.build().remove(0);
    assert_eq!(longer.lineage(), book.journal.recovery.lineage, "of the same entropy");
    let error = book.reader().add_sealed(Arc::new(longer)).unwrap_err();
    assert!(error.to_string().contains("not the index of this segment"), "{error}");
}

#[test]
fn what_is_written_to_has_no_index() {
    let mut book = small(8);
    let open = book.journal.writer.status().segment;
    let error = build(&book.disk, open, &[], &mut |_| {}).unwrap_err();
    assert!(matches!(error, SealError::Unfinished { .. }), "{error}");
    assert!(SealedIndex::load(&book.disk, &folder(), open).unwrap().is_none());
    let error = build(&book.disk, open + 7, &[], &mut |_| {}).unwrap_err();
    assert!(matches!(error, SealError::Segment(_)), "{error}");
    // Once the next segment is in use it may have one; its totals are those of its footer.
    while book.journal.writer.status().segment == open {
        book.append(50);
    }
    let error = build(&book.disk, open, &[], &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("totals"), "the totals before were left out: {error}");
    assert_eq!(book.build().last().unwrap().0.segment(), open);
}

#[test]
fn a_segment_whose_footer_is_broken_is_read_to_its_end() {
    let book = small(9);
    let whole = book.build();
    for (index, seen) in &whole {
        let bytes = book.disk.contents(&segment(index.segment())).unwrap();
        let Some(footer) = pieces(&bytes).into_iter().find(|piece| piece.is_footer) else {
            continue;
        };
        book.disk.flip_bit(&segment(index.segment()), footer.file.start + 60, 0).unwrap();
        let before = whole.iter().position(|(i, _)| i.segment() == index.segment()).unwrap();
        let totals = before.checked_sub(1).map(|at| whole[at].0.totals()).unwrap_or_default();
        let mut count = 0;
        let again = build(&book.disk, index.segment(), totals, &mut |_| count += 1).unwrap();
        assert_eq!(count, seen.len());
        assert_eq!(format!("{again:?}"), format!("{index:?}"));
    }
    assert!(book.disk.files(&dir()).len() > 4);
}
