//! `florin import accounts`

mod rows;

use clap::Args;
use florin_client::{Client, Error};

use super::args::{FileArgs, unreadable};
use super::file::{Findings, Source};
use super::interrupt::Interrupt;
use super::known::{Accounts as Known, Assets};
use super::progress::Bar;
use super::refused_file::RefusedFile;
use super::report::{Checked, RefusedRows, Report};
use super::{CHECKED_ROWS, FILLED_BYTES_MAX};
use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::view::RefusedView;
use rows::{AccountRow, AccountRows, FIELDS};

const EXAMPLE: &str = "\
Columns, in any order: account (name, or id: and 32 hex digits), asset, floor (zero, none or overdraft:AMOUNT), ceiling
(AMOUNT or none), metadata.KEY. Only account is needed if --asset names the asset of all.

Safe to repeat: an account that is open with the same content is known.

Example:
  florin import accounts accounts.csv --asset EUR
  florin import accounts kunden.csv --delimiter semicolon --map account=Konto --ignore Bemerkung --dry-run";

/// Open the accounts of a CSV file
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Accounts {
    #[command(flatten)]
    file: FileArgs,

    #[command(flatten)]
    connection: Connection,
}

impl Accounts {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let source = self.file.open()?;
        let client = self.connection.open().await?;
        let assets = Assets::of_server(&client).await?;
        let checked = self.check(&source, &client, assets.clone(), output).await?;
        if self.file.dry_run {
            output.result(&checked)?;
            return Ok(Exit::Done);
        }
        let mut rows = self.rows(&source, assets, output)?;
        let refused_file = self
            .file
            .refused_to()
            .map(|path| RefusedFile::create(path, rows.header(), self.file.delimiter, false));
        let mut report =
            Report::new("accounts", &source.name, checked.rows, refused_file.transpose()?, output);
        let went = self.send(&source, &mut rows, &client, &mut report).await;
        report.finish(went)
    }

    fn rows(
        &self,
        source: &Source,
        assets: Assets,
        output: &mut Output<'_>,
    ) -> Result<AccountRows<std::fs::File>, Failure> {
        let (rows, columns) = self.file.rows(source, FIELDS, None, output)?;
        Ok(AccountRows::new(rows, columns, self.file.asset.clone(), assets))
    }

    /// Reads the whole file, and asks which accounts are open already.
    async fn check(
        &self,
        source: &Source,
        client: &Client,
        assets: Assets,
        output: &mut Output<'_>,
    ) -> Result<Checked, Failure> {
        let mut rows = self.rows(source, assets, output)?;
        let mut checked = Checked::new("accounts", &source.name);
        let (mut findings, mut known) = (Findings::default(), Known::default());
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
            known.learn(client, sound.iter().map(|row| &row.key)).await?;
            for row in &sound {
                checked.rows += 1;
                checked.known += u64::from(known.asset_of(&row.key).is_some());
                found.extend(rows.compare(row, &known));
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
        Ok(checked)
    }

    async fn send(
        &self,
        source: &Source,
        rows: &mut AccountRows<std::fs::File>,
        client: &Client,
        report: &mut Report<'_, '_>,
    ) -> Result<(), Failure> {
        let mut interrupt = Interrupt::listen()?;
        let mut held = None;
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < self.file.batch_rows() {
                let row = match held.take() {
                    Some(row) => row,
                    None => match rows.next().map_err(|error| unreadable(source, &error))? {
                        None => break,
                        Some(Ok(row)) => row,
                        // It was right when it was checked.
                        Some(Err(_)) => return Err(source.changed()),
                    },
                };
                bytes += row.wire_bytes();
                if bytes > FILLED_BYTES_MAX {
                    held = Some(row);
                    break;
                }
                batch.push(row);
            }
            if batch.is_empty() {
                return source.check_unchanged();
            }
            open(&batch, client, &mut interrupt, report).await?;
            interrupt.check()?;
            if self.file.stop_on_refusal && report.tally.refused > 0 {
                return Ok(());
            }
        }
    }
}

/// Opens accounts, and reports what became of each.
async fn open(
    batch: &[AccountRow],
    client: &Client,
    interrupt: &mut Interrupt,
    report: &mut Report<'_, '_>,
) -> Result<(), Failure> {
    let outcomes =
        interrupt.answer(client.create_accounts(batch.iter().map(AccountRow::account))).await?;
    if outcomes.len() != batch.len() {
        return Err(Error::Malformed { what: "not one result for each account" }.into());
    }
    for (row, outcome) in batch.iter().zip(outcomes) {
        match outcome {
            Ok(opened) => report.applied(1, opened.replayed),
            Err(refusal) => report.refused(&RefusedRows {
                line: row.line,
                group: None,
                subject: row.key.to_string(),
                view: RefusedView::object(&row.key.to_string(), &refusal, Some(&row.asset)),
                refusal: &refusal,
                asset: Some(&row.asset),
                used_up: None,
                rows: vec![(row.line, &row.cells)],
            })?,
        }
    }
    Ok(())
}
