//! `florin asset`

mod create;
mod list;

use clap::Subcommand;

use super::failure::{Exit, Failure};
use super::output::Output;

/// Register assets that are not in ISO 4217, and list those in use
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  florin asset create POINTS --scale 0\n  florin asset list")]
pub(super) enum Asset {
    Create(create::Create),
    List(list::List),
}

impl Asset {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Create(command) => command.run(output).await,
            Self::List(command) => command.run(output).await,
        }
    }
}
