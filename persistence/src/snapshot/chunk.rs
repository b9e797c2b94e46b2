//! A chunk: some items of one kind, with the sequence at which they were copied, in an envelope that tells whether
//! they are what was written.

use std::fmt;
use std::ops::Range;

use florin_engine::Sequence;

use super::VERSION;
use super::error::{SnapshotError, SnapshotPart};
use crate::bytes::{array, put, u16_at, u32_at, u64_at};
use crate::format::Hash;

const MAGIC: [u8; 8] = *b"FLORNSCK";
pub(crate) const HASH_BYTES: usize = 32;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const KIND: usize = VERSION + 2;
    pub(super) const RESERVED: usize = KIND + 1;
    pub(super) const PARTITION: usize = RESERVED + 1;
    pub(super) const LINEAGE: usize = PARTITION + 4;
    pub(super) const GENERATION: usize = LINEAGE + 16;
    pub(super) const INDEX: usize = GENERATION + 8;
    pub(super) const ITEMS: usize = INDEX + 4;
    pub(super) const COPIED_AT: usize = ITEMS + 4;
    pub(super) const PAYLOAD_BYTES: usize = COPIED_AT + 8;
    pub(super) const RESERVED_2: usize = PAYLOAD_BYTES + 4;
    pub(super) const PAYLOAD: usize = RESERVED_2 + 12;
}
const _: () = assert!(at::PAYLOAD == 72);

/// What a chunk holds. The order is that in which they are put together again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ChunkKind {
    /// What there is beside the lists: one chunk, one item.
    Head = 1,
    /// Accounts, by slot.
    Accounts = 2,
    /// Holds and payments with their timers, by order of placing.
    Holds = 3,
    /// Reversals, in their order.
    Reversals = 4,
}

impl ChunkKind {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Head, Self::Accounts, Self::Holds, Self::Reversals];

    /// How many items a chunk of this kind takes. All but the last of a kind are full.
    pub const fn items_max(self) -> u32 {
        match self {
            Self::Head => 1,
            Self::Accounts | Self::Holds => 1_024,
            Self::Reversals => 4_096,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Accounts => "accounts",
            Self::Holds => "holds",
            Self::Reversals => "reversals",
        }
    }
}

/// Which chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkKey {
    /// What it holds.
    pub kind: ChunkKind,
    /// From 0, without gaps.
    pub index: u32,
}

impl ChunkKey {
    /// The one chunk that every snapshot has.
    pub const HEAD: Self = Self { kind: ChunkKind::Head, index: 0 };

    /// Every chunk of lists of these lengths, in order: a head, then accounts, holds and reversals.
    pub(crate) fn plan(lengths: Lengths) -> impl Iterator<Item = (Self, Range<u32>)> {
        ChunkKind::ALL.into_iter().flat_map(move |kind| {
            let len = lengths.of(kind);
            let most = kind.items_max();
            (0..len.div_ceil(most)).map(move |index| {
                let from = index * most;
                (Self { kind, index }, from..len.min(from.saturating_add(most)))
            })
        })
    }
}

impl fmt::Display for ChunkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.index)
    }
}

/// How long the lists were at the moment of the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Lengths {
    pub(crate) accounts: u32,
    pub(crate) holds: u32,
    pub(crate) reversals: u32,
}

impl Lengths {
    pub(crate) const fn of(self, kind: ChunkKind) -> u32 {
        match kind {
            ChunkKind::Head => 1,
            ChunkKind::Accounts => self.accounts,
            ChunkKind::Holds => self.holds,
            ChunkKind::Reversals => self.reversals,
        }
    }
}

/// Which history of which partition a snapshot is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotIdentity {
    /// The lineage of the journal.
    pub lineage: [u8; 16],
    /// Which partition.
    pub partition: u32,
}

/// A chunk as it is stored. It can only be made with the sequence at which its items were copied, see
/// [`Piece::copy`](super::Piece::copy).
#[derive(Debug, Clone)]
pub struct Chunk {
    key: ChunkKey,
    bytes: Vec<u8>,
}

/// What the envelope says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkHeader {
    pub(crate) identity: SnapshotIdentity,
    pub(crate) generation: u64,
    pub(crate) key: ChunkKey,
    pub(crate) items: u32,
    /// The last event that had been applied when the items were copied.
    pub(crate) copied_at: Sequence,
}

impl Chunk {
    /// Puts an envelope around a payload. `buffer` is taken over and begins with room for the header, see
    /// [`Chunk::buffer`].
    pub(crate) fn seal(header: &ChunkHeader, mut bytes: Vec<u8>) -> Result<Self, SnapshotError> {
        let Ok(payload_bytes) = u32::try_from(bytes.len().saturating_sub(at::PAYLOAD)) else {
            return Err(SnapshotError::Misused { what: "a chunk of 4 GiB" });
        };
        put(&mut bytes, at::MAGIC, MAGIC);
        put(&mut bytes, at::VERSION, VERSION.to_le_bytes());
        put(&mut bytes, at::KIND, [header.key.kind as u8]);
        put(&mut bytes, at::PARTITION, header.identity.partition.to_le_bytes());
        put(&mut bytes, at::LINEAGE, header.identity.lineage);
        put(&mut bytes, at::GENERATION, header.generation.to_le_bytes());
        put(&mut bytes, at::INDEX, header.key.index.to_le_bytes());
        put(&mut bytes, at::ITEMS, header.items.to_le_bytes());
        put(&mut bytes, at::COPIED_AT, header.copied_at.to_le_bytes());
        put(&mut bytes, at::PAYLOAD_BYTES, payload_bytes.to_le_bytes());
        let digest = blake3::hash(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        Ok(Self { key: header.key, bytes })
    }

    /// An empty payload behind room for the header, in a buffer that may have been used before.
    pub(crate) fn buffer(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.clear();
        bytes.resize(at::PAYLOAD, 0);
        bytes
    }

    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// Which chunk it is.
    pub const fn key(&self) -> ChunkKey {
        self.key
    }

    /// As it is stored.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// BLAKE3 over all of it but these 32 bytes, with which it ends.
    pub fn digest(&self) -> [u8; 32] {
        array(&self.bytes, self.bytes.len() - HASH_BYTES)
    }
}

/// Reads a chunk: its envelope and its payload.
pub(crate) fn decode(
    bytes: &[u8],
    generation: u64,
    key: ChunkKey,
) -> Result<(ChunkHeader, &[u8]), SnapshotError> {
    let damaged = |what: &str| SnapshotError::damaged(generation, SnapshotPart::Chunk(key), what);
    let Some(end) = bytes.len().checked_sub(HASH_BYTES).filter(|end| *end >= at::PAYLOAD) else {
        return Err(damaged("it is too short"));
    };
    if bytes[..at::VERSION] != MAGIC {
        return Err(damaged("it does not begin like a chunk"));
    }
    // First of all: the manifest, whose format this release knows, has said that it ends with it.
    let digest: Hash = array(bytes, end);
    let version = u16_at(bytes, at::VERSION);
    if digest != *blake3::hash(&bytes[..end]).as_bytes() || version == 0 {
        return Err(damaged("its hash is another"));
    }
    if version > VERSION {
        return Err(SnapshotError::NewerFormat { generation, found: version, known: VERSION });
    }
    let kind = ChunkKind::from_number(bytes[at::KIND]);
    let payload = &bytes[at::PAYLOAD..end];
    let header = kind.map(|kind| ChunkHeader {
        identity: SnapshotIdentity {
            lineage: array(bytes, at::LINEAGE),
            partition: u32_at(bytes, at::PARTITION),
        },
        generation: u64_at(bytes, at::GENERATION),
        key: ChunkKey { kind, index: u32_at(bytes, at::INDEX) },
        items: u32_at(bytes, at::ITEMS),
        copied_at: u64_at(bytes, at::COPIED_AT),
    });
    match header {
        Some(header)
            if header.key == key
                && header.generation == generation
                && u32_at(bytes, at::PAYLOAD_BYTES) as usize == payload.len() =>
        {
            Ok((header, payload))
        }
        _ => Err(damaged("it is another chunk")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trip(
            ids in any::<([u8; 16], u32, u64, u32)>(),
            numbers in any::<(u32, u64)>(),
            payload in proptest::collection::vec(any::<u8>(), 0..300),
            kind in 0..4usize,
            at in any::<proptest::sample::Index>(),
            bit in 0..8u32,
        ) {
            let (lineage, partition, generation, index) = ids;
            let key = ChunkKey { kind: ChunkKind::ALL[kind], index };
            let identity = SnapshotIdentity { lineage, partition };
            let (items, copied_at) = numbers;
            let header = ChunkHeader { identity, generation, key, items, copied_at };
            let mut bytes = Chunk::buffer(vec![7; 5]);
            bytes.extend_from_slice(&payload);
            let chunk = Chunk::seal(&header, bytes).unwrap();
            prop_assert_eq!(decode(chunk.bytes(), generation, key).unwrap(), (header, &payload[..]));
            let other = ChunkKey { index: index ^ 1, ..key };
            prop_assert!(decode(chunk.bytes(), generation, other).is_err());
            prop_assert!(decode(chunk.bytes(), generation ^ 1, key).is_err());
            let mut bytes = chunk.into_buffer();
            let at = at.index(bytes.len());
            prop_assert!(decode(&bytes[..at], generation, key).is_err(), "a cut chunk was accepted");
            bytes[at] ^= 1u8 << bit;
            prop_assert!(decode(&bytes, generation, key).is_err(), "a changed chunk was accepted");
        }
    }

    #[test]
    fn plans_cover_every_item_once() {
        for (accounts, holds, reversals, chunks) in [
            (0, 0, 0, 1),
            (1, 0, 0, 2),
            (1_024, 1, 4_096, 4),
            (1_025, 1_024, 4_097, 6),
            (u32::MAX, 0, 0, 1 + (1 << 22)),
        ] {
            let lengths = Lengths { accounts, holds, reversals };
            let mut next = (ChunkKey::HEAD, 0);
            let mut seen = 0;
            for (key, range) in ChunkKey::plan(lengths) {
                if key.kind != next.0.kind {
                    assert_eq!(next.1, lengths.of(next.0.kind), "{key}");
                    assert!(key.kind > next.0.kind && key.index == 0 && range.start == 0);
                    next = (key, 0);
                }
                assert_eq!((key, range.start), next);
                assert!(!range.is_empty() && range.len() <= key.kind.items_max() as usize);
                next = (ChunkKey { index: key.index + 1, ..key }, range.end);
                seen += 1;
            }
            assert_eq!((seen, next.1), (chunks, lengths.of(next.0.kind)));
        }
    }

    #[test]
    fn a_newer_format_is_told_by_name() {
        let identity = SnapshotIdentity { lineage: [1; 16], partition: 0 };
        let key = ChunkKey::HEAD;
        let header = ChunkHeader { identity, generation: 4, key, items: 1, copied_at: 9 };
        let mut bytes = Chunk::seal(&header, Chunk::buffer(Vec::new())).unwrap().into_buffer();
        bytes[at::VERSION] = 2;
        assert_eq!(decode(&bytes, 4, key).unwrap_err().reason(), "SNAPSHOT_DAMAGED");
        let end = bytes.len() - HASH_BYTES;
        let digest = *blake3::hash(&bytes[..end]).as_bytes();
        put(&mut bytes, end, digest);
        let error = decode(&bytes, 4, key).unwrap_err();
        assert_eq!(error.reason(), "SNAPSHOT_NEWER_FORMAT");
        assert!(error.to_string().contains("format 2"), "{error}");
    }
}
