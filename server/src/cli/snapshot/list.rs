use clap::Args;

use super::SnapshotView;
use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;

const EXAMPLE: &str = "\
Example:
  florin snapshot list --json";

/// List the snapshots that are whole, the newest first
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    connection: Connection,
}

impl List {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let snapshots = self.connection.open().await?.snapshots().await?;
        if snapshots.is_empty() && !output.is_json() {
            output.note("there are no snapshots: take one with `florin snapshot create`")?;
        }
        for snapshot in &snapshots {
            output.result(&SnapshotView::of(snapshot, None))?;
        }
        Ok(Exit::Done)
    }
}
