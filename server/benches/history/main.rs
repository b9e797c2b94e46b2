//! What a long history costs: `cargo bench -p florin-server --bench history -- --transfers 200M --json`.
//!
//! Two data directories are made: one with that many transfers, whose older segments are archived but for the last tenth of
//! the transfers; and one with a tenth of the transfers, of which only the first segment is archived. Every transfer is
//! really journaled, sealed and merged by an engine in a process of its own. Only the archive is a thin one: it takes and
//! gives back each segment, so that it is retired as always, and keeps the first ones alone.
//!
//! Then processes are started on copies of the two in turn, so that each finds the same. Each says how much memory it has, whether ids of the first segment are
//! answered as the first time, and how many transfers with new random ids it journals in a second.

mod again;
mod ask;
#[path = "../common/mod.rs"]
mod common;
mod place;
mod report;
mod settle;
mod write;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Parser, ValueEnum};
use florin_actors::OpenedEngine;
use florin_actors::archive::ArchiveSettings;
use florin_persistence::SEGMENT_BYTES_DEFAULT;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use ask::Asked;
use common::{Failure, count, process};
use report::{Made, Report};
use write::Written;

/// With so many transfers, segments have their usual size; with fewer, so much less that there are as many of them.
const TRANSFERS_FULL: u64 = 200_000_000;
/// Segments are no smaller: a bulk call's frame has to fit.
const SEGMENT_BYTES_LEAST: u64 = 4 << 20;
/// What a transfer in bulk takes of a segment.
const BYTES_A_TRANSFER: u64 = 176;

/// Measures what a long history costs: bulk throughput with all ids known, memory, look-ups.
#[derive(Debug, Parser)]
struct Args {
    /// Transfers of the long history; it is compared with one of a tenth of them
    #[arg(long, value_parser = count, default_value = "2M")]
    transfers: u64,
    /// Accounts
    #[arg(long, value_parser = count, default_value = "100K")]
    accounts: u64,
    /// How often each of the two is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Segment size [default: 256 MiB at 200M transfers, and in proportion]
    #[arg(long, value_parser = count)]
    segment_bytes: Option<u64>,
    /// Folder for the data directories, which are deleted afterwards [default: a temporary one]
    #[arg(long, env = "FLORIN_BENCH_DIR")]
    dir: Option<PathBuf>,
    /// Print one JSON object on the last line
    #[arg(long)]
    json: bool,
    /// What this process does: it starts itself for the parts of the work
    #[arg(long, hide = true, value_enum, default_value_t = Role::Compare)]
    role: Role,
    /// Transfers that are there already
    #[arg(long, hide = true, default_value_t = 0)]
    from: u64,
    /// Segments are archived meanwhile
    #[arg(long, hide = true, default_value_t = false, action = clap::ArgAction::Set)]
    archiving: bool,
    /// What the first answers came to
    #[arg(long, hide = true, default_value = "")]
    first_answers: String,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    Compare,
    Write,
    Ask,
}

impl Args {
    fn segment_bytes(&self) -> u64 {
        let usual = u128::from(SEGMENT_BYTES_DEFAULT) * u128::from(self.transfers)
            / u128::from(TRANSFERS_FULL);
        let usual = u64::try_from(usual).unwrap_or(u64::MAX) & !((1 << 20) - 1);
        self.segment_bytes.unwrap_or(usual.clamp(SEGMENT_BYTES_LEAST, SEGMENT_BYTES_DEFAULT))
    }

    /// Transfers that a segment holds, about.
    fn segment_transfers(&self) -> u64 {
        self.segment_bytes() / BYTES_A_TRANSFER
    }
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    match args.role {
        Role::Compare => compare(&args),
        Role::Write => in_engine(&args, write::run),
        Role::Ask => in_engine(&args, ask::run),
    }
}

fn compare(args: &Args) -> Result<(), Failure> {
    let parent = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    let place = tempfile::TempDir::new_in(parent)?;
    let tenth = args.transfers / 10;
    let first_segment = args.segment_transfers() + args.segment_transfers() / 4;
    if args.accounts < 2 || tenth < first_segment {
        return Err("at least two accounts, and a segment in a tenth of the transfers".into());
    }
    let load_before = load_average()?;
    let short = make(args, &place.path().join("short"), first_segment, tenth)?;
    let long = make(args, &place.path().join("long"), args.transfers - tenth, args.transfers)?;
    let bar = bar(u64::from(args.rounds), "measuring", "rounds");
    let (mut asked_short, mut asked_long) = (Vec::new(), Vec::new());
    for _ in 0..args.rounds {
        asked_short.push(ask(args, &short)?);
        asked_long.push(ask(args, &long)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let load = [load_before, load_average()?];
    let report = Report::of(args, (short, asked_short), (long, asked_long), load);
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
    }
    if report.old_id_answered_as_first {
        Ok(())
    } else {
        Err("an id of the first segment is not answered as the first time".into())
    }
}

/// Makes a history: so many transfers whose segments are archived, and the rest of them.
fn make(args: &Args, dir: &Path, archived: u64, transfers: u64) -> Result<Made, Failure> {
    std::fs::create_dir(dir)?;
    let begun = Instant::now();
    let archived: Written = process::part("write", dir, &arguments(args, archived, 0, true))?;
    let rest = arguments(args, transfers, archived.through, false);
    let rest: Written = process::part("write", dir, &rest)?;
    Ok(Made {
        dir: dir.to_path_buf(),
        transfers,
        first_answers: archived.first_answers,
        seconds_to_make: begun.elapsed().as_secs_f64(),
        disk_bytes: disk_bytes(dir)?,
        segments_archived: rest.segments_archived,
        segments: rest.segments,
    })
}

/// Measures a history, which stays as it is.
fn ask(args: &Args, made: &Made) -> Result<Asked, Failure> {
    let mut arguments = arguments(args, args.transfers, made.transfers, false);
    arguments.push(("--first-answers", made.first_answers.clone()));
    let copy = made.dir.with_extension("again");
    again::copy(&made.dir, &copy)?;
    let asked = process::part("ask", &copy, &arguments);
    std::fs::remove_dir_all(&copy)?;
    asked
}

/// What the process of a part is told.
fn arguments(
    args: &Args,
    transfers: u64,
    from: u64,
    archiving: bool,
) -> Vec<(&'static str, String)> {
    vec![
        ("--transfers", transfers.to_string()),
        ("--from", from.to_string()),
        ("--archiving", archiving.to_string()),
        ("--accounts", args.accounts.to_string()),
        ("--segment-bytes", args.segment_bytes().to_string()),
    ]
}

/// Runs something with an engine in this process.
fn in_engine<T: Serialize>(
    args: &Args,
    run: impl AsyncFnOnce(&Args, OpenedEngine) -> Result<T, Failure>,
) -> Result<(), Failure> {
    let dir = args.dir.as_ref().ok_or("--dir is missing")?;
    let archive = dir.join("archive").to_str().map(str::to_owned).ok_or("--dir is no text")?;
    let to = args.archiving.then_some(archive);
    let archive = ArchiveSettings { to, keep_segments: 0, open: place::open };
    let options = process::engine_options(dir, args.segment_bytes(), archive);
    process::in_engine(&options, async |opened| run(args, opened).await)
}

fn bar(len: u64, doing: &'static str, what: &str) -> ProgressBar {
    let style = format!("{{msg}} [{{bar:30}}] {{human_pos}}/{{human_len}} {what}, {{eta}} left");
    let style =
        ProgressStyle::with_template(&style).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(len).with_style(style).with_message(doing)
}

/// What a folder takes of the disk.
fn disk_bytes(dir: &Path) -> Result<u64, Failure> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += metadata.blocks() * 512;
        if metadata.is_dir() {
            bytes += disk_bytes(&entry.path())?;
        }
    }
    Ok(bytes)
}

/// Of the last minute: what else the machine does.
fn load_average() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}
