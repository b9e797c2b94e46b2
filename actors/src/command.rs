//! What can be asked of a partition, and what it answers.

use std::borrow::Cow;
use std::sync::Arc;

use florin_engine::{
    AccountChange, AccountState, Asset, BatchOutcome, Counters, Event, Hold, NewAccount, NewAsset,
    Opened, Refusal, Registered, Sequence, Slot, Tenant, TransferBatch,
};

/// What can be asked. Everything in it has passed the stateless checks.
#[derive(Debug, Clone)]
pub enum Command {
    /// Move money.
    Transfers(TransferBatch),
    /// Open accounts, each on its own.
    OpenAccounts(Vec<NewAccount>),
    /// Register assets, each on its own.
    RegisterAssets(Vec<NewAsset>),
    /// Freeze, close, or set the floor of an account.
    UpdateAccount(AccountChange),
    /// Read accounts.
    GetAccounts {
        /// Whose.
        tenant: Tenant,
        /// Which.
        ids: Vec<u128>,
    },
    /// Read a page of accounts.
    ListAccounts {
        /// Whose.
        tenant: Tenant,
        /// Where the page begins.
        from: Slot,
        /// Most accounts on it.
        limit: usize,
    },
    /// Read the assets.
    ListAssets,
    /// Read transfers.
    GetTransfers {
        /// Whose.
        tenant: Tenant,
        /// Which.
        ids: Vec<u128>,
    },
    /// Read holds as they are.
    GetHolds {
        /// Whose.
        tenant: Tenant,
        /// Which.
        ids: Vec<u128>,
    },
    /// Read payments as they are, with the events that created them.
    GetPayments {
        /// Whose.
        tenant: Tenant,
        /// Which.
        ids: Vec<u128>,
    },
    /// Say that the clock is right although it has jumped.
    AcceptClock,
    /// Read the figures.
    GetFigures,
    /// Journal the digest of the state: the last command before a stop.
    TakeDigest,
}

/// The answer to a command. Everything it rests on is on disk.
#[derive(Debug)]
pub enum Answer {
    /// To [`Command::Transfers`].
    Transfers(TransfersAnswer),
    /// To [`Command::OpenAccounts`], in order.
    Opened(Vec<Opened>),
    /// To [`Command::RegisterAssets`], in order.
    Registered(Vec<Registered>),
    /// To [`Command::UpdateAccount`].
    Updated(Result<Box<AccountState>, Refusal>),
    /// To [`Command::GetAccounts`], in order.
    Accounts(Vec<Option<AccountState>>),
    /// To [`Command::ListAccounts`], with where to go on.
    Page(Vec<AccountState>, Option<Slot>),
    /// To [`Command::ListAssets`].
    Assets(Vec<Asset>),
    /// To [`Command::GetTransfers`], in order.
    Found(Vec<Option<FoundTransfer>>),
    /// To [`Command::GetHolds`], in order.
    Holds(Vec<Option<FoundHold>>),
    /// To [`Command::GetPayments`], in order.
    Payments(Vec<Option<FoundPayment>>),
    /// To [`Command::AcceptClock`]: whether anything was held back.
    ClockAccepted(bool),
    /// To [`Command::GetFigures`].
    Figures(Figures),
    /// To [`Command::TakeDigest`].
    Digest,
    /// There is no answer; the reason tells whether anything happened.
    Unavailable(Unavailable),
}

/// Why a command was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    /// The engine is draining.
    ShuttingDown,
    /// Another server has taken over from this one, for good.
    Fenced,
    /// There is no room for its events.
    DiskFull,
    /// More is queued than is admitted.
    Overloaded,
    /// Its events do not fit one frame.
    TooLarge {
        /// What they could take.
        bytes: u64,
        /// What fits.
        limit_bytes: u64,
    },
    /// The record of a known id could not be read back from the journal. Other members of the batch may
    /// have been decided.
    Unreadable(String),
}

/// What became of a batch of transfers.
#[derive(Debug)]
pub struct TransfersAnswer {
    /// Its events, in order of the members that made one.
    pub events: Arc<Vec<Event>>,
    /// What became of it.
    pub outcome: BatchOutcome,
    /// What stands in the journal about the ids that were known.
    pub explained: Explained,
    /// For a batch of one that makes a step of a hold or payment: its asset.
    pub asset: Option<Asset>,
}

/// What stands in the journal about known ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explained {
    /// No id was known.
    Nothing,
    /// One entry for each of [`BatchOutcome::known`].
    Members(Vec<First>),
    /// The group was posted or refused before: its members' events, or its refusal.
    Group(Vec<Event>),
    /// The group id was used for other content; the field that differs.
    GroupReused(Cow<'static, str>),
}

/// The first answer to an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// It counts.
    Answer(Box<Event>),
    /// It was an answer to something else; the field that differs.
    Reused(&'static str),
}

/// A transfer as it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTransfer {
    /// Its event.
    pub event: Event,
    /// Who paid; 0 if unknown.
    pub debit_account: u128,
    /// Who received; 0 if unknown.
    pub credit_account: u128,
    /// The group it was posted in.
    pub group: Option<u128>,
    /// The event that undid it.
    pub reversed_by: Option<Sequence>,
}

/// A hold as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundHold {
    /// The hold.
    pub hold: Hold,
    /// Whose money is reserved.
    pub debit_account: u128,
    /// For whom.
    pub credit_account: u128,
}

/// A payment as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPayment {
    /// What is reserved, captured, refunded.
    pub hold: FoundHold,
    /// What it holds.
    pub asset: Asset,
    /// The event that created it.
    pub created: Event,
}

/// Figures of a partition's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The last event that was decided.
    pub sequence: Sequence,
    /// Accounts.
    pub accounts: usize,
    /// Ids in use.
    pub ids: usize,
    /// Those of them that are in memory.
    pub ids_kept: usize,
    /// Transfers posted and refused.
    pub counters: Counters,
    /// Debits equal credits in every asset.
    pub conserved: bool,
    /// Every asset and its sums.
    pub assets: Vec<Asset>,
    /// Bytes that accounts take.
    pub account_bytes: usize,
    /// Holds and payments that reserve something.
    pub open_holds: usize,
    /// Of these, those that fall due.
    pub timers: usize,
    /// What falls due is held back: the clock has jumped.
    pub due_paused: bool,
}

impl Command {
    /// Whether it can make events.
    pub const fn writes(&self) -> bool {
        match self {
            Self::Transfers(_)
            | Self::OpenAccounts(_)
            | Self::RegisterAssets(_)
            | Self::UpdateAccount(_)
            | Self::TakeDigest => true,
            Self::GetAccounts { .. }
            | Self::ListAccounts { .. }
            | Self::ListAssets
            | Self::GetTransfers { .. }
            | Self::GetHolds { .. }
            | Self::GetPayments { .. }
            | Self::AcceptClock
            | Self::GetFigures => false,
        }
    }
}
