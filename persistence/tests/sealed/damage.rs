//! Flipped bits, crashes and failing disks: never a wrong answer, and never half an index.

use std::collections::BTreeSet;
use std::sync::Arc;

use florin_engine::{Event, Sequence, Slot};
use florin_persistence::{
    Disk, DiskFile, Faults, ReadError, SealError, SealedIndex, SimDisk, is_crash,
};

use crate::book::{Book, build, file, folder};
use crate::common::bytes::{Piece, pieces};
use crate::common::{SEGMENT_BYTES, dir, segment};

fn book() -> Book {
    Book::write(77, SEGMENT_BYTES, 3, &[1, 30, 2, 60, 1, 90, 5].repeat(3))
}

/// A book with frames of which single events are read, and one of its segments that has some.
fn large_book() -> (Book, u64) {
    let book = Book::write(78, 1024 * 1024, 2, &[900, 3, 1_500, 40, 950]);
    let has_large = |number: &u64| large_frame(&book, *number).is_some();
    let number = book.sealed().into_iter().rev().find(has_large).expect("a large frame");
    (book, number)
}

fn large_frame(book: &Book, number: u64) -> Option<Piece> {
    let bytes = book.disk.contents(&segment(number)).unwrap();
    pieces(&bytes).into_iter().find(|frame| frame.records > 800)
}

fn u64_at(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())).unwrap()
}

/// Everything that a list can be asked, or the first error.
fn answers(index: &SealedIndex<SimDisk>, book: &Book) -> Result<Vec<Vec<Sequence>>, ReadError> {
    let range = index.first_sequence()..=index.last_sequence();
    let middle = range.start().midpoint(*range.end());
    book.slots()
        .map(|slot: Slot| {
            let mut all = index.entries_between(slot, range.clone(), usize::MAX)?;
            all.extend(index.last_at_or_before(slot, middle)?);
            all.extend(index.first_after(slot, middle)?);
            Ok(all)
        })
        .collect()
}

#[test]
fn a_flipped_bit_is_found_or_does_no_harm() {
    let (book, number) = large_book();
    book.build();
    let whole = book.disk.contents(&file(number)).unwrap();
    let load = || SealedIndex::load(&book.disk, &folder(), number);
    let index = load().unwrap().unwrap();
    let expected = answers(&index, &book).unwrap();
    // From the header: where the sections are.
    let [list, frames, sums, tables] = [168, 184, 200, 216].map(|at| u64_at(&whole, at));
    assert!(list < frames && frames < sums && sums < tables && tables < whole.len());
    assert_eq!(index.file_bytes(), whole.len() as u64);

    let mut found = BTreeSet::new();
    let places = (0..360).chain((360..tables).step_by(173)).chain(tables..whole.len());
    for place in places {
        let bit = u32::try_from(place % 8).unwrap();
        book.disk.flip_bit(&file(number), place, bit).unwrap();
        let section = match place {
            0..360 => "header",
            360..4_096 => "behind the header",
            _ if place < frames => "list",
            _ if place < sums => "frames",
            _ if place < tables => "sums",
            _ => "tables",
        };
        match load() {
            Err(error) => {
                assert!(matches!(error, ReadError::Damaged { .. }), "{place}: {error}");
                found.insert(section);
            }
            Ok(loaded) => {
                assert!(!["header", "tables"].contains(&section), "{place} in {section}");
                let loaded = loaded.expect("it is there");
                match answers(&loaded, &book) {
                    Ok(answers) => {
                        assert!(answers == expected, "{place} in {section}: a wrong answer");
                        assert_ne!(section, "list", "{place}: every page of it was read");
                    }
                    Err(error) => {
                        assert!(matches!(error, ReadError::Damaged { .. }), "{place}: {error}");
                        assert_eq!(section, "list", "{place}");
                        found.insert(section);
                    }
                }
            }
        }
        book.disk.flip_bit(&file(number), place, bit).unwrap();
    }
    assert_eq!(found, BTreeSet::from(["header", "list", "tables"]));
}

/// What is asked of a reader, and what is right.
fn ask(book: &Book, index: &SealedIndex<SimDisk>) {
    let reader = book.reader();
    let range = index.first_sequence()..=index.last_sequence();
    for sequence in range.clone().step_by(61) {
        let event: &Event = book.event(sequence);
        assert_eq!(reader.read(sequence).unwrap(), *event);
        assert_eq!(reader.sequence_at(event.timestamp_ns).unwrap(), sequence);
    }
    for slot in book.slots() {
        let own = book.of(slot, 1..=book.events.len() as u64);
        let Some(newest) = own.first() else { continue };
        for at in range.clone().step_by(611) {
            let expected = own.iter().copied().find(|event| *event <= at);
            assert_eq!(reader.last_of(slot, *newest, at).unwrap(), expected);
        }
    }
}

#[test]
fn readers_do_without_a_damaged_index_and_tell() {
    let mut told = 0;
    for part in [0, 2, 4, 6, 7, 8, 9] {
        let (book, number) = large_book();
        book.add(|_| true);
        let index = SealedIndex::load(&book.disk, &folder(), number).unwrap().unwrap();
        ask(&book, &index);
        assert!(book.reader().take_damaged().is_empty());
        let whole = book.disk.contents(&file(number)).unwrap();
        // All pages of a tenth of the file.
        let tenth = whole.len() / 10;
        for place in (4_096.max(part * tenth)..(part + 1) * tenth).step_by(1_000) {
            book.disk.flip_bit(&file(number), place, 3).unwrap();
        }
        ask(&book, &index);
        let damaged = book.reader().take_damaged();
        told += damaged.len();
        assert!(damaged.len() <= 1, "once");
        for (segment, error) in damaged {
            assert_eq!(segment, number);
            assert!(error.to_string().contains(".index is damaged"), "{error}");
        }
        // Built again, it is as good as new.
        book.add(|again| again == number);
        ask(&book, &index);
        assert!(book.reader().take_damaged().is_empty());
        assert_eq!(book.disk.contents(&file(number)).unwrap(), whole);
    }
    assert!(told >= 5, "{told}");
}

#[test]
fn a_lost_index_is_done_without() {
    let (book, number) = large_book();
    book.add(|_| true);
    let index = SealedIndex::load(&book.disk, &folder(), number).unwrap().unwrap();
    book.disk.take(&file(number)).unwrap();
    ask(&book, &index);
    assert_eq!(book.reader().take_damaged().len(), 1);
}

/// A record that has changed is never given out, whether its sector is checked or its frame.
#[test]
fn damage_of_the_segment_is_found_through_the_index() {
    for place in [0, 30, 144, 176 + 176 * 500, 176 + 176 * 501 + 40, 176 + 176 * 510 + 175] {
        let (book, number) = large_book();
        book.add(|_| true);
        let frame = large_frame(&book, number).unwrap();
        let at = crate::common::bytes::place(&frame, place);
        book.disk.flip_bit(&segment(number), at, 2).unwrap();
        let mut errors = 0;
        for sequence in (frame.first_sequence..).take(frame.records) {
            match book.reader().read(sequence) {
                Ok(event) => assert_eq!(event, *book.event(sequence)),
                Err(ReadError::Damaged { file, .. }) => {
                    assert_eq!(file, segment(number));
                    errors += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert!(errors > 0, "byte {place}");
        assert!(place > 176 || errors == frame.records, "the header is of all of them");
        assert!(book.reader().take_damaged().is_empty(), "the index is whole");
        let error = build(&book.disk, number, &[], &mut |_| {}).unwrap_err();
        assert!(matches!(error, SealError::Segment(_)), "{error}");
    }
}

#[test]
fn a_broken_frame_gets_no_index() {
    let book = book();
    let whole = book.build();
    for (index, seen) in whole.iter().filter(|(_, seen)| !seen.is_empty()) {
        let number = index.segment();
        let bytes = book.disk.contents(&segment(number)).unwrap();
        let frames = pieces(&bytes);
        for frame in frames.iter().filter(|piece| piece.records > 0) {
            book.disk.flip_bit(&segment(number), frame.file.start + 200, 1).unwrap();
            let mut count = 0;
            let error = build(&book.disk, number, &[], &mut |_| count += 1).unwrap_err();
            assert!(matches!(error, SealError::Segment(_)), "{error}");
            assert!(count < seen.len());
            book.disk.flip_bit(&segment(number), frame.file.start + 200, 1).unwrap();
        }
    }
}

#[test]
fn names_that_lie() {
    let book = book();
    book.build();
    let [first, second, ..] = book.sealed()[..] else { panic!("segments") };
    let bytes = book.disk.contents(&file(first)).unwrap();
    for (name, bytes) in [
        ("of another segment", &bytes[..]),
        ("cut", &bytes[..bytes.len() - 1]),
        ("cut within the header", &bytes[..4_000]),
        ("empty", &[]),
        ("too long", &[&bytes[..], &[0]].concat()),
    ] {
        book.disk.put(&file(second), bytes).unwrap();
        let error = SealedIndex::load(&book.disk, &folder(), second).unwrap_err();
        assert!(matches!(error, ReadError::Damaged { .. }), "{name}: {error}");
    }
}

/// A crash, or an error, at each operation of a building: there is no index, or all of it.
#[test]
fn a_building_that_does_not_end() {
    let book = book();
    let mut totals = Vec::new();
    let (mut crashes, mut none, mut all) = (0, 0, 0);
    for number in book.sealed().into_iter().take(3) {
        let again = || build(&book.disk, number, &totals, &mut |_| {});
        let before = book.disk.operations();
        let built = again().unwrap();
        let operations = book.disk.operations() - before;
        let whole = book.disk.contents(&file(number)).unwrap();
        for at in 0..operations {
            for is_crash in [true, false] {
                book.disk.take(&file(number)).unwrap();
                let at = Some(book.disk.operations() + at);
                let (crash_at, fail_at) = if is_crash { (at, None) } else { (None, at) };
                book.disk.set_faults(Faults { crash_at, fail_at, ..Faults::default() });
                let result = again();
                book.disk.set_faults(Faults::default());
                if is_crash {
                    assert!(failed_by_crash(&result.unwrap_err()));
                    book.disk.crash();
                    crashes += 1;
                } else {
                    // To remove what is not there is an operation too, and may fail.
                    assert!(matches!(result, Err(SealError::Failed { .. })), "{result:?}");
                    book.disk.kill();
                }
                match SealedIndex::load(&book.disk, &folder(), number).unwrap() {
                    None => none += 1,
                    Some(index) => {
                        assert_eq!(format!("{index:?}"), format!("{built:?}"));
                        all += 1;
                    }
                }
                again().unwrap();
                assert_eq!(book.disk.contents(&file(number)).unwrap(), whole);
                assert_eq!(
                    book.disk.files(&folder()).iter().filter(|f| f.ends_with(".tmp")).count(),
                    0
                );
            }
        }
        totals = built.totals().to_vec();
    }
    assert!(crashes > 15 && none > 0 && all > 0, "{crashes} {none} {all}");
}

fn failed_by_crash(error: &SealError) -> bool {
    matches!(error, SealError::Failed { source, .. } if is_crash(source))
}

#[test]
fn a_full_disk_is_told_and_left_as_it_was() {
    let book = book();
    let number = book.sealed()[0];
    let files = || {
        let (journal, sealed) = (book.disk.files(&dir()), book.disk.files(&folder()));
        let files = journal.into_iter().chain(sealed);
        files.map(|path| (book.disk.contents(&path).unwrap(), path)).collect::<Vec<_>>()
    };
    let before = files();
    let used: u64 = before.iter().map(|(bytes, _)| bytes.len() as u64).sum();
    for room in [0, 4_096, 10_000] {
        let capacity_bytes = Some(used + room);
        book.disk.set_faults(Faults { capacity_bytes, ..Faults::default() });
        let error = build(&book.disk, number, &[], &mut |_| {}).unwrap_err();
        assert!(matches!(error, SealError::NoSpace { .. }), "{error}");
        assert!(files() == before);
    }
    book.disk.set_faults(Faults::default());
    build(&book.disk, number, &[], &mut |_| {}).unwrap();
}

/// Readers go on while an index is added.
#[test]
fn added_while_it_is_read() {
    let (book, _) = large_book();
    let built: Vec<_> = book.build().into_iter().map(|(index, _)| Arc::new(index)).collect();
    let reader = book.reader();
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let book = &book;
            scope.spawn(move || {
                for sequence in (1..=book.events.len() as u64).skip(thread).step_by(3) {
                    assert_eq!(reader.read(sequence).unwrap(), *book.event(sequence));
                }
            });
        }
        for index in &built {
            reader.add_sealed(Arc::clone(index)).unwrap();
            std::thread::yield_now();
        }
    });
}

#[test]
fn a_file_can_be_read_while_it_is_replaced() {
    let book = book();
    let (index, _) = book.build().remove(0);
    let open = book.disk.open_read_only(&file(index.segment())).unwrap();
    let whole = book.disk.contents(&file(index.segment())).unwrap();
    book.build();
    let mut bytes = vec![0; whole.len()];
    open.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(bytes, whole);
}
