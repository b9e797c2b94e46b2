//! Bits that flip, files that are cut, exchanged or strange: found out, and never taken for "not there".

use florin_persistence::{IdsError, OpenError, ReadError};

use super::*;

/// A run of some 300 ids in 4 shards, alone in its folder.
fn one_run() -> (SimDisk, Twin, RangeInclusive<Sequence>, Vec<u8>) {
    let disk = disk(1);
    let mut twin = Twin::new(21);
    let range = 1..=320;
    let ids = twin.use_up(&range);
    assert!((200..=400).contains(&ids.len()), "{}", ids.len());
    open(&disk).add(1, 320, &ids).unwrap();
    let bytes = disk.contents(&file(&range)).unwrap();
    (disk, twin, range, bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> usize {
    let mut field = [0; 8];
    field.copy_from_slice(&bytes[at..at + 8]);
    usize::try_from(u64::from_le_bytes(field)).unwrap()
}

#[test]
fn a_flipped_bit_is_found_out_wherever_it_is() {
    let (disk, mut twin, range, bytes) = one_run();
    // As in the tables of the format.
    let (filters, directory) = (u64_at(&bytes, 104), u64_at(&bytes, 120));
    assert_eq!(bytes.len(), directory + 4 * 48);
    let sections = [
        ("header", 0..256, 1),
        ("zeros", 256..4_096, 61),
        ("entries", 4_096..filters, 5),
        ("filters", filters..directory, 3),
        ("directory", directory..bytes.len(), 1),
    ];
    for (section, bytes_of_it, stride) in sections {
        let (mut dropped_runs, mut damaged) = (0, 0);
        for at in bytes_of_it.clone().step_by(stride) {
            let bit = u32::try_from(twin.below(8)).unwrap();
            disk.put(&file(&range), &bytes).unwrap();
            disk.flip_bit(&file(&range), at, bit).unwrap();
            let opened = IdRuns::open(&disk, &dir(), LINEAGE, &options());
            // The version may have become a newer one.
            if let Err(OpenError::NewerFormat { .. }) = &opened {
                assert!(section == "header" && (8..10).contains(&at), "{section} {at}");
                dropped_runs += 1;
                continue;
            }
            let (runs, dropped) = opened.unwrap();
            if let [dropped] = dropped.as_slice() {
                assert_eq!((&dropped.file, &dropped.sequences), (&file(&range), &range));
                assert_eq!(runs.missing(320), std::slice::from_ref(&range), "{section} {at}");
                assert_eq!(names(&disk), [""; 0]);
                dropped_runs += 1;
                continue;
            }
            assert_eq!(runs.missing(320), []);
            let set = runs.set();
            let mut is_damaged = false;
            for (key, sequence) in &twin.ids {
                assert!(set.may_hold(key), "{section} {at}: {key:?} is denied");
                match set.find(key, 0) {
                    Ok(found) => assert_eq!(found, Some(*sequence), "{section} {at}: {key:?}"),
                    Err(ReadError::Damaged { file: path, offset, .. }) => {
                        assert_eq!(path, file(&range));
                        assert_eq!(offset, at as u64 / 4_096 * 4_096);
                        is_damaged = true;
                    }
                    Err(error) => panic!("{section} {at}: {error}"),
                }
            }
            damaged += usize::from(is_damaged);
        }
        let flips = bytes_of_it.step_by(stride).count();
        let expected = match section {
            "zeros" => (0, 0),
            "entries" => (0, flips),
            _ => (flips, 0),
        };
        assert_eq!((dropped_runs, damaged), expected, "{section}");
    }
}

#[test]
fn a_damaged_filter_that_is_not_needed_harms_nobody() {
    let (disk, mut twin, range, bytes) = one_run();
    disk.flip_bit(&file(&range), u64_at(&bytes, 104), 0).unwrap();
    let (runs, dropped) = open_with(&disk, &IdOptions { filter_bytes_max: 100, ..options() });
    assert_eq!(dropped, []);
    twin.check(&runs.set(), &[]);
}

#[test]
fn strange_files() {
    let (disk, _, range, bytes) = one_run();
    let own = disk.contents(&file(&range)).unwrap();
    let other_hash = {
        let other = self::disk(2);
        let options = IdOptions { entropy: [43; 8], ..options() };
        open_with(&other, &options).0.add(321, 330, &three([321, 322, 330])).unwrap();
        other.contents(&file(&(321..=330))).unwrap()
    };
    let other_lineage = {
        let other = self::disk(2);
        let (runs, _) = IdRuns::open(&other, &dir(), [7; 16], &options()).unwrap();
        runs.add(321, 330, &three([321, 322, 330])).unwrap();
        other.contents(&file(&(321..=330))).unwrap()
    };
    let overlapping = {
        let other = self::disk(2);
        open(&other).add(320, 330, &three([321, 322, 330])).unwrap();
        other.contents(&file(&(320..=330))).unwrap()
    };
    let longer = [&own[..], &[0]].concat();
    let beside = 321..=330;
    for (what, range, contents, expected) in [
        ("empty", &beside, &[][..], "damaged at byte 0: it ends in its header"),
        ("cut in its header", &beside, &bytes[..4_000], "at byte 4000: it ends in its header"),
        ("cut", &beside, &bytes[..bytes.len() - 1], "its length is wrong"),
        ("too long", &beside, &longer, "its length is wrong"),
        ("something else", &beside, &[1; 5_000], "at byte 0: its header is not what was written"),
        ("under another name", &beside, &own, "its name is that of another run"),
        ("of another lineage", &beside, &other_lineage, "it is of another lineage or partition"),
        ("of another hash", &beside, &other_hash, "it is sorted by another hash"),
        ("overlapping", &(320..=330), &overlapping, "it overlaps another run"),
    ] {
        disk.put(&file(range), contents).unwrap();
        let (runs, dropped) = open_with(&disk, &options());
        let [dropped] = dropped.as_slice() else { panic!("{what}: {dropped:?}") };
        assert!(dropped.what.contains(expected), "{what}: {dropped:?}");
        assert_eq!((&dropped.file, &dropped.sequences), (&file(range), range), "{what}");
        assert_eq!(runs.missing(330), [321..=330], "{what}");
        assert_eq!(names(&disk).len(), 1, "{what}");
    }
    // What is not ours stays.
    disk.put(&dir().join("README"), b"hands off").unwrap();
    disk.put(&dir().join("ids-1-2.run"), b"").unwrap();
    open(&disk);
    assert_eq!(names(&disk).len(), 3);
}

#[test]
fn a_newer_format_is_left_alone() {
    let (disk, _, range, mut bytes) = one_run();
    bytes[8] = 2;
    disk.put(&file(&range), &bytes).unwrap();
    disk.put(&dir().join("ids-00000000000000000001-00000000000000000002.run.tmp"), b"").unwrap();
    let before = snapshot(&disk);
    let error = IdRuns::open(&disk, &dir(), LINEAGE, &options()).unwrap_err();
    assert_eq!(error.reason(), "DATA_NEWER_FORMAT");
    assert!(error.to_string().contains("id run format 2; this one reads format 1"), "{error}");
    assert_eq!(snapshot(&disk), before);
}

#[test]
fn a_damaged_page_stops_a_merge_until_the_run_is_made_again() {
    let disk = disk(4);
    let runs = open(&disk);
    let mut twin = Twin::new(4);
    // Of a size that is no border between tiers.
    let ranges = [1..=500, 501..=1_000, 1_001..=1_500, 1_501..=2_000];
    for range in &ranges {
        runs.add(*range.start(), *range.end(), &twin.use_up(range)).unwrap();
    }
    disk.flip_bit(&file(&ranges[2]), 4_096 + 4_096 + 100, 3).unwrap();
    let before = snapshot(&disk);
    let error = runs.merge_step().unwrap_err();
    let IdsError::Damaged { file: damaged, offset: 8_192, .. } = &error else { panic!("{error}") };
    assert_eq!(error.reason(), "IDS_DAMAGED");
    assert_eq!(damaged, &file(&ranges[2]));
    assert_eq!(snapshot(&disk), before, "nothing was changed");
    assert_eq!(runs.discard(damaged).unwrap(), Some(1_001..=1_500));
    assert_eq!(runs.discard(damaged).unwrap(), None);
    assert_eq!(runs.missing(2_000), [1_001..=1_500]);
    assert_eq!(runs.set().through(), 1_000);
    assert!(!runs.merge_step().unwrap(), "not across a gap");
    // Until it is there again, nobody is told that an id of it is new.
    let gap = runs.set_without_gap();
    assert!(matches!(gap, Err(ReadError::IdsMissing { after: 1_000 })), "{gap:?}");
    runs.add(1_001, 1_500, &twin.of(&ranges[2])).unwrap();
    assert_eq!(runs.set_without_gap().unwrap().through(), 2_000);
    assert!(runs.merge_step().unwrap());
    twin.check(&runs.set(), &[]);
    twin.check(&open(&disk).set(), &[]);
    assert_eq!(names(&disk).len(), 1);
}
