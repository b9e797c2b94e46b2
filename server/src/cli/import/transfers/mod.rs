//! `florin import transfers`

mod rows;
mod seen;
mod send;
mod units;

use std::fs::File;

use clap::Args;
use florin_client::{Client, TransferId};

use super::CHECKED_ROWS;
use super::args::{FileArgs, unreadable};
use super::ask::in_parts;
use super::file::{DateFormat, Findings, Source};
use super::interrupt::Interrupt;
use super::known::{Accounts, Assets};
use super::progress::Bar;
use super::refused_file::RefusedFile;
use super::report::{Checked, Report};
use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use rows::{FIELDS, Terms, TransferRows};
use send::Sender;
use units::{Unit, Units};

const EXAMPLE: &str = "\
Columns, in any order: from, to (names, or id: and 32 hex digits), amount (decimal: 12.50), asset, id, code, value_date,
metadata.KEY, group (rows with the same text are applied all or none). Only from, to and amount are needed if --asset
names the asset of all and --import-name the import.

Without a column of ids a row is known by what it says: a file that was mended can be imported again under the same
name, and only what is missing is applied. A row that says something else is another row.

Example:
  florin import transfers payroll.csv --import-name payroll-2026-11 --asset EUR --refused-to refused.csv
  florin import transfers refused.csv
  florin import transfers orders.csv --import-name shop --key-column order --ignore note --dry-run";

/// Make the transfers of a CSV file
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Transfers {
    #[command(flatten)]
    file: FileArgs,

    /// Name of the import, from which ids follow: the same whenever the same file is imported, another for another
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    import_name: Option<String>,

    /// Column by which a row is known within the import [default: by all that it says]
    #[arg(long, value_name = "COLUMN", requires = "import_name")]
    key_column: Option<String>,

    /// How dates are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    date_format: DateFormat,

    /// Try again what an earlier import found refused, under the id that follows from the refused one
    #[arg(long)]
    retry_refused: bool,

    #[command(flatten)]
    connection: Connection,
}

impl Transfers {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let source = self.file.open()?;
        let client = self.connection.open().await?;
        let assets = Assets::of_server(&client).await?;
        let mut checked = self.check(&source, &client, assets.clone(), output).await?;
        let rows = self.rows(&source, assets, output)?;
        let header = rows.header().clone();
        let import = self.import_name.as_deref().unwrap_or_default();
        let mut units = Units::new(rows, &source, import, self.file.batch_rows());
        if self.file.dry_run {
            count_known(&mut units, &client, &mut checked).await?;
            output.result(&checked)?;
            return Ok(Exit::Done);
        }
        let delimiter = self.file.delimiter;
        let refused_file =
            self.file.refused_to().map(|path| RefusedFile::create(path, &header, delimiter, true));
        let mut report =
            Report::new("transfers", &source.name, checked.rows, refused_file.transpose()?, output);
        let went = self.send(&mut units, &client, &mut report).await;
        report.finish(went)
    }

    fn rows(
        &self,
        source: &Source,
        assets: Assets,
        output: &mut Output<'_>,
    ) -> Result<TransferRows<File>, Failure> {
        let (rows, columns) = self.file.rows(source, FIELDS, self.key_column.as_deref(), output)?;
        let terms = Terms {
            import: self.import_name.clone().unwrap_or_default(),
            asset: self.file.asset.clone(),
            date_format: self.date_format,
        };
        TransferRows::new(rows, columns, terms, assets)
    }

    /// Reads the whole file, and asks for all accounts in it.
    async fn check(
        &self,
        source: &Source,
        client: &Client,
        assets: Assets,
        output: &mut Output<'_>,
    ) -> Result<Checked, Failure> {
        let mut rows = self.rows(source, assets, output)?;
        let mut checked = Checked::new("transfers", &source.name);
        let (mut findings, mut accounts) = (Findings::default(), Accounts::default());
        let bar = Bar::checking(source.bytes());
        loop {
            let (mut sound, mut found, mut is_last) = (Vec::new(), Vec::new(), false);
            while sound.len() + found.len() < CHECKED_ROWS && !is_last {
                match rows.next().map_err(|error| unreadable(source, &error))? {
                    None => is_last = true,
                    Some(Ok(row)) => sound.push(row),
                    Some(Err(wrong)) => found.extend(wrong),
                }
            }
            accounts.learn(client, sound.iter().flat_map(|row| [&row.debit, &row.credit])).await?;
            for row in &sound {
                checked.count(&row.asset, row.amount_minor);
                found.extend(rows.compare(row, &accounts));
            }
            found.sort_by_key(|finding| finding.line);
            findings.extend(found);
            bar.set(rows.bytes());
            if is_last {
                break;
            }
        }
        drop(bar);
        findings.report(&source.name, output)?;
        checked.groups = rows.groups();
        Ok(checked)
    }

    async fn send(
        &self,
        units: &mut Units<'_>,
        client: &Client,
        report: &mut Report<'_, '_>,
    ) -> Result<(), Failure> {
        let interrupt = Interrupt::listen()?;
        let mut sender = Sender { client, interrupt, retry_refused: self.retry_refused };
        while let Some(unit) = units.next()? {
            sender.send(unit, report).await?;
            if self.file.stop_on_refusal && report.tally.refused > 0 {
                break;
            }
        }
        Ok(())
    }
}

/// Asks what became of the rows in earlier imports.
async fn count_known(
    units: &mut Units<'_>,
    client: &Client,
    checked: &mut Checked,
) -> Result<(), Failure> {
    while let Some(unit) = units.next()? {
        let rows = match unit {
            Unit::Batch(rows) => rows,
            Unit::Group(group) => group.rows,
        };
        let ids: Vec<TransferId> = rows.iter().map(|row| row.id).collect();
        let applied = in_parts(&ids, async |asked| {
            let records = client.get_transfers(asked.iter().copied()).await?.found;
            Ok(records.iter().map(|record| record.outcome.is_ok()).collect())
        });
        for applied in applied.await? {
            *(if applied { &mut checked.known } else { &mut checked.refused_before }) += 1;
        }
    }
    Ok(())
}
