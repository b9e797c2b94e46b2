//! Frames that are whole, broken, torn or rotten.

use florin_persistence::SimDisk;

use crate::case::{ALL, Damaged, DamagedTail, FRAMES_IN_1, Opens, end, row};
use crate::common::bytes::pieces;
use crate::common::{History, reopen, segment};

#[test]
fn whole_frames_are_accepted() {
    row("as it was left", |case| Opens(end(case, ALL)));
    row("after a power loss", |case| {
        case.disk.crash();
        Opens(end(case, ALL))
    });
    row("a bit of padding has flipped", |case| {
        case.flip(3, 2, 4_000);
        Opens(end(case, ALL))
    });
    row("a bit of a tag has flipped", |case| {
        let at = case.pieces(3)[2].file.end - 2;
        case.disk.flip_bit(&segment(3), at, 1).unwrap();
        Opens(end(case, ALL))
    });
}

#[test]
fn broken_and_vouched_for_is_damage() {
    row("by a later frame of the segment", |case| {
        case.flip(3, 3, 300);
        Damaged(3, case.offset(3, 3))
    });
    row("in the payload", |case| {
        case.flip(1, 1, 176 + 2 * 176 + 3 * 48 + 100);
        Damaged(1, case.offset(1, 1))
    });
    row("its header, by a later frame", |case| {
        case.flip(3, 2, 56);
        Damaged(3, case.offset(3, 2))
    });
    row("gone completely, by a later frame", |case| {
        let len = case.pieces(3)[3].file.len();
        case.clear(3, 3, 0..len);
        Damaged(3, case.offset(3, 3))
    });
    row("the copy of a takeover", |case| {
        case.flip(3, 0, 300);
        Damaged(3, case.offset(3, 0))
    });
    row("a takeover frame", |case| {
        case.flip(3, 1, 300);
        Damaged(3, case.offset(3, 1))
    });
    row("a takeover frame that is gone", |case| {
        case.clear(3, 1, 0..4_096);
        Damaged(3, case.offset(3, 1))
    });
    row("by a footer", |case| {
        // Of the last segment: the second and third never were.
        case.disk.take(&segment(2)).unwrap();
        case.disk.take(&segment(3)).unwrap();
        case.flip(1, FRAMES_IN_1 - 1, 300);
        Damaged(1, case.offset(1, FRAMES_IN_1 - 1))
    });
    row("by a later segment, the footer being broken too", |case| {
        case.flip(1, FRAMES_IN_1 - 1, 300);
        case.flip(1, FRAMES_IN_1, 10);
        Damaged(1, case.offset(1, FRAMES_IN_1 - 1))
    });
    row("by the segment that took over behind it", |case| {
        case.flip(2, 1, 300);
        Damaged(2, case.offset(2, 1))
    });
}

#[test]
fn torn_and_not_vouched_for_is_cut() {
    let last = 4;
    row("the first sector is missing", |case| {
        case.clear(3, last, 0..4_096);
        Opens(end(case, ALL - 1))
    });
    row("neither header nor tag have arrived", |case| {
        case.clear(3, last, 0..512);
        case.clear(3, last, 3_584..4_096);
        Opens(end(case, ALL - 1))
    });
    row("only the tag has not arrived: all that it says is there", |case| {
        case.clear(3, last, 3_584..4_096);
        Opens(end(case, ALL))
    });
    row("the block with the header has not arrived", |case| {
        case.clear(3, last, 0..512);
        Opens(end(case, ALL - 1))
    });
    row("the second block has not arrived", |case| {
        case.clear(3, last, 512..1_024);
        Opens(end(case, ALL - 1))
    });
    row("only the last sector has arrived", |case| {
        // The last frame is gone, and the one before it, of two sectors, is the end.
        case.clear(3, last, 0..4_096);
        case.clear(3, last - 1, 0..4_096);
        Opens(end(case, ALL - 2))
    });
    row("all but the last sector has arrived", |case| {
        case.clear(3, last, 0..4_096);
        case.clear(3, last - 1, 4_096..8_192);
        Opens(end(case, ALL - 2))
    });
}

#[test]
fn changed_since_and_not_vouched_for_is_rot() {
    let last = 4;
    row("a record", |case| {
        case.flip(3, last, 200);
        DamagedTail(3, case.offset(3, last), end(case, ALL - 1))
    });
    row("the header says less", |case| {
        case.flip(3, last, 56);
        DamagedTail(3, case.offset(3, last), end(case, ALL - 1))
    });
    row("the magic", |case| {
        case.flip(3, last, 0);
        DamagedTail(3, case.offset(3, last), end(case, ALL - 1))
    });
    row("the tag and a record", |case| {
        case.flip(3, last, 200);
        let at = case.pieces(3)[last].file.end - 2;
        case.disk.flip_bit(&segment(3), at, 1).unwrap();
        DamagedTail(3, case.offset(3, last), end(case, ALL - 1))
    });
    row("bytes made zero, fewer than a block", |case| {
        case.clear(3, last, 180..500);
        DamagedTail(3, case.offset(3, last), end(case, ALL - 1))
    });
    row("one of several sectors", |case| {
        case.clear(3, last, 0..4_096);
        case.flip(3, last - 1, 5_000);
        DamagedTail(3, case.offset(3, last - 1), end(case, ALL - 2))
    });
}

#[test]
fn whole_frames_behind_the_cut_are_never_accepted() {
    row("the old segment is not cut yet", |case| {
        let cut = case.bytes(2).len();
        assert!(cut < case.uncut[1].len());
        case.disk.put(&segment(2), &case.uncut[1]).unwrap();
        Opens(end(case, ALL))
    });
    row("the copy wins over what has changed since", |case| {
        let mut uncut = case.uncut[1].clone();
        uncut[pieces(&case.uncut[1])[2].file.start + 300] ^= 1;
        case.disk.put(&segment(2), &uncut).unwrap();
        Opens(end(case, ALL))
    });
    row("a frame of another history", |case| {
        let other = SimDisk::new(2);
        let mut journal = reopen(&other, 77).unwrap();
        journal.append(&[History::new(5).asset()]).unwrap();
        let foreign = other.contents(&segment(1)).unwrap()[4_096..8_192].to_vec();
        let at = case.pieces(3)[4].file.clone();
        case.change(3, |bytes| bytes[at].copy_from_slice(&foreign));
        DamagedTail(3, case.offset(3, 4), end(case, ALL - 1))
    });
    row("a frame that stood there before", |case| {
        // As large as the last one, of the same segment and opening.
        let old = case.bytes(3)[case.pieces(3)[2].file.clone()].to_vec();
        let at = case.pieces(3)[4].file.clone();
        case.change(3, |bytes| bytes[at].copy_from_slice(&old));
        DamagedTail(3, case.offset(3, 4), end(case, ALL - 1))
    });
    row("a frame of an earlier segment", |case| {
        let old = case.pieces(1)[3].file.clone();
        let old = case.bytes(1)[old].to_vec();
        let at = case.pieces(3)[4].file.clone();
        case.change(3, |bytes| bytes[at].copy_from_slice(&old));
        DamagedTail(3, case.offset(3, 4), end(case, ALL - 1))
    });
}
