//! Headers, takeovers, and segments that are missing.

use florin_persistence::{JournalOptions, SimDisk};

use crate::case::{ALL, Case, Damaged, DamagedTail, Newer, Opens, end, row};
use crate::common::{options, reopen, segment};

#[test]
fn headers() {
    row("broken, with frames behind it", |case| {
        case.disk.flip_bit(&segment(3), 50, 0).unwrap();
        Damaged(3, 0)
    });
    row("broken, in the middle", |case| {
        case.disk.flip_bit(&segment(2), 50, 0).unwrap();
        Damaged(2, 0)
    });
    row("broken, of the first", |case| {
        case.disk.flip_bit(&segment(1), 50, 0).unwrap();
        Damaged(1, 0)
    });
    row("broken, with nothing behind it: it never was", |case| {
        case.disk.put(&segment(4), &vec![0xaa; 4_096 * 16]).unwrap();
        case.change(4, |bytes| bytes[4_096..].fill(0));
        Opens(end(case, ALL))
    });
    row("all zeros, with nothing behind it: it never was", |case| {
        case.disk.put(&segment(4), &vec![0; 4_096 * 16]).unwrap();
        Opens(end(case, ALL))
    });
    row("too short for a header", |case| {
        case.disk.put(&segment(4), b"FLORN").unwrap();
        Opens(end(case, ALL))
    });
    row("under another name", |case| {
        let bytes = case.bytes(3);
        case.disk.put(&segment(4), &bytes).unwrap();
        Damaged(4, 0)
    });
    row("of a newer format", |case| {
        case.change(3, |bytes| bytes[8] = 3);
        Newer(3)
    });
    row("of a newer format, in an old segment", |case| {
        case.change(1, |bytes| bytes[8] = 3);
        Newer(1)
    });
    row("of another partition", |case| {
        case.check_partition();
        Opens(end(case, ALL))
    });
}

#[test]
fn takeovers_that_did_not_come_to_their_end() {
    /// The second opening, up to a point: the first two segments as the first opening left them, and the
    /// third cut short.
    fn unfinished(case: &Case, kept: usize) {
        case.disk.put(&segment(2), &case.uncut[1]).unwrap();
        let from = if kept == 0 { 4_096 } else { case.pieces(3)[kept - 1].file.end };
        case.change(3, |bytes| bytes[from..].fill(0));
    }
    row("nothing but its header", |case| {
        unfinished(case, 0);
        Opens(end(case, ALL - 3))
    });
    row("the copy, without a takeover frame", |case| {
        unfinished(case, 1);
        Opens(end(case, ALL - 3))
    });
    row("a torn takeover frame", |case| {
        unfinished(case, 2);
        case.clear(3, 1, 0..512);
        Opens(end(case, ALL - 3))
    });
    row("a takeover frame, and the old segment uncut", |case| {
        unfinished(case, 2);
        Opens(end(case, ALL - 3))
    });
    row("a takeover frame, and the old segment cut", |case| {
        let cut = case.bytes(2);
        unfinished(case, 2);
        case.disk.put(&segment(2), &cut).unwrap();
        Opens(end(case, ALL - 3))
    });
    row("a takeover frame that has changed since", |case| {
        unfinished(case, 2);
        case.flip(3, 1, 250);
        let offset = case.offset(3, 1);
        // The old segment still has everything, so cutting loses nothing.
        DamagedTail(3, offset, end(case, ALL - 3))
    });
    row("no takeover frame, but the old segment is cut", |case| {
        let cut = case.bytes(2);
        unfinished(case, 1);
        case.disk.put(&segment(2), &cut).unwrap();
        Damaged(2, cut.len())
    });
}

#[test]
fn missing_segments_are_damage() {
    row("in the middle", |case| {
        case.disk.take(&segment(2)).unwrap();
        Damaged(2, 0)
    });
    row("the first", |case| {
        case.disk.take(&segment(1)).unwrap();
        Damaged(1, 0)
    });
    row("the first two", |case| {
        case.disk.take(&segment(1)).unwrap();
        case.disk.take(&segment(2)).unwrap();
        Damaged(2, 0)
    });
    row("the last, that the one before was cut for", |case| {
        case.disk.take(&segment(3)).unwrap();
        Damaged(2, case.bytes(2).len())
    });
    row("a whole one that leads nowhere", |case| {
        // The first opening of another history: the lineage differs.
        let other = SimDisk::new(2);
        reopen(&other, 78).unwrap();
        let mut foreign = other.contents(&segment(1)).unwrap();
        foreign.truncate(65_536);
        case.disk.put(&segment(1), &foreign).unwrap();
        Damaged(2, 0)
    });
    row("an old one that is shorter than it was", |case| {
        case.change(2, |bytes| bytes.truncate(4_096));
        Damaged(2, 4_096)
    });
    row("an old, sealed one that is shorter than it was", |case| {
        case.change(1, |bytes| bytes.truncate(8_192));
        Damaged(1, 8_192)
    });
}

impl Case {
    fn check_partition(&self) {
        let error = self.open(&JournalOptions { partition: 1, ..options(3) }).unwrap_err();
        assert_eq!(error.reason(), "JOURNAL_DAMAGED", "{error}");
    }
}
