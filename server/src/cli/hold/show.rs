//! `florin hold show`

use clap::Args;
use florin_client::TransferId;

use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure, not_found};
use crate::cli::names::Names;
use crate::cli::output::Output;
use crate::cli::view::HoldView;

const EXAMPLE: &str = "\
Example:
  florin hold show 0197f3c2a9b47d11e2c64bb9a0d35f08
  florin hold show 0197f3c2a9b47d11e2c64bb9a0d35f08 0197f3c2a9b47d11e2c64bb9a0d35f09 --json";

/// Show holds: what is captured, released and left of them, and when they fall due
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Show {
    /// Ids of the holds, 32 hex digits each
    #[arg(required = true, value_name = "HOLD")]
    holds: Vec<TransferId>,

    #[command(flatten)]
    connection: Connection,
}

impl Show {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let client = self.connection.open().await?;
        let lookup = client.get_holds(self.holds).await?;
        let mut names = Names::default();
        let accounts =
            lookup.found.iter().flat_map(|hold| [hold.debit_account, hold.credit_account]);
        names.learn(&client, accounts).await;
        for (index, hold) in lookup.found.iter().enumerate() {
            if index > 0 && !output.is_json() {
                output.text("\n")?;
            }
            output.result(&HoldView::new(hold, &names))?;
        }
        for id in &lookup.missing {
            output.error(&not_found("hold", *id))?;
        }
        Ok(if lookup.missing.is_empty() { Exit::Done } else { Exit::Refused })
    }
}
