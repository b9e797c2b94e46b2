//! The accounts of a partition: the actors themselves, how they are found, and what only some of them have.

use alloc::boxed::Box;

use crate::account::{Bounds, FloorKind, NO_SIDE};
use crate::hash::KeyHash;
use crate::image::AccountImage;
use crate::slab::Slab;
use crate::table::Table;
use crate::{Account, AccountOpened, AccountUpdated, Event, Floor, Freeze, Slot, Tenant};

/// What only some accounts have, paid for when used.
#[derive(Debug, Clone, Default)]
pub(crate) struct SideEntry {
    pub overdraft_minor: u128,
    /// Counts only where the account says that it has one.
    pub ceiling_minor: u128,
    pub name: Option<Box<str>>,
    pub metadata: Box<[u8]>,
    /// How far it could go when it was opened, if that has changed.
    pub first_bounds: Option<Box<Bounds>>,
}

/// All accounts.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    slab: Slab<Account>,
    table: Table,
    side: Slab<SideEntry>,
}

impl Accounts {
    pub const fn len(&self) -> usize {
        self.slab.len()
    }

    pub fn new() -> Self {
        Self { slab: Slab::new(), table: Table::new(), side: Slab::new() }
    }

    #[inline]
    pub fn find(&self, hash: KeyHash, tenant: Tenant, id: u128) -> Option<Slot> {
        self.table.find(hash.of(tenant, id), |slot| {
            let account = self.slab.at(slot);
            account.id == id && account.tenant == tenant
        })
    }

    #[inline]
    pub fn at(&self, slot: Slot) -> &Account {
        self.slab.at(slot)
    }

    #[inline]
    pub fn at_mut(&mut self, slot: Slot) -> &mut Account {
        self.slab.at_mut(slot)
    }

    pub fn get(&self, slot: Slot) -> Option<&Account> {
        self.slab.get(slot)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.slab.iter()
    }

    pub fn side(&self, account: &Account) -> Option<&SideEntry> {
        self.side.get(account.side)
    }

    pub fn floor(&self, account: &Account) -> Floor {
        match account.floor {
            FloorKind::Zero => Floor::Zero,
            FloorKind::None => Floor::None,
            FloorKind::Overdraft => {
                Floor::Overdraft(self.side(account).map_or(0, |side| side.overdraft_minor))
            }
        }
    }

    pub fn ceiling(&self, account: &Account) -> Option<u128> {
        account.has_ceiling.then(|| self.side(account).map_or(0, |side| side.ceiling_minor))
    }

    #[inline]
    pub fn bounds(&self, account: &Account) -> Bounds {
        Bounds { floor: self.floor(account), ceiling: self.ceiling(account) }
    }

    /// How far it could go when it was opened.
    pub fn first_bounds(&self, account: &Account) -> Bounds {
        let changed = self.side(account).and_then(|side| side.first_bounds.as_deref().copied());
        changed.unwrap_or_else(|| self.bounds(account))
    }

    #[inline]
    pub fn prefetch_table(&self, hash: KeyHash, tenant: Tenant, id: u128) {
        self.table.prefetch(hash.of(tenant, id));
    }

    /// Asks for the account's two cache lines, once its table line is there.
    #[inline]
    pub fn prefetch(&self, hash: KeyHash, tenant: Tenant, id: u128) {
        if let Some(slot) = self.table.candidate(hash.of(tenant, id)) {
            self.prefetch_slot(slot);
        }
    }

    /// Asks for the two cache lines of the account at a slot.
    #[inline]
    pub fn prefetch_slot(&self, slot: Slot) {
        if let Some(account) = self.slab.get(slot) {
            crate::sys::prefetch(account);
            crate::sys::prefetch(&account.credits_posted);
        }
    }

    /// Makes room in the table for so many accounts.
    pub fn reserve(&mut self, accounts: usize) {
        self.table.reserve(accounts);
    }

    pub fn open(&mut self, hash: KeyHash, event: &Event, opened: &AccountOpened) {
        let (floor, overdraft_minor) = split(opened.floor);
        let ceiling_minor = opened.ceiling.unwrap_or(0);
        let limits = overdraft_minor != 0 || opened.ceiling.is_some();
        let plain = !limits && opened.name.is_none() && opened.metadata.is_empty();
        let side = if plain {
            NO_SIDE
        } else {
            let (name, metadata) = (opened.name.clone(), opened.metadata.clone());
            let first_bounds = None;
            self.side.push(SideEntry {
                overdraft_minor,
                ceiling_minor,
                name,
                metadata,
                first_bounds,
            })
        };
        let slot = self.slab.push(Account {
            id: opened.id,
            opened_at_ns: event.timestamp_ns,
            last_sequence: event.sequence,
            content_hash: opened.content_hash,
            tenant: opened.tenant,
            asset: opened.asset,
            side,
            floor,
            freeze: Freeze::None,
            closed: false,
            has_ceiling: opened.ceiling.is_some(),
            opened_sequence: event.sequence,
            debits_pending: 0,
            debits_posted: 0,
            credits_pending: 0,
            credits_posted: 0,
        });
        self.table.insert(hash.of(opened.tenant, opened.id), slot);
    }

    /// Puts back an account, behind those that are there.
    pub fn restore(&mut self, hash: KeyHash, image: AccountImage) {
        let (floor, overdraft_minor) = split(image.floor);
        let entry = SideEntry {
            overdraft_minor,
            ceiling_minor: image.ceiling.unwrap_or(0),
            name: image.name,
            metadata: image.metadata,
            first_bounds: image
                .first_bounds
                .map(|(floor, ceiling)| Box::new(Bounds { floor, ceiling })),
        };
        let SideEntry { name, metadata, first_bounds, .. } = &entry;
        let limits = overdraft_minor != 0 || image.ceiling.is_some() || first_bounds.is_some();
        let plain = !limits && name.is_none() && metadata.is_empty();
        let side = if plain { NO_SIDE } else { self.side.push(entry) };
        let slot = self.slab.push(Account {
            id: image.id,
            opened_at_ns: image.opened_at_ns,
            last_sequence: image.last_sequence,
            content_hash: image.content_hash,
            tenant: image.tenant,
            asset: image.asset,
            side,
            floor,
            freeze: image.freeze,
            closed: image.closed,
            has_ceiling: image.ceiling.is_some(),
            opened_sequence: image.opened_sequence,
            debits_pending: image.debits_pending_minor,
            debits_posted: image.debits_posted_minor,
            credits_pending: image.credits_pending_minor,
            credits_posted: image.credits_posted_minor,
        });
        self.table.insert(hash.of(image.tenant, image.id), slot);
    }

    pub fn update(&mut self, event: &Event, updated: &AccountUpdated) {
        if self.slab.at(updated.leg.slot).last_sequence >= event.sequence {
            return; // it was put back with the update in it
        }
        let before = self.bounds(self.slab.at(updated.leg.slot));
        let changed = before != Bounds { floor: updated.floor, ceiling: updated.ceiling };
        let account = self.slab.at_mut(updated.leg.slot);
        let (floor, overdraft_minor) = split(updated.floor);
        account.last_sequence = event.sequence;
        account.freeze = updated.freeze;
        account.closed = updated.closed;
        account.floor = floor;
        account.has_ceiling = updated.ceiling.is_some();
        if changed && account.side == NO_SIDE {
            account.side = self.side.push(SideEntry::default());
        }
        if changed {
            let side = self.side.at_mut(account.side);
            side.overdraft_minor = overdraft_minor;
            side.ceiling_minor = updated.ceiling.unwrap_or(0);
            side.first_bounds.get_or_insert_with(|| Box::new(before));
        }
    }

    /// Bytes that accounts and their table take; names and metadata not counted.
    pub fn bytes(&self) -> usize {
        self.slab.bytes() + self.table.bytes()
    }
}

fn split(floor: Floor) -> (FloorKind, u128) {
    match floor {
        Floor::Zero => (FloorKind::Zero, 0),
        Floor::None => (FloorKind::None, 0),
        Floor::Overdraft(minor) => (FloorKind::Overdraft, minor),
    }
}
