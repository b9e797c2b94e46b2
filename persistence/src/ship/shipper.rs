//! The leader's side: reads along the segment files, as far as they are durable.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use florin_engine::Sequence;

use super::{FollowPoint, Piece, ShipError};
use crate::archive::Archive;
use crate::disk::{Disk, DiskFile};
use crate::format::frame::{self, FrameHeader, FrameKind};
use crate::format::sector::SECTOR_BYTES;
use crate::format::segment::{self, HEADER_BYTES};
use crate::format::{Lineage, footer};
use crate::journal::index::SharedIndex;
use crate::journal::reader::{Opened, open_segment};
use crate::limits::FRAME_BYTES_MAX;

/// Frames go together up to this size; a larger frame goes alone.
const PIECE_BYTES: usize = 1024 * 1024;
/// What is read at once where little is expected: at the end of the journal.
const AHEAD_BYTES: usize = 16 * 1024;

/// Reads pieces for one standby. It holds one piece in memory at most, shares nothing with the writer but a look at how
/// far that is, and never waits for anything but the disk.
///
/// The hashes are not looked at here: the standby checks each of them.
pub struct Shipper<D: Disk> {
    disk: D,
    dir: PathBuf,
    /// Where segments are read that are not here any more.
    archive: Option<Archive<D>>,
    shared: Arc<SharedIndex>,
    /// The segment that is read; 0 = before the first.
    segment: u64,
    /// Its lineage. Those before it may be of others: a ledger that was restored goes on from another one.
    lineage: Option<Lineage>,
    /// `None`: it is over.
    file: Option<Opened<D>>,
    offset: u64,
    next_sequence: Sequence,
    /// How much is read at once: more as long as there is more.
    ahead_bytes: usize,
}

impl<D: Disk> Shipper<D> {
    /// Goes on where a standby is.
    pub(crate) fn begin(
        disk: D,
        (dir, archive): (PathBuf, Option<Archive<D>>),
        shared: Arc<SharedIndex>,
        from: &FollowPoint,
    ) -> Result<Self, ShipError> {
        if from.lineage.is_some_and(|id| !shared.has_lineage(id)) {
            return Err(ShipError::LineageChanged);
        }
        let durable_through = shared.durable_through();
        let ahead = ShipError::Ahead {
            standby_has: from.last_sequence,
            segment: from.segment,
            durable_through,
        };
        let segment = from.segment;
        let mut shipper = Self {
            disk,
            dir,
            archive,
            lineage: shared.lineage_of(segment),
            shared,
            segment,
            file: None,
            offset: from.offset,
            next_sequence: from.last_sequence.saturating_add(1),
            ahead_bytes: AHEAD_BYTES,
        };
        if from.last_sequence > durable_through {
            return Err(ahead);
        }
        if segment == 0 {
            shipper.next_sequence = 1;
            return Ok(shipper);
        }
        if shipper.shared.has_segment(segment) {
            let file = shipper.open(segment)?;
            let mut header = [0; HEADER_BYTES];
            let read = file.read_exact_at(&mut header, 0);
            read.map_err(|source| shipper.io(segment, source))?;
            if *blake3::hash(&header).as_bytes() != from.header_hash {
                return Err(ShipError::Diverged { segment });
            }
            shipper.file = Some(file);
        } else if shipper.shared.first_segment().is_none_or(|first| segment < first) {
            return Err(ShipError::Archived { segment });
        } else if shipper.shared.segment_after(segment).is_none() {
            return Err(ahead);
        }
        // Otherwise a later opening took its place: the next segment says from where.
        Ok(shipper)
    }

    /// How far the journal is durable.
    pub fn durable_through(&self) -> Sequence {
        self.shared.durable_through()
    }

    /// The next piece; `None` if everything that is durable was given out.
    ///
    /// # Errors
    /// What stands in the way. It can be called again only after [`ShipError::Io`].
    pub fn next_piece(&mut self) -> Result<Option<Piece>, ShipError> {
        loop {
            // In this order. If there is a next segment, everything in this one is durable; and what is durable by the
            // time that is asked for stands in the file by the time that is read.
            let next = self.shared.segment_after(self.segment);
            let durable_through = self.shared.durable_through();
            if let Some(file) = self.file.take() {
                let piece = match self.frames(&file, durable_through)? {
                    None if next.is_some() => self.footer(&file)?,
                    piece => piece,
                };
                if piece.is_some() || next.is_none() {
                    self.file = Some(file);
                }
                if piece.is_some() {
                    return Ok(piece);
                }
            }
            match next {
                Some((number, first_sequence)) => {
                    return self.enter(number, first_sequence).map(Some);
                }
                None if self.next_sequence > durable_through => return Ok(None),
                // What is durable stands in a segment that has come into use just now; otherwise it is not there.
                None if self.shared.segment_after(self.segment).is_some() => {}
                None => {
                    let what = format!("there is no frame of event {}", self.next_sequence);
                    return Err(self.damaged(self.segment, self.offset, what));
                }
            }
        }
    }

    /// Begins a segment with its header.
    fn enter(&mut self, number: u64, first_sequence: Sequence) -> Result<Piece, ShipError> {
        if first_sequence > self.next_sequence {
            if self.segment == 0 {
                return Err(ShipError::Archived { segment: 0 });
            }
            let what = format!(
                "it begins with event {first_sequence}, and event {} comes next",
                self.next_sequence
            );
            return Err(self.damaged(number, 0, what));
        }
        let file = self.open(number)?;
        let mut bytes = vec![0; HEADER_BYTES];
        file.read_exact_at(&mut bytes, 0).map_err(|source| self.io(number, source))?;
        self.file = Some(file);
        (self.segment, self.offset) = (number, HEADER_BYTES as u64);
        self.lineage = self.shared.lineage_of(number);
        self.next_sequence = first_sequence;
        Ok(Piece { segment: number, offset: 0, bytes })
    }

    /// Whole frames that are durable. A takeover frame goes alone: the standby syncs what was taken over before.
    fn frames(
        &mut self,
        file: &Opened<D>,
        durable_through: Sequence,
    ) -> Result<Option<Piece>, ShipError> {
        let mut bytes = vec![0; self.ahead_bytes];
        let read = file.read_at(&mut bytes, self.offset);
        bytes.truncate(read.map_err(|source| self.io(self.segment, source))?);
        let (mut end, mut sequence) = (0, self.next_sequence);
        while let Some(header) = bytes.get(end..).and_then(FrameHeader::parse) {
            let is_next = Some(header.lineage) == self.lineage
                && header.segment == self.segment
                && header.first_sequence == sequence
                && header.last_sequence() <= durable_through;
            let is_takeover = header.kind == FrameKind::Takeover;
            if !is_next || is_takeover && end > 0 {
                break;
            }
            let len = usize::try_from(header.bytes_on_disk()).unwrap_or(usize::MAX);
            if bytes.len() - end < len {
                if end > 0 {
                    break;
                }
                bytes.resize(len, 0);
                let read = file.read_exact_at(&mut bytes, self.offset);
                read.map_err(|source| self.io(self.segment, source))?;
            }
            end += len;
            sequence += u64::from(header.records);
            if is_takeover {
                break;
            }
        }
        self.next_sequence = sequence;
        let is_more = end > bytes.len() / 2;
        self.ahead_bytes =
            if is_more { PIECE_BYTES.min(self.ahead_bytes * 2) } else { AHEAD_BYTES };
        Ok(self.piece(bytes, end))
    }

    /// The footer, if it comes next.
    fn footer(&mut self, file: &Opened<D>) -> Result<Option<Piece>, ShipError> {
        let mut bytes = vec![0; SECTOR_BYTES];
        let read = file.read_at(&mut bytes, self.offset);
        if read.map_err(|source| self.io(self.segment, source))? < SECTOR_BYTES {
            return Ok(None); // it was cut here
        }
        let Some(claimed) = footer::claimed_bytes(&bytes) else { return Ok(None) };
        let len = file.len().map_err(|source| self.io(self.segment, source))?;
        let can_be = SECTOR_BYTES as u64..=len.saturating_sub(self.offset).min(FRAME_BYTES_MAX);
        if !can_be.contains(&claimed) {
            return Err(self.damaged(self.segment, self.offset, "the footer is broken"));
        }
        let claimed = usize::try_from(claimed).unwrap_or(usize::MAX);
        bytes.resize(claimed, 0);
        let read = file.read_exact_at(&mut bytes, self.offset);
        read.map_err(|source| self.io(self.segment, source))?;
        Ok(self.piece(bytes, claimed))
    }

    /// The first so many bytes that were read where the next piece begins; `None` if there are none.
    fn piece(&mut self, mut bytes: Vec<u8>, len: usize) -> Option<Piece> {
        bytes.truncate(len);
        let piece = Piece { segment: self.segment, offset: self.offset, bytes };
        self.offset += len as u64;
        (len > 0).then_some(piece)
    }

    fn open(&self, segment: u64) -> Result<Opened<D>, ShipError> {
        let opened = open_segment(&self.disk, self.archive.as_ref(), &self.path(segment));
        opened.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ShipError::Archived { segment },
            _ => self.io(segment, source),
        })
    }

    fn path(&self, segment: u64) -> PathBuf {
        self.dir.join(segment::file_name(segment))
    }

    fn io(&self, segment: u64, source: io::Error) -> ShipError {
        ShipError::Io { path: self.path(segment), source }
    }

    fn damaged(&self, segment: u64, offset: u64, what: impl Into<String>) -> ShipError {
        ShipError::Damaged { file: self.path(segment), offset, what: what.into() }
    }
}

// A header is looked at before a frame is read as a whole.
const _: () = assert!(frame::HEADER_BYTES <= SECTOR_BYTES && SECTOR_BYTES <= AHEAD_BYTES);
