//! What goes from a leader to its standby, and where a standby is.

use std::io;

use florin_engine::Sequence;

use crate::disk::DiskFile;

/// Bytes of a segment file, as they are on the leader's disk, durable there: its header alone, whole frames, a takeover
/// frame alone, or its footer alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Number of the segment.
    pub segment: u64,
    /// Where in the file it begins, bytes.
    pub offset: u64,
    /// Whole sectors of 4,096 bytes.
    pub bytes: Vec<u8>,
}

/// Where a standby is, and by what a leader can tell that its own journal is the same up to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FollowPoint {
    /// The history; `None` as long as there is none.
    pub lineage: Option<[u8; 16]>,
    /// The segment that is followed; 0 = none yet.
    pub segment: u64,
    /// BLAKE3 of the header sector of that segment. It has random bytes of the opening that wrote it, so it is the same
    /// only if the segment is.
    pub header_hash: [u8; 32],
    /// Where the next piece of that segment begins, bytes.
    pub offset: u64,
    /// The last event before that place; 0 = none.
    pub last_sequence: Sequence,
}

impl Piece {
    /// Where it ends in the file.
    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.len() as u64)
    }
}

fn read_only() -> io::Error {
    io::ErrorKind::ReadOnlyFilesystem.into()
}

/// A piece stands in for the file that it is of, so that what reads segments reads it too.
impl DiskFile for Piece {
    fn len(&self) -> io::Result<u64> {
        Ok(self.end())
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = offset.checked_sub(self.offset).and_then(|from| usize::try_from(from).ok());
        let rest = from.and_then(|from| self.bytes.get(from..)).unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn read_past_cache(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buf, offset)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(read_only())
    }

    fn sync_data(&self) -> io::Result<()> {
        Err(read_only())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(read_only())
    }
}
