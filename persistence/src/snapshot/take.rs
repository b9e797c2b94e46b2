//! Taking a snapshot: what to copy next, and when it may be published. A stepper without a thread: the caller asks the
//! partition for one [`Piece`] after the other, and writes between them as slowly as it likes.

use std::collections::VecDeque;
use std::ops::Range;

use florin_engine::{AccountImage, Head, Hold, Ledger, Reversal, Sequence, Slot};

use super::chunk::{Chunk, ChunkHeader, ChunkKey, ChunkKind, Lengths, SnapshotIdentity};
use super::codec::{Bincode, Codec};
use super::error::SnapshotError;
use super::manifest::{ChunkEntry, Manifest};
use super::store::SnapshotStore;
use super::stored::{StoredAccount, StoredHead, StoredHold, StoredReversal};

/// What to copy next: a range of one list. It is used up by copying.
#[derive(Debug)]
pub struct Piece {
    generation: u64,
    key: ChunkKey,
    range: Range<u32>,
}

impl Piece {
    /// Which list, and which part of it: slots of accounts, or positions by order.
    pub const fn range(&self) -> (ChunkKind, &Range<u32>) {
        (self.key.kind, &self.range)
    }

    /// Copies it from a ledger as it is now. This is all that the partition does for a snapshot.
    pub fn copy(self, ledger: &Ledger) -> Copied {
        let range = self.range.clone();
        let images = match self.key.kind {
            // It has been written already, and is no piece.
            ChunkKind::Head => Images::Reversals(Vec::new()),
            ChunkKind::Accounts => Images::Accounts(ledger.account_images(range as Range<Slot>)),
            ChunkKind::Holds => Images::Holds(ledger.hold_images(range)),
            ChunkKind::Reversals => Images::Reversals(ledger.reversal_images(range)),
        };
        Copied { piece: self, sequence: ledger.last_sequence(), images }
    }
}

/// A piece as it was at one moment, with the sequence of that moment.
#[derive(Debug)]
pub struct Copied {
    piece: Piece,
    sequence: Sequence,
    images: Images,
}

#[derive(Debug)]
enum Images {
    Accounts(Vec<AccountImage>),
    Holds(Vec<Hold>),
    Reversals(Vec<Reversal>),
}

/// How far the taking of a snapshot has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeProgress {
    /// Chunks that are written; the head is one.
    pub chunks_done: u64,
    /// Chunks in all.
    pub chunks_total: u64,
    /// Bytes that are written.
    pub bytes: u64,
}

/// A snapshot that is being taken.
#[derive(Debug)]
pub struct Taking {
    identity: SnapshotIdentity,
    generation: u64,
    head_sequence: Sequence,
    taken_at_ns: u64,
    lengths: Lengths,
    seen_through: Sequence,
    /// Pieces that nobody has asked for, and those that were given out and have not come back; both in order.
    to_copy: VecDeque<(ChunkKey, Range<u32>)>,
    out: VecDeque<ChunkKey>,
    written: Vec<ChunkEntry>,
    bytes: u64,
    buffer: Vec<u8>,
}

impl Taking {
    /// Begins generation `generation` in a store, with a head that was taken from the ledger just now. `now_ns` (ns since
    /// 1970) is for people.
    pub fn begin(
        store: &mut dyn SnapshotStore,
        generation: u64,
        identity: SnapshotIdentity,
        head: &Head,
        now_ns: u64,
    ) -> Result<Self, SnapshotError> {
        store.begin(generation)?;
        let lengths =
            Lengths { accounts: head.accounts, holds: head.holds, reversals: head.reversals };
        let mut taking = Self {
            identity,
            generation,
            head_sequence: head.last_sequence,
            taken_at_ns: now_ns,
            lengths,
            seen_through: head.last_sequence,
            to_copy: ChunkKey::plan(lengths).filter(|(key, _)| *key != ChunkKey::HEAD).collect(),
            out: VecDeque::new(),
            written: Vec::new(),
            bytes: 0,
            buffer: Vec::new(),
        };
        let mut payload = Chunk::buffer(Vec::new());
        encode(&StoredHead::from(head), &mut payload)?;
        taking.write(store, ChunkKey::HEAD, 1, head.last_sequence, payload)?;
        Ok(taking)
    }

    /// What to copy next; `None` if everything was given out. Several may be on their way at a time.
    #[expect(clippy::should_implement_trait, reason = "it is asked between other steps")]
    pub fn next(&mut self) -> Option<Piece> {
        let (key, range) = self.to_copy.pop_front()?;
        self.out.push_back(key);
        Some(Piece { generation: self.generation, key, range })
    }

    /// Writes a piece that was copied. They come in the order in which they were given out.
    ///
    /// # Errors
    /// [`SnapshotError::Misused`] if it is another one, or from another ledger than the head; those of
    /// [`SnapshotStore::put`]. After any of them, the generation has to be abandoned.
    pub fn put(
        &mut self,
        store: &mut dyn SnapshotStore,
        copied: &Copied,
    ) -> Result<(), SnapshotError> {
        let Copied { piece, sequence: copied_at, images } = copied;
        let misused = |what| Err(SnapshotError::Misused { what });
        if piece.generation != self.generation || self.out.front() != Some(&piece.key) {
            return misused("pieces come in another order");
        }
        if *copied_at < self.head_sequence {
            return misused("a piece was copied before the head");
        }
        let mut payload = Chunk::buffer(std::mem::take(&mut self.buffer));
        let last = match images {
            Images::Accounts(images) => encode_all(images, &mut payload, |image, out| {
                encode(&StoredAccount::from(image), out)?;
                Ok((image.opened_sequence, image.last_sequence))
            }),
            Images::Holds(holds) => encode_all(holds, &mut payload, |hold, out| {
                encode(&StoredHold::from(hold), out)?;
                Ok((hold.placed_sequence, hold.last_sequence))
            }),
            Images::Reversals(reversals) => encode_all(reversals, &mut payload, |reversal, out| {
                encode(&StoredReversal::from(*reversal), out)?;
                Ok((reversal.reversal, reversal.reversal))
            }),
        }?;
        if last.items != piece.range.len() {
            return misused("a piece is shorter than the head says");
        }
        if last.made > self.head_sequence || last.changed > *copied_at {
            return misused("a piece has seen what had not happened");
        }
        let items = piece.range.end - piece.range.start;
        self.write(store, piece.key, items, *copied_at, payload)?;
        self.out.pop_front();
        Ok(())
    }

    fn write(
        &mut self,
        store: &mut dyn SnapshotStore,
        key: ChunkKey,
        items: u32,
        copied_at: Sequence,
        payload: Vec<u8>,
    ) -> Result<(), SnapshotError> {
        let (identity, generation) = (self.identity, self.generation);
        let header = ChunkHeader { identity, generation, key, items, copied_at };
        let chunk = Chunk::seal(&header, payload)?;
        let Ok(bytes) = u32::try_from(chunk.bytes().len()) else {
            return Err(SnapshotError::Misused { what: "a chunk of 4 GiB" });
        };
        store.put(&chunk)?;
        self.written.push(ChunkEntry { key, bytes, digest: chunk.digest() });
        self.bytes += u64::from(bytes);
        self.seen_through = self.seen_through.max(copied_at);
        self.buffer = chunk.into_buffer();
        Ok(())
    }

    /// How far it has come.
    pub fn progress(&self) -> TakeProgress {
        let chunks_done = self.written.len() as u64;
        TakeProgress {
            chunks_done,
            chunks_total: chunks_done + (self.out.len() + self.to_copy.len()) as u64,
            bytes: self.bytes,
        }
    }

    /// Ends it when all pieces are written. The [`Draft`] is published as soon as the journal has come as far.
    ///
    /// # Errors
    /// [`SnapshotError::Misused`] if a piece is missing.
    pub fn finish(self) -> Result<Draft, SnapshotError> {
        let manifest = Manifest {
            identity: self.identity,
            generation: self.generation,
            head_sequence: self.head_sequence,
            seen_through: self.seen_through,
            taken_at_ns: self.taken_at_ns,
            lengths: self.lengths,
            chunks: self.written,
        };
        if !manifest.is_complete() {
            return Err(SnapshotError::Misused { what: "pieces of it are missing" });
        }
        Ok(Draft { manifest })
    }
}

/// A snapshot of which everything is written, and nothing counts yet.
#[derive(Debug)]
pub struct Draft {
    manifest: Manifest,
}

impl Draft {
    /// The last event that any piece of it may have seen: the journal has to be durable through it.
    pub const fn seen_through(&self) -> Sequence {
        self.manifest.seen_through()
    }

    /// Makes it whole. `durable_through` is the last event that the journal is durable through.
    ///
    /// # Errors
    /// [`SnapshotError::NotDurable`] if the journal has not come as far: nothing was done, try again later. Those of
    /// [`SnapshotStore::publish`], after which the generation has to be abandoned.
    pub fn publish(
        &self,
        store: &mut dyn SnapshotStore,
        durable_through: Sequence,
    ) -> Result<Manifest, SnapshotError> {
        let seen_through = self.seen_through();
        if durable_through < seen_through {
            return Err(SnapshotError::NotDurable { seen_through, durable_through });
        }
        store.publish(&self.manifest)?;
        Ok(self.manifest.clone())
    }
}

/// Of the items of a piece.
#[derive(Default)]
struct Last {
    items: usize,
    /// The last event that made one.
    made: Sequence,
    /// The last event that changed one.
    changed: Sequence,
}

fn encode_all<T>(
    items: &[T],
    out: &mut Vec<u8>,
    encode: impl Fn(&T, &mut Vec<u8>) -> Result<(Sequence, Sequence), SnapshotError>,
) -> Result<Last, SnapshotError> {
    let mut last = Last { items: items.len(), ..Last::default() };
    for item in items {
        let (made, changed) = encode(item, out)?;
        last.made = last.made.max(made);
        last.changed = last.changed.max(changed);
    }
    Ok(last)
}

fn encode(item: &impl serde::Serialize, out: &mut Vec<u8>) -> Result<(), SnapshotError> {
    let encoded = Bincode::encode(item, out);
    encoded.map_err(|_| SnapshotError::Misused { what: "an item cannot be written" })
}
