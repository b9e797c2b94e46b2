//! Random commands. Few accounts, ids that meet again, and amounts at the edges that the state has just now:
//! what must collide to matter shall collide often.

mod steps;
mod transfers;

use florin_engine::{
    AMOUNT_MAX_MINOR, AccountChange, AssetCode, Floor, Freeze, NewAccount, NewAsset, Tenant,
    encode_metadata,
};

use crate::account::largest;
use crate::command::{Batch, Command, What};
use crate::model::Twin;
use crate::rng::Rng;

/// Accounts that may exist; histories begin with 2 to 8 of them open for each tenant.
const ACCOUNTS: u64 = 8;
const TENANTS: usize = 2;

pub struct Generator {
    rng: Rng,
    /// Openings that a history begins with.
    openings: Vec<NewAccount>,
    accounts: u64,
    /// Whether amounts go up to 2^127 - 1. Balances soon hit their limits, so not every history does.
    huge: bool,
    now_ns: u64,
    /// Transfers go by (tenant, id); the same numbers serve both tenants.
    ids_used: [u64; TENANTS],
    sent: Vec<Batch>,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let accounts = 2 + rng.below(ACCOUNTS - 1);
        let huge = rng.percent(40);
        let openings = Vec::new();
        let (now_ns, ids_used) = (1_000_000, [0; TENANTS]);
        let mut new = Self { rng, openings, accounts, huge, now_ns, ids_used, sent: Vec::new() };
        for number in (0..accounts).rev() {
            for tenant in [0, 1] {
                let opening = new.opening(tenant, number);
                new.openings.push(opening);
            }
        }
        new
    }

    pub fn next(&mut self, twin: &Twin) -> Command {
        let what = match self.openings.pop() {
            Some(opening) => What::Open(opening),
            None => self.what(twin),
        };
        let now_ns = match &what {
            What::FallDue(_) => self.clock_near(twin),
            _ if self.rng.percent(4) => self.clock_near(twin),
            _ => self.clock(),
        };
        Command { now_ns, what }
    }

    /// Goes forward, stands still, or back.
    fn clock(&mut self) -> u64 {
        self.now_ns = match self.rng.below(10) {
            0 => self.now_ns,
            1 => self.now_ns.saturating_sub(self.rng.below(5_000)),
            _ => self.now_ns + self.rng.below(1_000),
        };
        self.now_ns
    }

    /// At the moment at which something falls due, or right beside it.
    fn clock_near(&mut self, twin: &Twin) -> u64 {
        let open = twin.holds.values().filter(|held| held.is_open() && held.due_at_ns != 0);
        let next_ns = open.map(|held| held.due_at_ns).min();
        // Not where the clock would have to jump.
        let Some(next_ns) = next_ns.filter(|next_ns| *next_ns < self.now_ns + 5_000) else {
            return self.clock();
        };
        self.now_ns = next_ns + self.rng.below(3) - 1;
        self.now_ns
    }

    /// Mostly all of it is believed.
    fn trust(&mut self) -> What {
        What::Trust(if self.rng.percent(70) { u64::MAX } else { self.now_ns + self.rng.below(500) })
    }

    fn what(&mut self, twin: &Twin) -> What {
        match self.rng.below(100) {
            0..64 => What::Transfers(self.batch(twin)),
            64..69 => What::FallDue(1 + self.index(4)),
            69 => self.trust(),
            70..76 => What::Transfers(self.again()),
            76..90 => What::Update(self.change(twin)),
            90..95 => What::Open(self.open_again(twin)),
            95..98 => What::Register(self.register()),
            _ => What::TakeDigest,
        }
    }

    fn tenant(&mut self) -> Tenant {
        u32::from(self.rng.percent(25))
    }

    /// Ids that differ in their low half, in their high half, or in both.
    fn account_id(number: u64) -> u128 {
        match number % 3 {
            0 => u128::from(number + 1),
            1 => u128::from(number + 1) << 64 | 1,
            _ => u128::from(number) << 64 | u128::from(number),
        }
    }

    fn account(&mut self) -> u128 {
        // Now and then one that may not be open.
        let number = if self.rng.percent(3) { ACCOUNTS } else { self.accounts };
        Self::account_id(self.rng.below(number))
    }

    fn asset(&mut self) -> AssetCode {
        let texts = ["EUR", "EUR", "EUR", "EUR", "JPY", "POINTS"];
        code(texts[self.index(texts.len())])
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.rng.below(len as u64)).expect("an index")
    }

    fn register(&mut self) -> NewAsset {
        let (text, scale) = *self.rng.pick(&[("EUR", 2), ("JPY", 0), ("POINTS", 0), ("POINTS", 3)]);
        NewAsset { code: code(text), scale }
    }

    fn opening(&mut self, tenant: Tenant, number: u64) -> NewAccount {
        let metadata = if self.rng.percent(20) { metadata("owner", "ada") } else { Box::default() };
        let name = self.rng.percent(30).then(|| format!("account:{number}").into());
        // Somebody must be able to pay first.
        let (asset, floor) = match number {
            0 => (code("EUR"), Floor::None),
            _ => (self.asset(), self.floor(0)),
        };
        let ceiling = (number != 0 && self.rng.percent(20)).then(|| self.ceiling(0));
        let id = Self::account_id(number);
        NewAccount { tenant, id, asset, floor, name, metadata, ceiling }
    }

    /// One more account, or one that exists, with its content or with another.
    fn open_again(&mut self, twin: &Twin) -> NewAccount {
        let tenant = self.tenant();
        let number = self.rng.below(ACCOUNTS);
        let mut opening = self.opening(tenant, number);
        if let Some(account) = twin.accounts.get(&(tenant, opening.id)) {
            let other = std::mem::replace(&mut opening, account.opening.clone());
            match self.rng.below(8) {
                0 => opening.name = Some("another".into()),
                1 => opening.asset = other.asset,
                2 => opening.floor = self.floor(0),
                3 => opening.metadata = metadata("owner", "bob"),
                4 => opening = other,
                5 => opening.ceiling = other.ceiling,
                _ => {}
            }
        }
        opening
    }

    fn floor(&mut self, owed_minor: u128) -> Floor {
        let overdraft = match self.rng.below(12) {
            0..4 => return Floor::Zero,
            4..6 => return Floor::None,
            6 => AMOUNT_MAX_MINOR,
            7 => owed_minor + 1,
            8 => owed_minor,
            9 => owed_minor.saturating_sub(1),
            _ => u128::from(self.rng.below(300)),
        };
        Floor::Overdraft(overdraft.clamp(1, AMOUNT_MAX_MINOR))
    }

    fn ceiling(&mut self, has_minor: u128) -> u128 {
        let ceiling = match self.rng.below(8) {
            0 => AMOUNT_MAX_MINOR,
            1 => has_minor + 1,
            2 => has_minor,
            3 => has_minor.saturating_sub(1),
            4..6 => u128::from(self.rng.below(300)),
            _ => u128::from(self.rng.below(5_000)),
        };
        ceiling.min(AMOUNT_MAX_MINOR)
    }

    fn change(&mut self, twin: &Twin) -> AccountChange {
        let tenant = self.tenant();
        // Mostly not the one whose money all others live on.
        let payer = self.rng.percent(20).then(|| Self::account_id(0));
        let id = payer.unwrap_or_else(|| Self::account_id(1 + self.rng.below(self.accounts)));
        let account = twin.accounts.get(&(tenant, id));
        let balance_minor = account.map_or(0, |it| it.balance_minor);
        let owed_minor = balance_minor.min(0).unsigned_abs();
        let has_minor = balance_minor.max(0).unsigned_abs();
        let reserved = account.filter(|_| self.rng.percent(50));
        let (out_minor, in_minor) = reserved.map_or((0, 0), |it| (it.out_minor, it.in_minor));
        let nothing = self.rng.percent(65);
        let freezes = [Freeze::Debits, Freeze::Credits, Freeze::Both];
        let freezes = if nothing { &[Freeze::None][..] } else { &freezes };
        let floor = self.rng.percent(40).then(|| self.floor(owed_minor + out_minor));
        let ceiling = (self.rng.percent(25) && payer.is_none())
            .then(|| self.rng.percent(50).then(|| self.ceiling(has_minor + in_minor)));
        let others = floor.is_some() || ceiling.is_some();
        let freeze = (!others || self.rng.percent(30)).then(|| *self.rng.pick(freezes));
        AccountChange { tenant, id, freeze, close: self.rng.percent(10), floor, ceiling }
    }

    /// Amounts at every edge that the two accounts have.
    fn amount(&mut self, twin: &Twin, tenant: Tenant, debit: u128, credit: u128) -> u128 {
        let debit = twin.accounts.get(&(tenant, debit));
        let credit = twin.accounts.get(&(tenant, credit));
        let most = |passes: &dyn Fn(u128) -> bool| largest(AMOUNT_MAX_MINOR, passes);
        let edge = match (self.rng.below(20), debit, credit) {
            (0..3, Some(debit), _) => most(&|minor| debit.floor_allows(minor)),
            (8..10, _, Some(credit)) => most(&|minor| credit.ceiling_allows(minor)),
            (3, Some(debit), _) if self.huge => most(&|minor| debit.can_pay(minor)),
            (4, _, Some(credit)) if self.huge => most(&|minor| credit.can_receive(minor)),
            (5, ..) if self.huge => AMOUNT_MAX_MINOR,
            (6, ..) if self.huge => 1 << self.rng.below(127),
            (7, ..) => u128::from(self.rng.below(10_000)),
            _ => return 1 + u128::from(self.rng.below(100)),
        };
        let edge = match self.rng.below(4) {
            0 => edge.saturating_sub(1),
            1 => edge + 1,
            _ => edge,
        };
        let most = if self.huge { AMOUNT_MAX_MINOR } else { 1_000_000 };
        edge.clamp(1, most)
    }
}

fn code(text: &str) -> AssetCode {
    AssetCode::new(text).expect("a valid code")
}

fn metadata(key: &str, value: &str) -> Box<[u8]> {
    encode_metadata([(key, value)]).expect("short")
}
