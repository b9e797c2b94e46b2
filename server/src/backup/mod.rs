//! Backups from outside of the engine: the places that people name, and how fast it goes.

mod pace;
mod patience;
mod place;
mod s3;

pub(crate) use pace::Pace;
pub(crate) use place::{InvalidUrl, check_archive, open, open_archive};

use std::time::{SystemTime, UNIX_EPOCH};

use florin_persistence::archive::{Archive, ArchiveOptions, ArchivePlace, Marker};
use florin_persistence::{DataDir, OpenError, RealDisk};

/// Now, ns since 1970.
pub(crate) fn now_ns() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}

/// The journal of a data directory that no server has open, with what was archived of it: as a disk. `elsewhere` is where the
/// archive is now, if it was moved since. And why the archive cannot be used, if so.
pub(crate) fn journal_of(
    data: &DataDir,
    elsewhere: Option<&str>,
) -> Result<(Archive<RealDisk>, Option<String>), OpenError> {
    let marker = Marker::load(&RealDisk, &data.partition(0))?;
    let name = |marker: &Marker| elsewhere.unwrap_or(&marker.place).to_owned();
    let opened = marker.as_ref().map(name).map(|name| (name.clone(), open_archive(&name)));
    let (place, problem) = match opened {
        Some((name, Ok(place))) => (Some(ArchivePlace { name, place }), None),
        Some((_, Err(error))) => (None, Some(error.to_string())),
        None => (None, None),
    };
    let options = ArchiveOptions {
        partition: 0,
        partition_dir: data.partition(0),
        journal: data.journal(0),
        fetched: data.fetched(0),
        fetched_segments_max: 1,
        place,
    };
    Ok((Archive::new(&RealDisk, options, marker.as_ref()), problem))
}
