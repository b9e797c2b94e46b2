//! The manifest: what makes a generation whole. It is written last, when everything else is on disk.

use std::fmt;

use florin_engine::Sequence;

use super::VERSION;
use super::chunk::{ChunkKey, ChunkKind, HASH_BYTES, Lengths, SnapshotIdentity};
use super::error::{SnapshotError, SnapshotPart};
use crate::bytes::{array, put, u16_at, u32_at, u64_at};
use crate::format::Hash;

const MAGIC: [u8; 8] = *b"FLORNSMF";

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const RESERVED: usize = VERSION + 2;
    pub(super) const PARTITION: usize = RESERVED + 2;
    pub(super) const LINEAGE: usize = PARTITION + 4;
    pub(super) const GENERATION: usize = LINEAGE + 16;
    pub(super) const HEAD_SEQUENCE: usize = GENERATION + 8;
    pub(super) const SEEN_THROUGH: usize = HEAD_SEQUENCE + 8;
    pub(super) const TAKEN_AT: usize = SEEN_THROUGH + 8;
    pub(super) const ACCOUNTS: usize = TAKEN_AT + 8;
    pub(super) const HOLDS: usize = ACCOUNTS + 4;
    pub(super) const REVERSALS: usize = HOLDS + 4;
    pub(super) const CHUNKS: usize = REVERSALS + 4;
    pub(super) const CHUNK_BYTES: usize = CHUNKS + 4;
    pub(super) const DIGEST: usize = CHUNK_BYTES + 8;
    pub(super) const RESERVED_2: usize = DIGEST + 32;
    pub(super) const TABLE: usize = RESERVED_2 + 32;
}
const _: () = assert!(at::TABLE == 152);

/// Where each field of an entry of the table stands.
mod entry {
    pub(super) const KIND: usize = 0;
    pub(super) const RESERVED: usize = KIND + 1;
    pub(super) const INDEX: usize = RESERVED + 3;
    pub(super) const BYTES: usize = INDEX + 4;
    pub(super) const RESERVED_2: usize = BYTES + 4;
    pub(super) const DIGEST: usize = RESERVED_2 + 4;
    pub(super) const END: usize = DIGEST + 32;
}
const _: () = assert!(entry::END == 48);

/// A chunk, as the manifest knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkEntry {
    /// Which chunk.
    pub key: ChunkKey,
    /// How long it is as it is stored, bytes.
    pub bytes: u32,
    /// BLAKE3, see [`Chunk::digest`](super::Chunk::digest).
    pub digest: [u8; 32],
}

/// What a whole generation is. There is none without all of its chunks, and none before the journal was durable through
/// all that they have seen: it is made by [`Draft::publish`](super::Draft::publish), or read back.
#[derive(Clone, PartialEq, Eq)]
pub struct Manifest {
    pub(crate) identity: SnapshotIdentity,
    pub(crate) generation: u64,
    pub(crate) head_sequence: Sequence,
    pub(crate) seen_through: Sequence,
    pub(crate) taken_at_ns: u64,
    pub(crate) lengths: Lengths,
    pub(crate) chunks: Vec<ChunkEntry>,
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest")
            .field("generation", &self.generation)
            .field("head_sequence", &self.head_sequence)
            .field("seen_through", &self.seen_through)
            .field("lengths", &self.lengths)
            .field("chunks", &self.chunks.len())
            .finish_non_exhaustive()
    }
}

impl Manifest {
    /// Which history of which partition it is of.
    pub const fn identity(&self) -> SnapshotIdentity {
        self.identity
    }

    /// Its number; later ones have higher ones.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The last event that everything in it has seen: replay begins behind it.
    pub const fn head_sequence(&self) -> Sequence {
        self.head_sequence
    }

    /// The last event that anything in it may have seen. Before replay has come as far, what is restored is of no moment.
    pub const fn seen_through(&self) -> Sequence {
        self.seen_through
    }

    /// When it was begun, ns since 1970, as the caller said.
    pub const fn taken_at_ns(&self) -> u64 {
        self.taken_at_ns
    }

    /// Number of accounts.
    pub const fn accounts(&self) -> u32 {
        self.lengths.accounts
    }

    /// Number of holds and payments, closed ones too.
    pub const fn holds(&self) -> u32 {
        self.lengths.holds
    }

    /// Number of reversals.
    pub const fn reversals(&self) -> u32 {
        self.lengths.reversals
    }

    /// Its chunks: the head, then accounts, holds and reversals, each by index.
    pub fn chunks(&self) -> &[ChunkEntry] {
        &self.chunks
    }

    /// Bytes of all chunks together.
    pub fn chunk_bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum()
    }

    /// BLAKE3 over the digests of all chunks in order.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for chunk in &self.chunks {
            hasher.update(&chunk.digest);
        }
        *hasher.finalize().as_bytes()
    }

    /// Whether the chunks are those that the lengths ask for.
    pub(crate) fn is_complete(&self) -> bool {
        ChunkKey::plan(self.lengths).map(|(key, _)| key).eq(self.chunks.iter().map(|c| c.key))
    }

    /// The bytes on disk.
    ///
    /// # Panics
    /// Never: lists hold less than 2^32 items, so there are fewer chunks.
    pub fn encode(&self) -> Vec<u8> {
        let chunks = u32::try_from(self.chunks.len()).expect("fewer chunks than items");
        let mut out = vec![0; at::TABLE + self.chunks.len() * entry::END];
        put(&mut out, at::MAGIC, MAGIC);
        put(&mut out, at::VERSION, VERSION.to_le_bytes());
        put(&mut out, at::PARTITION, self.identity.partition.to_le_bytes());
        put(&mut out, at::LINEAGE, self.identity.lineage);
        put(&mut out, at::GENERATION, self.generation.to_le_bytes());
        put(&mut out, at::HEAD_SEQUENCE, self.head_sequence.to_le_bytes());
        put(&mut out, at::SEEN_THROUGH, self.seen_through.to_le_bytes());
        put(&mut out, at::TAKEN_AT, self.taken_at_ns.to_le_bytes());
        put(&mut out, at::ACCOUNTS, self.lengths.accounts.to_le_bytes());
        put(&mut out, at::HOLDS, self.lengths.holds.to_le_bytes());
        put(&mut out, at::REVERSALS, self.lengths.reversals.to_le_bytes());
        put(&mut out, at::CHUNKS, chunks.to_le_bytes());
        put(&mut out, at::CHUNK_BYTES, self.chunk_bytes().to_le_bytes());
        put(&mut out, at::DIGEST, self.digest());
        let (table, _) = out[at::TABLE..].as_chunks_mut::<{ entry::END }>();
        for (bytes, chunk) in table.iter_mut().zip(&self.chunks) {
            put(bytes, entry::KIND, [chunk.key.kind as u8]);
            put(bytes, entry::INDEX, chunk.key.index.to_le_bytes());
            put(bytes, entry::BYTES, chunk.bytes.to_le_bytes());
            put(bytes, entry::DIGEST, chunk.digest);
        }
        let hash = blake3::hash(&out);
        out.extend_from_slice(hash.as_bytes());
        out
    }

    /// How many bytes the manifest takes with which these begin; 0 if they do not begin with one. Nothing of it is
    /// trusted yet.
    pub(crate) fn claimed_bytes(bytes: &[u8]) -> usize {
        if bytes.len() < at::TABLE || bytes[..at::VERSION] != MAGIC {
            return 0;
        }
        let table = (u32_at(bytes, at::CHUNKS) as usize).saturating_mul(entry::END);
        table.saturating_add(at::TABLE + HASH_BYTES)
    }

    /// Reads what [`encode`](Self::encode) wrote of this generation, no more and no less.
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`] if it is anything else, [`SnapshotError::NewerFormat`] if a newer release wrote it.
    pub fn decode(bytes: &[u8], generation: u64) -> Result<Self, SnapshotError> {
        let damaged =
            |what: &str| Err(SnapshotError::damaged(generation, SnapshotPart::Manifest, what));
        if bytes.len() < at::TABLE + HASH_BYTES || bytes[..at::VERSION] != MAGIC {
            return damaged("it does not begin like one");
        }
        // Before the hash: a newer format may keep that elsewhere.
        let version = u16_at(bytes, at::VERSION);
        if version > VERSION {
            return Err(SnapshotError::NewerFormat { generation, found: version, known: VERSION });
        }
        let end = bytes.len() - HASH_BYTES;
        let hash: Hash = array(bytes, end);
        if Self::claimed_bytes(bytes) != bytes.len()
            || hash != *blake3::hash(&bytes[..end]).as_bytes()
            || version == 0
        {
            return damaged("its hash is another");
        }
        let (table, _) = bytes[at::TABLE..end].as_chunks::<{ entry::END }>();
        let chunk = |bytes: &[u8; entry::END]| {
            let kind = ChunkKind::from_number(bytes[entry::KIND])?;
            Some(ChunkEntry {
                key: ChunkKey { kind, index: u32_at(bytes, entry::INDEX) },
                bytes: u32_at(bytes, entry::BYTES),
                digest: array(bytes, entry::DIGEST),
            })
        };
        let Some(chunks) = table.iter().map(chunk).collect::<Option<Vec<_>>>() else {
            return damaged("it has a chunk of no kind");
        };
        let manifest = Self {
            identity: SnapshotIdentity {
                lineage: array(bytes, at::LINEAGE),
                partition: u32_at(bytes, at::PARTITION),
            },
            generation: u64_at(bytes, at::GENERATION),
            head_sequence: u64_at(bytes, at::HEAD_SEQUENCE),
            seen_through: u64_at(bytes, at::SEEN_THROUGH),
            taken_at_ns: u64_at(bytes, at::TAKEN_AT),
            lengths: Lengths {
                accounts: u32_at(bytes, at::ACCOUNTS),
                holds: u32_at(bytes, at::HOLDS),
                reversals: u32_at(bytes, at::REVERSALS),
            },
            chunks,
        };
        if manifest.generation != generation {
            return damaged("it is that of another generation");
        }
        if !manifest.is_complete()
            || manifest.chunk_bytes() != u64_at(bytes, at::CHUNK_BYTES)
            || manifest.digest() != array(bytes, at::DIGEST)
            || manifest.seen_through < manifest.head_sequence
        {
            return damaged("it contradicts itself");
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_manifest() -> impl Strategy<Value = Manifest> {
        let lengths = (0..5_000u32, 0..3_000u32, 0..9_000u32);
        (any::<([u8; 16], u32, [u64; 3])>(), 0..1_u64 << 40, lengths, any::<u64>()).prop_map(
            |((lineage, partition, n), ahead, (accounts, holds, reversals), seed)| {
                let lengths = Lengths { accounts, holds, reversals };
                let chunk = |(key, _)| {
                    let digest = *blake3::hash(format!("{seed} {key}").as_bytes()).as_bytes();
                    ChunkEntry { key, bytes: u32::from_le_bytes(array(&digest, 0)), digest }
                };
                Manifest {
                    identity: SnapshotIdentity { lineage, partition },
                    generation: n[0],
                    head_sequence: n[1],
                    seen_through: n[1].saturating_add(ahead),
                    taken_at_ns: n[2],
                    lengths,
                    chunks: ChunkKey::plan(lengths).map(chunk).collect(),
                }
            },
        )
    }

    proptest! {
        #[test]
        fn round_trip(
            manifest in any_manifest(),
            at in any::<proptest::sample::Index>(),
            bit in 0..8u32,
        ) {
            let generation = manifest.generation;
            let mut bytes = manifest.encode();
            prop_assert_eq!(Manifest::claimed_bytes(&bytes), bytes.len());
            prop_assert_eq!(Manifest::decode(&bytes, generation).unwrap(), manifest);
            prop_assert!(Manifest::decode(&bytes, generation ^ 1).is_err());
            let at = at.index(bytes.len());
            prop_assert!(Manifest::decode(&bytes[..at], generation).is_err(), "a cut one was accepted");
            bytes[at] ^= 1u8 << bit;
            prop_assert!(Manifest::decode(&bytes, generation).is_err(), "a changed one was accepted");
        }

        #[test]
        fn one_that_lacks_a_chunk_is_not_read(
            manifest in any_manifest(),
            at in any::<proptest::sample::Index>(),
        ) {
            let mut lacking = manifest.clone();
            lacking.chunks.remove(at.index(manifest.chunks.len()));
            let error = Manifest::decode(&lacking.encode(), manifest.generation).unwrap_err();
            prop_assert_eq!(error.reason(), "SNAPSHOT_DAMAGED");
        }
    }

    #[test]
    fn a_newer_format_is_told_by_name() {
        let mut bytes = vec![0; 500];
        put(&mut bytes, at::MAGIC, MAGIC);
        put(&mut bytes, at::VERSION, 9u16.to_le_bytes());
        let error = Manifest::decode(&bytes, 4).unwrap_err();
        assert_eq!(error.reason(), "SNAPSHOT_NEWER_FORMAT");
        assert!(error.to_string().contains("format 9"), "{error}");
    }
}
