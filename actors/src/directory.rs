//! What is known of assets, accounts and payments outside of the partition: who lives at a slot, names in their
//! order, payments in theirs. The feed, statements and listings go by it, so that none of them asks the partition for
//! more than the things that they show.
//!
//! It is made of durable events only and nothing in it ever changes, so whoever reads it sees what is certain. Reading
//! takes a lock that the journal thread takes as well when accounts are opened, so nobody may hold it for long.

mod names;
mod slab;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use florin_engine::{
    AccountKey, AssetCode, Body, Event, Hold, HoldStep, Ledger, Sequence, Slot, Tenant,
};

use names::{Name, Names};
use slab::Slab;

/// Holds that are looked at together.
const AT_A_TIME: u32 = 4_096;

/// Accounts, assets and payments, as far as they are durable.
#[derive(Debug, Default)]
pub struct Directory {
    known: RwLock<Known>,
    /// Slots of named accounts, by tenant and name. It is put in order by those who list by name: opening an account
    /// costs no more for it.
    by_name: Mutex<ByName>,
}

#[derive(Debug, Default)]
struct Known {
    assets: Vec<KnownAsset>,
    accounts: Slab<AccountEntry>,
    names: Names,
    payments: Slab<PaymentEntry>,
    /// Original → reversal.
    reversed: HashMap<Sequence, Sequence>,
}

#[derive(Debug, Default)]
struct ByName {
    order: Vec<Slot>,
    /// Slots below this have been looked at.
    through: Slot,
}

/// 32 bytes an account, and its name.
#[derive(Debug, Clone)]
struct AccountEntry {
    id: u128,
    name: Name,
    tenant: Tenant,
    asset: u16,
}

const _: () = assert!(size_of::<AccountEntry>() == 32);

#[derive(Debug, Clone)]
struct PaymentEntry {
    id: u128,
    placed_sequence: Sequence,
    tenant: Tenant,
}

/// An asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownAsset {
    /// Its code.
    pub code: AssetCode,
    /// Decimals of its minor unit.
    pub scale: u8,
}

/// What never changes of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownAccount<'a> {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: u128,
    /// Its name; empty if it was opened by id.
    pub name: &'a str,
    /// What it holds: index of the asset.
    pub asset: u32,
}

/// A payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownPayment {
    /// Its id.
    pub id: u128,
    /// The event that created it.
    pub placed_sequence: Sequence,
}

/// The directory while it is read. Short: accounts cannot be opened meanwhile.
#[derive(Debug)]
pub struct View<'a>(RwLockReadGuard<'a, Known>);

impl View<'_> {
    /// The account at a slot.
    pub fn account(&self, slot: Slot) -> Option<KnownAccount<'_>> {
        let entry = self.0.accounts.get(slot)?;
        let name = self.0.names.get(entry.name);
        Some(KnownAccount { tenant: entry.tenant, id: entry.id, name, asset: entry.asset.into() })
    }

    /// The asset with an index.
    pub fn asset(&self, index: u32) -> Option<KnownAsset> {
        self.0.assets.get(index as usize).copied()
    }

    /// The event that undid a transfer.
    pub fn reversed_by(&self, original: Sequence) -> Option<Sequence> {
        self.0.reversed.get(&original).copied()
    }
}

impl Directory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is known at the event that a ledger has come to, or that its [head](florin_engine::Ledger::head) is of.
    pub fn of(ledger: &Ledger) -> Self {
        let mut known = Known::default();
        for asset in ledger.assets() {
            known.assets.push(KnownAsset { code: asset.code, scale: asset.scale });
        }
        for AccountKey { tenant, id, asset, name } in ledger.account_keys() {
            known.add_account(id, tenant, asset, name.unwrap_or_default());
        }
        let ends = |from: u32| from.saturating_add(AT_A_TIME);
        let mut from = 0;
        loop {
            let holds = ledger.hold_images(from..ends(from));
            from = ends(from);
            if holds.is_empty() {
                break;
            }
            for Hold { id, placed_sequence, tenant, .. } in
                holds.into_iter().filter(|hold| hold.of_payment)
            {
                known.payments.push(PaymentEntry { id, placed_sequence, tenant });
            }
        }
        let reversals = ledger.reversal_images(0..u32::MAX).into_iter();
        known.reversed = reversals.map(|pair| (pair.original, pair.reversal)).collect();
        Self { known: RwLock::new(known), by_name: Mutex::default() }
    }

    /// Whether there is something to note of an event. Of most there is not.
    pub const fn wants(event: &Event) -> bool {
        match &event.body {
            Body::TransferPosted(posted) => posted.original_sequence != 0,
            Body::Hold(hold) => hold.of_payment && is_first(hold.step),
            Body::AssetRegistered(_) | Body::AccountOpened(_) => true,
            _ => false,
        }
    }

    /// Takes up durable events, in their order. Those that it does not [want](Self::wants) may be left out.
    pub fn note<'a>(&self, events: impl IntoIterator<Item = &'a Event>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            known.note(event);
        }
    }

    /// Number of accounts.
    pub fn accounts(&self) -> usize {
        self.view().0.accounts.len() as usize
    }

    /// Reads.
    pub fn view(&self) -> View<'_> {
        View(self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ids of a tenant's accounts from a slot on, with their slots: at most `limit`, looking at no more than `scan`
    /// slots; and the slot with which to go on, if any are left.
    pub fn accounts_from(
        &self,
        tenant: Tenant,
        from: Slot,
        limit: usize,
        scan: u32,
    ) -> (Vec<(Slot, u128)>, Option<Slot>) {
        let view = self.view();
        let mut page = Vec::new();
        let mut slot = from;
        while let Some(account) = view.0.accounts.get(slot) {
            if page.len() == limit || slot - from >= scan {
                return (page, Some(slot));
            }
            if account.tenant == tenant {
                page.push((slot, account.id));
            }
            slot += 1;
        }
        (page, None)
    }

    /// Names and ids of a tenant's accounts whose name begins with a prefix, in the order of names (bytes): at most
    /// `limit` of those after a name.
    ///
    /// The first to ask pays for the order of all names, whoever comes later for those that came since: on a thread
    /// that may take its time.
    pub fn accounts_by_name(
        &self,
        tenant: Tenant,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<(String, u128)> {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        // A copy to read from at leisure: it shares all but the lists of what is full.
        let (accounts, names) = {
            let view = self.view();
            (view.0.accounts.clone(), view.0.names.clone())
        };
        let key = |slot: Slot| {
            accounts.get(slot).map_or((0, ""), |entry| (entry.tenant, names.get(entry.name)))
        };
        let is_named = |slot: &Slot| !key(*slot).1.is_empty();
        let mut new: Vec<Slot> = (by_name.through..accounts.len()).filter(is_named).collect();
        new.sort_unstable_by_key(|slot| key(*slot));
        by_name.through = accounts.len();
        merge(&mut by_name.order, &new, key);

        let first = match after {
            Some(after) if after >= prefix => {
                by_name.order.partition_point(|slot| key(*slot) <= (tenant, after))
            }
            _ => by_name.order.partition_point(|slot| key(*slot) < (tenant, prefix)),
        };
        let slots = by_name.order[first..].iter().take(limit);
        slots
            .map(|slot| (key(*slot), accounts.get(*slot).map_or(0, |entry| entry.id)))
            .take_while(|((of, name), _)| *of == tenant && name.starts_with(prefix))
            .map(|((_, name), id)| (name.to_owned(), id))
            .collect()
    }

    /// A tenant's payments that were created before an event, newest first: at most `limit`, looking at no more than
    /// `scan`; and the event before which to go on, if any are left.
    pub fn payments_before(
        &self,
        tenant: Tenant,
        before: Sequence,
        limit: usize,
        scan: u32,
    ) -> (Vec<KnownPayment>, Option<Sequence>) {
        let view = self.view();
        let payments = &view.0.payments;
        let end = payments.partition_point(|payment| payment.placed_sequence < before);
        let mut page = Vec::new();
        for at in (0..end).rev() {
            let Some(entry) = payments.get(at) else { break };
            if page.len() == limit || end - at > scan {
                return (page, Some(entry.placed_sequence + 1));
            }
            if entry.tenant == tenant {
                let PaymentEntry { id, placed_sequence, .. } = *entry;
                page.push(KnownPayment { id, placed_sequence });
            }
        }
        (page, None)
    }
}

impl Known {
    fn add_account(&mut self, id: u128, tenant: Tenant, asset: u32, name: &str) -> Slot {
        let name = self.names.push(name);
        let asset = u16::try_from(asset).expect("a ledger has at most 1,024 assets");
        self.accounts.push(AccountEntry { id, name, tenant, asset })
    }

    fn note(&mut self, event: &Event) {
        match &event.body {
            Body::AssetRegistered(registered) => {
                self.assets.push(KnownAsset { code: registered.code, scale: registered.scale });
            }
            Body::AccountOpened(opened) => {
                let name = opened.name.as_deref().unwrap_or_default();
                let slot = self.add_account(opened.id, opened.tenant, opened.asset, name);
                debug_assert_eq!(slot, opened.slot, "accounts come in the order of their slots");
            }
            Body::Hold(hold) if hold.of_payment && is_first(hold.step) => {
                let (id, placed_sequence, tenant) = (hold.hold_id, event.sequence, hold.tenant);
                self.payments.push(PaymentEntry { id, placed_sequence, tenant });
            }
            Body::TransferPosted(posted) if posted.original_sequence != 0 => {
                self.reversed.insert(posted.original_sequence, event.sequence);
            }
            _ => {}
        }
    }
}

const fn is_first(step: HoldStep) -> bool {
    matches!(step, HoldStep::Place | HoldStep::Pay)
}

/// Merges what is in order into what is in order.
fn merge<K: Ord>(order: &mut Vec<Slot>, new: &[Slot], key: impl Fn(Slot) -> K) {
    let mut from = order.len();
    order.resize(from + new.len(), 0);
    // From the end: everything moves once, and a place is found by halving, not by looking at all names.
    for (at, slot) in new.iter().enumerate().rev() {
        let place = order[..from].partition_point(|before| key(*before) < key(*slot));
        order.copy_within(place..from, place + at + 1);
        order[place + at] = *slot;
        from = place;
    }
}

#[cfg(test)]
mod tests;
