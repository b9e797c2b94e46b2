//! What became of the rows: refusals as they come, and a summary in the end.

use std::fmt::{self, Write as _};
use std::io;

use csv::StringRecord;
use florin_client::{Asset, Reason, Refusal, money};
use serde::Serialize;

use super::file::shown;
use super::progress::Bar;
use super::refused_file::{RefusedFile, RefusedRow};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::table;
use crate::cli::view::RefusedView;

/// How many rows came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    /// Applied now.
    pub applied: u64,
    /// Applied by an earlier import.
    pub known: u64,
    /// Refused, now or before.
    pub refused: u64,
}

impl Tally {
    pub fn all(self) -> u64 {
        self.applied + self.known + self.refused
    }
}

/// What a file holds that is fit to be sent.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    status: &'static str,
    what: &'static str,
    file: String,
    pub rows: u64,
    /// Of them in groups.
    pub groups: u64,
    /// Rows that an earlier import applied.
    pub known: u64,
    /// Rows that an earlier import found refused.
    pub refused_before: u64,
    totals: Vec<Total>,
}

/// What is moved of an asset.
#[derive(Debug, Serialize)]
struct Total {
    asset: String,
    amount: String,
    #[serde(serialize_with = "as_text")]
    amount_minor: u128,
    #[serde(skip)]
    scale: u32,
}

fn as_text<S: serde::Serializer>(minor: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(minor)
}

impl Checked {
    pub fn new(what: &'static str, file: &str) -> Self {
        Self {
            status: "checked",
            what,
            file: file.to_owned(),
            rows: 0,
            groups: 0,
            known: 0,
            refused_before: 0,
            totals: Vec::new(),
        }
    }

    /// Counts a transfer.
    pub fn count(&mut self, asset: &Asset, amount_minor: u128) {
        self.rows += 1;
        let known = self.totals.iter().position(|total| total.asset == asset.code);
        let place = known.unwrap_or_else(|| {
            let asset = asset.clone();
            let amount = String::new();
            self.totals.push(Total {
                asset: asset.code,
                amount,
                amount_minor: 0,
                scale: asset.scale,
            });
            self.totals.len() - 1
        });
        let total = &mut self.totals[place];
        // 2^32 rows of the largest decimal amount would fit.
        total.amount_minor = total.amount_minor.saturating_add(amount_minor);
        total.amount = money::format_minor_unsigned(total.amount_minor, total.scale);
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let new = self.rows.saturating_sub(self.known + self.refused_before);
        let mut lines = vec![
            ("checked", format!("{} of {}: nothing was sent", self.what, shown(&self.file))),
            ("rows", self.rows.to_string()),
            ("new", new.to_string()),
            ("known before", self.known.to_string()),
        ];
        if self.refused_before > 0 {
            lines.push(("refused before", self.refused_before.to_string()));
        }
        if self.groups > 0 {
            lines.push(("groups", self.groups.to_string()));
        }
        for total in &self.totals {
            lines.push(("in all", format!("{} {}", total.amount, total.asset)));
        }
        f.write_str(&table::block(&lines))
    }
}

/// One row that was refused, or the rows of one group.
pub(super) struct RefusedRows<'a> {
    /// The line that decided.
    pub line: u64,
    pub group: Option<&'a str>,
    /// What was refused, for people.
    pub subject: String,
    pub view: RefusedView<'a>,
    pub refusal: &'a Refusal,
    pub asset: Option<&'a Asset>,
    /// The id that the refusal has used up.
    pub used_up: Option<u128>,
    pub rows: Vec<(u64, &'a StringRecord)>,
}

/// Takes the answers to rows, shows what was refused, and counts.
pub(super) struct Report<'o, 'w> {
    output: &'o mut Output<'w>,
    bar: Bar,
    refused_file: Option<RefusedFile>,
    pub tally: Tally,
    /// Rows of the file.
    rows: u64,
    what: &'static str,
    file: String,
}

#[derive(Serialize)]
struct RefusedLine<'a> {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<usize>,
    #[serde(flatten)]
    view: &'a RefusedView<'a>,
    #[serde(skip)]
    text: String,
}

impl fmt::Display for RefusedLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[derive(Debug, Serialize)]
struct Summary<'a> {
    status: &'static str,
    what: &'static str,
    file: &'a str,
    rows: u64,
    #[serde(flatten)]
    tally: Tally,
    not_sent: u64,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![
            (self.status, format!("{} of {}", self.what, shown(self.file))),
            ("applied", self.tally.applied.to_string()),
            ("known before", self.tally.known.to_string()),
            ("refused", self.tally.refused.to_string()),
        ];
        if self.not_sent > 0 {
            lines.push(("not sent", self.not_sent.to_string()));
        }
        f.write_str(&table::block(&lines))
    }
}

impl<'o, 'w> Report<'o, 'w> {
    pub fn new(
        what: &'static str,
        file: &str,
        rows: u64,
        refused_file: Option<RefusedFile>,
        output: &'o mut Output<'w>,
    ) -> Self {
        let (bar, tally) = (Bar::sending(rows), Tally::default());
        Self { output, bar, refused_file, tally, rows, what, file: file.to_owned() }
    }

    /// Rows that are applied: now, or as an earlier import did.
    pub fn applied(&mut self, rows: usize, known: bool) {
        let count = if known { &mut self.tally.known } else { &mut self.tally.applied };
        *count += rows as u64;
        self.bar.set(self.tally.all());
    }

    /// Rows that are not.
    pub fn refused(&mut self, refused: &RefusedRows<'_>) -> Result<(), Failure> {
        let detail = detail(refused.refusal, refused.asset);
        let reason = refused.refusal.reason.as_str_name();
        if let Some(file) = &mut self.refused_file {
            for &(line, cells) in &refused.rows {
                let used_up = refused.used_up;
                file.write(RefusedRow { line, cells, reason, detail: &detail, used_up })?;
            }
        }
        let line = RefusedLine {
            line: refused.line,
            group: refused.group,
            rows: refused.group.map(|_| refused.rows.len()),
            view: &refused.view,
            text: format!(
                "line {}: {} refused: {detail} ({reason})",
                refused.line, refused.subject
            ),
        };
        let (output, is_shown) = (&mut *self.output, self.bar.is_shown());
        let printed = self.bar.aside(|| {
            output.result(&line)?;
            if is_shown { output.flush() } else { Ok(()) }
        });
        unless_nobody_reads(printed)?;
        self.tally.refused += refused.rows.len() as u64;
        self.bar.set(self.tally.all());
        Ok(())
    }

    /// Says what became of the import. It went to its end, was told to stop, or failed on the way.
    pub fn finish(self, went: Result<(), Failure>) -> Result<Exit, Failure> {
        let Self { output, bar, refused_file, tally, rows, what, file } = self;
        drop(bar);
        let placed = refused_file.map_or(Ok(()), RefusedFile::finish);
        let not_sent = rows.saturating_sub(tally.all());
        let is_whole = went.is_ok() && not_sent == 0;
        let status = if is_whole { "imported" } else { "stopped" };
        let summary = Summary { status, what, file: &file, rows, tally, not_sent };
        unless_nobody_reads(output.result(&summary))?;
        went.map_err(|failure| match failure.reason.as_str() {
            _ if failure.hint.is_some() => failure,
            "MESSAGE_TOO_LARGE" | "BATCH_TOO_LARGE" => {
                failure.with_hint("send fewer rows together, with --batch")
            }
            _ => failure
                .with_hint("run the same command again: it goes on, and nothing is applied twice"),
        })?;
        placed?;
        Ok(if tally.refused > 0 { Exit::Refused } else { Exit::Done })
    }
}

/// An import goes on when nobody reads any more what it says.
fn unless_nobody_reads(printed: io::Result<()>) -> Result<(), Failure> {
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => Ok(printed?),
    }
}

/// Why, in a sentence, with what was missing.
fn detail(refusal: &Refusal, asset: Option<&Asset>) -> String {
    let has_amounts = refusal.reason != Reason::GroupTooLarge
        && (refusal.missing_minor.is_some() || refusal.would_pass_minor.is_some());
    let mut detail = match refusal.message.rsplit_once(": ") {
        // The sentence has the amounts in minor units; here they follow as people write them.
        Some((what, _)) if has_amounts && asset.is_some() => what.to_owned(),
        _ => refusal.message.clone(),
    };
    let amount = |minor| match asset {
        Some(asset) => {
            format!("{} {}", money::format_minor_unsigned(minor, asset.scale), asset.code)
        }
        None => format!("{minor} minor units"),
    };
    if let Some(field) = &refusal.field {
        let _ = write!(detail, ", field {field}");
    }
    if refusal.reason == Reason::GroupTooLarge {
        return detail; // what would pass are bytes
    }
    if let Some(missing) = refusal.missing_minor {
        let _ = write!(detail, ", missing {}", amount(missing));
    }
    if let Some(would_pass) = refusal.would_pass_minor {
        let _ = write!(detail, ", {} would pass", amount(would_pass));
    }
    detail
}
