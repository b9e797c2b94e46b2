//! `florin promote`

use std::path::PathBuf;

use clap::Args;

use super::failure::{Exit, Failure};
use super::output::Output;
use crate::follow::promote::{self, PromoteOptions};

const EXAMPLE: &str = "\
Stop `florin follow` first. The old leader is fenced if it can be reached, and the last of what it has is taken over; if
it cannot be, it must be fenced by hand before it starts again, with the token that is written.

Example: the leader is dead
  florin promote --data standby --token fence.token
  florin serve --data standby
Example: change places without losing anything, with the leader running
  florin promote --data standby --old http://db-1:7411";

/// Promote a stopped standby: fence the old leader, and make the copy the ledger that `florin serve` opens
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Promote {
    /// Directory of the standby
    #[arg(
        long,
        env = "FLORIN_DATA",
        hide_env_values = true,
        default_value = "florin-data",
        value_name = "DIR"
    )]
    data: PathBuf,

    /// Address of the old leader [default: the one that was followed]
    #[arg(long, value_name = "URL", conflicts_with = "old_is_gone")]
    old: Option<String>,

    /// Do not ask the old leader: it is known to be gone
    #[arg(long)]
    old_is_gone: bool,

    /// Go on without events that the old leader is known to have had, and that cannot be had from it any more
    #[arg(long)]
    lose: bool,

    /// What has changed on disk in the last frame of the copy is cut off, and said: what the old leader does not give again is lost
    #[arg(long)]
    cut_damaged_tail: bool,

    /// Write the fence token here too [it stands in the data directory as FENCE]
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,

    /// Where the new leader will be, for whoever reads the fence [default: host and directory]
    #[arg(long, value_name = "TEXT")]
    place: Option<String>,
}

impl Promote {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let Self { data, old, old_is_gone, lose, cut_damaged_tail, token, place } = self;
        let options =
            PromoteOptions { data, old, old_is_gone, lose, cut_damaged_tail, token, place };
        let promoting = Box::pin(promote::run(&options));
        let promoted = promoting.await.map_err(|error| Failure::standby(&error))?;
        output.result(&promoted)?;
        Ok(Exit::Done)
    }
}
