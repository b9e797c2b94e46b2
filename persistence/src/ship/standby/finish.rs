//! What follows from a takeover, as an opening of the leader does it: the old segment is cut, and what does not count any
//! more is removed.

use std::path::Path;

use super::super::{FollowError, mark};
use super::repair;
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::segment;
use crate::format::takeover::Takeover;
use crate::recovery::Whole;

/// Cuts and removes for a takeover frame that is durable.
pub(super) fn take_over<D: Disk>(
    disk: &D,
    dir: &Path,
    takeover: &Takeover,
    segment: u64,
) -> Result<(), FollowError> {
    cut(disk, dir, takeover.old_segment, takeover.cut_offset)?;
    let entries = disk.list(dir).map_err(FollowError::io("listed", dir))?;
    let obsolete = entries
        .iter()
        .filter_map(|entry| segment::number_in(&entry.name))
        .filter(|number| (takeover.old_segment + 1..segment).contains(number));
    Ok(remove(disk, dir, obsolete)?)
}

/// The same for takeovers that a crash came after.
pub(super) fn take_leftovers_away<D: Disk>(
    disk: &D,
    dir: &Path,
    whole: &Whole,
) -> Result<(), OpenError> {
    for (number, cut_offset) in &whole.cuts {
        cut(disk, dir, *number, *cut_offset)?;
    }
    remove(disk, dir, whole.obsolete.iter().copied())
}

fn cut<D: Disk>(disk: &D, dir: &Path, number: u64, cut_offset: u64) -> Result<(), OpenError> {
    let path = dir.join(segment::file_name(number));
    let cut = disk.open(&path).and_then(|file| {
        if file.len()? > cut_offset {
            file.set_len(cut_offset)?;
            file.sync_data()?;
        }
        Ok(())
    });
    cut.map_err(|e| OpenError::from_io("cut", &path, e))
}

fn remove<D: Disk>(
    disk: &D,
    dir: &Path,
    numbers: impl Iterator<Item = u64>,
) -> Result<(), OpenError> {
    let mut has_removed = false;
    for number in numbers {
        let path = dir.join(segment::file_name(number));
        disk.remove(&path).map_err(|e| OpenError::from_io("removed", &path, e))?;
        has_removed = true;
    }
    if has_removed {
        disk.sync_dir(dir).map_err(|e| OpenError::from_io("synced", dir, e))?;
    }
    Ok(())
}

/// Makes the folder of a standby one that a server can open: takes back what a crash of the standby may have torn, and
/// what only a standby needs. Gives the highest epoch and the lineage, if there is anything.
///
/// # Errors
/// The disk failed; it can be done again.
pub fn settle<D: Disk>(disk: &D, dir: &Path) -> Result<Option<([u8; 16], u64)>, OpenError> {
    disk.create_dir_all(dir).map_err(|e| OpenError::from_io("made", dir, e))?;
    drop(repair::repair(disk, dir)?);
    mark::remove(disk, dir).map_err(|e| OpenError::from_io("removed", dir, e))?;
    crate::recovery::lineage_and_epoch(disk, dir)
}
