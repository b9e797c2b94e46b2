//! Applying events. Live running and replay come through here; nothing is refused any more.

use crate::account::Side;
use crate::effect::Moved;
use crate::hash::of_id;
use crate::ids::IdEntry;
use crate::image::Reversal;
use crate::{Asset, Body, Event, GroupKey, GroupRefused, HoldEvent, Ledger, TransferPosted};

impl Ledger {
    /// Applies an event that this ledger decided, or that [`replay`](Self::replay) has checked. An account or hold that
    /// has seen the event stays as it is: that is so only where the ledger was put together from
    /// [pieces](crate::Restoring) and replay has not come past them.
    #[inline]
    pub(crate) fn evolve(&mut self, event: &Event) {
        self.last_sequence = event.sequence;
        self.last_timestamp_ns = event.timestamp_ns;
        match &event.body {
            Body::TransferPosted(posted) => self.post(event, posted),
            Body::Hold(hold) => self.take_step(event, hold),
            Body::TransferRefused(_) | Body::GroupRefused(_) => {
                self.counters.transfers_refused += 1;
            }
            Body::AssetRegistered(registered) => {
                self.asset_indexes.insert(registered.code, registered.asset);
                self.assets.push(Asset {
                    code: registered.code,
                    scale: registered.scale,
                    debits_posted_minor: 0,
                    credits_posted_minor: 0,
                    pending_minor: 0,
                });
            }
            Body::AccountOpened(opened) => self.accounts.open(self.hash, event, opened),
            Body::AccountUpdated(updated) => self.accounts.update(event, updated),
            Body::DigestTaken { .. } => {}
        }
        let (ids, sum) = self.keep_ids(event);
        self.counters.ids_used += ids;
        self.ids_sum = self.ids_sum.wrapping_add(sum);
    }

    /// Keeps the ids that an event has used up, unless they are kept elsewhere, and says how many they are, and the sum of
    /// their hashes.
    #[inline]
    pub(crate) fn keep_ids(&mut self, event: &Event) -> (u64, u64) {
        let sequence = event.sequence;
        let is_kept_here = sequence > self.ids_forgotten_through;
        let (id, content_hash, tenant, posted) = match &event.body {
            Body::TransferPosted(posted) => (posted.id, posted.content_hash, posted.tenant, true),
            // What fell due was asked for by nobody: it has no id.
            Body::Hold(hold) if hold.id != 0 => (hold.id, hold.content_hash, hold.tenant, true),
            Body::TransferRefused(refused) => {
                (refused.id, refused.content_hash, refused.tenant, false)
            }
            Body::GroupRefused(refused) => {
                let GroupRefused { key, tenant, .. } = **refused;
                let GroupKey { id, content_hash } = key;
                let entry = IdEntry { id, sequence, content_hash, tenant, posted: false };
                if is_kept_here {
                    self.group_ids.insert(self.hash, entry);
                }
                return (1, of_id(&entry, true));
            }
            _ => return (0, 0),
        };
        let entry = IdEntry { id, sequence, content_hash, tenant, posted };
        if is_kept_here {
            self.transfer_ids.insert(self.hash, entry);
        }
        let sum = of_id(&entry, false);
        let Some(key) = event.extra().and_then(|extra| extra.group) else { return (1, sum) };
        let group = IdEntry { id: key.id, content_hash: key.content_hash, ..entry };
        if is_kept_here {
            self.group_ids.insert(self.hash, group);
        }
        (2, sum.wrapping_add(of_id(&group, true)))
    }

    #[inline]
    fn post(&mut self, event: &Event, posted: &TransferPosted) {
        let amount = posted.amount_minor;
        for (side, leg) in [(Side::Debit, posted.debit), (Side::Credit, posted.credit)] {
            let account = self.accounts.at_mut(leg.slot);
            if account.last_sequence < event.sequence {
                account.post(side, amount, event.sequence);
            }
        }
        let asset = &mut self.assets[posted.asset as usize];
        asset.debits_posted_minor = asset.debits_posted_minor.wrapping_add(amount);
        asset.credits_posted_minor = asset.credits_posted_minor.wrapping_add(amount);
        self.counters.transfers_posted += 1;
        if posted.original_sequence != 0 {
            let (original, reversal) = (posted.original_sequence, event.sequence);
            self.reversals.insert(Reversal { original, reversal });
        }
    }

    /// A step of a hold or payment.
    fn take_step(&mut self, event: &Event, hold: &HoldEvent) {
        let moved = Moved::of_event(hold);
        for (side, leg) in [(Side::Debit, hold.debit), (Side::Credit, hold.credit)] {
            let account = self.accounts.at_mut(leg.slot);
            if account.last_sequence < event.sequence {
                account.apply(moved.on(side), event.sequence);
            }
        }
        let asset = &mut self.assets[hold.asset as usize];
        asset.pending_minor = asset.pending_minor.wrapping_add(moved.reserved_minor);
        asset.pending_minor = asset.pending_minor.wrapping_sub(moved.freed_minor);
        let posted = moved.posted_minor;
        asset.debits_posted_minor = asset.debits_posted_minor.wrapping_add(posted);
        asset.credits_posted_minor = asset.credits_posted_minor.wrapping_add(posted);
        self.holds.apply(self.hash, hold, event.sequence);
        self.counters.transfers_posted += u64::from(hold.id != 0);
    }
}
