//! Histories to journal, and a journal that is opened again and again.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod bytes;
pub mod history;
pub mod planted;

use std::path::{Path, PathBuf};

use florin_engine::Event;
use florin_persistence::{
    Appended, Disk, JournalOptions, JournalReader, JournalWriter, OpenError, Recovery, ScanReport,
    SimDisk, WriteError, open, scan,
};

#[allow(unused_imports, reason = "each test file uses its part")]
pub use history::History;

pub const SEGMENT_BYTES: u64 = 64 * 1024;
pub const SECTOR: u64 = 4_096;

/// Options of a small journal; the entropy is that of this opening.
pub fn options(opening: u8) -> JournalOptions {
    JournalOptions {
        partition: 0,
        segment_bytes: SEGMENT_BYTES,
        cut_damaged_tail: false,
        epoch_least: 0,
        entropy: [opening; 32],
        now_ns: 1_700_000_000_000_000_000 + u64::from(opening),
    }
}

/// The folder of the journal on a simulated disk.
pub fn dir() -> PathBuf {
    florin_persistence::journal_dir(Path::new("/data"), 0)
}

/// The file of a segment on a simulated disk.
pub fn segment(number: u64) -> PathBuf {
    dir().join(format!("{number:010}.segment"))
}

/// An open journal, and what was in it when it was opened.
pub struct Journal<D: Disk> {
    pub writer: JournalWriter<D>,
    pub reader: JournalReader<D>,
    pub recovery: Recovery,
    pub replayed: Vec<Event>,
}

impl<D: Disk> std::fmt::Debug for Journal<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("recovery", &self.recovery).finish_non_exhaustive()
    }
}

impl<D: Disk> Journal<D> {
    pub fn open(disk: &D, dir: &Path, options: &JournalOptions) -> Result<Self, OpenError> {
        let mut replayed = Vec::new();
        let mut keep = |event: Event| {
            replayed.push(event);
            Ok(())
        };
        let (writer, reader, recovery) = open(disk, dir, options, &mut keep, &mut |_| {})?;
        assert_eq!(recovery.last_sequence, replayed.len() as u64);
        assert!((1..).zip(&replayed).all(|(sequence, event)| event.sequence == sequence));
        Ok(Self { writer, reader, recovery, replayed })
    }

    pub fn append(&mut self, events: &[Event]) -> Result<Appended, WriteError> {
        self.writer.append(&[events])
    }
}

/// Opens the journal on a simulated disk.
pub fn reopen(disk: &SimDisk, opening: u8) -> Result<Journal<SimDisk>, OpenError> {
    Journal::open(disk, &dir(), &options(opening))
}

/// Reads the journal on a simulated disk without changing it.
pub fn verify(disk: &SimDisk) -> Result<(ScanReport, Vec<Event>), OpenError> {
    let mut replayed = Vec::new();
    let mut keep = |event: Event| {
        replayed.push(event);
        Ok(())
    };
    let report = scan(disk, &dir(), &mut keep, &mut |_| {})?;
    Ok((report, replayed))
}

/// Every file of the journal, to see that nothing was changed, or to put things back.
pub fn snapshot(disk: &SimDisk) -> Vec<(PathBuf, Vec<u8>)> {
    let files = disk.files(&dir());
    files.into_iter().map(|path| (path.clone(), disk.contents(&path).unwrap())).collect()
}

/// Names of the files of the journal.
pub fn names(disk: &SimDisk) -> Vec<String> {
    disk.list(&dir()).unwrap().into_iter().map(|entry| entry.name).collect()
}
