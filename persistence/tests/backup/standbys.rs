//! Leaders that were restored or forked: what they have of the histories before is shipped and followed like their own,
//! and nobody is led from one history into another.

use std::path::Path;

use florin_engine::Event;
use florin_persistence::backup::{LineageChoice, Moment};
use florin_persistence::{
    Disk, FollowPoint, JournalOptions, SimDisk, Standby, is_fork, journal_dir, settle,
};

use crate::common::{Journal, dir, options};
use crate::ledger::{Book, Dice, back_up, bring_back, restoring, whole_groups};

/// A standby's folder, and what it was handed since it was opened last.
struct Copy {
    disk: SimDisk,
    events: Vec<Event>,
}

impl Copy {
    fn new(seed: u64) -> Self {
        Self { disk: SimDisk::new(seed), events: Vec::new() }
    }

    /// Follows for at most so many pieces; whether there was nothing left, or the reason why not.
    fn follow(&mut self, leader: &Book, most: u64) -> Result<bool, &'static str> {
        self.events.clear();
        let mut keep = |event| {
            self.events.push(event);
            Ok(())
        };
        let (mut standby, _) = Standby::open(&self.disk, &dir(), &mut keep, &mut |_| {}).unwrap();
        let shipper = leader.journal().reader.shipper(&standby.point());
        let mut shipper = shipper.map_err(|error| error.reason())?;
        for _ in 0..most {
            let Some(piece) = shipper.next_piece().unwrap() else { return Ok(true) };
            standby.take(&piece, &mut keep).map_err(|error| error.reason())?;
        }
        Ok(false)
    }

    /// Every segment, by name and content.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        segments(&self.disk, &dir())
    }

    /// As a server opens it once it was promoted: its lineage, and all events.
    fn promoted(&self) -> ([u8; 16], Vec<Event>) {
        let copy = SimDisk::new(1);
        for path in self.disk.files(&dir()) {
            copy.put(&path, &self.disk.contents(&path).unwrap()).unwrap();
        }
        settle(&copy, &dir()).unwrap();
        let promoted = JournalOptions { epoch_least: 1 << 20, ..options(250) };
        let journal = Journal::open(&copy, &dir(), &promoted).unwrap();
        (journal.recovery.lineage, journal.replayed)
    }
}

fn segments(disk: &SimDisk, dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<_> = disk.list(dir).unwrap().into_iter().map(|entry| entry.name).collect();
    names.retain(|name| name.ends_with(".segment"));
    names.sort();
    names.into_iter().map(|name| (name.clone(), disk.contents(&dir.join(name)).unwrap())).collect()
}

fn lived(disk: &SimDisk, seed: u64) -> Book {
    let mut book = Book::new(disk, "/data", seed);
    for _ in 0..3 {
        let steps = book.dice.below(16);
        book.steps(steps);
        match book.dice.below(3) {
            0 => disk.crash(),
            1 => disk.kill(),
            _ => book.close(),
        }
        book.open();
    }
    book.steps(6);
    book
}

#[test]
fn whatever_moment_a_leader_was_restored_to() {
    let (mut refused, mut followed) = (0, 0);
    for seed in 0..6 {
        let disk = SimDisk::new(seed);
        let mut book = lived(&disk, seed);
        let exported = back_up(&book, false).unwrap();
        let durable = book.durable();
        let mut dice = Dice::new(seed ^ 0x5eed);
        for at in (1..=durable).step_by(3 + usize::try_from(seed).unwrap()) {
            let expected = whole_groups(&book.events, at);
            if expected == 0 {
                continue;
            }
            let what = format!("seed {seed}, restored to event {expected} of {durable}");
            let choice =
                [LineageChoice::New, LineageChoice::Fork][usize::try_from(at % 2).unwrap()];
            let data = format!("/restored-{at}");
            let number = u8::try_from(at % 240).unwrap();
            let options = restoring(Moment::Sequence(at), choice, number);
            let restored = bring_back(&disk, &exported.manifest, &data, &options).unwrap();

            // One that has followed the original so far, or all of it.
            let mut before = Copy::new(at);
            let pieces = if dice.below(3) == 0 { u64::MAX } else { dice.below(30) };
            before.follow(&book, pieces).unwrap();
            let had = before.events.len() as u64;

            let mut leader = Book::reopened(&disk, Path::new(&data), at % 100);
            for _ in 0..dice.below(4) {
                let steps = dice.below(8);
                leader.steps(steps);
                leader.open();
            }
            leader.plain_frame(1, 30);

            // From nothing, with restarts and power failures on the way.
            let mut copy = Copy::new(at ^ 0xc0);
            while !copy.follow(&leader, 1 + dice.below(12)).unwrap() {
                if dice.below(2) == 0 {
                    copy.disk.crash();
                }
            }
            assert_eq!(copy.files(), segments(&disk, &leader.dir()), "{what}");
            assert!(copy.promoted() == (restored.lineage.0, leader.events.clone()), "{what}");
            let is_fork = is_fork(&copy.disk, &dir()).unwrap();
            assert_eq!(is_fork, choice == LineageChoice::Fork, "{what}");

            // Who has nothing that the restored one lacks may go on with it; anybody else keeps what it has.
            let outcome = before.follow(&leader, u64::MAX);
            if had <= expected {
                followed += 1;
                assert_eq!(outcome, Ok(true), "{what}, after {had}");
                assert_eq!(before.files(), copy.files(), "{what}, after {had}");
            } else {
                refused += 1;
                let reason = outcome.unwrap_err();
                let known = ["FOLLOW_DIVERGED", "FOLLOW_AHEAD"];
                assert!(known.contains(&reason), "{what}, after {had}: {reason}");
                let had = usize::try_from(had).unwrap();
                let (_, events) = before.promoted();
                assert!(events == book.events[..had], "{what}: lost some of {had}");
            }
            // There is no way back.
            assert_eq!(copy.follow(&book, u64::MAX), Err("LINEAGE_CHANGED"), "{what}");
        }
        book.close();
    }
    println!("{followed} went on, {refused} refused");
    assert!(followed > 20 && refused > 20, "{followed} {refused}");
}

/// A fork of a restored ledger: three histories in one journal.
#[test]
fn histories_behind_histories() {
    let disk = SimDisk::new(9);
    let book = lived(&disk, 9);
    let first = back_up(&book, false).unwrap();
    let middle = Moment::Sequence(whole_groups(&book.events, book.durable() / 2));
    let options = restoring(middle, LineageChoice::New, 1);
    bring_back(&disk, &first.manifest, "/b", &options).unwrap();
    let mut branch = Book::reopened(&disk, Path::new("/b"), 3);
    branch.steps(30);
    let second = back_up(&branch, false).unwrap();
    let options = restoring(Moment::End, LineageChoice::Fork, 2);
    let forked = bring_back(&disk, &second.manifest, "/c", &options).unwrap();
    let mut leader = Book::reopened(&disk, Path::new("/c"), 5);
    leader.steps(30);

    let mut copy = Copy::new(4);
    let mut seen = Vec::new();
    let mut keep = |_| Ok(());
    let (mut standby, _) = Standby::open(&copy.disk, &dir(), &mut keep, &mut |_| {}).unwrap();
    let mut shipper = leader.journal().reader.shipper(&standby.point()).unwrap();
    while let Some(piece) = shipper.next_piece().unwrap() {
        standby.take(&piece, &mut keep).unwrap();
        let lineage = standby.lineage().unwrap();
        if seen.last() != Some(&lineage) {
            seen.push(lineage);
        }
    }
    drop(standby);
    assert_eq!(copy.follow(&leader, u64::MAX), Ok(true));
    assert_eq!(seen.len(), 3, "one after the other");
    assert_eq!(seen[2], forked.lineage.0);
    assert_eq!(copy.files(), segments(&disk, &leader.dir()));
    assert!(copy.promoted() == (forked.lineage.0, leader.events.clone()));
    assert!(is_fork(&copy.disk, &dir()).unwrap());
}

/// A segment of another history is taken only if it says that it goes on from the one that is here.
#[test]
fn a_history_that_does_not_go_on_from_it() {
    let disk = SimDisk::new(11);
    let mut book = Book::new(&disk, "/data", 11);
    book.steps(10);
    let exported = back_up(&book, false).unwrap();
    let mut ends = Vec::new();
    for (data, seed) in [("/b", 1), ("/c", 2)] {
        let options = restoring(Moment::End, LineageChoice::New, seed);
        bring_back(&disk, &exported.manifest, data, &options).unwrap();
        let mut leader = Book::reopened(&disk, Path::new(data), u64::from(seed));
        leader.steps(3);
        ends.push(leader);
    }
    // The second one has opened once more, so that its last segment comes behind all that the first one has.
    ends[1].open();
    let mut copy = Copy::new(1);
    copy.follow(&ends[0], u64::MAX).unwrap();
    let before = copy.files();
    let mut keep = |_| Ok(());
    let (mut standby, _) = Standby::open(&copy.disk, &dir(), &mut keep, &mut |_| {}).unwrap();
    let number = standby.point().segment;
    let mut shipper = ends[1].journal().reader.shipper(&FollowPoint::default()).unwrap();
    let mut pieces = std::iter::from_fn(|| shipper.next_piece().unwrap());
    let header = pieces.find(|piece| piece.offset == 0 && piece.segment > number);
    let refused = standby.take(&header.expect("a later segment"), &mut keep).unwrap_err();
    assert_eq!(refused.reason(), "LINEAGE_CHANGED", "{refused}");
    drop(standby);
    assert_eq!(copy.files(), before, "something was written");
}

/// The same history, brought back from a backup, goes on where it ends; while the leader is backed up, it is followed.
#[test]
fn a_standby_from_a_backup() {
    let disk = SimDisk::new(12);
    let mut book = lived(&disk, 12);
    let mut copy = Copy::new(3);
    copy.follow(&book, 5).unwrap();
    let exported = back_up(&book, false).unwrap();
    let options = restoring(Moment::End, LineageChoice::Same, 1);
    bring_back(&disk, &exported.manifest, "/seed", &options).unwrap();
    let mut seeded = Copy::new(5);
    for (name, bytes) in segments(&disk, &journal_dir(Path::new("/seed"), 0)) {
        seeded.disk.create_dir_all(&dir()).unwrap();
        seeded.disk.put(&dir().join(name), &bytes).unwrap();
    }
    book.steps(10);
    book.open();
    book.steps(4);
    let full = back_up(&book, true).unwrap();
    assert_eq!(full.manifest.sequence, book.durable());
    for copy in [&mut copy, &mut seeded] {
        assert_eq!(copy.follow(&book, u64::MAX), Ok(true));
        assert_eq!(copy.files(), segments(&disk, &book.dir()));
        assert!(copy.promoted().1 == book.events);
    }
}
