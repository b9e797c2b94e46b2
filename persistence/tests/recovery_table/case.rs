//! A journal to break, and what is expected of it then.

use florin_engine::{Body, Event};
use florin_persistence::{JournalOptions, OpenError, SimDisk};

use crate::common::bytes::{Piece, content, pieces, place, put_footer, put_frame};
use crate::common::{History, Journal, dir, options, reopen, segment, snapshot, verify};

/// What an opening comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It opens, and so many of the events are there.
    Opens(usize),
    /// It opens without the name and metadata of the erased event.
    OpensErased(usize),
    /// `JOURNAL_DAMAGED` in this segment at this offset.
    Damaged(u64, usize),
    /// The same, and `cut_damaged_tail` cuts it off, after which so many events are there.
    DamagedTail(u64, usize, usize),
    /// `DATA_NEWER_FORMAT` in this segment.
    Newer(u64),
}
pub use Outcome::{Damaged, DamagedTail, Newer, Opens, OpensErased};

/// A journal of three openings. The first wrote four frames and rolled into a second segment with two more
/// and a tail of one; the second took that over and wrote three; the third is about to come.
pub struct Case {
    pub disk: SimDisk,
    pub events: Vec<Event>,
    /// How many events there are up to the end of each frame that was appended.
    pub ends: Vec<usize>,
    /// The segments as they were when the first opening was killed, its end uncut.
    pub uncut: Vec<Vec<u8>>,
    /// What stands where in each of the segments.
    pub pieces: Vec<Vec<Piece>>,
}

pub const FRAMES_IN_1: usize = 4;

impl Case {
    pub fn new() -> Self {
        let disk = SimDisk::new(1);
        let mut history = History::new(1);
        let (mut events, mut ends) = (Vec::new(), Vec::new());
        let mut append = |journal: &mut Journal<SimDisk>, frame: Vec<Event>| {
            journal.append(&frame).unwrap();
            events.extend(frame);
            ends.push(events.len());
        };
        let mut journal = reopen(&disk, 1).unwrap();
        append(&mut journal, vec![history.asset(), history.account(), history.account()]);
        append(&mut journal, vec![history.asset(), history.unusual_transfer(200)]);
        append(&mut journal, history.transfers(200));
        append(&mut journal, vec![history.transfer()]);
        append(&mut journal, history.transfers(200));
        append(&mut journal, vec![history.transfer()]);
        append(&mut journal, history.transfers(30));
        drop(journal);
        disk.kill();
        let uncut = [1, 2].map(|number| disk.contents(&segment(number)).unwrap()).to_vec();
        assert_eq!(pieces(&uncut[0]).len(), FRAMES_IN_1 + 1, "four frames and a footer");
        assert_eq!(pieces(&uncut[1]).len(), 3);
        let mut journal = reopen(&disk, 2).unwrap();
        append(&mut journal, vec![history.transfer()]);
        append(&mut journal, history.transfers(40));
        append(&mut journal, vec![history.account(), history.transfer()]);
        drop(journal);
        disk.kill();
        let pieces = [1, 2, 3].map(|n| pieces(&disk.contents(&segment(n)).unwrap())).to_vec();
        let takeovers: Vec<bool> = pieces[2].iter().map(|piece| piece.is_takeover).collect();
        assert_eq!(
            takeovers,
            [false, true, false, false, false],
            "a copy, a takeover, three frames"
        );
        Self { disk, events, ends, uncut, pieces }
    }

    pub fn bytes(&self, number: u64) -> Vec<u8> {
        self.disk.contents(&segment(number)).unwrap()
    }

    pub fn pieces(&self, number: usize) -> &[Piece] {
        &self.pieces[number - 1]
    }

    pub fn change(&self, number: u64, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.bytes(number);
        change(&mut bytes);
        self.disk.put(&segment(number), &bytes).unwrap();
    }

    /// Changes the content of a piece, as if it had been written so.
    pub fn forge(&self, number: usize, piece: usize, change: impl FnOnce(&mut Vec<u8>)) {
        let piece = &self.pieces(number)[piece];
        self.change(number as u64, |bytes| {
            let mut content = content(bytes, piece);
            change(&mut content);
            let put = if piece.is_footer { put_footer } else { put_frame };
            put(bytes, piece, content);
        });
    }

    /// Flips a bit in the content of a piece.
    pub fn flip(&self, number: usize, piece: usize, at: usize) {
        let place = place(&self.pieces(number)[piece], at);
        self.disk.flip_bit(&segment(number as u64), place, 3).unwrap();
    }

    /// Makes bytes of a piece zero.
    pub fn clear(&self, number: usize, piece: usize, range: std::ops::Range<usize>) {
        let from = self.pieces(number)[piece].file.start;
        self.change(number as u64, |bytes| bytes[from + range.start..from + range.end].fill(0));
    }

    pub fn offset(&self, number: usize, piece: usize) -> usize {
        self.pieces(number)[piece].file.start
    }

    pub fn open(&self, options: &JournalOptions) -> Result<Journal<SimDisk>, OpenError> {
        Journal::open(&self.disk, &dir(), options)
    }

    pub fn check(self, name: &str, expected: &Outcome) {
        let before = snapshot(&self.disk);
        let (number, offset) = match expected {
            Opens(count) => return self.opens(name, *count),
            OpensErased(count) => return self.opens_erased(name, *count),
            Damaged(number, offset) | DamagedTail(number, offset, _) => (*number, *offset as u64),
            Newer(number) => {
                let error = self.open(&options(3)).unwrap_err();
                assert_eq!(error.reason(), "DATA_NEWER_FORMAT", "{name}: {error}");
                assert!(
                    error.to_string().contains(&format!("{number:010}.segment")),
                    "{name}: {error}"
                );
                assert!(snapshot(&self.disk) == before, "{name}: something was touched");
                assert_eq!(verify(&self.disk).unwrap_err().reason(), "DATA_NEWER_FORMAT", "{name}");
                return;
            }
        };
        for error in [self.open(&options(3)).unwrap_err(), verify(&self.disk).unwrap_err()] {
            assert_eq!(error.reason(), "JOURNAL_DAMAGED", "{name}: {error}");
            let (OpenError::Damaged { file, offset: at, .. }
            | OpenError::DamagedTail { file, offset: at }) = &error
            else {
                panic!("{name}: {error}");
            };
            assert_eq!((file, *at), (&segment(number), offset), "{name}: {error}");
            let is_tail = matches!(error, OpenError::DamagedTail { .. });
            assert_eq!(is_tail, matches!(expected, DamagedTail(..)), "{name}: {error}");
        }
        assert!(snapshot(&self.disk) == before, "{name}: something was changed");
        let told = JournalOptions { cut_damaged_tail: true, ..options(3) };
        if let DamagedTail(_, _, count) = expected {
            let journal = self.open(&told).unwrap();
            let found = journal.replayed.len();
            assert!(journal.replayed == self.events[..*count], "{name}: {found}");
            // What was cut with the segment of a takeover that never was is not counted.
            assert!(journal.recovery.found.cut.is_none_or(|cut| cut.was_damaged), "{name}");
        } else {
            let error = self.open(&told).unwrap_err();
            assert_eq!(error.reason(), "JOURNAL_DAMAGED", "{name}: it cut more than the tail");
            assert!(snapshot(&self.disk) == before, "{name}: something was changed");
        }
    }

    fn opens(self, name: &str, count: usize) {
        let (_, seen) = verify(&self.disk).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(seen == self.events[..count], "{name}: {} of {count}", seen.len());
        let mut journal = self.open(&options(3)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(journal.replayed == self.events[..count], "{name}");
        // It goes on from there, and comes back.
        let mut events = journal.replayed.clone();
        let mut history = History::after(7, &events);
        let more = history.batch(4);
        journal.append(&more).unwrap();
        events.extend(more);
        drop(journal);
        self.disk.crash();
        assert!(
            self.open(&options(4)).unwrap().replayed == events,
            "{name}: after the next opening"
        );
    }

    fn opens_erased(self, name: &str, count: usize) {
        let journal = self.open(&options(3)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let differing: Vec<_> = journal
            .replayed
            .iter()
            .zip(&self.events)
            .filter(|(found, written)| found != written)
            .collect();
        let [(found, _)] = differing.as_slice() else {
            panic!("{name}: {} differ", differing.len())
        };
        let Body::AccountOpened(account) = &found.body else { panic!("{name}: {found:?}") };
        assert_eq!((&account.name, account.metadata.len()), (&None, 0), "{name}");
        assert_eq!(journal.replayed.len(), count, "{name}");
        assert!(journal.reader.read(found.sequence).unwrap() == **found, "{name}");
    }
}

/// Runs a row: changes the journal, says what is expected.
pub fn row(name: &str, change: impl FnOnce(&Case) -> Outcome) {
    let case = Case::new();
    let expected = change(&case);
    case.check(name, &expected);
}

/// Frames that were appended.
pub const ALL: usize = 10;

/// How many events there are up to the end of so many frames.
pub fn end(case: &Case, frames: usize) -> usize {
    case.ends[frames - 1]
}
