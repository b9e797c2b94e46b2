//! How a command ends, and why.

use std::error::Error as _;
use std::fmt::Display;
use std::process::ExitCode;

use florin_client as client;

use crate::config::ConfigError;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// All is well.
    Done = 0,
    /// Something was refused, or does not hold.
    Refused = 1,
    /// It was used wrongly.
    Misused = 2,
    /// There is no answer.
    NoAnswer = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Reasons of one word; others of that kind are abbreviations.
const OF_ONE_WORD: [&str; 2] = ["UNREACHABLE", "UNIMPLEMENTED"];

/// Why a command ends without what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub exit: Exit,
    /// Stable.
    pub reason: String,
    /// One sentence for people; empty if there is nobody left to read it.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    fn new(exit: Exit, reason: &str, message: impl Into<String>) -> Self {
        Self { exit, reason: reason.to_owned(), message: message.into(), hint: None }
    }

    /// Refused here, as the server would have.
    pub fn refused(reason: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, reason, message)
    }

    /// Arguments that make no sense together.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Misused, "USAGE", message)
    }

    /// Arguments that clap refuses.
    pub fn misuse(misuse: &clap::Error) -> Self {
        let said = misuse.to_string();
        let said = said.strip_prefix("error: ").unwrap_or(&said);
        let first_paragraph = said.split("\n\n").next().unwrap_or(said);
        let words: Vec<&str> = first_paragraph.split_whitespace().collect();
        Self::usage(words.join(" "))
    }

    /// Something outside of the ledger went wrong.
    pub fn no_answer(reason: &str, error: &dyn Display) -> Self {
        Self::new(Exit::NoAnswer, reason, error.to_string())
    }

    /// Whoever read the output has gone, and needs no more of it.
    pub fn reader_gone() -> Self {
        Self::new(Exit::Done, "", "")
    }

    /// A server that could not be started, or ended with an error.
    pub fn serve(error: &anyhow::Error) -> Self {
        Self::of_data(Exit::Refused, "SERVE_FAILED", error)
    }

    /// A standby that could not be started, or promoted, or ended with an error.
    pub fn standby(error: &anyhow::Error) -> Self {
        let failure = Self::of_data(Exit::Refused, "STANDBY_FAILED", error);
        let exit = match failure.reason.as_str() {
            "UNREACHABLE" => Exit::NoAnswer,
            "ENDPOINT_INVALID" => Exit::Misused,
            _ => failure.exit,
        };
        Self { exit, ..failure }
    }

    /// A data directory that could not be verified.
    pub fn verify(error: &anyhow::Error) -> Self {
        Self::of_data(Exit::NoAnswer, "VERIFY_FAILED", error)
    }

    /// Errors of the data directory begin with their own reason: `DATA_LOCKED: …`.
    fn of_data(exit: Exit, reason: &str, error: &anyhow::Error) -> Self {
        let chain = format!("{error:#}");
        let is_reason = |text: &str| {
            let has_words = text.contains('_') || OF_ONE_WORD.contains(&text);
            has_words && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
        };
        match chain.split_once(": ") {
            Some((own, message)) if is_reason(own) => Self::new(exit, own, message),
            _ => Self::new(exit, reason, chain),
        }
    }

    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// There is no such thing: `what` is a hold or a payment.
pub(super) fn not_found(what: &str, id: client::TransferId) -> Failure {
    let reason = format!("{}_NOT_FOUND", what.to_uppercase());
    Failure::refused(&reason, format!("there is no {what} {id}"))
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        let exit = match &error {
            client::Error::Fault(_) if !error.is_retryable() => Exit::Refused,
            client::Error::Endpoint { .. } | client::Error::Option { .. } => Exit::Misused,
            _ => Exit::NoAnswer,
        };
        let message = match &error {
            client::Error::Fault(fault) => fault.message.clone(),
            other => other.to_string(),
        };
        let failure = Self::new(exit, error.reason(), message);
        if matches!(error, client::Error::Unreachable { .. }) {
            return failure
                .with_hint("start a server with `florin serve`, or name one with --server");
        }
        failure
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let source = error.source().map(|source| format!(": {source}"));
        let mut message = error.to_string();
        if let Some(source) = source.filter(|source| !message.ends_with(source)) {
            message.push_str(&source);
        }
        Self::new(Exit::Misused, error.reason(), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_errors_of_the_client_end_a_command() {
        use client::Error;
        let unreachable =
            Error::Unreachable { endpoint: "http://x".to_owned(), message: "refused".to_owned() };
        let endpoint = Error::Endpoint { endpoint: "x".to_owned(), message: "bad".to_owned() };
        for (error, exit, reason, has_hint) in [
            (unreachable.clone(), Exit::NoAnswer, "UNREACHABLE", true),
            (endpoint, Exit::Misused, "ENDPOINT_INVALID", false),
            (Error::DeadlineExceeded, Exit::NoAnswer, "DEADLINE_EXCEEDED", false),
            (
                Error::Unknown { cause: Box::new(Error::DeadlineExceeded) },
                Exit::NoAnswer,
                "OUTCOME_UNKNOWN",
                false,
            ),
        ] {
            let failure = Failure::from(error);
            assert_eq!(failure.exit, exit, "{failure:?}");
            assert_eq!(failure.reason, reason, "{failure:?}");
            assert_eq!(failure.hint.is_some(), has_hint, "{failure:?}");
        }
    }

    #[test]
    fn errors_of_the_data_directory_bring_their_reason() {
        for (chain, reason, message) in [
            ("DATA_LOCKED: in use", "DATA_LOCKED", "in use"),
            ("JOURNAL_CORRUPT: a: b", "JOURNAL_CORRUPT", "a: b"),
            ("cannot listen: in use", "SERVE_FAILED", "cannot listen: in use"),
            ("IO: in use", "SERVE_FAILED", "IO: in use"),
        ] {
            let failure = Failure::serve(&anyhow::anyhow!(chain));
            assert_eq!((failure.reason.as_str(), failure.message.as_str()), (reason, message));
        }
    }

    #[test]
    fn errors_of_standbys_end_as_those_of_other_calls() {
        for (chain, reason, exit) in [
            ("UNREACHABLE: refused", "UNREACHABLE", Exit::NoAnswer),
            ("ENDPOINT_INVALID: x is no address", "ENDPOINT_INVALID", Exit::Misused),
            ("FENCE_TAKEN: by db-3", "FENCE_TAKEN", Exit::Refused),
            ("cannot listen: in use", "STANDBY_FAILED", Exit::Refused),
        ] {
            let failure = Failure::standby(&anyhow::anyhow!(chain));
            assert_eq!((failure.reason.as_str(), failure.exit), (reason, exit));
        }
    }

    #[test]
    fn a_configuration_error_says_its_cause_once() {
        let error = ConfigError::Unreadable {
            path: "/nowhere".into(),
            source: std::io::Error::other("it is gone"),
        };
        let failure = Failure::from(error);
        assert_eq!(failure.exit, Exit::Misused);
        assert_eq!(failure.message.matches("it is gone").count(), 1, "{}", failure.message);
    }
}
