//! A leader and its standby, each on a disk that forgets, tears and fails: whatever happens to either, the standby never
//! loses what it has followed, and once it has caught up both folders hold the same bytes.

mod common;

use std::path::Path;

use common::{History, Journal, SEGMENT_BYTES, dir, options, reopen, segment, snapshot};
use florin_engine::Event;
use florin_persistence::{
    Faults, FollowError, FollowPoint, JournalOptions, Piece, SimDisk, Standby, settle,
};

/// The standby, and what it has told the world.
struct Follower {
    disk: SimDisk,
    standby: Option<Standby<SimDisk>>,
    /// Events that it was handed, from the beginning.
    events: Vec<Event>,
    followed_through: u64,
}

impl Follower {
    fn new(seed: u64) -> Self {
        Self { disk: SimDisk::new(seed), standby: None, events: Vec::new(), followed_through: 0 }
    }

    /// Opens it unless it is open.
    fn open(&mut self, what: &str) -> Result<&mut Standby<SimDisk>, String> {
        if self.standby.is_none() {
            self.events.clear();
            let mut keep = |event| {
                self.events.push(event);
                Ok(())
            };
            let opened = Standby::open(&self.disk, &dir(), &mut keep, &mut |_| {});
            let (standby, _) = opened.map_err(|error| {
                assert_ne!(error.reason(), "JOURNAL_DAMAGED", "{what}: {error}");
                error.to_string()
            })?;
            assert!(
                standby.followed_through() >= self.followed_through,
                "{what}: lost {} of {}",
                self.followed_through - standby.followed_through(),
                self.followed_through
            );
            assert_eq!(standby.followed_through(), self.events.len() as u64, "{what}");
            self.followed_through = standby.followed_through();
            self.standby = Some(standby);
        }
        Ok(self.standby.as_mut().expect("it is open"))
    }

    /// The process dies, or the machine does.
    fn end(&mut self, power_loss: bool) {
        self.standby = None;
        if power_loss { self.disk.crash() } else { self.disk.kill() }
    }

    fn take(&mut self, piece: &Piece) -> Result<(), FollowError> {
        let Self { standby, events, followed_through, .. } = self;
        let standby = standby.as_mut().expect("it is open");
        let taken = standby.take(piece, &mut |event| {
            events.push(event);
            Ok(())
        });
        *followed_through = standby.followed_through();
        taken
    }

    /// Takes up to so many pieces from a leader; whether there was nothing left.
    fn follow(&mut self, leader: &Journal<SimDisk>, most: u64, what: &str) -> Result<bool, String> {
        let point = self.open(what)?.point();
        let mut shipper =
            leader.reader.shipper(&point).unwrap_or_else(|error| panic!("{what}: {error}"));
        for _ in 0..most {
            let next = shipper.next_piece().unwrap_or_else(|error| panic!("{what}: {error}"));
            let Some(piece) = next else { return Ok(true) };
            self.take(&piece).map_err(|error| {
                assert!(error.is_own(), "{what}: {error}");
                error.to_string()
            })?;
        }
        Ok(false)
    }
}

/// Segments by name and content.
fn segments(disk: &SimDisk) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let is_segment = |path: &Path| path.extension().is_some_and(|ending| ending == "segment");
    snapshot(disk).into_iter().filter(|(path, _)| is_segment(path)).collect()
}

fn assert_same(leader: &SimDisk, standby: &SimDisk, what: &str) {
    let (ours, theirs) = (segments(leader), segments(standby));
    let names = |all: &[(std::path::PathBuf, Vec<u8>)]| {
        all.iter().map(|(path, bytes)| (path.clone(), bytes.len())).collect::<Vec<_>>()
    };
    assert_eq!(names(&ours), names(&theirs), "{what}: leader, standby");
    for ((path, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        let differs = ours.iter().zip(theirs).position(|(a, b)| a != b);
        assert_eq!(differs, None, "{what}: {}", path.display());
    }
}

/// The copy, opened as a server would once it is promoted.
fn promoted(standby: &SimDisk) -> Vec<Event> {
    let copy = SimDisk::new(1);
    for (path, bytes) in snapshot(standby) {
        copy.put(&path, &bytes).unwrap();
    }
    settle(&copy, &dir()).unwrap();
    let promoted = JournalOptions { epoch_least: 1 << 20, ..options(99) };
    let journal = Journal::open(&copy, &dir(), &promoted).unwrap();
    assert_eq!(journal.recovery.epoch, 1 << 20);
    journal.replayed
}

fn fault(history: &mut History, disk: &SimDisk, within: u64) {
    let at = Some(disk.operations() + history.below(within));
    disk.set_faults(match history.below(3) {
        0 => Faults { fail_at: at, ..Faults::default() },
        _ => Faults { crash_at: at, ..Faults::default() },
    });
}

/// Opens the leader until it works.
fn lead(disk: &SimDisk, history: &mut History, opening: &mut u8) -> Journal<SimDisk> {
    loop {
        *opening = opening.wrapping_add(1);
        if history.below(4) == 0 {
            fault(history, disk, 20);
        }
        if let Ok(journal) = reopen(disk, *opening) {
            return journal;
        }
        if history.below(2) == 0 { disk.crash() } else { disk.kill() }
    }
}

#[test]
fn both_crash_and_the_copy_stays_the_same() {
    let (mut behind, mut crashes, mut takeovers) = (0, 0, 0);
    for seed in 0..250 {
        let disk = SimDisk::new(seed);
        let mut history = History::new(seed);
        let mut follower = Follower::new(seed ^ 0xf0110);
        let mut opening = 0;
        for round in 0..12 {
            let what = format!("seed {seed}, round {round}");
            let mut leader = lead(&disk, &mut history, &mut opening);
            takeovers += u64::from(leader.recovery.taken_over.frames > 0);
            history = History::after(history.random(), &leader.replayed);
            if history.below(2) == 0 {
                fault(&mut history, &disk, 60);
            }
            for _ in 0..history.below(14) {
                let _ = leader.writer.spare_preparer().prepare();
                let about = [1, 1, 2, 30, 120][usize::try_from(history.below(5)).unwrap()];
                let events = history.batch(about);
                if leader.append(&events).is_err() {
                    break;
                }
                if history.below(3) > 0 {
                    continue;
                }
                if history.below(3) == 0 {
                    fault(&mut history, &follower.disk, 25);
                }
                let most = 1 + history.below(6);
                if follower.follow(&leader, most, &what).is_err() {
                    crashes += 1;
                    let power_loss = history.below(2) == 0;
                    follower.end(power_loss);
                }
            }
            let durable = leader.reader.durable_through();
            behind += u64::from(follower.followed_through < durable);
            if history.below(6) == 0 {
                follower.disk.set_faults(Faults::default());
                let all = promoted_prefix(&mut follower, &what);
                assert!(all >= follower.followed_through, "{what}");
            }
            drop(leader);
            disk.set_faults(Faults::default());
            if history.below(2) == 0 { disk.crash() } else { disk.kill() }
        }
        let what = format!("seed {seed}, at the end");
        let leader = reopen(&disk, 200).unwrap();
        follower.disk.set_faults(Faults::default());
        if follower.disk.has_crashed() {
            follower.end(true);
        }
        assert_eq!(follower.follow(&leader, u64::MAX, &what), Ok(true));
        assert_same(&disk, &follower.disk, &what);
        assert!(follower.events == leader.replayed, "{what}: it was handed other events");
        assert!(promoted(&follower.disk) == leader.replayed, "{what}: promoted, it has others");
        follower.end(true);
        assert_eq!(follower.open(&what).unwrap().followed_through(), leader.replayed.len() as u64);
        assert_same(&disk, &follower.disk, &what);
    }
    println!("{behind} times behind, {crashes} crashes of the standby, {takeovers} takeovers");
    assert!(behind > 200 && crashes > 200 && takeovers > 200);
}

/// How far a promotion of what is there now gets, after a crash.
fn promoted_prefix(follower: &mut Follower, what: &str) -> u64 {
    follower.end(true);
    let events = promoted(&follower.disk);
    assert!(events.len() as u64 >= follower.followed_through, "{what}: promoted, it has less");
    events.len() as u64
}

/// A history with a roll, restarts with and without frames, and a crash: every operation of the standby fails once.
#[test]
fn every_operation_of_the_standby() {
    let script = |follow: &mut dyn FnMut(&Journal<SimDisk>)| {
        let disk = SimDisk::new(5);
        let mut history = History::new(5);
        for (opening, frames) in [(1, 3), (2, 0), (3, 0), (4, 5), (5, 1)] {
            let mut journal = reopen(&disk, opening).unwrap();
            follow(&journal);
            for frame in 0..frames {
                let mut events = history.batch(2);
                if frame == 2 {
                    events.extend(history.transfers(250));
                }
                journal.append(&events).unwrap();
                if frame % 2 == 1 {
                    follow(&journal);
                }
            }
            drop(journal);
            disk.crash();
        }
        let journal = reopen(&disk, 9).unwrap();
        follow(&journal);
        (disk, journal.replayed)
    };
    for kind in ["power loss", "kill", "failure, power loss", "failure, kill"] {
        let mut at = 0;
        loop {
            let what = format!("operation {at}, {kind}");
            let mut follower = Follower::new(at);
            let is_crash = !kind.starts_with("failure");
            follower.disk.set_faults(Faults {
                crash_at: is_crash.then_some(at),
                fail_at: (!is_crash).then_some(at),
                ..Faults::default()
            });
            let mut faults = 0;
            let (disk, events) = script(&mut |leader| {
                while follower.follow(leader, u64::MAX, &what).is_err() {
                    faults += 1;
                    follower.end(kind.ends_with("power loss"));
                }
            });
            assert_same(&disk, &follower.disk, &what);
            assert!(follower.events == events, "{what}");
            if faults == 0 {
                assert!(at > 60, "{at} operations in all");
                break;
            }
            at += 1;
        }
    }
}

/// A leader with some of everything, and all that it has to ship.
fn pieces() -> (SimDisk, Journal<SimDisk>, Vec<Piece>) {
    let disk = SimDisk::new(3);
    let mut history = History::new(3);
    let mut journal = reopen(&disk, 1).unwrap();
    for _ in 0..4 {
        let events = history.batch(4);
        journal.append(&events).unwrap();
    }
    let many = history.transfers(200);
    journal.append(&many).unwrap();
    let many = history.transfers(200);
    journal.append(&many).unwrap();
    drop(journal);
    disk.crash();
    let mut journal = reopen(&disk, 2).unwrap();
    let events = history.batch(3);
    journal.append(&events).unwrap();
    let mut shipper = journal.reader.shipper(&FollowPoint::default()).unwrap();
    let pieces = std::iter::from_fn(|| shipper.next_piece().unwrap()).collect();
    (disk, journal, pieces)
}

/// No bit that comes otherwise than it was written gets to the disk, wherever it is.
#[test]
fn a_changed_piece_is_refused() {
    let (disk, _journal, pieces) = pieces();
    assert!(pieces.len() > 7, "{}", pieces.len());
    let mut follower = Follower::new(8);
    let mut history = History::new(8);
    follower.open("fresh").unwrap();
    for piece in pieces {
        let before = snapshot(&follower.disk);
        let (point, through) =
            (follower.standby.as_ref().unwrap().point(), follower.followed_through);
        for _ in 0..60 {
            let mut changed = piece.clone();
            let at = usize::try_from(history.below(changed.bytes.len() as u64)).unwrap();
            changed.bytes[at] ^= 1 << history.below(8);
            let refused = follower.take(&changed).expect_err("refused");
            let known = ["FOLLOW_PIECE_DAMAGED", "DATA_NEWER_FORMAT", "FOLLOW_DIVERGED"];
            assert!(known.contains(&refused.reason()), "byte {at}: {refused}");
            if refused.is_own() {
                follower.end(false);
                follower.open("again").unwrap();
            }
        }
        for cut in [1, 4_096, piece.bytes.len() - 1] {
            let mut shorter = piece.clone();
            shorter.bytes.truncate(piece.bytes.len() - cut.min(piece.bytes.len()));
            let is_frame_less = shorter.bytes.len() % 4_096 == 0 && cut == 4_096;
            let taken = if is_frame_less { continue } else { follower.take(&shorter) };
            assert_eq!(taken.expect_err("refused").reason(), "FOLLOW_PIECE_DAMAGED", "{cut}");
        }
        assert_eq!(follower.standby.as_ref().unwrap().point(), point);
        assert_eq!(follower.followed_through, through);
        assert!(snapshot(&follower.disk) == before, "something was written");
        follower.take(&piece).unwrap();
    }
    assert_same(&disk, &follower.disk, "what was not changed");
}

/// Whole pieces in any order but theirs.
#[test]
fn a_piece_of_another_place_is_refused() {
    let (_, _, pieces) = pieces();
    for skipped in 0..pieces.len() {
        let mut follower = Follower::new(8);
        follower.open("fresh").unwrap();
        for piece in &pieces[..skipped] {
            follower.take(piece).unwrap();
        }
        let before = snapshot(&follower.disk);
        for (number, piece) in pieces.iter().enumerate().filter(|(number, _)| *number != skipped) {
            // The header of a takeover can fit where what it cuts away is missing; its takeover frame does not.
            let mut refused = follower.take(piece).err();
            if refused.is_none() {
                let mut rest = pieces[number + 1..].iter();
                refused = rest.find_map(|piece| follower.take(piece).err());
                follower.end(false);
                follower.open("again").unwrap();
                assert!(snapshot(&follower.disk) == before, "{number} for {skipped}");
            }
            let refused =
                refused.unwrap_or_else(|| panic!("piece {number} in the place of {skipped}"));
            let known = ["FOLLOW_GAP", "FOLLOW_DIVERGED"];
            assert!(known.contains(&refused.reason()), "{number} for {skipped}: {refused}");
        }
        assert!(snapshot(&follower.disk) == before, "something was written");
        follower.take(&pieces[skipped]).unwrap();
    }
}

/// A leader that is not the one that was followed.
#[test]
fn other_leaders() {
    let (disk, leader, _) = pieces();
    let mut follower = Follower::new(4);
    assert_eq!(follower.follow(&leader, u64::MAX, "the leader"), Ok(true));
    let through = follower.followed_through;
    let point = follower.standby.as_ref().unwrap().point();
    let standby = follower.standby.as_ref().unwrap();
    let epoch = leader.recovery.epoch;
    for (epoch, durable_through, least, expected) in [
        (epoch, through, 0, None),
        (epoch + 1, through + 5, 0, None),
        (epoch - 1, through, 0, Some("FOLLOW_FENCED")),
        (epoch, through, 1 << 20, Some("FOLLOW_FENCED")),
        (1 << 20, through, 1 << 20, None),
        (epoch, through - 1, 0, Some("FOLLOW_AHEAD")),
    ] {
        let checked = standby.check_leader(epoch, durable_through, least);
        assert_eq!(checked.err().map(|error| error.reason()), expected, "{epoch} {least}");
    }

    // Another ledger; this one as it was earlier; and one that was begun from it elsewhere.
    let stranger = SimDisk::new(6);
    let strange = reopen(&stranger, 77).unwrap();
    let refused = strange.reader.shipper(&point).err().unwrap();
    assert_eq!(refused.reason(), "LINEAGE_CHANGED");
    let mut fresh = Follower::new(5);
    assert_eq!(fresh.follow(&strange, u64::MAX, "the stranger"), Ok(true));
    let mut shipper = leader.reader.shipper(&FollowPoint::default()).unwrap();
    let header = shipper.next_piece().unwrap().unwrap();
    assert_eq!(fresh.take(&header).unwrap_err().reason(), "LINEAGE_CHANGED");

    let copy = SimDisk::new(7);
    for (path, bytes) in snapshot(&disk) {
        copy.put(&path, &bytes).unwrap();
    }
    drop(leader);
    let mut leader = reopen(&disk, 11).unwrap();
    let mut history = History::after(1, &leader.replayed);
    let events = history.batch(3);
    leader.append(&events).unwrap();
    assert_eq!(follower.follow(&leader, u64::MAX, "the leader, again"), Ok(true));
    let point = follower.standby.as_ref().unwrap().point();
    let mut other = reopen(&copy, 12).unwrap();
    let refused = other.reader.shipper(&point).err().unwrap();
    assert_eq!(refused.reason(), "FOLLOW_AHEAD", "{refused}");
    let mut history = History::after(2, &other.replayed);
    for _ in 0..9 {
        let events = history.batch(3);
        other.append(&events).unwrap();
    }
    let refused = other.reader.shipper(&point).err().unwrap();
    assert_eq!(refused.reason(), "FOLLOW_DIVERGED", "{refused}");
}

/// A leader that comes back with less than it had made durable: by a takeover that is whole, and does not reach what was
/// followed. The standby keeps what it has.
#[test]
fn a_leader_that_has_lost_events_is_not_followed() {
    let disk = SimDisk::new(2);
    let mut history = History::new(2);
    let mut leader = reopen(&disk, 1).unwrap();
    for _ in 0..4 {
        let events = history.batch(3);
        leader.append(&events).unwrap();
    }
    let mut follower = Follower::new(2);
    assert_eq!(follower.follow(&leader, u64::MAX, "before"), Ok(true));
    let (had, position) = (follower.followed_through, leader.writer.status().segment_used_bytes);
    drop(leader);
    // The last frame is gone, without a trace.
    let mut bytes = disk.contents(&segment(1)).unwrap();
    let last = usize::try_from(position).unwrap() - 4_096;
    bytes[last..].fill(0);
    disk.put(&segment(1), &bytes).unwrap();
    let mut leader = reopen(&disk, 2).unwrap();
    let mut history = History::after(3, &leader.replayed);
    while leader.reader.durable_through() < had + 3 {
        let events = history.batch(2);
        leader.append(&events).unwrap();
    }
    let before = snapshot(&follower.disk);
    let mut shipper = leader.reader.shipper(&follower.standby.as_ref().unwrap().point()).unwrap();
    let refused = loop {
        let piece = shipper.next_piece().unwrap().expect("more");
        if let Err(refused) = follower.take(&piece) {
            break refused;
        }
    };
    assert_eq!(refused.reason(), "FOLLOW_DIVERGED", "{refused}");
    assert_eq!(follower.followed_through, had);
    for (path, bytes) in before {
        assert!(follower.disk.contents(&path).unwrap() == bytes, "{}", path.display());
    }
    // What came of the takeover does not count, and goes.
    follower.end(true);
    assert_eq!(follower.open("after").unwrap().followed_through(), had);
    assert_eq!(segments(&follower.disk).len(), 1);
    assert_eq!(promoted(&follower.disk).len() as u64, had);
}

/// What has changed since it was followed is damage, and not taken for a write that the power cut off: not where the mark of
/// that write was taken back, and not where a power failure has brought it back.
#[test]
fn rot_where_a_mark_was() {
    for (power_loss, seed) in [false, true].into_iter().flat_map(|it| (0..40).map(move |n| (it, n)))
    {
        let what = format!("seed {seed}, power loss {power_loss}");
        let disk = SimDisk::new(seed);
        let mut history = History::new(seed);
        let mut leader = reopen(&disk, 1).unwrap();
        for _ in 0..4 {
            let events = history.batch(2);
            leader.append(&events).unwrap();
        }
        let mut follower = Follower::new(seed);
        // All four frames with one sync; then, in some cases, one more frame.
        assert_eq!(follower.follow(&leader, u64::MAX, &what), Ok(true));
        let behind = u64::from(seed % 2 == 0);
        for _ in 0..behind {
            let events = history.batch(2);
            leader.append(&events).unwrap();
            assert_eq!(follower.follow(&leader, u64::MAX, &what), Ok(true));
        }
        let had = follower.followed_through;
        follower.end(power_loss);
        // Somewhere in the first frame, the second, or the last.
        let used = leader.writer.status().segment_used_bytes;
        let at = [4_096 + 100, 8_192 + 200, used - 4_096 + 300][usize::try_from(seed % 3).unwrap()];
        let at = usize::try_from(at).unwrap();
        follower.disk.flip_bit(&segment(1), at, 3).unwrap();
        let before = snapshot(&follower.disk);
        let opened =
            Standby::open(&follower.disk, &dir(), &mut |_| Ok(()), &mut |_| {}).map(|_| ());
        let reason = opened.map_err(|error| error.reason());
        assert!(
            matches!(reason, Err("JOURNAL_DAMAGED" | "JOURNAL_DAMAGED_TAIL")),
            "{what}: {reason:?} at {at}"
        );
        assert!(segments_of(&before) == segments_of(&snapshot(&follower.disk)), "{what}: changed");
        follower.disk.flip_bit(&segment(1), at, 3).unwrap();
        assert_eq!(follower.open(&what).unwrap().followed_through(), had);
    }
}

/// Rot in the last frame, which nothing vouches for: it is cut off if that is wanted, what was cut is said, and it is had from the
/// leader again.
#[test]
fn a_damaged_tail_is_cut_and_had_again() {
    for seed in 0..20 {
        let what = format!("seed {seed}");
        let disk = SimDisk::new(seed);
        let mut history = History::new(seed);
        let mut leader = reopen(&disk, 1).unwrap();
        for _ in 0..3 {
            let events = history.batch(2);
            leader.append(&events).unwrap();
        }
        let mut follower = Follower::new(seed);
        assert_eq!(follower.follow(&leader, u64::MAX, &what), Ok(true));
        let had = follower.followed_through;
        follower.end(seed % 2 == 0);
        let last = leader.writer.status().segment_used_bytes - 4_096;
        let at = usize::try_from(last).unwrap() + 300;
        follower.disk.flip_bit(&segment(1), at, 3).unwrap();
        let open = |cut: bool| {
            let open =
                if cut { Standby::<SimDisk>::open_and_cut } else { Standby::<SimDisk>::open };
            open(&follower.disk, &dir(), &mut |_| Ok(()), &mut |_| {})
        };
        assert_eq!(open(false).err().map(|error| error.reason()), Some("JOURNAL_DAMAGED"));
        let (standby, report) = open(true).unwrap_or_else(|error| panic!("{what}: {error}"));
        let cut = report.cut.expect("something was cut");
        assert!(cut.was_damaged && cut.file == segment(1), "{what}: {cut:?}");
        assert_eq!((cut.offset, cut.bytes), (last, 4_096), "{what}");
        assert!(standby.followed_through() < had, "{what}");
        drop(standby);
        follower.disk.crash();
        follower.followed_through = 0; // of that it has lost some
        assert_eq!(follower.follow(&leader, u64::MAX, &what), Ok(true));
        assert_eq!(follower.followed_through, had);
        assert_same(&disk, &follower.disk, &what);
    }
}

fn segments_of(files: &[(std::path::PathBuf, Vec<u8>)]) -> Vec<&(std::path::PathBuf, Vec<u8>)> {
    files.iter().filter(|(path, _)| path.extension().is_some_and(|it| it == "segment")).collect()
}

/// A follower with a full disk says so, and goes on when there is room.
#[test]
fn a_full_disk() {
    let (disk, leader, _) = pieces();
    let mut follower = Follower::new(4);
    follower.disk.set_faults(Faults { capacity_bytes: Some(SEGMENT_BYTES), ..Faults::default() });
    let mut refused = 0;
    for _ in 0..3 {
        if let Err(error) = follower.follow(&leader, u64::MAX, "full") {
            assert!(error.contains("no room"), "{error}");
            refused += 1;
            follower.end(false);
        }
    }
    assert_eq!(refused, 3);
    follower.disk.set_faults(Faults::default());
    assert_eq!(follower.follow(&leader, u64::MAX, "room"), Ok(true));
    assert_same(&disk, &follower.disk, "after a full disk");
}
