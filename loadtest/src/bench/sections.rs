//! The sections of the bench. Server and echo take turns, so that both see the same moods of the
//! machine.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use florin_client::Client;
use florin_proto::BATCH_MEMBERS_MAX;
use indicatif::ProgressBar;

use crate::bench::callers::Fleet;
use crate::bench::feed::{BATCH_EVENTS, Reader};
use crate::bench::measure::{Sample, Subject};
use crate::bench::report::{
    BenchReport, Conditions, DiskSetup, Level, LoadSetup, OpenLoop, Streamed, Throughput,
};
use crate::bench::{BenchArgs, disk};
use crate::figures::{Spreads, median, ratio, rounded, summarise};
use crate::ledger::Totals;
use crate::load::Caller;
use crate::machine::Machine;

/// Steps that the progress bar counts.
pub const STEPS: u64 = 13;

const WARM_UP: Duration = Duration::from_millis(300);
const LEVELS: [usize; 3] = [1, 64, 256];
const BATCH100: usize = 100;
/// Calls in flight where transfers are counted: enough that the server is never idle.
const THROUGHPUT_IN_FLIGHT: usize = 4;
/// Callers of the client that sends their transfers together.
const COALESCED: [usize; 3] = [64, 1_024, 8_000];
/// Streams side by side.
const STREAMS: usize = 4;
/// Transfers on their way on each of them.
const STREAM_WINDOW: usize = 4_096;

/// Everything that the sections share.
#[derive(Debug)]
pub struct Sections<'a> {
    /// The arguments.
    pub args: &'a BenchArgs,
    /// The machine.
    pub machine: Machine,
    /// The server.
    pub real: Subject,
    /// Callers for it.
    pub real_fleet: Fleet,
    /// A client of it that sends single transfers together.
    pub client: Client,
    /// A subscriber of it.
    pub reader: Reader,
    /// The echo.
    pub echo: Subject,
    /// Callers for it.
    pub echo_fleet: Fleet,
    /// Counts sections.
    pub bar: ProgressBar,
    /// What has been measured so far.
    pub report: BenchReport,
}

impl Sections<'_> {
    /// Measures everything. Small calls come first: they are not to pay for the ids of the bulk.
    pub async fn run(&mut self, data: Option<&Path>) -> Result<()> {
        self.disk_probe(data)?;
        self.unary().await?;
        self.open_loop().await?;
        self.feed_lag().await?;
        self.coalesced().await?;
        self.stream().await?;
        self.batch100().await?;
        self.bulk().await?;
        self.hold_capture().await?;
        self.feed_catch_up().await?;
        self.bar.finish_and_clear();
        let report = &mut self.report;
        let unary_ratio = ratio(report.unary.c64.rps, report.echo.levels.c64.rps);
        report.unary_vs_echo_c64 = rounded(unary_ratio, 3);
        let bulk_ratio = ratio(report.bulk.transfers_per_s, report.echo.bulk_transfers_per_s);
        report.bulk_vs_echo = rounded(bulk_ratio, 3);
        let stream_ratio =
            ratio(report.stream.throughput.transfers_per_s, report.echo.stream_transfers_per_s);
        report.stream_vs_echo = rounded(stream_ratio, 3);
        Ok(())
    }

    fn disk_probe(&mut self, data: Option<&Path>) -> Result<()> {
        self.bar.set_message("fdatasync");
        let percentiles = data.map(disk::probe).transpose()?;
        let disk = &mut self.report.disk;
        disk.fdatasync_4k_p50_us = percentiles.map(|p| rounded(p.p50_us, 1));
        disk.fdatasync_4k_p99_us = percentiles.map(|p| rounded(p.p99_us, 1));
        disk.conditions = Conditions {
            machine: self.machine.clone(),
            setup: DiskSetup { rounds: disk::ROUNDS, block_bytes: disk::BLOCK_BYTES },
        };
        self.bar.inc(1);
        Ok(())
    }

    async fn unary(&mut self) -> Result<()> {
        let conditions = self.conditions("closed", LEVELS.to_vec(), 1).await?;
        self.report.unary.conditions = conditions.clone();
        self.report.echo.levels.conditions = conditions;
        for (in_flight, section) in LEVELS.into_iter().zip(["c1", "c64", "c256"]) {
            self.bar.set_message(format!("unary, {in_flight} in flight"));
            let mut real_callers = self.real_fleet.batches(in_flight, 1);
            let mut echo_callers = self.echo_fleet.batches(in_flight, 1);
            let (real, echo) = self.in_turn(&mut real_callers, &mut echo_callers).await?;
            self.note_disk(section, &real);
            let (unary, base) = (&mut self.report.unary, &mut self.report.echo.levels);
            let (unary, base) = match in_flight {
                1 => (&mut unary.c1, &mut base.c1),
                64 => (&mut unary.c64, &mut base.c64),
                _ => (&mut unary.c256, &mut base.c256),
            };
            *unary = Level::of(&real, in_flight);
            *base = Level::of(&echo, in_flight);
            self.bar.inc(1);
        }
        Ok(())
    }

    async fn open_loop(&mut self) -> Result<()> {
        let half = self.report.unary.c64.rps / 2.0;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is positive and far below 2^53"
        )]
        let rate = self.args.rate.unwrap_or(half.max(1.0) as u64);
        self.bar.set_message(format!("open loop, {rate} a second"));
        let conditions = self.conditions("open", vec![], 1).await?;
        let mut callers = self.real_fleet.batches(1, 1);
        let caller = callers.first_mut().context("a caller")?;
        self.real.open(caller, rate, WARM_UP).await?;
        let mut runs = Vec::new();
        for _ in 0..self.args.repetitions() {
            runs.push(self.real.open(caller, rate, self.lasting()).await?);
        }
        self.report.open = OpenLoop::of(&runs, rate, conditions);
        self.bar.inc(1);
        Ok(())
    }

    /// Half the rate of the open loop: the subscriber takes its share of the machine.
    async fn feed_lag(&mut self) -> Result<()> {
        let rate = (self.report.open.rate / 2).max(1);
        self.bar.set_message(format!("a subscriber, {rate} payments a second"));
        let conditions = self.conditions("open", vec![], 1).await?;
        let mut callers = self.real_fleet.batches(1, 1);
        let caller = callers.first_mut().context("a caller")?;
        self.real.open(caller, rate, WARM_UP).await?;
        let mut runs = Vec::new();
        for _ in 0..self.args.repetitions() {
            let watch = self.reader.watch().await?;
            let lasting = self.lasting();
            let paying = self.real.open(caller, rate, lasting);
            runs.push(watch.during(paying, |sample| sample.calls).await?.1);
        }
        let feed = &mut self.report.feed;
        feed.lag_rate = rate;
        feed.conditions = conditions;
        feed.followed(&runs, self.real.pid.is_some());
        self.bar.inc(1);
        Ok(())
    }

    /// Everything that the sections before have written, with nothing else going on.
    async fn feed_catch_up(&mut self) -> Result<()> {
        self.bar.set_message("a subscriber that catches up");
        self.real.followed(&self.reader, WARM_UP).await?;
        let mut runs = Vec::new();
        for _ in 0..self.args.repetitions() {
            runs.push(self.real.followed(&self.reader, self.lasting()).await?);
        }
        self.report.feed.batch_events = BATCH_EVENTS;
        self.report.feed.caught_up(&runs);
        self.bar.inc(1);
        Ok(())
    }

    async fn coalesced(&mut self) -> Result<()> {
        let conditions = self.conditions("closed", COALESCED.to_vec(), 1).await?;
        // The client has one connection, and shares it among all callers.
        self.report.coalesced.conditions =
            Conditions { setup: LoadSetup { connections: 1, ..conditions.setup }, ..conditions };
        let sections = ["coalesced_c64", "coalesced_c1024", "coalesced_c8000"];
        for (in_flight, section) in COALESCED.into_iter().zip(sections) {
            self.bar.set_message(format!("the client, {in_flight} callers"));
            let mut callers = self.real_fleet.coalesced(&self.client, in_flight);
            let runs = self.runs(&mut callers).await?;
            self.note_disk(section, &runs);
            let coalesced = &mut self.report.coalesced;
            let level = match in_flight {
                64 => &mut coalesced.c64,
                1_024 => &mut coalesced.c1024,
                _ => &mut coalesced.c8000,
            };
            *level = Level::of(&runs, in_flight);
            self.bar.inc(1);
        }
        Ok(())
    }

    async fn stream(&mut self) -> Result<()> {
        self.bar.set_message("one a message, on streams");
        let conditions = self.conditions("closed", vec![STREAMS * STREAM_WINDOW], 1).await?;
        let mut real_streams = self.real_fleet.streams(STREAMS, STREAM_WINDOW);
        let mut echo_streams = self.echo_fleet.streams(STREAMS, STREAM_WINDOW);
        self.real.streamed(&mut real_streams, WARM_UP).await?;
        self.echo.streamed(&mut echo_streams, WARM_UP).await?;
        let (mut real, mut echo) = (Vec::new(), Vec::new());
        for _ in 0..self.args.repetitions() {
            real.push(self.real.streamed(&mut real_streams, self.lasting()).await?);
            echo.push(self.echo.streamed(&mut echo_streams, self.lasting()).await?);
        }
        self.note_disk("stream", &real);
        self.report.stream =
            Streamed { throughput: Throughput::of(&real, conditions), streams: STREAMS };
        let mut spread = Spreads::new();
        self.report.echo.stream_transfers_per_s =
            summarise(&echo, "stream_transfers_per_s", 0, &mut spread, |run| run.transfers_per_s);
        self.report.echo.stream_spread = spread;
        self.bar.inc(1);
        Ok(())
    }

    async fn hold_capture(&mut self) -> Result<()> {
        self.bar.set_message("holds placed and captured, 8,190 a message");
        let in_flight = vec![THROUGHPUT_IN_FLIGHT];
        let conditions = self.conditions("closed", in_flight, BATCH_MEMBERS_MAX).await?;
        let mut callers = self.real_fleet.holds(THROUGHPUT_IN_FLIGHT, BATCH_MEMBERS_MAX);
        let runs = self.runs(&mut callers).await?;
        self.note_disk("hold_capture", &runs);
        self.report.hold_capture = Throughput::of(&runs, conditions);
        self.bar.inc(1);
        Ok(())
    }

    async fn batch100(&mut self) -> Result<()> {
        self.bar.set_message("100 a call");
        let in_flight = vec![THROUGHPUT_IN_FLIGHT];
        let conditions = self.conditions("closed", in_flight, BATCH100).await?;
        let mut callers = self.real_fleet.batches(THROUGHPUT_IN_FLIGHT, BATCH100);
        let runs = self.runs(&mut callers).await?;
        self.note_disk("batch100", &runs);
        self.report.batch100 = Throughput::of(&runs, conditions);
        self.bar.inc(1);
        Ok(())
    }

    async fn bulk(&mut self) -> Result<()> {
        self.bar.set_message("8,190 a message");
        let in_flight = vec![THROUGHPUT_IN_FLIGHT];
        let conditions = self.conditions("closed", in_flight, BATCH_MEMBERS_MAX).await?;
        let mut real_callers = self.real_fleet.bulks(THROUGHPUT_IN_FLIGHT, BATCH_MEMBERS_MAX);
        let mut echo_callers = self.echo_fleet.bulks(THROUGHPUT_IN_FLIGHT, BATCH_MEMBERS_MAX);
        let (real, echo) = self.in_turn(&mut real_callers, &mut echo_callers).await?;
        self.note_disk("bulk", &real);
        self.report.bulk = Throughput::of(&real, conditions);
        let mut spread = Spreads::new();
        self.report.echo.bulk_transfers_per_s =
            summarise(&echo, "bulk_transfers_per_s", 0, &mut spread, |run| run.transfers_per_s);
        self.report.echo.bulk_spread = spread;
        self.bar.inc(1);
        Ok(())
    }

    /// Runs of the server alone.
    async fn runs<C: Caller>(&mut self, callers: &mut Vec<C>) -> Result<Vec<Sample>> {
        self.real.closed(callers, WARM_UP).await?;
        let mut runs = Vec::new();
        for _ in 0..self.args.repetitions() {
            runs.push(self.real.closed(callers, self.lasting()).await?);
        }
        Ok(runs)
    }

    /// Runs of the server and of the echo, one after the other.
    async fn in_turn<C: Caller>(
        &mut self,
        real_callers: &mut Vec<C>,
        echo_callers: &mut Vec<C>,
    ) -> Result<(Vec<Sample>, Vec<Sample>)> {
        let (mut real, mut echo) = (Vec::new(), Vec::new());
        self.real.closed(real_callers, WARM_UP).await?;
        self.echo.closed(echo_callers, WARM_UP).await?;
        for _ in 0..self.args.repetitions() {
            real.push(self.real.closed(real_callers, self.lasting()).await?);
            echo.push(self.echo.closed(echo_callers, self.lasting()).await?);
        }
        Ok((real, echo))
    }

    fn note_disk(&mut self, section: &'static str, runs: &[Sample]) {
        let of = |figure: fn(&Sample) -> Option<f64>| {
            let known: Vec<f64> = runs.iter().filter_map(figure).collect();
            (!known.is_empty()).then(|| rounded(median(&known), 1))
        };
        let disk = &mut self.report.disk;
        if let Some(bytes) = of(|run| run.journal_bytes) {
            disk.journal_bytes_per_transfer.insert(section, bytes);
        }
        if let Some(bytes) = of(|run| run.device_bytes) {
            disk.device_bytes_per_transfer.insert(section, bytes);
        }
    }

    fn lasting(&self) -> Duration {
        Duration::from_secs(self.args.seconds())
    }

    async fn conditions(
        &self,
        r#loop: &'static str,
        in_flight: Vec<usize>,
        batch: usize,
    ) -> Result<Conditions<LoadSetup>> {
        let ledger = self.real.ledger.as_ref().context("the server has a ledger")?;
        Ok(Conditions {
            machine: self.machine.clone(),
            setup: LoadSetup {
                workload: self.args.workload.name(),
                accounts: self.args.accounts,
                ids_known: Totals::of(&ledger.status().await?).ids,
                r#loop,
                in_flight,
                batch,
                connections: self.args.connections.into(),
                seconds: self.lasting().as_secs_f64(),
                repetitions: self.args.repetitions(),
            },
        })
    }
}
