//! What can go wrong, in the words of the person who has to do something about it.

use std::io;
use std::path::{Path, PathBuf};

use florin_engine::Sequence;
use thiserror::Error;

use crate::backup::PlaceError;
use crate::ids::IdKey;

/// Why a data directory or its journal could not be opened. Nothing in it has been changed, unless
/// it says otherwise.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "{} is in use by another process: stop that one, or name another folder with --data",
        .path.display()
    )]
    Locked {
        /// The data directory.
        path: PathBuf,
    },
    /// Something in it cannot be written.
    #[error(
        "{} cannot be written ({source}): give it to the user that runs the server, or mount it writable",
        .path.display()
    )]
    ReadOnly {
        /// What cannot be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not a data directory, and not empty.
    #[error(
        "{} has files in it and is not a data directory of Florin: name an empty folder, or one that does not exist yet",
        .path.display()
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// Written by a release that knows more than this one.
    #[error(
        "{} was written by a newer release ({found}; this one reads format {known}): start that release",
        .file.display()
    )]
    NewerFormat {
        /// The segment or id run.
        file: PathBuf,
        /// What was found.
        found: String,
        /// The newest format that this release reads.
        known: u16,
    },
    /// Bytes that were acknowledged, or may have been, are not what was written.
    #[error(
        "{} is damaged at byte {offset}: {what}. Nothing was changed. Copy the data directory before anything else, check the disk, then restore this file",
        .file.display()
    )]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The end of the journal was written completely and has changed since.
    #[error(
        "{} is damaged at byte {offset}: the last frame was written completely and has changed since, and what is in it may have been acknowledged. Nothing was changed. Copy the data directory before anything else; restore this file, or cut the frame off with --cut-damaged-tail",
        .file.display()
    )]
    DamagedTail {
        /// The segment.
        file: PathBuf,
        /// Where in it.
        offset: u64,
    },
    /// All events fit, and what they make is not what was recorded.
    #[error("{0}. Nothing was changed. Copy the data directory before anything else")]
    StateDiffers(String),
    /// What a start needs of the journal was archived.
    #[error(
        "events {needed} to {through} are in the archive, and there is no whole snapshot or checkpoint behind them: make a backup of this directory and the archive with `florin backup --data`, and of that a new one with `florin restore --same-lineage`"
    )]
    Archived {
        /// The first event that is needed.
        needed: u64,
        /// The last that is not here.
        through: u64,
    },
    /// No room for the segment that every opening begins.
    #[error(
        "no room on the disk of {}: opening the journal takes one more segment (segment_bytes), make room or grow the file system",
        .path.display()
    )]
    Full {
        /// The folder of the journal.
        path: PathBuf,
    },
    /// A fork, and the caller did not say that it may be one.
    #[error(
        "{} is a fork, a copy of another ledger to try things on: to serve it, say so with --fork",
        .path.display()
    )]
    Fork {
        /// The data directory.
        path: PathBuf,
    },
    /// No fork, and the caller said that it is one.
    #[error(
        "{} is not a fork, and --fork says that it is: leave that out, if this is the ledger that you mean",
        .path.display()
    )]
    NotFork {
        /// The data directory.
        path: PathBuf,
    },
    /// No room for what a leader has sent.
    #[error("no room on the disk for {}: make room and start `florin follow` again", .path.display())]
    StandbyFull {
        /// What was written.
        path: PathBuf,
    },
    /// It is the copy of a standby.
    #[error(
        "{} follows another server: it is served only once it was promoted with `florin promote`, and that one is stopped or fenced",
        .path.display()
    )]
    Standby {
        /// The data directory.
        path: PathBuf,
    },
    /// It is no copy of a standby.
    #[error(
        "{} has a journal of its own and follows nobody: give `florin follow` an empty folder, or say with --adopt that this journal is to follow from now on",
        .path.display()
    )]
    NotStandby {
        /// The data directory.
        path: PathBuf,
    },
    /// Another server has taken over from it.
    #[error(
        "{} was fenced: a server of epoch {epoch} has taken over ({place}), and this one never serves again. Follow the new one with an empty folder",
        .path.display()
    )]
    Fenced {
        /// The data directory.
        path: PathBuf,
        /// From which the new one writes.
        epoch: u64,
        /// Where the new one is, as its fence says.
        place: String,
    },
    /// What says whose the data are is not what was written.
    #[error("{} is damaged, and says who may write here: restore it, or ask whoever runs the other server", .path.display())]
    RoleDamaged {
        /// The file.
        path: PathBuf,
    },
    /// A setting that cannot work.
    #[error("segment_bytes is {given}: it must be a multiple of 4096 and at least 65536")]
    SegmentBytes {
        /// What was asked for.
        given: u64,
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
}

impl OpenError {
    /// The stable name of the reason, as listed in `docs/errors`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "DATA_LOCKED",
            Self::ReadOnly { .. } => "DATA_READ_ONLY",
            Self::Foreign { .. } => "DATA_FOREIGN",
            Self::NewerFormat { .. } => "DATA_NEWER_FORMAT",
            Self::Damaged { .. } | Self::DamagedTail { .. } => "JOURNAL_DAMAGED",
            Self::StateDiffers(_) => "STATE_DIFFERS",
            Self::Archived { .. } => "DATA_ARCHIVED",
            Self::Full { .. } | Self::StandbyFull { .. } => "DISK_FULL",
            Self::Fork { .. } => "DATA_FORK",
            Self::NotFork { .. } => "DATA_NOT_FORK",
            Self::Standby { .. } => "DATA_STANDBY",
            Self::NotStandby { .. } => "DATA_NOT_STANDBY",
            Self::Fenced { .. } => "DATA_FENCED",
            Self::RoleDamaged { .. } => "DATA_ROLE_DAMAGED",
            Self::SegmentBytes { .. } => "CONFIG_INVALID",
            Self::Io { .. } => "DATA_IO",
        }
    }

    /// Reads an error of the system: some of them have a reason of their own.
    pub fn from_io(did: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, source }
            }
            _ if is_full(&source) => Self::Full { path },
            _ => Self::Io { did, path, source },
        }
    }
}

impl OpenError {
    /// Whether it is the place of the archive that failed: nobody could look, and nothing is known to be damaged.
    pub fn is_out_of_reach(&self) -> bool {
        let Self::Io { source, .. } = self else { return false };
        let of_place = source.get_ref().and_then(|error| error.downcast_ref::<PlaceError>());
        matches!(of_place, Some(PlaceError::Failed { .. }))
    }
}

/// Whether an error says that there is no room.
pub fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

/// Why a frame was not appended.
#[derive(Debug, Error)]
pub enum WriteError {
    /// No room for the next segment. Nothing of the frame was written: append it again when there is room.
    #[error("no room on the disk for the next journal segment ({need_bytes} bytes)")]
    NoSpace {
        /// How much is needed.
        need_bytes: u64,
    },
    /// More records or bytes than a frame takes. Nothing was written.
    #[error(
        "a frame of {records} records and {bytes} bytes is larger than {bytes_max} bytes allow"
    )]
    TooLarge {
        /// Records in it.
        records: usize,
        /// Its bytes on disk.
        bytes: u64,
        /// The most it may take.
        bytes_max: u64,
    },
    /// Events that do not belong here. Nothing was written. A fault of the program.
    #[error("event {sequence} cannot be journaled: {what}")]
    Invalid {
        /// The event.
        sequence: Sequence,
        /// Why not.
        what: &'static str,
    },
    /// A write or sync failed. What is on disk is unknown, the writer refuses everything from now on, and
    /// the process must end: recovery finds out. A sync is never tried again.
    #[error("{} could not be {did}: {source}", .path.display())]
    Failed {
        /// What was tried, as a participle: "synced".
        did: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A write or sync failed before.
    #[error("the journal has failed before and takes nothing until it is opened again")]
    Poisoned,
}

/// Why a run of ids was not written or merged.
#[derive(Debug, Error)]
pub enum IdsError {
    /// No room. Nothing was changed: try again when there is.
    #[error("no room on the disk for a run of ids ({need_bytes} bytes)")]
    NoSpace {
        /// How much is needed.
        need_bytes: u64,
    },
    /// Ids that do not belong here. Nothing was changed. A fault of the program.
    #[error("ids: the run of {first} to {last} is refused: {what}")]
    Invalid {
        /// First sequence of the run.
        first: Sequence,
        /// Its last one.
        last: Sequence,
        /// Why.
        what: &'static str,
    },
    /// The same id stands at two events, which cannot be. Nothing was changed, and nothing is left out: look
    /// at both in the journal.
    #[error(
        "ids: used twice: {:?} {:#034x} of tenant {} by events {} and {}",
        .key.kind, .key.id, .key.tenant, .sequences[0], .sequences[1]
    )]
    UsedTwice {
        /// The id.
        key: IdKey,
        /// The events.
        sequences: [Sequence; 2],
    },
    /// A run is not what was written. Nothing was changed; discard it, and build its range again from the
    /// journal.
    #[error("{} is damaged at byte {offset}: {what}", .file.display())]
    Damaged {
        /// The run.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// A write or sync failed. What is on disk is unknown, nothing is written from now on, and the process
    /// must end: opening finds out. A sync is never tried again.
    #[error("{} could not be {did}: {source}", .path.display())]
    Failed {
        /// What was tried, as a participle: "synced".
        did: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A run could not be read. Nothing was changed.
    #[error("{} could not be read: {source}", .path.display())]
    Unreadable {
        /// The run.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A write or sync failed before.
    #[error("the id runs have failed before and take nothing until they are opened again")]
    Poisoned,
}

impl IdsError {
    /// The stable name of the reason.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoSpace { .. } => "DISK_FULL",
            Self::Invalid { .. } => "IDS_INVALID",
            Self::UsedTwice { .. } => "IDS_USED_TWICE",
            Self::Damaged { .. } => "IDS_DAMAGED",
            Self::Failed { .. } | Self::Unreadable { .. } | Self::Poisoned => "DATA_IO",
        }
    }

    /// Whether the process must end: what is on disk is unknown.
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Poisoned)
    }

    pub(crate) fn failed(did: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Failed { did, path: path.to_path_buf(), source }
    }

    /// Reads an error of a write before any sync: where it only says that there is no room, nothing has
    /// happened yet.
    pub(crate) fn from_write(
        did: &'static str,
        path: &Path,
        need_bytes: u64,
        source: io::Error,
    ) -> Self {
        if is_full(&source) {
            return Self::NoSpace { need_bytes };
        }
        Self::failed(did, path, source)
    }
}

/// Why an event could not be read back, or an id not be looked up.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Not in the journal, or not durable yet.
    #[error("there is no event {sequence}: the journal is durable through {durable_through}")]
    NotThere {
        /// What was asked for.
        sequence: Sequence,
        /// The last durable event.
        durable_through: Sequence,
    },
    /// What was read is not what was written.
    #[error("{} is damaged at byte {offset}: {what}", .file.display())]
    Damaged {
        /// The segment or id run.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The disk failed.
    #[error("{} could not be read: {source}", .path.display())]
    Io {
        /// The segment or id run.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A run of ids was damaged and is being made again from the journal.
    #[error(
        "ids of events after {after} are being made again from the journal: try again in a moment"
    )]
    IdsMissing {
        /// Ids up to this event are all there.
        after: Sequence,
    },
}

impl ReadError {
    /// Whether it is the archive that could not be read.
    pub fn is_of_archive(&self) -> bool {
        let Self::Io { source, .. } = self else { return false };
        source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<PlaceError>)
    }
}

/// Why the index of a segment was not built. There is none then, or the one that was there before: what lies beside
/// the journal can always be built again.
#[derive(Debug, Error)]
pub enum SealError {
    /// The segment could not be read, or is not what was written.
    #[error(transparent)]
    Segment(#[from] OpenError),
    /// The segment does not end: it is the one that is written to.
    #[error("{} may still be written to: it has no footer, was not cut, and no segment follows it", .file.display())]
    Unfinished {
        /// The segment.
        file: PathBuf,
    },
    /// The segment has more events than its index can count.
    #[error("{} has more events than an index has room for", .file.display())]
    TooLarge {
        /// The segment.
        file: PathBuf,
    },
    /// No room for the index. Try again when there is.
    #[error("no room on the disk for {} ({bytes} bytes)", .path.display())]
    NoSpace {
        /// The index.
        path: PathBuf,
        /// How much is needed.
        bytes: u64,
    },
    /// A write or sync failed: as with the journal, it is never tried again, and the process must end.
    #[error("{} could not be {did}: {source}", .path.display())]
    Failed {
        /// What was tried, as a participle: "synced".
        did: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_system_errors() {
        for (errno, reason) in [
            (rustix::io::Errno::ACCESS, "DATA_READ_ONLY"),
            (rustix::io::Errno::PERM, "DATA_READ_ONLY"),
            (rustix::io::Errno::ROFS, "DATA_READ_ONLY"),
            (rustix::io::Errno::NOSPC, "DISK_FULL"),
            (rustix::io::Errno::DQUOT, "DISK_FULL"),
            (rustix::io::Errno::IO, "DATA_IO"),
            (rustix::io::Errno::NOENT, "DATA_IO"),
        ] {
            let error = OpenError::from_io("opened", Path::new("florin-data"), errno.into());
            assert_eq!(error.reason(), reason, "{errno:?}");
            assert!(error.to_string().contains("florin-data"), "{error}");
        }
    }
}
