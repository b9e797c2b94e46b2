//! A place that is gone, slow, or another than before, and who has to notice.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use florin_actors::archive::ArchiveFault;
use florin_actors::seal::{SealFault, Sealed};
use florin_persistence::backup::{BackupError, Place, PlaceError};
use florin_persistence::{Disk, Faults, FollowPoint, SimDisk};

use crate::bank::{Doubtful, SEGMENT_BYTES, places};
use crate::{bank, files, near, reopen};

#[test]
fn a_volume_that_is_not_mounted_any_more_gets_nothing() {
    let disk = SimDisk::new(21);
    let mut bank = bank(&disk, near(&disk));
    assert!(bank.archive().expect("archived").is_some());
    let (mounted, away) = (Path::new("/archive"), Path::new("/away"));
    disk.rename(mounted, away).expect("unmounted");
    disk.create_dir_all(mounted).expect("the empty folder that it was mounted on");
    let before = bank.here();
    for _ in 0..2 {
        match bank.archive() {
            Err(ArchiveFault::Copy(BackupError::Place(PlaceError::Missing { name }))) => {
                assert!(name.contains("0000000001"), "{name}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bank.here(), before);
    assert_eq!(files(&disk, &mounted.join("segments")), [] as [&Path; 0]);
    disk.rename(away, mounted).expect("mounted again");
    assert!(bank.archive_all() > 0);
    bank.check();
}

#[test]
fn what_is_here_does_not_wait_for_what_is_not() {
    let disk = SimDisk::new(22);
    let place = Doubtful::new(&disk, true);
    let as_place = || -> Option<Arc<dyn Place>> { Some(place.clone()) };
    let mut bank = bank(&disk, as_place());
    bank.archive_all();
    // The index of the oldest is gone, and so is the archive.
    let oldest = files(&disk, &places().sealed).swap_remove(0);
    disk.remove(&oldest).expect("removed");
    place.is_cut_off.store(true, Ordering::Relaxed);
    let mut bank = reopen(bank, as_place(), 23).expect("it opens without the archive");
    bank.pay(20);
    for _ in 0..2 {
        let (mut failed, mut made) = (0, 0);
        loop {
            match bank.started.sealer.step() {
                Ok(Sealed::Nothing) => break,
                Ok(_) => made += 1,
                Err(SealFault::Archived { number, .. }) => {
                    assert_eq!(number, 1);
                    failed += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        // It is tried once, and everything else is made; and again when it is time.
        assert_eq!(failed, 1);
        assert!(
            bank.started
                .reader
                .segments_over()
                .iter()
                .skip(1)
                .all(|(number, _)| { bank.started.reader.has_index(*number) })
        );
        bank.started.sealer.retry_archived();
        bank.pay(if made > 0 { 20 } else { 0 });
    }
    place.is_cut_off.store(false, Ordering::Relaxed);
    bank.started.sealer.retry_archived();
    bank.seal();
    assert!(bank.started.reader.has_index(1));
    bank.check();
}

#[test]
fn who_reads_what_was_fetched_does_not_wait_for_others() {
    let disk = SimDisk::new(24);
    let place = Doubtful::new(&disk, false);
    let as_place: Option<Arc<dyn Place>> = Some(place.clone());
    let mut bank = bank(&disk, as_place.clone());
    bank.archive_all();
    let bank = reopen(bank, as_place, 25).expect("it opens");
    let archive = bank.started.sealer.archive().clone();
    let path = |number: u64| places().journal.join(format!("{number:010}.segment"));
    drop(archive.open_read_only(&path(2)).expect("fetched"));
    let line = place.line.lock().expect("not poisoned");
    std::thread::scope(|scope| {
        let slow = archive.clone();
        let fetching = scope.spawn(move || slow.open_read_only(&path(3)).map(drop));
        while place.waiting.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        let (opened, is_open) = mpsc::channel();
        let quick = archive.clone();
        scope.spawn(move || opened.send(quick.open_read_only(&path(2)).is_ok()));
        let is_open = is_open.recv_timeout(Duration::from_secs(20));
        drop(line);
        assert_eq!(is_open, Ok(true), "it waits");
        fetching.join().expect("it ends").expect("fetched too");
    });
}

#[test]
fn nothing_is_fetched_where_the_journal_needs_the_room() {
    let disk = SimDisk::new(27);
    let mut bank = bank(&disk, Some(Doubtful::new(&disk, false)));
    bank.archive_all();
    let used = (1 << 40) - disk.free_bytes(Path::new("/")).expect("asked");
    for (segments, fits) in [(4, false), (6, true)] {
        let capacity_bytes = Some(used + segments * SEGMENT_BYTES);
        disk.set_faults(Faults { capacity_bytes, ..Faults::default() });
        match bank.started.reader.read(1) {
            Ok(event) => assert!(fits && event == bank.events[0]),
            Err(error) => assert!(!fits && error.is_of_archive(), "{error}"),
        }
    }
}

#[test]
fn a_standby_begins_from_the_archive() {
    for is_near in [true, false] {
        let disk = SimDisk::new(26);
        let mut bank = bank(&disk, Some(Doubtful::new(&disk, is_near)));
        let archived = bank.archive_all();
        let point = FollowPoint {
            lineage: None,
            segment: 0,
            header_hash: [0; 32],
            offset: 0,
            last_sequence: 0,
        };
        let mut shipper = bank.started.reader.shipper(&point).expect("from the beginning");
        let mut segments = Vec::new();
        let mut bytes = 0;
        while let Some(piece) = shipper.next_piece().expect("it is read from the archive") {
            segments.push(piece.segment);
            bytes += piece.bytes.len() as u64;
        }
        segments.dedup();
        assert_eq!(segments.len() as u64, archived + bank.here().len() as u64);
        assert!(bytes > bank.started.sealer.archive().bytes());
    }
}
