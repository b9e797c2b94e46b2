//! The power goes, the process dies or the disk fails at every operation of a history of adds and merges.

use florin_persistence::{Counters, Faults, IdsError};

use super::*;

const RANGES: Sequence = 9;

/// Ranges that follow each other, of some 120 ids each and one of none.
fn ranges() -> Vec<RangeInclusive<Sequence>> {
    let mut next = 1;
    (1..=RANGES)
        .map(|number| {
            let len = if number == 4 { 1 } else { 120 };
            let range = next..=next + len - 1;
            next += len;
            range
        })
        .collect()
}

/// What a process does until something stops it: adds what is missing and merges in between. Gives the ranges
/// whose add was acknowledged.
fn live(
    runs: &IdRuns<SimDisk>,
    twin: &Twin,
) -> (Vec<RangeInclusive<Sequence>>, Result<(), IdsError>) {
    let mut added = Vec::new();
    for range in ranges() {
        for missing in runs.missing(*range.end()) {
            if let Err(error) = runs.add(*missing.start(), *missing.end(), &twin.of(&missing)) {
                return (added, Err(error));
            }
            added.push(missing);
        }
        match runs.merge_step() {
            Ok(_) => {}
            Err(error) => return (added, Err(error)),
        }
    }
    (added, Ok(()))
}

fn twin() -> Twin {
    let mut twin = Twin::new(11);
    for range in ranges() {
        twin.use_up(&range);
    }
    // One without ids.
    twin.ids.retain(|_, sequence| *sequence != 361);
    twin
}

/// Opens what is left, and sees that everything acknowledged is there; then goes on to the end.
fn recover(disk: &SimDisk, twin: &mut Twin, added: &[RangeInclusive<Sequence>], case: &str) {
    let runs = open(disk);
    let last = *ranges().last().unwrap().end();
    let missing = runs.missing(last);
    for range in added {
        let is_there = missing.iter().all(|gap| gap.start() > range.end());
        assert!(is_there, "{case}: {range:?} was acknowledged, {missing:?} is missing");
    }
    twin.check(&runs.set(), &missing);
    assert!(!names(disk).iter().any(|name| name.contains("tmp")), "{case}");
    live(&runs, twin).1.unwrap();
    while runs.merge_step().unwrap() {}
    twin.check(&runs.set(), &[]);
    assert_eq!(runs.set().through(), last, "{case}");
}

fn operations(twin: &Twin) -> u64 {
    let disk = disk(0);
    let runs = open(&disk);
    let before = disk.operations();
    assert_eq!(live(&runs, twin).0.len() as u64, RANGES);
    assert!(runs.set().runs() < 7, "it has merged");
    disk.operations() - before
}

#[test]
fn the_power_goes_at_every_operation() {
    let mut twin = twin();
    let operations = operations(&twin);
    assert!(operations > 60, "{operations}");
    let mut lost = Counters::default();
    for at in 0..operations {
        for seed in 0..3 {
            let disk = disk(seed + at * 3);
            let runs = open(&disk);
            let crash_at = Some(disk.operations() + at);
            disk.set_faults(Faults { crash_at, ..Faults::default() });
            let (added, result) = live(&runs, &twin);
            assert!(result.unwrap_err().is_fatal());
            disk.crash();
            recover(&disk, &mut twin, &added, &format!("crash at {at}, seed {seed}"));
            lost.lost_writes += disk.counters().lost_writes;
            lost.torn_writes += disk.counters().torn_writes;
        }
    }
    assert!(lost.lost_writes > 50 && lost.torn_writes > 50, "{lost:?}");
}

#[test]
fn the_process_dies_at_every_operation_and_then_the_power_goes() {
    let mut twin = twin();
    for at in 0..operations(&twin) {
        let disk = disk(at);
        let runs = open(&disk);
        let crash_at = Some(disk.operations() + at);
        disk.set_faults(Faults { crash_at, ..Faults::default() });
        let (mut added, _) = live(&runs, &twin);
        disk.kill();
        // What the next process found stays found, although it has synced no run.
        let missing = open(&disk).missing(*ranges().last().unwrap().end());
        let gap = missing.first().map_or(u64::MAX, |gap| *gap.start());
        added.extend(ranges().into_iter().filter(|range| *range.end() < gap));
        disk.crash();
        recover(&disk, &mut twin, &added, &format!("killed at {at}"));
    }
}

#[test]
fn the_disk_fails_at_every_operation() {
    let mut twin = twin();
    for at in 0..operations(&twin) {
        let disk = disk(at);
        let runs = open(&disk);
        disk.set_faults(Faults { fail_at: Some(disk.operations() + at), ..Faults::default() });
        let (added, result) = live(&runs, &twin);
        let error = result.unwrap_err();
        assert!(matches!(error, IdsError::Failed { .. }), "{at}: {error}");
        assert_eq!(error.reason(), "DATA_IO");
        // Nothing is written any more; what was there can be read.
        let before = snapshot(&disk);
        let missing = runs.missing(5_000);
        for result in [
            runs.add(2_000, 2_001, &[]),
            runs.merge_step().map(|_| ()),
            runs.discard(&file(&ranges()[0])).map(|_| ()),
        ] {
            assert!(matches!(result, Err(IdsError::Poisoned)), "{at}");
        }
        assert_eq!(snapshot(&disk), before);
        twin.check(&runs.set(), &missing);
        if at % 2 == 0 {
            disk.kill();
        } else {
            disk.crash();
        }
        recover(&disk, &mut twin, &added, &format!("failed at {at}"));
    }
}
