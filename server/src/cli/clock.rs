//! `florin clock`

use std::fmt;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::Connection;
use super::failure::{Exit, Failure};
use super::output::Output;

/// Say that the clock is right after it has jumped forward
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  florin clock accept")]
pub(super) enum Clock {
    Accept(Accept),
}

const EXAMPLE: &str = "\
Example:
  florin clock accept";

/// Let fall due what was held back since the clock jumped forward
///
/// When the clock of the server jumps forward past the time of holds and payments, they are held back: look at the
/// clock first. `florin status` says whether something is held back.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Accept {
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Serialize)]
struct Accepted {
    status: &'static str,
    was_paused: bool,
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.was_paused {
            "accepted: what was held back falls due now"
        } else {
            "accepted: nothing was held back"
        })
    }
}

impl Clock {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let Self::Accept(Accept { connection }) = self;
        let was_paused = connection.open().await?.accept_clock().await?;
        output.result(&Accepted { status: "accepted", was_paused })?;
        Ok(Exit::Done)
    }
}
