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
/// Only the index of the last of them and their ids cannot be done without: what of that is missing is made again from the
/// archive. The rest is left to the sealing thread.
pub(super) fn base<D: Disk>(
    archive: &Archive<D>,
    maker: &Maker<D>,
    indexes: &mut Indexes<D>,
    partition: u32,
) -> Result<Base, OpenError> {
    let segments = archive.segments();
    let through = archive.through();
    let missing_ids = maker.ids().missing(through);
    let span = |at: usize| segments[at].object.first_sequence..=segments[at].object.last_sequence;
    let has_index = |at: usize| indexes.contains_key(&segments[at].object.number);
    let is_last = |at: usize| at + 1 == segments.len();
    let mut is_needed: Vec<bool> = (0..segments.len())
        .map(|at| overlaps(&missing_ids, &span(at)) || is_last(at) && !has_index(at))
        .collect();
    // The sums of one that is made go on from those of the one before.
    for at in (1..segments.len()).rev() {
        is_needed[at - 1] |= is_needed[at] && !has_index(at - 1);
    }
    let needed: Vec<usize> = (0..segments.len()).filter(|at| is_needed[*at]).collect();
    let spans: Vec<_> = needed.iter().map(|at| span(*at)).collect();
    for (done, (at, span)) in needed.iter().zip(spans).enumerate() {
        let object = &segments[*at].object;
        tracing::info!(
            segment = object.number,
            bytes = object.bytes,
            done,
            of = needed.len(),
            "what lies beside an archived segment is missing: it is read from the archive"
        );
        let before = at.checked_sub(1).map(|before| segments[before].object.number);
        let totals = match before {
            Some(before) => indexes.get(&before).map(|index| index.totals().to_vec()),
            None => Some(Vec::new()),
        };
        let totals = totals.ok_or_else(|| needed_of(archive))?;
        let made = maker.make(archive, object.number, &span, &totals);
        let index = made.map_err(|error| not_made(error, archive))?;
        indexes.insert(object.number, Arc::new(index));
    }
    let newest = segments.last().and_then(|newest| indexes.get(&newest.object.number));
    let base = newest.and_then(|newest| Base::new(partition, &segments, newest.passed()));
    base.ok_or_else(|| needed_of(archive))
}

/// Nothing that is here says what the archive ends with.
fn needed_of<D: Disk>(archive: &Archive<D>) -> OpenError {
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
