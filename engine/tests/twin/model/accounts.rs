//! Assets and accounts: registering, opening, changing.

use florin_engine::{
    AccountChange, AssetCode, Fault, Floor, Freeze, NewAccount, NewAsset, Opened, Reason, Refusal,
    Registered,
};

use super::{Twin, side};
use crate::account::Account;
use crate::plant::Plant;
use crate::record::{Fact, Record};

/// As far as histories use ISO 4217.
const ISO_4217: [(&str, u8); 3] = [("EUR", 2), ("JPY", 0), ("KWD", 3)];

impl Twin {
    fn scale(&self, code: AssetCode) -> Option<u8> {
        self.assets.iter().find(|(known, _)| *known == code).map(|(_, scale)| *scale)
    }

    pub fn register(&mut self, new: NewAsset, now_ns: u64) -> (Registered, Vec<Record>) {
        match self.scale(new.code) {
            Some(scale) if scale == new.scale => (Registered::Before, Vec::new()),
            Some(_) => (Registered::Refused(Fault::new(Reason::IdReused, "scale")), Vec::new()),
            None => (Registered::Now, vec![self.add_asset(new.code, new.scale, now_ns)]),
        }
    }

    fn add_asset(&mut self, code: AssetCode, scale: u8, now_ns: u64) -> Record {
        self.assets.push((code, scale));
        self.record(now_ns, Fact::AssetRegistered { code, scale })
    }

    pub fn open(&mut self, new: &NewAccount, now_ns: u64) -> (Opened, Vec<Record>) {
        if let Some(account) = self.accounts.get(&(new.tenant, new.id)) {
            let mut first = account.opening.clone();
            if self.is(Plant::ComparesOpeningsWithToday) {
                first.floor = account.floor;
            }
            let field = if first.name != new.name {
                "key"
            } else if first.asset != new.asset {
                "asset"
            } else if first.floor != new.floor {
                "floor"
            } else if first.ceiling != new.ceiling {
                "ceiling"
            } else if first.metadata != new.metadata {
                "metadata"
            } else {
                return (Opened::Before(account.opened_sequence), Vec::new());
            };
            return (Opened::Refused(Fault::new(Reason::IdReused, field)), Vec::new());
        }
        let mut records = Vec::new();
        if self.scale(new.asset).is_none() {
            let listed = ISO_4217.iter().find(|(code, _)| *code == new.asset.as_str());
            let Some((_, scale)) = listed else {
                let fault = Fault::new(Reason::AssetNotFound, "asset");
                return (Opened::Refused(fault), records);
            };
            records.push(self.add_asset(new.asset, *scale, now_ns));
        }
        records.push(self.record(now_ns, Fact::AccountOpened(Box::new(new.clone()))));
        let account = Account {
            opening: new.clone(),
            opened_sequence: self.last_sequence,
            opened_at_ns: self.last_timestamp_ns,
            last_sequence: self.last_sequence,
            floor: new.floor,
            ceiling: new.ceiling,
            freeze: Freeze::None,
            closed: false,
            balance_minor: 0,
            debits_minor: 0,
            credits_minor: 0,
            out_minor: 0,
            in_minor: 0,
        };
        self.accounts.insert((new.tenant, new.id), account);
        (Opened::Now(self.last_sequence), records)
    }

    pub fn update(
        &mut self,
        change: &AccountChange,
        now_ns: u64,
    ) -> (Result<(), Refusal>, Vec<Record>) {
        let refuse = |reason, missing_minor| {
            let (asked_minor, would_pass_minor) = (0, 0);
            let account = change.id;
            (Err(Refusal { reason, account, asked_minor, missing_minor, would_pass_minor }), vec![])
        };
        let key = (change.tenant, change.id);
        let Some(account) = self.accounts.get(&key) else {
            return refuse(Reason::AccountNotFound, 0);
        };
        let mut after = account.clone();
        after.freeze = change.freeze.unwrap_or(after.freeze);
        after.floor = change.floor.unwrap_or(after.floor);
        after.ceiling = change.ceiling.unwrap_or(after.ceiling);
        after.closed |= change.close;
        let changed = (after.freeze, after.floor, after.ceiling, after.closed)
            != (account.freeze, account.floor, account.ceiling, account.closed);
        let owed_minor = account.balance_minor.min(0).unsigned_abs();
        let has_minor = account.balance_minor.max(0).unsigned_abs();
        let gone_minor = owed_minor + account.out_minor;
        let below_minor = match after.floor {
            Floor::None => 0,
            Floor::Zero => gone_minor.saturating_sub(has_minor),
            Floor::Overdraft(minor) => gone_minor.saturating_sub(has_minor + minor),
        };
        let coming_minor = has_minor + account.in_minor;
        let above_minor = after
            .ceiling
            .map_or(0, |ceiling| coming_minor.saturating_sub(owed_minor).saturating_sub(ceiling));
        if !changed {
            return (Ok(()), Vec::new());
        }
        if account.closed {
            return refuse(Reason::AccountClosed, 0);
        }
        let reserved = account.out_minor > 0 || account.in_minor > 0;
        let full = change.close && (account.balance_minor != 0 || reserved);
        if full && !self.is(Plant::ClosesFullAccounts) {
            return refuse(Reason::AccountNotEmpty, account.balance_minor.unsigned_abs());
        }
        if below_minor > 0 && !self.is(Plant::LiftsFloorsAboveBalances) {
            return refuse(Reason::BalanceBelowFloor, below_minor);
        }
        if above_minor > 0 && !self.is(Plant::IgnoresCeilings) {
            return refuse(Reason::BalanceAboveCeiling, above_minor);
        }
        let Account { freeze, closed, floor, ceiling, .. } = after;
        let side = side(key, &mut after, self.last_sequence + 1);
        self.accounts.insert(key, after);
        let fact = Fact::AccountUpdated { side, freeze, closed, floor, ceiling };
        (Ok(()), vec![self.record(now_ns, fact)])
    }

    pub fn take_digest(&mut self, now_ns: u64) -> Vec<Record> {
        vec![self.record(now_ns, Fact::DigestTaken)]
    }
}
