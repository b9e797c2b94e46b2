//! A ledger that decides, its journal on a simulated disk, and its twin: the list of all its events.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use florin_engine::{
    AssetCode, Event, Floor, GroupKey, Ledger, NewAccount, Past, Transfer, TransferBatch,
};
use florin_persistence::backup::{
    BackupError, DirPlace, ExportOptions, Exported, LineageChoice, Manifest, Moment, Place,
    RestoreOptions, Restored, export, restore,
};
use florin_persistence::{Disk, SimDisk, journal_dir};

use crate::common::{Journal, SEGMENT_BYTES, options};

pub const BACKUPS: &str = "/backups";

/// Numbers that look random, the same for a seed.
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % bound
    }
}

/// A ledger with its journal.
pub struct Book {
    pub disk: SimDisk,
    pub data: PathBuf,
    pub dice: Dice,
    pub events: Vec<Event>,
    ledger: Ledger,
    journal: Option<Journal<SimDisk>>,
    opening: u8,
    next_id: u128,
    accounts: u128,
    now_ns: u64,
}

impl Book {
    /// A fresh one.
    pub fn new(disk: &SimDisk, data: &str, seed: u64) -> Self {
        let mut book = Self {
            disk: disk.clone(),
            data: data.into(),
            dice: Dice::new(seed),
            events: Vec::new(),
            ledger: Ledger::new(seed),
            journal: None,
            opening: 0,
            next_id: 1_000_000 * u128::from(seed + 1),
            accounts: 0,
            now_ns: 1_700_000_000_000_000_000,
        };
        book.open();
        book
    }

    /// One that goes on with what lies in a folder.
    pub fn reopened(disk: &SimDisk, data: &Path, seed: u64) -> Self {
        let mut book = Self::new(&SimDisk::new(0), "/nowhere", seed);
        book.disk = disk.clone();
        data.clone_into(&mut book.data);
        book.opening = u8::try_from(100 + seed).expect("small seeds");
        book.open();
        book
    }

    pub fn dir(&self) -> PathBuf {
        journal_dir(&self.data, 0)
    }

    /// Opens it again; what is journaled is the ledger.
    pub fn open(&mut self) {
        self.journal = None;
        self.opening += 1;
        let options = options(self.opening);
        let journal = Journal::open(&self.disk, &self.dir(), &options).expect("it opens");
        self.ledger = Ledger::new(0);
        for event in &journal.replayed {
            self.ledger.replay(event).expect("its own events");
        }
        self.accounts = self.ledger.accounts_len() as u128;
        self.now_ns = self.now_ns.max(self.ledger.last_timestamp_ns());
        self.events.clone_from(&journal.replayed);
        self.journal = Some(journal);
    }

    pub fn close(&mut self) {
        self.journal = None;
    }

    /// The last event that is durable, by the reader.
    pub fn durable(&self) -> u64 {
        self.journal.as_ref().expect("open").reader.durable_through()
    }

    pub fn journal(&self) -> &Journal<SimDisk> {
        self.journal.as_ref().expect("open")
    }

    /// One frame: some accounts, some payments, some groups.
    pub fn step(&mut self) {
        let mut events = Vec::new();
        for _ in 0..=self.dice.below(3) {
            let mut decided = Vec::new();
            self.now_ns += 1_000 + self.dice.below(1_000);
            match self.dice.below(8) {
                _ if self.accounts < 3 => self.account(&mut decided),
                0 => self.account(&mut decided),
                1 => self.ledger.take_digest(self.now_ns, &mut decided),
                2..=4 => {
                    let id = self.id();
                    let group = GroupKey { id, content_hash: 7 };
                    let members = 1 + self.dice.below(6);
                    self.pay(Some(group), members, &mut decided);
                }
                _ => {
                    let members = 1 + self.dice.below(40);
                    self.pay(None, members, &mut decided);
                }
            }
            events.append(&mut decided);
        }
        let journal = self.journal.as_mut().expect("open");
        if !events.is_empty() {
            journal.append(&events).expect("it is appended");
        }
        self.events.append(&mut events);
    }

    /// One frame of so many accounts and payments, without anything unusual.
    pub fn plain_frame(&mut self, accounts: u64, payments: u64) {
        let mut events = Vec::new();
        self.now_ns += 1_000;
        for _ in 0..accounts {
            let mut decided = Vec::new();
            self.account(&mut decided);
            events.append(&mut decided);
        }
        if payments > 0 {
            self.pay(None, payments, &mut events);
        }
        self.journal.as_mut().expect("open").append(&events).expect("it is appended");
        self.events.append(&mut events);
    }

    pub fn steps(&mut self, count: u64) {
        for _ in 0..count {
            self.step();
        }
    }

    fn id(&mut self) -> u128 {
        self.next_id += 1;
        self.next_id
    }

    fn account(&mut self, events: &mut Vec<Event>) {
        self.accounts += 1;
        let has_name = self.dice.below(2) == 0;
        let account = NewAccount {
            tenant: 0,
            id: self.accounts,
            asset: AssetCode::new(["EUR", "JPY"][usize::from(self.accounts > 6)]).expect("a code"),
            floor: if self.accounts % 3 == 1 { Floor::None } else { Floor::Zero },
            name: has_name.then(|| format!("customer:{}", self.accounts).into()),
            metadata: Box::default(),
            ceiling: None,
        };
        self.ledger.open_account(&account, self.now_ns, events);
    }

    fn pay(&mut self, group: Option<GroupKey>, members: u64, events: &mut Vec<Event>) {
        let account = |dice: &mut Dice, accounts: u128| {
            1 + u128::from(dice.below(u64::try_from(accounts).expect("few")))
        };
        let mut transfers = Vec::new();
        for _ in 0..members {
            let debit_account = account(&mut self.dice, self.accounts);
            let credit_account = debit_account % self.accounts + 1;
            transfers.push(
                Transfer {
                    id: self.id(),
                    debit_account,
                    credit_account,
                    amount_minor: u128::from(1 + self.dice.below(500)),
                    content_hash: 0,
                    code: 1,
                    value_date: 0,
                    up_to_available: self.dice.below(5) == 0,
                    extra: None,
                }
                .seal(),
            );
        }
        let batch = TransferBatch { tenant: 0, group, asset: None, transfers };
        self.ledger.execute(&batch, &Past::new(), self.now_ns, events);
    }
}

/// The digest after so many events, by replaying them one by one.
pub fn digest_after(events: &[Event], count: u64) -> [u8; 32] {
    let mut ledger = Ledger::new(1);
    for event in &events[..usize::try_from(count).expect("few")] {
        ledger.replay(event).expect("an event of this ledger");
    }
    ledger.digest()
}

/// The last event at or before this one that is not followed by another member of its group, by looking at the next.
pub fn whole_groups(events: &[Event], mut count: u64) -> u64 {
    let index = |count: u64| {
        events.get(usize::try_from(count).expect("few")).map_or(0, |event| event.group().index)
    };
    while count > 0 && index(count) > 0 {
        count -= 1;
    }
    count
}

pub fn place(disk: &SimDisk) -> Arc<dyn Place> {
    Arc::new(DirPlace::new(disk.clone(), BACKUPS))
}

/// Exports what is durable (or, if the book is closed, all there is).
pub fn back_up(book: &Book, full: bool) -> Result<Exported, BackupError> {
    let durable_through = book.journal.as_ref().map(|journal| journal.reader.durable_through());
    let options = ExportOptions { durable_through, full, now_ns: 5 };
    let go_on = &mut |_| std::ops::ControlFlow::Continue(());
    export(&book.disk, &book.dir(), &[], &*place(&book.disk), &options, go_on)
}

pub fn restoring(moment: Moment, lineage: LineageChoice, seed: u8) -> RestoreOptions {
    // Other than that of any opening.
    let mut entropy = [seed; 32];
    entropy[0] = !seed;
    RestoreOptions { moment, lineage, segment_bytes: SEGMENT_BYTES, entropy, now_ns: 9 }
}

pub fn bring_back(
    disk: &SimDisk,
    manifest: &Manifest,
    data: &str,
    options: &RestoreOptions,
) -> Result<Restored, BackupError> {
    let place = DirPlace::new(disk.clone(), BACKUPS);
    let go_on = &mut |_| std::ops::ControlFlow::Continue(());
    restore(disk, &place, manifest, Path::new(data), options, go_on)
}

/// Whether anything lies under this name.
pub fn is_there(disk: &SimDisk, data: &str) -> bool {
    let dir = journal_dir(Path::new(data), 0);
    disk.list(&dir).is_ok_and(|files| !files.is_empty())
}
