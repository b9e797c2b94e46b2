//! The index of a segment as the first release writes it, byte by byte, of the golden segments of the journal.
//!
//! `FLORIN_BLESS=1 cargo test -p florin-persistence --test sealed golden` writes it. An index can always be built again,
//! so a changed format is no loss; but it takes a new version, and this file is what says that it was changed.

use std::fs;
use std::path::PathBuf;

use florin_persistence::{SealedIndex, SimDisk};

use crate::book::{build, file, folder};
use crate::common::{SEGMENT_BYTES, segment};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1").join(name)
}

#[test]
fn written_as_ever() {
    let disk = SimDisk::new(0);
    for number in 1..=3 {
        let mut bytes = fs::read(golden(&format!("{number:010}.segment"))).unwrap();
        // The second was cut for the third.
        if number != 2 {
            bytes.resize(usize::try_from(SEGMENT_BYTES).unwrap(), 0);
        }
        disk.put(&segment(number), &bytes).unwrap();
    }
    let mut totals = Vec::new();
    for number in 1..=2 {
        let built = build(&disk, number, &totals, &mut |_| {}).unwrap();
        totals = built.totals().to_vec();
        let written = disk.contents(&file(number)).unwrap();
        let path = golden(&format!("{number:010}.index"));
        if std::env::var_os("FLORIN_BLESS").is_some() {
            fs::write(&path, &written).unwrap();
        }
        let expected = fs::read(&path).unwrap();
        let differs = written.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!(differs, None, "segment {number} differs from the golden file at this byte");
        assert_eq!(written.len(), expected.len(), "segment {number}");

        disk.put(&file(number), &expected).unwrap();
        let loaded = SealedIndex::load(&disk, &folder(), number).unwrap().expect("it is there");
        assert_eq!(format!("{loaded:?}"), format!("{built:?}"));
    }
}
