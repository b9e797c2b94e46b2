//! Hands every event of the segments that count to whoever replays them, in order.

use florin_engine::{Body, Event, Sequence};

use crate::disk::Disk;
use crate::error::OpenError;
use crate::format::Hash;
use crate::format::footer::{AssetTotal, Footer};
use crate::format::frame::Frame;
use crate::format::record::RecordFault;
use crate::format::segment::SegmentHeader;
use crate::journal::index::{FrameIndex, SegmentIndex};

use super::chain::{Link, open_read_only};
use super::tail::TailFrame;
use super::walk::{Expected, Source, Step, Through, Walker, Window, count_events};
use super::{Base, Passed, Progress, Replays};

/// Progress is told about every so many bytes.
const PROGRESS_BYTES: u64 = 4 * 1024 * 1024;

/// Replays, and keeps count.
pub(crate) struct Replay<'a> {
    pub(crate) sink: &'a mut dyn Replays,
    pub(crate) progress: &'a mut dyn FnMut(Progress),
    pub(crate) so_far: Progress,
    told_bytes: u64,
    /// Events before this one are not wanted.
    from: Sequence,
    pub(crate) frames: u64,
    pub(crate) footers: u64,
    pub(crate) sequence: u64,
    pub(crate) hash: Hash,
    epoch: u64,
    pub(crate) totals: Vec<AssetTotal>,
    pub(crate) index: Vec<SegmentIndex>,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(
        sink: &'a mut dyn Replays,
        progress: &'a mut dyn FnMut(Progress),
        bytes_total: u64,
        from: Sequence,
    ) -> Self {
        Self {
            sink,
            progress,
            so_far: Progress { bytes_done: 0, bytes_total, sequence: 0 },
            told_bytes: 0,
            from,
            frames: 0,
            footers: 0,
            sequence: 0,
            hash: [0; 32],
            epoch: 0,
            totals: Vec::new(),
            index: Vec::new(),
        }
    }

    /// Begins behind what was archived.
    pub(crate) fn begin_behind(&mut self, base: Base) {
        let Passed { last_sequence, last_hash, totals, .. } = base.ended;
        (self.sequence, self.hash, self.totals) = (last_sequence, last_hash, totals);
        self.epoch = base.epoch;
        self.index = base.segments;
    }

    /// Goes past a segment whose events are not wanted.
    pub(crate) fn pass(&mut self, link: &Link, passed: Passed) -> Result<(), OpenError> {
        self.follows(link)?;
        let Passed { last_sequence, last_hash, end_offset, totals, frames } = passed;
        // A segment that another took over from ends there, whatever was made of it before.
        if link.cut_offset.is_some_and(|cut_offset| cut_offset != end_offset) {
            let what = format!("its index ends at {end_offset}, and not where it was cut");
            return Err(OpenError::Damaged { file: link.path.clone(), offset: end_offset, what });
        }
        (self.sequence, self.hash, self.totals) = (last_sequence, last_hash, totals);
        let SegmentHeader { lineage, number, first_sequence, .. } = link.header;
        self.index.push(SegmentIndex { lineage, number, first_sequence, frames });
        self.tell(link.end());
        Ok(())
    }

    /// Replays a segment, from its header to its end, where `next` begins.
    pub(crate) fn segment<D: Disk>(
        &mut self,
        disk: &D,
        link: &Link,
        next: Option<&Link>,
        window: &mut Window,
    ) -> Result<(), OpenError> {
        self.follows(link)?;
        let file = open_read_only(disk, &link.path)?;
        let source =
            Source { file: &file, path: &link.path, end: link.end(), through: Through::Cache };
        let mut walker = Walker::new(source, window, &link.header);
        let mut frames = FrameIndex::default();
        loop {
            let begins = walker.offset;
            match walker.step()? {
                Step::Records { offset, frame, .. } => {
                    let header = frame.header;
                    frames.note(header.first_sequence, offset, header.bytes_on_disk());
                    self.frame(&frame, link, offset)?;
                }
                Step::Takeover { .. } => self.frames += 1,
                Step::Footer(footer) => {
                    self.footer(&footer, link, begins)?;
                    break;
                }
                Step::End(_) => break,
            }
            self.hash = walker.expected.previous_hash;
            self.tell(walker.offset - begins);
        }
        let offset = walker.offset;
        let is_short = match (link.cut_offset, next) {
            (Some(cut_offset), _) => cut_offset != offset,
            (None, Some(next)) => next.header.first_sequence > self.sequence + 1,
            (None, None) => false,
        };
        if is_short {
            let sequence = self.sequence + 1;
            let what = format!(
                "the frame of event {sequence} is broken or missing, and what comes after it was built on it"
            );
            return Err(walker.source.damaged(offset, what));
        }
        self.hash = walker.expected.previous_hash;
        let SegmentHeader { lineage, number, first_sequence, .. } = link.header;
        self.index.push(SegmentIndex { lineage, number, first_sequence, frames });
        Ok(())
    }

    /// Replays the tail.
    pub(crate) fn tail(&mut self, frames: &[TailFrame], link: &Link) -> Result<(), OpenError> {
        for frame in frames {
            self.frame(&frame.view(), link, frame.offset)?;
            self.hash = frame.own_hash;
            self.tell(frame.header.bytes_on_disk());
        }
        Ok(())
    }

    /// Tells that everything is done.
    pub(crate) fn finish(&mut self) -> Result<(), OpenError> {
        self.sink.end().map_err(OpenError::StateDiffers)?;
        self.so_far.bytes_done = self.so_far.bytes_total;
        self.so_far.sequence = self.sequence;
        (self.progress)(self.so_far);
        Ok(())
    }

    /// Whether this begins where the one before ended.
    pub(crate) fn follows(&mut self, link: &Link) -> Result<(), OpenError> {
        let begins = Expected::after(&link.header);
        let damaged = |what| Err(OpenError::Damaged { file: link.path.clone(), offset: 0, what });
        if begins.sequence != self.sequence + 1 || begins.previous_hash != self.hash {
            return damaged(format!(
                "it begins with event {}, and what is before it ends with event {} or another hash: something in between is damaged or missing",
                begins.sequence, self.sequence
            ));
        }
        // A takeover is of another opening than what it takes over from; what follows a sealed segment is
        // of the same.
        let epoch_fits = if link.header.is_takeover || self.epoch == 0 {
            begins.epoch > self.epoch
        } else {
            begins.epoch == self.epoch
        };
        if !epoch_fits {
            return damaged(format!("its epoch is {}, after {}", begins.epoch, self.epoch));
        }
        self.epoch = begins.epoch;
        Ok(())
    }

    fn frame(&mut self, frame: &Frame<'_>, link: &Link, offset: u64) -> Result<(), OpenError> {
        self.frames += 1;
        let Self { sink, totals, sequence, from, .. } = self;
        count_events(frame, totals, &mut |event| {
            let number = event.sequence;
            if number >= *from {
                sink.event(event)?;
            }
            *sequence = number;
            Ok(())
        })
        .map_err(|what| OpenError::Damaged {
            file: link.path.clone(),
            offset,
            what: format!("event {}: {what}", *sequence + 1),
        })
    }

    fn footer(&mut self, footer: &Footer, link: &Link, offset: u64) -> Result<(), OpenError> {
        self.footers += 1;
        if footer.totals == self.totals {
            return Ok(());
        }
        let what = "the totals in its footer are not the sums of its events".to_owned();
        Err(OpenError::Damaged { file: link.path.clone(), offset, what })
    }

    fn tell(&mut self, bytes: u64) {
        self.so_far.bytes_done += bytes;
        if self.so_far.bytes_done - self.told_bytes >= PROGRESS_BYTES {
            self.told_bytes = self.so_far.bytes_done;
            self.so_far.sequence = self.sequence;
            (self.progress)(self.so_far);
        }
    }
}

pub(super) fn check_asset(event: &Event, assets: usize) -> Result<(), RecordFault> {
    match &event.body {
        Body::TransferPosted(transfer) if transfer.asset as usize >= assets => {
            Err(RecordFault::new("its asset was never registered"))
        }
        Body::Hold(hold) if hold.asset as usize >= assets => {
            Err(RecordFault::new("its asset was never registered"))
        }
        Body::AssetRegistered(asset) if asset.asset as usize != assets => {
            Err(RecordFault::new("assets are not numbered without gaps"))
        }
        _ => Ok(()),
    }
}
