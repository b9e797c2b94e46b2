use std::fmt;

use florin_client::{AssetTotals, NewestSnapshot, PartitionStatus, Status};
use serde::Serialize;

use super::{amount_text, yes_no};
use crate::cli::{table, time};

/// How an engine is.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct StatusView<'a> {
    server: &'a str,
    version: &'a str,
    lineage: &'a str,
    uptime_s: u64,
    accepting: bool,
    not_accepting_reason: Option<&'a str>,
    fork: bool,
    partitions: Vec<PartitionView>,
    #[serde(skip)]
    status: &'a Status,
}

#[derive(Debug, Serialize)]
struct PartitionView {
    partition: u32,
    epoch: u64,
    sequence: u64,
    durable_sequence: u64,
    accounts: u64,
    ids: u64,
    transfers_posted: u64,
    transfers_refused: u64,
    conserved: bool,
    assets: Vec<TotalsView>,
    segment: u64,
    journal_bytes: u64,
    free_bytes: u64,
    frames: u64,
    sync_p50_us: u64,
    sync_p99_us: u64,
    in_flight: u64,
    account_bytes: u64,
    open_holds: u64,
    timers: u64,
    due_paused: bool,
    subscribers: u64,
    snapshot: Option<NewestView>,
    events_to_replay: u64,
    index_through: u64,
    ids_through: u64,
    ids_in_memory: u64,
}

#[derive(Debug, Serialize)]
struct NewestView {
    id: u64,
    sequence: u64,
    taken_at: String,
}

#[derive(Debug, Serialize)]
struct TotalsView {
    asset: String,
    scale: u32,
    debits: String,
    debits_minor: String,
    credits: String,
    credits_minor: String,
}

impl<'a> StatusView<'a> {
    pub fn new(server: &'a str, status: &'a Status) -> Self {
        Self {
            server,
            version: &status.version,
            lineage: &status.lineage,
            uptime_s: status.uptime.as_secs(),
            accepting: status.accepting,
            not_accepting_reason: status.not_accepting_reason.as_deref(),
            fork: status.fork,
            partitions: status.partitions.iter().map(PartitionView::new).collect(),
            status,
        }
    }
}

impl PartitionView {
    fn new(status: &PartitionStatus) -> Self {
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
            assets: status.assets.iter().map(TotalsView::new).collect(),
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
            snapshot: status.snapshot.map(|NewestSnapshot { id, sequence, taken_at_ns }| {
                NewestView { id, sequence, taken_at: time::utc_ms(taken_at_ns) }
            }),
            events_to_replay: status.events_to_replay,
            index_through: status.index_through,
            ids_through: status.ids_through,
            ids_in_memory: status.ids_in_memory,
        }
    }
}

impl TotalsView {
    fn new(totals: &AssetTotals) -> Self {
        let AssetTotals { asset, debits_minor, credits_minor } = totals;
        let decimal = |minor| florin_client::money::format_minor_unsigned(minor, asset.scale);
        Self {
            asset: asset.code.clone(),
            scale: asset.scale,
            debits: decimal(*debits_minor),
            debits_minor: debits_minor.to_string(),
            credits: decimal(*credits_minor),
            credits_minor: credits_minor.to_string(),
        }
    }
}

impl fmt::Display for StatusView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accepting = match self.not_accepting_reason {
            Some(reason) => format!("no ({reason})"),
            None => yes_no(self.accepting),
        };
        let fork = if self.fork { ", FORK: not the original" } else { "" };
        let lineage = format!("{}{fork}", self.lineage);
        let head = [
            ("server", format!("{}, version {}", self.server, self.version)),
            ("lineage", lineage),
            ("up", time::span(self.uptime_s)),
            ("accepting", accepting),
        ];
        f.write_str(&table::block(&head))?;
        for partition in &self.status.partitions {
            write!(f, "\n\n{}", table::block(&partition_lines(partition)))?;
        }
        Ok(())
    }
}

fn partition_lines(status: &PartitionStatus) -> Vec<(&'static str, String)> {
    let paused = if status.due_paused {
        ", held back until the clock is accepted: florin clock accept"
    } else {
        ""
    };
    let snapshot = match status.snapshot {
        Some(NewestSnapshot { id, sequence, taken_at_ns }) => {
            format!("{id} of {}, at event {sequence}", time::utc_ms(taken_at_ns))
        }
        None => "none".to_owned(),
    };
    let mut lines = vec![
        ("partition", format!("{}, epoch {}", status.partition, status.epoch)),
        ("sequence", format!("{}, durable {}", status.sequence, status.durable_sequence)),
        ("accounts", format!("{} in {}", status.accounts, bytes(status.account_bytes))),
        ("ids", format!("{}, {} of them in memory", status.ids, status.ids_in_memory)),
        (
            "transfers",
            format!("{} posted, {} refused", status.transfers_posted, status.transfers_refused),
        ),
        ("holds", format!("{} open, {} will fall due{}", status.open_holds, status.timers, paused)),
        ("subscribers", status.subscribers.to_string()),
        ("in flight", status.in_flight.to_string()),
        ("journal", format!("{}, writing segment {}", bytes(status.journal_bytes), status.segment)),
        (
            "sealed",
            format!("index through {}, ids through {}", status.index_through, status.ids_through),
        ),
        ("snapshot", snapshot),
        ("a restart", format!("would replay {} events", status.events_to_replay)),
        ("free", bytes(status.free_bytes)),
        (
            "syncs",
            format!(
                "{}, p50 {} µs, p99 {} µs",
                status.frames, status.sync_p50_us, status.sync_p99_us
            ),
        ),
        ("conserved", yes_no(status.conserved)),
    ];
    for totals in &status.assets {
        let AssetTotals { asset, debits_minor, credits_minor } = totals;
        let debits = amount_text(*debits_minor, Some(asset));
        let credits = amount_text(*credits_minor, Some(asset));
        lines.push(("total", format!("{debits} debited, {credits} credited")));
    }
    lines
}

/// Bytes in the largest unit that leaves a whole part, with one decimal, by integer arithmetic.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1 << 10 {
        return format!("{count} B");
    }
    let power = (count.ilog2() / 10).min(4);
    let tenths = (u128::from(count) * 10) >> (10 * power);
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[power as usize - 1])
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes() {
        for (count, text) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (268_435_456, "256.0 MiB"),
            (1_610_612_736, "1.5 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
