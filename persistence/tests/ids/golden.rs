//! A run as the first release writes it, byte by byte. If this fails, runs that people have can no longer be
//! read: that takes a new format version, not a new golden file.
//!
//! `FLORIN_BLESS=1 cargo test -p florin-persistence --test ids golden` writes it.

use std::fs;

use super::*;

const RANGE: RangeInclusive<Sequence> = 1_001..=1_200;
/// A place in the middle of the range, without ids, and the largest values that fields take.
fn ids() -> Vec<IdEntry> {
    let entry = |(i, sequence): (u64, Sequence)| {
        let kind = if i % 5 == 0 { IdKind::Group } else { IdKind::Transfer };
        let tenant = u32::MAX - u32::try_from(i % 3).unwrap();
        let id = u128::MAX - u128::from(i * i) * 0x0123_4567_89ab_cdef_0123_4567;
        IdEntry { key: IdKey { id, tenant, kind }, sequence }
    };
    (0..).zip(RANGE.filter(|sequence| !(1_100..1_110).contains(sequence))).map(entry).collect()
}

fn golden() -> PathBuf {
    let name = file(&RANGE);
    let name = name.file_name().unwrap();
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1").join(name)
}

#[test]
fn bytes_are_the_same() {
    let disk = disk(1);
    open(&disk).add(*RANGE.start(), *RANGE.end(), &ids()).unwrap();
    let bytes = disk.contents(&file(&RANGE)).unwrap();
    if std::env::var_os("FLORIN_BLESS").is_some() {
        fs::write(golden(), &bytes).unwrap();
    }
    assert!(fs::read(golden()).unwrap() == bytes, "the run is written differently");
}

#[test]
fn what_is_in_it_is_found() {
    let disk = disk(1);
    disk.put(&file(&RANGE), &fs::read(golden()).unwrap()).unwrap();
    let runs = open(&disk);
    let set = runs.set();
    assert_eq!((set.runs(), set.entries(), set.through()), (1, 190, 0));
    assert_eq!(set.missing(1_300), [1..=1_000, 1_201..=1_300]);
    for entry in ids() {
        assert!(set.may_hold(&entry.key));
        assert_eq!(set.find(&entry.key, 0).unwrap(), Some(entry.sequence));
        let other = IdKey { tenant: 0, ..entry.key };
        assert_eq!(set.find(&other, 0).unwrap(), None);
    }
}
