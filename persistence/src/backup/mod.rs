//! Backups: the journal, exported to another place, and a data directory made of it again.
//!
//! The journal is the database, so a backup is its segments up to an event: [`export`] writes them to a
//! [`Place`] as objects that are named after their content, and a [`Manifest`] that lists them, last. A
//! [`Manifest`] is complete in itself; objects that are there already are not sent again. [`verify`] reads a
//! backup from end to end where it lies. [`restore`] makes a data directory of it, up to an event or moment
//! if wanted, and lets it be seen only once all of it was checked.
//!
//! `docs/JOURNAL_FORMAT.md` has the bytes, `docs/BACKUP.md` what it is for.

mod catalog;
mod dir;
mod error;
mod export;
mod hex;
mod manifest;
mod moment;
mod object_disk;
mod place;
mod plan;
mod restore;
mod verify;

pub(crate) use catalog::put_manifest;
pub use catalog::{Listed, latest, list, load};
pub use dir::DirPlace;
pub use error::{BackupError, PlaceError};
pub use export::{ExportOptions, Exported, export};
pub use hex::Hex;
pub use manifest::{End, Manifest, SegmentObject};
pub(crate) use manifest::{SEGMENTS, check_chain};
pub use moment::Moment;
pub use object_disk::ObjectFile;
pub use place::{Head, Objects, Place};
pub(crate) use plan::describe;
pub use plan::{LocalJournal, plan};
pub use restore::{LineageChoice, RestoreOptions, Restored, restore, restoring_dir};
pub(crate) use verify::fetch;
pub use verify::{Replayed, verify};

use std::ops::ControlFlow;

use florin_engine::Sequence;

/// What a long piece of work is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Segments are read and hashed.
    Reading,
    /// Objects are sent to the place.
    Sending,
    /// Objects are fetched from the place.
    Fetching,
    /// Events are replayed.
    Replaying,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupProgress {
    /// With what.
    pub phase: Phase,
    /// Bytes of this phase that are done.
    pub bytes_done: u64,
    /// Bytes of this phase in all; 0 while that is not known.
    pub bytes_total: u64,
    /// The event that has been reached, or that is going to be.
    pub sequence: Sequence,
}

/// Is told how far it has come after every piece, and may slow the work down by taking its time, or stop it.
pub type Watch<'a> = &'a mut dyn FnMut(BackupProgress) -> ControlFlow<()>;

/// Files and objects are handled in pieces of this size.
const PIECE_BYTES: usize = 1024 * 1024;
