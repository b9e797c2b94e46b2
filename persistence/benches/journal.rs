//! How fast the journal is on this machine: `cargo bench -p florin-persistence`.
//!
//! Encoding alone (a disk that does nothing), append with sync on the real disk by batch size, and recovery.
//! `FLORIN_BENCH_DIR` names the folder (a temporary one otherwise), `FLORIN_BENCH_EVENTS` how many events.
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use florin_engine::{
    AssetCode, AssetRegistered, Body, Event, GroupPlace, Leg, Sequence, TransferPosted,
};
use florin_persistence::{
    DirEntry, Disk, DiskFile, JournalOptions, JournalWriter, RealDisk, RealFile,
    SEGMENT_BYTES_DEFAULT, open,
};

/// The real disk, without what costs: writes into frames and syncs do nothing.
#[derive(Debug, Clone, Copy)]
struct NoDisk;

struct NoFile(RealFile);

impl Disk for NoDisk {
    type File = NoFile;

    fn create(&self, path: &Path) -> io::Result<NoFile> {
        RealDisk.create(path).map(NoFile)
    }
    fn open(&self, path: &Path) -> io::Result<NoFile> {
        RealDisk.open(path).map(NoFile)
    }
    fn open_read_only(&self, path: &Path) -> io::Result<NoFile> {
        RealDisk.open_read_only(path).map(NoFile)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        RealDisk.list(dir)
    }
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        RealDisk.create_dir_all(dir)
    }
    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        RealDisk.free_bytes(dir)
    }
}

impl DiskFile for NoFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buf, offset)
    }
    fn read_past_cache(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_past_cache(buf, offset)
    }
    fn write_at(&self, _buf: &[u8], _offset: u64) -> io::Result<()> {
        Ok(())
    }
    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
}

fn options(opening: u8) -> JournalOptions {
    JournalOptions {
        partition: 0,
        segment_bytes: SEGMENT_BYTES_DEFAULT,
        cut_damaged_tail: false,
        epoch_least: 0,
        entropy: [opening; 32],
        now_ns: 0,
    }
}

fn asset() -> Event {
    let code = AssetCode::new("EUR").expect("three letters");
    let body = Body::AssetRegistered(AssetRegistered { asset: 0, code, scale: 2 });
    Event { sequence: 1, timestamp_ns: 1, body }
}

fn leg(slot: u32, sequence: Sequence) -> Leg {
    Leg {
        slot,
        previous_sequence: sequence / 2,
        posted_net_after_minor: i128::from(sequence),
        pending_debits_after_minor: 0,
    }
}

fn transfers(from: Sequence, count: usize) -> Vec<Event> {
    let transfer = |sequence: Sequence| TransferPosted {
        id: u128::from(sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(sequence),
        amount_minor: 1_250,
        debit: leg(7, sequence),
        credit: leg(8, sequence),
        content_hash: sequence.wrapping_mul(0xbf58_476d_1ce4_e5b9),
        original_sequence: 0,
        tenant: 0,
        asset: 0,
        code: 1,
        value_date: 20_261_122,
        group: GroupPlace::default(),
        extra: None,
    };
    (from..)
        .take(count)
        .map(|sequence| Event {
            sequence,
            timestamp_ns: sequence,
            body: Body::TransferPosted(transfer(sequence)),
        })
        .collect()
}

fn begin<D: Disk>(disk: &D, dir: &Path, opening: u8) -> JournalWriter<D> {
    let opened = open(disk, dir, &options(opening), &mut |_| Ok(()), &mut |_| {});
    opened.expect("a new journal opens").0
}

/// Appends frames of so many events until there are enough or it takes too long. Gives the time of each.
fn append<D: Disk>(
    writer: &mut JournalWriter<D>,
    batch: usize,
    events: usize,
) -> (usize, Vec<Duration>) {
    writer.append(&[&[asset()]]).expect("it fits");
    let (mut done, mut times) = (0, Vec::new());
    let begun = Instant::now();
    let mut next = transfers(2, batch);
    while done < events && begun.elapsed() < Duration::from_secs(10) {
        if writer.wants_spare() {
            writer.spare_preparer().prepare().expect("there is room");
        }
        let begun = Instant::now();
        writer.append(&[&next]).expect("it fits");
        times.push(begun.elapsed());
        done += batch;
        for event in &mut next {
            event.sequence += batch as u64;
        }
    }
    times.sort_unstable();
    (done, times)
}

fn report(what: &str, batch: usize, done: usize, times: &[Duration]) {
    let total: Duration = times.iter().sum();
    let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1_000].as_secs_f64() * 1e6;
    println!(
        "{what:<22} {batch:>6} {:>10.0} {:>9.1} {:>9.1} {:>9.1}",
        done as f64 / total.as_secs_f64(),
        total.as_secs_f64() * 1e9 / done as f64,
        at(500),
        at(990),
    );
}

fn main() {
    let events =
        std::env::var("FLORIN_BENCH_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000_000);
    let parent = std::env::var_os("FLORIN_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let place = tempfile::TempDir::new_in(parent).expect("the folder can be written");
    println!(
        "{:<22} {:>6} {:>10} {:>9} {:>9} {:>9}",
        "", "batch", "events/s", "ns/event", "p50 us", "p99 us"
    );
    for batch in [1, 64, 8_190] {
        let dir = place.path().join(format!("none-{batch}"));
        let (done, times) = append(&mut begin(&NoDisk, &dir, 1), batch, events.min(batch * 20_000));
        report("encode", batch, done, &times);
        std::fs::remove_dir_all(dir).expect("it is ours");
    }
    let dir = place.path().join("real");
    for batch in [1, 64, 8_190] {
        let _ = std::fs::remove_dir_all(&dir);
        let (done, times) =
            append(&mut begin(&RealDisk, &dir, 1), batch, events.min(batch * 4_000));
        report("append and sync", batch, done, &times);
    }
    let mut replayed = 0_u64;
    let mut volume = 0_u128;
    let begun = Instant::now();
    let mut replay = |event: Event| {
        replayed += 1;
        if let Body::TransferPosted(transfer) = &event.body {
            volume += transfer.amount_minor;
        }
        Ok(())
    };
    let opened = open(&RealDisk, &dir, &options(2), &mut replay, &mut |_| {});
    let (_, reader, recovery) = opened.expect("it opens");
    let took = begun.elapsed();
    println!(
        "recovery: {replayed} events, {} MiB in {:.2} s: {:.0} events/s (volume {volume})",
        recovery.found.bytes >> 20,
        took.as_secs_f64(),
        replayed as f64 / took.as_secs_f64(),
    );
    let begun = Instant::now();
    let reads = 20_000;
    for i in 0..reads {
        reader.read(1 + i * 7_919 % replayed).expect("it is there");
    }
    println!(
        "read: {:.1} us an event from frames of 8190",
        begun.elapsed().as_secs_f64() * 1e6 / reads as f64
    );
}
