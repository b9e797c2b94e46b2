//! The segment that a standby is in: what comes next in it, and what nothing vouches for yet.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::super::{FollowError, Piece};
use crate::bytes::is_zero;
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;
use crate::format::Hash;
use crate::format::footer::{self, Footer};
use crate::format::frame::{Frame, FrameHeader, HEADER_BYTES as FRAME_HEADER_BYTES};
use crate::format::sector::{self, SECTOR_BYTES};
use crate::format::segment::{self, HEADER_BYTES, SegmentHeader};
use crate::format::takeover::Takeover;
use crate::recovery::walk::{End, Expected, Source, Step, Through, Walker, Window};

/// A segment, up to where it was followed.
pub(super) struct Head<D: Disk> {
    pub(super) file: D::File,
    pub(super) path: PathBuf,
    pub(super) header: SegmentHeader,
    /// BLAKE3 of the header sector.
    pub(super) header_hash: Hash,
    /// Where the next piece begins.
    pub(super) offset: u64,
    /// What has to come there.
    pub(super) expected: Expected,
    /// Where the last frame ends.
    frames_end: u64,
    /// Its footer has come.
    is_sealed: bool,
    /// What it took over itself.
    takeover: Option<Takeover>,
    /// A frame came behind the takeover: the next opening does not replace this segment.
    is_confirmed: bool,
    /// Frames that an opening of the leader may take over: those that nothing vouches for.
    unvouched: VecDeque<KeptFrame>,
    /// A last frame that is whole and not quite as it was written: it counts, and is asked for again.
    ahead: Option<KeptFrame>,
}

/// A frame that was accepted.
pub(super) struct KeptFrame {
    pub(super) header: FrameHeader,
    own_hash: Hash,
    content: Vec<u8>,
    /// Where it begins.
    pub(super) offset: u64,
    /// What was expected there.
    expected: Expected,
}

impl KeptFrame {
    pub(super) fn view(&self) -> Frame<'_> {
        Frame::view(self.header, self.own_hash, &self.content)
    }

    /// Records and payload: what stays the same when it is taken over.
    fn body(&self) -> &[u8] {
        let end = usize::try_from(self.header.content_bytes()).unwrap_or(usize::MAX);
        self.content.get(FRAME_HEADER_BYTES..end).unwrap_or_default()
    }
}

/// What a piece holds, all of it checked.
pub(super) struct Verified {
    pub(super) frames: Vec<KeptFrame>,
    pub(super) takeover: Option<Takeover>,
    pub(super) footer: Option<Footer>,
    offset: u64,
    expected: Expected,
    frames_end: u64,
}

impl<D: Disk> Head<D> {
    /// Behind the header of a segment that was just made.
    pub(super) fn begin(
        file: D::File,
        path: PathBuf,
        header: SegmentHeader,
        sector: &[u8],
    ) -> Self {
        Self {
            file,
            path,
            header_hash: *blake3::hash(sector).as_bytes(),
            offset: HEADER_BYTES as u64,
            expected: Expected::after(&header),
            frames_end: HEADER_BYTES as u64,
            header,
            is_sealed: false,
            takeover: None,
            is_confirmed: false,
            unvouched: VecDeque::new(),
            ahead: None,
        }
    }

    /// Reads a segment that is here, as far as it is on the device as it was written. That is more than recovery asks for:
    /// a frame whose last block never came is whole if there was nothing but zeros in it, except for its tag.
    ///
    /// All that was read is durable when it returns: a process that was killed may not have synced it. What an earlier sync
    /// could not write is not on the device, so a sync that succeeds now hides nothing.
    pub(super) fn read(
        disk: &D,
        dir: &Path,
        number: u64,
        window: &mut Window,
    ) -> Result<Self, OpenError> {
        let path = dir.join(segment::file_name(number));
        let failed = |did| {
            let path = path.clone();
            move |error| OpenError::from_io(did, &path, error)
        };
        let file = disk.open(&path).map_err(failed("opened"))?;
        let mut sector = [0; HEADER_BYTES];
        file.read_exact_at(&mut sector, 0).map_err(failed("read"))?;
        let header = SegmentHeader::decode(&sector).map_err(|_| OpenError::Damaged {
            file: path.clone(),
            offset: 0,
            what: "its header is not what was written".to_owned(),
        })?;
        let len = file.len().map_err(failed("read"))?;
        let reading = disk.open_read_only(&path).map_err(failed("opened"))?;
        let mut head = Self::begin(file, path.clone(), header, &sector);
        let end = len - len % SECTOR_BYTES as u64;
        let source = Source { file: &reading, path: &path, end, through: Through::Device };
        // One walk: what is read ahead past the cache is read once.
        let mut walker = Walker::at(source, window, head.offset, head.expected);
        while let Ok(one) = one_step(&mut walker)? {
            let bytes =
                walker.source.bytes(walker.window, head.offset, one.offset - head.offset)?;
            if !is_as_written(bytes, head.offset, &one, &head.expected) {
                head.ahead = one.frames.into_iter().next();
                break;
            }
            let is_over = one.footer.is_some();
            head.advance(one);
            if is_over {
                break;
            }
        }
        head.file.sync_data().map_err(|e| OpenError::from_io("synced", &head.path, e))?;
        Ok(head)
    }

    /// Checks a piece that comes next. Nothing is changed.
    pub(super) fn verify(
        &self,
        piece: &Piece,
        window: &mut Window,
    ) -> Result<Verified, FollowError> {
        let path = &self.path;
        let (offset, end) = (piece.offset, piece.end());
        let damaged = |offset, what: &str| FollowError::PieceDamaged {
            file: path.clone(),
            offset,
            what: what.to_owned(),
        };
        if self.is_sealed || end > self.header.segment_bytes {
            let what = "there is more than the segment holds".to_owned();
            return Err(FollowError::Diverged { file: path.clone(), offset, what });
        }
        if piece.bytes.is_empty() || !piece.bytes.len().is_multiple_of(SECTOR_BYTES) {
            return Err(damaged(offset, "it is not whole sectors"));
        }
        let source = Source { file: piece, path, end, through: Through::Cache };
        let mut walker = Walker::at(source, window, offset, self.expected);
        let mut all = Verified {
            frames: Vec::new(),
            takeover: None,
            footer: None,
            offset,
            expected: self.expected,
            frames_end: self.frames_end,
        };
        while all.offset < end {
            let at = all.offset;
            let is_over = all.footer.is_some() || all.takeover.is_some();
            let before = walker.expected;
            match one_step(&mut walker)? {
                Ok(one) if !is_over => {
                    let place = |at| usize::try_from(at - offset).unwrap_or(usize::MAX);
                    let bytes = piece.bytes.get(place(at)..place(one.offset)).unwrap_or_default();
                    if !is_as_written(bytes, at, &one, &before) {
                        return Err(damaged(
                            at,
                            "its sectors are not filled and tagged as they were written",
                        ));
                    }
                    all.join(one);
                }
                Ok(_) => return Err(damaged(at, "something stands behind what comes alone")),
                Err(_) => return Err(self.classify(piece, window, at)),
            }
        }
        Ok(all)
    }

    /// Says of what was not accepted whether it is broken, or whole and of another place.
    fn classify(&self, piece: &Piece, window: &mut Window, at: u64) -> FollowError {
        let file = self.path.clone();
        let source =
            Source { file: piece, path: &self.path, end: piece.end(), through: Through::Cache };
        window.clear();
        let mut content = Vec::new();
        let whole = source.frame(window, at, &mut content);
        let what = match whole {
            Err(error) => return FollowError::Own(error),
            Ok(None) => {
                let what = "there is no whole frame or footer that comes next".to_owned();
                return FollowError::PieceDamaged { file, offset: at, what };
            }
            Ok(Some((header, _))) => header,
        };
        if what.lineage != self.header.lineage {
            let dir = file.parent().unwrap_or(Path::new("")).to_path_buf();
            return FollowError::LineageChanged { dir };
        }
        let what = format!(
            "a whole frame of epoch {}, segment {}, event {}, where one of epoch {}, segment {}, event {} comes next, behind the last frame that is here",
            what.epoch,
            what.segment,
            what.first_sequence,
            self.header.epoch,
            self.header.number,
            self.expected.sequence,
        );
        FollowError::Diverged { file, offset: at, what }
    }

    /// Goes on behind what was written.
    pub(super) fn advance(&mut self, verified: Verified) {
        (self.offset, self.expected) = (verified.offset, verified.expected);
        self.frames_end = verified.frames_end;
        self.ahead = None;
        self.is_sealed |= verified.footer.is_some();
        for frame in verified.frames {
            if self.takeover.is_some() && !self.is_confirmed {
                self.is_confirmed = true;
                self.unvouched.clear();
            }
            let vouched_through = frame.header.durable_through;
            self.unvouched.push_back(frame);
            // What is being taken over is replaced as a whole until the takeover is confirmed.
            let is_vouched = |frame: &KeptFrame| frame.header.last_sequence() <= vouched_through;
            while (!self.header.is_takeover || self.is_confirmed)
                && self.unvouched.front().is_some_and(is_vouched)
            {
                self.unvouched.pop_front();
            }
        }
        if verified.takeover.is_some() {
            self.takeover = verified.takeover;
        }
    }

    /// Whether this place of this segment comes next.
    pub(super) fn is_at(&self, segment: u64, offset: u64) -> bool {
        (self.header.number, self.offset) == (segment, offset)
    }

    /// Where a last frame ends that counts and is not quite as it was written; `None` if there is no such frame.
    pub(super) fn ahead_end(&self) -> Option<u64> {
        self.ahead.as_ref().map(|frame| frame.offset + frame.header.bytes_on_disk())
    }

    /// Frames that nothing vouches for yet.
    pub(super) fn unvouched(&self) -> impl Iterator<Item = &KeptFrame> {
        self.unvouched.iter()
    }

    /// Whether its takeover frame is there.
    pub(super) fn has_taken_over(&self) -> bool {
        self.takeover.is_some()
    }

    /// This segment is a takeover that the leader's next opening would replace.
    fn is_replaceable(&self) -> bool {
        self.takeover.is_some() && !self.is_confirmed
    }

    /// Whether a segment with this header can come next; what does not fit if it cannot.
    pub(super) fn can_be_followed_by(&self, header: &SegmentHeader) -> Result<(), String> {
        let (sequence, hash) = (header.first_sequence, header.previous_hash);
        if !header.is_takeover {
            let fits = self.is_sealed
                && header.lineage == self.header.lineage
                && header.number == self.header.number + 1
                && header.epoch == self.header.epoch
                && (sequence, hash) == (self.expected.sequence, self.expected.previous_hash);
            return if fits {
                Ok(())
            } else {
                Err(format!(
                    "it begins with event {sequence} of epoch {}, and segment {} ends before event {} of epoch {}{}",
                    header.epoch,
                    self.header.number,
                    self.expected.sequence,
                    self.header.epoch,
                    if self.is_sealed { ", with another frame" } else { " and is not sealed" },
                ))
            };
        }
        if header.epoch <= self.header.epoch {
            return Err(format!("its epoch is {}, after {}", header.epoch, self.header.epoch));
        }
        let begins_at =
            |expected: &Expected| (expected.sequence, expected.previous_hash) == (sequence, hash);
        // At the end in any case: the leader may have confirmed its takeover by frames that are taken over in turn.
        let attaches = begins_at(&self.expected)
            || if self.is_replaceable() {
                self.is_replaced_by(header)
            } else {
                self.unvouched.iter().any(|frame| begins_at(&frame.expected))
            };
        if attaches {
            return Ok(());
        }
        Err(format!(
            "it takes over from event {sequence} on, and nothing that is here ends there with the same hash"
        ))
    }

    /// Whether a segment with this header takes over from where this one did.
    fn is_replaced_by(&self, header: &SegmentHeader) -> bool {
        let begins = |header: &SegmentHeader| (header.first_sequence, header.previous_hash);
        self.is_replaceable() && begins(&self.header) == begins(header)
    }

    /// Whether this is where a takeover says that the segment before it ends.
    pub(super) fn ends_where(&self, takeover: &Takeover, header: &SegmentHeader) -> bool {
        if let (true, Some(own)) = (self.is_replaced_by(header), &self.takeover) {
            return (own.old_segment, own.cut_offset)
                == (takeover.old_segment, takeover.cut_offset);
        }
        let (sequence, hash) = (header.first_sequence, header.previous_hash);
        let taken = self.unvouched.iter().find(|frame| {
            (frame.expected.sequence, frame.expected.previous_hash) == (sequence, hash)
        });
        let cut_offset = taken.map_or(self.frames_end, |frame| frame.offset);
        (takeover.old_segment, takeover.cut_offset) == (self.header.number, cut_offset)
    }

    /// Whether a frame that was taken over is here, with the same records and payload.
    pub(super) fn holds(&self, taken: &KeptFrame) -> bool {
        let first = taken.header.first_sequence;
        let mut own = self.unvouched.iter().chain(&self.ahead);
        let own = own.find(|frame| frame.header.first_sequence == first);
        own.is_some_and(|own| {
            own.header.records == taken.header.records && own.body() == taken.body()
        })
    }
}

/// Whether sectors are those that their content makes: padding and tags, which no hash covers.
fn is_as_written(bytes: &[u8], at: u64, one: &Verified, before: &Expected) -> bool {
    let content_bytes = match (&one.footer, FrameHeader::parse(bytes)) {
        (Some(footer), _) => footer.encode().len(),
        (None, Some(header)) => usize::try_from(header.content_bytes()).unwrap_or(usize::MAX),
        (None, None) => return false,
    };
    let mut content = Vec::with_capacity(bytes.len());
    sector::gather(bytes, &mut content);
    let (Some(content), Some(padding)) =
        (content.get(..content_bytes), content.get(content_bytes..))
    else {
        return false;
    };
    if !is_zero(padding) || sector::sectors_bytes(content_bytes as u64) != bytes.len() as u64 {
        return false;
    }
    let mut again = vec![0; bytes.len()];
    sector::spread(content, &mut again, before.tag_key(), at / SECTOR_BYTES as u64);
    again == bytes
}

impl Verified {
    fn join(&mut self, one: Self) {
        self.frames.extend(one.frames);
        self.takeover = one.takeover;
        self.footer = one.footer;
        (self.offset, self.expected, self.frames_end) = (one.offset, one.expected, one.frames_end);
    }
}

/// One step of a walk, kept.
fn one_step<F: DiskFile>(walker: &mut Walker<'_, F>) -> Result<Result<Verified, End>, OpenError> {
    let (begins, before) = (walker.offset, walker.expected);
    let (mut frames, mut takeover, mut sealed) = (Vec::new(), None, None);
    match walker.step()? {
        Step::Records { offset, frame, content } => {
            let (header, own_hash) = (frame.header, frame.own_hash);
            let content = content.to_vec();
            frames.push(KeptFrame { header, own_hash, content, offset, expected: before });
        }
        Step::Takeover { takeover: found, .. } => takeover = Some(found),
        Step::Footer(footer) => sealed = Some(footer),
        Step::End(end) => return Ok(Err(end)),
    }
    let footer_bytes =
        sealed.as_ref().map_or(0, |it| footer::bytes_on_disk(it.totals.len(), it.index.len()));
    // A walk ends before a footer.
    walker.offset += footer_bytes;
    Ok(Ok(Verified {
        frames,
        takeover,
        offset: walker.offset,
        expected: walker.expected,
        frames_end: if footer_bytes > 0 { begins } else { walker.offset },
        footer: sealed,
    }))
}
