//! What is wrong with a file, and where.

use std::fmt;

use serde::Serialize;

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;

/// Findings that are listed; those after them are counted.
pub(in crate::cli::import) const LISTED_MAX: usize = 100;
/// Characters of a cell that are shown.
const SHOWN_CHARS: usize = 60;

/// Something that has to be put right in the file before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::import) struct Finding {
    /// Line on which the record begins, from 1 on.
    pub line: u64,
    /// Name of the column, as in the file.
    pub column: Option<String>,
    /// Stable.
    pub reason: &'static str,
    pub message: String,
    /// The text of the cell.
    pub found: Option<String>,
}

/// What was found so far: the first ones, and how many there are.
#[derive(Debug, Default)]
pub(in crate::cli::import) struct Findings {
    listed: Vec<Finding>,
    count: u64,
}

#[derive(Debug, Serialize)]
struct FindingLine<'a> {
    error: FindingFields<'a>,
}

#[derive(Debug, Serialize)]
struct FindingFields<'a> {
    reason: &'a str,
    message: &'a str,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'a str>,
}

impl Finding {
    /// About a record as a whole.
    pub fn of_record(line: u64, reason: &'static str, message: impl Into<String>) -> Self {
        Self { line, column: None, reason, message: message.into(), found: None }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {}", shown(column))?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(found) = &self.found {
            write!(f, ", found \"{}\"", shown(found))?;
        }
        write!(f, " ({})", self.reason)
    }
}

/// Text of a file for a terminal: no control codes, and not without end.
pub(in crate::cli::import) fn shown(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown = chars.by_ref().take(SHOWN_CHARS).collect::<String>().escape_debug().to_string();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

impl Findings {
    pub fn push(&mut self, finding: Finding) {
        self.count += 1;
        if self.listed.len() < LISTED_MAX {
            self.listed.push(finding);
        }
    }

    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.push(finding);
        }
    }

    /// Goes on if nothing was found. Else lists what was, and says that nothing was sent.
    pub fn report(&self, file: &str, output: &mut Output<'_>) -> Result<(), Failure> {
        if self.count == 0 {
            return Ok(());
        }
        for finding in &self.listed {
            let Finding { line, column, reason, message, found } = finding;
            if output.is_json() {
                output.json_line(&FindingLine {
                    error: FindingFields {
                        reason,
                        message,
                        line: *line,
                        column: column.as_deref(),
                        found: found.as_deref(),
                    },
                })?;
            } else {
                output.note(&finding.to_string())?;
            }
        }
        let more = self.count - self.listed.len() as u64;
        if more > 0 && !output.is_json() {
            output.note(&format!("and {more} more"))?;
        }
        let (errors, more) = match (self.count, more) {
            (1, _) => ("1 error".to_owned(), String::new()),
            (count, 0) => (format!("{count} errors"), String::new()),
            (count, _) => (format!("{count} errors"), format!(", {LISTED_MAX} of them listed")),
        };
        Err(bad_file("FILE_INVALID", format!("{errors} in {file}{more}: nothing was sent")))
    }
}

/// The file cannot be imported as it is.
pub(in crate::cli::import) fn bad_file(reason: &str, message: impl Into<String>) -> Failure {
    Failure { exit: Exit::Misused, reason: reason.to_owned(), message: message.into(), hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(line: u64) -> Finding {
        Finding {
            column: Some("amount".to_owned()),
            found: Some("1,5\u{1b}[2J".to_owned()),
            ..Finding::of_record(line, "AMOUNT_INVALID", "not a decimal number")
        }
    }

    fn reported(findings: &Findings, json: bool) -> (Result<(), Failure>, String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let reported = findings.report("x.csv", &mut Output::new(json, &mut stdout, &mut stderr));
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (reported, text(stdout), text(stderr))
    }

    #[test]
    fn they_are_listed_and_the_rest_is_counted() {
        for (count, said, lines) in [
            (1, "1 error in x.csv: nothing was sent", 1),
            (2, "2 errors in x.csv: nothing was sent", 2),
            (100, "100 errors in x.csv: nothing was sent", 100),
            (107, "107 errors in x.csv, 100 of them listed: nothing was sent", 101),
        ] {
            let mut findings = Findings::default();
            findings.extend((1..=count).map(finding));
            let (failed, stdout, stderr) = reported(&findings, false);
            let failure = failed.expect_err("something was found");
            assert_eq!((failure.exit, failure.message.as_str()), (Exit::Misused, said));
            assert_eq!((stdout.as_str(), stderr.lines().count()), ("", lines));
            let first = "line 1, column amount: not a decimal number, found \"1,5\\u{1b}[2J\" \
                         (AMOUNT_INVALID)";
            assert_eq!(stderr.lines().next(), Some(first));
            assert_eq!(stderr.ends_with("and 7 more\n"), count == 107);
        }
        assert_eq!(reported(&Findings::default(), false).0, Ok(()));
    }

    #[test]
    fn as_json_a_line_each() {
        let mut findings = Findings::default();
        findings.push(finding(3));
        let (_, stdout, stderr) = reported(&findings, true);
        let line: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
        let expected = serde_json::json!({"error": {
            "reason": "AMOUNT_INVALID", "message": "not a decimal number", "line": 3, "column": "amount",
            "found": "1,5\u{1b}[2J"
        }});
        assert_eq!((line, stderr.as_str()), (expected, ""));
    }

    #[test]
    fn what_is_long_is_cut() {
        assert_eq!(shown(&"ü".repeat(60)), "ü".repeat(60));
        assert_eq!(shown(&"ü".repeat(61)), format!("{}…", "ü".repeat(60)));
    }
}
