//! The power goes, at any write of a backup or a restore.

use std::ops::ControlFlow;
use std::path::Path;

use florin_persistence::backup::{
    BackupError, ExportOptions, LineageChoice, Moment, export, list, load, verify,
};
use florin_persistence::{Faults, SimDisk};

use crate::ledger::{
    Book, back_up, bring_back, digest_after, is_there, place, restoring, whole_groups,
};

/// A book that is closed, with a backup and more behind it.
fn book(seed: u64) -> (SimDisk, Book) {
    let disk = SimDisk::new(seed);
    let mut book = Book::new(&disk, "/data", seed);
    book.steps(12);
    book.open();
    book.steps(4);
    (disk, book)
}

#[test]
fn a_backup_is_there_as_a_whole_or_not_at_all() {
    let mut interrupted = 0;
    for operation in 0.. {
        let (disk, mut book) = book(11);
        let first = back_up(&book, false).unwrap();
        book.steps(12);
        book.close();
        let fails = operation % 2 == 0;
        let at = Some(disk.operations() + operation / 2);
        let none = Faults::default();
        disk.set_faults(if fails {
            Faults { fail_at: at, ..none }
        } else {
            Faults { crash_at: at, ..none }
        });
        let made = back_up(&book, false);
        if fails {
            disk.kill();
        } else {
            disk.crash();
        }
        let place = place(&disk);
        let listed = list(&*place).unwrap();
        assert_eq!(listed[0].name, first.name, "operation {operation}");
        for backup in &listed {
            let manifest = load(&*place, &backup.name).unwrap();
            verify(&place, &manifest, &mut |_| ControlFlow::Continue(())).unwrap();
        }
        if made.is_ok() {
            assert_eq!(listed.len(), 2, "operation {operation}: it was said to be there");
            break;
        }
        interrupted += 1;
        // Again, and what arrived is not sent twice.
        let again = back_up(&book, false).unwrap();
        let manifest = load(&*place, &again.name).unwrap();
        let replayed = verify(&place, &manifest, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(replayed.digest, digest_after(&book.events, book.events.len() as u64));
    }
    assert!(interrupted > 20, "{interrupted}");
}

/// What was sent before a death is seen, and is not durable under its name yet: whoever does not send it again sees to that.
#[test]
fn what_a_dead_process_has_sent_stays() {
    let mut interrupted = 0;
    for operation in 0.. {
        let (disk, book) = book(operation);
        let at = Some(disk.operations() + operation);
        disk.set_faults(Faults { fail_at: at, ..Faults::default() });
        let is_made = back_up(&book, false).is_ok();
        disk.kill();
        let again = back_up(&book, false).unwrap();
        disk.crash();
        let place = place(&disk);
        let manifest = load(&*place, &again.name).unwrap();
        let verified = verify(&place, &manifest, &mut |_| ControlFlow::Continue(()));
        verified.unwrap_or_else(|error| panic!("operation {operation}: {error}"));
        if is_made {
            break;
        }
        interrupted += 1;
    }
    assert!(interrupted > 8, "{interrupted}");
}

#[test]
fn a_backup_goes_on_where_it_was_stopped() {
    let (disk, book) = book(12);
    let place = place(&disk);
    let options = ExportOptions { durable_through: Some(book.durable()), full: false, now_ns: 1 };
    let mut sent = 0;
    let error = export(&disk, &book.dir(), &[], &*place, &options, &mut |progress| {
        let is_sending = progress.phase == florin_persistence::backup::Phase::Sending;
        sent += u64::from(is_sending);
        if sent > 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(error, Err(BackupError::Stopped)), "{error:?}");
    assert!(list(&*place).unwrap().is_empty(), "no manifest, no backup");
    let arrived = place.list("segments/").unwrap().len();
    assert!(arrived > 0);
    let exported = back_up(&book, false).unwrap();
    assert_eq!(exported.objects_sent, (exported.manifest.segments.len() - arrived) as u64);
}

#[test]
fn a_restored_ledger_is_there_as_a_whole_or_not_at_all() {
    let mut interrupted = 0;
    for operation in 0.. {
        let (disk, mut book) = book(13);
        book.close();
        let exported = back_up(&book, false).unwrap();
        let at = whole_groups(&book.events, exported.manifest.sequence * 3 / 4);
        let options = restoring(Moment::Sequence(at), LineageChoice::Fork, 1);
        let fails = operation % 2 == 0;
        let fault = Some(disk.operations() + operation / 2);
        let none = Faults::default();
        disk.set_faults(if fails {
            Faults { fail_at: fault, ..none }
        } else {
            Faults { crash_at: fault, ..none }
        });
        let made = bring_back(&disk, &exported.manifest, "/new", &options);
        if fails {
            disk.kill();
        } else {
            disk.crash();
        }
        if made.is_err() {
            interrupted += 1;
        }
        if !is_there(&disk, "/new") {
            assert!(made.is_err(), "operation {operation}: it was said to be there");
            bring_back(&disk, &exported.manifest, "/new", &options)
                .unwrap_or_else(|error| panic!("operation {operation}: {error}"));
        }
        let again = Book::reopened(&disk, Path::new("/new"), 1);
        assert!(
            again.events == book.events[..usize::try_from(at).unwrap()],
            "operation {operation}"
        );
        assert!(again.journal().recovery.found.is_fork, "operation {operation}");
        assert!(disk.contents(Path::new("/new/FORK")).is_ok(), "operation {operation}");
        if made.is_ok() {
            break;
        }
    }
    assert!(interrupted > 40, "{interrupted}");
}
