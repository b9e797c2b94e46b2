//! A frame that was read and checked as a whole.

use florin_engine::{Event, Sequence};

use super::index::Place;
use crate::format::frame::{Frame, FrameHeader, HEADER_BYTES};
use crate::format::payload::{self, ENTRY_BYTES, Entry};
use crate::format::record::{self, Payloads, RECORD_BYTES, RecordFault};
use crate::format::sector;

/// A frame that has been read and checked.
pub(super) struct Checked {
    pub(super) place: Place,
    pub(super) header: FrameHeader,
    content: Vec<u8>,
    /// Where in the content the payload of each entry begins, and where that of the last one ends.
    payloads: Vec<usize>,
}

impl Checked {
    /// Checks the sectors of a frame; `None` if they are not what was written.
    pub(super) fn check(place: Place, sectors: &[u8]) -> Option<Self> {
        let mut content = Vec::with_capacity(sectors.len());
        sector::gather(sectors, &mut content);
        let whole = Frame::check(&content).ok()?;
        let header = whole.header;
        let mut payloads = Vec::with_capacity(whole.table.len() + 1);
        payloads.push(header.payload_at());
        payloads.extend(payload::entries(whole.table, whole.payload).scan(
            header.payload_at(),
            |at, (_, salted)| {
                *at += salted.len();
                Some(*at)
            },
        ));
        Some(Self { place, header, content, payloads })
    }

    /// Whether an event is in it.
    pub(super) fn holds(&self, sequence: Sequence) -> bool {
        (self.header.first_sequence..=self.header.last_sequence()).contains(&sequence)
    }

    /// Its records, in order.
    pub(super) fn records(&self) -> &[[u8; RECORD_BYTES]] {
        self.content[HEADER_BYTES..self.header.table_at()].as_chunks().0
    }

    /// One of its events.
    pub(super) fn event(&self, sequence: Sequence) -> Result<Event, RecordFault> {
        let index = sequence.checked_sub(self.header.first_sequence);
        let index = index.and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX);
        let record =
            self.records().get(index).ok_or_else(|| RecordFault::new("a record is cut off"))?;
        match record::payload_reference(record) {
            0 => record::decode(sequence, record, &Payloads::NONE),
            reference => {
                let (own, salted) = self
                    .payload(reference as usize - 1, index)
                    .ok_or_else(|| RecordFault::new("its payload is not what was written"))?;
                let mut payloads = Payloads::NONE;
                payload::entries(own, salted)
                    .try_for_each(|(entry, salted)| payloads.add(entry, salted))?;
                record::decode(sequence, record, &payloads)
            }
        }
    }

    /// Entries and payloads of the record with this index, whose first entry is `first`.
    fn payload(&self, first: usize, record: usize) -> Option<(&[[u8; ENTRY_BYTES]], &[u8])> {
        let table = self.content.get(self.header.table_at()..self.header.payload_at())?;
        let (entries, _) = table.as_chunks::<ENTRY_BYTES>();
        let rest = entries.get(first..)?;
        let belongs = |raw: &&[u8; ENTRY_BYTES]| Entry::new(raw).record() as usize == record;
        let own = &rest[..rest.iter().take_while(belongs).count()];
        let ends = self.payloads.get(first).zip(self.payloads.get(first + own.len()));
        let salted = ends.and_then(|(from, to)| self.content.get(*from..*to))?;
        (!own.is_empty()).then_some((own, salted))
    }
}
