//! How fast the rules are on their own, on one thread: transfers a second through [`Ledger::execute`], holds and their
//! captures likewise (each counts as one), and events a second through [`Ledger::replay`].
//!
//! ```text
//! cargo bench -p florin-engine               1 M accounts
//! cargo bench -p florin-engine -- --large    10 M accounts
//! ```
//!
//! Accounts are picked at random, all alike; ids are random and new; accounts have no overdraft and enough
//! money. Requests are made and sealed before the clock starts (translation does it, on other threads). As in a
//! partition, the events of a batch get a list of their own within the time measured, and are dropped outside of it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use florin_engine::{
    Action, AssetCode, BATCH_MEMBERS_MAX, Event, Floor, HoldTerms, Ledger, NewAccount, Past,
    Transfer, TransferBatch,
};

/// Measured runs of each kind; one more comes first and does not count.
const RUNS: usize = 5;

/// Single transfers that a busy partition finds waiting, and looks up together.
const WAITING: usize = 64;

/// Who pays the accounts their first money.
const GENESIS: u128 = 1;

/// How much is done. Without `--bench` (as `cargo test --benches` runs it), just enough to see that it works.
struct Size {
    accounts: u64,
    transfers: usize,
}

fn main() {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let size = match (has("--bench"), has("--large")) {
        (false, _) => Size { accounts: 1_000, transfers: BATCH_MEMBERS_MAX },
        (true, false) => Size { accounts: 1_000_000, transfers: 64 * BATCH_MEMBERS_MAX },
        (true, true) => Size { accounts: 10_000_000, transfers: 64 * BATCH_MEMBERS_MAX },
    };
    let mut bench = Bench::new(&size);
    let rows = [
        ("execute, batches of 1", 1, false),
        ("execute, 1, 64 looked up ahead", 1, true),
        ("execute, batches of 16", 16, false),
        ("execute, batches of 64", 64, false),
        ("execute, batches of 8,190", BATCH_MEMBERS_MAX, false),
    ];
    let mut figures = rows.map(|(name, ..)| (name, Vec::new()));
    // In turns, so that a growing id index and a busy neighbour meet all kinds alike.
    for run in 0..=RUNS {
        for ((_, members, ahead), (_, figures)) in rows.iter().zip(&mut figures) {
            let taken = bench.execute(size.transfers, *members, *ahead);
            if run > 0 {
                figures.push(per_second(size.transfers, taken));
            }
        }
    }
    let held = (0..=RUNS).map(|_| per_second(size.transfers, bench.hold(size.transfers)));
    let held: Vec<u64> = held.skip(1).collect();
    let replayed = (0..=RUNS).map(|_| per_second(size.transfers, bench.replay(size.transfers)));
    let replayed: Vec<u64> = replayed.skip(1).collect();

    println!(
        "\n{} accounts, {} ids in use at the end",
        size.accounts,
        bench.ledger.counters().ids_used
    );
    println!("{:34}{:>12}{:>12}{:>12}", "", "median /s", "lowest", "highest");
    let others = [("hold and capture, batches of 64", held), ("replay of transfers", replayed)];
    for (name, figures) in figures.into_iter().chain(others) {
        print(name, figures);
    }
}

fn per_second(transfers: usize, taken: Duration) -> u64 {
    let per_second = transfers as u128 * 1_000_000_000 / taken.as_nanos().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

fn print(name: &str, mut figures: Vec<u64>) {
    figures.sort_unstable();
    let (lowest, median) = (figures[0], figures[figures.len() / 2]);
    println!("{name:34}{median:>12}{lowest:>12}{:>12}", figures[figures.len() - 1]);
}

struct Bench {
    ledger: Ledger,
    random: Random,
    accounts: u64,
    now_ns: u64,
}

impl Bench {
    /// Opens the accounts and gives each of them money.
    fn new(size: &Size) -> Self {
        let asset = AssetCode::new("EUR").expect("a code");
        let mut ledger = Ledger::new(0x5eed);
        let mut events = Vec::new();
        let genesis = (GENESIS, Floor::None);
        let others = (0..size.accounts).map(|number| (account_id(number), Floor::Zero));
        for (id, floor) in [genesis].into_iter().chain(others) {
            let (name, metadata, ceiling) = (None, Box::default(), None);
            let account = NewAccount { tenant: 0, id, asset, floor, name, metadata, ceiling };
            ledger.open_account(&account, 1, &mut events);
            events.clear();
        }
        let random = Random(7);
        let mut bench = Self { ledger, random, accounts: size.accounts, now_ns: 2 };
        let numbers: Vec<u64> = (0..size.accounts).collect();
        for numbers in numbers.chunks(BATCH_MEMBERS_MAX) {
            let fund = |number: &u64| {
                let id = bench.random.id();
                transfer(id, GENESIS, account_id(*number), 1_000_000_000)
            };
            let batch = batch(numbers.iter().map(fund).collect());
            bench.now_ns += 1_000_000;
            bench.ledger.execute(&batch, &Past::new(), bench.now_ns, &mut events);
            events.clear();
        }
        bench
    }

    /// Transfers between random accounts, in batches.
    fn batches(&mut self, transfers: usize, members: usize) -> Vec<TransferBatch> {
        let mut batches = Vec::with_capacity(transfers.div_ceil(members));
        let mut left = transfers;
        while left > 0 {
            let transfers = (0..members.min(left)).map(|_| self.transfer()).collect::<Vec<_>>();
            left -= transfers.len();
            batches.push(batch(transfers));
        }
        batches
    }

    fn transfer(&mut self) -> Transfer {
        let debit = self.random.below(self.accounts);
        let credit = (debit + 1 + self.random.below(self.accounts - 1)) % self.accounts;
        let amount_minor = 1 + u128::from(self.random.below(100));
        transfer(self.random.id(), account_id(debit), account_id(credit), amount_minor)
    }

    fn execute(&mut self, transfers: usize, members: usize, ahead: bool) -> Duration {
        let batches = self.batches(transfers, members);
        let mut taken = Duration::ZERO;
        let step = (BATCH_MEMBERS_MAX / members).max(1);
        let mut steps: Vec<Vec<Event>> = Vec::with_capacity(step);
        for batches in batches.chunks(step) {
            self.now_ns += 1_000_000;
            let start = Instant::now();
            for waiting in batches.chunks(if ahead { WAITING } else { 1 }) {
                if ahead {
                    self.look_up(waiting);
                }
                for batch in waiting {
                    let mut events = Vec::with_capacity(batch.transfers.len());
                    let past = Past::new();
                    let outcome = self.ledger.execute(batch, &past, self.now_ns, &mut events);
                    assert_eq!(outcome.posted as usize, batch.transfers.len(), "all have money");
                    steps.push(events);
                }
            }
            taken += start.elapsed();
            black_box(&mut steps).clear();
        }
        taken
    }

    fn look_up(&self, waiting: &[TransferBatch]) {
        for batch in waiting {
            self.ledger.prefetch_tables(batch.tenant, &batch.transfers);
        }
        for batch in waiting {
            self.ledger.prefetch_accounts(batch.tenant, &batch.transfers);
        }
    }

    /// Holds between random accounts, in batches, and right behind each batch their captures.
    fn hold(&mut self, transfers: usize) -> Duration {
        let mut batches = Vec::new();
        for held in self.batches(transfers / 2, WAITING) {
            let capture = |hold: &Transfer| {
                let terms = HoldTerms { action: Action::Capture, hold: hold.id, ..terms() };
                with(transfer(self.random.id(), 0, 0, 0), terms)
            };
            let captures = held.transfers.iter().map(capture).collect();
            let place = HoldTerms { action: Action::Hold, due_at_ns: u64::MAX, ..terms() };
            let holds = held.transfers.into_iter().map(|transfer| with(transfer, place));
            batches.extend([batch(holds.collect()), batch(captures)]);
        }
        let mut taken = Duration::ZERO;
        for batch in &batches {
            self.now_ns += 1_000_000;
            let mut events = Vec::with_capacity(batch.transfers.len());
            let start = Instant::now();
            let outcome = self.ledger.execute(batch, &Past::new(), self.now_ns, &mut events);
            taken += start.elapsed();
            assert_eq!(outcome.posted as usize, batch.transfers.len(), "all have money");
            black_box(&mut events).clear();
        }
        taken
    }

    /// The same transfers once more from their events, into a copy of the ledger as it was before them.
    fn replay(&mut self, transfers: usize) -> Duration {
        let mut copy = self.ledger.clone();
        let mut journal = Vec::with_capacity(transfers);
        for batch in self.batches(transfers, BATCH_MEMBERS_MAX) {
            let mut events = Vec::with_capacity(batch.transfers.len());
            self.ledger.execute(&batch, &Past::new(), self.now_ns, &mut events);
            journal.append(&mut events);
        }
        let start = Instant::now();
        for event in &journal {
            copy.replay(event).expect("a true history");
        }
        let taken = start.elapsed();
        assert_eq!(copy.last_sequence(), self.ledger.last_sequence());
        taken
    }
}

fn terms() -> HoldTerms {
    HoldTerms::default()
}

fn with(mut transfer: Transfer, terms: HoldTerms) -> Transfer {
    transfer.extra.get_or_insert_default().terms = terms;
    transfer.seal()
}

fn batch(transfers: Vec<Transfer>) -> TransferBatch {
    TransferBatch { tenant: 0, group: None, asset: None, transfers }
}

fn transfer(id: u128, debit_account: u128, credit_account: u128, amount_minor: u128) -> Transfer {
    let transfer = Transfer {
        id,
        debit_account,
        credit_account,
        amount_minor,
        content_hash: 0,
        code: 0,
        value_date: 0,
        up_to_available: false,
        extra: None,
    };
    transfer.seal()
}

/// As random as ids of names are.
fn account_id(number: u64) -> u128 {
    Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).id()
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    const fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    fn id(&mut self) -> u128 {
        u128::from(self.number()) << 64 | u128::from(self.number())
    }
}
