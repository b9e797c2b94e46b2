//! CSV as in RFC 4180: a header, records that end with CRLF, quotes where they are needed.
//!
//! A spreadsheet takes a text that begins with `=`, `+`, `-` or `@` for a formula, and a name may begin so. Such texts,
//! of whoever's choosing, get an apostrophe before them. Amounts are numbers of ours and keep their sign.

use std::borrow::Cow;
use std::io::Write;

use csv::{Terminator, Writer, WriterBuilder};
use florin_client::{Account, money};

use super::{Form, date_text, metadata_text};
use crate::cli::failure::Failure;
use crate::cli::names::Names;
use crate::cli::statement::entry::{Edge, Entry, Totals};
use crate::cli::time;
use crate::cli::view::{id_text, kind_text};

/// The header. Columns may be added at the end, and never change their meaning.
const COLUMNS: [&str; 23] = [
    "line",
    "sequence",
    "time",
    "time_ns",
    "value_date",
    "kind",
    "id",
    "account",
    "side",
    "counterparty",
    "counterparty_id",
    "asset",
    "change",
    "change_minor",
    "reserved",
    "reserved_minor",
    "balance",
    "balance_minor",
    "pending",
    "pending_minor",
    "code",
    "reverses",
    "metadata",
];

/// Records of CSV.
pub(in crate::cli::statement) struct Csv<'a> {
    out: Writer<&'a mut dyn Write>,
}

impl<'a> Csv<'a> {
    pub fn new(out: &'a mut dyn Write) -> Result<Self, Failure> {
        let mut out = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        out.write_record(COLUMNS).map_err(failed)?;
        Ok(Self { out })
    }
}

impl Form for Csv<'_> {
    fn edge(&mut self, account: &Account, edge: &Edge) -> Result<(), Failure> {
        let asset = &account.asset;
        let mut record = [const { Cow::Borrowed("") }; COLUMNS.len()];
        let mut set = |column: &str, text: String| {
            if let Some(at) = COLUMNS.iter().position(|name| *name == column) {
                record[at] = text.into();
            }
        };
        set("line", edge.which.text().to_owned());
        set("time", time::utc(edge.time_ns));
        set("time_ns", edge.time_ns.to_string());
        set("account", harmless(account.key().to_string()));
        set("asset", asset.code.clone());
        set("balance", asset.format_minor(edge.balance_minor));
        set("balance_minor", edge.balance_minor.to_string());
        set("pending", money::format_minor_unsigned(edge.pending_minor, asset.scale));
        set("pending_minor", edge.pending_minor.to_string());
        self.out.write_record(record.iter().map(|cell| cell.as_bytes())).map_err(failed)
    }

    fn entries(&mut self, entries: &[Entry<'_>], names: &Names) -> Result<(), Failure> {
        for entry in entries {
            let asset = &entry.account.asset;
            let minor = |(sign, minor): (&str, u128)| match sign {
                "-" => format!("-{minor}"),
                _ => minor.to_string(),
            };
            let decimal = |(sign, minor): (&'static str, u128)| match sign {
                "-" => entry.decimal((sign, minor)),
                _ => entry.decimal(("", minor)),
            };
            let counterparty = entry.counterparty();
            let name = counterparty.map(|id| harmless(names.of(id).to_string()));
            let record: [String; COLUMNS.len()] = [
                "entry".to_owned(),
                entry.sequence.to_string(),
                time::utc(entry.timestamp_ns),
                entry.timestamp_ns.to_string(),
                entry.record.value_date.map(date_text).unwrap_or_default(),
                kind_text(entry.record),
                id_text(entry.record),
                harmless(entry.account.key().to_string()),
                entry.side_text().to_owned(),
                name.unwrap_or_default(),
                counterparty.map(|id| id.to_string()).unwrap_or_default(),
                asset.code.clone(),
                entry.change().map(decimal).unwrap_or_default(),
                entry.change().map(minor).unwrap_or_default(),
                entry.reserved.map(decimal).unwrap_or_default(),
                entry.reserved.map(minor).unwrap_or_default(),
                asset.format_minor(entry.balance_minor),
                entry.balance_minor.to_string(),
                money::format_minor_unsigned(entry.pending_minor, asset.scale),
                entry.pending_minor.to_string(),
                entry.record.code.to_string(),
                entry.record.reverses.map(|id| id.to_string()).unwrap_or_default(),
                harmless(metadata_text(entry)?),
            ];
            self.out.write_record(&record).map_err(failed)?;
        }
        Ok(())
    }

    fn end(mut self: Box<Self>, _: &Account, _: &Totals) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn failed(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => Failure::no_answer("OUTPUT_FAILED", &format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_could_be_formulas() {
        for (text, expected) in [
            ("alice", "alice"),
            ("", ""),
            ("id:0000", "id:0000"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+cmd", "'+cmd"),
            ("-1", "'-1"),
            ("=1+1", "'=1+1"),
            ("\t=1", "'\t=1"),
            ("a=1", "a=1"),
            ("{\"k\":\"=1\"}", "{\"k\":\"=1\"}"),
        ] {
            assert_eq!(harmless(text.to_owned()), expected);
        }
    }
}
