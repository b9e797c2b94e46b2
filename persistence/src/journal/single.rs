//! One record of a large frame, checked by the sums of the sectors it stands in instead of its frame's hash.

use florin_engine::{Event, Sequence};

use super::reader::{Inner, Located, Opened};
use crate::disk::Disk;
use crate::error::ReadError;
use crate::format::frame::{self, FrameHeader};
use crate::format::record::{self, Payloads, RECORD_BYTES};
use crate::format::sector::{CONTENT_BYTES, SECTOR_BYTES};
use crate::sealed::sector_number;

/// Smaller frames are read as a whole: that costs about as much.
const LARGE_BYTES: u64 = 16 * SECTOR_BYTES as u64;
const SECTOR: u64 = SECTOR_BYTES as u64;

impl<D: Disk> Inner<D> {
    /// Reads one event without the rest of its frame. `None` if that cannot be: the frame is small, its segment has no
    /// index, the event has a payload, which can stand anywhere in the frame, or a sum does not fit. The whole frame
    /// says then what there is to be said.
    pub(super) fn single(
        &self,
        located: &Located<Opened<D>>,
        sequence: Sequence,
    ) -> Result<Option<Event>, ReadError> {
        let Located { file, place, header } = located;
        if header.bytes_on_disk() < LARGE_BYTES {
            return Ok(None);
        }
        let index = sequence.saturating_sub(header.first_sequence);
        let at = frame::HEADER_BYTES as u64 + index * RECORD_BYTES as u64;
        let (skipped, at) = (at / CONTENT_BYTES as u64, at % CONTENT_BYTES as u64);
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let count = if at + RECORD_BYTES > CONTENT_BYTES { 2 } else { 1 };
        if !self.has_index(place.segment) {
            return Ok(None);
        }

        // The sector with the header first: by it the record was found, and it is not checked yet.
        let mut head = [0; SECTOR_BYTES];
        self.read_bytes(file, *place, &mut head, place.offset)?;
        let mut sectors = [0; 2 * SECTOR_BYTES];
        let sectors = &mut sectors[..count * SECTOR_BYTES];
        self.read_bytes(file, *place, sectors, place.offset + skipped * SECTOR)?;
        let begins = sector_number(place.offset);
        let contents = || sectors.chunks(SECTOR_BYTES).map(|sector| &sector[..CONTENT_BYTES]);
        let vouched = self.by_index(place.segment, |index| {
            let pages = index.pages()?;
            Ok(pages.vouch_for(begins, [&head[..CONTENT_BYTES]].into_iter())?
                && pages.vouch_for(begins + skipped, contents())?)
        });
        if FrameHeader::parse(&head).as_ref() != Some(header) || vouched != Some(true) {
            return Ok(None);
        }

        let mut joined = [0; 2 * CONTENT_BYTES];
        for (place, content) in joined.chunks_mut(CONTENT_BYTES).zip(contents()) {
            place.copy_from_slice(content);
        }
        let Some(record) = joined[at..].first_chunk::<RECORD_BYTES>() else { return Ok(None) };
        if record::payload_reference(record) != 0 {
            return Ok(None);
        }
        let decoded = record::decode(sequence, record, &Payloads::NONE);
        decoded
            .map(Some)
            .map_err(|fault| self.damaged(*place, format!("event {sequence}: {}", fault.0)))
    }
}
