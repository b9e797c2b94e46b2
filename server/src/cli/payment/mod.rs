//! `florin payment`

mod cancel;
mod list;
mod show;

use clap::Subcommand;

use super::failure::{Exit, Failure};
use super::output::Output;

const EXAMPLE: &str = "\
A payment is created with `florin pay`, captured with `florin capture` and refunded with `florin refund`.

Example:
  florin payment show 0197f3c2a9b47d11e2c64bb9a0d35f08
  florin payment list --state requires-capture";

/// Show, list and cancel payments
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLE)]
pub(super) enum Payment {
    Show(show::Show),
    List(list::List),
    Cancel(cancel::Cancel),
}

impl Payment {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Show(command) => command.run(output).await,
            Self::List(command) => command.run(output).await,
            Self::Cancel(command) => command.run(output).await,
        }
    }
}
