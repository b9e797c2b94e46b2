//! What a command prints, for people or as JSON.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

use super::failure::{Exit, Failure};

/// Where a command prints, and in which form.
pub(super) struct Output<'a> {
    json: bool,
    /// Whether what is printed for people may have colours.
    colour: bool,
    stdout: &'a mut dyn Write,
    stderr: &'a mut dyn Write,
}

/// An error as JSON. Refusals have more to say than failures.
#[derive(Debug, Serialize)]
struct ErrorLine<'a> {
    error: ErrorFields<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorFields<'a> {
    reason: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl<'a> Output<'a> {
    pub fn new(json: bool, stdout: &'a mut dyn Write, stderr: &'a mut dyn Write) -> Self {
        Self { json, colour: false, stdout, stderr }
    }

    /// With colours, where a person reads it.
    pub fn coloured(self, colour: bool) -> Self {
        Self { colour: colour && !self.json, ..self }
    }

    pub fn is_coloured(&self) -> bool {
        self.colour
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints one result: as a line of JSON, or as it displays itself.
    pub fn result(&mut self, view: &(impl Serialize + Display)) -> io::Result<()> {
        if self.json {
            return self.json_line(view);
        }
        writeln!(self.stdout, "{view}")
    }

    /// Prints one result as a line of JSON.
    pub fn json_line(&mut self, view: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut *self.stdout, view)?;
        writeln!(self.stdout)
    }

    /// Prints text for people.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        write!(self.stdout, "{text}")
    }

    /// Where text for people goes, for those who write much of it.
    pub fn writer(&mut self) -> &mut dyn Write {
        &mut *self.stdout
    }

    /// Shows what was printed until now.
    pub fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    /// Prints an error among the results.
    pub fn error(&mut self, failure: &Failure) -> io::Result<()> {
        let Failure { reason, message, hint, .. } = failure;
        if self.json {
            let error = ErrorFields { reason, message, hint: hint.as_deref() };
            return self.json_line(&ErrorLine { error });
        }
        self.stdout.flush()?; // so that on a terminal it comes after what was printed before it
        writeln!(self.stderr, "error: {message} ({reason})")?;
        match hint {
            Some(hint) => writeln!(self.stderr, "hint: {hint}"),
            None => Ok(()),
        }
    }

    /// Says something beside the results, at once.
    pub fn note(&mut self, note: &str) -> io::Result<()> {
        writeln!(self.stderr, "{note}")?;
        self.stderr.flush()
    }

    /// Prints why a command failed, if it did, and how it ends.
    pub fn finish(&mut self, ended: Result<Exit, Failure>) -> Exit {
        let (exit, printed) = match ended {
            Ok(exit) => (exit, Ok(())),
            Err(failure) if failure.message.is_empty() => (failure.exit, Ok(())),
            Err(failure) => (failure.exit, self.error(&failure)),
        };
        match printed.and_then(|()| self.stdout.flush()) {
            Ok(()) => exit,
            Err(error) => Failure::from(error).exit.max(exit),
        }
    }
}
