//! A byte that has changed, anywhere in a backup, is found, and nothing is made of it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use florin_persistence::SimDisk;
use florin_persistence::backup::{LineageChoice, Moment, load, verify};

use crate::ledger::{BACKUPS, Book, back_up, bring_back, is_there, place, restoring};

fn objects(disk: &SimDisk) -> Vec<PathBuf> {
    let mut all = disk.files(&Path::new(BACKUPS).join("segments"));
    all.extend(disk.files(Path::new(BACKUPS)));
    all
}

#[test]
fn any_flipped_byte_is_found() {
    let disk = SimDisk::new(1);
    let mut book = Book::new(&disk, "/data", 1);
    book.steps(25);
    book.open();
    book.steps(10);
    let exported = back_up(&book, false).unwrap();
    let place = place(&disk);
    let read = || -> Result<u64, String> {
        let manifest = load(&*place, &exported.name).map_err(|e| e.reason().to_owned())?;
        verify(&place, &manifest, &mut |_| ControlFlow::Continue(()))
            .map(|replayed| replayed.sequence)
            .map_err(|e| e.reason().to_owned())
    };
    assert_eq!(read(), Ok(exported.manifest.sequence));
    let mut flipped = 0;
    for path in objects(&disk) {
        let len = disk.contents(&path).unwrap().len();
        for at in (0..len).step_by(997).chain([len - 1]) {
            disk.flip_bit(&path, at, 3).unwrap();
            assert_eq!(read(), Err("BACKUP_DAMAGED".to_owned()), "{} byte {at}", path.display());
            if path.starts_with(Path::new(BACKUPS).join("segments")) {
                let options = restoring(Moment::End, LineageChoice::New, 1);
                let error = bring_back(&disk, &exported.manifest, "/new", &options).unwrap_err();
                assert_eq!(error.reason(), "BACKUP_DAMAGED", "{} byte {at}", path.display());
                assert!(!is_there(&disk, "/new"));
            }
            disk.flip_bit(&path, at, 3).unwrap();
            flipped += 1;
        }
    }
    assert!(flipped > 100, "{flipped}");
    assert_eq!(read(), Ok(exported.manifest.sequence), "all bits are back");
}

#[test]
fn objects_that_are_missing_or_of_another_length() {
    let disk = SimDisk::new(2);
    let mut book = Book::new(&disk, "/data", 2);
    book.steps(25);
    let exported = back_up(&book, false).unwrap();
    let place = place(&disk);
    let options = restoring(Moment::End, LineageChoice::New, 1);
    for path in disk.files(&Path::new(BACKUPS).join("segments")) {
        let bytes = disk.contents(&path).unwrap();
        let longer = [bytes.as_slice(), &[0; 4_096]].concat();
        for (what, changed) in
            [("gone", None), ("shorter", Some(&bytes[..4_096])), ("longer", Some(&longer[..]))]
        {
            disk.take(&path).unwrap();
            if let Some(changed) = changed {
                disk.put(&path, changed).unwrap();
            }
            let verified = verify(&place, &exported.manifest, &mut |_| ControlFlow::Continue(()));
            assert_eq!(verified.unwrap_err().reason(), "BACKUP_DAMAGED", "{what}");
            if what != "longer" {
                let error = bring_back(&disk, &exported.manifest, "/new", &options).unwrap_err();
                assert_eq!(error.reason(), "BACKUP_DAMAGED", "{what}");
                assert!(!is_there(&disk, "/new"));
            }
            // Another backup puts right what is missing or of another length.
            let again = back_up(&book, false).unwrap();
            assert_eq!(again.objects_sent, 1, "{what}");
            assert!(verify(&place, &again.manifest, &mut |_| ControlFlow::Continue(())).is_ok());
            disk.put(&path, &bytes).unwrap();
        }
    }
}

/// A journal that is damaged is not backed up as if nothing were.
#[test]
fn damage_in_the_original_stops_a_backup() {
    let disk = SimDisk::new(3);
    let mut book = Book::new(&disk, "/data", 3);
    book.steps(25);
    let before = back_up(&book, false).unwrap();
    let path = book.dir().join("0000000001.segment");
    disk.flip_bit(&path, 4_096 + 300, 1).unwrap();
    let error = back_up(&book, true).unwrap_err();
    assert_eq!(error.reason(), "JOURNAL_DAMAGED", "{error}");
    let latest = florin_persistence::backup::latest(&*place(&disk)).unwrap();
    assert_eq!(latest.0, before.name, "no backup was made of it");
}
