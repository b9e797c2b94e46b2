//! Florin from outside: how fast it is (`bench`), whether it agrees with real books (`replay`, `run`)
//! and whether it keeps its word when it is killed (`crash`).
//!
//! Everything here goes through the gRPC contract and `/proc`: no part of the engine is linked in.

mod bench;
mod cli;
mod crash;
mod echo;
mod figures;
mod florin_binary;
mod latency;
mod ledger;
mod load;
mod machine;
mod names;
mod pacer;
mod proc_stats;
mod progress;
mod replay;
#[cfg(test)]
mod report_schema;
mod rng;
mod run;
mod server_log;
mod server_process;
mod signals;
mod table;
mod target;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::cli::{Cli, Command};

// The same allocator as the server, so that the echo is the server without its engine.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit codes, for scripts.
mod exit {
    /// Everything matched.
    pub const OK: u8 = 0;
    /// It ran, and something did not match.
    pub const MISMATCH: u8 = 1;
    /// It could not run.
    pub const FAILED: u8 = 2;
    /// The synthetic purchases ran in place of the real ones, and matched.
    pub const SYNTHETIC: u8 = 3;
    /// Interrupted by Ctrl-C or SIGTERM.
    pub const INTERRUPTED: u8 = 130;
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let code = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli.command)),
        Err(error) => Err(error.into()),
    };
    ExitCode::from(code.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        exit::FAILED
    }))
}

async fn dispatch(command: Command) -> Result<u8> {
    match command {
        Command::Bench(args) => guarded(Box::pin(bench::run(&args))).await,
        Command::Replay(args) => guarded(replay::run(&args)).await,
        Command::Crash(args) => guarded(Box::pin(crash::run(&args))).await,
        // These serve until they are told to stop, which is their proper end.
        Command::EchoServer(args) => echo::serve(&args).await,
        Command::Run(args) => run::run(&args).await,
    }
}

/// Gives the work up on Ctrl-C, which also stops the servers that it started.
async fn guarded(work: impl Future<Output = Result<u8>>) -> Result<u8> {
    let finished = signals::unless_interrupted(work).await;
    finished.unwrap_or(Ok(exit::INTERRUPTED))
}
