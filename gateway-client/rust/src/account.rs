//! Accounts: as they are, to be opened, to be changed.

use std::collections::BTreeMap;

use florin_proto::v1;

use crate::asset::Asset;
use crate::error::Error;
use crate::id::AccountId;
use crate::key::AccountKey;
use crate::refusal::Refusal;
use crate::wire::{minor, non_empty, required, signed_minor};

/// An account as it is, all parts at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, if it was opened by name.
    pub name: Option<String>,
    /// What it holds.
    pub asset: Asset,
    /// Sum of all posted debits.
    pub debits_posted_minor: u128,
    /// Sum of all posted credits.
    pub credits_posted_minor: u128,
    /// What open holds and payments reserve of this account.
    pub debits_pending_minor: u128,
    /// What open holds and payments reserve for this account.
    pub credits_pending_minor: u128,
    /// Posted credits less posted debits.
    pub balance_minor: i128,
    /// What could be debited now; `None` if the floor is [`Floor::None`], where nothing limits it.
    pub available_minor: Option<u128>,
    /// How far the balance may fall.
    pub floor: Floor,
    /// How far the balance may rise, with what is reserved for it; `None` if there is no limit.
    pub ceiling_minor: Option<u128>,
    /// What is frozen.
    pub freeze: Freeze,
    /// Closed for good.
    pub closed: bool,
    /// What the opener attached.
    pub metadata: BTreeMap<String, String>,
    /// When it was opened, nanoseconds since 1970.
    pub opened_at_ns: u64,
    /// Sequence of the last event that changed it.
    pub last_sequence: u64,
}

impl Account {
    /// Name or id, whichever people know it by.
    #[must_use]
    pub fn key(&self) -> AccountKey {
        match &self.name {
            Some(name) => AccountKey::Name(name.clone()),
            None => AccountKey::Id(self.id),
        }
    }
}

/// How far an account's balance may fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Floor {
    /// Never below zero.
    #[default]
    Zero,
    /// Without limit: genesis, cash, clearing and the like.
    None,
    /// To minus this amount, which is agreed.
    Overdraft {
        /// The amount, 1 to 2^127 - 1.
        minor: u128,
    },
}

/// Which directions are frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Freeze {
    /// Nothing is.
    None,
    /// Money may come in, not go out.
    Debits,
    /// Money may go out, not come in.
    Credits,
    /// Neither.
    Both,
}

/// An account to open.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAccount {
    pub(crate) wire: v1::NewAccount,
}

impl NewAccount {
    /// An account that holds `asset`, by name or id, with floor zero.
    pub fn new(key: impl Into<AccountKey>, asset: impl Into<String>) -> Self {
        Self {
            wire: v1::NewAccount {
                key: Some(key.into().into()),
                asset: asset.into(),
                ..v1::NewAccount::default()
            },
        }
    }

    /// How far its balance may fall.
    #[must_use]
    pub fn floor(mut self, floor: Floor) -> Self {
        self.wire.floor = Some(floor.into());
        self
    }

    /// How far its balance may rise, 0 to 2^127 - 1. Without it there is no limit.
    #[must_use]
    pub fn ceiling_minor(mut self, limit: u128) -> Self {
        self.wire.ceiling = Some(ceiling(Some(limit)));
        self
    }

    /// Attaches a key and its value.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.wire.metadata.insert(key.into(), value.into());
        self
    }
}

/// The answer to one account to open.
pub type AccountOutcome = Result<Opened, Box<Refusal>>;

/// The account is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Its id, also where it was opened by name.
    pub id: AccountId,
    /// It was opened before with this content.
    pub replayed: bool,
    /// Sequence of its opening.
    pub sequence: u64,
}

/// Changes to an account. What is not set stays.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountUpdate {
    pub(crate) wire: v1::UpdateAccountRequest,
}

impl AccountUpdate {
    /// No change yet, to the account of this name or id.
    pub fn new(key: impl Into<AccountKey>) -> Self {
        Self {
            wire: v1::UpdateAccountRequest {
                account: Some(key.into().into()),
                ..v1::UpdateAccountRequest::default()
            },
        }
    }

    /// Freezes these directions and no others.
    #[must_use]
    pub fn freeze(mut self, freeze: Freeze) -> Self {
        self.wire.set_freeze(freeze.into());
        self
    }

    /// Sets the floor.
    #[must_use]
    pub fn floor(mut self, floor: Floor) -> Self {
        self.wire.floor = Some(floor.into());
        self
    }

    /// Sets the ceiling, or with `None` takes it away.
    #[must_use]
    pub fn ceiling_minor(mut self, limit: Option<u128>) -> Self {
        self.wire.ceiling = Some(ceiling(limit));
        self
    }

    /// Closes the account for good, which needs balance zero.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.wire.close = true;
        self
    }
}

/// A page of accounts, in the order of opening, or of names where a prefix was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPage {
    /// The accounts. There may be fewer than asked for although more follow.
    pub accounts: Vec<Account>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<PageToken>,
}

/// A place in a listing. Opaque: made by the server, good for that listing alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(pub(crate) String);

fn ceiling(limit: Option<u128>) -> v1::Ceiling {
    v1::Ceiling { limit: limit.map(Into::into) }
}

pub(crate) fn ceiling_from_wire(ceiling: Option<v1::Ceiling>) -> Option<u128> {
    Some(ceiling?.limit?.into())
}

impl From<Floor> for v1::Floor {
    fn from(floor: Floor) -> Self {
        let (kind, overdraft) = match floor {
            Floor::Zero => (v1::floor::Kind::Zero, None),
            Floor::None => (v1::floor::Kind::None, None),
            Floor::Overdraft { minor } => (v1::floor::Kind::Overdraft, Some(minor.into())),
        };
        Self { kind: kind.into(), overdraft }
    }
}

impl TryFrom<Option<v1::Floor>> for Floor {
    type Error = Error;

    fn try_from(floor: Option<v1::Floor>) -> Result<Self, Error> {
        let floor = floor.unwrap_or_default();
        match v1::floor::Kind::try_from(floor.kind) {
            Ok(v1::floor::Kind::Unspecified | v1::floor::Kind::Zero) => Ok(Self::Zero),
            Ok(v1::floor::Kind::None) => Ok(Self::None),
            Ok(v1::floor::Kind::Overdraft) => Ok(Self::Overdraft { minor: minor(floor.overdraft) }),
            Err(_) => Err(Error::malformed("a floor of an unknown kind")),
        }
    }
}

impl From<Freeze> for v1::Freeze {
    fn from(freeze: Freeze) -> Self {
        match freeze {
            Freeze::None => Self::None,
            Freeze::Debits => Self::Debits,
            Freeze::Credits => Self::Credits,
            Freeze::Both => Self::Both,
        }
    }
}

impl Freeze {
    pub(crate) fn from_wire(freeze: i32) -> Result<Self, Error> {
        match v1::Freeze::try_from(freeze) {
            Ok(v1::Freeze::Unspecified | v1::Freeze::None) => Ok(Self::None),
            Ok(v1::Freeze::Debits) => Ok(Self::Debits),
            Ok(v1::Freeze::Credits) => Ok(Self::Credits),
            Ok(v1::Freeze::Both) => Ok(Self::Both),
            Err(_) => Err(Error::malformed("a freeze of an unknown kind")),
        }
    }
}

impl TryFrom<v1::Account> for Account {
    type Error = Error;

    fn try_from(account: v1::Account) -> Result<Self, Error> {
        Ok(Self {
            id: required(account.id, "an account without an id")?.into(),
            name: non_empty(account.name),
            asset: Asset::from_wire(account.asset)?,
            debits_posted_minor: minor(account.debits_posted),
            credits_posted_minor: minor(account.credits_posted),
            debits_pending_minor: minor(account.debits_pending),
            credits_pending_minor: minor(account.credits_pending),
            balance_minor: signed_minor(account.balance),
            available_minor: account.available.map(u128::from),
            floor: account.floor.try_into()?,
            ceiling_minor: ceiling_from_wire(account.ceiling),
            freeze: Freeze::from_wire(account.freeze)?,
            closed: account.closed,
            metadata: account.metadata,
            opened_at_ns: account.opened_at_ns,
            last_sequence: account.last_sequence,
        })
    }
}

pub(crate) fn outcome(result: v1::CreateAccountResult) -> Result<AccountOutcome, Error> {
    if let Some(refusal) = result.refusal {
        return Ok(Err(Box::new(refusal.into())));
    }
    Ok(Ok(Opened {
        id: required(result.id, "an opened account without an id")?.into(),
        replayed: result.replayed,
        sequence: result.sequence,
    }))
}
