//! `bench`: how fast, how late, at what cost, and on what.

mod accounts;
mod callers;
mod coalesced;
mod disk;
mod feed;
mod holds;
mod measure;
pub mod report;
mod sections;
pub mod snapshots;
mod streams;
mod tables;
mod transfers;
mod workload;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::Args;
use tonic::transport::Channel;

use crate::bench::callers::Fleet;
use crate::bench::feed::Reader;
use crate::bench::measure::Subject;
use crate::bench::report::{BenchReport, Conditions, Memory, MemorySetup, Verified};
use crate::bench::sections::Sections;
use crate::bench::workload::{Pairs, Workload};
use crate::cli::ServerArgs;
use crate::figures::{float, ratio, rounded};
use crate::ledger::{self, Ledger, Totals};
use crate::machine::Machine;
use crate::rng::mix;
use crate::server_process::ServerProcess;
use crate::target::Target;
use crate::{exit, proc_stats, progress};

/// Most accounts that a bench opens.
const ACCOUNTS_MAX: u64 = 100_000_000;

/// Arguments of `bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// 3 runs of 2 seconds a figure instead of 5 of 5
    #[arg(long)]
    quick: bool,
    /// Only how much bulk and single calls notice of a snapshot that is being taken, in at least 5 pairs of runs
    #[arg(long)]
    snapshots: bool,
    /// How accounts are chosen
    #[arg(long, value_enum, default_value_t)]
    workload: Workload,
    /// Accounts to open and spread the load over
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u64).range(2..=ACCOUNTS_MAX))]
    accounts: u64,
    /// Payments a second in the open loop [default: half of what 64 callers reach]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    rate: Option<u64>,
    /// HTTP/2 connections
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: u16,
    /// Length of one run, seconds
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: Option<u64>,
    /// Runs a figure; their median is reported
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    repetitions: Option<u16>,
    /// Seed of accounts and ids
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print one JSON object, on the last line of standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

impl BenchArgs {
    fn seconds(&self) -> u64 {
        self.seconds.unwrap_or(if self.quick { 2 } else { 5 })
    }

    fn repetitions(&self) -> usize {
        self.repetitions.map_or(if self.quick { 3 } else { 5 }, usize::from)
    }
}

/// Runs the bench and prints its report.
pub async fn run(args: &BenchArgs) -> Result<u8> {
    if args.snapshots {
        return run_snapshots(args).await;
    }
    let mut target = Target::open(&args.server).await?;
    let result = Box::pin(measure_all(args, &target)).await;
    let mut report = target.explain(result).await?;
    report.verified.data = target.kept_data();
    target.close().await?;
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", tables::render(&report));
    }
    Ok(if report.verified.ok { exit::OK } else { exit::MISMATCH })
}

/// No snapshots but those that are measured.
const ONLY_WHEN_ASKED: [(&str, &str); 2] =
    [("FLORIN_SNAPSHOTS__EVERY_JOURNAL_BYTES", "0"), ("FLORIN_SNAPSHOTS__EVERY_SECONDS", "0")];

async fn run_snapshots(args: &BenchArgs) -> Result<u8> {
    let mut target = Target::open_with(&args.server, &ONLY_WHEN_ASKED).await?;
    let result = Box::pin(snapshots::measure(args, &target)).await;
    let mut report = target.explain(result).await?;
    report.verified.data = target.kept_data();
    target.close().await?;
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", snapshots::render(&report));
    }
    Ok(if report.verified.ok { exit::OK } else { exit::MISMATCH })
}

async fn measure_all(args: &BenchArgs, target: &Target) -> Result<BenchReport> {
    let echo = start_echo().await?;
    let channels = connect(target.url(), args.connections).await?;
    let ledger = Ledger::on(channels[0].clone());
    let before = Totals::of(&ledger.status().await?);
    let machine = Machine::here(target.data());

    let rss_before = target.pid().and_then(proc_stats::rss_bytes);
    let replayed = accounts::open(&ledger, args.accounts).await?;
    let rss_after = target.pid().and_then(proc_stats::rss_bytes);
    // The ledger's position makes the ids of this run differ from those of the run before it.
    let seed = mix(args.seed) ^ before.sequence;
    let pairs = Arc::new(Pairs::new(args.workload, args.accounts));

    // Connections of their own, as a caller and a subscriber have.
    let client = florin_client::Client::connect(target.url()).await?;
    let reader = Reader::from_now(ledger::connect(target.url()).await?).await?;

    let mut sections = Sections {
        args,
        machine: machine.clone(),
        real: Subject {
            data: target.data().map(Path::to_owned),
            pid: target.pid(),
            ledger: Some(ledger.clone()),
            acknowledged: 0,
        },
        client,
        reader,
        real_fleet: Fleet::new(channels, Arc::clone(&pairs), seed),
        echo: Subject { data: None, pid: Some(echo.pid()), ledger: None, acknowledged: 0 },
        echo_fleet: Fleet::new(connect(&echo.url(), args.connections).await?, pairs, !seed),
        bar: progress::steps("measuring", sections::STEPS),
        report: BenchReport::default(),
    };
    sections.run(target.data()).await?;
    let Sections { real, mut report, .. } = sections;
    echo.terminate().await?;

    let status = ledger.status().await?;
    let after = Totals::of(&status);
    let first = status.partitions.first().context("the server has no partition")?;
    report.disk.server_sync_p50_us = first.sync_p50_us;
    report.disk.server_sync_p99_us = first.sync_p99_us;
    report.memory = Memory {
        bytes_per_account: rounded(ratio(float(after.account_bytes), float(after.accounts)), 1),
        rss_bytes_per_account: rss_after
            .zip(rss_before)
            .filter(|_| replayed == 0)
            .map(|(after, before)| ratio(float(after.saturating_sub(before)), float(args.accounts)))
            .map(|bytes| rounded(bytes, 1)),
        rss_bytes: target.pid().and_then(proc_stats::rss_bytes),
        ids: after.ids,
        conditions: Conditions { machine, setup: MemorySetup { accounts: after.accounts } },
    };
    report.verified = verify(before, after, real.acknowledged);
    Ok(report)
}

fn verify(before: Totals, after: Totals, acknowledged: u64) -> Verified {
    let transfers_posted = after.transfers_posted.saturating_sub(before.transfers_posted);
    Verified {
        acknowledged,
        transfers_posted,
        conserved: after.conserved,
        ok: after.conserved && transfers_posted == acknowledged,
        data: None,
    }
}

async fn connect(url: &str, connections: u16) -> Result<Vec<Channel>> {
    let mut channels = Vec::new();
    for _ in 0..connections {
        channels.push(ledger::connect(url).await?);
    }
    ensure!(!channels.is_empty(), "at least one connection is needed");
    Ok(channels)
}

/// The echo is this program again, as a process of its own like the server it stands for.
async fn start_echo() -> Result<ServerProcess> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let mut command = Command::new(own);
    command.args(["echo-server", "--listen", "127.0.0.1:0"]);
    ServerProcess::start(command).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_is_verified_by_the_ledgers_own_count() {
        let totals = |transfers_posted, conserved| Totals {
            transfers_posted,
            conserved,
            ..Totals::default()
        };
        for (before, after, acknowledged, ok) in [
            (totals(5, true), totals(15, true), 10, true),
            (totals(5, true), totals(15, false), 10, false),
            (totals(5, true), totals(14, true), 10, false),
            (totals(5, true), totals(16, true), 10, false),
        ] {
            assert_eq!(verify(before, after, acknowledged).ok, ok, "{after:?}");
        }
    }
}
