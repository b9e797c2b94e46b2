//! A journal whose accounts have true chains, all that was ever written to it, and what a scan of that says.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use florin_engine::{Body, Event, Leg, Sequence, Slot};
use florin_persistence::{
    AssetTotal, JournalOptions, JournalReader, SealError, SealedIndex, SimDisk, sealed_dir,
};

use crate::common::{History, Journal, dir, options};

pub fn folder() -> PathBuf {
    sealed_dir(Path::new("/data"), 0)
}

pub fn file(segment: u64) -> PathBuf {
    folder().join(format!("{segment:010}.index"))
}

/// Everything that was written, and the journal it is in.
pub struct Book {
    pub disk: SimDisk,
    pub journal: Journal<SimDisk>,
    pub events: Vec<Event>,
    pub history: History,
    last: BTreeMap<Slot, Sequence>,
    slots: u32,
}

impl Book {
    /// Several openings; between them the process dies. Frames of about so many events, one after the other.
    pub fn write(seed: u64, segment_bytes: u64, openings: u8, frames: &[u64]) -> Self {
        let disk = SimDisk::new(seed);
        let given = JournalOptions { segment_bytes, ..options(1) };
        let journal = Journal::open(&disk, &dir(), &given).unwrap();
        let history = History::new(seed);
        let mut book =
            Self { disk, journal, events: Vec::new(), history, last: BTreeMap::new(), slots: 0 };
        let begin = [book.history.asset(), book.history.account(), book.history.account()];
        book.take(begin.to_vec());
        for opening in 1..=openings {
            for about in frames {
                book.append(*about);
            }
            if opening < openings {
                book.disk.kill();
                let given = JournalOptions { entropy: [opening + 1; 32], ..given.clone() };
                book.journal = Journal::open(&book.disk, &dir(), &given).unwrap();
                assert!(book.journal.replayed == book.events);
            }
        }
        book
    }

    /// Appends a frame.
    pub fn append(&mut self, about: u64) {
        let events = self.history.batch(about);
        self.take(events);
    }

    fn take(&mut self, mut events: Vec<Event>) {
        for event in &mut events {
            self.chain(event);
        }
        self.journal.append(&events).unwrap();
        self.events.extend(events);
    }

    /// Gives an event accounts, and the events of these accounts that came before. Some accounts are busy, some are
    /// for a while, and of some there is hardly anything.
    fn chain(&mut self, event: &mut Event) {
        let sequence = event.sequence;
        // Not as even as the history has it.
        event.timestamp_ns += self.history.below(900);
        if let Body::AccountOpened(opened) = &event.body {
            self.last.insert(opened.slot, sequence);
            self.slots = opened.slot + 1;
        }
        if self.slots < 2 {
            return;
        }
        let mut slots = [self.account(sequence), self.account(sequence)];
        if slots[0] == slots[1] {
            slots[1] = (slots[0] + 1) % self.slots;
        }
        let legs: Vec<&mut Leg> = match &mut event.body {
            Body::TransferPosted(posted) => vec![&mut posted.debit, &mut posted.credit],
            Body::Hold(hold) => vec![&mut hold.debit, &mut hold.credit],
            Body::AccountUpdated(updated) => vec![&mut updated.leg],
            _ => vec![],
        };
        for (leg, slot) in legs.into_iter().zip(slots) {
            leg.slot = slot;
            leg.previous_sequence = self.last.insert(slot, sequence).unwrap_or(0);
        }
    }

    fn account(&mut self, sequence: Sequence) -> Slot {
        let slots = u64::from(self.slots);
        let slot = match self.history.below(10) {
            0..4 => self.history.below(2),
            4..9 => (sequence / 400 * 3 + self.history.below(3)) % slots,
            _ => self.history.below(slots),
        };
        u32::try_from(slot).unwrap()
    }

    pub fn slots(&self) -> RangeInclusive<Slot> {
        0..=self.slots
    }

    /// Numbers of the segments that are no longer written to.
    pub fn sealed(&self) -> Vec<u64> {
        let open = self.journal.writer.status().segment;
        let files = self.disk.files(&dir());
        let number = |path: &PathBuf| {
            let name = path.file_name()?.to_str()?.strip_suffix(".segment")?;
            name.parse::<u64>().ok().filter(|number| *number != open)
        };
        files.iter().filter_map(number).collect()
    }

    pub fn reader(&self) -> &JournalReader<SimDisk> {
        &self.journal.reader
    }

    /// Builds all indexes, in order; gives them together with the events that each was shown.
    pub fn build(&self) -> Vec<(SealedIndex<SimDisk>, Vec<Event>)> {
        let mut totals = Vec::new();
        let build = |segment| {
            let mut seen = Vec::new();
            let index =
                build(&self.disk, segment, &totals, &mut |event| seen.push(event.clone())).unwrap();
            totals = index.totals().to_vec();
            (index, seen)
        };
        self.sealed().into_iter().map(build).collect()
    }

    /// Builds indexes and gives the reader those that are wanted.
    pub fn add(&self, is_wanted: impl Fn(u64) -> bool) {
        for (index, _) in self.build() {
            if is_wanted(index.segment()) {
                self.reader().add_sealed(Arc::new(index)).unwrap();
            }
        }
    }

    // What a scan says.

    pub fn of(&self, slot: Slot, range: RangeInclusive<Sequence>) -> Vec<Sequence> {
        let own = |event: &&Event| event.legs().into_iter().flatten().any(|leg| leg.slot == slot);
        let events = self.events.iter().filter(|event| range.contains(&event.sequence));
        let mut found: Vec<_> = events.filter(own).map(|event| event.sequence).collect();
        found.reverse();
        found
    }

    pub fn at(&self, time_ns: u64) -> Sequence {
        self.events.iter().take_while(|event| event.timestamp_ns <= time_ns).count() as u64
    }

    pub fn event(&self, sequence: Sequence) -> &Event {
        &self.events[usize::try_from(sequence - 1).unwrap()]
    }
}

pub fn build(
    disk: &SimDisk,
    segment: u64,
    totals_before: &[AssetTotal],
    visit: &mut dyn FnMut(&Event),
) -> Result<SealedIndex<SimDisk>, SealError> {
    SealedIndex::build(disk, &dir(), &folder(), segment, totals_before, visit)
}
