//! A journal that somebody else writes: read from end to end, with what has to be known to go on behind it.

use std::path::Path;

use super::inventory::Inventory;
use super::{From, Progress, Replays, ScanReport, read};
use crate::disk::Disk;
use crate::error::OpenError;
use crate::format::footer::AssetTotal;
use crate::format::segment::SegmentHeader;

/// What was found.
pub(crate) struct Whole {
    pub(crate) report: ScanReport,
    /// The last segment that counts.
    pub(crate) last: Option<SegmentHeader>,
    pub(crate) totals: Vec<AssetTotal>,
    /// Segments that another took over from, and where they end. Some are longer: a crash came before the cut.
    pub(crate) cuts: Vec<(u64, u64)>,
    /// Segments that do not count any more.
    pub(crate) obsolete: Vec<u64>,
}

/// Reads it, as [`open`](super::open) does, and changes nothing. With `cut_damaged_tail` what is broken at the end is not read, and
/// the report says where that is.
pub(crate) fn whole<D: Disk>(
    disk: &D,
    dir: &Path,
    partition: u32,
    cut_damaged_tail: bool,
    sink: &mut dyn Replays,
    progress: &mut dyn FnMut(Progress),
) -> Result<Whole, OpenError> {
    let inventory = Inventory::take(disk, dir, Some(partition), 0)?;
    let found = read(disk, dir, &inventory, cut_damaged_tail, From::THE_BEGINNING, sink, progress)?;
    let (mut links, mut last) = (found.chain.links, None);
    if let Some(tail) = found.tail {
        // It is this opening that would cut the last segment where the tail begins.
        if !tail.replaces {
            links.pop();
        }
        last = Some(tail.link);
    }
    let cut = |link: &super::chain::Link| Some((link.header.number, link.cut_offset?));
    Ok(Whole {
        report: found.report,
        last: last.map(|link| link.header),
        totals: found.totals,
        cuts: links.iter().filter_map(cut).collect(),
        obsolete: found.chain.obsolete,
    })
}

/// Which history the journal in a folder holds (the last, if it goes on from others), and the highest epoch in it; `None`
/// if there is nothing. Only headers are read.
///
/// # Errors
/// The folder cannot be read, or holds segments that do not belong together.
pub fn lineage_and_epoch<D: Disk>(
    disk: &D,
    dir: &Path,
) -> Result<Option<([u8; 16], u64)>, OpenError> {
    let inventory = Inventory::take(disk, dir, None, 0)?;
    Ok(inventory.lineage.map(|lineage| (lineage.id, inventory.highest_epoch())))
}
