//! The archive: sealed segments that were taken out of the hot set, and how they are still read.
//!
//! A segment is [retired](Archive::retire) in this order, and a crash between any two steps loses nothing: its object is
//! written to a [`Place`](crate::backup::Place), read back from there and compared with its BLAKE3 hash; the
//! [`Marker`], one small file beside the folders of the partition, names it; and only then its file is
//! [removed](Archive::remove_retired). Objects are those of backups, so that an archive and backups can share a place.
//!
//! An [`Archive`] is a [`Disk`](crate::Disk) too: the one that it stands on, where archived segments are still files of the
//! journal that can be read. Whatever reads a journal reads it there as if nothing had been taken out of it.

mod cache;
mod disk;
mod listing;
mod marker;
mod retire;

pub use disk::{Archive, ArchiveOptions, ArchivePlace, ArchivedFile};
pub use marker::{ArchivedSegment, Marker};
