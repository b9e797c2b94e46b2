//! Walks through a segment and accepts frame by frame, as long as each is whole and follows from the one
//! before.

use std::io;
use std::path::Path;

use florin_engine::Event;

use crate::bytes::{PageBuffer, is_zero};
use crate::disk::DiskFile;
use crate::error::OpenError;
use crate::format::footer::{self, AssetTotal, Footer};
use crate::format::frame::{Frame, FrameFault, FrameHeader, FrameKind};
use crate::format::payload;
use crate::format::record::RecordFault;
use crate::format::sector::{self, SECTOR_BYTES, TagKey, Written};
use crate::format::segment::{HEADER_BYTES, SegmentHeader};
use crate::format::takeover::Takeover;
use crate::format::{Hash, Lineage, VERSION_BRANCHED};
use crate::journal::encoder;

use super::replay;

const SECTOR: u64 = SECTOR_BYTES as u64;
/// Files are read in pieces of this size. The part of a frame with which a piece ends is read again with the next: pieces are
/// several times as long as frames.
const WINDOW_BYTES: u64 = 8 * 1024 * 1024;

/// Whether reads may be answered from the page cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Through {
    Cache,
    Device,
}

/// A piece of a file in memory. It is handed from segment to segment, so that it is allocated once.
#[derive(Default)]
pub(crate) struct Window {
    buffer: PageBuffer,
    from: u64,
    to: u64,
}

impl Window {
    /// Forgets what it holds.
    pub(crate) fn clear(&mut self) {
        (self.from, self.to) = (0, 0);
    }

    fn slice(&self, offset: u64, len: u64) -> &[u8] {
        let at = usize::try_from(offset - self.from).unwrap_or(usize::MAX);
        &self.buffer[at..][..usize::try_from(len).unwrap_or(usize::MAX)]
    }
}

/// A segment that is being read.
pub(crate) struct Source<'a, F> {
    pub(crate) file: &'a F,
    pub(crate) path: &'a Path,
    /// Nothing from here on is read; a multiple of 4,096.
    pub(crate) end: u64,
    pub(crate) through: Through,
}

impl<F: DiskFile> Source<'_, F> {
    /// The bytes at this place; they end before [`Source::end`].
    pub(crate) fn bytes<'w>(
        &self,
        window: &'w mut Window,
        offset: u64,
        len: u64,
    ) -> Result<&'w [u8], OpenError> {
        if offset < window.from || offset + len > window.to {
            let count = len.max(WINDOW_BYTES).min(self.end - offset);
            window.clear();
            window.buffer.resize(usize::try_from(count).unwrap_or(usize::MAX));
            let read = match self.through {
                Through::Cache => self.file.read_exact_at(&mut window.buffer, offset),
                Through::Device => self.file.read_past_cache(&mut window.buffer, offset),
            };
            read.map_err(|error| self.read_failed(error))?;
            (window.from, window.to) = (offset, offset + count);
            let left = self.end - window.to;
            if self.through == Through::Cache && left > 0 {
                self.file.will_read(window.to, left.min(WINDOW_BYTES));
            }
        }
        Ok(window.slice(offset, len))
    }

    fn read_failed(&self, error: io::Error) -> OpenError {
        OpenError::from_io("read", self.path, error)
    }

    /// Damage in it.
    pub(crate) fn damaged(&self, offset: u64, what: impl Into<String>) -> OpenError {
        OpenError::Damaged { file: self.path.to_path_buf(), offset, what: what.into() }
    }

    /// What a newer release has written.
    fn newer(&self, found: String) -> OpenError {
        OpenError::NewerFormat { file: self.path.to_path_buf(), found, known: VERSION_BRANCHED }
    }

    /// The joined content of the frame or footer of this size.
    fn gather(
        &self,
        window: &mut Window,
        offset: u64,
        bytes: u64,
        content: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        content.clear();
        sector::gather(self.bytes(window, offset, bytes)?, content);
        Ok(())
    }

    /// Reads the whole frame that begins here, if there is one; gives its bytes on disk.
    pub(crate) fn frame(
        &self,
        window: &mut Window,
        offset: u64,
        content: &mut Vec<u8>,
    ) -> Result<Option<(FrameHeader, Hash)>, OpenError> {
        let Some(header) = FrameHeader::parse(self.bytes(window, offset, SECTOR)?) else {
            return Ok(None);
        };
        if header.bytes_on_disk() > self.end - offset {
            return Ok(None);
        }
        self.gather(window, offset, header.bytes_on_disk(), content)?;
        match Frame::check(content) {
            Ok(frame) => Ok(Some((frame.header, frame.own_hash))),
            Err(FrameFault::Broken) => Ok(None),
            Err(FrameFault::Newer(found)) => Err(self.newer(found)),
        }
    }

    /// Whether every sector of a piece reached the device.
    fn was_written(
        &self,
        window: &mut Window,
        offset: u64,
        bytes: u64,
        key: TagKey,
    ) -> Result<bool, OpenError> {
        let (sectors, _) = self.bytes(window, offset, bytes)?.as_chunks::<SECTOR_BYTES>();
        let written = |(number, sector)| {
            matches!(sector::written(sector, key, number), Written::Whole | Written::Last)
        };
        Ok((offset / SECTOR..).zip(sectors).all(written))
    }

    /// Reads the whole footer that begins here, if there is one.
    pub(crate) fn footer(
        &self,
        window: &mut Window,
        offset: u64,
        content: &mut Vec<u8>,
    ) -> Result<Option<Footer>, OpenError> {
        let claimed = footer::claimed_bytes(self.bytes(window, offset, SECTOR)?);
        match claimed {
            Some(bytes) if (SECTOR..=self.end - offset).contains(&bytes) => {
                self.gather(window, offset, bytes, content)?;
                Ok(Footer::decode(content))
            }
            _ => Ok(None),
        }
    }
}

/// What has to come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) lineage: Lineage,
    pub(crate) epoch: u64,
    pub(crate) segment: u64,
    pub(crate) tag_seed: u64,
    /// First sequence of the next frame.
    pub(crate) sequence: u64,
    pub(crate) previous_hash: Hash,
    /// First sequence of the segment; until its takeover frame has come, one may.
    pub(crate) takeover_of: Option<(u64, Hash)>,
}

impl Expected {
    /// At the beginning of a segment.
    pub(crate) fn after(header: &SegmentHeader) -> Self {
        Self {
            lineage: header.lineage,
            epoch: header.epoch,
            segment: header.number,
            tag_seed: header.tag_seed,
            sequence: header.first_sequence,
            previous_hash: header.previous_hash,
            takeover_of: header
                .is_takeover
                .then_some((header.first_sequence, header.previous_hash)),
        }
    }

    /// What the tags of the next frame or footer are made of.
    pub(crate) fn tag_key(&self) -> TagKey {
        TagKey { seed: self.tag_seed, sequence: self.sequence }
    }

    fn fits(&self, header: &FrameHeader) -> bool {
        header.lineage == self.lineage
            && header.epoch == self.epoch
            && header.segment == self.segment
            && header.first_sequence == self.sequence
            && header.previous_hash == self.previous_hash
    }

    fn advance(&mut self, header: &FrameHeader, own_hash: Hash) {
        self.sequence += u64::from(header.records);
        self.previous_hash = own_hash;
    }
}

/// What comes next in a segment.
pub(crate) enum Step<'a> {
    /// A frame that was accepted, and where it begins.
    Records { offset: u64, frame: Frame<'a>, content: &'a [u8] },
    /// The takeover frame; the frames before it count from now on.
    Takeover { offset: u64, takeover: Takeover },
    /// The footer.
    Footer(Footer),
    /// Nothing more is accepted.
    End(End),
}

/// Why nothing more is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The end of what is to be read.
    Limit,
    /// A sector of zeros.
    Zeros,
    /// Bytes that are no frame that could follow.
    Broken,
}

/// Walks through a segment.
pub(crate) struct Walker<'a, F> {
    pub(crate) source: Source<'a, F>,
    pub(crate) window: &'a mut Window,
    /// Behind the last accepted frame.
    pub(crate) offset: u64,
    pub(crate) expected: Expected,
    content: Vec<u8>,
}

impl<'a, F: DiskFile> Walker<'a, F> {
    /// Begins at an offset where this is expected.
    pub(crate) fn at(
        source: Source<'a, F>,
        window: &'a mut Window,
        offset: u64,
        expected: Expected,
    ) -> Self {
        window.clear();
        Self { source, window, offset, expected, content: Vec::new() }
    }

    /// Begins behind the header of a segment.
    pub(crate) fn new(
        source: Source<'a, F>,
        window: &'a mut Window,
        header: &SegmentHeader,
    ) -> Self {
        Self::at(source, window, HEADER_BYTES as u64, Expected::after(header))
    }

    /// The next step. After [`Step::Footer`] and [`Step::End`] there is none.
    pub(crate) fn step(&mut self) -> Result<Step<'_>, OpenError> {
        let Self { source, window, offset, expected, content } = self;
        if *offset + SECTOR > source.end {
            return Ok(Step::End(End::Limit));
        }
        if is_zero(source.bytes(window, *offset, SECTOR)?) {
            return Ok(Step::End(End::Zeros));
        }
        let begins = *offset;
        if let Some((header, own_hash)) = source.frame(window, begins, content)?
            && expected.fits(&header)
        {
            let frame = Frame::view(header, own_hash, content);
            // What was erased is all zeros, and so is what never reached the device: the tags tell them apart.
            if frame.has_erased() {
                let bytes = header.bytes_on_disk();
                if !source.was_written(window, begins, bytes, expected.tag_key())? {
                    return Ok(Step::End(End::Broken));
                }
            }
            match header.kind {
                FrameKind::Records => {
                    *offset += header.bytes_on_disk();
                    expected.advance(&header, own_hash);
                    return Ok(Step::Records { offset: begins, frame, content });
                }
                FrameKind::Takeover => {
                    if let Some(takeover) = accept_takeover(&frame, expected) {
                        *offset += header.bytes_on_disk();
                        expected.advance(&header, own_hash);
                        expected.takeover_of = None;
                        return Ok(Step::Takeover { offset: begins, takeover });
                    }
                    return Ok(Step::End(End::Broken));
                }
            }
        }
        match source.footer(window, begins, content)? {
            Some(footer) if footer_fits(&footer, expected) => Ok(Step::Footer(footer)),
            _ => Ok(Step::End(End::Broken)),
        }
    }
}

/// A takeover frame says what its segment's header says, and has its place once, behind what it took over.
fn accept_takeover(frame: &Frame<'_>, expected: &Expected) -> Option<Takeover> {
    let (first_taken, old_hash) = expected.takeover_of?;
    let (entry, salted) = payload::entries(frame.table, frame.payload).next()?;
    let (payload::PayloadKind::Takeover, bytes) = entry.payload(salted)? else { return None };
    let takeover = Takeover::decode(bytes)?;
    let fits = takeover.first_taken == first_taken
        && takeover.last_taken.checked_add(1) == Some(expected.sequence)
        && takeover.old_hash == old_hash
        && takeover.old_segment < expected.segment;
    fits.then_some(takeover)
}

fn footer_fits(footer: &Footer, expected: &Expected) -> bool {
    footer.belongs_to(expected.lineage, expected.segment)
        && footer.last_sequence.checked_add(1) == Some(expected.sequence)
        && footer.last_hash == expected.previous_hash
}

/// How far a segment was walked through.
pub(crate) struct Walked {
    /// Where its last accepted frame ends.
    pub(crate) end_offset: u64,
    /// The sequence that comes next.
    pub(crate) next_sequence: u64,
    /// Own hash of its last accepted frame.
    pub(crate) last_hash: Hash,
    /// What stands behind that frame, if it is whole.
    pub(crate) footer: Option<Footer>,
}

impl SegmentHeader {
    /// Hands out the frames with records that are accepted before `end`, each with its place in the file and its
    /// content, until there is no more or `each` has had enough.
    pub(crate) fn walk<F: DiskFile>(
        &self,
        file: &F,
        path: &Path,
        end: u64,
        mut each: impl FnMut(u64, &Frame<'_>, &[u8]) -> Result<(), OpenError>,
    ) -> Result<Walked, OpenError> {
        let mut window = Window::default();
        let source = Source { file, path, end: end - end % SECTOR, through: Through::Cache };
        let mut walker = Walker::new(source, &mut window, self);
        let footer = loop {
            match walker.step()? {
                Step::Records { offset, frame, content } => each(offset, &frame, content)?,
                Step::Takeover { .. } => {}
                Step::Footer(footer) => break Some(footer),
                Step::End(_) => break None,
            }
        };
        let Expected { sequence: next_sequence, previous_hash: last_hash, .. } = walker.expected;
        Ok(Walked { end_offset: walker.offset, next_sequence, last_hash, footer })
    }
}

/// Decodes the events of a frame, adds up what they move, and hands each to `sink`. Gives what is wrong with the first that
/// cannot be.
pub(crate) fn count_events(
    frame: &Frame<'_>,
    totals: &mut Vec<AssetTotal>,
    sink: &mut dyn FnMut(Event) -> Result<(), String>,
) -> Result<(), String> {
    let counted = frame.for_each_event(|event| {
        replay::check_asset(&event, totals.len())?;
        encoder::count(&event, totals);
        sink(event).map_err(RecordFault)
    });
    counted.map_err(|fault: RecordFault| fault.0)
}
