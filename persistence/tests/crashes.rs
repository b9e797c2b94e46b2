//! Crashes, kills and failing disks: what was acknowledged is there, nothing is there twice, and what is
//! there beyond is whole frames in order.

mod common;

use common::planted::{Plant, PlantedDisk};
use common::{History, Journal, SEGMENT_BYTES, dir, names, options, reopen, snapshot, verify};
use florin_engine::Event;
use florin_persistence::{Disk, Faults, OpenError, SimDisk, WriteError};

/// What the world outside knows: everything sent in frames, and how much of it was acknowledged.
#[derive(Debug, Default)]
struct Outside {
    acknowledged: usize,
    /// Events of the journal as far as they are known, and what was sent last, which may be there.
    events: Vec<Event>,
    in_flight: Vec<Event>,
}

impl Outside {
    /// Compares with what a journal holds; what was in flight is there as a whole or not at all.
    fn check(&mut self, replayed: &[Event], what: &str) {
        assert!(replayed.len() >= self.acknowledged, "{what}: acknowledged events are lost");
        let known = self.events.len();
        let (old, new) = replayed.split_at(known.min(replayed.len()));
        assert!(old == &self.events[..old.len()], "{what}: events have changed");
        assert_eq!(old.len(), known, "{what}: events that were there are not");
        assert!(new.is_empty() || new == self.in_flight, "{what}: a frame in part, or of nobody");
        self.events.extend_from_slice(new);
        self.in_flight.clear();
        self.acknowledged = self.events.len();
    }
}

/// Appends so many frames; stops at the first error.
fn run(
    journal: &mut Journal<SimDisk>,
    history: &mut History,
    outside: &mut Outside,
    frames: u64,
) -> Result<(), WriteError> {
    for _ in 0..frames {
        if history.below(3) == 0 {
            // An error is no harm: the writer makes one itself if it has to.
            let _ = journal.writer.spare_preparer().prepare();
        }
        let about = [1, 1, 3, 20, 90][usize::try_from(history.below(5)).unwrap()];
        let events = history.batch(about);
        outside.in_flight.clone_from(&events);
        let middle = events.len() / 2;
        let cut = (0..=middle).rev().find(|at| !splits_group(&events, *at)).unwrap();
        journal.writer.append(&[&events[..cut], &events[cut..]])?;
        outside.events.append(&mut outside.in_flight);
        outside.acknowledged = outside.events.len();
        assert_eq!(journal.reader.durable_through(), outside.acknowledged as u64);
    }
    Ok(())
}

fn splits_group(events: &[Event], at: usize) -> bool {
    use florin_engine::Body::TransferPosted;
    matches!(events.get(at).map(|event| &event.body), Some(TransferPosted(t)) if t.group.index > 0)
}

fn is_damage(error: &OpenError) -> bool {
    error.reason() == "JOURNAL_DAMAGED"
}

/// Opens until it works, with whatever crashes in between; the fault of the last opening is none.
fn recover(
    disk: &SimDisk,
    history: &mut History,
    opening: &mut u8,
    what: &str,
) -> Journal<SimDisk> {
    for attempt in 0.. {
        *opening = opening.wrapping_add(1);
        if attempt < 3 && history.below(2) == 0 {
            let at = disk.operations() + history.below(20);
            let crash = history.below(2) == 0;
            disk.set_faults(Faults {
                crash_at: crash.then_some(at),
                fail_at: (!crash).then_some(at),
                ..disk.faults()
            });
        }
        match reopen(disk, *opening) {
            Ok(journal) => return journal,
            Err(error) => {
                assert!(!is_damage(&error), "{what}: {error}");
                end_process(disk, history);
            }
        }
    }
    unreachable!()
}

/// The machine loses its power, or just the process dies.
fn end_process(disk: &SimDisk, history: &mut History) {
    if history.below(2) == 0 {
        disk.crash();
    } else {
        disk.kill();
    }
}

#[test]
fn append_crash_and_open_again() {
    let (mut crashes, mut lost, mut torn, mut failed) = (0, 0, 0, 0);
    for seed in 0..400 {
        let disk = SimDisk::new(seed);
        let mut history = History::new(seed);
        let mut outside = Outside::default();
        let mut opening = 0;
        for round in 0..8 {
            let what = format!("seed {seed}, round {round}");
            let mut journal = recover(&disk, &mut history, &mut opening, &what);
            outside.check(&journal.replayed, &what);
            history = History::after(history.random(), &outside.events);
            let at = disk.operations() + history.below(60);
            disk.set_faults(match history.below(3) {
                0 => Faults { crash_at: Some(at), ..Faults::default() },
                1 => Faults { fail_at: Some(at), ..Faults::default() },
                _ => {
                    Faults { sync_error_ppm: 30_000, write_error_ppm: 10_000, ..Faults::default() }
                }
            });
            if run(&mut journal, &mut history, &mut outside, 25).is_err() {
                let events = history.batch(1);
                let again = journal.append(&events);
                assert!(matches!(again, Err(WriteError::Poisoned)), "{what}: {again:?}");
            } else {
                outside.in_flight.clear();
            }
            drop(journal);
            disk.set_faults(Faults { crash_at: None, fail_at: None, ..Faults::default() });
            end_process(&disk, &mut history);
        }
        // Two openings without a fault find the same, and a look from outside before and after as well.
        let what = format!("seed {seed}, at the end");
        let (_, seen) = verify(&disk).unwrap();
        outside.check(&seen, &what);
        for opening in [101, 102] {
            let journal = reopen(&disk, opening).unwrap();
            assert!(journal.replayed == outside.events, "{what}: openings differ");
        }
        let counters = disk.counters();
        crashes += counters.crashes;
        lost += counters.lost_writes;
        torn += counters.torn_writes;
        failed += counters.failed_operations;
    }
    println!(
        "{crashes} crashes, {lost} lost writes, {torn} torn writes, {failed} failed operations"
    );
    assert!(crashes > 500 && lost > 500 && torn > 500 && failed > 500);
}

/// How a run ends at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    PowerLoss,
    Kill,
    /// The operation fails, then the process dies.
    Failure,
    /// The operation fails, then the power goes.
    FailureAndPowerLoss,
}

/// A short run with two openings and a roll in it, whose operation number `k` goes wrong. Says whether the
/// run was long enough for that.
fn run_until(k: u64, ending: Ending, seed: u64) -> bool {
    let disk = SimDisk::new(seed);
    let mut outside = Outside::default();
    let is_crash = matches!(ending, Ending::PowerLoss | Ending::Kill);
    disk.set_faults(Faults {
        crash_at: is_crash.then_some(k),
        fail_at: (!is_crash).then_some(k),
        ..Faults::default()
    });
    let what = format!("operation {k}, {ending:?}, seed {seed}");
    let mut script = || -> Result<(), String> {
        let mut history = History::new(1);
        for (opening, frames) in [(1, 4), (2, 0), (3, 3)] {
            let mut journal = reopen(&disk, opening).map_err(|e| {
                assert!(!is_damage(&e), "{what}: {e}");
                e.to_string()
            })?;
            outside.check(&journal.replayed, &what);
            for frame in 0..frames {
                // The second to last does not fit any more.
                let mut events = history.batch(2);
                if frame == 2 {
                    events.extend(history.transfers(250));
                }
                if opening == 3 {
                    let _ = journal.writer.spare_preparer().prepare();
                }
                outside.in_flight.clone_from(&events);
                journal.append(&events).map_err(|e| e.to_string())?;
                outside.events.append(&mut outside.in_flight);
                outside.acknowledged = outside.events.len();
            }
            outside.in_flight.clear();
            disk.kill_softly();
        }
        Ok(())
    };
    let _ = script();
    let reached = disk.operations() > k;
    match ending {
        Ending::PowerLoss | Ending::FailureAndPowerLoss => disk.crash(),
        Ending::Kill | Ending::Failure => disk.kill(),
    }
    disk.set_faults(Faults::default());
    for opening in [11, 12] {
        let journal = reopen(&disk, opening).unwrap_or_else(|e| panic!("{what}: {e}"));
        outside.check(&journal.replayed, &what);
        // And once more after the power has gone for real: what one opening built on stays.
        drop(journal);
        disk.crash();
    }
    let (report, found) = verify(&disk).unwrap();
    outside.check(&found, &what);
    assert_eq!(report.obsolete_segments, 0, "{what}: {:?}", names(&disk));
    reached
}

/// Keeps faults that are still to come.
trait KillSoftly {
    fn kill_softly(&self);
}

impl KillSoftly for SimDisk {
    fn kill_softly(&self) {
        let faults = self.faults();
        self.kill();
        self.set_faults(faults);
    }
}

#[test]
fn every_operation_of_a_run_goes_wrong_once() {
    for ending in [Ending::PowerLoss, Ending::Kill, Ending::Failure, Ending::FailureAndPowerLoss] {
        let mut operations = 0;
        for k in 0.. {
            let mut reached = false;
            for seed in 0..12 {
                reached |= run_until(k, ending, seed);
            }
            if !reached {
                break;
            }
            operations = k;
        }
        assert!(operations > 40, "{ending:?}: only {operations} operations");
    }
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    let disk = SimDisk::new(3);
    let mut journal = reopen(&disk, 1).unwrap();
    let mut history = History::new(3);
    let acknowledged = history.batch(5);
    journal.append(&acknowledged).unwrap();
    // The write of the next frame is the next operation, its sync the one after.
    disk.set_faults(Faults { fail_at: Some(disk.operations() + 1), ..Faults::default() });
    let events = history.batch(5);
    let error = journal.append(&events).unwrap_err();
    assert!(matches!(error, WriteError::Failed { did: "synced", .. }), "{error}");
    let after = disk.operations();
    for _ in 0..3 {
        assert!(matches!(journal.append(&events), Err(WriteError::Poisoned)));
    }
    assert_eq!(disk.operations(), after, "it touched the disk again");
    assert_eq!(journal.reader.durable_through(), acknowledged.len() as u64);
    assert!(journal.reader.read(acknowledged.len() as u64 + 1).is_err());
}

#[test]
fn a_disk_that_tries_a_failed_sync_again_loses_what_was_acknowledged() {
    let lost = (0..100).find(|seed| {
        let disk = SimDisk::new(*seed);
        let planted = PlantedDisk { disk: disk.clone(), plant: Plant::RetriesSyncs };
        let mut journal = Journal::open(&planted, &dir(), &options(1)).unwrap();
        let mut history = History::new(*seed);
        disk.set_faults(Faults { sync_error_ppm: 100_000, ..Faults::default() });
        for _ in 0..20 {
            if journal.append(&history.batch(5)).is_err() {
                break;
            }
        }
        let acknowledged = journal.reader.durable_through();
        drop(journal);
        disk.crash();
        disk.set_faults(Faults::default());
        // Lost, or so damaged that it does not open: it is seen.
        reopen(&disk, 2).map_or(true, |journal| (journal.replayed.len() as u64) < acknowledged)
    });
    assert!(lost.is_some(), "the simulated disk forgives a sync that is tried again");
}

#[test]
fn what_only_the_page_cache_holds_is_not_built_on() {
    let (mut gone, mut kept) = (0, 0);
    for seed in 0..60 {
        let disk = SimDisk::new(seed);
        let mut journal = reopen(&disk, 1).unwrap();
        let mut history = History::new(seed);
        let acknowledged = history.batch(5);
        journal.append(&acknowledged).unwrap();
        disk.set_faults(Faults { fail_at: Some(disk.operations() + 1), ..Faults::default() });
        let unsynced = history.batch(30);
        journal.append(&unsynced).unwrap_err();
        drop(journal);
        // The process dies, the kernel lives: reads still see the whole frame.
        disk.kill();
        let journal = reopen(&disk, 2).unwrap();
        let replayed = journal.replayed.clone();
        drop(journal);
        disk.crash();
        assert!(
            reopen(&disk, 3).unwrap().replayed == replayed,
            "seed {seed}: it was built on sand"
        );
        match replayed.len() - acknowledged.len() {
            0 => gone += 1,
            n => {
                assert_eq!(n, unsynced.len());
                kept += 1;
            }
        }
    }
    assert!(gone > 10 && kept > 5, "{gone} gone, {kept} kept");
}

#[test]
fn openings_without_events_leave_no_segments_behind() {
    let disk = SimDisk::new(1);
    let mut history = History::new(1);
    let mut journal = reopen(&disk, 1).unwrap();
    let events = history.batch(3);
    journal.append(&events).unwrap();
    drop(journal);
    for opening in 2..30 {
        disk.kill();
        let journal = reopen(&disk, opening).unwrap();
        assert!(journal.replayed == events);
        assert_eq!(journal.recovery.epoch, u64::from(opening));
        assert_eq!(journal.recovery.taken_over.frames, 1);
    }
    assert_eq!(names(&disk), ["0000000001.segment", "0000000029.segment"]);
    assert_eq!(disk.contents(&common::segment(1)).unwrap().len(), 4_096, "it is cut");
}

#[test]
fn a_read_error_stops_the_opening_and_changes_nothing() {
    let disk = SimDisk::new(9);
    let mut journal = reopen(&disk, 1).unwrap();
    let mut history = History::new(9);
    for _ in 0..40 {
        journal.append(&history.batch(10)).unwrap();
    }
    drop(journal);
    disk.kill();
    let before = snapshot(&disk);
    let mut failed = 0;
    for opening in 0..40 {
        disk.set_faults(Faults { read_error_ppm: 200_000, ..Faults::default() });
        match Journal::open(&disk, &dir(), &options(opening)) {
            Err(error) => {
                assert_eq!(error.reason(), "DATA_IO", "{error}");
                assert!(snapshot(&disk) == before, "it changed something");
                failed += 1;
            }
            Ok(_) => break,
        }
    }
    assert!(failed > 0);
    disk.set_faults(Faults::default());
    let free = disk.free_bytes(&dir()).unwrap();
    assert!(free > SEGMENT_BYTES);
    reopen(&disk, 99).unwrap();
}
