//! A snapshot whose pieces do not say which event they have seen last: all of them claim that of the head. The engine
//! cannot be made to write one, so it is made of what it writes, on the way to the disk.

const CHUNK: &[u8] = b"FLORNSCK";
const MANIFEST: &[u8] = b"FLORNSMF";
const HASH_BYTES: usize = 32;
/// Behind the manifest in a file.
const TRAILER_BYTES: usize = 16;

// Of a chunk, see `docs/SNAPSHOTS.md`.
const KIND_AT: usize = 10;
const KIND_HEAD: u8 = 1;
const COPIED_AT: usize = 48;
// Of a manifest.
const HEAD_SEQUENCE_AT: usize = 40;
const SEEN_THROUGH_AT: usize = 48;
const DIGEST_AT: usize = 88;
const TABLE_AT: usize = 152;
const ENTRY_BYTES: usize = 48;
const ENTRY_DIGEST_AT: usize = 16;

/// What was written of a snapshot so far.
#[derive(Debug, Default)]
pub struct Unsequenced {
    /// The last event that the head has seen.
    head: [u8; 8],
    digests: Vec<[u8; HASH_BYTES]>,
}

impl Unsequenced {
    /// What is written instead of these bytes.
    pub fn rewrite(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        if bytes.starts_with(CHUNK) {
            if bytes[KIND_AT] == KIND_HEAD {
                self.head.copy_from_slice(&bytes[COPIED_AT..COPIED_AT + 8]);
            }
            bytes[COPIED_AT..COPIED_AT + 8].copy_from_slice(&self.head);
            self.digests.push(seal(&mut bytes));
        } else if bytes.starts_with(MANIFEST) {
            bytes.copy_within(HEAD_SEQUENCE_AT..HEAD_SEQUENCE_AT + 8, SEEN_THROUGH_AT);
            let all = blake3::hash(&self.digests.concat());
            bytes[DIGEST_AT..DIGEST_AT + HASH_BYTES].copy_from_slice(all.as_bytes());
            for (place, digest) in self.digests.iter().enumerate() {
                let at = TABLE_AT + place * ENTRY_BYTES + ENTRY_DIGEST_AT;
                bytes[at..at + HASH_BYTES].copy_from_slice(digest);
            }
            let end = bytes.len() - TRAILER_BYTES;
            seal(&mut bytes[..end]);
        }
        bytes
    }
}

/// Lets bytes end with the hash of all before it.
fn seal(bytes: &mut [u8]) -> [u8; HASH_BYTES] {
    let end = bytes.len() - HASH_BYTES;
    let hash = *blake3::hash(&bytes[..end]).as_bytes();
    bytes[end..].copy_from_slice(&hash);
    hash
}
