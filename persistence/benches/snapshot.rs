//! How fast snapshots are on this machine: `cargo bench -p florin-persistence --bench snapshot`.
//!
//! Copying from the ledger, writing and loading, by store; on one thread, but for what sled does by itself.
//! `FLORIN_BENCH_DIR` names the folder (a temporary one otherwise), `FLORIN_BENCH_ACCOUNTS` how many accounts.
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::path::Path;
use std::time::{Duration, Instant};

use florin_engine::{AssetCode, Floor, Ledger, NewAccount, Past, Transfer, TransferBatch};
use florin_persistence::RealDisk;
use florin_persistence::snapshot::{
    FileStore, LoadOptions, SledStore, SnapshotIdentity, SnapshotStore, Taking, load, verify,
};

const IDENTITY: SnapshotIdentity = SnapshotIdentity { lineage: [1; 16], partition: 0 };

/// Accounts that have been paid, every second of them with a name.
fn ledger(accounts: u32) -> Ledger {
    let mut ledger = Ledger::new(1);
    let mut now_ns = 1_767_225_600_000_000_000;
    let mut events = Vec::new();
    let id = |n: u32| u128::from(n.wrapping_mul(0x9e37_79b9)) << 96 | u128::from(n + 1);
    for n in 0..accounts {
        now_ns += 1_000;
        let new = NewAccount {
            tenant: 0,
            id: id(n),
            asset: AssetCode::new("EUR").expect("three letters"),
            floor: if n == 0 { Floor::None } else { Floor::Zero },
            name: (n % 2 == 1).then(|| format!("customer:{n}/wallet").into()),
            metadata: Box::default(),
            ceiling: None,
        };
        ledger.open_account(&new, now_ns, &mut events);
        events.clear();
    }
    let pay = |n: u32| Transfer {
        id: u128::from(n),
        debit_account: id(0),
        credit_account: id(n),
        amount_minor: 1 + u128::from(n % 100_000),
        content_hash: 0,
        code: 0,
        value_date: 0,
        up_to_available: false,
        extra: None,
    };
    let payments: Vec<u32> = (1..accounts).collect();
    for batch in payments.chunks(8_190) {
        now_ns += 1_000_000;
        let transfers = batch.iter().map(|n| pay(*n).seal()).collect();
        let batch = TransferBatch { tenant: 0, group: None, asset: None, transfers };
        ledger.execute(&batch, &Past::new(), now_ns, &mut events);
        events.clear();
    }
    ledger
}

fn rate(what: &str, how: &str, accounts: u32, took: Duration) {
    println!(
        "{what:<8} {how:<26} {:>8.3} s {:>12.0} accounts/s",
        took.as_secs_f64(),
        f64::from(accounts) / took.as_secs_f64()
    );
}

fn run(what: &str, ledger: &Ledger, store: &mut dyn SnapshotStore) {
    let accounts = ledger.head().accounts;
    let (mut copying, begun) = (Duration::ZERO, Instant::now());
    let head = ledger.head();
    let taken = Taking::begin(store, 1, IDENTITY, &head, 0);
    let mut taking = taken.expect("the folder is empty");
    while let Some(piece) = taking.next() {
        let begun = Instant::now();
        let copied = piece.copy(ledger);
        copying += begun.elapsed();
        taking.put(store, &copied).expect("there is room");
    }
    let bytes = taking.progress().bytes;
    let draft = taking.finish().expect("every piece is in it");
    let put = begun.elapsed();
    draft.publish(store, ledger.last_sequence()).expect("it is durable");
    let took = begun.elapsed();
    rate(what, "copy (the partition's part)", accounts, copying);
    rate(what, "copy and write", accounts, put);
    rate(what, "and publish, durable", accounts, took);
    let listed = store.list().expect("it is there");
    println!(
        "{what:<8} {:.1} bytes an account, {:.1} on disk",
        bytes as f64 / f64::from(accounts),
        listed[0].bytes_on_disk as f64 / f64::from(accounts),
    );
    for run in 1..=2 {
        let begun = Instant::now();
        let mut reader = store.open(1).expect("it is whole");
        let opened = begun.elapsed();
        let mut buffer = Vec::new();
        for place in 0..reader.manifest().chunks().len() {
            reader.read(place, &mut buffer).expect("it is there");
        }
        drop(reader);
        rate(what, &format!("open {run}"), accounts, opened);
        rate(what, &format!("open and read {run}"), accounts, begun.elapsed());
        let options = LoadOptions {
            identity: IDENTITY,
            last_sequence: None,
            seed: 1,
            ids_through: u64::MAX,
            below: None,
        };
        let begun = Instant::now();
        let loaded = load(store, &options, &mut |_| {}).expect("it can be listed");
        let (restoring, _) = loaded.found.expect("it is whole");
        let restored = restoring.finish().expect("it is complete");
        rate(what, &format!("load {run}"), accounts, begun.elapsed());
        assert_eq!(restored.head(), head);
    }
    let begun = Instant::now();
    verify(store, 1, IDENTITY).expect("it is whole");
    rate(what, "verify", accounts, begun.elapsed());
    let begun = Instant::now();
    store.delete(1).expect("it is there");
    rate(what, "delete", accounts, begun.elapsed());
}

fn main() {
    let accounts = std::env::var("FLORIN_BENCH_ACCOUNTS").ok().and_then(|n| n.parse().ok());
    let parent = std::env::var_os("FLORIN_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let place = tempfile::TempDir::new_in(parent).expect("the folder can be written");
    let ledger = ledger(accounts.unwrap_or(1_000_000));
    let dir = |name: &str| place.path().join(name);
    let file = |dir: &Path| FileStore::open(&RealDisk, dir).expect("the folder can be written");
    run("file", &ledger, &mut file(&dir("file")));
    run("sled", &ledger, &mut SledStore::open(&dir("sled")).expect("the folder can be written"));
}
