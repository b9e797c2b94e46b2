//! What is in the folder of a journal, by name and header.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::base::Base;
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::segment::{self, HEADER_BYTES, HeaderFault, SegmentHeader};
use crate::format::{Lineage, VERSION_BRANCHED};

/// A segment's file.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    /// Bytes.
    pub(crate) len: u64,
    /// `None` if it is broken.
    pub(crate) header: Option<SegmentHeader>,
}

impl SegmentFile {
    /// Damage in it.
    pub(crate) fn damaged(&self, offset: u64, what: impl Into<String>) -> OpenError {
        OpenError::Damaged { file: self.path.clone(), offset, what: what.into() }
    }
}

/// The folder of a journal.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    pub(crate) segments: BTreeMap<u64, SegmentFile>,
    /// Length of the spare, if there is one.
    pub(crate) spare_bytes: Option<u64>,
    /// The last of the lineages that the headers name, each out of the one before.
    pub(crate) lineage: Option<Lineage>,
    /// That one is a fork.
    pub(crate) is_fork: bool,
    /// Number and epoch of the newest archived segment: what is here comes behind it. 0 if there is none.
    archived: (u64, u64),
}

impl Inventory {
    /// Lists the folder and reads the headers, those of segments above a number. A newer format stops it before
    /// anything else is looked at.
    pub(crate) fn take<D: Disk>(
        disk: &D,
        dir: &Path,
        partition: Option<u32>,
        above: u64,
    ) -> Result<Self, OpenError> {
        let mut inventory = Self::default();
        let entries = disk.list(dir).map_err(|e| OpenError::from_io("listed", dir, e))?;
        for entry in entries {
            if let Some(number) = segment::number_in(&entry.name) {
                if number <= above {
                    continue;
                }
                let path = dir.join(&entry.name);
                let header = read_header(disk, &path)?;
                let file = SegmentFile { number, path, len: entry.len, header };
                inventory.segments.insert(number, file);
            } else if entry.name == segment::SPARE {
                inventory.spare_bytes = Some(entry.len);
            }
        }
        for file in inventory.segments.values() {
            let Some(header) = &file.header else { continue };
            if header.number != file.number {
                let what =
                    format!("it is segment {}, its name says {}", header.number, file.number);
                return Err(file.damaged(0, what));
            }
            let lineage = header.lineage;
            if inventory.lineage.is_some_and(|before| !goes_on(before, header)) {
                return Err(
                    file.damaged(0, "it belongs to another history than the segments before it")
                );
            }
            inventory.lineage = Some(lineage);
            inventory.is_fork = header.is_fork;
            if partition.is_some_and(|partition| partition != lineage.partition) {
                let what = format!("it belongs to partition {}", lineage.partition);
                return Err(file.damaged(0, what));
            }
        }
        Ok(inventory)
    }

    /// What is here comes behind an archived segment: no number, epoch or history is used again.
    pub(crate) fn comes_behind(&mut self, base: &Base) {
        self.archived = (base.newest(), base.epoch());
        self.lineage = self.lineage.or(base.lineage());
    }

    /// The highest number in the folder or the archive; 0 if there is no segment.
    pub(crate) fn highest_number(&self) -> u64 {
        self.segments.last_key_value().map_or(0, |(number, _)| *number).max(self.archived.0)
    }

    /// The highest format version in any header; 0 if there is none.
    pub(crate) fn highest_format(&self) -> u16 {
        let headers = self.segments.values().filter_map(|file| file.header.as_ref());
        headers.map(|header| header.version).max().unwrap_or(0)
    }

    /// The highest epoch in any header or the archive; 0 if there is none.
    pub(crate) fn highest_epoch(&self) -> u64 {
        let headers = self.segments.values().filter_map(|file| file.header.as_ref());
        headers.map(|header| header.epoch).max().unwrap_or(0).max(self.archived.1)
    }
}

/// Whether a segment is of the lineage of the one before, or begins one out of it. (It may say that of a
/// lineage that is begun: then it is to replace the segment that did, which may still be there.)
pub(crate) fn goes_on(before: Lineage, header: &SegmentHeader) -> bool {
    let begins_out_of_it = header.origin.is_some_and(|origin| origin.lineage_id == before.id);
    header.lineage == before || begins_out_of_it && header.lineage.partition == before.partition
}

fn read_header<D: Disk>(disk: &D, path: &Path) -> Result<Option<SegmentHeader>, OpenError> {
    let file = disk.open_read_only(path).map_err(|e| OpenError::from_io("opened", path, e))?;
    let mut sector = [0; HEADER_BYTES];
    match file.read_exact_at(&mut sector, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(OpenError::from_io("read", path, error)),
    }
    match SegmentHeader::decode(&sector) {
        Ok(header) => Ok(Some(header)),
        Err(HeaderFault::Broken) => Ok(None),
        Err(HeaderFault::Newer(found)) => {
            Err(OpenError::NewerFormat { file: path.to_path_buf(), found, known: VERSION_BRANCHED })
        }
    }
}
