//! Rebuilding the state from the journal, and checking while at it that the journal tells one story.

use alloc::string::String;

use crate::account::Side;
use crate::{Body, Event, Ledger, Leg, NO_SLOT, Tenant};

impl Ledger {
    /// Applies an event from the journal.
    ///
    /// # Errors
    /// What does not fit: a position or time out of order, an account or asset that does not exist or
    /// exists twice, an id used twice, a balance after that is not what replay arrives at, a digest
    /// that differs. Then nothing was applied and the journal cannot be trusted.
    pub fn replay(&mut self, event: &Event) -> Result<(), String> {
        self.check(event)?;
        if let Body::DigestTaken { digest } = &event.body {
            let same = *digest == self.digest();
            require(same, "the state differs from the one that was running")?;
        }
        self.evolve(event);
        Ok(())
    }

    /// As [`replay`](Self::replay), without computing the digest of the whole state wherever the journal
    /// has one: each event costs the same.
    ///
    /// # Errors
    /// As [`replay`](Self::replay).
    pub fn replay_without_digests(&mut self, event: &Event) -> Result<(), String> {
        self.check(event)?;
        self.evolve(event);
        Ok(())
    }

    fn check(&self, event: &Event) -> Result<(), &'static str> {
        require(event.sequence == self.last_sequence + 1, "a sequence is missing or repeated")?;
        require(event.timestamp_ns > self.last_timestamp_ns, "time does not go forward")?;
        match &event.body {
            Body::AssetRegistered(registered) => {
                require(
                    registered.asset as usize == self.assets.len(),
                    "an asset is out of order",
                )?;
                require(self.asset_index(registered.code).is_none(), "an asset is registered twice")
            }
            Body::AccountOpened(opened) => {
                require(opened.slot as usize == self.accounts.len(), "an account is out of order")?;
                require(
                    (opened.asset as usize) < self.assets.len(),
                    "an account of an unknown asset",
                )?;
                let twice = self.accounts.find(self.hash, opened.tenant, opened.id);
                require(twice.is_none(), "an account is opened twice")
            }
            Body::AccountUpdated(updated) => {
                self.check_leg(updated.tenant, updated.leg, Side::Credit, 0)
            }
            Body::TransferPosted(posted) => {
                let (debit, credit) = (posted.debit, posted.credit);
                require(debit.slot != credit.slot, "a transfer from an account to itself")?;
                self.check_leg(posted.tenant, debit, Side::Debit, posted.amount_minor)?;
                self.check_leg(posted.tenant, credit, Side::Credit, posted.amount_minor)?;
                let asset = |leg: Leg| self.accounts.at(leg.slot).asset;
                let one_asset = asset(debit) == posted.asset && asset(credit) == posted.asset;
                require(one_asset, "a transfer between assets")?;
                let group = posted.extra.as_ref().and_then(|extra| extra.group);
                let new_group = group.is_none_or(|group| {
                    self.group_ids.get(self.hash, posted.tenant, group.id).is_none()
                });
                require(new_group, "a group id is used twice")?;
                let original = posted.original_sequence;
                require(original < event.sequence, "a reversal comes before its original")?;
                let once = original == 0 || !self.reversed.contains_key(&original);
                require(once, "a transfer is reversed twice")?;
                self.check_new_id(posted.tenant, posted.id)
            }
            Body::TransferRefused(refused) => self.check_new_id(refused.tenant, refused.id),
            Body::GroupRefused(refused) => {
                let known = self.group_ids.get(self.hash, refused.tenant, refused.key.id);
                require(known.is_none(), "a group id is used twice")
            }
            Body::DigestTaken { .. } => Ok(()),
        }
    }

    fn check_new_id(&self, tenant: u32, id: u128) -> Result<(), &'static str> {
        require(self.transfer_ids.get(self.hash, tenant, id).is_none(), "an id is used twice")
    }

    fn check_leg(
        &self,
        tenant: Tenant,
        leg: Leg,
        side: Side,
        amount_minor: u128,
    ) -> Result<(), &'static str> {
        let account = (leg.slot != NO_SLOT).then(|| self.accounts.get(leg.slot)).flatten();
        let account = account.ok_or("an account that was never opened")?;
        require(account.tenant == tenant, "an account of another tenant")?;
        require(account.last_sequence == leg.previous_sequence, "an account's history has a gap")?;
        let (net, totals) = match side {
            Side::Debit => {
                let net = account.net_minor().checked_sub_unsigned(amount_minor);
                (net, account.debits_posted.checked_add(amount_minor))
            }
            Side::Credit => {
                let net = account.net_minor().checked_add_unsigned(amount_minor);
                (net, account.credits_posted.checked_add(amount_minor))
            }
        };
        require(totals.is_some(), "a total leaves 128 bits")?;
        require(
            net == Some(leg.posted_net_after_minor),
            "a balance after is not what replay gives",
        )?;
        let pending = account.debits_pending == leg.pending_debits_after_minor;
        require(pending, "a pending amount after is not what replay gives")
    }
}

fn require(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(otherwise) }
}
