//! What can go wrong with snapshots. None of it touches the journal, and most of it is answered by an older
//! snapshot, or by none.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use florin_engine::Sequence;
use thiserror::Error;

use super::chunk::ChunkKey;
use crate::error::is_full;

/// A part of a generation, named where it is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotPart {
    /// The manifest, without which nothing counts.
    Manifest,
    /// A chunk.
    Chunk(ChunkKey),
    /// A file of the store behind it.
    File(String),
    /// What the chunks say together.
    Whole,
}

impl fmt::Display for SnapshotPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => f.write_str("its manifest"),
            Self::Chunk(key) => write!(f, "its chunk {key}"),
            Self::File(name) => write!(f, "its file {name}"),
            Self::Whole => f.write_str("what it says as a whole"),
        }
    }
}

/// Why a snapshot could not be written, read or used.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// Something of it is missing, or not what was written.
    #[error(
        "snapshot {generation} is damaged in {part}: {what}. It is never the truth: an older one or the journal will do"
    )]
    Damaged {
        /// Which generation.
        generation: u64,
        /// Which part.
        part: SnapshotPart,
        /// What is wrong.
        what: String,
    },
    /// Written by a release that knows more than this one.
    #[error(
        "snapshot {generation} was written by a newer release (snapshot format {found}; this one reads {known})"
    )]
    NewerFormat {
        /// Which generation.
        generation: u64,
        /// The format that was found.
        found: u16,
        /// The newest format that this release reads.
        known: u16,
    },
    /// It belongs to another history, or to another partition of it.
    #[error("snapshot {generation} is of another lineage or partition")]
    OtherLineage {
        /// Which generation.
        generation: u64,
    },
    /// It has seen events that the journal does not hold.
    #[error(
        "snapshot {generation} has seen event {seen_through}, and the journal ends with {last_sequence}"
    )]
    Ahead {
        /// Which generation.
        generation: u64,
        /// The last event that any of its pieces has seen.
        seen_through: Sequence,
        /// The last event of the journal.
        last_sequence: Sequence,
    },
    /// The journal is not durable through all that its pieces have seen. Ask again when it is.
    #[error(
        "the snapshot has seen event {seen_through}, and the journal is durable through {durable_through} only"
    )]
    NotDurable {
        /// The last event that any of its pieces has seen.
        seen_through: Sequence,
        /// The last durable event.
        durable_through: Sequence,
    },
    /// There is no such generation, or it was never finished.
    #[error("there is no snapshot {generation}")]
    NotThere {
        /// Which generation.
        generation: u64,
    },
    /// Calls in an order that cannot be, or pieces that do not belong together. A fault of the program; nothing was
    /// published.
    #[error("the snapshot cannot be taken: {what}")]
    Misused {
        /// What is wrong.
        what: &'static str,
    },
    /// No room for it.
    #[error("no room on the disk for a snapshot in {}", .path.display())]
    Full {
        /// What could not be written.
        path: PathBuf,
    },
    /// The disk failed.
    #[error("{} could not be {did}: {source}", .path.display())]
    Io {
        /// What was tried, as a participle: "read".
        did: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The library behind the store gave up. Setting the folder aside loses nothing but time.
    #[error("{} could not be {did}: {what}", .path.display())]
    Store {
        /// What was tried, as a participle: "opened".
        did: &'static str,
        /// The folder of the generation.
        path: PathBuf,
        /// What it said.
        what: String,
    },
}

impl SnapshotError {
    /// The stable name of the reason.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "SNAPSHOT_DAMAGED",
            Self::NewerFormat { .. } => "SNAPSHOT_NEWER_FORMAT",
            Self::OtherLineage { .. } => "SNAPSHOT_OTHER_LINEAGE",
            Self::Ahead { .. } => "SNAPSHOT_AHEAD",
            Self::NotDurable { .. } => "SNAPSHOT_NOT_DURABLE",
            Self::NotThere { .. } => "SNAPSHOT_NOT_FOUND",
            Self::Misused { .. } => "SNAPSHOT_MISUSED",
            Self::Full { .. } => "DISK_FULL",
            Self::Io { .. } => "SNAPSHOT_IO",
            Self::Store { .. } => "SNAPSHOT_STORE",
        }
    }

    /// Reads an error of the system: a full disk has a reason of its own.
    pub(crate) fn from_io(did: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        if is_full(&source) { Self::Full { path } } else { Self::Io { did, path, source } }
    }

    pub(crate) fn damaged(generation: u64, part: SnapshotPart, what: impl Into<String>) -> Self {
        Self::Damaged { generation, part, what: what.into() }
    }
}
