//! How the engine is.

use std::time::Duration;

use florin_proto::v1::{self, Uint128};

use crate::asset::Asset;
use crate::wire::non_empty;

/// How the engine is: what it holds, how far it is durable, whether it takes payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Version of the server.
    pub version: String,
    /// Lineage of this ledger's history: 32 hex digits.
    pub lineage: String,
    /// How long this process has been serving.
    pub uptime: Duration,
    /// Whether writes are taken now.
    pub accepting: bool,
    /// Why they are not.
    pub not_accepting_reason: Option<String>,
    /// One entry a partition.
    pub partitions: Vec<PartitionStatus>,
    /// It is a fork: a copy of another ledger to try things on, never to be taken for the original.
    pub fork: bool,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionStatus {
    /// Its number, from 0.
    pub partition: u32,
    /// Raised at every opening of the journal.
    pub epoch: u64,
    /// Sequence of the last event that was decided.
    pub sequence: u64,
    /// Sequence of the last event that is on disk.
    pub durable_sequence: u64,
    /// Accounts opened.
    pub accounts: u64,
    /// Transfer and group ids remembered.
    pub ids: u64,
    /// Transfers posted, over the whole history.
    pub transfers_posted: u64,
    /// Transfers and groups refused and journaled, over the whole history.
    pub transfers_refused: u64,
    /// Debits equal credits in every asset.
    pub conserved: bool,
    /// One entry an asset.
    pub assets: Vec<AssetTotals>,
    /// Number of the journal segment that is written now.
    pub segment: u64,
    /// Bytes of journal in all segments.
    pub journal_bytes: u64,
    /// Bytes free on the file system of the data directory.
    pub free_bytes: u64,
    /// Group commits written since the process began.
    pub frames: u64,
    /// Median time of one write and sync since the process began.
    pub sync_p50_us: u64,
    /// 99th percentile of the same.
    pub sync_p99_us: u64,
    /// Requests admitted and not yet answered.
    pub in_flight: u64,
    /// Bytes of memory that accounts take, their table included.
    pub account_bytes: u64,
    /// Holds and payments that reserve something.
    pub open_holds: u64,
    /// Of these, those that will fall due.
    pub timers: u64,
    /// The clock has jumped forward past the time of some of them: nothing falls due until
    /// [`Client::accept_clock`](crate::Client::accept_clock).
    pub due_paused: bool,
    /// Subscribers of the feed.
    pub subscribers: u64,
    /// The newest snapshot.
    pub snapshot: Option<NewestSnapshot>,
    /// Events that a start would replay now.
    pub events_to_replay: u64,
    /// Every segment up to the one with this event has its index.
    pub index_through: u64,
    /// Every id of the events up to this one is in a sorted file.
    pub ids_through: u64,
    /// Ids that are in memory.
    pub ids_in_memory: u64,
}

/// The newest snapshot of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestSnapshot {
    /// Its number.
    pub id: u64,
    /// The event from which on a start that uses it replays.
    pub sequence: u64,
    /// When it was taken, ns since 1970.
    pub taken_at_ns: u64,
}

/// Totals of one asset over all accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetTotals {
    /// The asset.
    pub asset: Asset,
    /// Sum of posted debits.
    pub debits_minor: u128,
    /// Sum of posted credits.
    pub credits_minor: u128,
}

impl From<v1::GetStatusResponse> for Status {
    fn from(status: v1::GetStatusResponse) -> Self {
        Self {
            version: status.version,
            lineage: status.lineage,
            uptime: Duration::from_secs(status.uptime_s),
            accepting: status.accepting,
            not_accepting_reason: non_empty(status.not_accepting_reason),
            partitions: status.partitions.into_iter().map(Into::into).collect(),
            fork: status.fork,
        }
    }
}

impl From<v1::PartitionStatus> for PartitionStatus {
    fn from(status: v1::PartitionStatus) -> Self {
        Self {
            partition: status.partition,
            epoch: status.epoch,
            sequence: status.sequence,
            durable_sequence: status.durable_sequence,
            accounts: status.accounts,
            ids: status.ids,
            transfers_posted: status.transfers_posted,
            transfers_refused: status.transfers_refused,
            conserved: status.conserved,
            assets: status.assets.into_iter().map(Into::into).collect(),
            segment: status.segment,
            journal_bytes: status.journal_bytes,
            free_bytes: status.free_bytes,
            frames: status.frames,
            sync_p50_us: status.sync_p50_us,
            sync_p99_us: status.sync_p99_us,
            in_flight: status.in_flight,
            account_bytes: status.account_bytes,
            open_holds: status.open_holds,
            timers: status.timers,
            due_paused: status.due_paused,
            subscribers: status.subscribers,
            snapshot: status.snapshot_id.map(|id| NewestSnapshot {
                id,
                sequence: status.snapshot_sequence,
                taken_at_ns: status.snapshot_taken_at_ns,
            }),
            events_to_replay: status.events_to_replay,
            index_through: status.index_through,
            ids_through: status.ids_through,
            ids_in_memory: status.ids_in_memory,
        }
    }
}

impl From<v1::AssetTotals> for AssetTotals {
    fn from(totals: v1::AssetTotals) -> Self {
        let whole = |lo, hi| u128::from(Uint128 { lo, hi });
        Self {
            asset: Asset::new(totals.code, totals.scale),
            debits_minor: whole(totals.debits_lo, totals.debits_hi),
            credits_minor: whole(totals.credits_lo, totals.credits_hi),
        }
    }
}
