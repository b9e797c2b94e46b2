//! `florin asset create`

use clap::Args;
use florin_client::{Asset, Error};

use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::view::{AssetView, RefusedView};

const EXAMPLE: &str = "\
Example:
  florin asset create POINTS --scale 0
  florin asset create GOLD_G --scale 4";

/// Register an asset that is not in ISO 4217: points, tokens, stock units
///
/// Safe to repeat. Currencies of ISO 4217 need no registration.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Create {
    /// Its code: 1 to 16 characters of A-Z 0-9 _, beginning with a letter
    code: String,

    /// Decimals of its minor unit, 0 to 18
    #[arg(long, value_name = "DECIMALS")]
    scale: u32,

    #[command(flatten)]
    connection: Connection,
}

impl Create {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let client = self.connection.open().await?;
        let asset = Asset::new(self.code, self.scale);
        let outcome = client.create_assets([asset.clone()]).await?.pop();
        match outcome.ok_or(Error::Malformed { what: "no result for the asset" })? {
            Ok(registered) => {
                output.result(&AssetView::registered(&asset, registered.replayed))?;
                Ok(Exit::Done)
            }
            Err(refusal) => {
                output.result(&RefusedView::object(&asset.code, &refusal, Some(&asset)))?;
                Ok(Exit::Refused)
            }
        }
    }
}
