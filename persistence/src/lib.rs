//! The bytes of Florin: the journal, its recovery, and the disk it stands on.
//!
//! The journal is the database. [`open`] recovers it and hands every event to whoever replays them; then
//! [`JournalWriter::append`] makes one frame of everything that has gathered, writes it and syncs it. The
//! format is in `docs/JOURNAL_FORMAT.md`, byte by byte, together with what recovery does about each kind
//! of damage. [`IdRuns`] keeps the ids of what is sealed, found for good with memory bounded.
//!
//! Everything here is synchronous, and nothing looks at a clock or makes a thread: the caller has a thread
//! for the writer and one for [`SparePreparer::prepare`], or, in a simulation, neither.
#![forbid(unsafe_code)]

pub mod archive;
pub mod backup;
mod bytes;
mod data_dir;
mod disk;
mod error;
mod format;
mod ids;
mod journal;
mod limits;
mod recovery;
mod role;
mod sealed;
mod ship;
pub mod snapshot;

pub use data_dir::{DataDir, journal_dir, sealed_dir};
pub use disk::{
    Counters, DirEntry, Disk, DiskFile, Faults, RealDisk, RealFile, SimDisk, SimFile, is_crash,
};
pub use error::{IdsError, OpenError, ReadError, SealError, WriteError, is_full};
pub use format::footer::AssetTotal;
pub use ids::{
    Dropped, ID_SHARD_ENTRIES_DEFAULT, IdEntry, IdFigures, IdKey, IdKind, IdOptions, IdRuns, IdSet,
    ids_of,
};
pub use journal::{
    Appended, JournalOptions, JournalReader, JournalRoom, JournalStatus, JournalWriter,
    SparePreparer, Walker, frame_bytes, weigh,
};
pub use limits::{
    FRAME_BYTES_MAX, FRAME_RECORDS_MAX, METADATA_BYTES_MAX, NAME_BYTES_MAX, SEGMENT_BYTES_DEFAULT,
    SEGMENT_BYTES_MIN, frame_bytes_max,
};
pub use recovery::{
    Base, Cut, From, Identity, Passed, Progress, Recovery, Replays, ScanReport, TakenOver,
    identify, is_fork, lineage_and_epoch, open, open_from, scan, scan_behind,
};
pub use role::{
    Claim, Fence, PROMOTED_EPOCH_MAX, Role, check_may_serve, drop_role, epoch_of_promotion,
    is_of_next_generation, least_leader_epoch, read_role, write_role,
};
pub use sealed::SealedIndex;
pub use ship::{
    FollowError, FollowPoint, LeaderSeen, Piece, ShipError, Shipper, Standby, forget_leader, settle,
};
