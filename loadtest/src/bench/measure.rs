//! One run of load against one server, with what it cost the server, the client and the disk.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::bench::feed::Reader;
use crate::bench::streams::{Pipeline, keep_full};
use crate::figures::{float, per_second, ratio};
use crate::latency::Percentiles;
use crate::ledger::{Ledger, Totals};
use crate::load::{Caller, Load, closed_loop, open_loop};
use crate::proc_stats;

/// A server under measurement.
#[derive(Debug)]
pub struct Subject {
    /// Its data directory, where it is ours.
    pub data: Option<PathBuf>,
    /// Its process, where it is ours.
    pub pid: Option<u32>,
    /// Its ledger; the echo has none.
    pub ledger: Option<Ledger>,
    /// Transfers that it acknowledged over all runs.
    pub acknowledged: u64,
}

/// What one run came to.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// Calls answered a second.
    pub rps: f64,
    /// Transfers posted a second.
    pub transfers_per_s: f64,
    /// Calls answered.
    pub calls: u64,
    /// Latencies of the calls.
    pub latency: Percentiles,
    /// CPU time of the server a call, microseconds.
    pub server_cpu_us: Option<f64>,
    /// CPU time of the load generator a call, microseconds.
    pub client_cpu_us: Option<f64>,
    /// Growth of the journal a transfer, bytes.
    pub journal_bytes: Option<f64>,
    /// Bytes that the data directory's device wrote a transfer.
    pub device_bytes: Option<f64>,
    /// Transfers that shared one write and sync.
    pub transfers_per_sync: Option<f64>,
}

/// Counters of a server at one moment.
#[derive(Debug, Default)]
struct Counters {
    server_cpu_ns: Option<u64>,
    client_cpu_ns: Option<u64>,
    device_bytes: Option<u64>,
    totals: Option<Totals>,
}

impl Subject {
    /// A closed loop over the callers.
    pub async fn closed<C: Caller>(
        &mut self,
        callers: &mut Vec<C>,
        lasting: Duration,
    ) -> Result<Sample> {
        let before = self.counters().await?;
        let load = closed_loop(callers, lasting).await?;
        self.sample(&before, &load).await
    }

    /// An open loop at a rate.
    pub async fn open<C: Caller>(
        &mut self,
        caller: &mut C,
        rate_per_s: u64,
        lasting: Duration,
    ) -> Result<Sample> {
        let before = self.counters().await?;
        let load = open_loop(caller, rate_per_s, lasting).await?;
        self.sample(&before, &load).await
    }

    /// Streams that are kept full.
    pub async fn streamed(
        &mut self,
        pipelines: &mut Vec<Pipeline>,
        lasting: Duration,
    ) -> Result<Sample> {
        let before = self.counters().await?;
        let load = keep_full(pipelines, lasting).await?;
        self.sample(&before, &load).await
    }

    /// A subscriber that catches up. One call is one event.
    pub async fn followed(&self, reader: &Reader, lasting: Duration) -> Result<Sample> {
        let before = self.counters().await?;
        let load = reader.catch_up(lasting).await?;
        let after = self.counters().await?;
        Ok(compare(&before, &after, &load))
    }

    async fn counters(&self) -> Result<Counters> {
        let totals = match &self.ledger {
            Some(ledger) => Some(Totals::of(&ledger.status().await?)),
            None => None,
        };
        Ok(Counters {
            server_cpu_ns: self.pid.and_then(proc_stats::cpu_time_ns),
            client_cpu_ns: proc_stats::cpu_time_ns(std::process::id()),
            device_bytes: self.data.as_deref().and_then(proc_stats::device_written_bytes),
            totals,
        })
    }

    async fn sample(&mut self, before: &Counters, load: &Load) -> Result<Sample> {
        self.acknowledged += load.transfers;
        let after = self.counters().await?;
        Ok(compare(before, &after, load))
    }
}

fn compare(before: &Counters, after: &Counters, load: &Load) -> Sample {
    let grown =
        |before: Option<u64>, after: Option<u64>| Some(float(after?.saturating_sub(before?)));
    let total = |field: fn(Totals) -> u64| grown(before.totals.map(field), after.totals.map(field));
    let us_a_call = |ns: f64| ratio(ns / 1_000.0, float(load.calls));
    let a_transfer = |bytes: f64| ratio(bytes, float(load.transfers));
    Sample {
        rps: per_second(load.calls, load.elapsed),
        transfers_per_s: per_second(load.transfers, load.elapsed),
        calls: load.calls,
        latency: load.latencies.percentiles(),
        server_cpu_us: grown(before.server_cpu_ns, after.server_cpu_ns).map(us_a_call),
        client_cpu_us: grown(before.client_cpu_ns, after.client_cpu_ns).map(us_a_call),
        journal_bytes: total(|t| t.journal_bytes).map(a_transfer),
        device_bytes: grown(before.device_bytes, after.device_bytes).map(a_transfer),
        transfers_per_sync: total(|t| t.frames).map(|frames| ratio(float(load.transfers), frames)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Latencies;

    #[test]
    fn costs_are_the_growth_over_calls_and_transfers() {
        let counters = |cpu, bytes, frames| Counters {
            server_cpu_ns: Some(cpu),
            client_cpu_ns: None,
            device_bytes: Some(2 * bytes),
            totals: Some(Totals { journal_bytes: bytes, frames, ..Totals::default() }),
        };
        let load = Load {
            calls: 100,
            transfers: 1_000,
            elapsed: Duration::from_millis(500),
            latencies: Latencies::new().expect("bounds are constant"),
        };
        let sample = compare(&counters(5_000, 0, 10), &counters(2_005_000, 128_000, 30), &load);
        for (found, expected) in [
            (Some(sample.rps), Some(200.0)),
            (Some(sample.transfers_per_s), Some(2_000.0)),
            (sample.server_cpu_us, Some(20.0)),
            (sample.client_cpu_us, None),
            (sample.journal_bytes, Some(128.0)),
            (sample.device_bytes, Some(256.0)),
            (sample.transfers_per_sync, Some(50.0)),
        ] {
            assert_eq!(found, expected);
        }
    }
}
