//! A ledger that goes on while snapshots are taken of it, and its journal.

use florin_engine::{
    AccountChange, AccountImage, Action, AssetCode, AtDue, Event, Floor, Freeze, Head, Hold,
    HoldTerms, Ledger, NewAccount, Past, Restoring, Reversal, Transfer, TransferBatch,
    encode_metadata,
};
use florin_persistence::snapshot::{
    Copied, Draft, LoadOptions, Loaded, Manifest, SnapshotError, SnapshotIdentity, SnapshotStore,
    Taking, load,
};

pub const IDENTITY: SnapshotIdentity = SnapshotIdentity { lineage: [0x1d; 16], partition: 3 };
const TENANT: u32 = 5;

pub struct World {
    pub ledger: Ledger,
    pub journal: Vec<Event>,
    random: u64,
    now_ns: u64,
    next_id: u128,
    /// Ids that were placed or posted.
    holds: Vec<u128>,
    posted: Vec<u128>,
}

/// What was loaded, and found to be right.
#[derive(Debug)]
pub struct Checked {
    pub found: Option<Manifest>,
    pub passed_over: Vec<(u64, SnapshotError)>,
}

/// Everything that a snapshot restores.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    head: Head,
    accounts: Vec<AccountImage>,
    holds: Vec<Hold>,
    reversals: Vec<Reversal>,
}

impl State {
    pub fn of(ledger: &Ledger) -> Self {
        Self {
            head: ledger.head(),
            accounts: ledger.account_images(0..u32::MAX),
            holds: ledger.hold_images(0..u32::MAX),
            reversals: ledger.reversal_images(0..u32::MAX),
        }
    }
}

impl World {
    /// Accounts with all that an account can have, and some steps.
    pub fn new(seed: u64, accounts: u32, steps: u32) -> Self {
        let mut world = Self {
            ledger: Ledger::new(seed),
            journal: Vec::new(),
            random: seed,
            now_ns: 1_700_000_000_000_000_000,
            next_id: 1,
            holds: Vec::new(),
            posted: Vec::new(),
        };
        for _ in 0..accounts {
            world.open();
        }
        world.steps(steps);
        world
    }

    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.random;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random() % bound
    }

    fn account(&mut self) -> u128 {
        let accounts = self.ledger.accounts_len() as u64;
        account_id(u32::try_from(self.below(accounts)).unwrap())
    }

    fn one_of(&mut self, ids: fn(&Self) -> &Vec<u128>) -> u128 {
        let at = self.below(ids(self).len().max(1) as u64);
        ids(self).get(usize::try_from(at).unwrap()).copied().unwrap_or(999)
    }

    /// Accounts with as much metadata as there can be.
    pub fn open_large(&mut self, accounts: u32) {
        for _ in 0..accounts {
            let slot = u32::try_from(self.ledger.accounts_len()).unwrap();
            let text: String = (0..4_000)
                .map(|_| char::from(b'a' + u8::try_from(self.below(26)).unwrap()))
                .collect();
            let new = NewAccount {
                tenant: TENANT,
                id: account_id(slot),
                asset: AssetCode::new("EUR").unwrap(),
                floor: Floor::None,
                name: None,
                metadata: encode_metadata([("k", text.as_str())]).unwrap(),
                ceiling: None,
            };
            self.ledger.open_account(&new, self.now_ns, &mut self.journal);
        }
    }

    fn open(&mut self) {
        let slot = u32::try_from(self.ledger.accounts_len()).unwrap();
        let code = if slot.is_multiple_of(16) { "POINTS" } else { "EUR" };
        let asset = AssetCode::new(code).unwrap();
        if self.ledger.assets().iter().all(|there| there.code != asset) {
            let new = florin_engine::NewAsset { code: asset, scale: 2 };
            self.ledger.register_asset(new, self.now_ns, &mut self.journal);
        }
        let text = "x".repeat(usize::try_from(self.below(300)).unwrap());
        let metadata = encode_metadata([("k", text.as_str())]).unwrap();
        let new = NewAccount {
            tenant: TENANT,
            id: account_id(slot),
            asset,
            floor: [Floor::None, Floor::None, Floor::Overdraft(900), Floor::Zero]
                [slot as usize % 4],
            name: slot.is_multiple_of(3).then(|| format!("Zákazník:{slot}").into()),
            metadata: if slot.is_multiple_of(5) { metadata } else { Box::default() },
            ceiling: slot.is_multiple_of(7).then_some(1_000_000),
        };
        self.ledger.open_account(&new, self.now_ns, &mut self.journal);
    }

    pub fn steps(&mut self, steps: u32) {
        for _ in 0..steps {
            self.step();
        }
    }

    fn step(&mut self) {
        self.now_ns += 1_000;
        match self.below(20) {
            0 => self.open(),
            1 => self.update(),
            2 => {
                self.ledger.fall_due(3, self.now_ns, &mut self.journal);
            }
            n => self.transfer(n),
        }
    }

    fn update(&mut self) {
        let change = AccountChange {
            tenant: TENANT,
            id: self.account(),
            freeze: Some(if self.below(3) == 0 { Freeze::Debits } else { Freeze::None }),
            close: self.below(50) == 0,
            floor: (self.below(2) == 0).then_some(Floor::Overdraft(70)),
            ceiling: (self.below(3) == 0).then_some(Some(5_000_000)),
        };
        // What is refused leaves no trace.
        let _ = self.ledger.update_account(&change, self.now_ns, &mut self.journal);
    }

    fn transfer(&mut self, what: u64) {
        let (id, amount) = (self.next_id, 1 + u128::from(self.below(50)));
        self.next_id += 1;
        let due_at_ns = self.now_ns + 1 + self.below(40_000);
        let at_due = if self.below(2) == 0 { AtDue::Release } else { AtDue::Capture };
        let places = |action| HoldTerms { action, due_at_ns, at_due, ..HoldTerms::default() };
        let hold = self.one_of(|world| &world.holds);
        let refers = |action| HoldTerms { action, hold, ..HoldTerms::default() };
        let terms = match what {
            3..=5 => places(Action::Hold),
            6 => places(Action::Authorize),
            7 => HoldTerms { action: Action::Pay, ..HoldTerms::default() },
            8 => refers(Action::Capture),
            9 => refers(Action::Release),
            10 => refers(Action::Change),
            11 => refers(Action::CapturePayment),
            12 => refers(Action::CancelPayment),
            13 => refers(Action::Refund),
            _ => HoldTerms::default(),
        };
        let reverses = (what == 14).then(|| self.one_of(|world| &world.posted));
        let is_new = !terms.action.refers() && reverses.is_none();
        let mut account = |is_new: bool| if is_new { self.account() } else { 0 };
        let (debit_account, credit_account) = (account(is_new), account(is_new));
        let mut transfer = Transfer {
            id,
            debit_account,
            credit_account,
            amount_minor: if reverses.is_some() { 0 } else { amount },
            content_hash: 0,
            code: 1,
            value_date: 0,
            up_to_available: false,
            extra: None,
        };
        if terms != HoldTerms::default() || reverses.is_some() {
            let extra = transfer.extra.get_or_insert_default();
            (extra.terms, extra.reverses) = (terms, reverses);
        }
        if debit_account == credit_account && is_new {
            return;
        }
        let transfers = vec![transfer.seal()];
        let batch = TransferBatch { tenant: TENANT, group: None, asset: None, transfers };
        let needed = self.ledger.originals_needed(&batch).into_iter();
        let at = |sequence| self.journal[usize::try_from(sequence).unwrap() - 1].clone();
        let originals = needed.map(|sequence| (sequence, at(sequence))).collect();
        let past = Past { originals, ..Past::default() };
        let mut events = Vec::new();
        let outcome = self.ledger.execute(&batch, &past, self.now_ns, &mut events);
        self.journal.append(&mut events);
        if outcome.posted == 1 {
            if terms.action.places() { self.holds.push(id) } else { self.posted.push(id) }
        }
    }

    /// Takes a snapshot while the ledger goes on by so many steps a piece; all but the manifest.
    pub fn take(
        &mut self,
        store: &mut dyn SnapshotStore,
        generation: u64,
        steps: u32,
    ) -> Result<Draft, SnapshotError> {
        let head = self.ledger.head();
        let mut taking = Taking::begin(store, generation, IDENTITY, &head, self.now_ns)?;
        // Two are on their way at a time, as in a process with two threads.
        let mut on_their_way: Vec<Copied> = Vec::new();
        loop {
            let piece = taking.next();
            let is_last = piece.is_none();
            on_their_way.extend(piece.map(|piece| piece.copy(&self.ledger)));
            self.steps(steps);
            while on_their_way.len() > usize::from(!is_last) {
                taking.put(store, &on_their_way.remove(0))?;
            }
            if is_last {
                let progress = taking.progress();
                assert_eq!(progress.chunks_done, progress.chunks_total);
                return taking.finish();
            }
        }
    }

    /// Takes and publishes a snapshot of a journal that is durable as far as it goes.
    pub fn snapshot(
        &mut self,
        store: &mut dyn SnapshotStore,
        generation: u64,
        steps: u32,
    ) -> Result<Manifest, SnapshotError> {
        let draft = self.take(store, generation, steps)?;
        draft.publish(store, self.ledger.last_sequence())
    }

    pub fn options(&self) -> LoadOptions {
        let last_sequence = Some(self.ledger.last_sequence());
        LoadOptions { identity: IDENTITY, last_sequence, seed: 11, ids_through: 0, below: None }
    }

    /// Loads, replays what a snapshot has not seen, and holds the result against the ledger that ran.
    pub fn check_load(&self, store: &dyn SnapshotStore) -> Checked {
        let load_with = |ids_through| {
            let options = LoadOptions { ids_through, ..self.options() };
            load(store, &options, &mut |_| {}).unwrap()
        };
        let Loaded { found, passed_over } = load_with(0);
        let Some((restoring, found)) = found else { return Checked { found: None, passed_over } };
        self.check(restoring, &found, &self.journal);
        // The ids up to the head are kept elsewhere: then replay begins behind it.
        let head_sequence = found.head_sequence();
        let (restoring, again) = load_with(head_sequence).found.unwrap();
        assert_eq!(again, found);
        self.check(restoring, &found, &self.journal[usize::try_from(head_sequence).unwrap()..]);
        Checked { found: Some(found), passed_over }
    }

    fn check(&self, restoring: Restoring, manifest: &Manifest, events: &[Event]) {
        assert!(restoring.seen_through() <= manifest.seen_through());
        let mut ledger = restoring.finish().unwrap();
        for event in events {
            ledger.replay(event).unwrap();
        }
        assert!(ledger.is_of_one_moment());
        assert!(State::of(&ledger) == State::of(&self.ledger), "another state");
        assert_eq!(ledger.digest(), self.ledger.digest());
        assert!(ledger.is_conserved_by_account());
        let timers = (ledger.timers_len(), ledger.next_due_ns());
        assert_eq!(timers, (self.ledger.timers_len(), self.ledger.next_due_ns()));
    }
}

fn account_id(slot: u32) -> u128 {
    u128::from(slot + 1) << 70 | 0xacc
}
