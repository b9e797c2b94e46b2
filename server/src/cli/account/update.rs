//! `florin account update`

use clap::{Args, ValueEnum};
use florin_client::AccountUpdate;

use crate::cli::args::{self, CeilingText, Connection, FloorText};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::view::AccountView;

use super::find;

const EXAMPLE: &str = "\
Example:
  florin account update alice --freeze debits
  florin account update alice --freeze none --floor overdraft:50.00
  florin account update alice --ceiling 1000.00
  florin account update alice --close";

/// Freeze, unfreeze or close an account, or set its floor or ceiling
///
/// All of it or nothing. Shows the account afterwards.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Update {
    /// Its name, or id: and 32 hex digits
    account: String,

    #[command(flatten)]
    changes: Changes,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// Directions to freeze; none unfreezes
    #[arg(long)]
    freeze: Option<Freeze>,

    /// How far its balance may fall: zero, none (no limit) or overdraft:AMOUNT
    #[arg(long)]
    floor: Option<FloorText>,

    /// How far its balance may rise, with what is reserved for it: AMOUNT or none (no limit)
    #[arg(long, allow_hyphen_values = true)]
    ceiling: Option<CeilingText>,

    /// Close it for good, which needs balance zero
    #[arg(long)]
    close: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Freeze {
    /// Nothing
    None,
    /// Money may come in, not go out
    Debits,
    /// Money may go out, not come in
    Credits,
    /// Neither
    Both,
}

impl Update {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let key = args::account(&self.account)?;
        let client = self.connection.open().await?;
        let mut update = AccountUpdate::new(key.clone());
        if let Some(freeze) = self.changes.freeze {
            update = update.freeze(freeze.into());
        }
        let asset = async || Ok(find(&client, &key).await?.asset);
        if let Some(floor) = &self.changes.floor {
            update = update.floor(floor.read(asset).await?);
        }
        if let Some(ceiling) = &self.changes.ceiling {
            update = update.ceiling_minor(ceiling.read(asset).await?);
        }
        if self.changes.close {
            update = update.close();
        }
        let account = client.update_account(update).await?;
        output.result(&AccountView::new(&account))?;
        Ok(Exit::Done)
    }
}

impl From<Freeze> for florin_client::Freeze {
    fn from(freeze: Freeze) -> Self {
        match freeze {
            Freeze::None => Self::None,
            Freeze::Debits => Self::Debits,
            Freeze::Credits => Self::Credits,
            Freeze::Both => Self::Both,
        }
    }
}
