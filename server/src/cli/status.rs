//! `florin status`

use clap::Args;

use super::args::Connection;
use super::failure::{Exit, Failure};
use super::output::Output;
use super::view::StatusView;

const EXAMPLE: &str = "\
Example:
  florin status
  florin status --json --server http://ledger.internal:7411";

/// Show how a running engine is: what it holds, how far it is durable, whether it takes payments
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Status {
    #[command(flatten)]
    connection: Connection,
}

impl Status {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let client = self.connection.open().await?;
        let status = client.status().await?;
        output.result(&StatusView::new(self.connection.server(), &status))?;
        Ok(Exit::Done)
    }
}
