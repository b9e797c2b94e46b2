//! `florin statement`

use clap::Args;
use florin_client::{
    Account, AccountId, Side as Of, Statement as Pages, TransferKind, TransferRecord, money,
};
use serde::Serialize;

use super::args::{self, Connection, When};
use super::failure::{Exit, Failure};
use super::names::Names;
use super::output::Output;
use super::table::{Side, Table};
use super::view::{RecordView, id_text, kind_text};
use super::{account, time};

const EXAMPLE: &str = "\
Example:
  florin statement alice
  florin statement alice --limit 20 --from 2026-11-01 --until 2026-12-01
  florin statement alice --from 2h --side debit --json";

/// Rows whose accounts are asked for, and that are printed, together.
const ROWS: usize = 100;

/// List what has changed an account, newest first, with its balance after each
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Statement {
    /// Its name, or id: and 32 hex digits
    account: String,

    /// Stop after so many [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// Only from then on: so long ago (10m, 2h, 3d), or a moment (2026-11-30, 2026-11-30T12:00:00Z)
    #[arg(long, value_name = "WHEN")]
    from: Option<When>,

    /// Only before then
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,

    /// Only those in which the account pays (debit) or receives (credit)
    #[arg(long)]
    side: Option<AccountSide>,

    /// Only those with this code
    #[arg(long, value_name = "N")]
    code: Option<u32>,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum AccountSide {
    Debit,
    Credit,
}

/// A line of JSON: the transfer, seen from the account.
#[derive(Debug, Serialize)]
struct Line<'a> {
    sequence: u64,
    timestamp: String,
    timestamp_ns: String,
    account: String,
    side: &'static str,
    asset: &'a str,
    /// What it changed of the balance, signed.
    change: String,
    change_minor: String,
    balance_after: String,
    balance_after_minor: String,
    transfer: RecordView<'a>,
}

impl Statement {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let key = args::account(&self.account)?;
        let client = self.connection.open().await?;
        let account = account::find(&client, &key).await?;
        let mut statement = client.statement(key);
        if let Some(from) = self.from {
            statement = statement.from_ns(from.ago_ns());
        }
        if let Some(until) = self.until {
            statement = statement.until_ns(until.ago_ns());
        }
        if let Some(side) = self.side {
            statement = statement.side(match side {
                AccountSide::Debit => Of::Debit,
                AccountSide::Credit => Of::Credit,
            });
        }
        if let Some(code) = self.code {
            statement = statement.code(code);
        }
        let mut table = Table::new([
            ("TIME", Side::Left),
            ("KIND", Side::Left),
            ("WITH", Side::Left),
            ("CHANGE", Side::Right),
            ("RESERVED", Side::Right),
            ("BALANCE", Side::Right),
            ("ID", Side::Left),
        ]);
        let mut names = Names::default();
        let mut left = self.limit.unwrap_or(u64::MAX);
        loop {
            let (records, more) = some(&mut statement, &mut left).await?;
            let with = records.iter().filter_map(|record| partner(record, account.id));
            names.learn(&client, with).await;
            for record in &records {
                let Some(row) = Row::of(record, &account) else {
                    continue; // refused: it has changed nothing
                };
                if output.is_json() {
                    output.json_line(&row.json(&names))?;
                } else {
                    table.row(row.cells(&names));
                }
            }
            if !output.is_json() {
                output.text(&table.take())?;
            }
            if !more {
                return Ok(Exit::Done);
            }
        }
    }
}

/// Some more of a statement, and whether there may be more.
async fn some(
    statement: &mut Pages,
    left: &mut u64,
) -> Result<(Vec<TransferRecord>, bool), Failure> {
    let mut records = Vec::new();
    while records.len() < ROWS && *left > 0 {
        let Some(record) = statement.next().await? else {
            return Ok((records, false));
        };
        records.push(record);
        *left -= 1;
    }
    Ok((records, *left > 0))
}

/// The other account.
fn partner(record: &TransferRecord, of: AccountId) -> Option<AccountId> {
    if record.debit_account == Some(of) { record.credit_account } else { record.debit_account }
}

/// A transfer, seen from one of its accounts.
struct Row<'a> {
    record: &'a TransferRecord,
    account: &'a Account,
    sequence: u64,
    timestamp_ns: u64,
    pays: bool,
    /// What moved.
    moved_minor: u128,
    /// What more is reserved after it, or less.
    reserved: Option<(&'static str, u128)>,
    balance_minor: i128,
}

impl<'a> Row<'a> {
    fn of(record: &'a TransferRecord, account: &'a Account) -> Option<Self> {
        use TransferKind::{
            Capture, Change, DueCapture, DueRelease, Hold, PaymentAuthorize, PaymentCancel,
            PaymentCapture, PaymentDueCapture, PaymentExpire, Release,
        };
        let posted = record.outcome.as_ref().ok()?;
        let amount = posted.amount_minor;
        let with_rest = amount.saturating_add(record.released_minor.unwrap_or(0));
        let (moved_minor, reserved) = match record.kind {
            Hold | Change | PaymentAuthorize => (0, Some(("+", amount))),
            Release | DueRelease | PaymentCancel | PaymentExpire => (0, Some(("-", amount))),
            Capture | DueCapture | PaymentCapture | PaymentDueCapture => {
                (amount, Some(("-", with_rest)))
            }
            _ => (amount, None),
        };
        let pays = record.debit_account == Some(account.id);
        let balance_minor =
            if pays { posted.debit_balance_after_minor } else { posted.credit_balance_after_minor };
        Some(Self {
            record,
            account,
            sequence: posted.sequence,
            timestamp_ns: posted.timestamp_ns,
            pays,
            moved_minor,
            reserved: reserved.filter(|(_, minor)| *minor > 0),
            balance_minor,
        })
    }

    fn change(&self, write: impl Fn(u128) -> String) -> String {
        match (self.moved_minor, self.pays) {
            (0, _) => String::new(),
            (minor, true) => format!("-{}", write(minor)),
            (minor, false) => format!("+{}", write(minor)),
        }
    }

    fn decimal(&self, minor: u128) -> String {
        money::format_minor_unsigned(minor, self.account.asset.scale)
    }

    fn cells(&self, names: &Names) -> [String; 7] {
        let with = partner(self.record, self.account.id);
        let reserved = self.reserved.map(|(sign, minor)| format!("{sign}{}", self.decimal(minor)));
        [
            time::utc_ms(self.timestamp_ns),
            kind_text(self.record).replace('_', " "),
            with.map(|id| names.of(id).to_string()).unwrap_or_default(),
            self.change(|minor| self.decimal(minor)),
            reserved.unwrap_or_default(),
            self.account.asset.format_minor(self.balance_minor),
            id_text(self.record),
        ]
    }

    fn json(&self, names: &Names) -> Line<'_> {
        let asset = &self.account.asset;
        let or_zero = |text: String| if text.is_empty() { "0".to_owned() } else { text };
        Line {
            sequence: self.sequence,
            timestamp: time::utc(self.timestamp_ns),
            timestamp_ns: self.timestamp_ns.to_string(),
            account: self.account.key().to_string(),
            side: if self.pays { "debit" } else { "credit" },
            asset: &asset.code,
            change: or_zero(self.change(|minor| self.decimal(minor))),
            change_minor: or_zero(self.change(|minor| minor.to_string())),
            balance_after: asset.format_minor(self.balance_minor),
            balance_after_minor: self.balance_minor.to_string(),
            transfer: RecordView::new(self.record, Some(asset), names),
        }
    }
}
