//! `florin account list`

use clap::Args;
use florin_client::{Account, money};

use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::table::{Side, Table};
use crate::cli::view::{AccountView, ceiling_text, floor_text, state_text};

const EXAMPLE: &str = "\
Example:
  florin account list
  florin account list --prefix customer: --limit 10 --json";

/// Rows of the table that are printed together.
const ROWS: usize = 1_000;

/// List accounts in the order of opening, or those with a prefix in the order of names
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct List {
    /// Only accounts whose name begins with this
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    prefix: String,

    /// Stop after so many [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    #[command(flatten)]
    connection: Connection,
}

impl List {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let client = self.connection.open().await?;
        let mut accounts = client.accounts_named(self.prefix);
        let mut table = Table::new([
            ("ACCOUNT", Side::Left),
            ("ASSET", Side::Left),
            ("BALANCE", Side::Right),
            ("AVAILABLE", Side::Right),
            ("FLOOR", Side::Left),
            ("CEILING", Side::Left),
            ("STATE", Side::Left),
        ]);
        let mut left = self.limit.unwrap_or(u64::MAX);
        while left > 0
            && let Some(account) = accounts.next().await?
        {
            left -= 1;
            if output.is_json() {
                output.json_line(&AccountView::new(&account))?;
                continue;
            }
            table.row(row(&account));
            if table.pending() == ROWS {
                output.text(&table.take())?;
            }
        }
        if !output.is_json() {
            output.text(&table.take())?;
        }
        Ok(Exit::Done)
    }
}

fn row(account: &Account) -> [String; 7] {
    let available = account.available_minor;
    [
        account.key().to_string(),
        account.asset.code.clone(),
        account.asset.format_minor(account.balance_minor),
        available.map_or("unlimited".to_owned(), |minor| {
            money::format_minor_unsigned(minor, account.asset.scale)
        }),
        floor_text(account),
        ceiling_text(account),
        state_text(account).to_owned(),
    ]
}
