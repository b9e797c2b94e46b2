//! What is in an archive, as a backup: a manifest in the same place, so that the objects can be told apart, and restored from,
//! where nothing but the archive is left.

use std::sync::PoisonError;

use super::disk::{Archive, ArchivePlace, Shared};
use crate::backup::{BackupError, End, Manifest, PlaceError, put_manifest};
use crate::disk::Disk;
use crate::recovery::inventory::Inventory;

impl<D: Disk> Archive<D> {
    /// Sees to it that the manifest of all that is archived is there, and gives its name. `None` if no event was archived
    /// yet. The same segments always have the same manifest.
    ///
    /// # Errors
    /// The place or the disk failed.
    pub fn list_segments(&self) -> Result<Option<String>, BackupError> {
        let Shared { disk, options, retiring, .. } = &*self.shared;
        let _retiring = retiring.lock().unwrap_or_else(PoisonError::into_inner);
        let mut segments = self.segments();
        // Where another segment took over, a journal does not end: what took over has to be there too.
        while segments.last().is_some_and(|last| last.object.end == End::Cut) {
            segments.pop();
        }
        let Some(newest) = segments.last().filter(|newest| newest.object.last_sequence > 0) else {
            return Ok(None);
        };
        let Some(ArchivePlace { place, .. }) = &options.place else {
            return Err(PlaceError::failed("reached", "the archive", &"none is known").into());
        };
        let inventory = Inventory::take(disk, &options.journal, None, newest.object.number)?;
        let last = &newest.object;
        let timestamps = segments.iter().map(|segment| segment.object.last_timestamp_ns);
        let last_timestamp_ns = timestamps.max().unwrap_or(0);
        let manifest = Manifest {
            format: Manifest::FORMAT,
            florin: env!("CARGO_PKG_VERSION").to_owned(),
            // Not when it was written: what was written before is found again.
            made_at_ns: last_timestamp_ns,
            partition: options.partition,
            lineage: last.lineage,
            is_fork: inventory.is_fork,
            epoch: newest.epoch,
            sequence: last.last_sequence,
            last_timestamp_ns,
            last_hash: last.last_hash,
            previous: None,
            segments: segments.iter().map(|segment| segment.object.clone()).collect(),
        };
        put_manifest(&**place, &manifest).map(Some)
    }

    /// Removes a manifest that was [written](Self::list_segments) for fewer segments.
    ///
    /// # Errors
    /// The place failed. One that stays does no harm.
    pub fn remove_list(&self, name: &str) -> Result<(), PlaceError> {
        let place = &self.shared.options.place;
        place.as_ref().map_or(Ok(()), |ArchivePlace { place, .. }| place.delete(name))
    }
}
