//! A frame: one group commit. Header, records, payload table, payload.

use florin_engine::Event;

use super::payload::{self, ENTRY_BYTES};
use super::record::{self, Payloads, RECORD_BYTES, RecordFault};
use super::{Hash, Lineage, VERSION, sector};
use crate::bytes::{array, put, u16_at, u32_at, u64_at};
use crate::limits::{FRAME_BYTES_MAX, FRAME_RECORDS_MAX};

/// The header of a frame.
pub(crate) const HEADER_BYTES: usize = 176;

pub(crate) const MAGIC: [u8; 8] = *b"FLORNFRM";

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const KIND: usize = VERSION + 2;
    pub(super) const RESERVED: usize = KIND + 1;
    pub(super) const PARTITION: usize = RESERVED + 1;
    pub(super) const LINEAGE: usize = PARTITION + 4;
    pub(super) const EPOCH: usize = LINEAGE + 16;
    pub(super) const SEGMENT: usize = EPOCH + 8;
    pub(super) const FIRST_SEQUENCE: usize = SEGMENT + 8;
    pub(super) const RECORDS: usize = FIRST_SEQUENCE + 8;
    pub(super) const ENTRIES: usize = RECORDS + 4;
    pub(super) const PAYLOAD_BYTES: usize = ENTRIES + 4;
    pub(super) const DURABLE_THROUGH: usize = PAYLOAD_BYTES + 8;
    pub(super) const TIMESTAMP: usize = DURABLE_THROUGH + 8;
    pub(super) const SECTORS: usize = TIMESTAMP + 8;
    pub(super) const KEY_ID: usize = SECTORS + 4;
    pub(super) const RESERVED_2: usize = KEY_ID + 4;
    pub(super) const PREVIOUS_HASH: usize = RESERVED_2 + 16;
    pub(super) const OWN_HASH: usize = PREVIOUS_HASH + 32;
    pub(super) const END: usize = OWN_HASH + 32;
}
const _: () = assert!(at::PREVIOUS_HASH == 112 && at::END == HEADER_BYTES);

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FrameKind {
    /// Events.
    Records = 1,
    /// Makes its segment count.
    Takeover = 2,
}

/// What a frame says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) kind: FrameKind,
    pub(crate) lineage: Lineage,
    /// As the segment's.
    pub(crate) epoch: u64,
    /// Number of the segment.
    pub(crate) segment: u64,
    /// The record at index i has this + i.
    pub(crate) first_sequence: u64,
    /// How many records.
    pub(crate) records: u32,
    /// How many entries of the payload table.
    pub(crate) entries: u32,
    pub(crate) payload_bytes: u64,
    /// Highest sequence known to be on disk when it was written.
    pub(crate) durable_through: u64,
    /// Of the first record, ns since 1970; 0 if there is none.
    pub(crate) timestamp_ns: u64,
    /// Own hash of the frame before.
    pub(crate) previous_hash: Hash,
}

/// Bytes of content of a frame of this shape.
pub(crate) const fn content_bytes(records: u64, entries: u64, payload_bytes: u64) -> u64 {
    let fixed = HEADER_BYTES as u64 + records * RECORD_BYTES as u64 + entries * ENTRY_BYTES as u64;
    fixed.saturating_add(payload_bytes)
}

impl FrameHeader {
    /// Bytes of its content: header, records, table and payload.
    pub(crate) fn content_bytes(&self) -> u64 {
        content_bytes(self.records.into(), self.entries.into(), self.payload_bytes)
    }

    /// Bytes that it takes on disk.
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        sector::sectors_bytes(self.content_bytes())
    }

    /// Sequence of the last record; of the record before it if it has none.
    pub(crate) fn last_sequence(&self) -> u64 {
        self.first_sequence + u64::from(self.records) - 1
    }

    /// Where the payload table begins in the content.
    pub(crate) fn table_at(&self) -> usize {
        HEADER_BYTES + self.records as usize * RECORD_BYTES
    }

    /// Where the payload begins in the content.
    pub(crate) fn payload_at(&self) -> usize {
        self.table_at() + self.entries as usize * ENTRY_BYTES
    }

    /// Writes the header before records and payload table that stand in `content` already, and
    /// hashes them together. Gives the frame's own hash.
    pub(crate) fn seal(&self, content: &mut [u8]) -> Hash {
        let covered = self.payload_at();
        let out = &mut content[..covered];
        out[..HEADER_BYTES].fill(0);
        put(out, at::MAGIC, MAGIC);
        put(out, at::VERSION, VERSION.to_le_bytes());
        out[at::KIND] = self.kind as u8;
        put(out, at::PARTITION, self.lineage.partition.to_le_bytes());
        put(out, at::LINEAGE, self.lineage.id);
        put(out, at::EPOCH, self.epoch.to_le_bytes());
        put(out, at::SEGMENT, self.segment.to_le_bytes());
        put(out, at::FIRST_SEQUENCE, self.first_sequence.to_le_bytes());
        put(out, at::RECORDS, self.records.to_le_bytes());
        put(out, at::ENTRIES, self.entries.to_le_bytes());
        put(out, at::PAYLOAD_BYTES, self.payload_bytes.to_le_bytes());
        put(out, at::DURABLE_THROUGH, self.durable_through.to_le_bytes());
        put(out, at::TIMESTAMP, self.timestamp_ns.to_le_bytes());
        let sectors = sector::sectors(self.content_bytes());
        put(out, at::SECTORS, u32::try_from(sectors).unwrap_or(u32::MAX).to_le_bytes());
        put(out, at::PREVIOUS_HASH, self.previous_hash);
        let hash = own_hash(out);
        put(out, at::OWN_HASH, hash);
        hash
    }

    /// Reads a header, without trusting it: `None` if no frame can have it.
    pub(crate) fn parse(content: &[u8]) -> Option<Self> {
        let content = content.first_chunk::<HEADER_BYTES>()?;
        let kind = match content[at::KIND] {
            1 => FrameKind::Records,
            2 => FrameKind::Takeover,
            _ => return None,
        };
        let header = Self {
            kind,
            lineage: Lineage {
                id: array(content, at::LINEAGE),
                partition: u32_at(content, at::PARTITION),
            },
            epoch: u64_at(content, at::EPOCH),
            segment: u64_at(content, at::SEGMENT),
            first_sequence: u64_at(content, at::FIRST_SEQUENCE),
            records: u32_at(content, at::RECORDS),
            entries: u32_at(content, at::ENTRIES),
            payload_bytes: u64_at(content, at::PAYLOAD_BYTES),
            durable_through: u64_at(content, at::DURABLE_THROUGH),
            timestamp_ns: u64_at(content, at::TIMESTAMP),
            previous_hash: array(content, at::PREVIOUS_HASH),
        };
        let shape_fits = match kind {
            FrameKind::Records => (1..=FRAME_RECORDS_MAX).contains(&(header.records as usize)),
            FrameKind::Takeover => header.records == 0 && header.entries == 1,
        };
        let can_be = content[..at::VERSION] == MAGIC
            && u16_at(content, at::VERSION) != 0
            && shape_fits
            && header.durable_through < header.first_sequence
            && header.first_sequence.checked_add(header.records.into()).is_some()
            // First on its own: nothing below can overflow then.
            && header.payload_bytes <= FRAME_BYTES_MAX
            && header.bytes_on_disk() <= FRAME_BYTES_MAX
            && sector::sectors(header.content_bytes()) == u64::from(u32_at(content, at::SECTORS));
        can_be.then_some(header)
    }
}

/// `covered` is header, records and payload table; the hash's own place is left out.
fn own_hash(covered: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&covered[..at::OWN_HASH]).update(&covered[HEADER_BYTES..]);
    *hasher.finalize().as_bytes()
}

/// Why bytes are not a frame that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FrameFault {
    /// They are not what was written.
    Broken,
    /// They are, by a newer release; what was found.
    Newer(String),
}

/// A whole frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) header: FrameHeader,
    pub(crate) own_hash: Hash,
    pub(crate) records: &'a [[u8; RECORD_BYTES]],
    pub(crate) table: &'a [[u8; ENTRY_BYTES]],
    pub(crate) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Checks the joined content of a frame's sectors against its hashes.
    pub(crate) fn check(content: &'a [u8]) -> Result<Self, FrameFault> {
        let header = FrameHeader::parse(content).ok_or(FrameFault::Broken)?;
        let end = usize::try_from(header.content_bytes()).map_err(|_| FrameFault::Broken)?;
        let payload_at = header.payload_at();
        let content = content.get(..end).ok_or(FrameFault::Broken)?;
        let own: Hash = array(content, at::OWN_HASH);
        if own != own_hash(&content[..payload_at]) {
            return Err(FrameFault::Broken);
        }
        let version = u16_at(content, at::VERSION);
        if version > VERSION {
            return Err(FrameFault::Newer(format!("journal format {version}")));
        }
        if u32_at(content, at::KEY_ID) != 0 {
            return Err(FrameFault::Newer("an encrypted frame".to_owned()));
        }
        let frame = Self::view(header, own, content);
        if frame.payload_is_whole() { Ok(frame) } else { Err(FrameFault::Broken) }
    }

    /// A frame whose content has been checked before, and given this header and hash.
    pub(crate) fn view(header: FrameHeader, own_hash: Hash, content: &'a [u8]) -> Self {
        let (table_at, payload_at) = (header.table_at(), header.payload_at());
        let (records, _) = content[HEADER_BYTES..table_at].as_chunks();
        let (table, _) = content[table_at..payload_at].as_chunks();
        let end = usize::try_from(header.content_bytes()).unwrap_or(usize::MAX);
        Self { header, own_hash, records, table, payload: &content[payload_at..end] }
    }

    /// Whether something in it was erased.
    pub(crate) fn has_erased(&self) -> bool {
        payload::entries(self.table, self.payload).any(|(entry, salted)| entry.is_erased(salted))
    }

    fn payload_is_whole(&self) -> bool {
        let (mut entries, mut bytes) = (0, 0);
        for (entry, salted) in payload::entries(self.table, self.payload) {
            if !entry.vouches_for(salted) {
                return false;
            }
            entries += 1;
            bytes += salted.len();
        }
        entries == self.table.len() && bytes == self.payload.len()
    }

    /// Decodes its events, in order. Stops at the first fault, or when `each` has had enough.
    pub(crate) fn for_each_event<E: From<RecordFault>>(
        &self,
        mut each: impl FnMut(Event) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut entries = payload::entries(self.table, self.payload).peekable();
        let mut next_reference = 1;
        for (index, record) in (0..).zip(self.records) {
            let mut payloads = Payloads::NONE;
            let mut reference = 0;
            while let Some((entry, salted)) = entries.next_if(|(entry, _)| entry.record() == index)
            {
                payloads.add(entry, salted)?;
                if reference == 0 {
                    reference = next_reference;
                }
                next_reference += 1;
            }
            if record::payload_reference(record) != reference {
                return Err(RecordFault::new("its payload is not where it says").into());
            }
            let sequence = self.header.first_sequence + u64::from(index);
            each(record::decode(sequence, record, &payloads)?)?;
        }
        if entries.next().is_some() {
            return Err(RecordFault::new("a payload belongs to no record").into());
        }
        Ok(())
    }
}
