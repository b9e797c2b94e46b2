//! Why a journal is not shipped, or what was shipped not taken.

use std::io;
use std::path::{Path, PathBuf};

use florin_engine::Sequence;
use thiserror::Error;

use crate::error::{OpenError, is_full};

/// Why a leader has nothing for a standby.
#[derive(Debug, Error)]
pub enum ShipError {
    /// The standby holds another history.
    #[error(
        "the standby's journal is of another history than this one: give it an empty folder, or a backup of this ledger that was restored as the same history"
    )]
    LineageChanged,
    /// The standby holds a segment that this journal has otherwise.
    #[error(
        "segment {segment} was begun by another opening than the one that the standby has followed: two servers have written this history"
    )]
    Diverged {
        /// Its number.
        segment: u64,
    },
    /// The standby holds more than this journal.
    #[error(
        "the standby has followed through event {standby_has}, segment {segment}, and this journal is durable through event {durable_through}: it is an older copy"
    )]
    Ahead {
        /// The last event of the standby.
        standby_has: Sequence,
        /// The standby's last segment.
        segment: u64,
        /// The last durable event here.
        durable_through: Sequence,
    },
    /// What comes next was archived.
    #[error(
        "segment {segment} is not here any more, it was archived: restore a newer backup on the standby as the same history, and go on from there"
    )]
    Archived {
        /// Its number; 0 = the first.
        segment: u64,
    },
    /// The journal is not what was written.
    #[error("{} is damaged at byte {offset}: {what}", .file.display())]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The disk failed.
    #[error("{} could not be read: {source}", .path.display())]
    Io {
        /// The segment.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ShipError {
    /// The stable name of the reason, as listed in `docs/errors`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::LineageChanged => "LINEAGE_CHANGED",
            Self::Diverged { .. } => "FOLLOW_DIVERGED",
            Self::Ahead { .. } => "FOLLOW_AHEAD",
            Self::Archived { .. } => "FOLLOW_ARCHIVED",
            Self::Damaged { .. } | Self::Io { .. } => "JOURNAL_UNREADABLE",
        }
    }
}

/// Why a standby does not go on. Nothing was changed on its disk, unless it says otherwise.
#[derive(Debug, Error)]
pub enum FollowError {
    /// The leader's history is another one.
    #[error("the leader's journal is of another history than the one in {}: follow the right leader, or begin with an empty folder", .dir.display())]
    LineageChanged {
        /// The folder of the journal.
        dir: PathBuf,
    },
    /// What came is whole, and does not go on from what is here.
    #[error("what the leader sent for {} at byte {offset} does not go on from what is here: {what}", .file.display())]
    Diverged {
        /// The segment.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What does not fit.
        what: String,
    },
    /// What came begins behind what comes next.
    #[error("what the leader sent for {} at byte {offset} is not what comes next: {expected}", .file.display())]
    Gap {
        /// The segment that came.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What comes next.
        expected: String,
    },
    /// What came is not what was written.
    #[error("what the leader sent for {} is damaged at byte {offset}: {what}. Check the leader's disk with `florin verify`", .file.display())]
    PieceDamaged {
        /// The segment.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// A server of an epoch that was fenced.
    #[error(
        "the leader is of epoch {epoch}, and a newer one is known, of epoch {least}: it was replaced and must be fenced, follow the new one"
    )]
    Fenced {
        /// The leader's.
        epoch: u64,
        /// The least that is followed.
        least: u64,
    },
    /// The leader holds less than was followed already.
    #[error(
        "the leader is durable through event {durable_through}, and {followed_through} was followed already: it is an older copy of this ledger"
    )]
    Ahead {
        /// The leader's last durable event.
        durable_through: Sequence,
        /// The last event here.
        followed_through: Sequence,
    },
    /// The journal of the standby cannot be opened, or its disk failed. After a failed write or sync what is on disk is
    /// unknown: opening it again finds out.
    #[error(transparent)]
    Own(#[from] OpenError),
    /// A write or sync has failed before.
    #[error(
        "the standby's disk has failed before: nothing is taken until its journal is opened again"
    )]
    Poisoned,
}

impl FollowError {
    /// The stable name of the reason, as listed in `docs/errors`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::LineageChanged { .. } => "LINEAGE_CHANGED",
            Self::Diverged { .. } => "FOLLOW_DIVERGED",
            Self::Gap { .. } => "FOLLOW_GAP",
            Self::PieceDamaged { .. } => "FOLLOW_PIECE_DAMAGED",
            Self::Fenced { .. } => "FOLLOW_FENCED",
            Self::Ahead { .. } => "FOLLOW_AHEAD",
            Self::Own(error) => error.reason(),
            Self::Poisoned => "DATA_IO",
        }
    }

    /// Whether the standby's own disk is at fault: its journal has to be opened again.
    pub const fn is_own(&self) -> bool {
        matches!(self, Self::Own(_) | Self::Poisoned)
    }

    pub(super) fn io(did: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| {
            if is_full(&source) {
                return Self::Own(OpenError::StandbyFull { path });
            }
            Self::Own(OpenError::Io { did, path, source })
        }
    }
}
