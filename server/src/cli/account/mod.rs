//! `florin account`

mod create;
mod list;
mod show;
mod update;

use clap::Subcommand;
use florin_client::{AccountKey, Client};

use super::failure::{Exit, Failure};
use super::output::Output;

const EXAMPLE: &str = "\
An account is written as its name, or as id: and 32 hex digits.

Example:
  florin account create alice --asset EUR
  florin account show alice";

/// Open, show, list and change accounts
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLE)]
pub(super) enum Account {
    Create(create::Create),
    Show(show::Show),
    List(list::List),
    Update(update::Update),
}

impl Account {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Create(command) => command.run(output).await,
            Self::Show(command) => command.run(output).await,
            Self::List(command) => command.run(output).await,
            Self::Update(command) => command.run(output).await,
        }
    }
}

/// The account, or that there is none.
pub(super) async fn find(
    client: &Client,
    key: &AccountKey,
) -> Result<florin_client::Account, Failure> {
    let lookup = client.get_accounts([key.clone()]).await?;
    lookup.found.into_iter().next().ok_or_else(|| not_found(key))
}

fn not_found(key: &AccountKey) -> Failure {
    Failure::refused("ACCOUNT_NOT_FOUND", format!("there is no account {key}"))
}
