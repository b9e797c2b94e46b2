//! Everything but transfers: accounts to open, changes to them, assets, and reads.

use florin_actors::command::Command;
use florin_engine::{
    AccountChange, Floor, Freeze, NewAccount, NewAsset, Tenant, Transfer, check_account_change,
    check_new_account, check_new_asset, encode_metadata,
};

use super::{Clients, asset};
use crate::rng::Rng;

/// How much an agreed overdraft may be.
const OVERDRAFT_MINOR: u64 = 10_000;

/// The nth account of a client: the first pays without limit, the others have floors of each kind.
pub fn of_client(tenant: Tenant, client: u128, n: u64, rng: &mut Rng) -> NewAccount {
    let floor = match n {
        0 => Floor::None,
        1 => Floor::Overdraft(rng.between(1, OVERDRAFT_MINOR).into()),
        _ => Floor::Zero,
    };
    let code = if rng.percent(15) { "POINTS" } else { "EUR" };
    account(tenant, (client << 32) + u128::from(n) + 1, code, floor, rng)
}

fn account(tenant: Tenant, id: u128, code: &str, floor: Floor, rng: &mut Rng) -> NewAccount {
    let name = rng.percent(40).then(|| format!("customer:{id}/wallet").into());
    let metadata = if rng.percent(20) { metadata(rng) } else { Box::default() };
    // The first ones receive without limit, or little would move in the end.
    let ceiling = (floor == Floor::Zero && rng.percent(15)).then(|| rng.between(0, 50_000).into());
    let account = NewAccount { tenant, id, asset: asset(code), floor, name, metadata, ceiling };
    debug_assert_eq!(check_new_account(&account), Ok(()));
    account
}

/// Metadata of some length.
pub fn metadata(rng: &mut Rng) -> Box<[u8]> {
    let len = if rng.percent(10) { rng.index(3_000) } else { rng.index(60) };
    encode_metadata([("note", "x".repeat(len).as_str())]).expect("short enough")
}

impl Clients {
    pub(super) fn accounts(&mut self, client: usize) -> Command {
        match self.rng.below(100) {
            0..25 => Command::OpenAccounts(self.openings(client)),
            25..35 => Command::RegisterAssets(self.assets()),
            _ => Command::UpdateAccount(self.change(client)),
        }
    }

    /// New ones, known ones, and known ones with other content.
    fn openings(&mut self, client: usize) -> Vec<NewAccount> {
        let mut openings = Vec::new();
        for _ in 0..self.rng.between(1, 3) {
            let known = self.rng.pick(&self.all[client].accounts).clone();
            let code = *self.rng.pick(&["EUR", "EUR", "JPY", "POINTS", "NOWHERE"]);
            match self.rng.below(10) {
                0..2 => openings.push(known),
                2..4 => openings.push(NewAccount { asset: asset("JPY"), ..known }),
                _ => {
                    let tenant = self.all[client].tenant;
                    let id = self.new_id();
                    let new = account(tenant, id, code, Floor::Zero, &mut self.rng);
                    self.all[client].accounts.push(new.clone());
                    openings.push(new);
                }
            }
        }
        openings
    }

    fn assets(&mut self) -> Vec<NewAsset> {
        let known = [("POINTS", 0), ("POINTS", 2), ("GOLD", 6), ("TOKEN_1", 18)];
        let count = self.rng.between(1, 2);
        let assets = (0..count).map(|_| *self.rng.pick(&known));
        let assets: Vec<_> =
            assets.map(|(code, scale)| NewAsset { code: asset(code), scale }).collect();
        debug_assert!(assets.iter().all(|asset| check_new_asset(asset).is_ok()));
        assets
    }

    fn change(&mut self, client: usize) -> AccountChange {
        let account = self.rng.pick(&self.all[client].accounts).clone();
        let (mut freeze, mut floor, mut ceiling, mut close) = (None, None, None, false);
        match self.rng.below(100) {
            // Unfrozen more often than frozen, or nothing would move in the end.
            0..45 => freeze = Some(Freeze::None),
            45..60 => {
                freeze = Some(*self.rng.pick(&[Freeze::Debits, Freeze::Credits, Freeze::Both]));
            }
            60..75 => floor = Some(account.floor),
            75..82 => ceiling = Some(None),
            82..86 => ceiling = Some(Some(self.rng.between(0, 100_000).into())),
            86..97 => floor = Some(Floor::Overdraft(self.rng.between(1, OVERDRAFT_MINOR).into())),
            _ => close = true,
        }
        let id = if self.rng.percent(3) { 99 } else { account.id };
        let change = AccountChange { tenant: account.tenant, id, freeze, close, floor, ceiling };
        debug_assert_eq!(check_account_change(&change), Ok(()));
        change
    }

    pub(super) fn read(&mut self, client: usize) -> Command {
        let tenant = self.all[client].tenant;
        match self.rng.below(100) {
            0..10 => Command::GetHolds { tenant, ids: self.some_holds(client, false) },
            10..20 => Command::GetPayments { tenant, ids: self.some_holds(client, true) },
            20..23 => Command::AcceptClock,
            23..40 => Command::GetAccounts { tenant, ids: self.some_accounts(client) },
            40..75 => Command::GetTransfers { tenant, ids: self.some_transfers() },
            75..85 => {
                let from = u32::try_from(self.rng.below(20)).expect("small");
                Command::ListAccounts { tenant, from, limit: self.rng.index(12) + 1 }
            }
            85..90 => Command::ListAssets,
            _ => Command::GetFigures,
        }
    }

    fn some_accounts(&mut self, client: usize) -> Vec<u128> {
        let count = self.rng.between(1, 4);
        let ids = (0..count).map(|_| {
            let other = self.rng.percent(20).then(|| self.rng.index(self.all.len()));
            let accounts = &self.all[other.unwrap_or(client)].accounts;
            if self.rng.percent(5) { 99 } else { self.rng.pick(accounts).id }
        });
        ids.collect()
    }

    /// Ids of transfers, of whomever they are: another tenant finds nothing under them.
    fn some_transfers(&mut self) -> Vec<u128> {
        let count = self.rng.between(1, 8);
        let id = |(_, transfer): &(Tenant, Transfer)| transfer.id;
        (0..count).map(|_| self.rng.pick_recent(&self.sent).map_or(98, id)).collect()
    }
}
