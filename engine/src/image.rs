//! The state in pieces, to be kept elsewhere and put together again.
//!
//! Pieces need not be of one moment: a partition that runs gives them out one after the other, and each of them carries
//! the sequence of its last change. What the [`Head`] says is of one moment; of the events that come after it, replay
//! leaves out what a piece has seen already.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use crate::{Account, Asset, Counters, Floor, Freeze, Hold, Ledger, Sequence, Slot, Tenant};

/// What there is beside the lists, at one moment; and how long these were then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The last event that is in it.
    pub last_sequence: Sequence,
    /// When that was decided, ns since 1970.
    pub last_timestamp_ns: u64,
    /// How much had happened.
    pub counters: Counters,
    /// Sum of the hashes of all ids that were used, modulo 2^64: goes into the digest.
    pub ids_sum: u64,
    /// Every asset, by index.
    pub assets: Vec<Asset>,
    /// Number of accounts.
    pub accounts: u32,
    /// Number of holds and payments, closed ones too.
    pub holds: u32,
    /// Number of reversals.
    pub reversals: u32,
}

/// An account, with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountImage {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: u128,
    /// Index of its asset.
    pub asset: u32,
    /// When it was opened, ns since 1970.
    pub opened_at_ns: u64,
    /// The event that opened it.
    pub opened_sequence: Sequence,
    /// The last event that changed it.
    pub last_sequence: Sequence,
    /// Tells a repetition of its opening from another account under the same id.
    pub content_hash: u64,
    /// How far its balance may fall.
    pub floor: Floor,
    /// How far its balance may rise, minor units.
    pub ceiling: Option<u128>,
    /// Floor and ceiling that it was opened with, if they have changed.
    pub first_bounds: Option<(Floor, Option<u128>)>,
    /// What is frozen.
    pub freeze: Freeze,
    /// Closed for good.
    pub closed: bool,
    /// Its name, if it was opened by name. Personal.
    pub name: Option<Box<str>>,
    /// Encoded metadata. Personal.
    pub metadata: Box<[u8]>,
    /// Sum of pending debits, minor units.
    pub debits_pending_minor: u128,
    /// Sum of posted debits, minor units.
    pub debits_posted_minor: u128,
    /// Sum of pending credits, minor units.
    pub credits_pending_minor: u128,
    /// Sum of posted credits, minor units.
    pub credits_posted_minor: u128,
}

/// A reversal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reversal {
    /// The transfer that was undone.
    pub original: Sequence,
    /// The event that undid it.
    pub reversal: Sequence,
}

impl Ledger {
    /// What there is beside the lists.
    ///
    /// # Panics
    /// Never: lists hold less than 2^32 items.
    pub fn head(&self) -> Head {
        let len = |len: usize| u32::try_from(len).expect("a list holds less than 2^32 items");
        Head {
            last_sequence: self.last_sequence,
            last_timestamp_ns: self.last_timestamp_ns,
            counters: self.counters,
            ids_sum: self.ids_sum,
            assets: self.assets.clone(),
            accounts: len(self.accounts.len()),
            holds: len(self.holds.len()),
            reversals: len(self.reversals.len()),
        }
    }

    /// Accounts as they are now, those of a range that exist.
    pub fn account_images(&self, slots: Range<Slot>) -> Vec<AccountImage> {
        let accounts = slots.map_while(|slot| self.accounts.get(slot));
        accounts.map(|account| self.accounts.image(account)).collect()
    }

    /// Holds and payments as they are now, by order of placing, those of a range that exist.
    pub fn hold_images(&self, range: Range<u32>) -> Vec<Hold> {
        range.map_while(|position| self.holds.at(position)).cloned().collect()
    }

    /// Reversals, in their order, those of a range that exist.
    pub fn reversal_images(&self, range: Range<u32>) -> Vec<Reversal> {
        range.map_while(|position| self.reversals.at(position)).collect()
    }
}

/// Room for so many accounts is made before the first of them is there: 256 MiB of table.
const ACCOUNTS_RESERVED_MAX: usize = 20_000_000;

/// A ledger that is put together again: accounts, holds and reversals in their order, then [`finish`](Self::finish).
#[derive(Debug)]
pub struct Restoring {
    ledger: Ledger,
    head: Head,
    seen_through: Sequence,
}

impl Restoring {
    /// Begins with a head. `seed` as in [`Ledger::new`]. Ids up to and including the event `ids_through` are kept
    /// elsewhere; those of later events come by replay, which begins behind that event or behind the head's,
    /// whichever comes first.
    ///
    /// # Errors
    /// An asset stands in it twice.
    pub fn new(seed: u64, head: Head, ids_through: Sequence) -> Result<Self, &'static str> {
        let mut ledger = Ledger::new(seed);
        for (index, asset) in (0..).zip(&head.assets) {
            if ledger.asset_indexes.insert(asset.code, index).is_some() {
                return Err("an asset stands in it twice");
            }
        }
        ledger.assets.clone_from(&head.assets);
        // A head that lies about its length makes nobody take memory for what is not there.
        ledger.accounts.reserve((head.accounts as usize).min(ACCOUNTS_RESERVED_MAX));
        ledger.last_sequence = head.last_sequence;
        ledger.last_timestamp_ns = head.last_timestamp_ns;
        ledger.counters = head.counters;
        ledger.ids_sum = head.ids_sum;
        ledger.ids_forgotten_through = ids_through;
        ledger.ids_behind = (ids_through < head.last_sequence).then_some(ids_through);
        Ok(Self { ledger, seen_through: head.last_sequence, head })
    }

    /// Asks for the cache line of an account that comes soon. Changes nothing.
    #[inline]
    pub fn prefetch(&self, image: &AccountImage) {
        self.ledger.accounts.prefetch_table(self.ledger.hash, image.tenant, image.id);
    }

    /// The next account.
    ///
    /// # Errors
    /// It cannot be: its asset does not exist, or its id stands for another account.
    pub fn account(&mut self, image: AccountImage) -> Result<(), &'static str> {
        let Ledger { accounts, hash, assets, .. } = &mut self.ledger;
        if image.asset as usize >= assets.len() {
            return Err("an account of an unknown asset");
        }
        if accounts.find(*hash, image.tenant, image.id).is_some() {
            return Err("an account stands in it twice");
        }
        if image.opened_sequence > self.head.last_sequence {
            return Err("an account that was opened later");
        }
        self.seen_through = self.seen_through.max(image.last_sequence);
        accounts.restore(*hash, image);
        Ok(())
    }

    /// The next hold or payment.
    ///
    /// # Errors
    /// It cannot be: its accounts do not exist, its amounts do not add up, or its id stands for another one.
    pub fn hold(&mut self, hold: Hold) -> Result<(), &'static str> {
        let Ledger { accounts, hash, holds, .. } = &mut self.ledger;
        let assets = [hold.debit, hold.credit].map(|slot| accounts.get(slot).map(|of| of.asset));
        if assets[0].is_none() || assets[0] != assets[1] || hold.debit == hold.credit {
            return Err("a hold between accounts that cannot be");
        }
        let left = hold.amount_minor.checked_sub(hold.captured_minor);
        let left = left.and_then(|left| left.checked_sub(hold.released_minor));
        if left.is_none() || hold.refunded_minor > hold.captured_minor {
            return Err("the amounts of a hold do not add up");
        }
        if holds.get(*hash, hold.tenant, hold.id).is_some() {
            return Err("a hold stands in it twice");
        }
        if hold.placed_sequence > self.head.last_sequence {
            return Err("a hold that was placed later");
        }
        self.seen_through = self.seen_through.max(hold.last_sequence);
        holds.restore(*hash, hold);
        Ok(())
    }

    /// The next reversal.
    ///
    /// # Errors
    /// Its original was reversed before, or comes after it.
    pub fn reversal(&mut self, reversal: Reversal) -> Result<(), &'static str> {
        let Reversal { original, reversal: sequence } = reversal;
        if original == 0 || original >= sequence || sequence > self.head.last_sequence {
            return Err("a reversal that cannot be");
        }
        if self.ledger.reversals.get(original).is_some() {
            return Err("a transfer is reversed twice");
        }
        self.ledger.reversals.insert(reversal);
        Ok(())
    }

    /// The last event that any piece has seen. Until replay has come as far, the ledger is of no moment.
    pub const fn seen_through(&self) -> Sequence {
        self.seen_through
    }

    /// The ledger, to be replayed on.
    ///
    /// # Errors
    /// Something is missing.
    pub fn finish(self) -> Result<Ledger, &'static str> {
        let Self { mut ledger, head, seen_through } = self;
        let is_whole = ledger.head() == head;
        ledger.seen_through = seen_through;
        if is_whole { Ok(ledger) } else { Err("it is not as long as its head says") }
    }
}

impl crate::accounts::Accounts {
    fn image(&self, account: &Account) -> AccountImage {
        let side = self.side(account);
        let first = side.and_then(|side| side.first_bounds.as_deref());
        AccountImage {
            tenant: account.tenant,
            id: account.id,
            asset: account.asset,
            opened_at_ns: account.opened_at_ns,
            opened_sequence: account.opened_sequence,
            last_sequence: account.last_sequence,
            content_hash: account.content_hash,
            floor: self.floor(account),
            ceiling: self.ceiling(account),
            first_bounds: first.map(|bounds| (bounds.floor, bounds.ceiling)),
            freeze: account.freeze,
            closed: account.closed,
            name: side.and_then(|side| side.name.clone()),
            metadata: side.map_or_else(Box::default, |side| side.metadata.clone()),
            debits_pending_minor: account.debits_pending,
            debits_posted_minor: account.debits_posted,
            credits_pending_minor: account.credits_pending,
            credits_posted_minor: account.credits_posted,
        }
    }
}
