//! What `bench --json` prints. The keys are documented in `loadtest/REPORT.md`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bench::measure::Sample;
use crate::figures::{Spreads, summarise, summarise_known};
use crate::latency::Latencies;
use crate::machine::Machine;

/// The whole report.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BenchReport {
    /// 8,190 transfers a message.
    pub bulk: Throughput,
    /// 100 transfers a call.
    pub batch100: Throughput,
    /// One transfer a message, on streams.
    pub stream: Streamed,
    /// Holds placed and captured, 8,190 steps a message.
    pub hold_capture: Throughput,
    /// One transfer a call.
    pub unary: Levels,
    /// One transfer a call, sent on schedule.
    pub open: OpenLoop,
    /// One transfer a call of the Rust client, which sends them together.
    pub coalesced: Coalesced,
    /// A subscriber of the feed.
    pub feed: Feed,
    /// The same calls without an engine.
    pub echo: Echo,
    /// The disk.
    pub disk: Disk,
    /// Memory.
    pub memory: Memory,
    /// `unary.c64.rps` over `echo.c64.rps`.
    pub unary_vs_echo_c64: f64,
    /// `bulk.transfers_per_s` over `echo.bulk_transfers_per_s`.
    pub bulk_vs_echo: f64,
    /// `stream.transfers_per_s` over `echo.stream_transfers_per_s`.
    pub stream_vs_echo: f64,
    /// Whether the ledger agrees with what was acknowledged.
    pub verified: Verified,
}

/// A figure's conditions: the machine, and how the load was made.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Conditions<S> {
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
    /// How the load was made.
    #[serde(flatten)]
    pub setup: S,
}

/// How load was made.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LoadSetup {
    /// uniform, zipf or hot.
    pub workload: &'static str,
    /// Accounts that the load is spread over.
    pub accounts: u64,
    /// Ids that the ledger knew when the section began.
    pub ids_known: u64,
    /// closed or open.
    pub r#loop: &'static str,
    /// Calls in flight, one entry a level; none for an open loop.
    pub in_flight: Vec<usize>,
    /// Transfers a call.
    pub batch: usize,
    /// HTTP/2 connections.
    pub connections: usize,
    /// Length of one run.
    pub seconds: f64,
    /// Runs; the figure is their median.
    pub repetitions: usize,
}

/// A section that counts transfers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Throughput {
    /// Durable transfers a second.
    pub transfers_per_s: f64,
    /// Median latency of a call.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// CPU time of the server a transfer.
    pub server_cpu_us_per_transfer: Option<f64>,
    /// CPU time of the load generator a transfer.
    pub client_cpu_us_per_transfer: Option<f64>,
    /// Transfers that shared one write and sync.
    pub transfers_per_sync: Option<f64>,
    /// Smallest and largest of the runs.
    pub spread: Spreads,
    /// Conditions.
    pub conditions: Conditions<LoadSetup>,
}

/// Streams that are kept full.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Streamed {
    /// One transfer a message: a call is a transfer.
    #[serde(flatten)]
    pub throughput: Throughput,
    /// Streams side by side.
    pub streams: usize,
}

/// One transfer a call of a client that sends them together, at three levels of concurrency.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Coalesced {
    /// 64 callers.
    pub c64: Level,
    /// 1,024 callers.
    pub c1024: Level,
    /// 8,000 callers.
    pub c8000: Level,
    /// Conditions.
    pub conditions: Conditions<LoadSetup>,
}

/// A subscriber of the feed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Feed {
    /// Events a second while it catches up with everything that the bench has written, with nothing else going on.
    pub events_per_s: f64,
    /// CPU time of the server an event.
    pub server_cpu_us_per_event: Option<f64>,
    /// CPU time of the subscriber an event.
    pub client_cpu_us_per_event: Option<f64>,
    /// Events that were read, all runs together.
    pub events: u64,
    /// Most events in a batch.
    pub batch_events: u32,
    /// Median time from the decision of a payment to its event, while payments are made.
    pub lag_p50_us: Option<f64>,
    /// 99th percentile.
    pub lag_p99_us: Option<f64>,
    /// Payments a second that were planned meanwhile.
    pub lag_rate: u64,
    /// Events that were waited for, all runs together.
    pub lag_events: u64,
    /// Smallest and largest of the runs.
    pub spread: Spreads,
    /// Conditions of the payments.
    pub conditions: Conditions<LoadSetup>,
}

/// One transfer a call, at three levels of concurrency.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Levels {
    /// 1 call in flight.
    pub c1: Level,
    /// 64 calls in flight.
    pub c64: Level,
    /// 256 calls in flight.
    pub c256: Level,
    /// Conditions.
    pub conditions: Conditions<LoadSetup>,
}

/// One level of concurrency.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Level {
    /// Calls a second.
    pub rps: f64,
    /// Median latency.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// 99.9th percentile.
    pub p999_us: f64,
    /// CPU time of the server a call.
    pub server_cpu_us: Option<f64>,
    /// CPU time of the load generator a call.
    pub client_cpu_us: Option<f64>,
    /// Transfers that shared one write and sync; none for the echo.
    pub transfers_per_sync: Option<f64>,
    /// Calls in flight.
    pub in_flight: usize,
    /// Calls answered, all runs together.
    pub calls: u64,
    /// Smallest and largest of the runs.
    pub spread: Spreads,
}

/// Calls on schedule.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OpenLoop {
    /// Planned calls a second.
    pub rate: u64,
    /// Answered calls a second.
    pub rps: f64,
    /// Median latency from the planned send time.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// 99.9th percentile.
    pub p999_us: f64,
    /// CPU time of the server a call.
    pub server_cpu_us: Option<f64>,
    /// CPU time of the load generator a call.
    pub client_cpu_us: Option<f64>,
    /// Transfers that shared one write and sync.
    pub transfers_per_sync: Option<f64>,
    /// Calls answered, all runs together.
    pub calls: u64,
    /// Smallest and largest of the runs.
    pub spread: Spreads,
    /// Conditions.
    pub conditions: Conditions<LoadSetup>,
}

/// The same calls without an engine.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Echo {
    /// One transfer a call.
    #[serde(flatten)]
    pub levels: Levels,
    /// 8,190 transfers a message.
    pub bulk_transfers_per_s: f64,
    /// Smallest and largest of the runs of that.
    pub bulk_spread: Spreads,
    /// One transfer a message, on streams.
    pub stream_transfers_per_s: f64,
    /// Smallest and largest of the runs of that.
    pub stream_spread: Spreads,
}

/// The disk.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Disk {
    /// Median of write + fdatasync of 4 KiB.
    pub fdatasync_4k_p50_us: Option<f64>,
    /// 99th percentile.
    pub fdatasync_4k_p99_us: Option<f64>,
    /// Median of the server's own writes and syncs, over the whole bench.
    pub server_sync_p50_us: u64,
    /// 99th percentile.
    pub server_sync_p99_us: u64,
    /// Growth of the journal a transfer, by section.
    pub journal_bytes_per_transfer: BTreeMap<&'static str, f64>,
    /// Bytes that the device wrote a transfer, whoever wrote them, by section.
    pub device_bytes_per_transfer: BTreeMap<&'static str, f64>,
    /// Conditions.
    pub conditions: Conditions<DiskSetup>,
}

/// How the probe was made.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DiskSetup {
    /// Writes that were timed.
    pub rounds: usize,
    /// Bytes a write.
    pub block_bytes: usize,
}

/// Memory.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Memory {
    /// Bytes an account, its table included, by the server's own count.
    pub bytes_per_account: f64,
    /// Growth of the process a new account; none if the accounts were there before.
    pub rss_bytes_per_account: Option<f64>,
    /// Process size after everything, bytes.
    pub rss_bytes: Option<u64>,
    /// Ids that the ledger knew then.
    pub ids: u64,
    /// Conditions.
    pub conditions: Conditions<MemorySetup>,
}

/// What was in memory.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MemorySetup {
    /// Accounts.
    pub accounts: u64,
}

/// Whether the ledger agrees with what was acknowledged.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verified {
    /// Transfers acknowledged as posted.
    pub acknowledged: u64,
    /// Growth of the ledger's own count of posted transfers.
    pub transfers_posted: u64,
    /// Debits equal credits in every asset.
    pub conserved: bool,
    /// All of this is as it should be.
    pub ok: bool,
    /// Where the data are, if they are kept.
    pub data: Option<String>,
}

impl Level {
    /// The medians of repeated runs.
    pub fn of(runs: &[Sample], in_flight: usize) -> Self {
        let mut spread = Spreads::new();
        let s = &mut spread;
        Self {
            rps: summarise(runs, "rps", 0, s, |r| r.rps),
            p50_us: summarise(runs, "p50_us", 1, s, |r| r.latency.p50_us),
            p99_us: summarise(runs, "p99_us", 1, s, |r| r.latency.p99_us),
            p999_us: summarise(runs, "p999_us", 1, s, |r| r.latency.p999_us),
            server_cpu_us: summarise_known(runs, "server_cpu_us", 2, s, |r| r.server_cpu_us),
            client_cpu_us: summarise_known(runs, "client_cpu_us", 2, s, |r| r.client_cpu_us),
            transfers_per_sync: summarise_known(runs, "transfers_per_sync", 1, s, |r| {
                r.transfers_per_sync
            }),
            in_flight,
            calls: runs.iter().map(|run| run.calls).sum(),
            spread,
        }
    }
}

impl Throughput {
    /// The medians of repeated runs with `batch` transfers a call.
    pub fn of(runs: &[Sample], conditions: Conditions<LoadSetup>) -> Self {
        let batch = f64::from(u32::try_from(conditions.setup.batch.max(1)).unwrap_or(u32::MAX));
        let mut spread = Spreads::new();
        let s = &mut spread;
        Self {
            transfers_per_s: summarise(runs, "transfers_per_s", 0, s, |r| r.transfers_per_s),
            p50_us: summarise(runs, "p50_us", 1, s, |r| r.latency.p50_us),
            p99_us: summarise(runs, "p99_us", 1, s, |r| r.latency.p99_us),
            server_cpu_us_per_transfer: summarise_known(
                runs,
                "server_cpu_us_per_transfer",
                3,
                s,
                |r| r.server_cpu_us.map(|us| us / batch),
            ),
            client_cpu_us_per_transfer: summarise_known(
                runs,
                "client_cpu_us_per_transfer",
                3,
                s,
                |r| r.client_cpu_us.map(|us| us / batch),
            ),
            transfers_per_sync: summarise_known(runs, "transfers_per_sync", 1, s, |r| {
                r.transfers_per_sync
            }),
            spread,
            conditions,
        }
    }
}

impl Feed {
    /// Notes how fast it caught up.
    pub fn caught_up(&mut self, runs: &[Sample]) {
        let s = &mut self.spread;
        self.events_per_s = summarise(runs, "events_per_s", 0, s, |r| r.rps);
        self.server_cpu_us_per_event =
            summarise_known(runs, "server_cpu_us_per_event", 3, s, |r| r.server_cpu_us);
        self.client_cpu_us_per_event =
            summarise_known(runs, "client_cpu_us_per_event", 3, s, |r| r.client_cpu_us);
        self.events = runs.iter().map(|run| run.calls).sum();
    }

    /// Notes how soon events came. Only the clock that decided can tell: `same_clock` says whether it is this one.
    pub fn followed(&mut self, runs: &[Latencies], same_clock: bool) {
        let s = &mut self.spread;
        let known = |us: f64| same_clock.then_some(us);
        self.lag_p50_us =
            summarise_known(runs, "lag_p50_us", 1, s, |run| known(run.percentiles().p50_us));
        self.lag_p99_us =
            summarise_known(runs, "lag_p99_us", 1, s, |run| known(run.percentiles().p99_us));
        self.lag_events = runs.iter().map(Latencies::count).sum();
    }
}

impl OpenLoop {
    /// The medians of repeated runs at a rate.
    pub fn of(runs: &[Sample], rate: u64, conditions: Conditions<LoadSetup>) -> Self {
        let level = Level::of(runs, 0);
        Self {
            rate,
            rps: level.rps,
            p50_us: level.p50_us,
            p99_us: level.p99_us,
            p999_us: level.p999_us,
            server_cpu_us: level.server_cpu_us,
            client_cpu_us: level.client_cpu_us,
            transfers_per_sync: level.transfers_per_sync,
            calls: level.calls,
            spread: level.spread,
            conditions,
        }
    }
}
