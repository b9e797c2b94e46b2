//! Arguments that both kinds of files share.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::file::{Columns, Field, Finding, Findings, Mapped, Rows, Source, Wishes, bad_file};
use crate::cli::failure::Failure;
use crate::cli::output::Output;

/// The file, how it is written, and how it is sent.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// The file; - is standard input
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,

    /// Take the column THEIRS of the file for our column OURS; may be repeated
    #[arg(long = "map", value_name = "OURS=THEIRS", value_parser = mapped)]
    mapped: Vec<Mapped>,

    /// Import without this column; may be repeated
    #[arg(long = "ignore", value_name = "COLUMN")]
    ignored: Vec<String>,

    /// What stands between columns: one character, or comma, semicolon, tab or pipe
    #[arg(long, default_value = "comma", value_name = "CHARACTER", value_parser = delimiter)]
    pub delimiter: u8,

    /// Asset of the rows that name none
    #[arg(long, value_name = "CODE")]
    pub asset: Option<String>,

    /// Check the file and its accounts, say what would be sent, and send nothing. Whether balances suffice is not
    /// checked: only the server can say that, when it happens
    #[arg(long)]
    pub dry_run: bool,

    /// Most rows that are sent together
    #[arg(
        long,
        default_value_t = 8_190,
        value_name = "ROWS",
        value_parser = clap::value_parser!(u16).range(1..=8_190)
    )]
    batch: u16,

    /// Send nothing after the first batch in which something is refused [default: go on with the rest]
    #[arg(long, conflicts_with = "dry_run")]
    pub stop_on_refusal: bool,

    /// Write the rows that are refused, and why, to this file: mend them there and import it
    #[arg(long, value_name = "PATH", conflicts_with = "dry_run")]
    pub refused_to: Option<PathBuf>,
}

impl FileArgs {
    /// Opens the file, and sees that nothing would overwrite it.
    pub fn open(&self) -> Result<Source, Failure> {
        let source = Source::open(&self.file)?;
        if self.refused_to.as_deref().is_some_and(|path| source.is_at(path)) {
            let message = "--refused-to names the file that is imported: name another one";
            return Err(Failure::usage(message));
        }
        Ok(source)
    }

    /// Rows from the first one on, and where our columns are. What is wrong with the header is listed.
    pub fn rows(
        &self,
        source: &Source,
        known: &'static [Field],
        key: Option<&str>,
        output: &mut Output<'_>,
    ) -> Result<(Rows, Columns), Failure> {
        let opened = Rows::open(source.rewind()?, self.delimiter);
        let wishes = Wishes { mapped: &self.mapped, ignored: &self.ignored, key };
        let read =
            opened.map_err(|error| unreadable(source, &error))?.map_err(|finding| vec![finding]);
        let found = read.and_then(|rows| {
            let columns = Columns::find(rows.header(), rows.header_line(), known, &wishes)?;
            Ok((rows, columns))
        });
        found.map_err(|found: Vec<Finding>| {
            let mut findings = Findings::default();
            findings.extend(found);
            match findings.report(&source.name, output) {
                Err(failure) => failure,
                Ok(()) => bad_file("FILE_INVALID", "the header makes no sense"),
            }
        })
    }

    /// Most rows that are sent together.
    pub fn batch_rows(&self) -> usize {
        self.batch.into()
    }

    /// Where refused rows go.
    pub fn refused_to(&self) -> Option<&Path> {
        self.refused_to.as_deref()
    }
}

/// The file could not be read on.
pub(super) fn unreadable(source: &Source, error: &io::Error) -> Failure {
    bad_file("FILE_UNREADABLE", format!("cannot read {}: {error}", source.name))
}

fn mapped(text: &str) -> Result<Mapped, &'static str> {
    match text.split_once('=') {
        Some((ours, theirs)) if !ours.is_empty() && !theirs.is_empty() => {
            Ok(Mapped { ours: ours.to_owned(), theirs: theirs.to_owned() })
        }
        _ => Err("expected OURS=THEIRS, as in amount=Betrag"),
    }
}

fn delimiter(text: &str) -> Result<u8, &'static str> {
    match text {
        "comma" => Ok(b','),
        "semicolon" => Ok(b';'),
        "tab" | "\\t" => Ok(b'\t'),
        "pipe" => Ok(b'|'),
        _ => match text.as_bytes() {
            &[byte] if byte == b'\t' || byte.is_ascii_punctuation() && byte != b'"' => Ok(byte),
            _ => Err(
                "expected comma, semicolon, tab, pipe, or one character that is no letter, digit or quote",
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters() {
        for (text, expected) in [
            (",", Some(b',')),
            ("semicolon", Some(b';')),
            ("tab", Some(b'\t')),
            ("\t", Some(b'\t')),
            ("|", Some(b'|')),
            ("\"", None),
            ("a", None),
            ("\n", None),
            (";;", None),
            ("§", None),
            ("", None),
        ] {
            assert_eq!(delimiter(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn maps() {
        for (text, expected) in [
            ("amount=Betrag", Some(("amount", "Betrag"))),
            ("amount=a=b", Some(("amount", "a=b"))),
            ("amount=", None),
            ("=x", None),
            ("amount", None),
        ] {
            let read = mapped(text).ok();
            let read = read.as_ref().map(|read| (read.ours.as_str(), read.theirs.as_str()));
            assert_eq!(read, expected, "{text:?}");
        }
    }
}
