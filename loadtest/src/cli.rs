//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::bench::BenchArgs;
use crate::crash::CrashArgs;
use crate::echo::EchoArgs;
use crate::replay::ReplayArgs;
use crate::run::RunArgs;

/// Measures a Florin server, replays real books through it, and kills it under load.
///
/// Every command starts its own server on a fresh data directory unless told otherwise, prints tables
/// for people, and with --json exactly one JSON object on the last line of standard output. The keys
/// are documented in loadtest/REPORT.md.
#[derive(Debug, Parser)]
#[command(name = "florin-loadtest", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Throughput, latency, server CPU, disk and memory, each with spread and conditions
    #[command(after_help = "Example:\n  florin-loadtest bench --quick --json")]
    Bench(BenchArgs),
    /// Replays a real or simulated history and compares every balance
    #[command(after_help = "Example:\n  florin-loadtest replay berka data/berka1993 --json")]
    Replay(ReplayArgs),
    /// Kills the server under load again and again, and checks what it had promised
    #[command(after_help = "Example:\n  florin-loadtest crash --kills 20 --json")]
    Crash(CrashArgs),
    /// Pays every basket of a CSV file, reports, then serves until Ctrl-C
    #[command(
        after_help = "Example:\n  florin-loadtest run --baskets baskets.csv --data florin-data --once\n\n\
                      Exit code: 0 all matches, 1 something does not, 2 could not run, 3 the synthetic \
                      purchases ran and match."
    )]
    Run(RunArgs),
    /// Serves the contract without an engine, as a base line for `bench`
    #[command(
        hide = true,
        after_help = "Example:\n  florin-loadtest echo-server --listen 127.0.0.1:0"
    )]
    EchoServer(EchoArgs),
}

/// Which server to work on.
#[derive(Debug, Clone, Default, Args)]
pub struct ServerArgs {
    /// Data directory for the server that is started, kept afterwards [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Use the server that runs here instead of starting one
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    pub server: Option<String>,
    /// The florin binary [default: the one beside this program]
    #[arg(long, env = "FLORIN_BIN", value_name = "PATH")]
    pub florin: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_command_shows_an_example() {
        fn walk(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            if !command.has_subcommands() {
                let help = command.get_after_help().map(ToString::to_string);
                assert!(
                    help.is_some_and(|text| text.contains("Example:")),
                    "{} has no example",
                    command.get_name()
                );
            }
            command.get_subcommands().for_each(walk);
        }
        let command = Cli::command();
        command.clone().debug_assert();
        walk(&command);
    }
}
