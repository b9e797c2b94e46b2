//! How the past is found on this machine: `cargo bench -p florin-persistence --bench past`.
//!
//! Indexes of sealed segments are built, then the last events and balances at past moments of a busy, a middling and a
//! sparse account are looked up: warm (in the page cache) and cold (dropped from it). `FLORIN_BENCH_DIR` names the folder
//! (a temporary one otherwise), `FLORIN_BENCH_EVENTS` how many events.
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use florin_engine::{
    AssetCode, AssetRegistered, Body, Event, GroupPlace, Leg, Sequence, Slot, TransferPosted,
};
use florin_persistence::{
    JournalOptions, JournalReader, RealDisk, SEGMENT_BYTES_DEFAULT, SealedIndex, open,
};
use rustix::fs::Advice;

const BATCH: usize = 8_190;
/// One event in so many is of the busy, the middling, the sparse account; the rest is of many others.
const BUSY: u64 = 20;
const MIDDLING: u64 = 5_000;
const SPARSE: u64 = 100_000;
const OTHERS: u64 = 1_000_000;

fn options() -> JournalOptions {
    JournalOptions {
        partition: 0,
        segment_bytes: SEGMENT_BYTES_DEFAULT,
        cut_damaged_tail: false,
        epoch_least: 0,
        entropy: [1; 32],
        now_ns: 0,
    }
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The account that pays in an event.
fn payer(sequence: Sequence) -> Slot {
    let slot = match sequence {
        _ if sequence.is_multiple_of(SPARSE) => 2,
        _ if sequence.is_multiple_of(MIDDLING) => 1,
        _ if sequence.is_multiple_of(BUSY) => 0,
        _ => 3 + mix(sequence) % OTHERS,
    };
    u32::try_from(slot).expect("it fits")
}

fn leg(slot: Slot, sequence: Sequence, last: &mut [Sequence]) -> Leg {
    let previous_sequence = std::mem::replace(&mut last[slot as usize], sequence);
    let posted_net_after_minor = i128::from(sequence);
    Leg { slot, previous_sequence, posted_net_after_minor, pending_debits_after_minor: 0 }
}

fn transfer(sequence: Sequence, last: &mut [Sequence]) -> Event {
    let receiver = u32::try_from(3 + OTHERS + mix(sequence ^ 7) % OTHERS).expect("it fits");
    let body = Body::TransferPosted(TransferPosted {
        id: u128::from(mix(sequence)) << 64 | u128::from(sequence),
        amount_minor: 1_250,
        debit: leg(payer(sequence), sequence, last),
        credit: leg(receiver, sequence, last),
        content_hash: mix(!sequence),
        original_sequence: 0,
        tenant: 0,
        asset: 0,
        code: 1,
        value_date: 20_261_122,
        group: GroupPlace::default(),
        extra: None,
    });
    Event { sequence, timestamp_ns: sequence * 1_000, body }
}

/// Writes a journal; gives its reader, the last segment's number, and the last event of each account.
fn write(dir: &Path, events: u64) -> (JournalReader<RealDisk>, u64, Vec<Sequence>) {
    let opened = open(&RealDisk, dir, &options(), &mut |_| Ok(()), &mut |_| {});
    let (mut writer, reader, _) = opened.expect("a new journal opens");
    let code = AssetCode::new("EUR").expect("three letters");
    let body = Body::AssetRegistered(AssetRegistered { asset: 0, code, scale: 2 });
    writer.append(&[&[Event { sequence: 1, timestamp_ns: 1, body }]]).expect("it fits");
    let mut last = vec![0; usize::try_from(3 + 2 * OTHERS).expect("it fits")];
    let mut next = 2;
    while next <= events {
        let batch: Vec<Event> =
            (next..).take(BATCH).map(|sequence| transfer(sequence, &mut last)).collect();
        writer.append(&[&batch]).expect("there is room");
        next += BATCH as u64;
    }
    (reader, writer.status().segment, last)
}

/// Drops the files of a folder from the page cache.
fn drop_cache(dir: &Path) {
    for entry in std::fs::read_dir(dir).expect("it is there") {
        let file = File::open(entry.expect("it is there").path()).expect("it is there");
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).expect("it is a file");
    }
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1_000].as_secs_f64() * 1e3;
    println!("{what:<52} {:>9.3} {:>9.3} {:>9.3}", at(500), at(990), at(1_000));
}

fn measure(what: &str, count: u64, dirs: Option<[&Path; 2]>, mut run: impl FnMut(u64)) {
    let mut times = Vec::new();
    for i in 0..count {
        if let Some(dirs) = dirs {
            dirs.into_iter().for_each(drop_cache);
        }
        let begun = Instant::now();
        run(i);
        times.push(begun.elapsed());
    }
    report(what, &mut times);
}

fn main() {
    let events =
        std::env::var("FLORIN_BENCH_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000_000);
    let parent = std::env::var_os("FLORIN_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let place = tempfile::TempDir::new_in(parent).expect("the folder can be written");
    let (dir, sealed) = (place.path().join("journal"), place.path().join("sealed"));
    let (reader, open_segment, last) = write(&dir, events);
    let end = reader.durable_through();
    println!("{end} events, {} sealed segments", open_segment - 1);
    println!("{:<52} {:>9} {:>9} {:>9}", "ms", "p50", "p99", "max");
    let accounts: [(&str, Slot); 3] = [("busy", 0), ("middling", 1), ("sparse", 2)];
    without_index(&reader, &last, end);

    let begun = Instant::now();
    let (mut totals, mut file_bytes, mut memory_bytes, mut indexed) = (Vec::new(), 0, 0, 0);
    for segment in 1..open_segment {
        let index = SealedIndex::build(&RealDisk, &dir, &sealed, segment, &totals, &mut |_| {})
            .expect("it is whole");
        totals = index.totals().to_vec();
        file_bytes += index.file_bytes();
        memory_bytes += index.memory_bytes();
        indexed += index.events();
        reader.add_sealed(Arc::new(index)).expect("it is of this journal");
    }
    let took = begun.elapsed().as_secs_f64();
    println!(
        "built: {:.0} events/s, {:.2} bytes a transfer on disk, {:.3} in memory",
        indexed as f64 / took,
        file_bytes as f64 / indexed as f64,
        memory_bytes as f64 / indexed as f64
    );
    let mut loaded = Vec::new();
    for segment in 1..open_segment {
        let begun = Instant::now();
        SealedIndex::load(&RealDisk, &sealed, segment).expect("it is whole").expect("it is there");
        loaded.push(begun.elapsed());
    }
    report("load", &mut loaded);

    measure("one event, warm", 2_000, None, |i| {
        reader.read(1 + mix(i) % end).expect("it is there");
    });
    // Cold comes last: it leaves the page cache as nothing warm should find it.
    for (how, count, dirs) in [("warm", 1_000, None), ("cold", 30, Some([&*dir, &*sealed]))] {
        for (name, slot) in accounts {
            let newest = last[slot as usize];
            measure(&format!("balance at a moment, {name}, {how}"), count, dirs, |i| {
                let at = reader.sequence_at(1 + mix(i) % end * 1_000).expect("it is there");
                if let Some(event) = reader.last_of(slot, newest, at).expect("it is there") {
                    assert_eq!(
                        reader.read(event).expect("it is there").legs()[0].expect("a side").slot,
                        slot
                    );
                }
            });
            measure(
                &format!("last 100 events before a moment, {name}, {how}"),
                count / 10,
                dirs,
                |i| {
                    let at = 1 + mix(i) % end;
                    let found = reader.events_of(slot, newest, 1..=at, 100).expect("it is there");
                    let mut walker = reader.walker();
                    for event in found {
                        walker.read(event).expect("it is there");
                    }
                },
            );
            measure(
                &format!("last 100 events along the chain, {name}, {how}"),
                count / 10,
                dirs,
                |_| {
                    along(&reader, slot, newest);
                },
            );
        }
    }
    assert!(reader.take_damaged().is_empty());
}

/// A statement as it is read without lists.
fn along(reader: &JournalReader<RealDisk>, slot: Slot, newest: Sequence) {
    let mut walker = reader.walker();
    let mut next = newest;
    for _ in 0..100 {
        if next == 0 {
            break;
        }
        let event = walker.read(next).expect("it is there");
        let leg = event.legs().into_iter().flatten().find(|leg| leg.slot == slot);
        next = leg.expect("its account").previous_sequence;
    }
}

/// The same where no segment has its index yet.
fn without_index(reader: &JournalReader<RealDisk>, last: &[Sequence], end: Sequence) {
    measure("one event, no index, warm", 200, None, |i| {
        reader.read(1 + mix(i) % end).expect("it is there");
    });
    measure("the event at a moment, no index, warm", 100, None, |i| {
        reader.sequence_at(1 + mix(i) % end * 1_000).expect("it is there");
    });
    for (name, slot) in [("busy", 0), ("sparse", 2)] {
        measure(&format!("balance at a moment, {name}, no index, warm"), 20, None, |i| {
            let at = 1 + mix(i) % end;
            reader.last_of(slot, last[slot as usize], at).expect("it is there");
        });
    }
    measure("last 100 events along the chain, sparse, no index", 5, None, |_| {
        along(reader, 2, last[2]);
    });
}
