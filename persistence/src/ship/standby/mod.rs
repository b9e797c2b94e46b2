//! The standby's side: verifies what comes, then writes it where it stands on the leader's disk.

mod finish;
mod head;
mod repair;

use std::path::{Path, PathBuf};

use florin_engine::{Event, Sequence};

use super::mark::{Mark, MarkFile};
use super::{FollowError, FollowPoint, Piece};
use crate::bytes::is_zero;
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::VERSION_BRANCHED;
use crate::format::footer::{AssetTotal, Footer};
use crate::format::segment::{self, HEADER_BYTES, HeaderFault, SegmentHeader};
use crate::limits::SEGMENT_BYTES_MIN;
use crate::recovery::inventory::goes_on;
use crate::recovery::{Progress, ScanReport, walk, whole};

use head::{Head, KeptFrame, Verified};

pub use finish::settle;

/// The partition. There is one so far.
const PARTITION: u32 = 0;

/// Takes every event that is followed, in order; an error says how replay differs from what was journaled.
type Sink<'a> = &'a mut dyn FnMut(Event) -> Result<(), String>;

/// A journal that follows another one. There is one for each folder, and nobody else writes there.
pub struct Standby<D: Disk> {
    disk: D,
    dir: PathBuf,
    mark: MarkFile<D>,
    /// The last segment that counts.
    head: Option<Head<D>>,
    /// A segment whose takeover frame has not come yet.
    pending: Option<Head<D>>,
    totals: Vec<AssetTotal>,
    last_sequence: Sequence,
    window: walk::Window,
    is_poisoned: bool,
}

impl<D: Disk> Standby<D> {
    /// Opens the journal of a standby: repairs what a crash of the standby left, verifies all of it as an opening does,
    /// and hands every event to `sink`. The folder is made if it is not there.
    ///
    /// # Errors
    /// As [`open`](crate::open()). A repair only ever takes back what was not counted as followed.
    pub fn open(
        disk: &D,
        dir: &Path,
        sink: Sink<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, ScanReport), OpenError> {
        Self::open_with(disk, dir, false, sink, progress)
    }

    /// As [`Self::open`], and cuts off what was written completely at the end and has changed since, if nothing vouches for
    /// it: `cut` of the report says what that was. It may have been counted as followed.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_and_cut(
        disk: &D,
        dir: &Path,
        sink: Sink<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, ScanReport), OpenError> {
        Self::open_with(disk, dir, true, sink, progress)
    }

    fn open_with(
        disk: &D,
        dir: &Path,
        cut_damaged_tail: bool,
        sink: Sink<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, ScanReport), OpenError> {
        disk.create_dir_all(dir).map_err(|e| OpenError::from_io("made", dir, e))?;
        let mark = repair::repair(disk, dir)?;
        let whole = whole(disk, dir, PARTITION, cut_damaged_tail, &mut { sink }, progress)?;
        if let Some(cut) = whole.report.cut.as_ref().filter(|cut| cut.was_damaged) {
            repair::zero(disk, cut)?;
        }
        finish::take_leftovers_away(disk, dir, &whole)?;
        let mut window = walk::Window::default();
        let head = match &whole.last {
            Some(last) => Some(Head::read(disk, dir, last.number, &mut window)?),
            None => None,
        };
        let standby = Self {
            disk: disk.clone(),
            dir: dir.to_path_buf(),
            mark,
            head,
            pending: None,
            totals: whole.totals,
            last_sequence: whole.report.last_sequence,
            window,
            is_poisoned: false,
        };
        Ok((standby, whole.report))
    }

    /// Where it is: what a leader has to be asked for.
    pub fn point(&self) -> FollowPoint {
        let Some(head) = self.pending.as_ref().or(self.head.as_ref()) else {
            return FollowPoint::default();
        };
        FollowPoint {
            lineage: Some(head.header.lineage.id),
            segment: head.header.number,
            header_hash: head.header_hash,
            offset: head.offset,
            last_sequence: head.expected.sequence - 1,
        }
    }

    /// The last event that is durable here.
    pub fn followed_through(&self) -> Sequence {
        self.last_sequence
    }

    /// Whether everything that came fits, and counts: no takeover is under way that may yet turn out to be of another
    /// history.
    pub fn is_settled(&self) -> bool {
        self.pending.is_none()
    }

    /// The epoch of what was followed last; 0 = nothing yet.
    pub fn epoch(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.header.epoch)
    }

    /// The history of what was followed last; `None` as long as that is nothing. It may be one that the leader's goes on
    /// from, until what comes behind it has come.
    pub fn lineage(&self) -> Option<[u8; 16]> {
        self.head.as_ref().map(|head| head.header.lineage.id)
    }

    /// Checks a leader by what it says of itself: the epoch that it writes with, and how far it is durable.
    /// `least_epoch` is what else is known of promotions.
    ///
    /// # Errors
    /// [`FollowError::Fenced`] or [`FollowError::Ahead`].
    pub fn check_leader(
        &self,
        epoch: u64,
        durable_through: Sequence,
        least_epoch: u64,
    ) -> Result<(), FollowError> {
        let least = least_epoch.max(self.epoch());
        if epoch < least {
            return Err(FollowError::Fenced { epoch, least });
        }
        let followed_through = self.last_sequence;
        if durable_through < followed_through {
            return Err(FollowError::Ahead { durable_through, followed_through });
        }
        Ok(())
    }

    /// Takes a piece: verifies it, hands its new events to `sink`, writes and syncs it. When it returns, its events are
    /// durable here. (Those of a takeover count with its last frame.)
    ///
    /// # Errors
    /// What does not fit. Unless it [is our own](FollowError::is_own), nothing was written.
    pub fn take(&mut self, piece: &Piece, sink: Sink<'_>) -> Result<(), FollowError> {
        if self.is_poisoned {
            return Err(FollowError::Poisoned);
        }
        let taken =
            if piece.offset == 0 { self.begin_segment(piece) } else { self.extend(piece, sink) };
        // What is on disk is unknown now, and so is whether `sink` has seen more than that.
        self.is_poisoned = taken.as_ref().is_err_and(FollowError::is_own);
        taken
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(segment::file_name(number))
    }

    fn diverged(&self, piece: &Piece, offset: u64, what: impl Into<String>) -> FollowError {
        FollowError::Diverged { file: self.path(piece.segment), offset, what: what.into() }
    }

    fn gap(&self, piece: &Piece) -> FollowError {
        let point = self.point();
        let expected = match point.segment {
            0 => "the header of the first segment comes first".to_owned(),
            segment => format!("segment {segment} at byte {}, or a later segment", point.offset),
        };
        FollowError::Gap { file: self.path(piece.segment), offset: piece.offset, expected }
    }

    /// A header: begins a segment.
    fn begin_segment(&mut self, piece: &Piece) -> Result<(), FollowError> {
        let header = self.read_header(piece)?;
        // A leader that was restored, or is a fork, has segments of the lineages that its own goes on from.
        let before = self.head.as_ref().map(|head| head.header.lineage);
        if before.is_some_and(|before| !goes_on(before, &header)) {
            return Err(FollowError::LineageChanged { dir: self.dir.clone() });
        }
        match &self.head {
            None if header.is_takeover
                || header.first_sequence != 1
                || header.previous_hash != [0; 32] =>
            {
                return Err(self.gap(piece));
            }
            None => {}
            Some(head) => {
                if header.number <= self.point().segment {
                    return Err(self.gap(piece));
                }
                if let Err(what) = head.can_be_followed_by(&header) {
                    return Err(self.diverged(piece, 0, what));
                }
            }
        }
        let file = self.make_segment(&header, &piece.bytes)?;
        let head = Head::begin(file, self.path(header.number), header.clone(), &piece.bytes);
        if header.is_takeover {
            self.pending = Some(head);
        } else {
            self.head = Some(head);
        }
        Ok(())
    }

    fn read_header(&self, piece: &Piece) -> Result<SegmentHeader, FollowError> {
        let damaged = |what: &str| FollowError::PieceDamaged {
            file: self.path(piece.segment),
            offset: 0,
            what: what.to_owned(),
        };
        let sector: Option<&[u8; HEADER_BYTES]> = piece.bytes.as_slice().try_into().ok();
        let sector = sector.ok_or_else(|| damaged("a header is one sector"))?;
        let header = SegmentHeader::decode(sector).map_err(|fault| match fault {
            HeaderFault::Broken => damaged("the header of the segment is not what was written"),
            HeaderFault::Newer(found) => FollowError::Own(OpenError::NewerFormat {
                file: self.path(piece.segment),
                found,
                known: VERSION_BRANCHED,
            }),
        })?;
        let bytes = header.segment_bytes;
        let can_be = header.number == piece.segment
            && is_zero(&sector[segment::HEADER_USED_BYTES..])
            && header.lineage.partition == PARTITION
            && bytes >= SEGMENT_BYTES_MIN
            && bytes.is_multiple_of(HEADER_BYTES as u64);
        if can_be { Ok(header) } else { Err(damaged("it is the header of another segment")) }
    }

    /// A file of the leader's length with this header. The rest is a hole: it is filled as frames come, and an opening
    /// begins a segment of its own.
    fn make_segment(&self, header: &SegmentHeader, sector: &[u8]) -> Result<D::File, FollowError> {
        let unfinished = self.dir.join(segment::SPARE_UNFINISHED);
        let path = self.path(header.number);
        repair::remove_if_there(&self.disk, &unfinished)
            .map_err(FollowError::io("removed", &unfinished))?;
        // Not begun when it cannot be finished: others write to this disk too.
        let free = self.disk.free_bytes(&self.dir).map_err(FollowError::io("made", &path))?;
        if free < header.segment_bytes {
            return Err(FollowError::Own(OpenError::StandbyFull { path }));
        }
        let file = self.disk.create(&unfinished).map_err(FollowError::io("made", &path))?;
        file.set_len(header.segment_bytes).map_err(FollowError::io("made", &path))?;
        file.write_at(sector, 0).map_err(FollowError::io("written", &path))?;
        file.sync_data().map_err(FollowError::io("synced", &path))?;
        self.disk.rename(&unfinished, &path).map_err(FollowError::io("renamed", &path))?;
        self.disk.sync_dir(&self.dir).map_err(FollowError::io("synced", &self.dir))?;
        Ok(file)
    }

    /// Frames, a takeover frame, or a footer.
    fn extend(&mut self, piece: &Piece, sink: Sink<'_>) -> Result<(), FollowError> {
        let Self { head, pending, window, .. } = self;
        let is_pending = pending.is_some();
        let current = pending.as_ref().or(head.as_ref());
        let Some(current) = current.filter(|it| it.is_at(piece.segment, piece.offset)) else {
            return Err(self.gap(piece));
        };
        let verified = current.verify(piece, window)?;
        // A takeover is shipped again as a whole if anything of it is torn, and one frame vouches for nothing.
        let mark = (verified.frames.len() > 1 && !is_pending).then_some(Mark {
            segment: piece.segment,
            header_hash: current.header_hash,
            // What counts already is written once more as it is, and not torn by that.
            begin: current.ahead_end().unwrap_or(piece.offset),
            end: piece.end(),
        });
        if let Some(footer) = &verified.footer {
            self.check_footer(piece, footer)?;
        }
        if is_pending {
            self.check_taken(piece, &verified)?;
        }
        // What is taken over counts with the takeover frame, and not before.
        let (totals, last_sequence) = match &verified.takeover {
            Some(_) => {
                let copied = self.pending.iter().flat_map(Head::unvouched);
                self.new_events(piece, copied, sink)?
            }
            None if is_pending => self.new_events(piece, std::iter::empty(), sink)?,
            None => self.new_events(piece, verified.frames.iter(), sink)?,
        };

        if let Some(mark) = mark {
            self.mark.note(&mark).map_err(FollowError::io("written", &self.mark.path))?;
        }
        let current = if is_pending { &mut self.pending } else { &mut self.head };
        let takeover = verified.takeover;
        if let Some(current) = current {
            let Head { file, path, .. } = &*current;
            file.write_at(&piece.bytes, piece.offset).map_err(FollowError::io("written", path))?;
            file.sync_data().map_err(FollowError::io("synced", path))?;
            current.advance(verified);
        }
        if mark.is_some() {
            self.mark.clear().map_err(FollowError::io("written", &self.mark.path))?;
        }
        (self.totals, self.last_sequence) = (totals, last_sequence);
        if let Some(takeover) = takeover {
            self.head = self.pending.take();
            finish::take_over(&self.disk, &self.dir, &takeover, piece.segment)?;
        }
        Ok(())
    }

    /// A footer says what everything up to it adds up to.
    fn check_footer(&self, piece: &Piece, footer: &Footer) -> Result<(), FollowError> {
        if footer.totals == self.totals {
            return Ok(());
        }
        Err(self.diverged(
            piece,
            piece.offset,
            "the totals in its footer are not the sums of its events",
        ))
    }

    /// What a new opening took over has to be what is here, and all of it.
    fn check_taken(&self, piece: &Piece, verified: &Verified) -> Result<(), FollowError> {
        let (Some(pending), Some(head)) = (&self.pending, &self.head) else {
            return Err(self.gap(piece));
        };
        for frame in &verified.frames {
            if frame.header.first_sequence <= self.last_sequence && !head.holds(frame) {
                let what = format!(
                    "the leader has taken event {} over otherwise than it was followed",
                    frame.header.first_sequence
                );
                return Err(self.diverged(piece, frame.offset, what));
            }
        }
        let Some(takeover) = &verified.takeover else { return Ok(()) };
        if !head.ends_where(takeover, &pending.header) {
            let what = format!(
                "it takes over from segment {} at byte {}, and nothing ends there",
                takeover.old_segment, takeover.cut_offset
            );
            return Err(self.diverged(piece, piece.offset, what));
        }
        if takeover.last_taken < self.last_sequence {
            let what = format!(
                "the leader has lost events: it goes on behind event {}, and {} was followed already",
                takeover.last_taken, self.last_sequence
            );
            return Err(self.diverged(piece, piece.offset, what));
        }
        Ok(())
    }

    /// Decodes the events that are new, and counts them. Gives the totals and the last sequence with them.
    fn new_events<'a>(
        &self,
        piece: &Piece,
        frames: impl Iterator<Item = &'a KeptFrame>,
        sink: Sink<'_>,
    ) -> Result<(Vec<AssetTotal>, Sequence), FollowError> {
        let (mut totals, mut last) = (self.totals.clone(), self.last_sequence);
        for frame in frames {
            if frame.header.last_sequence() <= last {
                continue; // taken over
            }
            let counted = walk::count_events(&frame.view(), &mut totals, &mut |event| {
                let sequence = event.sequence;
                sink(event)?;
                last = sequence;
                Ok(())
            });
            if let Err(what) = counted {
                let what = format!("event {}: {what}", last + 1);
                return Err(self.diverged(piece, frame.offset, what));
            }
        }
        Ok((totals, last))
    }
}
