//! `florin import`: books that move in from a CSV file.
//!
//! The file is read twice. The first time everything is checked, and nothing is sent if anything is wrong with it. The
//! second time it is sent, in the order of the file, one batch after the other. A row has the same id whenever it is
//! read, so an import that was stopped, for whatever reason, goes on by being run again.

mod accounts;
mod args;
mod ask;
mod file;
mod ids;
mod interrupt;
mod known;
mod progress;
mod refused_file;
mod report;
mod transfers;

use clap::Subcommand;
use florin_proto::MESSAGE_BYTES_MAX;

use super::failure::{Exit, Failure};
use super::output::Output;

const EXAMPLE: &str = "\
The file is checked as a whole before anything is sent. An import can be run again at any time: what is known is not
applied twice. docs/IMPORT.md has all columns, and what happens to rows that are refused.

Example:
  florin import accounts accounts.csv
  florin import transfers payroll.csv --import-name payroll-2026-11 --dry-run
  florin import transfers payroll.csv --import-name payroll-2026-11 --refused-to refused.csv";

/// Bytes of a message that are filled at most. Some are left for what goes around the members.
const FILLED_BYTES_MAX: usize = MESSAGE_BYTES_MAX - (64 << 10);

/// Rows that are checked together: accounts that they name are asked for at once.
const CHECKED_ROWS: usize = 4_000;

/// Import accounts or transfers from a CSV file
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLE)]
pub(super) enum Import {
    Accounts(accounts::Accounts),
    Transfers(Box<transfers::Transfers>),
}

impl Import {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Accounts(command) => command.run(output).await,
            Self::Transfers(command) => command.run(output).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::Cli;

    #[test]
    fn what_is_used_wrongly() {
        for (line, fine) in [
            ("", false),
            ("accounts", false),
            ("accounts -", true),
            ("accounts a.csv --batch 0", false),
            ("accounts a.csv --batch 8190 --delimiter ;", true),
            ("accounts a.csv --batch 8191", false),
            ("accounts a.csv --delimiter ab", false),
            ("accounts a.csv --map account", false),
            ("accounts a.csv --map account=Konto --map asset=W --ignore x", true),
            ("accounts a.csv --import-name x", false),
            ("accounts a.csv --dry-run --refused-to r.csv", false),
            ("transfers t.csv", true),
            ("transfers t.csv --key-column k", false),
            ("transfers t.csv --key-column k --import-name x", true),
            ("transfers t.csv --date-format dmy --retry-refused", true),
            ("transfers t.csv --date-format german", false),
        ] {
            let line = format!("florin import {line}");
            let parsed = Cli::try_parse_from(line.split_whitespace());
            assert_eq!(parsed.is_ok(), fine, "{line:?}: {parsed:?}");
        }
    }
}
