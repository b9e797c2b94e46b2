//! `florin transfer`

use clap::Args;
use florin_client::{Transfer as NewTransfer, TransferId};

use super::args::{self, Connection, Metadata};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::view::Parties;
use super::{account, send};

const EXAMPLE: &str = "\
The id is the idempotency key: repeat a call with the same --id and it is never a second payment. Without
--id one is made, and printed before anything is sent.

Example:
  florin transfer --from cash --to alice --amount 12.50
  florin transfer --from alice --to bob --amount 1000.00 --up-to-available --value-date 2026-11-30
  florin transfer --reverses 0197f3c2a9b47d11e2c64bb9a0d35f08";

/// Move money from one account to another, or undo a transfer
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Transfer {
    /// Who pays: a name, or id: and 32 hex digits
    #[arg(long, value_name = "ACCOUNT", required_unless_present = "reverses")]
    from: Option<String>,

    /// Who receives
    #[arg(long, value_name = "ACCOUNT", required_unless_present = "reverses")]
    to: Option<String>,

    /// How much, as a decimal number of the accounts' asset: 12.50
    #[arg(long, required_unless_present = "reverses", allow_hyphen_values = true)]
    amount: Option<String>,

    /// Id of the transfer, 32 hex digits [default: a new one]
    #[arg(long, value_name = "HEX")]
    id: Option<TransferId>,

    /// Refuse unless both accounts hold this asset
    #[arg(long, value_name = "CODE")]
    asset: Option<String>,

    /// Move less if the paying account has less available
    #[arg(long)]
    up_to_available: bool,

    /// Date on which it counts [default: when it happens]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = args::date)]
    value_date: Option<u32>,

    /// Yours: a reason or ledger code
    #[arg(long, value_name = "N", default_value_t = 0)]
    code: u32,

    #[command(flatten)]
    metadata: Metadata,

    /// Undo this posted transfer, once and in full; accounts and amount follow from it
    #[arg(
        long,
        value_name = "HEX",
        conflicts_with_all = ["from", "to", "amount", "asset", "up_to_available"]
    )]
    reverses: Option<TransferId>,

    #[command(flatten)]
    connection: Connection,
}

impl Transfer {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let id = send::Id::new(self.id);
        let mut transfer =
            NewTransfer::new(id.id).code(self.code).value_date(self.value_date.unwrap_or(0));
        for (key, value) in self.metadata.into_map()? {
            transfer = transfer.metadata(key, value);
        }
        let (client, parties);
        match (self.reverses, self.from, self.to, self.amount) {
            (Some(original), ..) => {
                transfer = transfer.reverses(original);
                client = self.connection.open().await?;
                parties = None;
            }
            (None, Some(from), Some(to), Some(amount)) => {
                let (debit, credit) = (args::account(&from)?, args::account(&to)?);
                client = self.connection.open().await?;
                let asset = account::find(&client, &debit).await?.asset;
                transfer = transfer
                    .debit(debit.clone())
                    .credit(credit.clone())
                    .amount_minor(args::amount(&amount, &asset)?)
                    .asset(self.asset.unwrap_or_default());
                if self.up_to_available {
                    transfer = transfer.up_to_available();
                }
                parties = Some(Parties { debit, credit, asset });
            }
            _ => return Err(Failure::usage("--from, --to and --amount belong together")),
        }
        send::transfer(&client, id, transfer, parties, output).await
    }
}
