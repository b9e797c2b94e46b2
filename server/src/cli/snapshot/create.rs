use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::SnapshotView;
use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;

const EXAMPLE: &str = "\
Example:
  florin snapshot create";

/// Take a snapshot now
///
/// Payments go on meanwhile. Two snapshots are kept; an older one is deleted when this one is whole. Ctrl-C stops
/// waiting, not the snapshot.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Create {
    #[command(flatten)]
    connection: Connection,
}

impl Create {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let client = self.connection.open().await?;
        let mut taking = client.create_snapshot().await?;
        let style = "taking a snapshot [{bar:30}] {pos}/{len} pieces, {eta} left";
        let style =
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(0).with_style(style);
        while let Some(progress) = taking.next().await? {
            bar.set_length(progress.pieces_total);
            bar.set_position(progress.pieces_done);
            if let Some(snapshot) = progress.snapshot {
                bar.finish_and_clear();
                output.result(&SnapshotView::of(&snapshot, Some("taken")))?;
                return Ok(Exit::Done);
            }
        }
        bar.finish_and_clear();
        Err(Failure::no_answer("SNAPSHOT_FAILED", &"the server ended the call before it was whole"))
    }
}
