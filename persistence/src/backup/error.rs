//! What can go wrong with a backup, in the words of the person who has to do something about it.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;

use florin_engine::Sequence;
use thiserror::Error;

use crate::error::OpenError;

/// Why a place did not do what was asked.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// There is no such object, or it ends before what was asked for.
    #[error("{name} is not there, or it is shorter than it has to be")]
    Missing {
        /// Its name.
        name: String,
    },
    /// What arrived is not what was sent.
    #[error("{name} did not arrive as it was sent")]
    Mangled {
        /// Its name.
        name: String,
    },
    /// What was to be sent could not be read to its end.
    #[error("{name} could not be read to be sent: {source}")]
    Source {
        /// The object's name.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The place failed.
    #[error("{name} could not be {did}: {what}")]
    Failed {
        /// What was tried, as a participle: "written".
        did: &'static str,
        /// With which object.
        name: String,
        /// What the place said.
        what: String,
    },
}

impl PlaceError {
    /// The place failed with an error of its own.
    pub fn failed(did: &'static str, name: &str, what: &dyn Display) -> Self {
        Self::Failed { did, name: name.to_owned(), what: what.to_string() }
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::Missing { name: name.to_owned() }
    }
}

/// Why a backup was not made, read or restored. What was there before is as it was.
#[derive(Debug, Error)]
pub enum BackupError {
    /// There is no backup in the place, or none of that name.
    #[error("there is no backup here{}", .name.as_ref().map_or(String::new(), |name| format!(" that is called {name}")))]
    NotFound {
        /// The manifest that was asked for.
        name: Option<String>,
    },
    /// An object of a backup is not what was written.
    #[error("the backup is damaged: {object}: {what}")]
    Damaged {
        /// Its name.
        object: String,
        /// What is wrong.
        what: String,
    },
    /// Made by a release that knows more than this one.
    #[error(
        "{object} was written by a newer release (backup format {found}; this one reads {known}): use that release"
    )]
    NewerFormat {
        /// The manifest.
        object: String,
        /// What was found.
        found: u16,
        /// The newest that this release reads.
        known: u16,
    },
    /// Nothing to back up: no event was ever journaled.
    #[error("there is nothing to back up: the journal has no events")]
    Empty,
    /// The event or moment is not in the backup.
    #[error("the backup does not reach there: it holds events 1 to {last}, {what}")]
    Moment {
        /// The last event in it.
        last: Sequence,
        /// What was asked for instead.
        what: String,
    },
    /// The folder is not fresh.
    #[error("{} is there already and is not empty: name a folder that does not exist yet", .path.display())]
    NotFresh {
        /// The folder.
        path: PathBuf,
    },
    /// It was stopped from outside.
    #[error("it was stopped before the end: run it again, and it goes on from there")]
    Stopped,
    /// The place failed.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The journal that is backed up, or that was restored, cannot be read or written.
    #[error(transparent)]
    Journal(#[from] OpenError),
}

impl BackupError {
    /// The stable name of the reason, as listed in `docs/errors`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "BACKUP_NOT_FOUND",
            Self::Damaged { .. } | Self::Place(PlaceError::Missing { .. }) => "BACKUP_DAMAGED",
            Self::NewerFormat { .. } => "BACKUP_NEWER_FORMAT",
            Self::Empty => "BACKUP_EMPTY",
            Self::Moment { .. } => "BACKUP_MOMENT_OUTSIDE",
            Self::NotFresh { .. } => "DATA_NOT_EMPTY",
            Self::Stopped => "BACKUP_STOPPED",
            Self::Place(_) => "BACKUP_PLACE_FAILED",
            Self::Journal(error) => error.reason(),
        }
    }

    pub(super) fn damaged(object: &str, what: impl Into<String>) -> Self {
        Self::Damaged { object: object.to_owned(), what: what.into() }
    }
}
