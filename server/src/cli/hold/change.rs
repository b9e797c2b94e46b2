//! `florin hold change`

use clap::Args;
use florin_client::{Transfer, TransferId};

use crate::cli::args::{self, Connection, When};
use crate::cli::failure::{Exit, Failure, not_found};
use crate::cli::output::Output;
use crate::cli::send;

const EXAMPLE: &str = "\
Example:
  florin hold change 0197f3c2a9b47d11e2c64bb9a0d35f08 --increase 5.00
  florin hold change 0197f3c2a9b47d11e2c64bb9a0d35f08 --due 3d";

/// Increase a hold, or move the time at which it falls due
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Change {
    /// Id of the hold, 32 hex digits
    hold: TransferId,

    #[command(flatten)]
    changes: Changes,

    /// Id of this change, 32 hex digits [default: a new one]
    #[arg(long, value_name = "HEX")]
    id: Option<TransferId>,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Changes {
    /// By how much, as a decimal number of the accounts' asset: 12.50
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    increase: Option<String>,

    /// When it falls due: so long from now (10m, 2h, 3d), or a moment (2026-11-30T12:00:00Z)
    #[arg(long, value_name = "WHEN")]
    due: Option<When>,
}

impl Change {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let id = send::Id::new(self.id);
        let client = self.connection.open().await?;
        let hold = client.get_holds([self.hold]).await?.found.pop();
        let hold = hold.ok_or_else(|| not_found("hold", self.hold))?;
        let parties = send::parties_of(&client, hold.debit_account, hold.credit_account).await?;
        let mut change = Transfer::change(id.id, hold.id);
        if let Some(increase) = &self.changes.increase {
            change = change.amount_minor(args::amount(increase, &parties.asset)?);
        }
        if let Some(due) = self.changes.due {
            change = change.due_at_ns(due.ahead_ns());
        }
        send::transfer(&client, id, change, Some(parties), output).await
    }
}
