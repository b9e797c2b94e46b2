//! `florin account create`

use clap::Args;
use florin_client::{Error, NewAccount};

use crate::cli::args::{self, CeilingText, Connection, FloorText, Metadata};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::view::{OpenedView, RefusedView};

const EXAMPLE: &str = "\
Example:
  florin account create alice --asset EUR
  florin account create cash --asset EUR --floor none
  florin account create bob --asset EUR --floor overdraft:100.00 --metadata branch=7
  florin account create gift-card:7 --asset EUR --ceiling 250.00";

/// Open an account
///
/// Safe to repeat: the same account with the same content is answered as the first time.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Create {
    /// Its name, or id: and 32 hex digits
    account: String,

    /// Code of the asset it holds: ISO 4217, or registered before
    #[arg(long, value_name = "CODE")]
    asset: String,

    /// How far its balance may fall: zero, none (no limit) or overdraft:AMOUNT
    #[arg(long, default_value = "zero")]
    floor: FloorText,

    /// How far its balance may rise, with what is reserved for it: AMOUNT or none (no limit)
    #[arg(long, default_value = "none", allow_hyphen_values = true)]
    ceiling: CeilingText,

    #[command(flatten)]
    metadata: Metadata,

    #[command(flatten)]
    connection: Connection,
}

impl Create {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let key = args::account(&self.account)?;
        let metadata = self.metadata.into_map()?;
        let client = self.connection.open().await?;

        let asset = async || args::asset(&client, &self.asset).await;
        let mut account =
            NewAccount::new(key.clone(), self.asset.clone()).floor(self.floor.read(asset).await?);
        if let Some(limit) = self.ceiling.read(asset).await? {
            account = account.ceiling_minor(limit);
        }
        for (key, value) in metadata {
            account = account.metadata(key, value);
        }
        let outcome = client.create_accounts([account]).await?.pop();
        match outcome.ok_or(Error::Malformed { what: "no result for the account" })? {
            Ok(opened) => {
                output.result(&OpenedView::new(&key, &self.asset, opened))?;
                Ok(Exit::Done)
            }
            Err(refusal) => {
                output.result(&RefusedView::object(&key.to_string(), &refusal, None))?;
                Ok(Exit::Refused)
            }
        }
    }
}
