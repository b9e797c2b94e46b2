//! How fast ids are told from all that were ever used: `cargo bench -p florin-persistence --bench ids`.
//!
//! Building runs and merging them on the real disk, and asking them for new ids and for old ones.
//! `FLORIN_BENCH_DIR` names the folder (a temporary one otherwise), `FLORIN_BENCH_IDS` how many ids a run has.
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::hint::black_box;
use std::time::Instant;

use florin_engine::Sequence;
use florin_persistence::{
    ID_SHARD_ENTRIES_DEFAULT, IdEntry, IdKey, IdKind, IdOptions, IdRuns, IdSet, RealDisk,
};

const RUNS: u64 = 16;
const BATCHES: [usize; 3] = [16, 64, 8_190];
const ASKED: usize = 4_000_000;

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Random ids: nothing but the filters tells them apart.
fn key(number: u64) -> IdKey {
    let id = u128::from(mix(number)) << 64 | u128::from(number);
    IdKey { id, tenant: 0, kind: IdKind::Transfer }
}

fn ids(first: Sequence, count: u64) -> Vec<IdEntry> {
    (first..first + count).map(|sequence| IdEntry { key: key(sequence), sequence }).collect()
}

fn report(what: &str, count: u64, begun: Instant) {
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{what:<36} {:>12.0} ids/s {:>8.1} ns/id",
        count as f64 / took,
        took * 1e9 / count as f64
    );
}

fn ask(set: &IdSet<RealDisk>, new: &[IdKey]) {
    let runs = set.runs();
    let begun = Instant::now();
    let maybe = new.iter().filter(|key| set.may_hold(key)).count();
    report(&format!("new, {runs} runs, one by one"), new.len() as u64, begun);
    for batch in BATCHES {
        let mut held = Vec::new();
        let begun = Instant::now();
        for keys in new.chunks(batch) {
            set.may_hold_any(keys, &mut held);
        }
        report(&format!("new, {runs} runs, batches of {batch}"), new.len() as u64, begun);
        assert_eq!(held.len(), maybe);
    }
    println!(
        "{:<36} {:>12.1} in a million",
        "  may be held, and are not",
        maybe as f64 * 1e6 / new.len() as f64
    );
}

fn main() {
    let count =
        std::env::var("FLORIN_BENCH_IDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_500_000);
    let parent = std::env::var_os("FLORIN_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let place = tempfile::TempDir::new_in(parent).expect("the folder can be written");
    let options = IdOptions {
        partition: 0,
        filter_bytes_max: u64::MAX,
        shard_entries: ID_SHARD_ENTRIES_DEFAULT,
        entropy: [7; 8],
    };
    let open = || {
        let opened = IdRuns::open(&RealDisk, &place.path().join("ids"), [1; 16], &options);
        opened.expect("the folder is ours").0
    };
    let runs = open();
    let new: Vec<IdKey> = (1 << 40..).take(ASKED).map(key).collect();
    println!("runs of {count} ids");
    for number in 0..RUNS {
        let first = 1 + number * count;
        let entries = ids(first, count);
        let begun = Instant::now();
        runs.add(first, first + count - 1, &entries).expect("it is new");
        if [1, 4, 8, 16].contains(&(number + 1)) {
            report("add: sort, filter, write, sync", count, begun);
            ask(&runs.set(), &new);
        }
    }
    // As clients should: ids that grow with time lie behind the largest of every run.
    let later: Vec<IdKey> = new.iter().map(|key| IdKey { id: u128::MAX, ..*key }).collect();
    let mut held = Vec::new();
    let begun = Instant::now();
    for keys in later.chunks(64) {
        runs.set().may_hold_any(keys, &mut held);
    }
    report("time-ordered, 16 runs, batches of 64", later.len() as u64, begun);
    black_box(held);

    let set = runs.set();
    println!(
        "{:<36} {:>12.3} bytes an id",
        "filters",
        set.filter_bytes() as f64 / set.entries() as f64
    );
    let looked_up = 200_000;
    let begun = Instant::now();
    for i in 0..looked_up {
        let sequence = 1 + mix(i) % (RUNS * count);
        assert_eq!(set.find(&key(sequence), 0).expect("it can be read"), Some(sequence));
    }
    report("old, found in the page cache", looked_up, begun);
    let figures = set.figures();
    println!(
        "{:<36} {:>12.2} pages an id",
        "  read for it",
        figures.page_reads as f64 / figures.looked_up as f64
    );
    let begun = Instant::now();
    let mut merged = 0;
    while runs.merge_step().expect("there is room") {
        // Four of the smallest at a time, then four of those.
        merged += if runs.set().runs() == 1 { RUNS * count } else { 4 * count };
    }
    report("merged by fours, all of it twice", merged, begun);
    ask(&runs.set(), &new);
    drop(runs);
    let begun = Instant::now();
    let runs = open();
    println!(
        "{:<36} {:>12.1} ms for {} ids",
        "opened, with its filters",
        begun.elapsed().as_secs_f64() * 1e3,
        runs.set().entries()
    );
}
