//! A fork is never taken for the original, nor anything else for what it goes on from.

use std::path::Path;

use florin_persistence::SimDisk;
use florin_persistence::backup::{LineageChoice, Moment};

use crate::common::{Journal, options};
use crate::ledger::{Book, back_up, bring_back, restoring};

#[test]
fn a_fork_stays_one() {
    let disk = SimDisk::new(1);
    let mut book = Book::new(&disk, "/data", 1);
    book.steps(20);
    let exported = back_up(&book, false).unwrap();
    assert!(!exported.manifest.is_fork && !book.journal().recovery.found.is_fork);
    let fork = restoring(Moment::End, LineageChoice::Fork, 1);
    bring_back(&disk, &exported.manifest, "/fork", &fork).unwrap();
    let text = String::from_utf8(disk.contents(Path::new("/fork/FORK")).unwrap()).unwrap();
    assert!(text.contains(&format!("continues {}", exported.manifest.lineage)), "{text}");

    // By its segments too: those it began with, those of later openings, those that follow them.
    let mut forked = Book::reopened(&disk, Path::new("/fork"), 2);
    forked.steps(60);
    forked.close();
    for file in disk.files(&forked.dir()) {
        let bytes = disk.contents(&file).unwrap();
        if bytes[16..32] == exported.manifest.lineage.0
            || file.extension().is_none_or(|end| end != "segment")
        {
            continue;
        }
        assert_eq!(bytes[8], 2, "{}: older releases refuse it", file.display());
    }
    assert!(florin_persistence::is_fork(&disk, &forked.dir()).unwrap());

    // And a backup of it, restored as if it were none.
    let of_fork = back_up(&forked, false).unwrap();
    assert!(of_fork.manifest.is_fork);
    let plain = restoring(Moment::End, LineageChoice::New, 3);
    let restored = bring_back(&disk, &of_fork.manifest, "/again", &plain).unwrap();
    assert!(restored.is_fork);
    assert!(disk.contents(Path::new("/again/FORK")).is_ok());
}

/// The segments before are of the history that is cited, and of no other.
#[test]
fn older_segments_of_another_history() {
    let disk = SimDisk::new(2);
    let mut book = Book::new(&disk, "/data", 2);
    book.steps(20);
    let exported = back_up(&book, false).unwrap();
    let plain = restoring(Moment::End, LineageChoice::New, 1);
    bring_back(&disk, &exported.manifest, "/new", &plain).unwrap();
    let mut restored = Book::reopened(&disk, Path::new("/new"), 3);
    restored.steps(3);
    restored.close();
    let mut other = Book::reopened(&disk, Path::new("/other"), 4);
    other.steps(20);
    other.close();
    let names = ["0000000001.segment", "0000000002.segment"];
    for name in names {
        let foreign = disk.contents(&other.dir().join(name)).unwrap();
        let path = restored.dir().join(name);
        let own = disk.contents(&path).unwrap();
        disk.put(&path, &foreign).unwrap();
        let error = Journal::open(&disk, &restored.dir(), &options(9)).unwrap_err();
        assert_eq!(error.reason(), "JOURNAL_DAMAGED");
        assert!(error.to_string().contains("another history"), "{error}");
        disk.put(&path, &own).unwrap();
    }
    // Without the segment that says where the history goes on, the rest belongs to nothing.
    let genesis = disk
        .files(&restored.dir())
        .into_iter()
        .find(|file| disk.contents(file).unwrap()[8] == 2)
        .expect("a segment of format 2");
    let bytes = disk.contents(&genesis).unwrap();
    disk.take(&genesis).unwrap();
    let error = Journal::open(&disk, &restored.dir(), &options(9)).unwrap_err();
    assert_eq!(error.reason(), "JOURNAL_DAMAGED");
    disk.put(&genesis, &bytes).unwrap();
    Journal::open(&disk, &restored.dir(), &options(9)).unwrap();
}
