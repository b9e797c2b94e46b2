//! Rebuilding the state from the journal, and checking while at it that the journal tells one story.

use alloc::string::String;

use crate::account::{Effect, Side};
use crate::effect::Moved;
use crate::{
    AMOUNT_MAX_MINOR, Account, Body, Event, Hold, HoldEvent, HoldStep, Ledger, Leg, NO_SLOT,
    Sequence, Tenant,
};

impl Ledger {
    /// Applies an event from the journal.
    ///
    /// # Errors
    /// What does not fit: a position or time out of order, an account or asset that does not exist or
    /// exists twice, an id used twice, a balance after that is not what replay arrives at, a digest
    /// that differs. Then nothing was applied and the journal cannot be trusted.
    pub fn replay(&mut self, event: &Event) -> Result<(), String> {
        if self.catch_up_ids(event)? {
            return Ok(());
        }
        self.check(event)?;
        if let Body::DigestTaken { digest, with_ids } = event.body {
            let same = match with_ids {
                _ if !self.is_of_one_moment() => true,
                false => digest == self.digest(),
                true => self.is_digest_with_ids(digest) != Some(false),
            };
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
        if !self.catch_up_ids(event)? {
            self.check(event)?;
            self.evolve(event);
        }
        Ok(())
    }

    /// Asks for the cache lines of the accounts of an event that is replayed soon. Changes nothing.
    #[inline]
    pub fn prefetch_replay(&self, event: &Event) {
        let legs = match &event.body {
            Body::TransferPosted(posted) => {
                if event.sequence > self.ids_forgotten_through {
                    self.transfer_ids.prefetch(self.hash, posted.tenant, posted.id);
                }
                [posted.debit, posted.credit]
            }
            Body::Hold(hold) => [hold.debit, hold.credit],
            _ => return,
        };
        for leg in legs {
            self.accounts.prefetch_slot(leg.slot);
        }
    }

    /// What was put together again knows an event that it has seen; only its ids may not be known yet. Whether that
    /// is so.
    fn catch_up_ids(&mut self, event: &Event) -> Result<bool, &'static str> {
        let Some(through) = self.ids_behind else { return Ok(false) };
        require(event.sequence == through + 1, "a sequence is missing or repeated")?;
        self.check_new_ids(event)?;
        self.keep_ids(event);
        self.ids_behind = Some(event.sequence).filter(|through| *through < self.last_sequence);
        Ok(true)
    }

    /// As far as they are kept in memory.
    fn check_new_ids(&self, event: &Event) -> Result<(), &'static str> {
        let (tenant, id) = match &event.body {
            Body::TransferPosted(posted) => (posted.tenant, posted.id),
            Body::Hold(hold) => (hold.tenant, hold.id),
            Body::TransferRefused(refused) => (refused.tenant, refused.id),
            Body::GroupRefused(refused) => {
                return self.check_new_group(refused.tenant, Some(refused.key));
            }
            _ => return Ok(()),
        };
        if id != 0 {
            self.check_new_id(tenant, id)?;
        }
        self.check_new_group(tenant, event.extra().and_then(|extra| extra.group))
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
                let nothing = Effect::posted(Side::Credit, 0);
                self.check_leg(event, updated.tenant, updated.leg, nothing).map(|_| ())
            }
            Body::TransferPosted(posted) => {
                let (debit, credit) = (posted.debit, posted.credit);
                require(debit.slot != credit.slot, "a transfer from an account to itself")?;
                let amount = posted.amount_minor;
                let (debit_effect, credit_effect) =
                    (Effect::posted(Side::Debit, amount), Effect::posted(Side::Credit, amount));
                let debited = self.check_leg(event, posted.tenant, debit, debit_effect)?;
                let credited = self.check_leg(event, posted.tenant, credit, credit_effect)?;
                let one_asset = debited.asset == posted.asset && credited.asset == posted.asset;
                require(one_asset, "a transfer between assets")?;
                let group = posted.extra.as_ref().and_then(|extra| extra.group);
                self.check_new_group(posted.tenant, group)?;
                let original = posted.original_sequence;
                require(original < event.sequence, "a reversal comes before its original")?;
                let once = original == 0 || self.reversals.get(original).is_none();
                require(once, "a transfer is reversed twice")?;
                self.check_new_id(posted.tenant, posted.id)
            }
            Body::Hold(hold) => self.check_step(event, hold),
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

    fn check_new_group(
        &self,
        tenant: Tenant,
        group: Option<crate::GroupKey>,
    ) -> Result<(), &'static str> {
        let is_new =
            |group: crate::GroupKey| self.group_ids.get(self.hash, tenant, group.id).is_none();
        require(group.is_none_or(is_new), "a group id is used twice")
    }

    fn check_step(&self, of: &Event, event: &HoldEvent) -> Result<(), &'static str> {
        let before = self.holds.get(self.hash, event.tenant, event.hold_id);
        if before.is_some_and(|hold| self.has_seen(hold.last_sequence, of)) {
            return self.check_legs(of, event);
        }
        let is_first = matches!(event.step, HoldStep::Place | HoldStep::Pay);
        let falls_due = matches!(event.step, HoldStep::DueRelease | HoldStep::DueCapture);
        require(before.is_none() == is_first, "a hold is placed twice, or was never placed")?;
        require((event.id == 0) == falls_due, "a step of a hold has an id, or has none")?;
        if event.id != 0 {
            self.check_new_id(event.tenant, event.id)?;
        }
        let group = event.extra.as_ref().and_then(|extra| extra.group);
        self.check_new_group(event.tenant, group)?;
        if is_first {
            let own = event.hold_id == event.id && event.hold_sequence == 0;
            require(own, "a hold is placed under another id")?;
        }
        if let Some(hold) = before {
            let sides = [hold.debit, hold.credit];
            let [debit, credit] =
                if event.step == HoldStep::Refund { [sides[1], sides[0]] } else { sides };
            let same = (event.debit.slot, event.credit.slot, event.of_payment)
                == (debit, credit, hold.of_payment);
            require(same, "a step of a hold with other accounts")?;
            let placed = event.hold_sequence == hold.placed_sequence;
            require(placed, "a step of a hold that was placed elsewhere")?;
        }
        let of_payments_only = matches!(event.step, HoldStep::Pay | HoldStep::Refund);
        require(event.of_payment || !of_payments_only, "a step of a payment without one")?;
        let refundable = before.map_or(0, Hold::refundable_minor);
        let fits = event.step != HoldStep::Refund || event.amount_minor <= refundable;
        require(fits, "more is refunded than was captured")?;
        let moved = Moved::of_event(event);
        let remaining = before.map_or(0, Hold::remaining_minor);
        let remaining = remaining
            .checked_add(moved.reserved_minor)
            .and_then(|remaining| remaining.checked_sub(moved.freed_minor));
        let after = remaining == Some(event.remaining_minor);
        require(after, "what a hold reserves after is not what replay gives")?;
        require(!falls_due || event.remaining_minor == 0, "what was due is reserved still")?;
        let amount = before.map_or(0, |hold| hold.amount_minor);
        let grown = amount.saturating_add(moved.reserved_minor);
        require(grown <= AMOUNT_MAX_MINOR, "a hold of more than there can be")?;
        self.check_legs(of, event)
    }

    fn check_legs(&self, of: &Event, event: &HoldEvent) -> Result<(), &'static str> {
        let moved = Moved::of_event(event);
        require(event.debit.slot != event.credit.slot, "a hold from an account to itself")?;
        let debit = self.check_leg(of, event.tenant, event.debit, moved.on(Side::Debit))?;
        let credit = self.check_leg(of, event.tenant, event.credit, moved.on(Side::Credit))?;
        let one_asset = debit.asset == event.asset && credit.asset == event.asset;
        require(one_asset, "a hold between assets")
    }

    /// The account as it was, if what the leg says of it after is what replay arrives at.
    fn check_leg(
        &self,
        event: &Event,
        tenant: Tenant,
        leg: Leg,
        effect: Effect,
    ) -> Result<&Account, &'static str> {
        let account = (leg.slot != NO_SLOT).then(|| self.accounts.get(leg.slot)).flatten();
        let account = account.ok_or("an account that was never opened")?;
        require(account.tenant == tenant, "an account of another tenant")?;
        if self.has_seen(account.last_sequence, event) {
            return Ok(account);
        }
        require(account.last_sequence == leg.previous_sequence, "an account's history has a gap")?;
        let after = account.checked_apply(effect, account.last_sequence);
        let after = after.ok_or("a total leaves 128 bits")?.leg(leg.slot, 0);
        let net = after.posted_net_after_minor == leg.posted_net_after_minor;
        require(net, "a balance after is not what replay gives")?;
        let pending = after.pending_debits_after_minor == leg.pending_debits_after_minor;
        require(pending, "a pending amount after is not what replay gives")?;
        Ok(account)
    }
}

impl Ledger {
    /// Whether a piece was put back with this event in it.
    const fn has_seen(&self, last_sequence: Sequence, event: &Event) -> bool {
        event.sequence <= self.seen_through && last_sequence >= event.sequence
    }
}

fn require(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(otherwise) }
}
