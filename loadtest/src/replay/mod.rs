//! `replay`: real and simulated books, with every balance compared.

mod amlsim;
pub mod baskets;
mod berka;
mod berka_rows;
mod book;
pub mod journey;
mod rows;
mod waves;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::ServerArgs;
use crate::exit;
use crate::ledger::Ledger;
use crate::target::Target;

#[cfg(test)]
pub use amlsim::AmlsimReport;
#[cfg(test)]
pub use berka::BerkaReport;

/// Arguments of `replay`.
#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    #[command(subcommand)]
    history: History,
    /// Print one JSON object, on the last line of standard output
    #[arg(long, global = true)]
    json: bool,
}

/// Which history.
#[derive(Debug, Clone, Subcommand)]
enum History {
    /// 15 months of a real bank: its balance after every row is compared
    #[command(after_help = "Example:\n  florin-loadtest replay berka data/berka1993 --json")]
    Berka {
        /// Folder with `transactions.csv.gz` and `expected_closing_balances.csv.gz`, if it is at hand
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Simulated account-to-account transfers, without overdraft: most are refused
    #[command(after_help = "Example:\n  florin-loadtest replay amlsim data/amlsim_20k --json")]
    Amlsim {
        /// Folder with `accounts.csv.gz` and `transactions_train.csv.gz`
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Real grocery purchases, each paid on its own
    #[command(after_help = "Example:\n  florin-loadtest replay journey baskets.csv --json\n\n\
                            The file comes from loadtest/scripts/baskets.py.")]
    Journey {
        /// File with `basket_id,household_id,store_id,timestamp,amount_minor`
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Made-up purchases of the same shape
    #[command(after_help = "Example:\n  florin-loadtest replay synthetic --seed 7 --json")]
    Synthetic {
        /// Seed of the purchases
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
        /// How many purchases
        #[arg(long, value_name = "N", default_value_t = baskets::REAL_SHAPE.baskets,
              value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
        baskets: u64,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// Replays a history and prints its report.
pub async fn run(args: &ReplayArgs) -> Result<u8> {
    let (History::Berka { server, .. }
    | History::Amlsim { server, .. }
    | History::Journey { server, .. }
    | History::Synthetic { server, .. }) = &args.history;
    // What is wrong with a file is said before a server is started for it.
    let baskets = match &args.history {
        History::Journey { file, .. } => baskets::read(file)?,
        History::Synthetic { seed, baskets, .. } => {
            baskets::REAL_SHAPE.scaled_to(*baskets).generate(*seed)
        }
        History::Berka { .. } | History::Amlsim { .. } => Vec::new(),
    };
    let mut target = Target::open(server).await?;
    let data = target.kept_data();
    let result = async {
        let ledger = Ledger::connect(target.url()).await?;
        match &args.history {
            History::Berka { dir, .. } => {
                let mut report = berka::replay(&ledger, dir).await?;
                report.data = data;
                finished(args, report.matches(), &report, || report.render())
            }
            History::Amlsim { dir, .. } => {
                let mut report = amlsim::replay(&ledger, dir).await?;
                report.data = data;
                finished(args, report.matches(), &report, || report.render())
            }
            History::Journey { .. } | History::Synthetic { .. } => {
                let synthetic = matches!(args.history, History::Synthetic { .. });
                let mut report = journey::replay(&ledger, &baskets, synthetic).await?;
                report.data = data;
                target.url().clone_into(&mut report.server);
                finished(args, report.matches(), &report, || report.render())
            }
        }
    };
    let result = result.await;
    let finished = target.explain(result).await?;
    target.close().await?;
    println!("{}", finished.text);
    Ok(if finished.matches { exit::OK } else { exit::MISMATCH })
}

/// A report that is ready to be printed, once the server has been stopped.
#[derive(Debug)]
struct Finished {
    matches: bool,
    text: String,
}

fn finished(
    args: &ReplayArgs,
    matches: bool,
    report: &impl Serialize,
    table: impl FnOnce() -> String,
) -> Result<Finished> {
    let text = if args.json {
        serde_json::to_string(report)?
    } else {
        let verdict = if matches { "all matches" } else { "MISMATCH" };
        format!("{}\n  {verdict}", table())
    };
    Ok(Finished { matches, text })
}
