//! Long histories: adds in order and out of it, merges, openings.

use florin_engine::{Body, Event};
use florin_persistence::{IdKey, IdKind, IdOptions, RealDisk, ids_of};

use super::history::History;
use super::*;

/// Ranges that are not added yet, as the simplest set of them.
fn gaps(added: &[RangeInclusive<Sequence>], through: Sequence) -> Vec<RangeInclusive<Sequence>> {
    let mut gaps: Vec<RangeInclusive<Sequence>> = Vec::new();
    for sequence in (1..=through).filter(|s| !added.iter().any(|range| range.contains(s))) {
        match gaps.last_mut() {
            Some(last) if last.end() + 1 == sequence => *last = *last.start()..=sequence,
            _ => gaps.push(sequence..=sequence),
        }
    }
    gaps
}

#[test]
fn histories() {
    let (mut merges, mut most_runs) = (0, 0);
    for seed in 0..40 {
        let mut twin = Twin::new(seed);
        let disk = disk(seed);
        let mut options =
            IdOptions { shard_entries: 1 + u32::try_from(twin.below(120)).unwrap(), ..options() };
        let mut runs = open_with(&disk, &options).0;
        let mut added: Vec<RangeInclusive<Sequence>> = Vec::new();
        let mut postponed: Vec<RangeInclusive<Sequence>> = Vec::new();
        let mut next = 1;
        for step in 0..60 {
            let range = next..=next + twin.below(40) * twin.below(12);
            match twin.below(8) {
                0 => postponed.push(range.clone()),
                1 if !postponed.is_empty() => {
                    let range = postponed.remove(0);
                    let ids = twin.use_up(&range);
                    runs.add(*range.start(), *range.end(), &ids).unwrap();
                    added.push(range);
                    continue;
                }
                2 | 3 => {
                    merges += usize::from(runs.merge_step().unwrap());
                    continue;
                }
                4 => {
                    let budgets = [0, 1_000, u64::MAX];
                    options.filter_bytes_max = budgets[usize::try_from(twin.below(3)).unwrap()];
                    // The seed stays that of the first run.
                    options.entropy = [step; 8];
                    runs = open_with(&disk, &options).0;
                    continue;
                }
                _ => {
                    let ids = twin.use_up(&range);
                    runs.add(*range.start(), *range.end(), &ids).unwrap();
                    added.push(range.clone());
                }
            }
            next = range.end() + 1;
            let through = next - 1 + twin.below(3);
            let expected = gaps(&added, through);
            let set = runs.set();
            assert_eq!(set.missing(through), expected, "seed {seed}, step {step}");
            assert_eq!(set.through(), gaps(&added, next)[0].start() - 1);
            most_runs = most_runs.max(set.runs());
            if step % 10 == 0 {
                twin.check(&set, &[]);
            }
        }
        while runs.merge_step().unwrap() {
            merges += 1;
        }
        twin.check(&runs.set(), &[]);
        assert_eq!(names(&disk).len(), runs.set().runs(), "nothing else is left");
        twin.check(&open(&disk).set(), &[]);
    }
    assert!(merges > 100 && most_runs > 15, "{merges} merges, {most_runs} runs");
}

#[test]
fn a_batch_is_answered_as_one_by_one() {
    let mut twin = Twin::new(3);
    let runs = open(&disk(3));
    for i in 0..5 {
        let range = 1 + i * 300..=300 + i * 300;
        runs.add(*range.start(), *range.end(), &twin.use_up(&range)).unwrap();
    }
    let set = runs.set();
    for len in [0, 1, 63, 64, 65, 200, 1_000] {
        let keys: Vec<IdKey> = (0..len)
            .map(|i| {
                let used = twin.ids.keys().nth(i % twin.ids.len()).copied().unwrap();
                if twin.below(3) == 0 { used } else { twin.unused() }
            })
            .collect();
        let mut maybe = vec![usize::MAX];
        set.may_hold_any(&keys, &mut maybe);
        let one_by_one = (0..len).filter(|i| set.may_hold(&keys[*i]));
        let expected: Vec<usize> = [usize::MAX].into_iter().chain(one_by_one).collect();
        assert_eq!(maybe, expected, "{len}");
        // With filters, hardly any that was not used.
        let used = keys.iter().filter(|key| twin.ids.contains_key(key)).count();
        assert!(maybe.len() - 1 <= used + 1, "{} of {len}, {used} used", maybe.len() - 1);
    }
}

/// Plain transfers, as many ids as events.
fn plain(range: RangeInclusive<Sequence>) -> Vec<IdEntry> {
    let key = |sequence: u64| IdKey {
        id: u128::from(sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(sequence),
        tenant: 0,
        kind: IdKind::Transfer,
    };
    range.map(|sequence| IdEntry { key: key(sequence), sequence }).collect()
}

#[test]
fn one_or_two_pages_are_read() {
    let disk = disk(1);
    let options = IdOptions { shard_entries: 128 * 1024, ..options() };
    let (runs, _) = open_with(&disk, &options);
    runs.add(1, 200_000, &plain(1..=200_000)).unwrap();
    let set = runs.set();
    for entry in plain(1..=200_000).iter().step_by(37) {
        assert_eq!(set.find(&entry.key, 0).unwrap(), Some(entry.sequence));
    }
    let figures = runs.figures();
    assert_eq!(figures.looked_up, figures.found);
    let (reads, looked_up) = (figures.page_reads, figures.looked_up);
    assert!(reads * 10 < looked_up * 21, "{reads} pages for {looked_up} ids");
    assert_eq!(figures.asked, 0);
    // What was looked at before is not looked at again.
    assert_eq!(set.find(&plain(5..=5)[0].key, 200_000).unwrap(), None);
    assert_eq!(runs.figures().page_reads, reads);
    assert_eq!(set.filter_bytes(), set.filter_bytes_on_disk());
    assert!(set.filter_bytes() * 10 < 200_000 * 25, "{} bytes of filter", set.filter_bytes());
}

#[test]
fn an_old_set_goes_on_beside_adds_and_merges_on_a_real_disk() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("ids");
    let open = || IdRuns::open(&RealDisk, &dir, LINEAGE, &options()).unwrap();
    let (runs, _) = open();
    let mut twin = Twin::new(8);
    for i in 0..4 {
        let range = 1 + i * 200..=200 + i * 200;
        runs.add(*range.start(), *range.end(), &twin.use_up(&range)).unwrap();
    }
    let (old, old_twin) = (runs.set(), twin.clone());
    let merging = runs.clone();
    std::thread::scope(|scope| {
        let merged = scope.spawn(move || {
            let mut merged = 0;
            while merging.set().through() < 8_000 || merging.merge_step().unwrap() {
                merged += usize::from(merging.merge_step().unwrap());
            }
            merged
        });
        for i in 4..40 {
            let range = 1 + i * 200..=200 + i * 200;
            runs.add(*range.start(), *range.end(), &twin.use_up(&range)).unwrap();
            old_twin.clone().check(&old, &[]);
        }
        assert!(merged.join().unwrap() > 0);
    });
    old_twin.clone().check(&old, &[]);
    twin.check(&runs.set(), &[]);
    assert!(runs.set().runs() < 12, "{:?}", runs.set());
    drop(runs);
    let (runs, dropped) = open();
    assert_eq!((dropped.len(), runs.set().through()), (0, 8_000));
    twin.check(&runs.set(), &[]);
}

#[test]
fn ids_of_events() {
    let mut history = History::new(5);
    let mut kinds = [0; 4];
    for event in std::iter::repeat_with(|| history.batch(50)).take(40).flatten() {
        let ids: Vec<IdEntry> = ids_of(&event).collect();
        assert!(ids.iter().all(|entry| entry.sequence == event.sequence));
        let ids: Vec<(u128, u32, IdKind)> =
            ids.iter().map(|entry| (entry.key.id, entry.key.tenant, entry.key.kind)).collect();
        let (kind, expected) = match &event.body {
            Body::TransferPosted(it) => {
                let own = (it.id, it.tenant, IdKind::Transfer);
                let is_first = it.group.len > 0 && it.group.index == 0;
                let group = it.extra.as_ref().and_then(|extra| extra.group);
                assert_eq!(group.is_some(), is_first);
                let group = group.map(|key| (key.id, it.tenant, IdKind::Group));
                (usize::from(is_first), [own].into_iter().chain(group).collect())
            }
            Body::Hold(it) => (2, vec![(it.id, it.tenant, IdKind::Transfer)]),
            Body::TransferRefused(it) => (2, vec![(it.id, it.tenant, IdKind::Transfer)]),
            Body::GroupRefused(it) => (3, vec![(it.key.id, it.tenant, IdKind::Group)]),
            _ => (0, vec![]),
        };
        kinds[kind] += 1;
        assert_eq!(ids, expected, "{event:?}");
        // What falls due has no id, and a hold may begin a group.
        if let Body::Hold(hold) = &event.body {
            let mut hold = hold.clone();
            hold.id = 0;
            assert_eq!(ids_of(&Event { body: Body::Hold(hold.clone()), ..event }).count(), 0);
            let group = florin_engine::GroupKey { id: 77, content_hash: 1 };
            hold.extra = Some(Box::default());
            hold.extra.as_mut().unwrap().group = Some(group);
            let ids: Vec<IdEntry> =
                ids_of(&Event { body: Body::Hold(hold.clone()), ..event }).collect();
            let key = IdKey { id: 77, tenant: hold.tenant, kind: IdKind::Group };
            assert_eq!(ids, [IdEntry { key, sequence: event.sequence }]);
        }
    }
    assert!(kinds.iter().all(|seen| *seen > 5), "{kinds:?}");
}
