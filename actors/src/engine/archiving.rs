//! The thread that archives, and where to.

use std::sync::Arc;

use crossbeam_channel::Sender;
use florin_persistence::archive::{Archive, ArchivePlace, Marker};
use florin_persistence::snapshot::{FileStore, SnapshotStore};
use florin_persistence::{Disk, IdRuns, JournalReader, OpenError, RealDisk};

use super::{Visitor, spawn};
use crate::archive::{self, ArchiveGauge, ArchiveSettings, Archivist};
use crate::snapshots::Taker;
use crate::start::Places;

/// Where segments are archived: where it is said now, or where the marker says that they were.
pub(super) fn archive_place(
    settings: &ArchiveSettings,
    places: &Places,
) -> Result<Option<ArchivePlace>, OpenError> {
    let marker = Marker::load(&RealDisk, &places.partition)?;
    let Some(name) = settings.to.clone().or(marker.map(|marker| marker.place)) else {
        return Ok(None);
    };
    match (settings.open)(&name) {
        Ok(place) => Ok(Some(ArchivePlace { name, place })),
        Err(error) => {
            tracing::error!(%error, "the archive cannot be used");
            Ok(None)
        }
    }
}

/// Starts the thread that archives. `None` if it cannot have what it needs.
pub(super) fn start_archiving<D: Disk>(
    archive: Archive<D>,
    reader: &JournalReader<D>,
    ids: &IdRuns<D>,
    (disk, places): (&D, &Places),
    keep_segments: usize,
    taker: Taker<Visitor>,
    gauge: &Arc<ArchiveGauge>,
) -> Option<Sender<()>> {
    if !archive.has_place() {
        return None; // why, was said
    }
    let checkpoints = FileStore::open(disk, &places.checkpoint)
        .inspect_err(|error| tracing::error!(%error, "nothing is archived without a checkpoint"))
        .ok()?;
    let (reader, ids, gauge) = (reader.clone(), ids.clone(), Arc::clone(gauge));
    let archivist =
        Archivist::new(archive, reader, ids, checkpoints, taker.identity, keep_segments);
    let (sender, stop) = crossbeam_channel::bounded(0);
    spawn("florin-archive", move || {
        let mut take = |store: &mut dyn SnapshotStore| taker.take(store, &mut |_| ());
        archive::run(archivist, &stop, &gauge, &mut take);
    });
    Some(sender)
}
