//! Backup and restore, compared with a naive replay of the original.

use std::ops::ControlFlow;
use std::path::Path;

use florin_persistence::backup::{LineageChoice, Moment, list, load, verify};
use florin_persistence::{SimDisk, journal_dir, scan};

use crate::ledger::{
    Book, back_up, bring_back, digest_after, is_there, place, restoring, whole_groups,
};

/// A book that was opened, filled, killed and crashed a few times.
fn lived(disk: &SimDisk, seed: u64) -> Book {
    let mut book = Book::new(disk, "/data", seed);
    for _ in 0..3 {
        let steps = book.dice.below(20);
        book.steps(steps);
        match book.dice.below(3) {
            0 => disk.crash(),
            1 => disk.kill(),
            _ => book.close(),
        }
        book.open();
    }
    book.steps(8);
    book
}

#[test]
fn every_moment_of_a_backup_while_it_is_written_to() {
    for seed in 0..6 {
        let disk = SimDisk::new(seed);
        let mut book = lived(&disk, seed);
        let exported = back_up(&book, false).unwrap();
        let durable = book.durable();
        assert_eq!(exported.manifest.sequence, durable);
        let original = book.events.clone();
        book.steps(5);

        let all = verify(&place(&disk), &exported.manifest, &mut |_| ControlFlow::Continue(()));
        assert_eq!(all.unwrap().digest, digest_after(&original, durable), "seed {seed}");
        for at in (1..=durable).step_by(1 + usize::try_from(seed).unwrap()) {
            let what = format!("seed {seed}, event {at} of {durable}");
            let data = format!("/restored-{at}");
            let (moment, expected) = match at % 3 {
                0 => {
                    let ns = original[usize::try_from(at - 1).unwrap()].timestamp_ns;
                    (Moment::Time(ns), whole_groups(&original, at))
                }
                _ if at == durable => (Moment::End, durable),
                _ => (Moment::Sequence(at), whole_groups(&original, at)),
            };
            let options = restoring(moment, LineageChoice::New, u8::try_from(at % 250).unwrap());
            let restored = bring_back(&disk, &exported.manifest, &data, &options);
            if expected == 0 {
                assert_eq!(restored.unwrap_err().reason(), "BACKUP_MOMENT_OUTSIDE", "{what}");
                continue;
            }
            let restored = restored.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(restored.replayed.sequence, expected, "{what}");
            assert_eq!(restored.replayed.digest, digest_after(&original, expected), "{what}");
            assert_eq!(restored.continues, Some(exported.manifest.lineage), "{what}");
            assert_ne!(restored.lineage, exported.manifest.lineage, "{what}");

            // It is a ledger like any other: opened, written to, opened again.
            let mut again = Book::reopened(&disk, Path::new(&data), seed);
            let kept = usize::try_from(expected).unwrap();
            assert!(again.events == original[..kept], "{what}: other events");
            assert_eq!(again.journal().recovery.lineage, restored.lineage.0, "{what}");
            let first = again.journal().reader.read(1).unwrap();
            assert_eq!(first, original[0], "{what}: the past can be read");
            again.steps(3);
            let events = again.events.clone();
            disk.crash();
            again.open();
            assert!(again.events == events, "{what}: what was written to it");
        }
    }
}

#[test]
fn a_restored_ledger_is_backed_up_and_restored() {
    let disk = SimDisk::new(7);
    let mut book = lived(&disk, 7);
    let first = back_up(&book, false).unwrap();
    book.steps(30);
    let second = back_up(&book, false).unwrap();
    assert_eq!(second.manifest.previous.as_ref(), Some(&first.name));

    let middle = whole_groups(&book.events, book.durable() / 2);
    let options = restoring(Moment::Sequence(middle), LineageChoice::New, 1);
    bring_back(&disk, &second.manifest, "/b", &options).unwrap();
    let mut branch = Book::reopened(&disk, Path::new("/b"), 3);
    branch.steps(40);
    let third = back_up(&branch, false).unwrap();
    assert_eq!(third.manifest.previous, None, "another history has its own backups");
    let lineages: std::collections::BTreeSet<_> =
        third.manifest.segments.iter().map(|segment| segment.lineage).collect();
    assert_eq!(lineages.len(), 2, "it begins in the old history");

    // Moments in both of its histories, and where they meet.
    let durable = branch.durable();
    for at in
        [1, middle / 2, middle - 1, middle, middle + 1, u64::midpoint(middle, durable), durable]
    {
        let data = format!("/c-{at}");
        let options = restoring(Moment::Sequence(at), LineageChoice::New, 2);
        let expected = whole_groups(&branch.events, at);
        let restored = bring_back(&disk, &third.manifest, &data, &options).unwrap();
        assert_eq!(restored.replayed.sequence, expected);
        assert_eq!(restored.replayed.digest, digest_after(&branch.events, expected));
        let again = Book::reopened(&disk, Path::new(&data), 5);
        assert!(again.events == branch.events[..usize::try_from(expected).unwrap()]);
    }
    assert_eq!(list(&*place(&disk)).unwrap().len(), 3);
}

#[test]
fn the_same_history_is_what_it_was() {
    let disk = SimDisk::new(3);
    let mut book = lived(&disk, 3);
    book.close();
    let exported = back_up(&book, false).unwrap();
    let options = restoring(Moment::End, LineageChoice::Same, 1);
    let restored = bring_back(&disk, &exported.manifest, "/same", &options).unwrap();
    assert_eq!((restored.lineage, restored.continues), (exported.manifest.lineage, None));
    let again = Book::reopened(&disk, Path::new("/same"), 1);
    assert!(again.events == book.events);
    assert_eq!(again.journal().recovery.lineage, exported.manifest.lineage.0);

    let early = restoring(Moment::Sequence(1), LineageChoice::Same, 1);
    let error = bring_back(&disk, &exported.manifest, "/early", &early).unwrap_err();
    assert_eq!(error.reason(), "BACKUP_MOMENT_OUTSIDE");
    assert!(!is_there(&disk, "/early"));
}

/// Segments come back byte by byte, as long as they were.
#[test]
fn the_files_are_the_same() {
    let disk = SimDisk::new(4);
    let mut book = lived(&disk, 4);
    book.close();
    let exported = back_up(&book, false).unwrap();
    assert!(exported.manifest.segments.len() > 3, "{:?}", exported.manifest.segments.len());
    let options = restoring(Moment::End, LineageChoice::Same, 1);
    bring_back(&disk, &exported.manifest, "/same", &options).unwrap();
    for object in &exported.manifest.segments {
        let name = format!("{:010}.segment", object.number);
        let old = disk.contents(&book.dir().join(&name)).unwrap();
        let new = disk.contents(&journal_dir(Path::new("/same"), 0).join(&name)).unwrap();
        assert!(old == new, "segment {}", object.number);
    }
}

#[test]
fn only_what_is_not_there_is_sent() {
    let disk = SimDisk::new(5);
    let mut book = lived(&disk, 5);
    let first = back_up(&book, false).unwrap();
    assert_eq!(first.objects_sent, first.manifest.segments.len() as u64);
    let again = back_up(&book, false).unwrap();
    assert_eq!((again.objects_sent, again.bytes_sent), (0, 0), "nothing is new");
    book.steps(40);
    let more = back_up(&book, false).unwrap();
    let known = first.manifest.segments.iter().filter(|s| more.manifest.segments.contains(s));
    assert!(more.objects_sent > 1, "new segments, and the one that was open");
    assert_eq!(more.objects_sent, (more.manifest.segments.len() - known.count()) as u64);
    let full = back_up(&book, true).unwrap();
    assert_eq!(full.objects_sent, full.manifest.segments.len() as u64);
    assert_eq!(full.manifest.segments, more.manifest.segments, "reading all finds the same");

    // The first backup is as good as ever.
    let place = place(&disk);
    let manifest = load(&*place, &first.name).unwrap();
    assert_eq!(manifest, first.manifest);
    let replayed = verify(&place, &manifest, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(replayed.sequence, first.manifest.sequence);
}

#[test]
fn moments_that_are_not_in_it() {
    let disk = SimDisk::new(6);
    let book = lived(&disk, 6);
    let exported = back_up(&book, false).unwrap();
    let first_ns = book.events[0].timestamp_ns;
    for moment in [
        Moment::Sequence(0),
        Moment::Sequence(exported.manifest.sequence + 1),
        Moment::Time(0),
        Moment::Time(first_ns - 1),
    ] {
        let options = restoring(moment, LineageChoice::New, 1);
        let error = bring_back(&disk, &exported.manifest, "/outside", &options).unwrap_err();
        assert_eq!(error.reason(), "BACKUP_MOMENT_OUTSIDE", "{moment:?}");
        assert!(!is_there(&disk, "/outside"));
    }
    let options = restoring(Moment::Time(u64::MAX), LineageChoice::New, 1);
    let restored = bring_back(&disk, &exported.manifest, "/late", &options).unwrap();
    assert_eq!(restored.replayed.sequence, exported.manifest.sequence);
    let error = bring_back(&disk, &exported.manifest, "/data", &options);
    assert!(error.is_err(), "never over a ledger that is there");
    let report = scan(&disk, &book.dir(), &mut |_| Ok(()), &mut |_| {}).unwrap();
    assert_eq!(report.last_sequence, book.durable());
}

#[test]
fn nothing_to_back_up() {
    let disk = SimDisk::new(8);
    let book = Book::new(&disk, "/data", 8);
    assert_eq!(back_up(&book, false).unwrap_err().reason(), "BACKUP_EMPTY");
    assert!(list(&*place(&disk)).unwrap().is_empty());
}
