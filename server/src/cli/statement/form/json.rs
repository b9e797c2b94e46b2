//! A JSON object a line; `line` says what it is.

use std::io::Write;

use florin_client::{Account, money};
use serde::Serialize;

use super::Form;
use crate::cli::failure::Failure;
use crate::cli::names::Names;
use crate::cli::statement::entry::{Edge, Entry, Totals};
use crate::cli::time;
use crate::cli::view::RecordView;

/// Lines of JSON.
pub(in crate::cli::statement) struct Json<'a> {
    out: &'a mut dyn Write,
}

/// The balance at an end of the statement: `opening` or `closing`.
#[derive(Debug, Serialize)]
struct EdgeLine<'a> {
    line: &'static str,
    timestamp: String,
    timestamp_ns: String,
    account: String,
    asset: &'a str,
    balance: String,
    balance_minor: String,
    pending: String,
    pending_minor: String,
}

/// The transfer, seen from the account.
#[derive(Debug, Serialize)]
struct EntryLine<'a> {
    line: &'static str,
    sequence: u64,
    timestamp: String,
    timestamp_ns: String,
    account: String,
    side: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    counterparty: Option<String>,
    asset: &'a str,
    /// What it changed of the balance, signed.
    change: String,
    change_minor: String,
    balance_after: String,
    balance_after_minor: String,
    pending_after: String,
    pending_after_minor: String,
    transfer: RecordView<'a>,
}

/// What the entries come to.
#[derive(Debug, Serialize)]
struct TotalsLine<'a> {
    line: &'static str,
    entries: u64,
    asset: &'a str,
    #[serde(rename = "in")]
    incoming: String,
    in_minor: String,
    #[serde(rename = "out")]
    outgoing: String,
    out_minor: String,
}

impl<'a> Json<'a> {
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut *self.out, line).map_err(std::io::Error::from)?;
        Ok(writeln!(self.out)?)
    }
}

impl Form for Json<'_> {
    fn edge(&mut self, account: &Account, edge: &Edge) -> Result<(), Failure> {
        let asset = &account.asset;
        self.line(&EdgeLine {
            line: edge.which.text(),
            timestamp: time::utc(edge.time_ns),
            timestamp_ns: edge.time_ns.to_string(),
            account: account.key().to_string(),
            asset: &asset.code,
            balance: asset.format_minor(edge.balance_minor),
            balance_minor: edge.balance_minor.to_string(),
            pending: money::format_minor_unsigned(edge.pending_minor, asset.scale),
            pending_minor: edge.pending_minor.to_string(),
        })
    }

    fn entries(&mut self, entries: &[Entry<'_>], names: &Names) -> Result<(), Failure> {
        for entry in entries {
            let asset = &entry.account.asset;
            let change = entry.change();
            let minor = |(sign, minor): (&str, u128)| format!("{sign}{minor}");
            let or_zero = |text: Option<String>| text.unwrap_or_else(|| "0".to_owned());
            self.line(&EntryLine {
                line: "entry",
                sequence: entry.sequence,
                timestamp: time::utc(entry.timestamp_ns),
                timestamp_ns: entry.timestamp_ns.to_string(),
                account: entry.account.key().to_string(),
                side: entry.side_text(),
                counterparty: entry.counterparty().map(|id| names.of(id).to_string()),
                asset: &asset.code,
                change: or_zero(change.map(|change| entry.decimal(change))),
                change_minor: or_zero(change.map(minor)),
                balance_after: asset.format_minor(entry.balance_minor),
                balance_after_minor: entry.balance_minor.to_string(),
                pending_after: money::format_minor_unsigned(entry.pending_minor, asset.scale),
                pending_after_minor: entry.pending_minor.to_string(),
                transfer: RecordView::new(entry.record, Some(asset), names),
            })?;
        }
        Ok(())
    }

    fn end(mut self: Box<Self>, account: &Account, totals: &Totals) -> Result<(), Failure> {
        let decimal = |minor| money::format_minor_unsigned(minor, account.asset.scale);
        self.line(&TotalsLine {
            line: "totals",
            entries: totals.entries,
            asset: &account.asset.code,
            incoming: decimal(totals.in_minor),
            in_minor: totals.in_minor.to_string(),
            outgoing: decimal(totals.out_minor),
            out_minor: totals.out_minor.to_string(),
        })
    }
}
