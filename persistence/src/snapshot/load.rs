//! Loading: the newest generation that is whole, put together for replay to go on from. If one turns out not to be
//! what was written, the one before it is tried, and whoever called is told what was wrong.

use std::collections::VecDeque;

use florin_engine::{AccountImage, Head, Hold, Restoring, Reversal, Sequence};

use super::chunk::{self, ChunkKey, ChunkKind, SnapshotIdentity};
use super::codec::{Bincode, Codec};
use super::error::{SnapshotError, SnapshotPart};
use super::manifest::Manifest;
use super::store::{GenerationReader, SnapshotStore, read_checked};
use super::stored::{StoredAccount, StoredHead, StoredHold, StoredReversal};

/// Accounts that are decoded before they are put back, so that the cache misses of their table overlap.
const AHEAD: usize = 16;

/// What a snapshot has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions {
    /// Which history of which partition.
    pub identity: SnapshotIdentity,
    /// The last event of the journal, if that is known yet: what has seen more is not used.
    pub last_sequence: Option<Sequence>,
    /// As in [`florin_engine::Ledger::new`].
    pub seed: u64,
    /// As in [`Restoring::new`].
    pub ids_through: Sequence,
    /// Only generations below this number: those from there on did not fit.
    pub below: Option<u64>,
}

/// How far a load has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadProgress {
    /// Which generation.
    pub generation: u64,
    /// Bytes that are done.
    pub bytes_done: u64,
    /// Bytes in all.
    pub bytes_total: u64,
    /// Accounts, holds and reversals that are done.
    pub items_done: u64,
}

/// What came of a load.
#[derive(Debug)]
pub struct Loaded {
    /// The state, to be finished and replayed on, and what it came from. `None`: replay begins with the first event.
    pub found: Option<(Restoring, Manifest)>,
    /// Generations that could not be used, newest first, and why.
    pub passed_over: Vec<(u64, SnapshotError)>,
}

/// Puts a reader before another.
pub type Through<'a> = &'a dyn Fn(Box<dyn GenerationReader>) -> Box<dyn GenerationReader>;

/// Loads the newest generation that can be used.
///
/// # Errors
/// Only if the store cannot even say which generations there are. Then there is the journal.
pub fn load(
    store: &dyn SnapshotStore,
    options: &LoadOptions,
    progress: &mut dyn FnMut(LoadProgress),
) -> Result<Loaded, SnapshotError> {
    load_through(store, options, &|reader| reader, progress)
}

/// As [`load`], through a reader that somebody puts before that of the store: one that reads ahead in a thread of its own.
/// Chunks are read in their order, each once.
///
/// # Errors
/// As [`load`].
pub fn load_through(
    store: &dyn SnapshotStore,
    options: &LoadOptions,
    through: Through<'_>,
    progress: &mut dyn FnMut(LoadProgress),
) -> Result<Loaded, SnapshotError> {
    let mut passed_over = Vec::new();
    let below = options.below.unwrap_or(u64::MAX);
    let numbers = store.generations()?.into_iter().rev();
    for generation in numbers.filter(|generation| *generation < below) {
        match load_generation(store, generation, options, through, progress) {
            Ok(found) => return Ok(Loaded { found: Some(found), passed_over }),
            Err(error) => passed_over.push((generation, error)),
        }
    }
    Ok(Loaded { found: None, passed_over })
}

/// Reads a generation from end to end, and checks everything that can be checked without the journal.
pub fn verify(
    store: &dyn SnapshotStore,
    generation: u64,
    identity: SnapshotIdentity,
) -> Result<Manifest, SnapshotError> {
    let options =
        LoadOptions { identity, last_sequence: None, seed: 0, ids_through: 0, below: None };
    Ok(load_generation(store, generation, &options, &|reader| reader, &mut |_| {})?.1)
}

fn load_generation(
    store: &dyn SnapshotStore,
    generation: u64,
    options: &LoadOptions,
    through: Through<'_>,
    progress: &mut dyn FnMut(LoadProgress),
) -> Result<(Restoring, Manifest), SnapshotError> {
    // Before a chunk is read, and before a store copies anything.
    check(&store.look(generation)?.manifest, options)?;
    let mut reader = through(store.open(generation)?);
    let manifest = reader.manifest().clone();
    let mut buffer = Vec::new();
    let mut done = LoadProgress {
        generation,
        bytes_done: 0,
        bytes_total: manifest.chunk_bytes(),
        items_done: 0,
    };

    let head = read_head(reader.as_mut(), options, &mut buffer)?;
    let mut restoring = Restoring::new(options.seed, head, options.ids_through)
        .map_err(|what| damaged(generation, ChunkKey::HEAD, what))?;
    let plan = ChunkKey::plan(manifest.lengths);
    for (place, (key, range)) in plan.enumerate() {
        if key != ChunkKey::HEAD {
            read_checked(reader.as_mut(), place, &mut buffer)?;
            let items = u32::try_from(range.len()).unwrap_or(u32::MAX);
            restore(&mut restoring, &manifest, key, items, &buffer)?;
            done.items_done += u64::from(items);
        }
        done.bytes_done += u64::from(manifest.chunks()[place].bytes);
        progress(done);
    }
    if restoring.seen_through() > manifest.seen_through() {
        let what = "a piece has seen more than its manifest says";
        return Err(SnapshotError::damaged(generation, SnapshotPart::Whole, what));
    }
    Ok((restoring, manifest))
}

/// Whether a generation fits.
fn check(manifest: &Manifest, options: &LoadOptions) -> Result<(), SnapshotError> {
    let (generation, seen_through) = (manifest.generation(), manifest.seen_through());
    if manifest.identity() != options.identity {
        return Err(SnapshotError::OtherLineage { generation });
    }
    match options.last_sequence {
        Some(last_sequence) if last_sequence < seen_through => {
            Err(SnapshotError::Ahead { generation, seen_through, last_sequence })
        }
        _ => Ok(()),
    }
}

fn damaged(generation: u64, key: ChunkKey, what: &str) -> SnapshotError {
    SnapshotError::damaged(generation, SnapshotPart::Chunk(key), what)
}

/// The payload of a chunk, of which everything around it has been checked.
fn payload<'a>(
    manifest: &Manifest,
    key: ChunkKey,
    items: u32,
    bytes: &'a [u8],
) -> Result<&'a [u8], SnapshotError> {
    let generation = manifest.generation();
    let (header, payload) = chunk::decode(bytes, generation, key)?;
    if header.identity != manifest.identity() {
        return Err(damaged(generation, key, "it is of another lineage"));
    }
    if header.items != items {
        return Err(damaged(generation, key, "it has more or fewer items than it should"));
    }
    if !(manifest.head_sequence()..=manifest.seen_through()).contains(&header.copied_at) {
        return Err(damaged(
            generation,
            key,
            "it was copied at another time than the manifest says",
        ));
    }
    Ok(payload)
}

fn read_head(
    reader: &mut dyn GenerationReader,
    options: &LoadOptions,
    buffer: &mut Vec<u8>,
) -> Result<Head, SnapshotError> {
    let key = ChunkKey::HEAD;
    read_checked(reader, 0, buffer)?;
    let manifest = reader.manifest();
    let generation = manifest.generation();
    check(manifest, options)?;
    let mut payload = payload(manifest, key, 1, buffer)?;
    let stored: StoredHead = take(&mut payload, generation, key)?;
    let head = Head::try_from(stored).map_err(|what| damaged(generation, key, what))?;
    let lengths = (head.accounts, head.holds, head.reversals);
    if !payload.is_empty()
        || head.last_sequence != manifest.head_sequence()
        || lengths != (manifest.accounts(), manifest.holds(), manifest.reversals())
    {
        return Err(damaged(generation, key, "it is another head than the manifest says"));
    }
    Ok(head)
}

/// Puts back the items of a chunk.
fn restore(
    restoring: &mut Restoring,
    manifest: &Manifest,
    key: ChunkKey,
    items: u32,
    bytes: &[u8],
) -> Result<(), SnapshotError> {
    let generation = manifest.generation();
    let mut payload = payload(manifest, key, items, bytes)?;
    let mut accounts = VecDeque::with_capacity(AHEAD + 1);
    for item in 0..items {
        let restored = match key.kind {
            ChunkKind::Head => Ok(()),
            ChunkKind::Accounts => {
                let stored: StoredAccount<'_> = take(&mut payload, generation, key)?;
                let ahead = AccountImage::try_from(stored);
                let ahead = ahead.map_err(|what| damaged(generation, key, what))?;
                restoring.prefetch(&ahead);
                accounts.push_back(ahead);
                let is_last = item + 1 == items;
                let ready =
                    if is_last { accounts.len() } else { accounts.len().saturating_sub(AHEAD) };
                accounts.drain(..ready).try_for_each(|image| restoring.account(image))
            }
            ChunkKind::Holds => {
                let stored: StoredHold = take(&mut payload, generation, key)?;
                restoring.hold(Hold::from(stored))
            }
            ChunkKind::Reversals => {
                let stored: StoredReversal = take(&mut payload, generation, key)?;
                restoring.reversal(Reversal::from(stored))
            }
        };
        restored.map_err(|what| damaged(generation, key, what))?;
    }
    if payload.is_empty() {
        return Ok(());
    }
    Err(damaged(generation, key, "there is something behind its items"))
}

fn take<'a, T: serde::Deserialize<'a>>(
    payload: &mut &'a [u8],
    generation: u64,
    key: ChunkKey,
) -> Result<T, SnapshotError> {
    Bincode::decode(payload).map_err(|fault| damaged(generation, key, &fault.to_string()))
}

#[cfg(test)]
mod tests;
