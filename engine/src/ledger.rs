//! The state of a partition, and what one can read from it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hashbrown::HashMap;

use crate::accounts::Accounts;
use crate::hash::KeyHash;
use crate::holds::Holds;
use crate::ids::{Forgotten, IdIndex};
use crate::reversals::Reversals;
use crate::{Account, AssetCode, Event, Floor, Freeze, Hold, Sequence, Slot, Tenant};

/// An asset in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its code.
    pub code: AssetCode,
    /// Decimals of its minor unit.
    pub scale: u8,
    /// Sum of posted debits over all accounts, minor units, modulo 2^128.
    pub debits_posted_minor: u128,
    /// Sum of posted credits over all accounts, minor units, modulo 2^128.
    pub credits_posted_minor: u128,
    /// What open holds and payments reserve, minor units, modulo 2^128. It is at once the sum of pending debits and
    /// of pending credits.
    pub pending_minor: u128,
}

/// How much has happened, over the whole history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Transfers posted; steps of holds and payments too.
    pub transfers_posted: u64,
    /// Transfers and groups refused and journaled.
    pub transfers_refused: u64,
    /// Ids used up: of transfers and of groups.
    pub ids_used: u64,
}

/// The state of a partition: a function of its events and nothing else.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) hash: KeyHash,
    pub(crate) assets: Vec<Asset>,
    pub(crate) asset_indexes: HashMap<AssetCode, u32>,
    pub(crate) accounts: Accounts,
    pub(crate) transfer_ids: IdIndex,
    pub(crate) group_ids: IdIndex,
    pub(crate) reversals: Reversals,
    pub(crate) holds: Holds,
    pub(crate) last_sequence: Sequence,
    pub(crate) last_timestamp_ns: u64,
    pub(crate) counters: Counters,
    /// Sum of the hashes of all ids that were used, modulo 2^64.
    pub(crate) ids_sum: u64,
    /// Ids of events up to here are kept elsewhere.
    pub(crate) ids_forgotten_through: Sequence,
    /// While it is put together again: ids of events after this one, up to the last, come by replay.
    pub(crate) ids_behind: Option<Sequence>,
    /// What was put together again is of no moment before this event: some pieces have seen more than others.
    pub(crate) seen_through: Sequence,
    /// Nothing falls due after this moment, whatever the clock says. No part of the state.
    pub(crate) due_until_ns: u64,
}

/// What never changes of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountKey<'a> {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: u128,
    /// Index of its asset.
    pub asset: u32,
    /// Its name, if it was opened by name. Personal.
    pub name: Option<&'a str>,
}

/// Everything there is to say about an account at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountState {
    /// Where it lives.
    pub slot: Slot,
    /// Its id.
    pub id: u128,
    /// Its name, if it was opened by name.
    pub name: Option<Box<str>>,
    /// What it holds.
    pub asset: Asset,
    /// Sum of pending debits, minor units.
    pub debits_pending_minor: u128,
    /// Sum of posted debits, minor units.
    pub debits_posted_minor: u128,
    /// Sum of pending credits, minor units.
    pub credits_pending_minor: u128,
    /// Sum of posted credits, minor units.
    pub credits_posted_minor: u128,
    /// Posted credits - posted debits, minor units.
    pub net_minor: i128,
    /// What could be debited, minor units; `None` if there is no floor.
    pub available_minor: Option<u128>,
    /// How far the balance may fall.
    pub floor: Floor,
    /// How far the balance may rise, minor units; `None` = without limit.
    pub ceiling_minor: Option<u128>,
    /// What is frozen.
    pub freeze: Freeze,
    /// Closed for good.
    pub closed: bool,
    /// Encoded metadata.
    pub metadata: Box<[u8]>,
    /// When it was opened.
    pub opened_at_ns: u64,
    /// The last event that changed it.
    pub last_sequence: Sequence,
}

impl Ledger {
    /// An empty ledger. `seed` makes the tables' hashes unpredictable; it has no effect on any result.
    pub fn new(seed: u64) -> Self {
        Self {
            hash: KeyHash::new(seed),
            assets: Vec::new(),
            asset_indexes: HashMap::new(),
            accounts: Accounts::new(),
            transfer_ids: IdIndex::new(),
            group_ids: IdIndex::new(),
            reversals: Reversals::new(),
            holds: Holds::new(),
            last_sequence: 0,
            last_timestamp_ns: 0,
            counters: Counters::default(),
            ids_sum: 0,
            ids_forgotten_through: 0,
            ids_behind: None,
            seen_through: 0,
            due_until_ns: u64::MAX,
        }
    }

    /// The last event that was applied; 0 if there was none.
    pub const fn last_sequence(&self) -> Sequence {
        self.last_sequence
    }

    /// When the last event was decided.
    pub const fn last_timestamp_ns(&self) -> u64 {
        self.last_timestamp_ns
    }

    /// How much has happened.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Every asset, by index.
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// Number of accounts.
    pub const fn accounts_len(&self) -> usize {
        self.accounts.len()
    }

    /// Number of ids that are kept in memory: of transfers and groups.
    pub fn ids_kept_len(&self) -> usize {
        self.transfer_ids.len() + self.group_ids.len()
    }

    /// Ids of later events are all kept in memory; of this one and those before, only some may be: others are kept
    /// elsewhere.
    pub const fn ids_forgotten_through(&self) -> Sequence {
        self.ids_forgotten_through
    }

    /// Makes generations of so many ids from now on, for [`forget_ids`](Self::forget_ids).
    pub fn set_id_generation_len(&mut self, len: usize) {
        self.transfer_ids.set_generation_len(len);
        self.group_ids.set_generation_len(len);
    }

    /// Forgets ids of events up to this one, whole generations: all of them are kept elsewhere now. Of events up to there
    /// that are still to be replayed none are kept.
    pub fn forget_ids(&mut self, through: Sequence) -> Forgotten {
        self.ids_forgotten_through = self.ids_forgotten_through.max(through);
        self.transfer_ids.forget(through).and(self.group_ids.forget(through))
    }

    /// Whether it is the state at its last event. If not, it was put together from pieces of which some had seen
    /// more, and replay has not come as far yet.
    pub const fn is_of_one_moment(&self) -> bool {
        self.last_sequence >= self.seen_through && self.ids_behind.is_none()
    }

    /// Every account, by slot, as far as it never changes.
    pub fn account_keys(&self) -> impl Iterator<Item = AccountKey<'_>> {
        self.accounts.iter().map(|account| {
            let name = self.accounts.side(account).and_then(|side| side.name.as_deref());
            AccountKey { tenant: account.tenant, id: account.id, asset: account.asset, name }
        })
    }

    /// Bytes that accounts and their table take; names and metadata are not counted.
    pub fn account_bytes(&self) -> usize {
        self.accounts.bytes()
    }

    /// An account as it is.
    pub fn account(&self, tenant: Tenant, id: u128) -> Option<AccountState> {
        let slot = self.accounts.find(self.hash, tenant, id)?;
        Some(self.describe(slot, self.accounts.at(slot)))
    }

    /// A tenant's accounts from a slot on, at most `limit`, looking at no more than `scan` slots; and
    /// the slot with which to go on, if any are left.
    pub fn accounts_from(
        &self,
        tenant: Tenant,
        from: Slot,
        limit: usize,
        scan: u32,
    ) -> (Vec<AccountState>, Option<Slot>) {
        let mut page = Vec::new();
        let mut slot = from;
        while let Some(account) = self.accounts.get(slot) {
            if page.len() == limit || slot - from >= scan {
                return (page, Some(slot));
            }
            if account.tenant == tenant {
                page.push(self.describe(slot, account));
            }
            slot += 1;
        }
        (page, None)
    }

    /// The id of the account at a slot.
    pub fn account_id(&self, slot: Slot) -> Option<u128> {
        Some(self.accounts.get(slot)?.id)
    }

    /// A hold or payment as it is, with the ids of its accounts: debit, credit.
    pub fn hold(&self, tenant: Tenant, id: u128) -> Option<(&Hold, [u128; 2])> {
        let hold = self.holds.get(self.hash, tenant, id)?;
        Some((hold, [self.accounts.at(hold.debit).id, self.accounts.at(hold.credit).id]))
    }

    /// Holds and payments that reserve something.
    pub const fn open_holds_len(&self) -> usize {
        self.holds.open_len()
    }

    /// Those of them that fall due.
    pub fn timers_len(&self) -> usize {
        self.holds.due_len()
    }

    /// When the next one falls due, ns since 1970.
    pub fn next_due_ns(&self) -> Option<u64> {
        self.holds.next_due_ns()
    }

    /// Whether one falls due after one moment and by another.
    pub fn any_due(&self, after_ns: u64, until_ns: u64) -> bool {
        self.holds.any_due(after_ns, until_ns)
    }

    /// Where the first answer to a transfer id stands.
    pub fn transfer_sequence(&self, tenant: Tenant, id: u128) -> Option<Sequence> {
        Some(self.transfer_ids.get(self.hash, tenant, id)?.sequence)
    }

    /// The reversal of a posted transfer.
    pub fn reversed_by(&self, original: Sequence) -> Option<Sequence> {
        self.reversals.get(original)
    }

    /// Whether debits equal credits in every asset: the sums that are kept while running.
    pub fn is_conserved(&self) -> bool {
        self.assets.iter().all(|asset| asset.debits_posted_minor == asset.credits_posted_minor)
    }

    /// The same from the accounts themselves, and that both ways give the same sums. Looks at every account.
    pub fn is_conserved_by_account(&self) -> bool {
        let mut sums = alloc::vec![[0u128; 4]; self.assets.len()];
        for account in self.accounts.iter() {
            let totals = [
                account.debits_posted,
                account.credits_posted,
                account.debits_pending,
                account.credits_pending,
            ];
            for (sum, total) in sums[account.asset as usize].iter_mut().zip(totals) {
                *sum = sum.wrapping_add(total);
            }
        }
        let mut reserved = alloc::vec![0u128; self.assets.len()];
        for hold in self.holds.iter() {
            let sum = &mut reserved[self.accounts.at(hold.debit).asset as usize];
            *sum = sum.wrapping_add(hold.remaining_minor());
        }
        self.assets.iter().zip(sums).zip(reserved).all(|((asset, sums), reserved)| {
            let Asset { debits_posted_minor, credits_posted_minor, pending_minor, .. } = *asset;
            debits_posted_minor == credits_posted_minor
                && reserved == pending_minor
                && sums == [debits_posted_minor, credits_posted_minor, pending_minor, pending_minor]
        })
    }

    pub(crate) fn describe(&self, slot: Slot, account: &Account) -> AccountState {
        let floor = self.accounts.floor(account);
        let side = self.accounts.side(account);
        AccountState {
            slot,
            id: account.id,
            name: side.and_then(|side| side.name.clone()),
            asset: self.assets[account.asset as usize],
            debits_pending_minor: account.debits_pending,
            debits_posted_minor: account.debits_posted,
            credits_pending_minor: account.credits_pending,
            credits_posted_minor: account.credits_posted,
            net_minor: account.net_minor(),
            available_minor: account.available_minor(floor),
            floor,
            ceiling_minor: self.accounts.ceiling(account),
            freeze: account.freeze,
            closed: account.closed,
            metadata: side.map_or_else(Box::default, |side| side.metadata.clone()),
            opened_at_ns: account.opened_at_ns,
            last_sequence: account.last_sequence,
        }
    }

    pub(crate) fn asset_index(&self, code: AssetCode) -> Option<u32> {
        self.asset_indexes.get(&code).copied()
    }

    /// When something that is decided now is decided.
    pub(crate) fn event_time_ns(&self, now_ns: u64) -> u64 {
        now_ns.max(self.last_timestamp_ns + 1)
    }

    /// Up to when holds and payments have fallen due.
    pub(crate) fn due_now_ns(&self, now_ns: u64) -> u64 {
        self.event_time_ns(now_ns).min(self.due_until_ns)
    }

    /// The next event: its position and time follow from the one before and the clock.
    pub(crate) fn event(&self, now_ns: u64, body: crate::Body) -> Event {
        Event { sequence: self.last_sequence + 1, timestamp_ns: self.event_time_ns(now_ns), body }
    }
}
