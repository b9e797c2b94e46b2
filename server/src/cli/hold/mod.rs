//! `florin hold`

mod change;
mod place;
mod show;

use clap::{Args, Subcommand};

use super::failure::{Exit, Failure};
use super::output::Output;

const EXAMPLE: &str = "\
A hold is captured with `florin capture` and given back with `florin release`.

Example:
  florin hold --from alice --to shop --amount 20.00
  florin hold --from alice --to shop --amount 20.00 --due 10m --at-due capture
  florin hold show 0197f3c2a9b47d11e2c64bb9a0d35f08";

/// Reserve money to be captured later; show and change what is reserved
///
/// The id is the idempotency key: repeat a call with the same --id and it is never a second hold.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLE,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(super) struct Hold {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    place: place::Place,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(show::Show),
    Change(change::Change),
}

impl Hold {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        match self.command {
            Some(Command::Show(command)) => command.run(output).await,
            Some(Command::Change(command)) => command.run(output).await,
            None => self.place.run(output).await,
        }
    }
}
