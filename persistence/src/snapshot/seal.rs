//! What sled's files were when a generation was published: names, lengths, hashes. They stand behind the manifest, in
//! the same file.

use super::VERSION;
use super::chunk::HASH_BYTES;
use super::error::{SnapshotError, SnapshotPart};
use super::manifest::Manifest;
use crate::bytes::{array, put, u16_at, u32_at, u64_at};
use crate::format::Hash;

const MAGIC: [u8; 8] = *b"FLORNSEA";
const NAME_BYTES: usize = 64;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const RESERVED: usize = VERSION + 2;
    pub(super) const FILES: usize = RESERVED + 2;
    pub(super) const TABLE: usize = FILES + 4;
}
const _: () = assert!(at::TABLE == 16);

/// Where each field of an entry stands.
mod entry {
    pub(super) const NAME: usize = 0;
    pub(super) const BYTES: usize = NAME + super::NAME_BYTES;
    pub(super) const HASH: usize = BYTES + 8;
    pub(super) const END: usize = HASH + 32;
}
const _: () = assert!(entry::END == 104);

/// A file, as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealedFile {
    /// Its name, and that of the folder below if it stands in one. At most 64 bytes.
    pub(crate) name: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// BLAKE3.
    pub(crate) hash: Hash,
}

/// Manifest and seal, as they stand on disk. A name that is too long cannot be sealed.
pub(crate) fn encode(manifest: &Manifest, files: &[SealedFile]) -> Option<Vec<u8>> {
    let mut out = manifest.encode();
    let mut seal = vec![0; at::TABLE + files.len() * entry::END];
    put(&mut seal, at::MAGIC, MAGIC);
    put(&mut seal, at::VERSION, VERSION.to_le_bytes());
    put(&mut seal, at::FILES, u32::try_from(files.len()).ok()?.to_le_bytes());
    let (table, _) = seal[at::TABLE..].as_chunks_mut::<{ entry::END }>();
    for (bytes, file) in table.iter_mut().zip(files) {
        let name = bytes[entry::NAME..entry::BYTES].get_mut(..file.name.len())?;
        name.copy_from_slice(file.name.as_bytes());
        put(bytes, entry::BYTES, file.bytes.to_le_bytes());
        put(bytes, entry::HASH, file.hash);
    }
    out.extend_from_slice(&seal);
    let hash = blake3::hash(&out);
    out.extend_from_slice(hash.as_bytes());
    Some(out)
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(
    bytes: &[u8],
    generation: u64,
) -> Result<(Manifest, Vec<SealedFile>), SnapshotError> {
    let damaged = |what| SnapshotError::damaged(generation, SnapshotPart::Manifest, what);
    let cut = Manifest::claimed_bytes(bytes).min(bytes.len());
    let (manifest, seal) = bytes.split_at(cut);
    let manifest = Manifest::decode(manifest, generation)?;
    if seal.len() < at::TABLE + HASH_BYTES || seal[..at::VERSION] != MAGIC {
        return Err(damaged("there is no seal behind it"));
    }
    // Before the hash: a newer format may keep that elsewhere.
    let version = u16_at(seal, at::VERSION);
    if version > VERSION {
        return Err(SnapshotError::NewerFormat { generation, found: version, known: VERSION });
    }
    let end = bytes.len() - HASH_BYTES;
    let (table, rest) = seal[at::TABLE..seal.len() - HASH_BYTES].as_chunks::<{ entry::END }>();
    if array(bytes, end) != *blake3::hash(&bytes[..end]).as_bytes()
        || version == 0
        || u32_at(seal, at::FILES) as usize != table.len()
        || !rest.is_empty()
    {
        return Err(damaged("the hash of the seal behind it is another"));
    }
    let file = |bytes: &[u8; entry::END]| {
        let name = &bytes[entry::NAME..entry::BYTES];
        let len = name.iter().position(|byte| *byte == 0).unwrap_or(NAME_BYTES);
        let name = std::str::from_utf8(&name[..len]).ok()?.to_owned();
        Some(SealedFile {
            name,
            bytes: u64_at(bytes, entry::BYTES),
            hash: array(bytes, entry::HASH),
        })
    };
    let files = table.iter().map(file).collect::<Option<Vec<_>>>();
    Ok((manifest, files.ok_or_else(|| damaged("the seal behind it has a name that is no text"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::ChunkKey;
    use crate::snapshot::chunk::{Lengths, SnapshotIdentity};
    use crate::snapshot::manifest::ChunkEntry;

    #[test]
    fn round_trip_and_every_bit() {
        let chunk = ChunkEntry { key: ChunkKey::HEAD, bytes: 9, digest: [3; 32] };
        let manifest = Manifest {
            identity: SnapshotIdentity { lineage: [1; 16], partition: 2 },
            generation: 5,
            head_sequence: 6,
            seen_through: 7,
            taken_at_ns: 8,
            lengths: Lengths::default(),
            chunks: vec![chunk],
        };
        let file = |name: &str, bytes| SealedFile { name: name.to_owned(), bytes, hash: [4; 32] };
        let longest = "n".repeat(NAME_BYTES);
        for files in [vec![], vec![file("db", 1), file("blobs/12", u64::MAX), file(&longest, 0)]] {
            let bytes = encode(&manifest, &files).unwrap();
            assert_eq!(decode(&bytes, 5).unwrap(), (manifest.clone(), files));
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                assert!(decode(&changed, 5).is_err(), "byte {at} was changed");
                assert!(decode(&bytes[..at], 5).is_err(), "it was cut at {at}");
            }
        }
        assert_eq!(encode(&manifest, &[file(&format!("{longest}n"), 1)]), None);
    }
}
