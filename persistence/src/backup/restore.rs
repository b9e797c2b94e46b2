//! Makes a data directory of a backup: fetched beside it, checked object by object, ended where it was asked for,
//! replayed as a whole, and only then renamed into its place.

use std::io;
use std::path::{Path, PathBuf};

use florin_engine::Sequence;

use super::error::BackupError;
use super::hex::Hex;
use super::manifest::{Manifest, SegmentObject};
use super::moment::{Boundary, Moment};
use super::place::Objects;
use super::verify::{Replayed, fetch, replay, scan_watched};
use super::{BackupProgress, Phase, Watch};
use crate::data_dir::{self, journal_dir};
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::segment;
use crate::recovery::branch::{self, BranchOptions};

/// Ends the name of the folder in which a data directory is made.
const UNFINISHED: &str = ".restoring";

/// Which history goes on in what was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineageChoice {
    /// A new one: whoever still has the original has another history, and cursors, tokens and standbys tell them apart.
    New,
    /// The same. Only for a backup that is restored to its end, and only if the original is gone for good: two
    /// servers must never write the same history.
    Same,
    /// A new one that is marked as a fork, never to be taken for the original.
    Fork,
}

/// How a backup is restored.
#[derive(Clone)]
pub struct RestoreOptions {
    /// Up to where.
    pub moment: Moment,
    /// As which history.
    pub lineage: LineageChoice,
    /// Size of the segment that begins a new lineage, bytes: a multiple of 4,096.
    pub segment_bytes: u64,
    /// Random, fresh for each restore: the new lineage is made from it.
    pub entropy: [u8; 32],
    /// The time, ns since 1970.
    pub now_ns: u64,
}

/// A data directory that was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Its history.
    pub lineage: Hex<16>,
    /// The history that it goes on from, unless it is the same.
    pub continues: Option<Hex<16>>,
    /// It is a fork.
    pub is_fork: bool,
    /// What replaying it gave.
    pub replayed: Replayed,
    /// Bytes that were fetched.
    pub bytes_fetched: u64,
}

/// The folder in which a data directory is made, before it has its name.
pub fn restoring_dir(data: &Path) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push(UNFINISHED);
    data.with_file_name(name)
}

/// Restores a backup into `data`, which must not be there yet, or be empty.
///
/// Everything is done in [`restoring_dir`], where what an earlier attempt left is removed first: whoever calls
/// this has that folder to itself.
///
/// # Errors
/// An object is damaged, the moment is outside of the backup, the folder is not fresh, or there is no room. `data` is
/// not there then.
pub fn restore<D: Disk>(
    disk: &D,
    objects: &dyn Objects,
    manifest: &Manifest,
    data: &Path,
    options: &RestoreOptions,
    watch: Watch<'_>,
) -> Result<Restored, BackupError> {
    let is_same = options.lineage == LineageChoice::Same;
    if is_same && options.moment != Moment::End {
        return Err(BackupError::Moment {
            last: manifest.sequence,
            what: "and the same history cannot go on from an earlier one".to_owned(),
        });
    }
    check_fresh(disk, data)?;
    let needed = needed(manifest, options.moment)?;
    let unfinished = restoring_dir(data);
    let dir = journal_dir(&unfinished, manifest.partition);
    clear(disk, &dir)?;
    data_dir::unmark(disk, &unfinished)?;
    let bytes_fetched = fetch_all(disk, objects, manifest, needed, &dir, &mut *watch)?;

    let at = match options.moment {
        Moment::End => manifest.sequence,
        moment => find_end(disk, &dir, manifest, moment, &mut *watch)?,
    };
    let is_fork = manifest.is_fork || options.lineage == LineageChoice::Fork;
    let mut lineage = manifest.lineage;
    if !is_same {
        let branch = BranchOptions {
            partition: manifest.partition,
            segment_bytes: options.segment_bytes,
            entropy: options.entropy,
            now_ns: options.now_ns,
            is_fork,
        };
        lineage = Hex(branch::begin(disk, &dir, &branch, at)?);
    }
    if is_fork {
        data_dir::mark_fork(
            disk,
            &unfinished,
            &lineage.to_string(),
            &manifest.lineage.to_string(),
        )?;
    }
    let replayed = replay(disk, &dir, manifest, watch)?;
    if replayed.sequence != at {
        let what = format!("it was to end with event {at}, and ends with {}", replayed.sequence);
        return Err(BackupError::damaged("the journal in it", what));
    }
    let parent = parent_of(data);
    sync_dirs(disk, &dir, &unfinished)?;
    disk.rename(&unfinished, data).map_err(|e| OpenError::from_io("renamed", &unfinished, e))?;
    disk.sync_dir(parent).map_err(|e| OpenError::from_io("synced", parent, e))?;
    let continues = (!is_same).then_some(manifest.lineage);
    Ok(Restored { lineage, continues, is_fork, replayed, bytes_fetched })
}

/// The folder that a path is in.
fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn check_fresh<D: Disk>(disk: &D, data: &Path) -> Result<(), BackupError> {
    match disk.list(data) {
        Ok(files) if files.is_empty() => Ok(()),
        Ok(_) => Err(BackupError::NotFresh { path: data.to_path_buf() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(OpenError::from_io("listed", data, error).into()),
    }
}

/// The segments that hold everything up to a moment.
fn needed(manifest: &Manifest, moment: Moment) -> Result<&[SegmentObject], BackupError> {
    let segments = manifest.segments.as_slice();
    let last = manifest.sequence;
    let begins_behind = |segment: &SegmentObject| match moment {
        Moment::End => false,
        Moment::Sequence(at) => segment.first_sequence > at,
        Moment::Time(at_ns) => segment.has_events() && segment.first_timestamp_ns > at_ns,
    };
    if let Moment::Sequence(at) = moment
        && (at == 0 || at > last)
    {
        return Err(BackupError::Moment { last, what: format!("not event {at}") });
    }
    let count = segments.iter().position(begins_behind).unwrap_or(segments.len());
    if count == 0 {
        return Err(BackupError::Moment { last, what: "all of them after that moment".to_owned() });
    }
    Ok(&segments[..count])
}

/// Makes the folder, and removes what an earlier attempt left in it.
fn clear<D: Disk>(disk: &D, dir: &Path) -> Result<(), OpenError> {
    disk.create_dir_all(dir).map_err(|e| OpenError::from_io("made", dir, e))?;
    for entry in disk.list(dir).map_err(|e| OpenError::from_io("listed", dir, e))? {
        let path = dir.join(entry.name);
        disk.remove(&path).map_err(|e| OpenError::from_io("removed", &path, e))?;
    }
    Ok(())
}

/// Fetches the segments: each is a file as it was, as long as it was.
fn fetch_all<D: Disk>(
    disk: &D,
    objects: &dyn Objects,
    manifest: &Manifest,
    needed: &[SegmentObject],
    dir: &Path,
    watch: Watch<'_>,
) -> Result<u64, BackupError> {
    let mut progress = BackupProgress {
        phase: Phase::Fetching,
        bytes_done: 0,
        bytes_total: needed.iter().map(|object| object.bytes).sum(),
        sequence: manifest.sequence,
    };
    let free_bytes =
        disk.free_bytes(dir).map_err(|e| OpenError::from_io("asked for its room", dir, e))?;
    if free_bytes < progress.bytes_total {
        return Err(OpenError::Full { path: dir.to_path_buf() }.into());
    }
    for (at, object) in needed.iter().enumerate() {
        let path = dir.join(segment::file_name(object.number));
        let failed = |did| {
            let path = path.clone();
            move |error| OpenError::from_io(did, &path, error)
        };
        let file = disk.create(&path).map_err(failed("created"))?;
        // A segment that was cut counts with the one that took over from it; the last one is as long as it was.
        let is_last = at + 1 == needed.len();
        let len =
            if is_last { object.segment_bytes.max(object.file_bytes) } else { object.file_bytes };
        file.set_len(len).map_err(failed("lengthened"))?;
        fetch(objects, object, &mut progress, &mut *watch, &mut |piece, offset| {
            Ok(file.write_at(piece, offset).map_err(failed("written"))?)
        })?;
        file.sync_data().map_err(failed("synced"))?;
    }
    disk.sync_dir(dir).map_err(|e| OpenError::from_io("synced", dir, e))?;
    Ok(progress.bytes_total)
}

/// The last event at or before a moment, with whole groups only.
fn find_end<D: Disk>(
    disk: &D,
    dir: &Path,
    manifest: &Manifest,
    moment: Moment,
    watch: Watch<'_>,
) -> Result<Sequence, BackupError> {
    let mut boundary = Boundary::new(moment);
    scan_watched(disk, dir, manifest, watch, &mut |event| {
        boundary.take(&event);
        Ok(())
    })?;
    if boundary.sequence == 0 {
        let what = "all of them after that moment".to_owned();
        return Err(BackupError::Moment { last: manifest.sequence, what });
    }
    Ok(boundary.sequence)
}

/// Syncs the folders from the journal's up to the one that is going to be renamed.
fn sync_dirs<D: Disk>(disk: &D, dir: &Path, top: &Path) -> Result<(), OpenError> {
    for dir in dir.ancestors().take_while(|dir| dir.starts_with(top)) {
        disk.sync_dir(dir).map_err(|e| OpenError::from_io("synced", dir, e))?;
    }
    Ok(())
}
