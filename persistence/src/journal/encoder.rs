//! Makes frames: weighs events, encodes them side by side, hashes them, spreads them over sectors.
//! All buffers are kept, so nothing is allocated for a transfer.

use florin_engine::{Body, Event, Sequence};

use crate::bytes::PageBuffer;
use crate::error::WriteError;
use crate::format::Hash;
use crate::format::footer::AssetTotal;
use crate::format::frame::{self, FrameHeader, FrameKind};
use crate::format::payload::{ENTRY_BYTES, PayloadKind, PayloadSink, SALT_BYTES, Salts};
use crate::format::record::{self, RECORD_BYTES};
use crate::format::sector::{self, SECTOR_BYTES, TagKey};
use crate::format::segment::SegmentHeader;
use crate::format::takeover::Takeover;
use crate::limits::{FRAME_BYTES_MAX, FRAME_RECORDS_MAX};

/// What a frame of these events will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) records: u32,
    pub(crate) entries: u32,
    pub(crate) payload_bytes: u64,
    pub(crate) timestamp_ns: u64,
    /// Assets registered once they have happened.
    pub(crate) assets: usize,
}

impl Plan {
    /// Checks that the events can follow here, and weighs them.
    pub(crate) fn of(
        batches: &[&[Event]],
        next_sequence: Sequence,
        assets: usize,
        bytes_max: u64,
    ) -> Result<Self, WriteError> {
        let records = batches.iter().map(|batch| batch.len()).sum::<usize>();
        let (mut entries, mut payload_bytes, mut assets) = (0, 0, assets);
        let events = batches.iter().copied().flatten();
        for (expected, event) in (next_sequence..).zip(events.clone()) {
            let weight = record::weigh(event);
            entries += weight.entries;
            payload_bytes += weight.payload_bytes;
            if let Some(what) = fault(event, expected, &mut assets) {
                return Err(WriteError::Invalid { sequence: event.sequence, what });
            }
        }
        if let Some(sequence) = split_group(events.clone()) {
            return Err(WriteError::Invalid { sequence, what: "its group is not whole" });
        }
        let timestamp_ns = events.clone().next().map_or(0, |event| event.timestamp_ns);
        Self::fitting(records, entries, payload_bytes, bytes_max, timestamp_ns, assets)
    }

    /// Weighs events of a frame that was read: they were checked when it was written.
    pub(crate) fn weighed(batches: &[&[Event]]) -> Result<Self, WriteError> {
        let events = batches.iter().copied().flatten();
        let (mut records, mut entries, mut payload_bytes) = (0, 0, 0);
        for event in events.clone() {
            let weight = record::weigh(event);
            records += 1;
            entries += weight.entries;
            payload_bytes += weight.payload_bytes;
        }
        let timestamp_ns = events.clone().next().map_or(0, |event| event.timestamp_ns);
        Self::fitting(records, entries, payload_bytes, FRAME_BYTES_MAX, timestamp_ns, 0)
    }

    /// The plan, if a frame can be so large.
    fn fitting(
        records: usize,
        entries: u64,
        payload_bytes: u64,
        bytes_max: u64,
        timestamp_ns: u64,
        assets: usize,
    ) -> Result<Self, WriteError> {
        let bytes =
            sector::sectors_bytes(frame::content_bytes(records as u64, entries, payload_bytes));
        match (u32::try_from(records), u32::try_from(entries)) {
            (Ok(n), Ok(entries)) if records <= FRAME_RECORDS_MAX && bytes <= bytes_max => {
                Ok(Self { records: n, entries, payload_bytes, timestamp_ns, assets })
            }
            _ => Err(WriteError::TooLarge { records, bytes, bytes_max }),
        }
    }

    /// Bytes that the frame will take on disk.
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        let Self { records, entries, payload_bytes, .. } = *self;
        sector::sectors_bytes(frame::content_bytes(records.into(), entries.into(), payload_bytes))
    }
}

fn fault(event: &Event, expected: Sequence, assets: &mut usize) -> Option<&'static str> {
    if event.sequence != expected {
        return Some("another sequence comes next");
    }
    match &event.body {
        Body::TransferPosted(transfer) if transfer.asset as usize >= *assets => {
            Some("its asset was never registered")
        }
        Body::Hold(hold) if hold.asset as usize >= *assets => {
            Some("its asset was never registered")
        }
        Body::AssetRegistered(asset) if asset.asset as usize != *assets => {
            Some("assets are numbered without gaps")
        }
        Body::AssetRegistered(_) => {
            *assets += 1;
            None
        }
        _ => record::fault(event),
    }
}

/// The first event that stands where its group does not go on as it has to.
fn split_group<'a>(events: impl Iterator<Item = &'a Event>) -> Option<Sequence> {
    let (mut expected, mut last) = ((0, 0), 0);
    for event in events {
        let place = (event.group().index, event.group().len);
        // Between groups anything may come that is outside of them or the first of one.
        if expected == (0, 0) && place.0 != 0 || expected != (0, 0) && place != expected {
            return Some(event.sequence);
        }
        let (index, len) = place;
        let next = index.saturating_add(1);
        expected = if next < len { (next, len) } else { (0, 0) };
        last = event.sequence;
    }
    (expected != (0, 0)).then_some(last)
}

/// Adds what an event moved.
pub(crate) fn count(event: &Event, totals: &mut Vec<AssetTotal>) {
    match &event.body {
        Body::TransferPosted(transfer) => {
            if let Some(total) = totals.get_mut(transfer.asset as usize) {
                total.volume_posted_minor =
                    total.volume_posted_minor.wrapping_add(transfer.amount_minor);
            }
        }
        Body::Hold(hold) => {
            if let Some(total) = totals.get_mut(hold.asset as usize) {
                let posted = total.volume_posted_minor.wrapping_add(hold.posted_minor());
                total.volume_posted_minor = posted;
                let pending = total.pending_minor.wrapping_add(hold.reserved_minor());
                total.pending_minor = pending.wrapping_sub(hold.freed_minor());
            }
        }
        Body::AssetRegistered(_) => totals.push(AssetTotal::default()),
        _ => {}
    }
}

/// Where in the journal a frame is going to stand.
pub(crate) struct Position<'a> {
    pub(crate) segment: &'a SegmentHeader,
    pub(crate) offset: u64,
    pub(crate) first_sequence: Sequence,
    pub(crate) durable_through: Sequence,
    pub(crate) previous_hash: Hash,
}

/// Makes frames.
pub(crate) struct FrameEncoder {
    content: PageBuffer,
    sectors: PageBuffer,
    salts: Salts,
}

impl FrameEncoder {
    pub(crate) fn new(salt_key: &[u8; 32]) -> Self {
        let salts = Salts::new(salt_key);
        Self { content: PageBuffer::default(), sectors: PageBuffer::default(), salts }
    }

    /// A frame of events, as planned. Gives its sectors and its hash.
    pub(crate) fn records(
        &mut self,
        plan: &Plan,
        batches: &[&[Event]],
        position: &Position<'_>,
        totals: &mut Vec<AssetTotal>,
    ) -> (&[u8], Hash) {
        let header = FrameHeader {
            kind: FrameKind::Records,
            records: plan.records,
            entries: plan.entries,
            payload_bytes: plan.payload_bytes,
            timestamp_ns: plan.timestamp_ns,
            ..template(position)
        };
        self.make_room(&header);
        let (_, rest) = self.content.split_at_mut(frame::HEADER_BYTES);
        let (records, rest) = rest.split_at_mut(plan.records as usize * RECORD_BYTES);
        let (table, payload) = rest.split_at_mut(plan.entries as usize * ENTRY_BYTES);
        let mut sink = PayloadSink::new(table, payload, &mut self.salts);
        let (records, _) = records.as_chunks_mut::<RECORD_BYTES>();
        let events = batches.iter().copied().flatten();
        for ((index, record), event) in (0..).zip(records).zip(events) {
            record::encode(event, index, record, &mut sink);
            count(event, totals);
        }
        debug_assert!(sink.is_full());
        self.finish(&header, position)
    }

    /// The frame that makes its segment count.
    pub(crate) fn takeover(
        &mut self,
        takeover: &Takeover,
        position: &Position<'_>,
    ) -> (&[u8], Hash) {
        let payload = takeover.encode();
        let header = FrameHeader {
            kind: FrameKind::Takeover,
            entries: 1,
            payload_bytes: (SALT_BYTES + payload.len()) as u64,
            ..template(position)
        };
        self.make_room(&header);
        let rest = &mut self.content[frame::HEADER_BYTES..];
        let (table, room) = rest.split_at_mut(ENTRY_BYTES);
        PayloadSink::new(table, room, &mut self.salts).push(PayloadKind::Takeover, 0, &payload);
        self.finish(&header, position)
    }

    /// A frame that was read, for another place: same records, same payload.
    pub(crate) fn copy(
        &mut self,
        old: &FrameHeader,
        content: &[u8],
        position: &Position<'_>,
    ) -> (&[u8], Hash) {
        let header = FrameHeader {
            kind: old.kind,
            records: old.records,
            entries: old.entries,
            payload_bytes: old.payload_bytes,
            timestamp_ns: old.timestamp_ns,
            ..template(position)
        };
        self.make_room(&header);
        let len = self.content.len();
        self.content.copy_from_slice(&content[..len]);
        self.finish(&header, position)
    }

    /// Content of another kind, spread over sectors.
    pub(crate) fn spread(&mut self, content: &[u8], key: TagKey, offset: u64) -> &[u8] {
        spread_into(&mut self.sectors, content, key, offset);
        &self.sectors
    }

    fn make_room(&mut self, header: &FrameHeader) {
        self.content.resize(usize::try_from(header.content_bytes()).unwrap_or(usize::MAX));
    }

    fn finish(&mut self, header: &FrameHeader, position: &Position<'_>) -> (&[u8], Hash) {
        let hash = header.seal(&mut self.content);
        let key = TagKey { seed: position.segment.tag_seed, sequence: position.first_sequence };
        spread_into(&mut self.sectors, &self.content, key, position.offset);
        (&self.sectors, hash)
    }
}

fn template(position: &Position<'_>) -> FrameHeader {
    FrameHeader {
        kind: FrameKind::Records,
        lineage: position.segment.lineage,
        epoch: position.segment.epoch,
        segment: position.segment.number,
        first_sequence: position.first_sequence,
        records: 0,
        entries: 0,
        payload_bytes: 0,
        durable_through: position.durable_through,
        timestamp_ns: 0,
        previous_hash: position.previous_hash,
    }
}

fn spread_into(sectors: &mut PageBuffer, content: &[u8], key: TagKey, offset: u64) {
    let bytes = sector::sectors_bytes(content.len() as u64);
    sectors.resize(usize::try_from(bytes).unwrap_or(usize::MAX));
    sector::spread(content, sectors, key, offset / SECTOR_BYTES as u64);
}
