//! Segments are sealed and the next begins; the disk fills up and has room again; events are read back.

mod common;

use common::bytes::{footer, pieces};
use common::planted::{Plant, PlantedDisk};
use common::{
    History, Journal, SECTOR, SEGMENT_BYTES, dir, names, options, reopen, segment, verify,
};
use florin_engine::{Body, Event, HoldStep};
use florin_persistence::{
    Disk, DiskFile, FRAME_RECORDS_MAX, Faults, JournalOptions, ReadError, SimDisk, WriteError,
    frame_bytes, frame_bytes_max, weigh,
};

fn weight(events: &[Event]) -> u64 {
    events.iter().map(weigh).sum()
}

/// Adds to the sums of an asset: posted, and pending.
fn add([posted, pending]: &mut [u128; 2], moved: u128, reserved: u128, freed: u128) {
    *posted = posted.wrapping_add(moved);
    *pending = pending.wrapping_add(reserved).wrapping_sub(freed);
}

#[test]
fn many_small_segments() {
    let disk = SimDisk::new(1);
    let mut journal = reopen(&disk, 1).unwrap();
    let mut history = History::new(1);
    let mut events = Vec::new();
    while journal.writer.status().segment < 30 {
        if history.below(2) == 0 {
            let is_wanted = journal.writer.wants_spare();
            assert_eq!(journal.writer.spare_preparer().prepare().unwrap(), is_wanted);
            assert!(!journal.writer.wants_spare());
        }
        let about = [1, 5, 100][usize::try_from(history.below(3)).unwrap()];
        let batch = history.batch(about);
        let appended = journal.append(&batch).unwrap();
        assert_eq!(appended.first_sequence, batch[0].sequence);
        assert_eq!(appended.last_sequence, batch.last().unwrap().sequence);
        assert_eq!(appended.frame_bytes, frame_bytes(weight(&batch)));
        events.extend(batch);
    }
    let status = journal.writer.status();
    assert_eq!(status.journal_bytes, 30 * SEGMENT_BYTES);
    assert_eq!(status.durable_through, events.len() as u64);

    let mut sums: Vec<[u128; 2]> = Vec::new();
    let mut seen = 0;
    for number in 1..30 {
        let bytes = disk.contents(&segment(number)).unwrap();
        let pieces = pieces(&bytes);
        let (last, frames) = pieces.split_last().unwrap();
        assert!(last.is_footer, "segment {number} is sealed");
        assert!(frames.iter().all(|frame| !frame.is_footer && !frame.is_takeover));
        for frame in frames {
            // Everything before it was durable when it was written.
            assert_eq!(frame.durable_through + 1, frame.first_sequence);
            assert_eq!(frame.first_sequence, seen as u64 + 1);
            for event in &events[seen..seen + frame.records] {
                match &event.body {
                    Body::AssetRegistered(_) => sums.push([0, 0]),
                    Body::TransferPosted(t) => {
                        add(&mut sums[t.asset as usize], t.amount_minor, 0, 0);
                    }
                    Body::Hold(hold) => {
                        let (amount, rest) = (hold.amount_minor, hold.released_minor);
                        let sums = &mut sums[hold.asset as usize];
                        match hold.step {
                            HoldStep::Place | HoldStep::Change => add(sums, 0, amount, 0),
                            HoldStep::Pay | HoldStep::Refund => add(sums, amount, 0, 0),
                            HoldStep::Release | HoldStep::DueRelease => add(sums, 0, 0, amount),
                            HoldStep::Capture | HoldStep::DueCapture => {
                                add(sums, amount, 0, amount + rest);
                            }
                        }
                    }
                    _ => {}
                }
            }
            seen += frame.records;
        }
        let (totals, index) = footer(&bytes, last);
        assert_eq!(totals, sums, "segment {number}");
        assert_eq!(last.first_sequence, seen as u64 + 1);
        for (sequence, offset) in index {
            let found = frames.iter().find(|frame| frame.file.start as u64 == offset).unwrap();
            assert_eq!(found.first_sequence, sequence);
        }
    }
    drop(journal);
    disk.kill();
    let (report, replayed) = verify(&disk).unwrap();
    assert!(replayed == events);
    assert_eq!((report.segments, report.footers), (30, 29));
    assert!(reopen(&disk, 2).unwrap().replayed == events);
}

#[test]
fn what_does_not_belong_is_refused_and_nothing_is_written() {
    let disk = SimDisk::new(1);
    let mut journal = reopen(&disk, 1).unwrap();
    let mut history = History::new(1);
    let first = [history.asset(), history.account()];
    journal.append(&first).unwrap();
    let after = disk.operations();
    let group = history.clone().group(3);
    let plain = history.clone().transfers(2);
    let mut unknown_asset = plain.clone();
    if let Body::TransferPosted(t) = &mut unknown_asset[1].body {
        t.asset = 1;
    }
    let mut asset_gap = History::after(1, &first).asset();
    if let Body::AssetRegistered(a) = &mut asset_gap.body {
        a.asset = 2;
    }
    let mut long_name = History::after(1, &first).account();
    if let Body::AccountOpened(a) = &mut long_name.body {
        a.name = Some("x".repeat(129).into());
    }
    for (name, batches, expected) in [
        ("a gap", vec![&plain[1..]], "another sequence comes next"),
        ("the same again", vec![&first[..]], "another sequence comes next"),
        ("out of order", vec![&plain[1..], &plain[..1]], "another sequence comes next"),
        ("half a group", vec![&group[..2]], "its group is not whole"),
        ("half a group in two batches", vec![&group[..1], &group[1..2]], "its group is not whole"),
        ("an unknown asset", vec![&unknown_asset[..]], "its asset was never registered"),
        (
            "an asset too far",
            vec![std::slice::from_ref(&asset_gap)],
            "assets are numbered without gaps",
        ),
        ("a long name", vec![std::slice::from_ref(&long_name)], "a name has 1 to 128 bytes"),
    ] {
        let error = journal.writer.append(&batches).unwrap_err();
        assert!(
            matches!(error, WriteError::Invalid { what, .. } if what == expected),
            "{name}: {error}"
        );
    }
    let too_many = History::after(1, &first).transfers(FRAME_RECORDS_MAX as u64 + 1);
    let too_large = History::after(1, &first).transfers(400);
    for events in [too_many, too_large] {
        let error = journal.append(&events).unwrap_err();
        assert!(matches!(error, WriteError::TooLarge { records, .. } if records == events.len()));
    }
    let nothing = journal.writer.append(&[&[], &[]]).unwrap();
    assert_eq!((nothing.first_sequence, nothing.last_sequence, nothing.frame_bytes), (3, 2, 0));
    assert_eq!(disk.operations(), after, "something was written");
    // A group over two batches is whole all the same.
    journal.writer.append(&[&group[..1], &group[1..]]).unwrap();
    assert_eq!(journal.reader.durable_through(), 5);
}

#[test]
fn the_largest_frame_fits_an_empty_segment() {
    let disk = SimDisk::new(1);
    let mut journal = reopen(&disk, 1).unwrap();
    let mut history = History::new(1);
    let mut events = vec![history.asset()];
    journal.append(&events).unwrap();
    // 324 records and their header, 57,200 bytes, are all that 14 sectors hold.
    let most = history.transfers(324);
    assert_eq!(frame_bytes(weight(&most)), frame_bytes_max(SEGMENT_BYTES));
    journal.append(&most).unwrap();
    events.extend(most);
    assert_eq!(journal.writer.status().segment, 2);
    drop(journal);
    disk.kill();
    // As a tail it needs more than a segment, so it gets a larger one.
    let mut journal = reopen(&disk, 2).unwrap();
    assert!(journal.replayed == events);
    assert_eq!(journal.recovery.taken_over.events, 324);
    assert_eq!(journal.writer.status().segment_bytes, 17 * SECTOR);
    let more = history.transfers(3);
    journal.append(&more).unwrap();
    events.extend(more);
    assert_eq!(journal.writer.status().segment, 4);
    assert_eq!(journal.writer.status().segment_bytes, SEGMENT_BYTES);
    drop(journal);
    disk.crash();
    assert!(reopen(&disk, 3).unwrap().replayed == events);
}

#[test]
fn a_full_disk_refuses_changes_nothing_and_resumes() {
    let disk = SimDisk::new(1);
    let mut journal = reopen(&disk, 1).unwrap();
    let mut history = History::new(1);
    let mut events = vec![history.asset()];
    journal.append(&events).unwrap();
    // Room for the segment that there is, and half another.
    let capacity_bytes = Some(SEGMENT_BYTES + SEGMENT_BYTES / 2);
    disk.set_faults(Faults { capacity_bytes, ..Faults::default() });
    assert!(journal.writer.wants_spare());
    let error = journal.writer.spare_preparer().prepare().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(names(&disk), ["0000000001.segment"], "the room is given back");

    // As long as there is room it goes on, and says how much there is for sure.
    loop {
        let next = history.clone().transfers(64);
        let bytes = frame_bytes(weight(&next));
        let room_bytes = journal.writer.room().bytes;
        match journal.append(&next) {
            Ok(_) => {
                history.transfers(64);
                events.extend(next);
            }
            Err(WriteError::NoSpace { need_bytes }) => {
                assert!(bytes > room_bytes, "{bytes} do not fit {room_bytes}");
                assert_eq!(need_bytes, SEGMENT_BYTES);
                break;
            }
            Err(error) => panic!("{error}"),
        }
    }
    let status = journal.writer.status();
    assert_eq!((status.segment, status.durable_through), (1, events.len() as u64));
    assert_eq!(journal.reader.read(events.len() as u64).unwrap(), *events.last().unwrap());
    // A frame that fits what is left of the segment is still taken.
    let small = history.transfers(1);
    journal.append(&small).unwrap();
    events.extend(small);

    // Room again: the very next append succeeds.
    disk.set_faults(Faults::default());
    let next = history.transfers(300);
    assert!(frame_bytes(weight(&next)) > journal.writer.room().bytes);
    assert!(journal.writer.spare_preparer().prepare().unwrap());
    assert!(frame_bytes(weight(&next)) <= journal.writer.room().bytes);
    journal.append(&next).unwrap();
    events.extend(next);
    drop(journal);
    disk.crash();
    assert!(reopen(&disk, 2).unwrap().replayed == events);
}

#[test]
fn a_disk_that_fills_up_while_a_spare_is_made() {
    let disk = SimDisk::new(1);
    let planted = PlantedDisk { disk: disk.clone(), plant: Plant::Optimist };
    let mut journal = Journal::open(&planted, &dir(), &options(1)).unwrap();
    let mut history = History::new(1);
    journal.append(&[history.asset()]).unwrap();
    let capacity_bytes = Some(SEGMENT_BYTES + SEGMENT_BYTES / 2);
    disk.set_faults(Faults { capacity_bytes, ..Faults::default() });
    journal.writer.spare_preparer().prepare().unwrap_err();
    assert_eq!(names(&disk), ["0000000001.segment"], "the room is given back");
    let most = history.transfers(324);
    let error = journal.append(&most).unwrap_err();
    assert!(matches!(error, WriteError::NoSpace { .. }), "{error}");
    assert_eq!(names(&disk), ["0000000001.segment"]);
    assert_eq!(pieces(&disk.contents(&segment(1)).unwrap()).len(), 1, "it was not sealed");
    disk.set_faults(Faults::default());
    journal.append(&most).unwrap();
    drop(journal);
    disk.crash();
    assert_eq!(reopen(&disk, 2).unwrap().replayed.len(), 325);
}

#[test]
fn opening_on_a_full_disk_says_so_and_changes_nothing() {
    let disk = SimDisk::new(1);
    let mut journal = reopen(&disk, 1).unwrap();
    let events = History::new(1).batch(10);
    journal.append(&events).unwrap();
    drop(journal);
    disk.kill();
    let before = common::snapshot(&disk);
    disk.set_faults(Faults { capacity_bytes: Some(SEGMENT_BYTES + 1), ..Faults::default() });
    let error = reopen(&disk, 2).unwrap_err();
    assert_eq!(error.reason(), "DISK_FULL", "{error}");
    assert!(common::snapshot(&disk) == before);
    disk.set_faults(Faults::default());
    assert!(reopen(&disk, 3).unwrap().replayed == events);
}

#[test]
fn a_spare_of_another_size_is_replaced() {
    let disk = SimDisk::new(1);
    let journal = reopen(&disk, 1).unwrap();
    journal.writer.spare_preparer().prepare().unwrap();
    assert_eq!(names(&disk), ["0000000001.segment", "spare"]);
    drop(journal);
    disk.kill();
    let larger = JournalOptions { segment_bytes: 2 * SEGMENT_BYTES, ..options(2) };
    let journal = Journal::open(&disk, &dir(), &larger).unwrap();
    assert_eq!(names(&disk), ["0000000001.segment", "0000000002.segment"]);
    let len = disk.open(&segment(2)).unwrap().len().unwrap();
    assert_eq!(len, 2 * SEGMENT_BYTES);
    // And one of the right size is used.
    journal.writer.spare_preparer().prepare().unwrap();
    drop(journal);
    let writes = disk.counters().writes;
    disk.kill();
    Journal::open(&disk, &dir(), &JournalOptions { entropy: [3; 32], ..larger }).unwrap();
    assert_eq!(disk.counters().writes, writes + 2, "a header and a takeover frame, no zeros");
}

#[test]
fn sizes_that_cannot_work() {
    for segment_bytes in [0, 4_096, SEGMENT_BYTES - 4_096, SEGMENT_BYTES + 1] {
        let options = JournalOptions { segment_bytes, ..options(1) };
        let error = Journal::open(&SimDisk::new(1), &dir(), &options).unwrap_err();
        assert_eq!(error.reason(), "CONFIG_INVALID", "{segment_bytes}");
    }
}

#[test]
fn more_assets_than_a_footer_of_one_sector_holds() {
    let disk = SimDisk::new(1);
    let mut journal = reopen(&disk, 1).unwrap();
    let mut history = History::new(1);
    let mut events = Vec::new();
    for _ in 0..40 {
        let frame: Vec<Event> = (0..40).map(|_| history.asset()).collect();
        journal.append(&frame).unwrap();
        events.extend(frame);
    }
    let most = history.transfers(324);
    journal.append(&most).unwrap();
    events.extend(most);
    // Its footer takes 16 sectors, more than a segment of the usual size has left.
    assert!(journal.writer.status().segment_bytes > SEGMENT_BYTES);
    journal.append(&[history.transfer()]).unwrap();
    drop(journal);
    disk.kill();
    assert!(verify(&disk).unwrap().1[..events.len()] == events);
}

#[test]
fn events_are_read_back() {
    let disk = SimDisk::new(1);
    let large = JournalOptions { segment_bytes: 1024 * 1024, ..options(1) };
    let mut journal = Journal::open(&disk, &dir(), &large).unwrap();
    let mut history = History::new(1);
    let mut events = Vec::new();
    let mut append = |journal: &mut Journal<SimDisk>, frame: Vec<Event>| {
        journal.append(&frame).unwrap();
        events.extend(frame);
    };
    for _ in 0..20 {
        for about in [1, 1, 2, 900, 30] {
            append(&mut journal, history.batch(about));
        }
    }
    drop(journal);
    disk.kill();
    // Some of it taken over, some of it new, in many segments.
    let mut journal =
        Journal::open(&disk, &dir(), &JournalOptions { entropy: [2; 32], ..large }).unwrap();
    for about in [1, 700, 1] {
        append(&mut journal, history.batch(about));
    }
    assert!(journal.writer.status().segment > 5);
    for event in events.iter().step_by(7) {
        assert_eq!(journal.reader.read(event.sequence).unwrap(), *event);
    }
    for count in [1, 2, 31, 200, 2_000] {
        let wanted: Vec<u64> = (0..count).map(|_| history.below(events.len() as u64) + 1).collect();
        let found = journal.reader.read_many(&wanted).unwrap();
        assert!(wanted.iter().zip(&found).all(|(sequence, event)| {
            *event == events[usize::try_from(*sequence).unwrap() - 1]
        }));
        assert_eq!(found.len(), wanted.len());
    }
    let last = events.len() as u64;
    for sequence in [0, last + 1, u64::MAX] {
        let error = journal.reader.read(sequence).unwrap_err();
        assert!(
            matches!(error, ReadError::NotThere { durable_through, .. } if durable_through == last),
            "{error}"
        );
    }
    assert!(journal.reader.read_many(&[1, last + 1]).is_err());
}

#[test]
fn what_has_changed_is_not_read_back() {
    let disk = SimDisk::new(1);
    let large = JournalOptions { segment_bytes: 1024 * 1024, ..options(1) };
    let mut journal = Journal::open(&disk, &dir(), &large).unwrap();
    let mut history = History::new(1);
    let small = vec![history.asset(), history.account(), history.unusual_transfer(100)];
    journal.append(&small).unwrap();
    let mut frame = history.transfers(800);
    frame.push(history.transfer_with(
        florin_engine::GroupPlace::default(),
        Some(florin_engine::TransferExtra { reverses: Some(7), ..Default::default() }),
    ));
    journal.append(&frame).unwrap();
    let bytes = disk.contents(&segment(1)).unwrap();
    let pieces = pieces(&bytes);
    let last = frame.last().unwrap().sequence;
    let in_large = |at| common::bytes::place(&pieces[1], at);
    for (name, sequence, at) in [
        ("a small frame", 2, pieces[0].file.start + 200),
        ("the header of a large frame", 100, pieces[1].file.start + 3),
        ("the kind of a record of a large frame", last, in_large(176 + 800 * 176 + 144)),
        ("a payload in a large frame", last, in_large(176 + 801 * 176 + 48 + 20)),
        ("a payload entry in a large frame", last, in_large(176 + 801 * 176 + 5)),
    ] {
        assert_eq!(journal.reader.read(sequence).unwrap().sequence, sequence);
        disk.flip_bit(&segment(1), at, 6).unwrap();
        let error = journal.reader.read(sequence).unwrap_err();
        assert!(matches!(error, ReadError::Damaged { .. }), "{name}: {error}");
        disk.flip_bit(&segment(1), at, 6).unwrap();
    }
    // A tag that has changed harms nothing: the hash of the frame decides.
    let tag = pieces[1].file.start + 10 * 4_096 - 3;
    disk.flip_bit(&segment(1), tag, 6).unwrap();
    for event in &frame {
        assert_eq!(journal.reader.read(event.sequence).unwrap(), *event);
    }
}

#[test]
fn writer_reader_and_preparer_go_to_their_threads() {
    fn goes<T: Send + 'static>(_: &T) {}
    fn is_shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let disk = SimDisk::new(1);
    let journal = reopen(&disk, 1).unwrap();
    goes(&journal.writer);
    is_shared(&journal.reader);
    is_shared(&journal.writer.spare_preparer());
}
