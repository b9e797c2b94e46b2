//! How quick a restart is: `cargo bench -p florin-server --bench restart -- --accounts 10M --transfers 50M --snapshot-at 30M`.
//!
//! A process journals accounts and transfers through the engine, in bulk, takes a snapshot on the way and is killed. Its
//! files are dropped from the page cache. Then a process after the other starts on them, pays once, and is killed: each
//! says how long it took to that payment, and what the digest of the state was before and after it.

#[path = "../common/mod.rs"]
mod common;
mod report;
mod start;
mod write;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use florin_actors::OpenedEngine;
use florin_actors::archive::ArchiveSettings;
use rustix::fs::Advice;
use serde::Serialize;
use serde::de::DeserializeOwned;

use common::{Failure, count, process, workload};
use report::Report;
use start::Start;
use write::Written;

/// When this process began, as near as it can tell.
static PROCESS_BEGAN: OnceLock<Instant> = OnceLock::new();

/// Measures a restart from a snapshot and the journal behind it.
#[derive(Debug, Parser)]
struct Args {
    /// Accounts to open
    #[arg(long, value_parser = count, default_value = "100K")]
    accounts: u64,
    /// Transfers to journal
    #[arg(long, value_parser = count, default_value = "500K")]
    transfers: u64,
    /// The snapshot is taken after so many of them; 0 = none is taken
    #[arg(long, value_parser = count, default_value = "300K")]
    snapshot_at: u64,
    /// Starts to measure, one after the other
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    starts: u32,
    /// Segment size
    #[arg(long, value_parser = count, default_value = "268435456")]
    segment_bytes: u64,
    /// Folder for the data directory, which is deleted afterwards [default: a temporary one]
    #[arg(long, env = "FLORIN_BENCH_DIR")]
    dir: Option<PathBuf>,
    /// Print one JSON object on the last line
    #[arg(long)]
    json: bool,
    /// What this process does: it starts itself for the parts of the work
    #[arg(long, hide = true, value_enum, default_value_t = Role::Measure)]
    role: Role,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    Measure,
    Write,
    Start,
}

fn main() -> Result<(), Failure> {
    PROCESS_BEGAN.get_or_init(Instant::now);
    let args = Args::parse();
    match args.role {
        Role::Measure => measure(&args),
        Role::Write => in_engine(&args, write::run),
        Role::Start => in_engine(&args, start::run),
    }
}

fn measure(args: &Args) -> Result<(), Failure> {
    let parent = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    let place = tempfile::TempDir::new_in(parent)?;
    let written: Written = part(args, Role::Write, place.path())?;
    let mut expected = written.digest.clone();
    let mut starts = Vec::new();
    for _ in 0..args.starts {
        drop_from_cache(place.path())?;
        let mut start: Start = part(args, Role::Start, place.path())?;
        start.digest_equal = start.digest_before == expected;
        expected.clone_from(&start.digest_after);
        starts.push(start);
    }
    let report = Report::of(args, written, starts);
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
    }
    if report.digest_equal { Ok(()) } else { Err("the state differs after a restart".into()) }
}

/// Runs a part of the work in a process of its own.
fn part<T: DeserializeOwned>(args: &Args, role: Role, dir: &Path) -> Result<T, Failure> {
    let arguments = [
        ("--accounts", args.accounts),
        ("--transfers", args.transfers),
        ("--snapshot-at", args.snapshot_at),
        ("--segment-bytes", args.segment_bytes),
    ];
    let role = if role == Role::Write { "write" } else { "start" };
    process::part(role, dir, &arguments.map(|(name, value)| (name, value.to_string())))
}

/// Drops the files in a folder from the page cache.
fn drop_from_cache(dir: &Path) -> Result<(), Failure> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            drop_from_cache(&path)?;
        } else {
            let file = File::open(&path)?;
            rustix::fs::fsync(&file)?; // what is not on disk is kept
            rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)?;
        }
    }
    Ok(())
}

/// Runs something with an engine in this process.
fn in_engine<T: Serialize>(
    args: &Args,
    run: impl AsyncFnOnce(&Args, OpenedEngine) -> Result<T, Failure>,
) -> Result<(), Failure> {
    let dir = args.dir.as_ref().ok_or("--dir is missing")?;
    let options = process::engine_options(dir, args.segment_bytes, ArchiveSettings::NONE);
    process::in_engine(&options, async |opened| run(args, opened).await)
}
