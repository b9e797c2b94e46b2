//! Begins a new lineage out of what lies in a folder: the journal ends at an event of the past, and from
//! there another history goes on. It is a takeover whose segment says of which lineage it goes on.
//!
//! The folder is one that nobody serves from, made for this: see [`backup`](crate::backup).

use std::path::Path;
use std::sync::Arc;

use florin_engine::{Event, Sequence};

use crate::disk::Disk;
use crate::error::{OpenError, WriteError};
use crate::format::frame::{Frame, FrameHeader};
use crate::format::record::RecordFault;
use crate::format::sector::SECTOR_BYTES;
use crate::format::segment::{self, HEADER_BYTES, Origin, SegmentHeader};
use crate::format::takeover::Takeover;
use crate::format::{Hash, Lineage, footer};
use crate::journal::index::SharedIndex;
use crate::journal::{JournalWriter, Random, SparePreparer, Start};

use super::chain::{Chain, Link, Resolver, open_read_only};
use super::inventory::Inventory;
use super::takeover::{commission_failed, cut, write_failed};
use super::walk::{Expected, Source, Step, Through, Walker, Window};

/// How a lineage begins.
pub(crate) struct BranchOptions {
    pub(crate) partition: u32,
    /// Size of the segment that begins it, bytes; more if it has to.
    pub(crate) segment_bytes: u64,
    /// Random, fresh for each: the lineage is made from it.
    pub(crate) entropy: [u8; 32],
    /// ns since 1970.
    pub(crate) now_ns: u64,
    pub(crate) is_fork: bool,
}

/// A frame, or as much of it as both lineages have in common.
enum Kept {
    Whole { header: FrameHeader, content: Vec<u8> },
    Part(Vec<Event>),
}

/// Where the old lineage ends.
struct Junction {
    /// Of the segment that is taken over from.
    old_lineage: Lineage,
    /// The segment that is taken over from.
    old_segment: u64,
    cut_offset: u64,
    /// What comes first in the new segment.
    begins: Expected,
    /// What stands in it before its takeover frame.
    kept: Vec<Kept>,
    /// Hash of the frame with the last event, as it is in the old lineage.
    hash: Hash,
}

/// Whether the journal in a folder is a fork. Reads the headers of its segments.
///
/// # Errors
/// The folder cannot be read, or the headers do not belong together.
pub fn is_fork<D: Disk>(disk: &D, dir: &Path) -> Result<bool, OpenError> {
    match disk.list(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        _ => Ok(Inventory::take(disk, dir, None, 0)?.is_fork),
    }
}

/// Ends the journal behind the event `at`, and begins a new lineage there. Gives its id.
///
/// `at` is the last member of its group. The folder's journal has been read and found whole.
pub(crate) fn begin<D: Disk>(
    disk: &D,
    dir: &Path,
    options: &BranchOptions,
    at: Sequence,
) -> Result<[u8; 16], OpenError> {
    let inventory = Inventory::take(disk, dir, Some(options.partition), 0)?;
    let mut window = Window::default();
    let resolver =
        Resolver { disk, dir, inventory: &inventory, base: None, cut_damaged_tail: false };
    let chain = resolver.resolve(&mut window)?;
    let junction = find(disk, dir, &chain, at, &mut window)?;
    drop(window);
    let lineage = write(disk, dir, options, &inventory, &junction, at)?;
    // From here on the new segment counts. Everything of the old lineage that is behind the junction goes.
    for link in &chain.links {
        if link.header.number == junction.old_segment && junction.cut_offset < link.len {
            cut(disk, &link.path, junction.cut_offset)?;
        }
    }
    let behind = inventory.segments.range(junction.old_segment + 1..).map(|(_, file)| file);
    for file in behind {
        disk.remove(&file.path).map_err(|e| OpenError::from_io("removed", &file.path, e))?;
    }
    disk.sync_dir(dir).map_err(|e| OpenError::from_io("synced", dir, e))?;
    Ok(lineage)
}

/// Finds the place behind an event.
fn find<D: Disk>(
    disk: &D,
    dir: &Path,
    chain: &Chain,
    at: Sequence,
    window: &mut Window,
) -> Result<Junction, OpenError> {
    let links = &chain.links;
    let behind = links.partition_point(|link| link.header.first_sequence <= at);
    let Some(place) = behind.checked_sub(1) else {
        return Err(ends_before(dir, at, 0));
    };
    let link = &links[place];
    let file = open_read_only(disk, &link.path)?;
    let source = Source { file: &file, path: &link.path, end: link.end(), through: Through::Cache };
    let mut walker = Walker::new(source, window, &link.header);
    let mut kept = Vec::new();
    let mut hash = link.header.previous_hash;
    loop {
        let (offset, expected) = (walker.offset, walker.expected);
        match walker.step()? {
            Step::Records { frame, content, .. } if frame.header.last_sequence() <= at => {
                hash = frame.own_hash;
                // What a takeover frame has not come for yet may have to be taken over again.
                if expected.takeover_of.is_some() {
                    kept.push(Kept::Whole { header: frame.header, content: content.to_vec() });
                }
                continue;
            }
            Step::Takeover { .. } => {
                kept.clear();
                continue;
            }
            Step::Records { frame, .. } => {
                let events = events_through(&frame, link, offset, at)?;
                if !events.is_empty() {
                    hash = frame.own_hash;
                    kept.push(Kept::Part(events));
                }
            }
            Step::Footer(_) | Step::End(_) => {
                if expected.sequence <= at {
                    return Err(ends_before(&link.path, at, expected.sequence - 1));
                }
            }
        }
        // Cut inside of what a segment took over, it would not count any more: the new one takes its place.
        return Ok(match &link.takeover {
            Some(old) if expected.takeover_of.is_some() => Junction {
                old_lineage: links[place.saturating_sub(1)].header.lineage,
                old_segment: old.old_segment,
                cut_offset: old.cut_offset,
                begins: Expected::after(&link.header),
                kept,
                hash,
            },
            _ => Junction {
                old_lineage: link.header.lineage,
                old_segment: link.header.number,
                cut_offset: offset,
                begins: expected,
                kept,
                hash,
            },
        });
    }
}

fn ends_before(path: &Path, at: Sequence, last: Sequence) -> OpenError {
    let what = format!("event {at} is not in it: it ends with event {last}");
    OpenError::Damaged { file: path.to_path_buf(), offset: 0, what }
}

/// The events of a frame up to this one.
fn events_through(
    frame: &Frame<'_>,
    link: &Link,
    offset: u64,
    at: Sequence,
) -> Result<Vec<Event>, OpenError> {
    let mut events = Vec::new();
    let decoded = frame.for_each_event(|event| {
        if event.sequence <= at {
            events.push(event);
        }
        Ok(())
    });
    decoded.map_err(|fault: RecordFault| OpenError::Damaged {
        file: link.path.clone(),
        offset,
        what: fault.0,
    })?;
    Ok(events)
}

/// Writes the segment that begins the lineage; when it returns, that counts.
fn write<D: Disk>(
    disk: &D,
    dir: &Path,
    options: &BranchOptions,
    inventory: &Inventory,
    junction: &Junction,
    at: Sequence,
) -> Result<[u8; 16], OpenError> {
    let mut random = Random::new(&options.entropy);
    let id = random.bytes();
    let begins = &junction.begins;
    let header = SegmentHeader {
        version: segment::version_for(true),
        lineage: Lineage { id, partition: options.partition },
        number: inventory.highest_number() + 1,
        first_sequence: begins.sequence,
        epoch: inventory.highest_epoch() + 1,
        segment_bytes: options.segment_bytes.max(least_bytes(&junction.kept)),
        previous_hash: begins.previous_hash,
        salt_seed: random.bytes(),
        tag_seed: u64::from_le_bytes(random.bytes()),
        made_at_ns: options.now_ns,
        is_takeover: true,
        origin: Some(Origin {
            lineage_id: junction.old_lineage.id,
            sequence: at,
            hash: junction.hash,
        }),
        is_fork: options.is_fork || inventory.is_fork,
    };
    let segment_bytes = header.segment_bytes;
    let spares =
        SparePreparer::new(disk.clone(), dir.to_path_buf(), segment_bytes, inventory.spare_bytes);
    let (file, path) = spares
        .reserve(segment_bytes)
        .and_then(|reserved| reserved.commission(&header))
        .map_err(|error| commission_failed(error, dir))?;
    let shared = Arc::new(SharedIndex::new(begins.sequence - 1, Vec::new()));
    // Nobody appends to this segment: the next opening counts the totals, and begins one of its own.
    let start = Start { file, path, header, totals: Vec::new(), shared, journal_bytes: 0 };
    let mut writer = JournalWriter::new(spares, segment_bytes, random, start);
    copy(&mut writer, junction, at).map_err(|error| write_failed(error, dir))?;
    Ok(id)
}

fn copy<D: Disk>(
    writer: &mut JournalWriter<D>,
    junction: &Junction,
    at: Sequence,
) -> Result<(), WriteError> {
    let Junction { old_segment, cut_offset, begins, kept, .. } = junction;
    let first_taken = begins.sequence;
    for frame in kept {
        match frame {
            Kept::Whole { header, content } => writer.copy(header, content, first_taken - 1)?,
            Kept::Part(events) => writer.copy_events(events, first_taken - 1)?,
        }
    }
    writer.complete_takeover(&Takeover {
        old_segment: *old_segment,
        cut_offset: *cut_offset,
        first_taken,
        last_taken: at,
        old_hash: begins.previous_hash,
    })
}

/// What a segment has to have room for: what is kept, and the takeover frame.
fn least_bytes(kept: &[Kept]) -> u64 {
    let frames = kept.iter().map(|frame| match frame {
        Kept::Whole { header, .. } => header.bytes_on_disk(),
        Kept::Part(events) => {
            crate::journal::frame_bytes(events.iter().map(crate::journal::weigh).sum())
        }
    });
    let takeover = SECTOR_BYTES as u64;
    HEADER_BYTES as u64 + frames.sum::<u64>() + takeover + footer::bytes_on_disk(0, kept.len() + 1)
}
