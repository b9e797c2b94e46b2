//! What came of it.
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::fmt;

use serde::Serialize;

use super::start::Start;
use super::write::Written;
use super::{Args, workload};

/// Keys carry their units. Of several starts, the figures above them are those of the one in the middle by its time to the
/// first payment.
#[derive(Debug, Serialize)]
pub struct Report {
    pub accounts: u64,
    pub transfers: u64,
    pub snapshot_at: u64,
    pub cores: usize,
    /// How a start found its files.
    pub page_cache: &'static str,
    pub seconds_to_first_payment: f64,
    pub snapshot_accounts_per_s: f64,
    pub replay_records_per_s: f64,
    pub digest_equal: bool,
    pub peak_rss_bytes: u64,
    pub transfers_written_per_s: f64,
    pub batch: u64,
    pub written: Written,
    pub starts: Vec<Start>,
}

impl Report {
    pub fn of(args: &Args, written: Written, mut starts: Vec<Start>) -> Self {
        let digest_equal = starts.iter().all(|start| start.digest_equal);
        starts.sort_by(|a, b| a.seconds_to_first_payment.total_cmp(&b.seconds_to_first_payment));
        let middle = &starts[starts.len() / 2];
        let loaded = if middle.from_snapshot { args.accounts } else { 0 };
        Self {
            accounts: args.accounts,
            transfers: args.transfers,
            snapshot_at: args.snapshot_at,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            page_cache: "files were dropped from it (fadvise), in a fresh process",
            seconds_to_first_payment: middle.seconds_to_first_payment,
            snapshot_accounts_per_s: loaded as f64 / middle.seconds_loading,
            replay_records_per_s: middle.events_replayed as f64 / middle.seconds_replaying,
            digest_equal,
            peak_rss_bytes: middle.peak_rss_bytes,
            transfers_written_per_s: args.transfers as f64 / written.seconds_to_pay,
            batch: workload::BATCH,
            written,
            starts,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let Self { accounts, transfers, snapshot_at, written, .. } = self;
        writeln!(f, "{accounts} accounts, {transfers} transfers, snapshot after {snapshot_at}")?;
        writeln!(
            f,
            "journal {:.0} MiB, snapshot {:.0} MiB in {:.2} s, {:.0} transfers/s written",
            mib(written.journal_bytes),
            mib(written.snapshot_bytes),
            written.seconds_to_take_snapshot,
            self.transfers_written_per_s,
        )?;
        for start in &self.starts {
            writeln!(
                f,
                "first payment after {:.2} s: loading {:.2} s, {} events in {:.2} s; digest {}; {:.0} MiB",
                start.seconds_to_first_payment,
                start.seconds_loading,
                start.events_replayed,
                start.seconds_replaying,
                if start.digest_equal { "equal" } else { "DIFFERENT" },
                mib(start.peak_rss_bytes),
            )?;
        }
        writeln!(
            f,
            "{:.2} s to the first payment, {:.0} accounts/s loaded, {:.0} events/s replayed",
            self.seconds_to_first_payment, self.snapshot_accounts_per_s, self.replay_records_per_s,
        )?;
        writeln!(f, "{} cores; page cache: {}", self.cores, self.page_cache)
    }
}
