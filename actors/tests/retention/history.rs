//! What an archive begins, nothing begins again: numbers, errors, and what is kept.

use std::ops::ControlFlow;

use florin_actors::archive::ArchiveFault;
use florin_persistence::archive::Marker;
use florin_persistence::backup::{End, latest, list, load, verify};
use florin_persistence::{Disk, DiskFile, Faults, OpenError, SimDisk};

use crate::bank::{Bank, KEEP_SEGMENTS, places, replayed};
use crate::{bank, files, near, reopen};

#[test]
fn behind_an_archive_no_new_history_begins() {
    let disk = SimDisk::new(31);
    let mut bank = bank(&disk, near(&disk));
    bank.archive_all();
    let events = std::mem::take(&mut bank.events);
    drop(bank);
    // Somebody has copied an archived segment back, and everything behind the archive is gone.
    for path in files(&disk, &places().journal) {
        disk.remove(&path).expect("removed");
    }
    let object = files(&disk, "/archive/segments".as_ref()).swap_remove(1);
    let content = disk.open_read_only(&object).expect("opened");
    let mut bytes = vec![0; usize::try_from(content.len().expect("its length")).expect("small")];
    content.read_exact_at(&mut bytes, 0).expect("read");
    let path = places().journal.join("0000000002.segment");
    disk.create(&path).and_then(|file| file.write_at(&bytes, 0)).expect("copied");
    match Bank::open(&disk, near(&disk), None, 32, events).map(drop) {
        Err(error @ OpenError::Damaged { .. }) => {
            assert!(error.to_string().contains("behind the last archived segment"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(files(&disk, &places().journal), [path], "nothing was begun");
}

#[test]
fn damage_in_what_is_here_is_called_that() {
    let disk = SimDisk::new(33);
    let mut bank = bank(&disk, near(&disk));
    bank.archive_all();
    bank.pay(20);
    // Behind the checkpoint, in a segment that others follow.
    let number = bank.here().into_iter().rev().nth(1).expect("some");
    let path = places().journal.join(format!("{number:010}.segment"));
    disk.flip_bit(&path, 4_096 + 300, 1).expect("flipped");
    match reopen(bank, near(&disk), 34).map(drop) {
        Err(error @ OpenError::Damaged { .. }) => assert_eq!(error.reason(), "JOURNAL_DAMAGED"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_archive_alone_is_a_backup() {
    let disk = SimDisk::new(42);
    let mut bank = bank(&disk, near(&disk));
    let place = near(&disk).expect("a place");
    for _ in 0..2 {
        assert!(bank.archive_all() > 0);
        let listed = list(&*place).expect("listed");
        assert_eq!(listed.len(), 1, "the one before goes");
        bank.pay(20);
        bank.seal();
    }
    // Another start finds it, and writes no other.
    let through = bank.started.sealer.archive().through();
    let mut bank = reopen(bank, near(&disk), 43).expect("it opens");
    bank.archive_all();
    let listed = list(&*place).expect("listed");
    let (name, manifest) = latest(&*place).expect("there is one");
    assert!(listed.iter().any(|listed| listed.name == name && listed.sequence >= through));
    let manifest_through = usize::try_from(manifest.sequence).expect("small");
    let read = verify(&place, &manifest, &mut |_| ControlFlow::Continue(())).expect("whole");
    assert_eq!(read.digest, replayed(&bank.events[..manifest_through]).digest());
}

/// A journal does not end where another segment took over: one that is listed so cannot be restored from.
#[test]
fn what_is_listed_ends_like_a_journal() {
    let disk = SimDisk::new(44);
    let mut bank = bank(&disk, near(&disk));
    let place = near(&disk).expect("a place");
    let mut taken_over = 0;
    for opening in 45..55 {
        bank.pay(2);
        bank = reopen(bank, near(&disk), opening).expect("it opens");
        bank.seal();
        bank.archive_all();
        let newest = bank.started.sealer.archive().segments();
        taken_over += u32::from(newest.last().is_some_and(|last| last.object.end == End::Cut));
        for listed in list(&*place).expect("listed") {
            let manifest = load(&*place, &listed.name).expect("it can be read");
            verify(&place, &manifest, &mut |_| ControlFlow::Continue(())).expect("whole");
        }
    }
    assert!(taken_over > 3, "{taken_over}");
}

#[test]
fn segments_without_events_do_not_count_as_kept() {
    let disk = SimDisk::new(35);
    let mut bank = bank(&disk, near(&disk));
    for opening in 36..40 {
        bank = reopen(bank, near(&disk), opening).expect("it opens");
    }
    bank.seal();
    bank.archive_all();
    let (archived, over) =
        (bank.started.sealer.archive().newest(), bank.started.reader.segments_over());
    let kept = over.iter().filter(|(number, span)| *number > archived && !span.is_empty());
    assert_eq!(kept.count(), KEEP_SEGMENTS);
    bank.check();
}

#[test]
fn a_file_that_could_not_be_removed_is_removed_later() {
    let mut failures = 0;
    for operation in 0.. {
        let disk = SimDisk::new(operation);
        let mut bank = bank(&disk, near(&disk));
        let fail_at = Some(disk.operations() + operation * 3);
        disk.set_faults(Faults { fail_at, ..Faults::default() });
        let before = failures;
        loop {
            match bank.archive() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    failures += 1;
                    assert!(matches!(
                        error,
                        ArchiveFault::Remove(_)
                            | ArchiveFault::Copy(_)
                            | ArchiveFault::Place(_)
                            | ArchiveFault::Checkpoint(_)
                    ));
                }
            }
        }
        let marker = Marker::load(&disk, &places().partition).expect("whole").expect("there");
        let here = bank.here();
        let is_left = |number: &u64| here.contains(number);
        let named = marker.segments.iter().map(|segment| segment.object.number);
        assert_eq!(named.filter(is_left).collect::<Vec<_>>(), [0; 0], "operation {operation}");
        bank.check();
        if failures == before {
            break;
        }
    }
    assert!(failures > 10, "{failures}");
}
