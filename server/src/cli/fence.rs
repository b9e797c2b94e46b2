//! `florin fence`

use std::path::PathBuf;

use clap::Args;

use super::failure::{Exit, Failure};
use super::output::Output;
use crate::follow::fence;

const EXAMPLE: &str = "\
The token is the file FENCE in the data directory of the new leader, or what `florin promote --token` has written.

Example:
  florin fence --data florin-data --token fence.token
  florin fence --server http://db-1:7411 --token fence.token";

/// Fence an old leader: it never serves again
///
/// A server that runs answers FENCED to every payment and read from then on, and refuses to start on this directory again
/// (`DATA_FENCED`). Nothing in its journal is changed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct FenceOld {
    /// Data directory of the old leader, which is stopped
    #[arg(long, value_name = "DIR", required_unless_present = "server")]
    data: Option<PathBuf>,

    /// Address of the old leader, which runs
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    server: Option<String>,

    /// Token of the promotion
    #[arg(long, value_name = "FILE")]
    token: PathBuf,
}

impl FenceOld {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let refused = |error: anyhow::Error| Failure::standby(&error);
        let token = fence::read_token(&self.token).map_err(refused)?;
        let fenced = match (&self.server, &self.data) {
            (Some(server), _) => fence::server(server, &token).await,
            (None, Some(data)) => fence::directory(data, &token),
            (None, None) => return Err(Failure::usage("name --data or --server")),
        };
        let fenced = fenced.map_err(refused)?;
        output.result(&fenced)?;
        Ok(Exit::Done)
    }
}
