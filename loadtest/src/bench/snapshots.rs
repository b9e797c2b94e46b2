//! `bench --snapshots`: what a payment notices of a snapshot that is being taken. Runs with and without one take turns, so that
//! both see the same moods of the machine.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use florin_client::Client;
use florin_proto::BATCH_MEMBERS_MAX;
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::bench::callers::Fleet;
use crate::bench::measure::{Sample, Subject};
use crate::bench::report::{Conditions, Verified};
use crate::bench::workload::Pairs;
use crate::bench::{self, BenchArgs, accounts};
use crate::figures::{Spread, median, ratio, rounded, spread_of};
use crate::ledger::{Ledger, Totals};
use crate::load::Caller;
use crate::machine::Machine;
use crate::progress;
use crate::rng::mix;
use crate::table::{rate, render as columns, row, thousands};
use crate::target::Target;

/// Runs with, and as many without: fewer say nothing.
const PAIRS_MIN: usize = 5;
const WARM_UP: Duration = Duration::from_millis(500);
const BULK_IN_FLIGHT: usize = 4;
const CALLS_IN_FLIGHT: usize = 64;

/// What is to stay of the throughput, and how much longer a call of a hundred may take.
const AIM_THROUGHPUT: f64 = 0.85;
const AIM_P99: f64 = 1.5;

/// What `bench --snapshots --json` prints.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SnapshotsReport {
    /// 8,190 transfers a message.
    pub bulk: Compared,
    /// One transfer a call.
    pub unary: Compared,
    /// Whether the ledger agrees with what was acknowledged.
    pub verified: Verified,
    /// Conditions.
    pub conditions: Conditions<SnapshotsSetup>,
}

/// How it was measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SnapshotsSetup {
    /// Accounts in the snapshots.
    pub accounts: u64,
    /// Pairs of runs, one without and one with a snapshot that is being taken.
    pub pairs: usize,
    /// Length of one run.
    pub seconds: f64,
}

/// The same load without and with a snapshot that is being taken: medians.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Compared {
    /// Calls in flight.
    pub in_flight: usize,
    /// Transfers a second, without.
    pub transfers_per_s: f64,
    /// The same, with.
    pub transfers_per_s_meanwhile: f64,
    /// The median of what was left in each pair.
    pub throughput_ratio: f64,
    /// 99th percentile of a call, without.
    pub p99_us: f64,
    /// The same, with.
    pub p99_us_meanwhile: f64,
    /// The median of how much longer it was in each pair.
    pub p99_ratio: f64,
    /// Snapshots that were whole in the meantime.
    pub snapshots: u64,
    /// How long one took, of these the median.
    pub snapshot_seconds: f64,
    /// Smallest and largest of the pairs: what was left of the throughput.
    pub throughput_ratio_spread: Spread,
    /// The same of the 99th percentile.
    pub p99_ratio_spread: Spread,
}

/// Measures and compares.
pub async fn measure(args: &BenchArgs, target: &Target) -> Result<SnapshotsReport> {
    let channels = bench::connect(target.url(), args.connections).await?;
    let ledger = Ledger::on(channels[0].clone());
    let client = Client::connect(target.url()).await?;
    let before = Totals::of(&ledger.status().await?);
    accounts::open(&ledger, args.accounts).await?;
    let pairs = args.repetitions().max(PAIRS_MIN);
    let mut side_by_side = SideBySide {
        subject: Subject {
            data: target.data().map(std::path::Path::to_owned),
            pid: target.pid(),
            ledger: Some(ledger.clone()),
            acknowledged: 0,
        },
        client,
        pairs,
        lasting: Duration::from_secs(args.seconds()),
        bar: progress::steps("measuring", 4 * pairs as u64),
    };
    let mut fleet = Fleet::new(
        channels,
        Arc::new(Pairs::new(args.workload, args.accounts)),
        mix(args.seed) ^ before.sequence,
    );
    // Small calls first: they are not to pay for the ids of the bulk.
    let unary = side_by_side.compare(&mut fleet.batches(CALLS_IN_FLIGHT, 1)).await?;
    let bulk = side_by_side.compare(&mut fleet.bulks(BULK_IN_FLIGHT, BATCH_MEMBERS_MAX)).await?;
    side_by_side.bar.finish_and_clear();
    let after = Totals::of(&ledger.status().await?);
    Ok(SnapshotsReport {
        bulk,
        unary,
        verified: bench::verify(before, after, side_by_side.subject.acknowledged),
        conditions: Conditions {
            machine: Machine::here(target.data()),
            setup: SnapshotsSetup {
                accounts: after.accounts,
                pairs,
                seconds: side_by_side.lasting.as_secs_f64(),
            },
        },
    })
}

struct SideBySide {
    subject: Subject,
    client: Client,
    pairs: usize,
    lasting: Duration,
    bar: indicatif::ProgressBar,
}

impl SideBySide {
    async fn compare<C: Caller>(&mut self, callers: &mut Vec<C>) -> Result<Compared> {
        let in_flight = callers.len();
        self.subject.closed(callers, WARM_UP).await?;
        let (mut without, mut with, mut seconds) = (Vec::new(), Vec::new(), Vec::new());
        for pair in 0..self.pairs {
            // Whichever comes second finds more ids and a longer journal.
            for is_meanwhile in if pair % 2 == 0 { [false, true] } else { [true, false] } {
                let snapshots = if is_meanwhile {
                    Some(Snapshots::begin(self.client.clone()).await?)
                } else {
                    None
                };
                let sample = self.subject.closed(callers, self.lasting).await?;
                match snapshots {
                    Some(snapshots) => {
                        with.push(sample);
                        seconds.extend(snapshots.end().await?);
                    }
                    None => without.push(sample),
                }
                self.bar.inc(1);
            }
        }
        Ok(Compared::of(in_flight, &without, &with, &seconds))
    }
}

impl Compared {
    fn of(in_flight: usize, without: &[Sample], with: &[Sample], seconds: &[f64]) -> Self {
        let all = |samples: &[Sample], figure: fn(&Sample) -> f64| -> Vec<f64> {
            samples.iter().map(figure).collect()
        };
        let ratios = |figure: fn(&Sample) -> f64| -> Vec<f64> {
            without
                .iter()
                .zip(with)
                .map(|(without, with)| ratio(figure(with), figure(without)))
                .collect()
        };
        let throughput: fn(&Sample) -> f64 = |sample| sample.transfers_per_s;
        let p99: fn(&Sample) -> f64 = |sample| sample.latency.p99_us;
        let (throughputs, p99s) = (ratios(throughput), ratios(p99));
        Self {
            in_flight,
            transfers_per_s: rounded(median(&all(without, throughput)), 0),
            transfers_per_s_meanwhile: rounded(median(&all(with, throughput)), 0),
            throughput_ratio: rounded(median(&throughputs), 3),
            p99_us: rounded(median(&all(without, p99)), 1),
            p99_us_meanwhile: rounded(median(&all(with, p99)), 1),
            p99_ratio: rounded(median(&p99s), 3),
            snapshots: seconds.len() as u64,
            snapshot_seconds: rounded(median(seconds), 2),
            throughput_ratio_spread: spread_of(&throughputs, 3),
            p99_ratio_spread: spread_of(&p99s, 3),
        }
    }
}

/// Snapshots that are taken one after the other.
struct Snapshots {
    enough: Arc<AtomicBool>,
    taking: JoinHandle<Result<Vec<f64>>>,
}

impl Snapshots {
    /// Begins; the first one is under way when this returns.
    async fn begin(client: Client) -> Result<Self> {
        let enough = Arc::new(AtomicBool::new(false));
        let (under_way, is_under_way) = oneshot::channel();
        let taking = tokio::spawn(take_until(client, Arc::clone(&enough), under_way));
        // An error means that it has failed, which `end` tells.
        let _ = is_under_way.await;
        Ok(Self { enough, taking })
    }

    /// Waits for the one that is under way; how long each of them took, seconds.
    async fn end(self) -> Result<Vec<f64>> {
        self.enough.store(true, Ordering::Release);
        self.taking.await.context("the task that takes snapshots")?
    }
}

async fn take_until(
    client: Client,
    enough: Arc<AtomicBool>,
    under_way: oneshot::Sender<()>,
) -> Result<Vec<f64>> {
    let mut under_way = Some(under_way);
    let mut seconds = Vec::new();
    while !enough.load(Ordering::Acquire) {
        let began = Instant::now();
        let mut taking = client.create_snapshot().await?;
        while taking.next().await?.is_some() {
            if let Some(under_way) = under_way.take() {
                let _ = under_way.send(());
            }
        }
        seconds.push(began.elapsed().as_secs_f64());
    }
    Ok(seconds)
}

/// The report for people.
pub fn render(report: &SnapshotsReport) -> String {
    let Conditions { machine, setup } = &report.conditions;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} cores of {}, {} GiB, {}, {} build; {} accounts, {} pairs of runs of {} s: medians",
        machine.cores,
        machine.cpu,
        machine.memory_gib,
        machine.file_system,
        machine.build,
        thousands(setup.accounts),
        setup.pairs,
        setup.seconds,
    );
    let line = |what: &str, compared: &Compared| {
        let Compared { throughput_ratio, p99_ratio, .. } = compared;
        let kept = *throughput_ratio >= AIM_THROUGHPUT && *p99_ratio <= AIM_P99;
        row([
            &what,
            &rate(compared.transfers_per_s),
            &rate(compared.transfers_per_s_meanwhile),
            &throughput_ratio,
            &compared.p99_us,
            &compared.p99_us_meanwhile,
            &p99_ratio,
            &compared.snapshot_seconds,
            &if kept { "" } else { "below the aim" },
        ])
    };
    text.push_str(&columns(&[
        row([
            &"",
            &"transfers/s",
            &"meanwhile",
            &"left",
            &"p99 us",
            &"meanwhile",
            &"times",
            &"snapshot s",
        ]),
        line("8,190 a message", &report.bulk),
        line("1 a call", &report.unary),
    ]));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Percentiles;

    #[test]
    fn pairs_are_compared_with_each_other() {
        let sample = |transfers_per_s, p99_us| Sample {
            transfers_per_s,
            latency: Percentiles { p99_us, ..Percentiles::default() },
            ..Sample::default()
        };
        let without = [sample(100.0, 10.0), sample(200.0, 20.0), sample(1_000.0, 10.0)];
        let with = [sample(90.0, 12.0), sample(160.0, 30.0), sample(950.0, 10.0)];
        let compared = Compared::of(4, &without, &with, &[1.0, 3.0]);
        assert_eq!((compared.throughput_ratio, compared.p99_ratio), (0.9, 1.2));
        assert_eq!((compared.transfers_per_s, compared.transfers_per_s_meanwhile), (200.0, 160.0));
        assert_eq!((compared.snapshots, compared.snapshot_seconds), (2, 2.0));
        assert_eq!(compared.throughput_ratio_spread, spread_of(&[0.8, 0.95], 3));
    }
}
