use std::path::Path;

use super::*;
use crate::disk::DiskFile;

const DIR: &str = "/data";

fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed);
    disk.create_dir_all(Path::new(DIR)).unwrap();
    disk
}

fn path(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

/// A file with four synced blocks of ones, and what is done to it afterwards.
fn file(disk: &SimDisk) -> SimFile {
    let file = disk.create(&path("file")).unwrap();
    file.write_at(&[1; 2_048], 0).unwrap();
    file.sync_data().unwrap();
    disk.sync_dir(Path::new(DIR)).unwrap();
    file
}

#[test]
fn unsynced_writes_are_kept_lost_or_torn_by_block() {
    let (mut kept, mut lost, mut torn) = (0, 0, 0);
    for seed in 0..200 {
        let disk = disk(seed);
        file(&disk).write_at(&[2; 2_048], 0).unwrap();
        disk.crash();
        let bytes = disk.contents(&path("file")).unwrap();
        assert_eq!(bytes.len(), 2_048);
        let blocks: Vec<u8> = bytes.chunks(512).map(|block| block[0]).collect();
        assert!(bytes.chunks(512).all(|block| block.iter().all(|b| *b == block[0])), "seed {seed}");
        match blocks.as_slice() {
            [2, 2, 2, 2] => kept += 1,
            [1, 1, 1, 1] => lost += 1,
            _ => torn += 1,
        }
    }
    assert!(kept > 20 && lost > 20 && torn > 20, "kept {kept}, lost {lost}, torn {torn}");
}

#[test]
fn a_failed_sync_drops_and_the_next_succeeds() {
    let mut dropped = 0;
    for seed in 0..50 {
        let disk = disk(seed);
        let file = file(&disk);
        file.write_at(&[2; 512], 0).unwrap();
        disk.set_faults(Faults { fail_at: Some(disk.operations()), ..Faults::default() });
        let error = file.sync_data().unwrap_err();
        assert!(!is_crash(&error));
        file.sync_data().unwrap();
        // The page cache still shows it; the device may never have seen it.
        let (mut cached, mut device) = ([0; 512], [0; 512]);
        file.read_exact_at(&mut cached, 0).unwrap();
        file.read_past_cache(&mut device, 0).unwrap();
        assert_eq!(cached, [2; 512]);
        // A killed process changes nothing about that, a crash shows the truth.
        disk.kill();
        assert!(is_crash(&file.sync_data().unwrap_err()));
        assert_eq!(disk.contents(&path("file")).unwrap()[..512], cached);
        disk.crash();
        assert_eq!(disk.contents(&path("file")).unwrap()[..512], device);
        dropped += usize::from(device == [1; 512]);
    }
    assert!(dropped > 10, "only {dropped} were dropped");
}

#[test]
fn names_are_durable_in_order_and_after_a_sync() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let disk = disk(seed);
        let file = disk.create(&path("a")).unwrap();
        file.sync_data().unwrap();
        disk.rename(&path("a"), &path("b")).unwrap();
        disk.create(&path("c")).unwrap();
        if seed % 2 == 0 {
            disk.sync_dir(Path::new(DIR)).unwrap();
            disk.remove(&path("b")).unwrap();
        }
        disk.crash();
        let names: Vec<String> =
            disk.list(Path::new(DIR)).unwrap().into_iter().map(|entry| entry.name).collect();
        seen.insert((seed % 2, names.concat()));
    }
    let expected = [(0, "bc"), (0, "c"), (1, ""), (1, "a"), (1, "b"), (1, "bc")];
    assert_eq!(seen, expected.map(|(sync, names)| (sync, names.to_owned())).into());
}

#[test]
fn a_disk_fills_up_and_has_room_again() {
    let disk = disk(1);
    let file = file(&disk);
    disk.set_faults(Faults { capacity_bytes: Some(3_000), ..Faults::default() });
    assert_eq!(disk.free_bytes(Path::new(DIR)).unwrap(), 952);
    let error = file.write_at(&[2; 2_048], 2_048).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(file.len().unwrap(), 3_000, "what fits is written");
    file.write_at(&[3; 2_048], 0).unwrap();
    file.set_len(2_048).unwrap();
    assert_eq!(disk.free_bytes(Path::new(DIR)).unwrap(), 952);
}

#[test]
fn a_crash_at_an_operation_stops_everything() {
    let disk = disk(1);
    let file = file(&disk);
    disk.set_faults(Faults { crash_at: Some(disk.operations() + 1), ..Faults::default() });
    file.write_at(&[2; 512], 0).unwrap();
    assert!(is_crash(&file.write_at(&[3; 512], 0).unwrap_err()));
    assert!(disk.has_crashed());
    assert!(is_crash(&file.read_exact_at(&mut [0; 1], 0).unwrap_err()));
    assert!(is_crash(&disk.create(&path("other")).unwrap_err()));
    assert!(is_crash(&disk.list(Path::new(DIR)).unwrap_err()));
    disk.crash();
    assert!(!disk.has_crashed());
    assert_eq!(disk.counters().crashes, 1);
    assert!(is_crash(&file.len().unwrap_err()), "a file of a dead process");
    disk.open(&path("file")).unwrap().write_at(&[4; 512], 0).unwrap();
}

#[test]
fn a_seed_gives_the_same_day_twice() {
    let day = |seed| {
        let disk = disk(seed);
        let file = file(&disk);
        disk.set_faults(Faults { write_error_ppm: 200_000, ..Faults::default() });
        for i in 0..50 {
            let _ = file.write_at(&[i; 700], u64::from(i) * 100);
        }
        disk.crash();
        (disk.contents(&path("file")).unwrap(), disk.counters())
    };
    assert_eq!(day(7), day(7));
    assert_ne!(day(7), day(8));
    assert!(day(7).1.failed_operations > 0);
}
