//! What is refused changes nothing.

use florin_persistence::{Faults, IdsError};

use super::planted::{Plant, PlantedDisk};
use super::*;

#[test]
fn table() {
    let disk = disk(1);
    let runs = open(&disk);
    runs.add(11, 20, &three([11, 12, 20])).unwrap();
    let before = snapshot(&disk);
    let twice: Vec<IdEntry> = [three([21, 22, 23]), three([24, 25, 26])].concat();
    for (what, (first, last), ids, expected) in [
        ("no first", (0, 5), vec![], "IDS_INVALID: there are no such sequences"),
        ("backwards", (30, 29), vec![], "IDS_INVALID: there are no such sequences"),
        ("too high", (30, 1 << 63), vec![], "IDS_INVALID: there are no such sequences"),
        (
            "too early an id",
            (21, 30),
            three([20, 22, 23]),
            "IDS_INVALID: an id is of another event",
        ),
        ("too late an id", (21, 30), three([21, 22, 31]), "IDS_INVALID: an id is of another event"),
        ("covered", (11, 20), vec![], "IDS_INVALID: some of it is in a run already"),
        ("partly before", (9, 11), vec![], "IDS_INVALID: some of it is in a run already"),
        ("partly behind", (20, 30), vec![], "IDS_INVALID: some of it is in a run already"),
        ("inside", (13, 14), vec![], "IDS_INVALID: some of it is in a run already"),
        ("around", (1, 99), vec![], "IDS_INVALID: some of it is in a run already"),
        ("twice", (21, 30), twice, "IDS_USED_TWICE: of tenant 0 by events 2"),
    ] {
        let error = runs.add(first, last, &ids).unwrap_err();
        let (reason, text) = expected.split_once(": ").unwrap();
        assert_eq!(error.reason(), reason, "{what}");
        assert!(error.to_string().contains(text), "{what}: {error}");
        assert!(!error.is_fatal());
        assert_eq!(snapshot(&disk), before, "{what}");
    }
    runs.add(1, 10, &[]).unwrap();
    runs.add(21, 21, &[]).unwrap();
    assert_eq!(runs.set().through(), 21);
}

#[test]
fn the_same_id_in_two_runs_stops_a_merge() {
    let disk = disk(1);
    let runs = open(&disk);
    for first in [1, 11, 21, 31] {
        let used = if first == 31 { three([31, 32, 33]) } else { Vec::new() };
        let mut used: Vec<IdEntry> = if first == 1 { three([1, 2, 3]) } else { used };
        // Two of the three are others: only id 2 is there twice.
        if first == 31 {
            used[0].key.tenant = 9;
            used[2].key.kind = IdKind::Group;
        }
        runs.add(first, first + 9, &used).unwrap();
    }
    let before = snapshot(&disk);
    let error = runs.merge_step().unwrap_err();
    let IdsError::UsedTwice { key, sequences: [2, 32] } = error else { panic!("{error}") };
    assert_eq!((key.id, key.tenant, key.kind), (2, 0, IdKind::Transfer));
    assert!(error.to_string().starts_with("ids: used twice: Transfer 0x"), "{error}");
    assert_eq!(snapshot(&disk), before);
    // It is no fault of the disk: everything else goes on.
    runs.add(41, 50, &[]).unwrap();
    assert_eq!(runs.set().find(&key, 0).unwrap(), Some(32), "the newest run is asked first");
}

#[test]
fn a_full_disk_takes_nothing_until_there_is_room() {
    let disk = disk(1);
    let full = Faults { capacity_bytes: Some(6_000), ..Faults::default() };
    disk.set_faults(full.clone());
    let runs = open(&disk);
    let mut twin = Twin::new(6);
    let ids = twin.use_up(&(1..=100));
    let error = runs.add(1, 100, &ids).unwrap_err();
    let IdsError::NoSpace { need_bytes } = error else { panic!("{error}") };
    assert!((8_192..10_000).contains(&need_bytes), "{need_bytes}");
    assert_eq!(error.reason(), "DISK_FULL");
    assert_eq!(names(&disk), [""; 0]);
    // A disk that promises more than it has: noticed while writing.
    let optimist = PlantedDisk { disk: disk.clone(), plant: Plant::Optimist };
    let (promised, _) = open_with(&optimist, &options());
    let error = promised.add(1, 100, &ids).unwrap_err();
    assert!(matches!(error, IdsError::NoSpace { .. }), "{error}");
    assert_eq!(names(&disk), [""; 0], "the part that was written is gone");
    disk.set_faults(Faults::default());
    promised.add(1, 100, &ids).unwrap();
    twin.check(&promised.set(), &[]);
    let used = disk.contents(&file(&(1..=100))).unwrap().len() as u64;
    assert!(used <= need_bytes && need_bytes < used + 1_000, "{used} of {need_bytes}");
}
