//! Crashes, kills and failing disks while snapshots are written: what was published is there and whole, and what was
//! not is gone.

use florin_persistence::snapshot::{FileStore, SnapshotStore, verify};
use florin_persistence::{Faults, SimDisk};

use crate::place::{Files, Place};
use crate::world::{IDENTITY, World};

/// One day: three snapshots, of which the oldest goes when the third is there. Gives those that were published and not
/// asked to go, and those that may be there in part because something failed at their end.
fn day(disk: &SimDisk, world: &mut World) -> (Vec<u64>, bool) {
    let mut published = Vec::new();
    let mut run = || {
        let mut store = FileStore::open(disk, crate::place::DIR.as_ref())?;
        for generation in 1..=3 {
            world.snapshot(&mut store, generation, 3)?;
            published.push(generation);
            if generation == 3 {
                published.remove(0);
            }
            store.prune(2)?;
        }
        Ok::<_, florin_persistence::snapshot::SnapshotError>(())
    };
    let done = run().is_ok();
    (published, done)
}

fn check(disk: &SimDisk, world: &World, published: &[u64], what: &str) {
    let place = Files { disk: disk.clone(), dir: crate::place::DIR.into() };
    let store = place.open().unwrap();
    let names = place.names();
    assert!(names.iter().all(|name| name.ends_with(".snapshot")), "{what}: {names:?} are left");
    let there = store.generations().unwrap();
    for generation in &there {
        verify(store.as_ref(), *generation, IDENTITY)
            .unwrap_or_else(|error| panic!("{what}: {error}"));
    }
    assert!(published.iter().all(|one| there.contains(one)), "{what}: {published:?}, {there:?}");
    let loaded = world.check_load(store.as_ref());
    assert_eq!(loaded.found.map(|manifest| manifest.generation()), there.last().copied());
    assert!(loaded.passed_over.is_empty(), "{what}");
}

#[test]
fn at_every_operation() {
    let whole = SimDisk::new(0);
    assert_eq!(day(&whole, &mut World::new(1, 1_500, 200)), (vec![2, 3], true));
    let operations = whole.operations();
    assert!(operations > 30, "{operations}");
    let (mut whole_days, mut in_part) = (0, 0);
    for at in 0..operations {
        for (way, seed) in
            ["crash", "crash", "crash", "kill", "fail", "fail and crash"].iter().zip(0..)
        {
            let disk = SimDisk::new(seed * 1_000 + at);
            let mut world = World::new(1, 1_500, 200);
            let fails = way.starts_with("fail");
            disk.set_faults(Faults {
                fail_at: fails.then_some(at),
                crash_at: (!fails).then_some(at),
                ..Faults::default()
            });
            let (published, done) = day(&disk, &mut world);
            assert!(!done, "{way} at {at}: nothing went wrong");
            match *way {
                "crash" | "fail and crash" => disk.crash(),
                "kill" => disk.kill(),
                _ => disk.set_faults(Faults::default()),
            }
            let there = disk.files(crate::place::DIR.as_ref()).len();
            in_part += usize::from(there > published.len());
            check(&disk, &world, &published, &format!("{way} at {at}"));
            whole_days += usize::from(published.len() == 2);
        }
    }
    assert!(whole_days > 0 && in_part > 20, "{whole_days}, {in_part}");
}

#[test]
fn a_full_disk_is_told_by_name_and_leaves_what_was_there() {
    let disk = SimDisk::new(1);
    let place = Files { disk: disk.clone(), dir: crate::place::DIR.into() };
    let mut world = World::new(1, 1_500, 200);
    let mut store = place.open().unwrap();
    let first = world.snapshot(store.as_mut(), 1, 3).unwrap();
    let bytes = store.look(1).unwrap().bytes_on_disk;
    for room in [1, bytes / 2, bytes - 1] {
        let capacity_bytes = Some(bytes + room);
        disk.set_faults(Faults { capacity_bytes, ..Faults::default() });
        let error = world.snapshot(store.as_mut(), 2, 3).unwrap_err();
        assert_eq!(error.reason(), "DISK_FULL", "{error}");
        store.abandon().unwrap();
        assert_eq!(world.check_load(store.as_ref()).found.unwrap(), first);
        assert_eq!(place.names().len(), 1);
    }
    disk.set_faults(Faults::default());
    world.snapshot(store.as_mut(), 2, 3).unwrap();
}

#[test]
fn a_failed_sync_is_not_tried_again() {
    let disk = SimDisk::new(1);
    let place = Files { disk: disk.clone(), dir: crate::place::DIR.into() };
    let mut world = World::new(1, 1_500, 200);
    let mut store = place.open().unwrap();
    let draft = world.take(store.as_mut(), 1, 3).unwrap();
    disk.set_faults(Faults { sync_error_ppm: 1_000_000, ..Faults::default() });
    assert_eq!(draft.publish(store.as_mut(), u64::MAX).unwrap_err().reason(), "SNAPSHOT_IO");
    disk.set_faults(Faults::default());
    assert_eq!(draft.publish(store.as_mut(), u64::MAX).unwrap_err().reason(), "SNAPSHOT_MISUSED");
    store.abandon().unwrap();
    assert_eq!(place.names(), Vec::<String>::new());
}
