//! What a standby has last heard from its leader: how far that was, and when. Once the leader is dead this is what says how
//! much is missing here at least.

use std::io;
use std::path::Path;

use florin_engine::Sequence;

use crate::bytes::{array, put, u16_at, u64_at};
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;

/// The file, in the data directory.
const NAME: &str = "standby.leader";
const MAGIC: [u8; 8] = *b"FLORNSEE";
const VERSION: u16 = 1;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const RESERVED: usize = VERSION + 2;
    pub(super) const LINEAGE: usize = RESERVED + 6;
    pub(super) const EPOCH: usize = LINEAGE + 16;
    pub(super) const DURABLE_THROUGH: usize = EPOCH + 8;
    pub(super) const AT: usize = DURABLE_THROUGH + 8;
    pub(super) const HASH: usize = AT + 8;
    pub(super) const LEN: usize = HASH + 32;
}
/// Less than any device writes as a whole: it is written over in place.
const _: () = assert!(at::HASH == 56 && at::LEN == 88 && at::LEN <= 512);

/// What the leader has said of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaderSeen {
    /// The history that it writes.
    pub lineage: [u8; 16],
    /// The epoch that it writes with.
    pub epoch: u64,
    /// The last event that it had made durable.
    pub durable_through: Sequence,
    /// When it said so, by the standby's clock, ns since 1970.
    pub at_ns: u64,
}

impl LeaderSeen {
    fn encode(&self) -> [u8; at::LEN] {
        let mut out = [0; at::LEN];
        put(&mut out, at::MAGIC, MAGIC);
        put(&mut out, at::VERSION, VERSION.to_le_bytes());
        put(&mut out, at::LINEAGE, self.lineage);
        put(&mut out, at::EPOCH, self.epoch.to_le_bytes());
        put(&mut out, at::DURABLE_THROUGH, self.durable_through.to_le_bytes());
        put(&mut out, at::AT, self.at_ns.to_le_bytes());
        let hash = blake3::hash(&out[..at::HASH]);
        put(&mut out, at::HASH, *hash.as_bytes());
        out
    }

    fn decode(bytes: &[u8; at::LEN]) -> Option<Self> {
        let hash = blake3::hash(&bytes[..at::HASH]);
        let is_whole = bytes[..at::VERSION] == MAGIC
            && u16_at(bytes, at::VERSION) == VERSION
            && array::<32>(bytes, at::HASH) == *hash.as_bytes();
        is_whole.then(|| Self {
            lineage: array(bytes, at::LINEAGE),
            epoch: u64_at(bytes, at::EPOCH),
            durable_through: u64_at(bytes, at::DURABLE_THROUGH),
            at_ns: u64_at(bytes, at::AT),
        })
    }

    /// What was noted last; `None` if nothing was, or it is not what was written: then nobody knows.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read<D: Disk>(disk: &D, data: &Path) -> Result<Option<Self>, OpenError> {
        let path = data.join(NAME);
        let file = match disk.open_read_only(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|e| OpenError::from_io("opened", &path, e))?,
        };
        let mut bytes = [0; at::LEN];
        match file.read_exact_at(&mut bytes, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            read => {
                read.map_err(|e| OpenError::from_io("read", &path, e))?;
                Ok(Self::decode(&bytes))
            }
        }
    }

    /// Notes it; durable when it returns.
    ///
    /// # Errors
    /// The disk failed; there is what was noted before, this, or nothing that is believed.
    pub fn note<D: Disk>(&self, disk: &D, data: &Path) -> Result<(), OpenError> {
        let path = data.join(NAME);
        let failed = |did| {
            let path = path.clone();
            move |error| OpenError::from_io(did, &path, error)
        };
        let (file, is_new) = match disk.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (disk.create(&path).map_err(failed("made"))?, true)
            }
            opened => (opened.map_err(failed("opened"))?, false),
        };
        file.write_at(&self.encode(), 0).map_err(failed("written"))?;
        file.sync_data().map_err(failed("synced"))?;
        if is_new {
            disk.sync_dir(data).map_err(failed("synced"))?;
        }
        Ok(())
    }
}

/// Removes what was noted: the directory follows nobody any more. Durable with the next sync of the folder.
///
/// # Errors
/// The disk failed.
pub fn forget_leader<D: Disk>(disk: &D, data: &Path) -> Result<(), OpenError> {
    let path = data.join(NAME);
    match disk.remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(OpenError::from_io("removed", &path, error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Faults, SimDisk};

    fn seen(durable_through: Sequence) -> LeaderSeen {
        let at_ns = 1_700_000_000_000_000_000;
        LeaderSeen { lineage: [9; 16], epoch: 3, durable_through, at_ns }
    }

    #[test]
    fn the_bytes_are_pinned() {
        let bytes = seen(77).encode();
        assert_eq!(bytes[..16], *b"FLORNSEE\x01\0\0\0\0\0\0\0");
        assert_eq!(bytes[16..32], [9; 16]);
        assert_eq!(bytes[32..48], *b"\x03\0\0\0\0\0\0\0\x4d\0\0\0\0\0\0\0");
        assert_eq!(bytes[48..56], *b"\0\0\x2a\x36\xfe\x9c\x97\x17");
        assert_eq!(bytes[56..], *blake3::hash(&bytes[..56]).as_bytes());
        assert_eq!(LeaderSeen::decode(&bytes), Some(seen(77)));
        for at in 0..bytes.len() * 8 {
            let mut changed = bytes;
            changed[at / 8] ^= 1 << (at % 8);
            assert_eq!(LeaderSeen::decode(&changed), None, "bit {at}");
        }
    }

    /// Whatever operation the power fails at, what is read was noted once, and what was noted is not taken back.
    #[test]
    fn noted_or_nothing() {
        let data = Path::new("/data");
        for (seed, at) in (0..20).flat_map(|seed| (0..8).map(move |at| (seed, at))) {
            let disk = SimDisk::new(seed);
            disk.create_dir_all(data).unwrap();
            assert_eq!(LeaderSeen::read(&disk, data).unwrap(), None);
            let crash_at = Some(disk.operations() + at);
            disk.set_faults(Faults { crash_at, ..Faults::default() });
            let noted = (1..3).take_while(|n| seen(*n).note(&disk, data).is_ok()).last();
            disk.crash();
            let read = LeaderSeen::read(&disk, data).unwrap().map(|it| it.durable_through);
            assert!(read.is_none_or(|it| it < 3), "{read:?}");
            assert!(noted.is_none() || read >= noted || read.is_none(), "{noted:?} {read:?}");
            seen(5).note(&disk, data).unwrap();
            disk.crash();
            assert_eq!(LeaderSeen::read(&disk, data).unwrap(), Some(seen(5)));
            forget_leader(&disk, data).unwrap();
            forget_leader(&disk, data).unwrap();
            assert_eq!(LeaderSeen::read(&disk, data).unwrap(), None);
        }
    }
}
