//! The standby's mark: which bytes may be torn, and why that is no damage.
//!
//! A leader syncs each frame before it writes the next one, so a whole frame vouches for those before it. A standby
//! writes many frames and syncs them once. If the power goes in between, a later one may be whole and an earlier one
//! not, which recovery would have to call damage. So the standby notes beforehand where it is going to write, and takes the
//! note back once that is synced: what is broken there later was not torn.

use std::io;
use std::path::{Path, PathBuf};

use crate::bytes::{array, put, u16_at, u64_at};
use crate::disk::{Disk, DiskFile};
use crate::format::Hash;

/// The file, beside the segments.
const NAME: &str = "standby.mark";
const NAME_UNFINISHED: &str = "standby.mark.tmp";
const MAGIC: [u8; 8] = *b"FLORNMRK";
const VERSION: u16 = 1;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const RESERVED: usize = VERSION + 2;
    pub(super) const SEGMENT: usize = RESERVED + 6;
    pub(super) const BEGIN: usize = SEGMENT + 8;
    pub(super) const END: usize = BEGIN + 8;
    pub(super) const HEADER_HASH: usize = END + 8;
    pub(super) const HASH: usize = HEADER_HASH + 32;
    pub(super) const LEN: usize = HASH + 32;
}
/// Less than any device writes as a whole, so that there is the old mark, or the new one, or a broken one.
const _: () = assert!(at::HASH == 72 && at::LEN == 104 && at::LEN <= 512);

/// Bytes of one segment that are written without a sync in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) segment: u64,
    /// Of its header sector.
    pub(super) header_hash: Hash,
    /// The first byte, and the one behind the last.
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Mark {
    fn encode(&self) -> [u8; at::LEN] {
        let mut out = [0; at::LEN];
        put(&mut out, at::MAGIC, MAGIC);
        put(&mut out, at::VERSION, VERSION.to_le_bytes());
        put(&mut out, at::SEGMENT, self.segment.to_le_bytes());
        put(&mut out, at::BEGIN, self.begin.to_le_bytes());
        put(&mut out, at::END, self.end.to_le_bytes());
        put(&mut out, at::HEADER_HASH, self.header_hash);
        let hash = blake3::hash(&out[..at::HASH]);
        put(&mut out, at::HASH, *hash.as_bytes());
        out
    }

    /// `None` if it is not what was written: then what it was for was not written either, or is durable.
    fn decode(bytes: &[u8; at::LEN]) -> Option<Self> {
        let hash = blake3::hash(&bytes[..at::HASH]);
        let is_whole = bytes[..at::VERSION] == MAGIC
            && u16_at(bytes, at::VERSION) == VERSION
            && array::<32>(bytes, at::HASH) == *hash.as_bytes();
        is_whole.then(|| Self {
            segment: u64_at(bytes, at::SEGMENT),
            header_hash: array(bytes, at::HEADER_HASH),
            begin: u64_at(bytes, at::BEGIN),
            end: u64_at(bytes, at::END),
        })
    }
}

/// The file of the mark.
pub(super) struct MarkFile<D: Disk> {
    file: D::File,
    pub(super) path: PathBuf,
}

impl<D: Disk> MarkFile<D> {
    /// Opens it, or makes it; gives what stands in it.
    pub(super) fn open(disk: &D, dir: &Path) -> io::Result<(Self, Option<Mark>)> {
        let path = dir.join(NAME);
        let file = match disk.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let unfinished = dir.join(NAME_UNFINISHED);
                match disk.remove(&unfinished) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
                let file = disk.create(&unfinished)?;
                file.write_at(&[0; at::LEN], 0)?;
                file.sync_data()?;
                disk.rename(&unfinished, &path)?;
                disk.sync_dir(dir)?;
                file
            }
            opened => opened?,
        };
        let mut bytes = [0; at::LEN];
        let mark = match file.read_exact_at(&mut bytes, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            read => read.map(|()| Mark::decode(&bytes))?,
        };
        Ok((Self { file, path }, mark))
    }

    /// Notes where is going to be written; durable when it returns.
    pub(super) fn note(&self, mark: &Mark) -> io::Result<()> {
        self.file.write_at(&mark.encode(), 0)?;
        self.file.sync_data()
    }

    /// What was noted is durable. Not synced: if the power fails the note may stand there again, and whoever finds it asks
    /// what came behind it too.
    pub(super) fn clear(&self) -> io::Result<()> {
        self.file.write_at(&[0; at::LEN], 0)
    }
}

/// Removes the mark of a folder: whoever serves from now on syncs each frame.
pub(super) fn remove<D: Disk>(disk: &D, dir: &Path) -> io::Result<()> {
    for name in [NAME, NAME_UNFINISHED] {
        match disk.remove(&dir.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    disk.sync_dir(dir)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trip(n in any::<[u64; 3]>(), header_hash in any::<Hash>(), at in 0..at::LEN, bit in 0..8u32) {
            let mark = Mark { segment: n[0], header_hash, begin: n[1], end: n[2] };
            let mut bytes = mark.encode();
            prop_assert_eq!(Mark::decode(&bytes), Some(mark));
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(Mark::decode(&bytes), None, "a changed mark was believed");
        }
    }

    #[test]
    fn the_bytes_are_pinned() {
        let mark = Mark { segment: 3, header_hash: [7; 32], begin: 8_192, end: 16_384 };
        let bytes = mark.encode();
        assert_eq!(bytes[..16], *b"FLORNMRK\x01\0\0\0\0\0\0\0");
        assert_eq!(bytes[16..40], *b"\x03\0\0\0\0\0\0\0\0\x20\0\0\0\0\0\0\0\x40\0\0\0\0\0\0");
        assert_eq!(bytes[40..72], [7; 32]);
        assert_eq!(bytes[72..], *blake3::hash(&bytes[..72]).as_bytes());
    }
}
