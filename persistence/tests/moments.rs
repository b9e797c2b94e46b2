//! Which event was the last at a moment, over many segments and openings, beside a look at all of them.

mod common;

use common::{History, Journal, reopen};
use florin_engine::Event;
use florin_persistence::SimDisk;

/// Frames of one event and of dozens, over many segments and two openings.
fn written(disk: &SimDisk) -> (Journal<SimDisk>, Vec<Event>) {
    let (mut history, mut events) = (History::new(5), Vec::new());
    let mut journal = reopen(disk, 1).expect("it opens");
    for opening in [2, 3] {
        for about in [1, 40, 1, 7].repeat(20) {
            let frame = history.batch(about);
            journal.append(&frame).expect("appended");
            events.extend(frame);
        }
        disk.kill();
        journal = reopen(disk, opening).expect("it opens again");
    }
    assert!(journal.writer.status().segment > 5);
    (journal, events)
}

#[test]
fn the_last_event_at_a_time() {
    let disk = SimDisk::new(1);
    let empty = reopen(&disk, 1).expect("it opens");
    for time_ns in [0, 1, u64::MAX] {
        assert_eq!(empty.reader.sequence_at(time_ns).expect("nothing is there"), 0);
    }
    drop(empty);
    let disk = SimDisk::new(2);
    let (journal, events) = written(&disk);
    let naive = |time_ns: u64| {
        let before = events.iter().filter(|event| event.timestamp_ns <= time_ns);
        before.map(|event| event.sequence).max().unwrap_or(0)
    };
    for event in events.iter().step_by(13).chain(events.last()) {
        for time_ns in [event.timestamp_ns - 1, event.timestamp_ns, event.timestamp_ns + 1] {
            let found = journal.reader.sequence_at(time_ns).expect("found");
            assert_eq!(found, naive(time_ns), "{time_ns}");
        }
    }
    for time_ns in [0, 1, u64::MAX] {
        assert_eq!(journal.reader.sequence_at(time_ns).expect("found"), naive(time_ns));
    }
}
