//! The command line: one file a command.
//!
//! Every command prints for people, or with `--json` one JSON object a result. It ends with 0 if all
//! is well, 1 if something was refused, 2 if it was used wrongly, 3 if there is no answer.

mod account;
mod args;
mod asset;
mod backup;
mod capture;
mod clock;
mod completions;
mod either;
mod failure;
mod fence;
mod follow;
mod fork;
mod hold;
mod import;
mod names;
mod output;
mod pay;
mod payment;
mod promote;
mod refund;
mod release;
mod restore;
mod send;
mod serve;
mod snapshot;
mod statement;
mod status;
mod table;
mod time;
mod transfer;
mod verify;
mod view;
mod watch;

use std::future::Future;
use std::io::{self, ErrorKind, IsTerminal as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::{Exit, Failure};
use output::Output;

/// An in-memory payment engine that acknowledges nothing that is not on disk.
#[derive(Debug, Parser)]
#[command(name = "florin", version, arg_required_else_help = true, after_help = EXAMPLE)]
struct Cli {
    /// Print one JSON object a result; errors as {"error":{"reason":…,"message":…}}
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

const EXAMPLE: &str = "\
Example: a first payment
  florin serve
  florin account create cash --asset EUR --floor none
  florin account create alice --asset EUR
  florin transfer --from cash --to alice --amount 12.50";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    #[command(subcommand)]
    Account(account::Account),
    #[command(subcommand)]
    Asset(asset::Asset),
    Transfer(transfer::Transfer),
    Hold(hold::Hold),
    Pay(pay::Pay),
    Capture(capture::Capture),
    Release(release::Release),
    Refund(refund::Refund),
    #[command(subcommand)]
    Payment(payment::Payment),
    Statement(statement::Statement),
    Watch(watch::Watch),
    Status(status::Status),
    #[command(subcommand)]
    Clock(clock::Clock),
    #[command(subcommand, name = "snapshot")]
    Snapshots(snapshot::Snapshots),
    #[command(subcommand)]
    Import(import::Import),
    Verify(verify::Verify),
    Follow(follow::Follow),
    Promote(promote::Promote),
    Fence(fence::FenceOld),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Fork(fork::Fork),
    Completions(completions::Completions),
}

/// Runs the command that the arguments of the process name.
#[must_use]
pub fn run() -> ExitCode {
    let (mut stdout, mut stderr) = (io::BufWriter::new(io::stdout()), io::stderr());
    let exit = match Cli::try_parse() {
        Ok(cli) => {
            let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let output = Output::new(cli.json, &mut stdout, &mut stderr);
            cli.run(&mut output.coloured(colour))
        }
        Err(misuse) => {
            let json = std::env::args_os().any(|argument| argument == "--json");
            answer_misuse(&misuse, &mut Output::new(json, &mut stdout, &mut stderr))
        }
    };
    exit.into()
}

/// Prints what clap has to say instead of a command: help, version, or what was used wrongly.
fn answer_misuse(misuse: &clap::Error, output: &mut Output) -> Exit {
    if misuse.use_stderr() && output.is_json() {
        return output.finish(Err(Failure::misuse(misuse)));
    }
    // If it cannot be printed, nobody is there to read why.
    let _ = misuse.print();
    if misuse.use_stderr() { Exit::Misused } else { Exit::Done }
}

impl Cli {
    fn run(self, output: &mut Output) -> Exit {
        let ended = match self.command {
            Command::Serve(command) => command.run(),
            Command::Verify(command) => command.run(self.json),
            Command::Backup(command) => command.run(output),
            Command::Restore(command) => command.run(output),
            Command::Fork(command) => command.run(output),
            Command::Follow(command) => command.run(),
            Command::Promote(command) => wait_for(command.run(output)),
            Command::Fence(command) => wait_for(command.run(output)),
            Command::Account(command) => wait_for(command.run(output)),
            Command::Asset(command) => wait_for(command.run(output)),
            Command::Transfer(command) => wait_for(command.run(output)),
            Command::Hold(command) => wait_for(command.run(output)),
            Command::Pay(command) => wait_for(command.run(output)),
            Command::Capture(command) => wait_for(command.run(output)),
            Command::Release(command) => wait_for(command.run(output)),
            Command::Refund(command) => wait_for(command.run(output)),
            Command::Payment(command) => wait_for(command.run(output)),
            Command::Statement(command) => wait_for(command.run(output)),
            Command::Watch(command) => wait_for(command.run(output)),
            Command::Import(command) => wait_for(command.run(output)),
            Command::Clock(command) => wait_for(command.run(output)),
            Command::Snapshots(command) => wait_for(command.run(output)),
            Command::Completions(command) => command.run(output),
            Command::Status(command) => wait_for(command.run(output)),
        };
        output.finish(ended)
    }
}

/// Runs a command that talks to a server.
fn wait_for(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::no_answer("RUNTIME", &error))?;
    runtime.block_on(command)
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::reader_gone(),
            _ => Self::no_answer("OUTPUT_FAILED", &error),
        }
    }
}

#[cfg(test)]
mod tests;
