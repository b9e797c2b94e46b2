//! What a statement is written as: one file a form.

mod csv;
mod json;
mod parquet;
mod table;

use florin_client::Account;

use super::entry::{Edge, Entry, Totals};
use crate::cli::failure::Failure;
use crate::cli::names::Names;

pub(super) use csv::Csv;
pub(super) use json::Json;
pub(super) use parquet::Parquet;
pub(super) use table::Text;

/// Where the lines of a statement go, in the order in which it is read.
pub(super) trait Form {
    /// The balance at an end of it.
    fn edge(&mut self, account: &Account, edge: &Edge) -> Result<(), Failure>;

    /// Entries. Called with some at a time.
    fn entries(&mut self, entries: &[Entry<'_>], names: &Names) -> Result<(), Failure>;

    /// What they came to: the last thing.
    fn end(self: Box<Self>, account: &Account, totals: &Totals) -> Result<(), Failure>;
}

/// A decimal date, YYYYMMDD, as people write it.
fn date_text(date: u32) -> String {
    format!("{:04}-{:02}-{:02}", date / 10_000, date / 100 % 100, date % 100)
}

/// Metadata as one text: a JSON object; empty if there is none.
fn metadata_text(entry: &Entry<'_>) -> Result<String, Failure> {
    let metadata = &entry.record.metadata;
    if metadata.is_empty() {
        return Ok(String::new());
    }
    serde_json::to_string(metadata).map_err(|error| Failure::no_answer("OUTPUT_FAILED", &error))
}
