//! Filters in memory are bounded; without one, an id between the smallest and the largest may be there.

use super::*;

/// Ids of a range of events, in a range of their own.
fn ids(range: RangeInclusive<Sequence>) -> Vec<IdEntry> {
    let key = |sequence: u64| IdKey {
        id: u128::from(sequence) * 1_000,
        tenant: 1,
        kind: IdKind::Transfer,
    };
    range.map(|sequence| IdEntry { key: key(sequence), sequence }).collect()
}

fn add(runs: &IdRuns<SimDisk>, number: u64) {
    let range = 1 + number * 200..=200 + number * 200;
    runs.add(*range.start(), *range.end(), &ids(range)).unwrap();
}

/// How many of 100 ids that lie between those of a run and were never used may be held.
fn maybe(set: &IdSet<SimDisk>, number: u64) -> usize {
    let unused = |i| IdKey {
        id: u128::from(number * 200 + 1 + i) * 1_000 + 500,
        tenant: 1,
        kind: IdKind::Transfer,
    };
    (0..100).filter(|i| set.may_hold(&unused(*i))).count()
}

#[test]
fn the_newest_filters_are_in_memory() {
    let disk = disk(1);
    let one = {
        let runs = open(&self::disk(2));
        add(&runs, 0);
        runs.set().filter_bytes()
    };
    // Room for two and a half, all runs being alike.
    let options = IdOptions { filter_bytes_max: one * 5 / 2, ..options() };
    let (runs, _) = open_with(&disk, &options);
    let check = |runs: &IdRuns<SimDisk>, with: &[u64], without: &[u64]| {
        let set = runs.set();
        assert!(set.filter_bytes() <= options.filter_bytes_max, "{} bytes", set.filter_bytes());
        for number in with {
            assert!(maybe(&set, *number) < 5, "run {number} has a filter");
        }
        for number in without {
            assert_eq!(maybe(&set, *number), 100, "run {number} has none");
        }
    };
    for (number, with, without) in
        [(0, &[0][..], &[][..]), (1, &[0, 1], &[]), (2, &[1, 2], &[0]), (3, &[2, 3], &[0, 1])]
    {
        add(&runs, number);
        check(&runs, with, without);
    }
    assert!(runs.set().filter_bytes_on_disk() > options.filter_bytes_max);
    check(&open_with(&disk, &options).0, &[2, 3], &[0, 1]);
    // All four in one: it does not fit, and what is newer does.
    assert!(runs.merge_step().unwrap());
    check(&runs, &[], &[0, 1, 2, 3]);
    assert_eq!(runs.set().filter_bytes(), 0);
    add(&runs, 4);
    check(&runs, &[4], &[0, 1, 2, 3]);
    check(&open_with(&disk, &options).0, &[4], &[0, 1, 2, 3]);
}

#[test]
fn a_filter_without_room_leaves_it_to_older_ones() {
    let disk = disk(1);
    let options = IdOptions { filter_bytes_max: 2_000, ..options() };
    let (runs, _) = open_with(&disk, &options);
    add(&runs, 0);
    runs.add(201, 3_000, &ids(201..=3_000)).unwrap();
    for runs in [runs, open_with(&disk, &options).0] {
        let set = runs.set();
        assert!((1..2_000).contains(&set.filter_bytes()), "{} bytes", set.filter_bytes());
        assert!(maybe(&set, 0) < 5, "the small one has a filter");
        assert_eq!(maybe(&set, 1), 100, "the large one has none");
    }
}

#[test]
fn smallest_and_largest_rule_out_without_a_filter() {
    let disk = disk(1);
    let (runs, _) = open_with(&disk, &IdOptions { filter_bytes_max: 0, ..options() });
    let key = |id| IdKey { id, tenant: 0, kind: IdKind::Transfer };
    runs.add(1, 5, &[]).unwrap();
    assert!(!runs.set().may_hold(&key(0)), "there is no id in it");
    runs.add(6, 9, &three([6, 7, 9])).unwrap();
    let set = runs.set();
    for (id, maybe) in [(0, false), (1, true), (2, true), (3, true), (4, false), (u128::MAX, false)]
    {
        assert_eq!(set.may_hold(&key(id)), maybe, "{id}");
        let sequence = [6, 7, 9].get(usize::try_from(id).unwrap_or(usize::MAX).wrapping_sub(1));
        assert_eq!(set.find(&key(id), 0).unwrap(), sequence.copied(), "{id}");
    }
    // Another tenant's id is between them too, and is not there.
    let other = IdKey { tenant: 1, ..key(2) };
    assert!(set.may_hold(&other));
    assert_eq!(set.find(&other, 0).unwrap(), None);
    let figures = runs.figures();
    // Those that lie outside were not read for.
    assert_eq!((figures.asked, figures.probed, figures.maybe), (8, 0, 4));
    assert_eq!((figures.looked_up, figures.found, figures.page_reads), (7, 3, 4));
    let (runs, _) = open_with(&disk, &IdOptions { filter_bytes_max: 0, ..options() });
    assert!(!runs.set().may_hold(&key(4)) && runs.set().may_hold(&key(3)));
}

#[test]
fn filters_are_counted_that_are_looked_into() {
    let key = |id| IdKey { id, tenant: 0, kind: IdKind::Transfer };
    // Runs from 1 to 3 and from 2 to 9, and one without a filter to look into.
    let keys = [0, 1, 2, 3, 9, 10].map(key);
    for (at_once, probed) in [(true, 6), (false, 5)] {
        let runs = open(&disk(1));
        let entry = |(id, sequence)| IdEntry { key: key(id), sequence };
        runs.add(1, 2, &[(1, 1), (3, 2)].map(entry)).unwrap();
        runs.add(3, 4, &[(2, 3), (9, 4)].map(entry)).unwrap();
        runs.add(5, 6, &[]).unwrap();
        let set = runs.set();
        if at_once {
            set.may_hold_any(&keys, &mut Vec::new());
        } else {
            // One by one, the newest run first, no further than the first that may hold it.
            assert_eq!(keys.iter().filter(|key| set.may_hold(key)).count(), 4);
        }
        let figures = runs.figures();
        assert_eq!((figures.asked, figures.probed), (6, probed), "{at_once}");
    }
}
