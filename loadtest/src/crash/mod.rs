//! `crash`: the server is killed under load, again and again, and held to what it had said.
//!
//! SIGKILL leaves the kernel's cache alone, so this shows that nothing is answered before it is
//! written, and that recovery is right; that nothing is answered before it is on disk is for the
//! simulator to show.

mod accounts;
mod answers;
mod books;
mod calls;
mod check;
mod clients;
mod feed;
mod member;
mod payments;
mod pool;
pub mod report;
mod reservations;
mod standby;
mod standing;
mod wire;
mod worker;

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use tonic::transport::Channel;

use crate::cli::ServerArgs;
use crate::crash::accounts::Accounts;
use crate::crash::answers::Answer;
use crate::crash::books::Books;
use crate::crash::calls::{Call, Kind};
use crate::crash::check::{Findings, Found};
use crate::crash::clients::{Memory, Pools, Sent, Shared};
use crate::crash::feed::Followers;
use crate::crash::pool::Pool;
use crate::crash::report::CrashReport;
use crate::crash::reservations::Reservations;
use crate::crash::standby::Standby;
use crate::crash::wire::Client;
use crate::figures::rounded;
use crate::ledger::{self, Ledger, Totals};
use crate::rng::{SplitMix64, mix};
use crate::server_process::{self, ServerProcess};
use crate::target::{ANY_PORT, Launcher};
use crate::{exit, progress};

const CONNECTIONS: usize = 4;
/// A kill comes this long after the load has begun, microseconds.
const KILL_AFTER_US: (u64, u64) = (150_000, 900_000);
const SIGKILL: i32 = 9;
const ENDED_WITHIN: Duration = Duration::from_secs(10);

/// Arguments of `crash`.
#[derive(Debug, Clone, Args)]
pub struct CrashArgs {
    /// How often to kill the server
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u64).range(1..=10_000))]
    kills: u64,
    /// Subscribers that follow the feed from the beginning through all of it: one to everything, the others with
    /// filters
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u16).range(0..=64))]
    subscribers: u16,
    /// Let a standby follow, and promote it after every kill instead of starting the leader again. What was acknowledged
    /// in the last second may be missing then; subscribers, who have heard of it, are left out
    #[arg(long)]
    follow: bool,
    /// Seed of the load [default: from the clock]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Data directory, kept afterwards [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The florin binary [default: the one beside this program]
    #[arg(long, env = "FLORIN_BIN", value_name = "PATH")]
    florin: Option<PathBuf>,
    /// Print one JSON object, on the last line of standard output
    #[arg(long)]
    json: bool,
}

/// Runs the crash test and prints its report.
pub async fn run(args: &CrashArgs) -> Result<u8> {
    let launcher = Launcher::new(&ServerArgs {
        data: args.data.clone(),
        server: None,
        florin: args.florin.clone(),
    })?;
    let start = Instant::now();
    let bar = progress::steps("killing", args.kills);
    let seed = args.seed.unwrap_or_else(clock_seed);
    let subscribers = if args.follow { 0 } else { args.subscribers.into() };
    let mut test = CrashTest::begin(launcher, seed, subscribers, bar).await?;
    if args.follow {
        test.standby = Some(Standby::start(&test.launcher, &test.server.url(), 1).await?);
    }
    for _ in 0..args.kills {
        test.round().await?;
        test.bar.inc(1);
    }
    let mut report = test.finish().await?;
    report.seconds = rounded(start.elapsed().as_secs_f64(), 1);
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", report.render());
    }
    Ok(if report.holds() { exit::OK } else { exit::MISMATCH })
}

fn clock_seed() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.as_millis().try_into().unwrap_or(1)
}

#[derive(Debug)]
struct CrashTest {
    // Before the launcher, which removes a temporary directory: fields are dropped in order.
    server: ServerProcess,
    standby: Option<Standby>,
    launcher: Launcher,
    accounts: Arc<Accounts>,
    books: Books,
    reservations: Reservations,
    /// What clients go on with in the next life of the server.
    pools: Pools,
    followers: Followers,
    /// When the server was killed last, ns since 1970.
    killed_at_ns: u64,
    /// The last event before the test.
    before: u64,
    rng: SplitMix64,
    findings: Findings,
    /// Everything that was ever answered: it is looked up once more at the end.
    history: Memory,
    report: CrashReport,
    bar: ProgressBar,
}

impl CrashTest {
    async fn begin(
        launcher: Launcher,
        seed: u64,
        subscribers: usize,
        bar: ProgressBar,
    ) -> Result<Self> {
        let server = launcher.start(ANY_PORT).await?;
        let ledger = Ledger::connect(&server.url()).await?;
        let accounts = Arc::new(Accounts::new());
        // An earlier test on the same data may have left something that is not due yet.
        standing::wait_for_due(&ledger, 0).await?;
        ledger.open_accounts(accounts.openings(), &ProgressBar::hidden()).await?;
        let totals = Totals::of(&ledger.status().await?);
        let books = Books::opened(&books::accounts(&ledger, &accounts).await?, totals);
        let followers = Followers::start(subscribers, server.url(), &accounts);
        Ok(Self {
            server,
            standby: None,
            launcher,
            accounts,
            books,
            reservations: Reservations::default(),
            pools: Pools::default(),
            followers,
            killed_at_ns: 0,
            before: totals.sequence,
            // A second test on the same data directory must not draw the ids of the first.
            rng: SplitMix64::new(seed ^ mix(totals.sequence)),
            findings: Findings::default(),
            history: Memory::default(),
            report: CrashReport {
                seed,
                subscribers: subscribers as u64,
                conserved: true,
                ..CrashReport::default()
            },
            bar,
        })
    }

    /// One life of the server, one death, and the inquest.
    async fn round(&mut self) -> Result<()> {
        self.bar.set_message("load");
        self.wait_for_standby().await?;
        let mut memory = self.load_and_kill().await?;
        self.count(&memory);
        if let Some(standby) = self.standby.take() {
            self.bar.set_message("promote");
            self.take_over(standby, &mut memory).await?;
            self.bar.set_message("check");
            let checked = self.inquest(memory).await;
            return self.server.explain(checked).await;
        }

        self.bar.set_message("restart");
        let started = Instant::now();
        self.server = self.launcher.start(ANY_PORT).await?;
        let took_ms = started.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        self.report.restart_ms_max = self.report.restart_ms_max.max(took_ms);
        self.followers.moved(self.server.url());

        self.bar.set_message("check");
        let checked = self.inquest(memory).await;
        self.server.explain(checked).await
    }

    /// A standby that begins has to have what was there before the load: nobody promises more.
    async fn wait_for_standby(&self) -> Result<()> {
        let Some(standby) = &self.standby else { return Ok(()) };
        let ledger = Ledger::connect(&self.server.url()).await?;
        standby.catch_up(Totals::of(&ledger.status().await?).sequence).await
    }

    /// The standby becomes the leader, and gets a standby of its own.
    async fn take_over(&mut self, standby: Standby, memory: &mut Memory) -> Result<()> {
        let started = Instant::now();
        let takeover = standby.promote(&mut self.launcher).await?;
        self.server = self.launcher.start(ANY_PORT).await?;
        let client = Client::on(ledger::connect(&self.server.url()).await?);
        let call = Call::draw(Kind::Unary, 1, 1, &Pool::default(), &mut self.rng);
        let answer = wire::send(&client, &self.accounts, &call, &AtomicBool::new(false)).await?;
        self.report.promoted(started.elapsed());
        takeover.forget(memory, self.killed_at_ns, &mut self.report);
        memory.sent.push(Sent { call, answer: Some(answer) });
        takeover.fence_old(&self.launcher)?;
        let next = takeover.generation;
        self.standby = Some(Standby::start(&self.launcher, &self.server.url(), next).await?);
        Ok(())
    }

    /// Everything that was said is held against what is there.
    async fn inquest(&mut self, mut memory: Memory) -> Result<()> {
        let channel = ledger::connect(&self.server.url()).await?;
        let ledger = Ledger::on(channel.clone());
        let client = Client::on(channel);
        let (accounts, findings) = (&self.accounts, &mut self.findings);
        let found = check::look_up(&ledger, &memory.sent, &self.bar).await?;
        check::check_found(&memory, &found, accounts, findings);
        check::retry_unanswered(&client, accounts, &mut memory, &found, findings).await?;
        check::ask_again(&client, accounts, &memory, findings).await?;
        self.enter(&memory);
        standing::wait_for_due(&ledger, self.reservations.last_due_ns()).await?;
        self.findings.reservations_wrong +=
            standing::check(&ledger, &client, &mut self.reservations).await?;
        self.compare_books(&ledger).await?;
        self.history.sent.append(&mut memory.sent);
        Ok(())
    }

    /// Clients pay until the server is killed in the middle of it.
    async fn load_and_kill(&mut self) -> Result<Memory> {
        let channels = connect(&self.server.url()).await?;
        let shared = Arc::new(Shared::new(Arc::clone(&self.accounts)));
        let pools = std::mem::take(&mut self.pools);
        let crew = clients::start(&shared, &channels, pools, &mut self.rng);
        let (low, high) = KILL_AFTER_US;
        let moment = Duration::from_micros(self.rng.between(low, high));
        let pid = self.server.pid();
        let killer = {
            let shared = Arc::clone(&shared);
            // On a thread of its own: between two calls of the clients' thread is not a random moment.
            tokio::task::spawn_blocking(move || {
                thread::sleep(moment);
                shared.killed.store(true, Ordering::SeqCst);
                let in_flight = shared.in_flight.load(Ordering::SeqCst);
                server_process::kill(pid).map(|()| (in_flight, standby::now_ns()))
            })
        };
        let (in_flight, killed_at_ns) = killer.await??;
        self.killed_at_ns = killed_at_ns;
        let status = self.server.wait(ENDED_WITHIN).await?;
        if status.signal() != Some(SIGKILL) {
            bail!("the server ended by itself ({status}){}", self.server.log().tail());
        }
        let mut memory = clients::gather(crew).await?;
        self.pools = std::mem::take(&mut memory.pools);
        if let Some(fault) = memory.faults.first() {
            bail!(
                "a call failed before the server was killed: {fault}{}",
                self.server.log().tail()
            );
        }
        self.report.kills += 1;
        let cut = in_flight > 0 && memory.cut_off > 0;
        self.report.kills_with_calls_in_flight += u64::from(cut);
        Ok(memory)
    }

    fn count(&mut self, memory: &Memory) {
        let report = &mut self.report;
        report.calls += memory.sent.len() as u64;
        report.calls_cut_off += memory.cut_off;
        report.contradictions += memory.contradictions;
        report.read += memory.seen.len() as u64;
        for sent in &memory.sent {
            report.groups += u64::from(sent.call.is_group());
            if let Some(answer) = &sent.answer {
                report.acknowledged += acknowledged(answer);
                let refused = |told: &&answers::Told| !told.outcome.posted;
                report.refused += answer.members.iter().filter(refused).count() as u64;
            }
        }
    }

    /// Enters everything that was done in a life of the server.
    fn enter(&mut self, memory: &Memory) {
        let answered =
            memory.sent.iter().filter_map(|sent| Some((&sent.call, sent.answer.as_ref()?)));
        for (call, answer) in answered.clone() {
            self.books.enter(call, answer);
        }
        self.reservations.enter(&answered);
    }

    /// All balances, and what is pending, against the sum of all transfers that are there.
    async fn compare_books(&mut self, ledger: &Ledger) -> Result<()> {
        let totals = Totals::of(&ledger.status().await?);
        let accounts = books::accounts(ledger, &self.accounts).await?;
        let difference = self.books.compare(&accounts, totals, &self.reservations)?;
        self.findings.applied_twice += difference.too_much;
        self.report.balances_short += difference.too_little;
        self.report.conserved &= totals.conserved;
        Ok(())
    }

    /// Looks everything up once more: a later crash may have lost what an earlier one had not.
    async fn finish(mut self) -> Result<CrashReport> {
        self.bar.set_message("look everything up once more");
        let channel = ledger::connect(&self.server.url()).await?;
        let ledger = Ledger::on(channel.clone());
        let found: Found = check::look_up(&ledger, &self.history.sent, &self.bar).await?;
        check::check_found(&self.history, &found, &self.accounts, &mut self.findings);
        self.reservations.touch_all();
        self.findings.reservations_wrong +=
            standing::check(&ledger, &Client::on(channel), &mut self.reservations).await?;
        let due = self.reservations.fallen_due();
        self.bar.set_message("let the subscribers hear the end");
        let stories = self.followers.finish().await?;
        let heard = feed::check(&stories, &self.history.sent, &found, &due, self.before);
        self.bar.finish_and_clear();
        self.server.terminate().await?;
        let findings = self.findings;
        let mut report = self.report;
        report.hear(heard);
        report.reservations_wrong = findings.reservations_wrong;
        report.holds = self.reservations.count(false);
        report.payments = self.reservations.count(true);
        report.fell_due = due.len() as u64;
        report.acknowledged_lost = findings.lost;
        report.applied_twice = findings.applied_twice;
        report.groups_split = findings.groups_split;
        report.answers_changed = findings.changed;
        report.unanswered_kept = findings.kept_unanswered;
        report.unanswered_forgotten = findings.forgotten_unanswered;
        if self.launcher.keeps_data() {
            report.data = Some(self.launcher.data().display().to_string());
        }
        Ok(report)
    }
}

/// Transfers whose fate an answer tells for good. A refused group tells that of all its members.
fn acknowledged(answer: &Answer) -> u64 {
    let kept = answer.members.iter().filter(|told| told.outcome.sequence != 0).count();
    let members = if answer.is_refused_group() { answer.members.len() } else { kept };
    members as u64
}

async fn connect(url: &str) -> Result<Vec<Channel>> {
    let mut channels = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        channels.push(ledger::connect(url).await?);
    }
    Ok(channels)
}
