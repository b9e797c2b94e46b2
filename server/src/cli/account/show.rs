//! `florin account show`

use clap::Args;

use crate::cli::args::{self, Connection};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::view::AccountView;

use super::not_found;

const EXAMPLE: &str = "\
Example:
  florin account show alice
  florin account show alice bob --json";

/// Show accounts: balance, what is available, floor, state
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Show {
    /// Names, or id: and 32 hex digits
    #[arg(required = true)]
    accounts: Vec<String>,

    #[command(flatten)]
    connection: Connection,
}

impl Show {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let keys: Result<Vec<_>, _> =
            self.accounts.iter().map(|account| args::account(account)).collect();
        let keys = keys?;
        let client = self.connection.open().await?;
        let lookup = client.get_accounts(keys).await?;
        for (index, account) in lookup.found.iter().enumerate() {
            if index > 0 && !output.is_json() {
                output.text("\n")?;
            }
            output.result(&AccountView::new(account))?;
        }
        for key in &lookup.missing {
            output.error(&not_found(key))?;
        }
        Ok(if lookup.missing.is_empty() { Exit::Done } else { Exit::Refused })
    }
}
