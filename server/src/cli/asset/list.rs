//! `florin asset list`

use clap::Args;

use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::table::{Side, Table};
use crate::cli::view::AssetView;

const EXAMPLE: &str = "\
Example:
  florin asset list";

/// List every asset in use
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    connection: Connection,
}

impl List {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let client = self.connection.open().await?;
        let mut table = Table::new([("CODE", Side::Left), ("SCALE", Side::Right)]);
        for asset in client.list_assets().await? {
            if output.is_json() {
                output.json_line(&AssetView::listed(&asset))?;
            } else {
                table.row([asset.code, asset.scale.to_string()]);
            }
        }
        if !output.is_json() {
            output.text(&table.take())?;
        }
        Ok(Exit::Done)
    }
}
