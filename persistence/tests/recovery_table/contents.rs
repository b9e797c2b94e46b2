//! Footers, erased payload, replay, and the report.

use florin_engine::Event;

use crate::case::{
    ALL, Case, Damaged, DamagedTail, FRAMES_IN_1, Newer, Opens, OpensErased, end, row,
};
use crate::common::bytes::{entries, place};
use crate::common::{dir, names, options, segment, snapshot, verify};

#[test]
fn footers_are_not_needed() {
    row("broken", |case| {
        case.flip(1, FRAMES_IN_1, 100);
        Opens(end(case, ALL))
    });
    row("missing", |case| {
        let len = case.pieces(1)[FRAMES_IN_1].file.len();
        case.clear(1, FRAMES_IN_1, 0..len);
        Opens(end(case, ALL))
    });
}

#[test]
fn whole_but_wrong() {
    row("a footer whose totals are not the sums of the events", |case| {
        case.forge(1, FRAMES_IN_1, |content| content[224 + 8] ^= 1);
        Damaged(1, case.offset(1, FRAMES_IN_1))
    });
    row("a record of a kind that is not known", |case| {
        case.forge(3, 4, |content| content[176 + 144] = 16);
        Damaged(3, case.offset(3, 4))
    });
    row("a frame of a newer format", |case| {
        case.forge(3, 4, |content| content[8] = 2);
        Newer(3)
    });
    row("an encrypted frame", |case| {
        case.forge(3, 4, |content| content[92] = 1);
        Newer(3)
    });
    row("a frame that says that it was durable before it was written", |case| {
        case.forge(3, 4, |content| content[72..80].copy_from_slice(&u64::MAX.to_le_bytes()));
        DamagedTail(3, case.offset(3, 4), end(case, ALL - 1))
    });
    row("a frame with more payload than there can be", |case| {
        case.forge(3, 4, |content| content[64..72].copy_from_slice(&u64::MAX.to_le_bytes()));
        DamagedTail(3, case.offset(3, 4), end(case, ALL - 1))
    });
}

#[test]
fn personal_payload_can_be_erased() {
    fn erase(case: &Case, number: usize, piece: usize, record: usize, personal: bool) {
        let bytes = case.bytes(number as u64);
        let piece = &case.pieces(number)[piece];
        let chosen: Vec<_> = entries(&bytes, piece)
            .into_iter()
            .filter(|entry| (entry.class == 2) == personal && entry.record == record)
            .collect();
        assert!(!chosen.is_empty());
        case.change(number as u64, |bytes| {
            for at in chosen.into_iter().flat_map(|entry| entry.salted) {
                bytes[place(piece, at)] = 0;
            }
        });
    }
    row("name and metadata of an account", |case| {
        erase(case, 1, 0, 1, true);
        OpensErased(end(case, ALL))
    });
    row("in the tail, which is taken over", |case| {
        erase(case, 3, 4, 0, true);
        OpensErased(end(case, ALL))
    });
    row("rule data", |case| {
        erase(case, 1, 0, 1, false);
        Damaged(1, case.offset(1, 0))
    });
}

#[test]
fn replay_that_differs_is_damage() {
    let case = Case::new();
    let before = snapshot(&case.disk);
    let wrong = case.ends[4] as u64 + 1;
    let mut refuse = |event: Event| {
        if event.sequence == wrong { Err("the digest differs".to_owned()) } else { Ok(()) }
    };
    let opened =
        florin_persistence::open(&case.disk, &dir(), &options(3), &mut refuse, &mut |_| {});
    let Err(error) = opened else { panic!("it opened") };
    assert_eq!(error.reason(), "JOURNAL_DAMAGED");
    assert!(error.to_string().contains(&format!("event {wrong}: the digest differs")), "{error}");
    assert!(snapshot(&case.disk) == before);
}

#[test]
fn the_report_says_what_was_found() {
    let case = Case::new();
    case.disk.put(&segment(4), &vec![0; 65_536]).unwrap();
    case.clear(3, 4, 512..1_024);
    let (report, _) = verify(&case.disk).unwrap();
    let journal = case.open(&options(3)).unwrap();
    assert_eq!(journal.recovery.found, report);
    assert_eq!(report.lineage, Some(journal.recovery.lineage));
    assert_eq!(report.epoch, 2);
    assert_eq!(journal.recovery.epoch, 3);
    assert_eq!(report.last_sequence, end(&case, ALL - 1) as u64);
    assert_eq!((report.segments, report.obsolete_segments, report.footers), (3, 1, 1));
    // Nine appended, the copy counted once, and the takeover frame.
    assert_eq!((report.frames, report.tail_frames), (10, 1));
    let cut = report.cut.unwrap();
    assert_eq!((cut.file, cut.bytes, cut.was_damaged), (segment(3), 4_096, false));
    assert_eq!(journal.recovery.taken_over.frames, 1);
    assert_eq!(journal.recovery.taken_over.events, 40);
    assert_eq!(names(&case.disk), [1, 2, 3, 5].map(|n| format!("{n:010}.segment")));
}
