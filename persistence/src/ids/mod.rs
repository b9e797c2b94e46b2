//! Ids for good: every id that was ever used is found again, with memory bounded.
//!
//! The ids of what is still being written stay in memory, with whoever decides. The ids of what is sealed lie
//! here, in **runs**: files of a range of sequences, sorted by a hash of the id, merged in tiers so that a
//! billion ids are a handful of runs. A new id has to be told from all of them, and nearly every id is new: a
//! filter in memory answers that without a disk ([`IdSet::may_hold`]), and the rare rest is read by whoever may
//! wait for one ([`IdSet::find`]).
//!
//! There is no list of runs beside the runs: a file has its range in its name and in its header, and whatever
//! lies inside the range of a larger one has been merged into it. A run can always be made again from the
//! journal ([`IdRuns::missing`]), so one that is damaged is left out and reported, never believed. The format is
//! in `docs/JOURNAL_FORMAT.md`.

mod fault;
mod filter;
mod format;
mod inventory;
mod key;
mod reader;
mod run;
mod runs;
mod set;
mod tier;
mod writer;

pub use inventory::Dropped;
pub use key::{IdEntry, IdKey, IdKind, ids_of};
pub use runs::{IdOptions, IdRuns};
pub use set::{IdFigures, IdSet};

/// Ids in a shard of a run, about, unless set otherwise: its filter (300 KB) is built in 4 MB of memory.
pub const ID_SHARD_ENTRIES_DEFAULT: u32 = 128 * 1024;
