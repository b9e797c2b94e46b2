//! `florin hold` itself

use clap::Args;
use florin_client::{Transfer, TransferId};

use crate::cli::args::{self, AtDue, Connection, Metadata, When};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::view::Parties;
use crate::cli::{account, send};

/// What a hold is placed with. Required, unless another command is named; then nothing of it is there.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// Whose money is reserved: a name, or id: and 32 hex digits
    #[arg(long, value_name = "ACCOUNT", required = true)]
    from: Option<String>,

    /// For whom
    #[arg(long, value_name = "ACCOUNT", required = true)]
    to: Option<String>,

    /// How much, as a decimal number of the accounts' asset: 12.50
    #[arg(long, required = true, allow_hyphen_values = true)]
    amount: Option<String>,

    /// When it falls due: so long from now (10m, 2h, 3d), or a moment (2026-11-30T12:00:00Z) [default: never]
    #[arg(long, value_name = "WHEN")]
    due: Option<When>,

    /// What becomes of the rest then [default: release]
    #[arg(long, requires = "due")]
    at_due: Option<AtDue>,

    /// Id of the hold, 32 hex digits [default: a new one]
    #[arg(long, value_name = "HEX")]
    id: Option<TransferId>,

    /// Yours: a reason or ledger code
    #[arg(long, value_name = "N", default_value_t = 0)]
    code: u32,

    #[command(flatten)]
    metadata: Metadata,

    #[command(flatten)]
    connection: Connection,
}

impl Place {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let id = send::Id::new(self.id);
        let (Some(from), Some(to), Some(amount)) = (self.from, self.to, self.amount) else {
            return Err(Failure::usage("--from, --to and --amount belong together"));
        };
        let (debit, credit) = (args::account(&from)?, args::account(&to)?);
        let metadata = self.metadata.into_map()?;
        let client = self.connection.open().await?;
        let asset = account::find(&client, &debit).await?.asset;
        let mut hold = Transfer::hold(id.id)
            .debit(debit.clone())
            .credit(credit.clone())
            .amount_minor(args::amount(&amount, &asset)?)
            .code(self.code);
        if let Some(due) = self.due {
            hold = hold.due_at_ns(due.ahead_ns());
        }
        if let Some(at_due) = self.at_due {
            hold = hold.at_due(at_due.into());
        }
        for (key, value) in metadata {
            hold = hold.metadata(key, value);
        }
        send::transfer(&client, id, hold, Some(Parties { debit, credit, asset }), output).await
    }
}
