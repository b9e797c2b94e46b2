//! Snapshots: the state in pieces, so that a restart need not replay everything. Never the truth; `docs/SNAPSHOTS.md`
//! has the rules and the bytes.
//!
//! [`Taking`] says what to copy from a partition that runs on, and writes it into a [`SnapshotStore`]; a [`Draft`] is
//! published when the journal is durable through all that its pieces have seen. [`load`] finds the newest generation that
//! is whole and puts it together for replay.

mod chunk;
mod codec;
mod error;
mod file_store;
mod files;
mod load;
mod manifest;
mod seal;
mod sled_store;
mod store;
mod stored;
mod take;

pub use chunk::{Chunk, ChunkKey, ChunkKind, SnapshotIdentity};
pub use error::{SnapshotError, SnapshotPart};
pub use file_store::FileStore;
pub use load::{LoadOptions, LoadProgress, Loaded, Through, load, load_through, verify};
pub use manifest::{ChunkEntry, Manifest};
pub use sled_store::SledStore;
pub use store::{GenerationReader, Listed, SnapshotStore};
pub use take::{Copied, Draft, Piece, TakeProgress, Taking};

/// The version that this release writes, and the newest that it reads.
const VERSION: u16 = 1;
