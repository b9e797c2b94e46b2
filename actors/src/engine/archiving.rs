//! The thread that archives, and where to.

use std::sync::Arc;

use crossbeam_channel::Sender;
use florin_persistence::archive::{ArchivePlace, Marker};
use florin_persistence::snapshot::{FileStore, SnapshotStore};
use florin_persistence::{JournalReader, OpenError, RealDisk};

use super::{Visitor, spawn};
use crate::archive::{self, ArchiveGauge, ArchiveSettings, Archivist};
use crate::seal::Sealer;
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
pub(super) fn start_archiving(
    settings: &ArchiveSettings,
    places: &Places,
    sealer: &Sealer<RealDisk>,
    reader: &JournalReader<RealDisk>,
    taker: Taker<Visitor>,
    gauge: &Arc<ArchiveGauge>,
) -> Option<Sender<()>> {
    let archive = sealer.archive().clone();
    if settings.to.is_none() || !archive.has_place() {
        return None; // why there is no place, was said
    }
    let checkpoints = FileStore::open(&RealDisk, &places.checkpoint)
        .inspect_err(|error| tracing::error!(%error, "nothing is archived without a checkpoint"))
        .ok()?;
    let (reader, ids, gauge) = (reader.clone(), sealer.ids().clone(), Arc::clone(gauge));
    let keep_segments = settings.keep_segments;
    let archivist =
        Archivist::new(archive, reader, ids, checkpoints, taker.identity, keep_segments);
    let (sender, stop) = crossbeam_channel::bounded(1); // to be stopped by a word, too
    spawn("florin-archive", move || {
        let mut take = |store: &mut dyn SnapshotStore| taker.take(store, &mut |_| ());
        archive::run(archivist, &stop, &gauge, &mut take);
    });
    Some(sender)
}
