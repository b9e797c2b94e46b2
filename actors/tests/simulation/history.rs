//! A naive recomputation from the events of a journal, apart from the engine: what was applied, and what
//! that adds up to.

use std::collections::BTreeMap;

use florin_engine::{
    AccountState, AssetCode, Body, Event, Floor, Freeze, HoldEvent, HoldStep, Leg, Sequence, Slot,
    Tenant, TransferPosted,
};

use crate::holds::NaiveHold;
use crate::invariants::{Invariant, Verdict, Violation, require};

/// An id and whose it is.
pub type Key = (Tenant, u128);

/// An account, by adding up.
#[derive(Debug, Clone)]
pub struct NaiveAccount {
    pub tenant: Tenant,
    pub id: u128,
    pub opened_sequence: Sequence,
    pub last_sequence: Sequence,
    asset: usize,
    debits_minor: u128,
    credits_minor: u128,
    debits_pending_minor: u128,
    credits_pending_minor: u128,
    floor: Floor,
    ceiling: Option<u128>,
    freeze: Freeze,
    is_closed: bool,
}

impl NaiveAccount {
    /// Whether this is the account that the engine describes.
    pub fn is(&self, state: &AccountState) -> bool {
        self.id == state.id
            && self.last_sequence == state.last_sequence
            && self.debits_minor == state.debits_posted_minor
            && self.credits_minor == state.credits_posted_minor
            && self.net_minor() == state.net_minor
            && self.floor == state.floor
            && self.ceiling == state.ceiling_minor
            && self.freeze == state.freeze
            && self.is_closed == state.closed
            && self.debits_pending_minor == state.debits_pending_minor
            && self.credits_pending_minor == state.credits_pending_minor
    }

    const fn net_minor(&self) -> i128 {
        self.credits_minor.wrapping_sub(self.debits_minor).cast_signed()
    }
}

/// Everything that a journal tells.
#[derive(Debug, Default)]
pub struct History {
    events: Vec<Event>,
    accounts: Vec<NaiveAccount>,
    slots: BTreeMap<Key, usize>,
    transfers: BTreeMap<Key, Sequence>,
    /// Content hash, and the first event of it.
    groups: BTreeMap<Key, (u64, Sequence)>,
    holds: BTreeMap<Key, NaiveHold>,
    reversals: BTreeMap<Sequence, Sequence>,
    assets: Vec<(AssetCode, u128)>,
    posted: u64,
    refused: u64,
    /// The group whose members are still to come: members in it, and the next of them.
    open_group: Option<(u16, u16)>,
}

fn wrong(invariant: Invariant, event: &Event, what: &str) -> Violation {
    Violation { invariant, detail: format!("{what}: {event:?}") }
}

impl History {
    /// Takes up the next event. Gives the slots of the accounts that it changed.
    pub fn push(&mut self, event: Event) -> Result<[Option<Slot>; 2], Violation> {
        let last_ns = self.events.last().map_or(0, |last| last.timestamp_ns);
        let follows = event.sequence == self.last_sequence() + 1 && event.timestamp_ns > last_ns;
        require(follows, Invariant::HistoryStays, || {
            format!("event {} does not follow {}", event.sequence, self.last_sequence())
        })?;
        self.check_group(&event)?;
        let changed = match &event.body {
            Body::AssetRegistered(asset) => {
                self.assets.push((asset.code, 0));
                [None, None]
            }
            Body::AccountOpened(opened) => {
                let before =
                    self.slots.insert((opened.tenant, opened.id), opened.slot as usize).is_some();
                if before || opened.slot as usize != self.accounts.len() {
                    return Err(wrong(Invariant::AppliedOnce, &event, "opened twice"));
                }
                self.accounts.push(NaiveAccount {
                    tenant: opened.tenant,
                    id: opened.id,
                    opened_sequence: event.sequence,
                    last_sequence: event.sequence,
                    asset: opened.asset as usize,
                    debits_minor: 0,
                    credits_minor: 0,
                    debits_pending_minor: 0,
                    credits_pending_minor: 0,
                    floor: opened.floor,
                    ceiling: opened.ceiling,
                    freeze: Freeze::None,
                    is_closed: false,
                });
                [Some(opened.slot), None]
            }
            Body::AccountUpdated(updated) => {
                let account = self.leg(&event, updated.leg)?;
                account.floor = updated.floor;
                account.ceiling = updated.ceiling;
                account.freeze = updated.freeze;
                account.is_closed = updated.closed;
                self.end_leg(&event, updated.leg)?;
                [Some(updated.leg.slot), None]
            }
            Body::TransferPosted(posted) => {
                self.post(&event, posted)?;
                [Some(posted.debit.slot), Some(posted.credit.slot)]
            }
            Body::Hold(hold) => {
                self.step(&event, hold)?;
                [Some(hold.debit.slot), Some(hold.credit.slot)]
            }
            Body::TransferRefused(refused) => {
                self.refused += 1;
                self.use_id((refused.tenant, refused.id), &event)?;
                [None, None]
            }
            Body::GroupRefused(refused) => {
                self.refused += 1;
                let key = (refused.tenant, refused.key.id);
                self.use_group_id(key, refused.key.content_hash, &event)?;
                [None, None]
            }
            Body::DigestTaken { .. } => [None, None],
        };
        self.events.push(event);
        Ok(changed)
    }

    fn post(&mut self, event: &Event, posted: &TransferPosted) -> Verdict {
        self.posted += 1;
        self.use_id((posted.tenant, posted.id), event)?;
        if let Some(group) = posted.extra.as_ref().and_then(|extra| extra.group) {
            self.use_group_id((posted.tenant, group.id), group.content_hash, event)?;
        }
        let original = posted.original_sequence;
        if original != 0 && self.reversals.insert(original, event.sequence).is_some() {
            return Err(wrong(Invariant::AppliedOnce, event, "reversed twice"));
        }
        let debit = self.leg(event, posted.debit)?;
        debit.debits_minor = debit.debits_minor.wrapping_add(posted.amount_minor);
        let debit_asset = debit.asset;
        let credit = self.leg(event, posted.credit)?;
        credit.credits_minor = credit.credits_minor.wrapping_add(posted.amount_minor);
        if credit.asset != debit_asset || debit_asset != posted.asset as usize {
            return Err(wrong(Invariant::Conserved, event, "money of another asset"));
        }
        let (_, volume) = &mut self.assets[debit_asset];
        *volume = volume.wrapping_add(posted.amount_minor);
        self.end_leg(event, posted.debit)?;
        self.end_leg(event, posted.credit)
    }

    /// A step of a hold or payment.
    fn step(&mut self, event: &Event, hold: &HoldEvent) -> Verdict {
        let falls_due = matches!(hold.step, HoldStep::DueRelease | HoldStep::DueCapture);
        if falls_due != (hold.id == 0) {
            return Err(wrong(Invariant::DueInTime, event, "a step of nobody"));
        }
        if !falls_due {
            self.posted += 1;
            self.use_id((hold.tenant, hold.id), event)?;
        }
        if let Some(group) = hold.extra.as_ref().and_then(|extra| extra.group) {
            self.use_group_id((hold.tenant, group.id), group.content_hash, event)?;
        }
        let key = (hold.tenant, hold.hold_id);
        let after = NaiveHold::after(self.holds.get(&key), event, hold)?;
        self.holds.insert(key, after);
        let moved = NaiveHold::moved(hold);
        let debit = self.leg(event, hold.debit)?;
        debit.debits_minor = debit.debits_minor.wrapping_add(moved.posted);
        debit.debits_pending_minor = debit.debits_pending_minor + moved.reserved - moved.freed;
        let debit_asset = debit.asset;
        let credit = self.leg(event, hold.credit)?;
        credit.credits_minor = credit.credits_minor.wrapping_add(moved.posted);
        credit.credits_pending_minor = credit.credits_pending_minor + moved.reserved - moved.freed;
        if credit.asset != debit_asset || debit_asset != hold.asset as usize {
            return Err(wrong(Invariant::Conserved, event, "a hold of another asset"));
        }
        let (_, volume) = &mut self.assets[debit_asset];
        *volume = volume.wrapping_add(moved.posted);
        self.end_leg(event, hold.debit)?;
        self.end_leg(event, hold.credit)
    }

    /// The account of a leg, whose history goes on with this event.
    fn leg(&mut self, event: &Event, leg: Leg) -> Result<&mut NaiveAccount, Violation> {
        match self.accounts.get_mut(leg.slot as usize) {
            Some(account) if account.last_sequence == leg.previous_sequence => {
                account.last_sequence = event.sequence;
                Ok(account)
            }
            _ => Err(wrong(Invariant::AppliedOnce, event, "an account's history has a gap")),
        }
    }

    fn end_leg(&self, event: &Event, leg: Leg) -> Verdict {
        let account = &self.accounts[leg.slot as usize];
        let is_right = account.net_minor() == leg.posted_net_after_minor
            && account.debits_pending_minor == leg.pending_debits_after_minor;
        if is_right { Ok(()) } else { Err(wrong(Invariant::AppliedOnce, event, "a balance after")) }
    }

    fn use_id(&mut self, key: Key, event: &Event) -> Verdict {
        match self.transfers.insert(key, event.sequence) {
            None => Ok(()),
            Some(_) => Err(wrong(Invariant::AppliedOnce, event, "an id is in the journal twice")),
        }
    }

    fn use_group_id(&mut self, key: Key, content_hash: u64, event: &Event) -> Verdict {
        match self.groups.insert(key, (content_hash, event.sequence)) {
            None => Ok(()),
            Some(_) => Err(wrong(Invariant::AppliedOnce, event, "a group id is there twice")),
        }
    }

    /// Follows the marks that make members a group.
    fn check_group(&mut self, event: &Event) -> Verdict {
        let place = event.group();
        let has_key = event.extra().is_some_and(|extra| extra.group.is_some());
        let fits = match self.open_group {
            Some((len, next)) => place.len == len && place.index == next && !has_key,
            None => place.index == 0 && has_key == (place.len > 0),
        };
        let next = place.index + 1;
        self.open_group = (next < place.len).then_some((place.len, next));
        if fits { Ok(()) } else { Err(wrong(Invariant::GroupsWhole, event, "out of place")) }
    }

    /// The journal ends here.
    pub fn finish(&self) -> Verdict {
        require(self.open_group.is_none(), Invariant::GroupsWhole, || {
            format!("the journal ends within a group, at event {}", self.last_sequence())
        })
    }

    pub fn events(&self) -> &[Event] {
        &self.events
    }

    pub fn into_events(self) -> Vec<Event> {
        self.events
    }

    pub const fn last_sequence(&self) -> Sequence {
        self.events.len() as u64
    }

    fn event(&self, sequence: Sequence) -> Option<&Event> {
        self.events.get(usize::try_from(sequence).ok()?.checked_sub(1)?)
    }

    /// What became of a transfer id.
    pub fn transfer(&self, key: Key) -> Option<&Event> {
        self.event(*self.transfers.get(&key)?)
    }

    /// Where a transfer of this content was posted.
    pub fn posted(&self, key: Key, content_hash: u64) -> Option<Sequence> {
        let event = self.transfer(key)?;
        let hash = match &event.body {
            Body::TransferPosted(posted) => posted.content_hash,
            Body::Hold(hold) => hold.content_hash,
            _ => return None,
        };
        (hash == content_hash).then_some(event.sequence)
    }

    /// Content and first event of a group.
    pub fn group(&self, key: Key) -> Option<(u64, Sequence)> {
        self.groups.get(&key).copied()
    }

    pub fn account(&self, key: Key) -> Option<&NaiveAccount> {
        self.accounts.get(*self.slots.get(&key)?)
    }

    pub fn account_at(&self, slot: Slot) -> Option<&NaiveAccount> {
        self.accounts.get(slot as usize)
    }

    pub fn accounts(&self) -> &[NaiveAccount] {
        &self.accounts
    }

    pub fn holds(&self) -> impl Iterator<Item = &NaiveHold> {
        self.holds.values()
    }

    pub fn hold(&self, key: Key) -> Option<&NaiveHold> {
        self.holds.get(&key)
    }

    pub fn has_asset(&self, code: AssetCode) -> bool {
        self.assets.iter().any(|(known, _)| *known == code)
    }

    /// Assets with what was moved of them, which is at once the sum of debits and that of credits.
    pub fn assets(&self) -> &[(AssetCode, u128)] {
        &self.assets
    }

    /// The event that undid another.
    pub fn reversal(&self, original: Sequence) -> Option<Sequence> {
        self.reversals.get(&original).copied()
    }

    /// Transfers posted, and transfers and groups refused.
    pub const fn counters(&self) -> (u64, u64) {
        (self.posted, self.refused)
    }

    pub fn ids_len(&self) -> usize {
        self.transfers.len() + self.groups.len()
    }
}
