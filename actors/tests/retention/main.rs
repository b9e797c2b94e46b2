//! What is old goes to the archive, and nothing is missed: on a simulated disk, with a crash at every step.

mod bank;
mod history;
mod reach;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bank::{Bank, Doubtful, KEEP_SEGMENTS, places, replayed, take};
use florin_actors::archive::ArchiveFault;
use florin_engine::Event;
use florin_persistence::archive::{Archive, Marker};
use florin_persistence::backup::{DirPlace, ExportOptions, Place, export, load, verify};
use florin_persistence::snapshot::FileStore;
use florin_persistence::{Disk, Faults, OpenError, SimDisk, scan};

#[expect(clippy::unnecessary_wraps, reason = "as it is passed on")]
fn near(disk: &SimDisk) -> Option<Arc<dyn Place>> {
    Some(Arc::new(DirPlace::new(disk.clone(), "/archive")))
}

/// A bank with a dozen sealed segments, an opening without events among them.
fn bank(disk: &SimDisk, place: Option<Arc<dyn Place>>) -> Bank {
    drop(Bank::open(disk, place.clone(), None, 1, Vec::new()).expect("it opens"));
    let mut bank = Bank::open(disk, place.clone(), None, 2, Vec::new()).expect("it opens");
    bank.pay(30);
    let events = std::mem::take(&mut bank.events);
    drop(bank);
    let mut bank = Bank::open(disk, place, None, 3, events).expect("it opens");
    bank.pay(50);
    bank.seal();
    bank
}

fn reopen(bank: Bank, place: Option<Arc<dyn Place>>, opening: u8) -> Result<Bank, OpenError> {
    let Bank { disk, events, .. } = bank;
    Bank::open(&disk, place, None, opening, events)
}

fn files(disk: &SimDisk, dir: &Path) -> Vec<PathBuf> {
    let entries = disk.list(dir).unwrap_or_default();
    entries.into_iter().map(|entry| dir.join(entry.name)).collect()
}

#[test]
fn what_is_archived_is_read_as_before() {
    for is_near in [true, false] {
        let disk = SimDisk::new(1);
        let place = Doubtful::new(&disk, is_near);
        let as_place = || -> Option<Arc<dyn Place>> { Some(place.clone()) };
        let mut bank = bank(&disk, as_place());
        let over = bank.started.reader.segments_over();
        assert!(over.iter().any(|(_, span)| span.is_empty()), "a segment without events");
        let archived = bank.archive_all();
        assert_eq!(archived, (over.len() - KEEP_SEGMENTS) as u64);
        assert_eq!(bank.archive_all(), 0, "nothing is left to do");
        assert_eq!(bank.here().len(), KEEP_SEGMENTS + 1, "{:?}", bank.here());
        assert_eq!(bank.started.reader.archived_through(), *over[over.len() - 3].1.end());
        bank.check();
        let fetched = files(&disk, &places().fetched).len();
        assert_eq!(fetched, if is_near { 0 } else { 4 }, "bounded");

        // Again from the checkpoint, and on.
        let mut bank = reopen(bank, as_place(), 5).expect("it opens");
        assert!(bank.started.snapshot.is_some());
        bank.check();
        bank.pay(20);
        bank.seal();
        assert!(bank.archive_all() > 0);
        bank.check();
        reopen(bank, as_place(), 6).expect("it opens").check();
    }
}

#[test]
fn a_crash_at_any_step_loses_nothing() {
    let mut interrupted = 0;
    for operation in 0.. {
        let fails = operation % 3 == 0;
        let disk = SimDisk::new(operation);
        let mut bank = bank(&disk, near(&disk));
        let segments: Vec<u64> = bank.here();
        let at = Some(disk.operations() + operation);
        disk.set_faults(if fails {
            Faults { fail_at: at, ..Faults::default() }
        } else {
            Faults { crash_at: at, ..Faults::default() }
        });
        let outcome = loop {
            match bank.archive() {
                Ok(Some(_)) => {}
                outcome => break outcome,
            }
        };
        if fails {
            disk.kill();
        } else {
            disk.crash();
        }
        // No segment is missing that the marker does not name, and that is not whole in the archive.
        let marker = Marker::load(&disk, &places().partition).expect("it is whole or not there");
        let named: Vec<u64> =
            marker.iter().flat_map(|it| &it.segments).map(|it| it.object.number).collect();
        let here = bank.here();
        for number in &segments {
            let is_named = named.contains(number);
            assert!(here.contains(number) || is_named, "operation {operation}: segment {number}");
        }
        let mut bank = reopen(bank, near(&disk), 7).expect("it opens");
        bank.check();
        assert!(bank.here().iter().all(|number| !named.contains(number)), "what is left over goes");
        if outcome.is_ok() && !fails {
            break;
        }
        interrupted += u64::from(outcome.is_err());
        bank.seal();
        bank.archive_all();
        bank.check();
    }
    assert!(interrupted > 40, "{interrupted}");
}

/// What a process that died has left is seen by the next one, and is on no disk yet: names that were never synced.
#[test]
fn a_death_at_any_step_and_then_a_power_failure_lose_nothing() {
    let mut interrupted = 0;
    for operation in 0.. {
        let disk = SimDisk::new(operation);
        let mut bank = bank(&disk, near(&disk));
        let at = Some(disk.operations() + operation);
        disk.set_faults(Faults { fail_at: at, ..Faults::default() });
        let outcome = loop {
            match bank.archive() {
                Ok(Some(_)) => {}
                outcome => break outcome,
            }
        };
        disk.kill();
        let mut bank = reopen(bank, near(&disk), 7).expect("it opens");
        // Before anything is taken away, or after something was.
        if operation % 2 == 0 {
            bank.archive().expect("one more, or none");
        }
        disk.crash();
        let mut bank = reopen(bank, near(&disk), 8)
            .unwrap_or_else(|error| panic!("operation {operation}, seed {operation}: {error}"));
        bank.check();
        if outcome.is_ok() {
            break;
        }
        interrupted += 1;
        bank.seal();
        bank.archive_all();
        bank.check();
    }
    assert!(interrupted > 40, "{interrupted}");
}

#[test]
fn an_archive_out_of_reach_disturbs_nobody_else() {
    let disk = SimDisk::new(2);
    let place = Doubtful::new(&disk, true);
    let as_place = || -> Option<Arc<dyn Place>> { Some(place.clone()) };
    let mut bank = bank(&disk, as_place());
    bank.archive_all();
    place.is_cut_off.store(true, Ordering::Relaxed);
    for opening in [None, Some(8), Some(9)] {
        if let Some(opening) = opening {
            // The other time it is not even known where it is.
            let place = if opening == 8 { as_place() } else { None };
            bank = reopen(bank, place, opening).expect("it opens");
            assert_eq!(bank.started.ledger.digest(), replayed(&bank.events).digest());
        }
        let reader = bank.started.reader.clone();
        let through = reader.archived_through();
        if opening.is_some() {
            let error = reader.read(1).expect_err("it is out of reach");
            assert!(error.is_of_archive(), "{error}");
            assert!(error.to_string().contains("archive") || error.to_string().contains("dead"));
        }
        for event in bank.events.iter().filter(|event| event.sequence > through) {
            assert_eq!(reader.read(event.sequence).expect("it is here"), *event);
        }
        bank.pay(20);
        bank.seal();
        let before = bank.here();
        match bank.archive() {
            Err(ArchiveFault::Copy(_) | ArchiveFault::Place(_)) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(bank.here(), before);
    }
    place.is_cut_off.store(false, Ordering::Relaxed);
    let mut bank = reopen(bank, as_place(), 10).expect("it opens");
    bank.check();
    assert!(bank.archive_all() > 0);
    bank.check();
}

#[test]
fn what_lies_beside_is_made_again_from_the_archive() {
    type Harm = fn(&SimDisk);
    let harms: [(&str, Harm); 4] = [
        ("no indexes", |disk| harm(disk, &places().sealed, None)),
        ("no ids", |disk| harm(disk, &places().ids, None)),
        ("damaged indexes", |disk| harm(disk, &places().sealed, Some(40))),
        ("damaged ids", |disk| harm(disk, &places().ids, Some(40))),
    ];
    for (what, do_harm) in harms {
        let disk = SimDisk::new(3);
        let mut bank = bank(&disk, near(&disk));
        bank.archive_all();
        do_harm(&disk);
        let mut bank =
            reopen(bank, near(&disk), 11).unwrap_or_else(|error| panic!("{what}: {error}"));
        bank.seal();
        assert!(
            bank.started
                .reader
                .segments_over()
                .iter()
                .all(|(number, _)| { bank.started.reader.has_index(*number) }),
            "{what}"
        );
        bank.check();
    }
}

/// Removes all files of a folder, or flips a bit in each.
fn harm(disk: &SimDisk, dir: &Path, flip: Option<usize>) {
    for path in files(disk, dir) {
        match flip {
            Some(offset) => disk.flip_bit(&path, offset, 3).expect("flipped"),
            None => disk.remove(&path).expect("removed"),
        }
    }
    disk.sync_dir(dir).expect("synced");
}

#[test]
fn damage_in_the_archive_is_never_served() {
    for is_near in [true, false] {
        let disk = SimDisk::new(4);
        let place = Doubtful::new(&disk, is_near);
        let as_place: Option<Arc<dyn Place>> = Some(place);
        let mut bank = bank(&disk, as_place.clone());
        bank.archive_all();
        let bank = reopen(bank, as_place, 12).expect("it opens");
        // The first segment has no events, and the second begins with what it took over.
        let objects = files(&disk, Path::new("/archive/segments"));
        disk.flip_bit(&objects[1], 2 * 4_096 + 300, 1).expect("flipped");
        let first = &bank.events[0];
        let error = bank.started.reader.read(first.sequence).expect_err("it has changed");
        assert_eq!(error.is_of_archive(), !is_near, "{error}");
        let last = bank.events.last().expect("some");
        assert_eq!(bank.started.reader.read(last.sequence).expect("it is here"), *last);
    }
}

#[test]
fn nothing_is_removed_that_rests_on_what_was_not_read_back() {
    let disk = SimDisk::new(9);
    let place = Doubtful::new(&disk, true);
    let mut bank = bank(&disk, Some(place.clone()));
    let before = bank.here();
    let damage = |disk: &SimDisk| {
        for path in files(disk, &places().checkpoint) {
            disk.flip_bit(&path, 30, 0).expect("flipped");
        }
    };
    // The first segment has no events: it rests on no checkpoint.
    assert!(bank.archive_after(damage).expect("archived").is_some());
    match bank.archive_after(damage) {
        Err(ArchiveFault::Checkpoint(_)) => {}
        other => panic!("{other:?}"),
    }
    place.mangles.store(true, Ordering::Relaxed);
    match bank.archive() {
        Err(ArchiveFault::Copy(error)) => assert_eq!(error.reason(), "BACKUP_DAMAGED", "{error}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(bank.here(), before[1..]);
    place.mangles.store(false, Ordering::Relaxed);
    assert!(bank.archive_all() > 0);
    bank.check();
}

#[test]
fn a_start_needs_a_checkpoint_or_a_snapshot() {
    let disk = SimDisk::new(5);
    let mut bank = bank(&disk, near(&disk));
    bank.archive_all();
    let mut store = FileStore::open(&disk, &places().snapshots).expect("opened");
    let durable = bank.started.reader.durable_through();
    take(&bank.started.ledger, bank.identity(), durable, &mut store).expect("taken");
    let events: Vec<Event> = bank.events.clone();
    drop(bank);

    // The checkpoint is there where the snapshots are not.
    let open = |store, opening| Bank::open(&disk, near(&disk), store, opening, events.clone());
    open(None, 13).expect("from the checkpoint").check();
    for path in files(&disk, &places().checkpoint) {
        disk.flip_bit(&path, 30, 0).expect("flipped");
    }
    open(Some(&store), 14).expect("from the snapshot").check();
    match open(None, 15).map(drop) {
        Err(error @ OpenError::Archived { .. }) => assert_eq!(error.reason(), "DATA_ARCHIVED"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_disk_that_fails_is_not_taken_for_a_checkpoint_that_is_missing() {
    let mut failures = 0;
    for operation in 0..40 {
        let disk = SimDisk::new(operation);
        let mut bank = bank(&disk, near(&disk));
        bank.archive_all();
        let at = Some(disk.operations() + operation);
        disk.set_faults(Faults { fail_at: at, ..Faults::default() });
        match reopen(bank, near(&disk), 19).map(drop) {
            Ok(()) => {}
            Err(error @ OpenError::Archived { .. }) => panic!("operation {operation}: {error}"),
            Err(_) => failures += 1,
        }
    }
    assert!(failures > 5, "{failures}");
}

#[test]
fn a_damaged_marker_is_found_and_one_of_another_history_too() {
    let disk = SimDisk::new(6);
    let mut bank = bank(&disk, near(&disk));
    bank.archive_all();
    let path = places().partition.join("archived");
    for (offset, what) in [(100, "hash"), (0, "no marker")] {
        disk.flip_bit(&path, offset, 2).expect("flipped");
        let events = bank.events.clone();
        let error = Bank::open(&disk, near(&disk), None, 16, events).map(drop).expect_err(what);
        assert!(error.to_string().contains(what), "{error}");
        disk.flip_bit(&path, offset, 2).expect("flipped back");
    }
    reopen(bank, near(&disk), 17).expect("it opens").check();
}

#[test]
fn another_place_has_to_have_everything() {
    let disk = SimDisk::new(7);
    let mut bank = bank(&disk, near(&disk));
    assert!(bank.archive().expect("archived").is_some());
    let elsewhere: Arc<dyn Place> = Arc::new(DirPlace::new(disk.clone(), "/elsewhere"));
    let mut bank = reopen(bank, Some(elsewhere), 18).expect("it opens");
    bank.seal();
    match bank.archive() {
        Err(ArchiveFault::Moved { object }) => assert!(object.contains("0000000001"), "{object}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn scans_and_backups_see_the_archive() {
    let disk = SimDisk::new(8);
    let mut bank = bank(&disk, near(&disk));
    bank.archive_all();
    let archive: Archive<SimDisk> = bank.started.sealer.archive().clone();
    let mut scanned = Vec::new();
    let mut keep = |event| {
        scanned.push(event);
        Ok(())
    };
    scan(&archive, &places().journal, &mut keep, &mut |_| ()).expect("one chain");
    assert!(scanned == bank.events);

    // Into another place, and into the archive's own.
    let go_on = &mut |_| ControlFlow::Continue(());
    for dir in ["/backups", "/archive"] {
        let place: Arc<dyn Place> = Arc::new(DirPlace::new(disk.clone(), dir));
        let durable_through = Some(bank.started.reader.durable_through());
        let options = ExportOptions { durable_through, full: false, now_ns: 1 };
        let segments = archive.segments();
        let made = export(&archive, &places().journal, &segments, &*place, &options, go_on)
            .expect("it is made");
        let all = made.manifest.segments.len() as u64;
        let expected = if dir == "/archive" { all - segments.len() as u64 } else { all };
        assert_eq!(made.objects_sent, expected);
        let manifest = load(&*place, &made.name).expect("it is there");
        let replayed = verify(&place, &manifest, go_on).expect("it is whole");
        assert_eq!(replayed.digest, bank.started.ledger.digest());
    }
}
