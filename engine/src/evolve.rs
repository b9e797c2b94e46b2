//! Applying events. Live running and replay come through here; nothing is refused any more.

use crate::account::Side;
use crate::effect::Moved;
use crate::ids::IdEntry;
use crate::image::Reversal;
use crate::{Asset, Body, Event, HoldEvent, Ledger, TransferPosted};

impl Ledger {
    /// Applies an event that this ledger decided, or that [`replay`](Self::replay) has checked.
    #[inline]
    pub(crate) fn evolve(&mut self, event: &Event) {
        self.last_sequence = event.sequence;
        self.last_timestamp_ns = event.timestamp_ns;
        match &event.body {
            Body::TransferPosted(posted) => self.post(event, posted),
            Body::Hold(hold) => self.take_step(event, hold),
            Body::TransferRefused(refused) => {
                self.counters.transfers_refused += 1;
                let entry = IdEntry {
                    id: refused.id,
                    sequence: event.sequence,
                    content_hash: refused.content_hash,
                    tenant: refused.tenant,
                    posted: false,
                };
                self.transfer_ids.insert(self.hash, entry);
            }
            Body::GroupRefused(refused) => {
                self.counters.transfers_refused += 1;
                let entry = IdEntry {
                    id: refused.key.id,
                    sequence: event.sequence,
                    content_hash: refused.key.content_hash,
                    tenant: refused.tenant,
                    posted: false,
                };
                self.group_ids.insert(self.hash, entry);
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
    }

    #[inline]
    fn post(&mut self, event: &Event, posted: &TransferPosted) {
        let amount = posted.amount_minor;
        self.accounts.at_mut(posted.debit.slot).post(Side::Debit, amount, event.sequence);
        self.accounts.at_mut(posted.credit.slot).post(Side::Credit, amount, event.sequence);
        let asset = &mut self.assets[posted.asset as usize];
        asset.debits_posted_minor = asset.debits_posted_minor.wrapping_add(amount);
        asset.credits_posted_minor = asset.credits_posted_minor.wrapping_add(amount);
        self.counters.transfers_posted += 1;
        let entry = IdEntry {
            id: posted.id,
            sequence: event.sequence,
            content_hash: posted.content_hash,
            tenant: posted.tenant,
            posted: true,
        };
        self.transfer_ids.insert(self.hash, entry);
        if posted.original_sequence != 0 {
            let (original, reversal) = (posted.original_sequence, event.sequence);
            self.reversals.insert(Reversal { original, reversal });
        }
        if let Some(group) = posted.extra.as_ref().and_then(|extra| extra.group) {
            let entry = IdEntry { id: group.id, content_hash: group.content_hash, ..entry };
            self.group_ids.insert(self.hash, entry);
        }
    }

    /// A step of a hold or payment.
    fn take_step(&mut self, event: &Event, hold: &HoldEvent) {
        let moved = Moved::of_event(hold);
        for (side, leg) in [(Side::Debit, hold.debit), (Side::Credit, hold.credit)] {
            self.accounts.at_mut(leg.slot).apply(moved.on(side), event.sequence);
        }
        let asset = &mut self.assets[hold.asset as usize];
        asset.pending_minor = asset.pending_minor.wrapping_add(moved.reserved_minor);
        asset.pending_minor = asset.pending_minor.wrapping_sub(moved.freed_minor);
        let posted = moved.posted_minor;
        asset.debits_posted_minor = asset.debits_posted_minor.wrapping_add(posted);
        asset.credits_posted_minor = asset.credits_posted_minor.wrapping_add(posted);
        self.holds.apply(self.hash, hold, event.sequence);
        // What fell due was asked for by nobody: it has no id.
        if hold.id == 0 {
            return;
        }
        self.counters.transfers_posted += 1;
        let entry = IdEntry {
            id: hold.id,
            sequence: event.sequence,
            content_hash: hold.content_hash,
            tenant: hold.tenant,
            posted: true,
        };
        self.transfer_ids.insert(self.hash, entry);
        if let Some(group) = hold.extra.as_ref().and_then(|extra| extra.group) {
            let entry = IdEntry { id: group.id, content_hash: group.content_hash, ..entry };
            self.group_ids.insert(self.hash, entry);
        }
    }
}
