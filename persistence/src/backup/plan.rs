//! What a backup of a journal will hold: its segments, each up to its end, read and hashed.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use florin_engine::Sequence;

use super::error::{BackupError, PlaceError};
use super::hex::Hex;
use super::manifest::{End, Manifest, SegmentObject};
use super::place::Objects;
use super::{BackupProgress, PIECE_BYTES, Phase, Watch};
use crate::archive::ArchivedSegment;
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::footer;
use crate::format::segment::{self, HEADER_BYTES};
use crate::format::{Hash, record};
use crate::recovery::Base;
use crate::recovery::chain::{Chain, Link, Resolver, open_read_only};
use crate::recovery::inventory::Inventory;
use crate::recovery::verdict::{Verdict, judge};
use crate::recovery::walk::{Source, Step, Through, Walker, Window};

/// A journal on this machine as the objects of a backup, without a copy. Good as long as the files stay as
/// they are: segments are only ever appended to while a server runs.
#[derive(Debug)]
pub struct LocalJournal<D> {
    disk: D,
    /// What the backup will say; [`Manifest::previous`] is not known yet.
    pub manifest: Manifest,
    /// By segment.
    files: Vec<PathBuf>,
}

/// Reads the journal in a folder up to an event that is known to be durable, or, if no server runs, up to its end.
///
/// `archived` are the segments that are not in the folder any more, see [`Archive`](crate::archive::Archive): they are not
/// read for the plan. What an earlier backup of this history has of closed segments is taken from its manifest, without reading them.
/// Segments are read a window at a time, each frame is checked, and the frames have to follow from each other.
///
/// # Errors
/// The journal is damaged, or does not reach that event; [`BackupError::Empty`]; [`BackupError::Stopped`].
pub fn plan<D: Disk>(
    disk: &D,
    dir: &Path,
    archived: &[ArchivedSegment],
    durable_through: Option<Sequence>,
    known: Option<&Manifest>,
    now_ns: u64,
    watch: Watch<'_>,
) -> Result<LocalJournal<D>, BackupError> {
    let mut window = Window::default();
    let base = Base::without_sums(archived);
    let inventory = Inventory::take(disk, dir, None, base.as_ref().map_or(0, Base::newest))?;
    let resolver =
        Resolver { disk, dir, inventory: &inventory, base: base.as_ref(), cut_damaged_tail: false };
    let chain = resolver.resolve(&mut window)?;
    let mut planner = Planner {
        disk,
        durable_through,
        watch,
        progress: BackupProgress {
            phase: Phase::Reading,
            bytes_done: 0,
            bytes_total: chain.links.iter().map(Link::end).sum(),
            sequence: durable_through.unwrap_or(0),
        },
    };
    let (mut segments, mut files): (Vec<_>, Vec<_>) = archived
        .iter()
        .map(|segment| {
            (segment.object.clone(), dir.join(segment::file_name(segment.object.number)))
        })
        .unzip();
    let (segments_here, files_here) = planner.segments(&chain, known, &mut window)?;
    segments.extend(segments_here);
    files.extend(files_here);
    let Some(last) = segments.last().filter(|last| last.last_sequence > 0) else {
        return Err(BackupError::Empty);
    };
    if let Some(durable_through) = durable_through.filter(|through| last.last_sequence != *through)
    {
        let what = format!(
            "it ends with event {}, and event {durable_through} was durable",
            last.last_sequence
        );
        let file = files.last().cloned().unwrap_or_default();
        return Err(OpenError::Damaged { file, offset: last.bytes, what }.into());
    }
    let header = chain.links.iter().find(|link| link.header.number == last.number);
    let with_events = segments.iter().rev().find(|segment| segment.has_events());
    let manifest = Manifest {
        format: Manifest::FORMAT,
        florin: env!("CARGO_PKG_VERSION").to_owned(),
        made_at_ns: now_ns,
        partition: header.map_or(0, |link| link.header.lineage.partition),
        lineage: last.lineage,
        is_fork: inventory.is_fork,
        epoch: header.map_or(0, |link| link.header.epoch),
        sequence: last.last_sequence,
        last_timestamp_ns: with_events.map_or(0, |segment| segment.last_timestamp_ns),
        last_hash: last.last_hash,
        previous: None,
        segments,
    };
    Ok(LocalJournal { disk: disk.clone(), manifest, files })
}

/// Reads one segment that is over, checks each of its frames and that the next segment begins behind it, and hashes it:
/// what a backup would say of it, and the opening that wrote it.
///
/// # Errors
/// It is damaged, missing, or may still be written to.
pub(crate) fn describe<D: Disk>(
    disk: &D,
    dir: &Path,
    number: u64,
) -> Result<(SegmentObject, u64), BackupError> {
    let inventory = Inventory::take(disk, dir, None, number.saturating_sub(1))?;
    let mut links = inventory.segments.values().map(|file| {
        let header = file.header.clone().ok_or_else(|| file.damaged(0, "its header is broken"))?;
        let cut_offset = None;
        Ok::<_, OpenError>(Link {
            header,
            path: file.path.clone(),
            len: file.len,
            cut_offset,
            takeover: None,
        })
    });
    let missing = |what: &str| OpenError::Damaged {
        file: dir.join(segment::file_name(number)),
        offset: 0,
        what: what.to_owned(),
    };
    let mut link = links.next().transpose()?.ok_or_else(|| missing("it is missing"))?;
    if link.header.number != number {
        return Err(missing("it is missing").into());
    }
    let next = links.next().transpose()?.ok_or_else(|| missing("no segment follows it yet"))?;
    link.cut_offset = next.header.is_takeover.then_some(link.len);
    let mut planner = Planner {
        disk,
        durable_through: None,
        watch: &mut |_| ControlFlow::Continue(()),
        progress: BackupProgress {
            phase: Phase::Reading,
            bytes_done: 0,
            bytes_total: link.end(),
            sequence: next.header.first_sequence - 1,
        },
    };
    let (object, _) = planner.read(&link, Some(&next), &mut Window::default())?;
    Ok((object, link.header.epoch))
}

/// The lineage of the journal in a folder; `None` if there is none yet.
pub(super) fn lineage_of<D: Disk>(
    disk: &D,
    dir: &Path,
    archived: &[ArchivedSegment],
) -> Result<Option<Hex<16>>, OpenError> {
    let above = archived.last().map_or(0, |newest| newest.object.number);
    let inventory = Inventory::take(disk, dir, None, above)?;
    Ok(inventory.lineage.map(|lineage| Hex(lineage.id)))
}

struct Planner<'a, D> {
    disk: &'a D,
    durable_through: Option<Sequence>,
    watch: Watch<'a>,
    progress: BackupProgress,
}

/// How far a segment goes.
struct Reach {
    /// Behind the last frame, or the footer.
    end: u64,
    kind: End,
    last_sequence: Sequence,
    last_hash: Hash,
    first_timestamp_ns: u64,
    last_timestamp_ns: u64,
    /// There is more, which nobody knows to be durable.
    is_limited: bool,
}

impl<D: Disk> Planner<'_, D> {
    fn segments(
        &mut self,
        chain: &Chain,
        known: Option<&Manifest>,
        window: &mut Window,
    ) -> Result<(Vec<SegmentObject>, Vec<PathBuf>), BackupError> {
        let (mut segments, mut files) = (Vec::new(), Vec::new());
        for (at, link) in chain.links.iter().enumerate() {
            let next = chain.links.get(at + 1);
            let reused = known.and_then(|known| reuse(known, link, next?));
            let (object, is_limited) = match reused {
                Some(object) => {
                    self.tell(link.end())?;
                    (object, false)
                }
                None => self.read(link, next, window)?,
            };
            segments.push(object);
            files.push(link.path.clone());
            if is_limited {
                break;
            }
        }
        Ok((segments, files))
    }

    /// Reads a segment.
    fn read(
        &mut self,
        link: &Link,
        next: Option<&Link>,
        window: &mut Window,
    ) -> Result<(SegmentObject, bool), BackupError> {
        let file = open_read_only(self.disk, &link.path)?;
        let reach = self.walk(&file, link, next, window)?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; PIECE_BYTES];
        let mut done = 0;
        while done < reach.end {
            let left = usize::try_from(reach.end - done).unwrap_or(usize::MAX);
            let piece = &mut piece[..left.min(PIECE_BYTES)];
            file.read_exact_at(piece, done)
                .map_err(|error| OpenError::from_io("read", &link.path, error))?;
            hasher.update(piece);
            done += piece.len() as u64;
            self.tell(piece.len() as u64)?;
        }
        self.tell(link.end() - done)?;
        let header = &link.header;
        let blake3 = Hex(*hasher.finalize().as_bytes());
        let object = SegmentObject {
            name: SegmentObject::name_of(header.number, &blake3),
            number: header.number,
            lineage: Hex(header.lineage.id),
            first_sequence: header.first_sequence,
            last_sequence: reach.last_sequence,
            first_timestamp_ns: reach.first_timestamp_ns,
            last_timestamp_ns: reach.last_timestamp_ns,
            previous_hash: Hex(header.previous_hash),
            last_hash: Hex(reach.last_hash),
            bytes: reach.end,
            blake3,
            file_bytes: file_bytes(link),
            segment_bytes: header.segment_bytes,
            end: reach.kind,
        };
        Ok((object, reach.is_limited))
    }

    /// Walks from frame to frame.
    fn walk(
        &self,
        file: &D::File,
        link: &Link,
        next: Option<&Link>,
        window: &mut Window,
    ) -> Result<Reach, BackupError> {
        let source = Source { file, path: &link.path, end: link.end(), through: Through::Cache };
        let mut walker = Walker::new(source, window, &link.header);
        let mut reach = Reach {
            end: HEADER_BYTES as u64,
            kind: if link.cut_offset.is_some() { End::Cut } else { End::Open },
            last_sequence: link.header.first_sequence - 1,
            last_hash: link.header.previous_hash,
            first_timestamp_ns: 0,
            last_timestamp_ns: 0,
            is_limited: false,
        };
        let limit = self.durable_through.unwrap_or(Sequence::MAX);
        loop {
            match walker.step()? {
                Step::Records { frame, .. } => {
                    if frame.header.last_sequence() > limit {
                        reach.is_limited = true;
                        return Ok(reach);
                    }
                    let last = frame.records.last().map_or(0, record::timestamp_ns);
                    if reach.first_timestamp_ns == 0 {
                        reach.first_timestamp_ns = frame.header.timestamp_ns;
                    }
                    reach.last_timestamp_ns = last;
                    reach.last_sequence = frame.header.last_sequence();
                }
                Step::Takeover { .. } => {}
                Step::Footer(footer) => {
                    reach.kind = End::Sealed;
                    reach.end += footer::bytes_on_disk(footer.totals.len(), footer.index.len());
                    break;
                }
                Step::End(_) => break,
            }
            (reach.end, reach.last_hash) = (walker.offset, walker.expected.previous_hash);
        }
        let Walker { source, window, offset, expected, .. } = walker;
        let goes_on = next.is_none_or(|next| {
            next.header.first_sequence == expected.sequence
                && next.header.previous_hash == expected.previous_hash
                && link.cut_offset.is_none_or(|cut_offset| cut_offset == offset)
        });
        if !goes_on {
            let sequence = expected.sequence;
            let what = format!(
                "the frame of event {sequence} is broken or missing, and what comes after it was built on it"
            );
            return Err(source.damaged(offset, what).into());
        }
        // While a server writes, what stands behind the durable end is its own business.
        if next.is_none() && self.durable_through.is_none() && reach.kind == End::Open {
            let (verdict, _) = judge(&source, window, offset, &expected)?;
            if verdict == Verdict::Rot {
                return Err(OpenError::DamagedTail { file: link.path.clone(), offset }.into());
            }
        }
        Ok(reach)
    }

    fn tell(&mut self, bytes: u64) -> Result<(), BackupError> {
        self.progress.bytes_done += bytes;
        match (self.watch)(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(BackupError::Stopped),
        }
    }
}

/// Length that the file has, or will have once it is cut.
fn file_bytes(link: &Link) -> u64 {
    link.cut_offset.unwrap_or(link.len)
}

/// What an earlier backup has of this segment, if the next segment says that it still ends there.
fn reuse(known: &Manifest, link: &Link, next: &Link) -> Option<SegmentObject> {
    let header = &link.header;
    let object = known.segments.iter().find(|object| object.number == header.number)?;
    let same = object.lineage == Hex(header.lineage.id)
        && object.first_sequence == header.first_sequence
        && object.previous_hash == Hex(header.previous_hash)
        && object.last_sequence + 1 == next.header.first_sequence
        && object.last_hash == Hex(next.header.previous_hash)
        && object.file_bytes == file_bytes(link)
        && (object.end == End::Cut) == link.cut_offset.is_some()
        && object.is_closed();
    same.then(|| object.clone())
}

impl<D: Disk> LocalJournal<D> {
    /// The file of an object, opened.
    pub(super) fn open(&self, at: usize) -> Result<D::File, OpenError> {
        open_read_only(&self.disk, &self.files[at])
    }
}

impl<D: Disk> Objects for LocalJournal<D> {
    fn get(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<(), PlaceError> {
        let at = self.manifest.segments.iter().position(|object| object.name == name);
        let at = at.ok_or_else(|| PlaceError::missing(name))?;
        let file = self.open(at).map_err(|e| PlaceError::failed("opened", name, &e))?;
        file.read_exact_at(buf, offset).map_err(|e| PlaceError::failed("read", name, &e))
    }
}
