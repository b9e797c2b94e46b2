//! What a start needs of segments that were archived: where the journal begins that is here, their indexes, their ids.

use std::io;
use std::sync::Arc;

use florin_persistence::archive::{Archive, ArchiveOptions, Marker};
use florin_persistence::{Base, Disk, IdsError, OpenError, ReadError, SealError};

use super::{Places, StartOptions};
use crate::seal::{Indexes, Maker, SealFault, overlaps};

/// Segments that are kept here after they were fetched to be read.
const FETCHED_SEGMENTS: usize = 4;

/// The archive that the marker tells of, if it is of this journal.
pub(super) fn open<D: Disk>(
    disk: &D,
    places: &Places,
    options: &StartOptions,
    lineage: Option<[u8; 16]>,
) -> Result<Archive<D>, OpenError> {
    let marker = Marker::load(disk, &places.partition)?;
    if let Some(marker) = &marker
        && Some(marker.lineage) != lineage
    {
        let what = match lineage {
            None => {
                format!("events 1 to {} were archived, and the rest is missing", marker.through())
            }
            Some(_) => "the marker of its archive is of another history".to_owned(),
        };
        return Err(OpenError::Damaged { file: places.journal.clone(), offset: 0, what });
    }
    let archive = ArchiveOptions {
        partition: options.journal.partition,
        partition_dir: places.partition.clone(),
        journal: places.journal.clone(),
        fetched: places.fetched.clone(),
        fetched_segments_max: FETCHED_SEGMENTS,
        place: options.archive.clone(),
    };
    Ok(Archive::new(disk, archive, marker.as_ref()))
}

/// Where the journal that is here begins: behind the archive, in which there are some segments.
///
/// What lies beside those and is missing is made again from the archive. Only the index of the last of them and their ids
/// cannot be done without; the sealing thread goes on trying the rest.
pub(super) fn base<D: Disk>(
    archive: &Archive<D>,
    maker: &Maker<D>,
    indexes: &mut Indexes<D>,
    partition: u32,
) -> Result<Base, OpenError> {
    let segments = archive.segments();
    let through = archive.through();
    let mut totals = Some(Vec::new());
    for (at, segment) in segments.iter().enumerate() {
        let object = &segment.object;
        let (number, span) = (object.number, object.first_sequence..=object.last_sequence);
        let lacks_ids = overlaps(&maker.ids().missing(through), &span);
        let is_needed = lacks_ids || at + 1 == segments.len();
        if lacks_ids || !indexes.contains_key(&number) {
            let made = totals.as_ref().map(|totals| maker.make(archive, number, &span, totals));
            match made {
                Some(Ok(index)) => drop(indexes.insert(number, Arc::new(index))),
                Some(Err(error)) if is_needed => return Err(not_made(error, archive)),
                None if is_needed => return Err(needed(archive)),
                Some(Err(error)) => tracing::warn!(segment = number, %error, "an index is missing"),
                None => tracing::warn!(segment = number, "an index is missing"),
            }
        }
        totals = indexes.get(&number).map(|index| index.totals().to_vec());
    }
    let newest = segments.last().and_then(|newest| indexes.get(&newest.object.number));
    let base = newest.and_then(|newest| Base::new(partition, &segments, newest.passed()));
    base.ok_or_else(|| needed(archive))
}

/// Nothing that is here says what the archive ends with.
fn needed<D: Disk>(archive: &Archive<D>) -> OpenError {
    OpenError::Archived { needed: 1, through: archive.through() }
}

fn not_made<D: Disk>(fault: SealFault, archive: &Archive<D>) -> OpenError {
    let failed = |did, path, source| OpenError::from_io(did, path, source);
    match fault {
        SealFault::Index(SealError::Segment(error)) => error,
        SealFault::Index(SealError::Failed { did, path, source })
        | SealFault::Ids(IdsError::Failed { did, path, source }) => failed(did, &path, source),
        SealFault::Index(SealError::NoSpace { path, .. }) => OpenError::Full { path },
        SealFault::Read(ReadError::Io { path, source }) => failed("read", &path, source),
        fault => {
            tracing::error!(error = %fault, "what lies beside an archived segment cannot be made");
            let through = archive.through();
            let what = format!("of events 1 to {through}: {fault}");
            failed("made again", std::path::Path::new("sealed"), io::Error::other(what))
        }
    }
}
