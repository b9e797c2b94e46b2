//! Assets and accounts: registering, opening, changing.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::account::Bounds;
use crate::{
    ASSETS_MAX, AccountChange, AccountOpened, AccountUpdated, AssetCode, AssetRegistered, Body,
    Event, Fault, Floor, Ledger, NewAccount, NewAsset, Reason, Refusal, Sequence, content,
    iso_4217_scale,
};

/// What became of an account to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is open now.
    Now(Sequence),
    /// It was opened before, with the same content.
    Before(Sequence),
    /// Refused. Not journaled: what is refused now can pass later.
    Refused(Fault),
}

/// What became of an asset to register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// It is registered now.
    Now,
    /// It was there before, with this scale.
    Before,
    /// It was there before, with another scale.
    Refused(Fault),
}

impl Ledger {
    /// Registers an asset.
    pub fn register_asset(
        &mut self,
        new: NewAsset,
        now_ns: u64,
        events: &mut Vec<Event>,
    ) -> Registered {
        if let Some(index) = self.asset_index(new.code) {
            return if self.assets[index as usize].scale == new.scale {
                Registered::Before
            } else {
                Registered::Refused(Fault::new(Reason::IdReused, "scale"))
            };
        }
        if self.assets.len() >= ASSETS_MAX {
            return Registered::Refused(Fault::new(Reason::AssetLimit, "code"));
        }
        self.register(new.code, new.scale, now_ns, events);
        Registered::Now
    }

    fn register(
        &mut self,
        code: AssetCode,
        scale: u8,
        now_ns: u64,
        events: &mut Vec<Event>,
    ) -> u32 {
        let asset = u32::try_from(self.assets.len()).unwrap_or(u32::MAX);
        let body = Body::AssetRegistered(AssetRegistered { asset, code, scale });
        self.record(body, now_ns, events);
        asset
    }

    /// Opens an account.
    pub fn open_account(
        &mut self,
        new: &NewAccount,
        now_ns: u64,
        events: &mut Vec<Event>,
    ) -> Opened {
        let content_hash = content::account_hash(new);
        if let Some(slot) = self.accounts.find(self.hash, new.tenant, new.id) {
            let account = self.accounts.at(slot);
            return if account.content_hash == content_hash {
                Opened::Before(account.opened_sequence)
            } else {
                Opened::Refused(Fault::new(
                    Reason::IdReused,
                    self.differing_account_field(slot, new),
                ))
            };
        }
        let asset = if let Some(index) = self.asset_index(new.asset) {
            index
        } else if let Some(scale) = iso_4217_scale(new.asset) {
            if self.assets.len() >= ASSETS_MAX {
                return Opened::Refused(Fault::new(Reason::AssetLimit, "asset"));
            }
            self.register(new.asset, scale, now_ns, events)
        } else {
            return Opened::Refused(Fault::new(Reason::AssetNotFound, "asset"));
        };
        let body = Body::AccountOpened(Box::new(AccountOpened {
            tenant: new.tenant,
            id: new.id,
            slot: u32::try_from(self.accounts.len()).unwrap_or(u32::MAX),
            asset,
            floor: new.floor,
            ceiling: new.ceiling,
            content_hash,
            name: new.name.clone(),
            metadata: new.metadata.clone(),
        }));
        self.record(body, now_ns, events);
        Opened::Now(self.last_sequence)
    }

    fn differing_account_field(&self, slot: u32, new: &NewAccount) -> &'static str {
        let account = self.accounts.at(slot);
        let side = self.accounts.side(account);
        if side.and_then(|side| side.name.as_deref()) != new.name.as_deref() {
            return "key";
        }
        if self.assets[account.asset as usize].code != new.asset {
            return "asset";
        }
        // What counts is how it was opened, whatever it was given since.
        let Bounds { floor, ceiling } = self.accounts.first_bounds(account);
        match () {
            () if floor != new.floor => "floor",
            () if ceiling != new.ceiling => "ceiling",
            () => "metadata",
        }
    }

    /// Freezes, closes, or sets the floor. A change that changes nothing makes no event.
    ///
    /// # Errors
    /// The refusal; nothing was changed. Not journaled: what is refused now can pass later.
    pub fn update_account(
        &mut self,
        change: &AccountChange,
        now_ns: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), Refusal> {
        let refuse = |reason, missing_minor| Refusal {
            reason,
            account: change.id,
            missing_minor,
            ..Refusal::NONE
        };
        let slot = self
            .accounts
            .find(self.hash, change.tenant, change.id)
            .ok_or_else(|| refuse(Reason::AccountNotFound, 0))?;
        let account = self.accounts.at(slot);
        let floor_now = self.accounts.floor(account);
        let ceiling_now = self.accounts.ceiling(account);
        let updated = AccountUpdated {
            leg: account.leg(slot, 0),
            tenant: change.tenant,
            freeze: change.freeze.unwrap_or(account.freeze),
            closed: account.closed || change.close,
            floor: change.floor.unwrap_or(floor_now),
            ceiling: change.ceiling.unwrap_or(ceiling_now),
        };
        let after = (updated.freeze, updated.floor, updated.ceiling, updated.closed);
        if after == (account.freeze, floor_now, ceiling_now, account.closed) {
            return Ok(());
        }
        if account.closed {
            return Err(refuse(Reason::AccountClosed, 0));
        }
        let pending = account.debits_pending | account.credits_pending;
        if change.close && (account.net_minor() != 0 || pending != 0) {
            return Err(refuse(Reason::AccountNotEmpty, account.net_minor().unsigned_abs()));
        }
        let short = shortfall(account.net_minor(), account.debits_pending, updated.floor);
        if change.floor.is_some() && short > 0 {
            return Err(refuse(Reason::BalanceBelowFloor, short));
        }
        let above = excess(account.net_with_credits_minor(), updated.ceiling);
        if change.ceiling.is_some() && above > 0 {
            return Err(refuse(Reason::BalanceAboveCeiling, above));
        }
        self.record(Body::AccountUpdated(Box::new(updated)), now_ns, events);
        Ok(())
    }

    /// Notes the digest of the state, so that replay can be held against it: while every id is in memory the one that
    /// the release before can check as well, if somebody goes back to it.
    pub fn take_digest(&mut self, now_ns: u64, events: &mut Vec<Event>) {
        let body = match self.digest_with_ids() {
            Some(digest) => Body::DigestTaken { digest, with_ids: true },
            None => Body::DigestTaken { digest: self.digest(), with_ids: false },
        };
        self.record(body, now_ns, events);
    }

    pub(crate) fn record(&mut self, body: Body, now_ns: u64, events: &mut Vec<Event>) {
        let event = self.event(now_ns, body);
        self.evolve(&event);
        events.push(event);
    }
}

/// By how much a balance, less what is pending, lies below a floor.
fn shortfall(net_minor: i128, pending_minor: u128, floor: Floor) -> u128 {
    let overdraft = match floor {
        Floor::None => return 0,
        Floor::Zero => 0,
        Floor::Overdraft(minor) => minor,
    };
    let (above, below) = if net_minor < 0 {
        (overdraft, net_minor.unsigned_abs())
    } else {
        (overdraft + net_minor.unsigned_abs(), 0)
    };
    below.saturating_add(pending_minor).saturating_sub(above)
}

/// By how much a balance, with what is pending, lies above a ceiling.
fn excess(net_minor: i128, ceiling_minor: Option<u128>) -> u128 {
    match (ceiling_minor, u128::try_from(net_minor)) {
        (Some(ceiling), Ok(net)) => net.saturating_sub(ceiling),
        _ => 0,
    }
}
