//! Opening a journal: what counts, what is damaged, what is cut, and the takeover of the end.
//!
//! `docs/JOURNAL_FORMAT.md` has the rules as a table. In order: [`inventory`] reads the headers, [`chain`]
//! finds the segments that count, [`tail`] finds the frames at the end that nothing vouches for and reads
//! them past the page cache, [`replay`] hands out all events, [`takeover`] begins a new segment with the
//! tail. Until that last step nothing has been changed.

mod base;
pub(crate) mod branch;
pub(crate) mod chain;
pub(crate) mod inventory;
mod replay;
mod tail;
mod takeover;
pub(crate) mod verdict;
pub(crate) mod walk;
mod whole;

use std::path::Path;

use florin_engine::{Event, Sequence};

use crate::disk::Disk;
use crate::error::OpenError;
use crate::format::Hash;
use crate::format::footer::AssetTotal;
use crate::journal::index::{FrameIndex, SegmentIndex};
use crate::journal::{JournalOptions, JournalReader, JournalWriter};
use crate::limits::SEGMENT_BYTES_MIN;

use chain::{Chain, Resolver};

pub use base::Base;
use inventory::Inventory;
use replay::Replay;
use tail::Tail;
use walk::Window;

pub use branch::is_fork;
pub use tail::Cut;
pub use whole::lineage_and_epoch;
pub(crate) use whole::{Whole, whole};

/// How far a recovery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are done.
    pub bytes_done: u64,
    /// Bytes in all.
    pub bytes_total: u64,
    /// The last event that was replayed.
    pub sequence: Sequence,
}

/// What a journal was found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanReport {
    /// Which history it is; `None` if there is none yet.
    pub lineage: Option<[u8; 16]>,
    /// It is a fork: a copy of another history to try things on, never to be taken for the original.
    pub is_fork: bool,
    /// The highest format version of any segment; 0 if there is none.
    pub format: u16,
    /// The last opening; 0 if there was none.
    pub epoch: u64,
    /// The last event: the chain of hashes is whole up to it. 0 = none.
    pub last_sequence: Sequence,
    /// Hash of the last frame.
    pub last_hash: [u8; 32],
    /// Segments that count.
    pub segments: u64,
    /// Segments that do not, because they never came into use or another took their place.
    pub obsolete_segments: u64,
    /// Frames.
    pub frames: u64,
    /// Footers that were whole.
    pub footers: u64,
    /// Bytes up to the end of the last frame, headers and footers included.
    pub bytes: u64,
    /// Frames at the end that no later frame vouches for; an opening takes them over.
    pub tail_frames: u64,
    /// What stands behind the last frame and is cut off.
    pub cut: Option<Cut>,
}

/// What an opening took over from the end of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TakenOver {
    /// Frames.
    pub frames: u64,
    /// Events in them.
    pub events: u64,
}

/// What an opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Which history it is.
    pub lineage: [u8; 16],
    /// Which opening this is, from 1.
    pub epoch: u64,
    /// The last event; 0 = none yet.
    pub last_sequence: Sequence,
    /// What was there before.
    pub found: ScanReport,
    /// What was taken over.
    pub taken_over: TakenOver,
}

/// Everything that was found, and checked.
pub(crate) struct Found {
    chain: Chain,
    tail: Option<Tail>,
    sequence: Sequence,
    hash: Hash,
    totals: Vec<AssetTotal>,
    index: Vec<SegmentIndex>,
    report: ScanReport,
}

/// Takes events, one after the other.
pub trait Replays {
    /// The next event.
    ///
    /// # Errors
    /// How it differs from what can be: counts as damage.
    fn event(&mut self, event: Event) -> Result<(), String>;

    /// There are no more. Nothing has been changed yet.
    ///
    /// # Errors
    /// What is missing: counts as damage.
    fn end(&mut self) -> Result<(), String> {
        Ok(())
    }
}

impl<F: FnMut(Event) -> Result<(), String>> Replays for F {
    fn event(&mut self, event: Event) -> Result<(), String> {
        self(event)
    }
}

/// Which history a journal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its lineage.
    pub lineage: [u8; 16],
    /// Numbers of its segments, ascending; those too that do not count.
    pub segments: Vec<u64>,
}

/// Which history the journal in a folder is; none if there is no journal yet.
pub fn identify<D: Disk>(disk: &D, dir: &Path) -> Result<Option<Identity>, OpenError> {
    disk.create_dir_all(dir).map_err(|e| OpenError::from_io("made", dir, e))?;
    let inventory = Inventory::take(disk, dir, None, 0)?;
    let segments = inventory.segments.keys().copied().collect();
    Ok(inventory.lineage.map(|lineage| Identity { lineage: lineage.id, segments }))
}

/// Opens the journal in a folder, which is made if it is not there.
///
/// Every event goes to `replay`, in order; an error from it counts as damage. When this returns, all of
/// them are durable and the writer may append. An error before the end has changed nothing that counts: the
/// next opening starts from the same place.
pub fn open<D: Disk>(
    disk: &D,
    dir: &Path,
    options: &JournalOptions,
    replay: &mut dyn FnMut(Event) -> Result<(), String>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(JournalWriter<D>, JournalReader<D>, Recovery), OpenError> {
    open_from(disk, dir, options, From::THE_BEGINNING, &mut { replay }, progress)
}

/// Where replay begins.
pub struct From<'a> {
    /// Events before this one are not wanted: their sum is known.
    pub sequence: Sequence,
    /// What is known of a segment with this number whose events are all before that one: so that it need not be read.
    pub passed: &'a dyn Fn(u64) -> Option<Passed>,
    /// Segments that were archived, all before that event.
    pub base: Option<Base>,
}

impl From<'_> {
    /// Every event is wanted, and every segment is there.
    pub const THE_BEGINNING: Self = Self { sequence: 1, passed: &|_| None, base: None };

    fn above(&self) -> u64 {
        self.base.as_ref().map_or(0, |base| base.number)
    }
}

/// A segment that is over and whose events are known: as its index file has it.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Its last event; one before its first if it has none.
    pub(crate) last_sequence: Sequence,
    /// Hash of its last frame; if it has none, of the one before.
    pub(crate) last_hash: Hash,
    /// Where its last frame ends.
    pub(crate) end_offset: u64,
    /// Totals after its last event.
    pub(crate) totals: Vec<AssetTotal>,
    /// Where its frames stand.
    pub(crate) frames: FrameIndex,
}

/// As [`open`], for whoever knows the state after some event already. What is before is not read: that it is one
/// unbroken chain was found when the index files were made.
pub fn open_from<D: Disk>(
    disk: &D,
    dir: &Path,
    options: &JournalOptions,
    from: From<'_>,
    replay: &mut dyn Replays,
    progress: &mut dyn FnMut(Progress),
) -> Result<(JournalWriter<D>, JournalReader<D>, Recovery), OpenError> {
    let given = options.segment_bytes;
    if given < SEGMENT_BYTES_MIN || !given.is_multiple_of(4_096) {
        return Err(OpenError::SegmentBytes { given });
    }
    disk.create_dir_all(dir).map_err(|e| OpenError::from_io("made", dir, e))?;
    let mut inventory = Inventory::take(disk, dir, Some(options.partition), from.above())?;
    if let Some(base) = &from.base {
        inventory.comes_behind(base);
    }
    let found = read(disk, dir, &inventory, options.cut_damaged_tail, from, replay, progress)?;
    let report = found.report.clone();
    let (writer, reader, taken_over) = takeover::begin(disk, dir, options, &inventory, found)?;
    let status = writer.status();
    let recovery = Recovery {
        lineage: status.lineage,
        epoch: status.epoch,
        last_sequence: report.last_sequence,
        found: report,
        taken_over,
    };
    Ok((writer, reader, recovery))
}

/// Reads a journal from end to end, as [`open`] does, and changes nothing.
pub fn scan<D: Disk>(
    disk: &D,
    dir: &Path,
    replay: &mut dyn FnMut(Event) -> Result<(), String>,
    progress: &mut dyn FnMut(Progress),
) -> Result<ScanReport, OpenError> {
    let inventory = Inventory::take(disk, dir, None, 0)?;
    Ok(read(disk, dir, &inventory, false, From::THE_BEGINNING, &mut { replay }, progress)?.report)
}

/// As [`scan`], where only the part behind the archive can be read: that is one unbroken chain from where the archive ends.
pub fn scan_behind<D: Disk>(
    disk: &D,
    dir: &Path,
    base: Base,
    replay: &mut dyn FnMut(Event) -> Result<(), String>,
    progress: &mut dyn FnMut(Progress),
) -> Result<ScanReport, OpenError> {
    let inventory = Inventory::take(disk, dir, None, base.newest())?;
    let from = From { sequence: base.through() + 1, passed: &|_| None, base: Some(base) };
    Ok(read(disk, dir, &inventory, false, from, &mut { replay }, progress)?.report)
}

fn read<D: Disk>(
    disk: &D,
    dir: &Path,
    inventory: &Inventory,
    cut_damaged_tail: bool,
    from: From<'_>,
    sink: &mut dyn Replays,
    progress: &mut dyn FnMut(Progress),
) -> Result<Found, OpenError> {
    let mut window = Window::default();
    let mut chain = Resolver { disk, dir, inventory, cut_damaged_tail, base: from.base.as_ref() }
        .resolve(&mut window)?;
    let segments = chain.links.len() as u64;
    let tail = tail::take_tail(disk, &mut chain, cut_damaged_tail, &mut window)?;
    let tail_bytes: u64 =
        tail.iter().flat_map(|tail| &tail.frames).map(|frame| frame.header.bytes_on_disk()).sum();
    let bytes = chain.links.iter().map(chain::Link::end).sum::<u64>() + tail_bytes;

    if let Some(base) = &from.base {
        base.check_reach(from.sequence)?;
    }
    let mut replay = Replay::new(sink, progress, bytes, from.sequence);
    let archived_bytes = from.base.as_ref().map_or(0, |base| base.bytes);
    if let Some(base) = from.base {
        replay.begin_behind(base);
    }
    for (at, link) in chain.links.iter().enumerate() {
        let next = chain.links.get(at + 1);
        let ends = next.map(|next| next.header.first_sequence);
        let ends = ends.or(tail.as_ref().map(|tail| tail.begins.sequence));
        let is_over = ends.is_some_and(|ends| ends <= from.sequence);
        match is_over.then(|| (from.passed)(link.header.number)).flatten() {
            Some(passed) => replay.pass(link, passed)?,
            None => replay.segment(disk, link, next, &mut window)?,
        }
    }
    if let Some(tail) = &tail {
        if tail.replaces {
            replay.follows(&tail.link)?;
        }
        replay.tail(&tail.frames, &tail.link)?;
    }
    replay.finish()?;
    let Replay { sequence, hash, totals, index, frames, footers, .. } = replay;
    let report = ScanReport {
        lineage: inventory.lineage.map(|lineage| lineage.id),
        is_fork: inventory.is_fork,
        format: inventory.highest_format(),
        epoch: inventory.highest_epoch(),
        last_sequence: sequence,
        last_hash: hash,
        segments,
        obsolete_segments: chain.obsolete.len() as u64,
        frames,
        footers,
        bytes: bytes + archived_bytes,
        tail_frames: tail.as_ref().map_or(0, |tail| tail.frames.len() as u64),
        cut: tail.as_ref().and_then(|tail| tail.cut.clone()),
    };
    Ok(Found { chain, tail, sequence, hash, totals, index, report })
}
