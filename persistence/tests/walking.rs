//! Events are read along the journal: forwards, backwards, and while it is written.

mod common;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{History, Journal, dir, options, reopen, segment};
use florin_engine::Event;
use florin_persistence::{DirEntry, Disk, DiskFile, JournalOptions, ReadError, SimDisk, SimFile};

/// Frames of one event and of hundreds, with payloads and without, over many segments and two openings.
fn written<D: Disk>(disk: &D, kill: impl Fn()) -> (Journal<D>, Vec<Event>) {
    let large = JournalOptions { segment_bytes: 1024 * 1024, ..options(1) };
    let mut journal = Journal::open(disk, &dir(), &large).unwrap();
    let mut history = History::new(3);
    let mut events = Vec::new();
    for opening in [2, 3] {
        for about in [1, 1, 2, 900, 30].repeat(10) {
            let frame = history.batch(about);
            journal.append(&frame).unwrap();
            events.extend(frame);
        }
        drop(journal);
        kill();
        let again = JournalOptions { entropy: [opening; 32], ..large };
        journal = Journal::open(disk, &dir(), &again).unwrap();
    }
    assert!(journal.writer.status().segment > 5);
    (journal, events)
}

#[test]
fn forwards_without_gaps_from_anywhere() {
    let disk = SimDisk::new(1);
    let (journal, events) = written(&disk, || disk.kill());
    let last = events.len() as u64;
    assert_eq!(journal.reader.first_sequence(), 1);
    for (from, limit) in
        [(1, 1), (1, 7), (1, 1_000), (2, 8_190), (last / 2, 100), (last, 5), (last - 3, 2)]
    {
        let mut walker = journal.reader.walker();
        let mut next = from;
        while next <= last {
            let read = walker.read_from(next, limit).unwrap();
            assert!(!read.is_empty() && read.len() <= limit, "{next} of {last}");
            let at = usize::try_from(next - 1).unwrap();
            assert!(read[..] == events[at..at + read.len()], "from {next}, {limit} at once");
            next += read.len() as u64;
        }
        assert_eq!(walker.read_from(next, limit).unwrap(), [], "nothing is durable behind it");
    }
}

#[test]
fn backwards_and_anywhere() {
    let disk = SimDisk::new(1);
    let (journal, events) = written(&disk, || disk.kill());
    let last = events.len() as u64;
    let mut walker = journal.reader.walker();
    for step in [1, 3, 50, 701] {
        for sequence in (1..=last).rev().step_by(step) {
            let event = &events[usize::try_from(sequence - 1).unwrap()];
            assert_eq!(walker.read(sequence).unwrap(), *event);
            if sequence % 101 == 0 {
                walker.forget();
            }
        }
    }
    for sequence in [0, last + 1, u64::MAX] {
        let error = walker.read(sequence).unwrap_err();
        assert!(matches!(error, ReadError::NotThere { .. }), "{error}");
        assert_eq!(walker.read(last).unwrap().sequence, last, "an error is not the end");
    }
}

#[test]
fn each_frame_is_read_once() {
    let disk = CountingDisk { disk: SimDisk::new(1), bytes: Arc::default() };
    let (journal, events) = written(&disk, || disk.disk.kill());
    let last = events.len() as u64;
    let on_disk = (1..=journal.writer.status().segment)
        .filter_map(|number| disk.disk.contents(&segment(number)).ok())
        .map(|bytes| bytes.len() as u64)
        .sum::<u64>();
    let cost = |read: &dyn Fn()| {
        let before = disk.bytes.load(Ordering::Relaxed);
        read();
        disk.bytes.load(Ordering::Relaxed) - before
    };
    let forwards = cost(&|| {
        let mut walker = journal.reader.walker();
        let mut next = 1;
        while next <= last {
            next += walker.read_from(next, 10).unwrap().len() as u64;
        }
    });
    let backwards = cost(&|| {
        let mut walker = journal.reader.walker();
        (1..=last).rev().for_each(|sequence| drop(walker.read(sequence).unwrap()));
    });
    for (name, bytes) in [("forwards", forwards), ("backwards", backwards)] {
        // Headers are read twice, and to find a frame those before it.
        assert!(bytes < on_disk + on_disk / 8, "{name}: {bytes} read, {on_disk} on disk");
    }
}

#[test]
fn what_is_appended_meanwhile_is_found() {
    let disk = SimDisk::new(1);
    let mut journal = reopen(&disk, 1).unwrap();
    let mut history = History::new(5);
    let mut walker = journal.reader.walker();
    assert_eq!(walker.read_from(1, 10).unwrap(), []);
    let mut next = 1;
    while journal.writer.status().segment < 6 {
        let about = [1, 40, 5][usize::try_from(history.below(3)).unwrap()];
        let frame = history.batch(about);
        journal.append(&frame).unwrap();
        assert_eq!(walker.read_from(next, 1_000).unwrap(), frame, "from {next}");
        next += frame.len() as u64;
    }
}

#[test]
fn damage_ends_what_is_before_it() {
    let disk = SimDisk::new(1);
    let mut journal = reopen(&disk, 1).unwrap();
    let mut history = History::new(1);
    let first = history.batch(20);
    journal.append(&first).unwrap();
    journal.append(&history.transfers(3)).unwrap();
    let second = common::bytes::pieces(&disk.contents(&segment(1)).unwrap())[1].file.start;
    disk.flip_bit(&segment(1), second + 300, 1).unwrap();
    let mut walker = journal.reader.walker();
    assert_eq!(walker.read_from(1, 1_000).unwrap(), first);
    let error = walker.read_from(first.len() as u64 + 1, 1_000).unwrap_err();
    assert!(matches!(error, ReadError::Damaged { .. }), "{error}");
}

/// Counts the bytes that are read.
#[derive(Clone)]
struct CountingDisk {
    disk: SimDisk,
    bytes: Arc<AtomicU64>,
}

struct CountingFile {
    file: SimFile,
    bytes: Arc<AtomicU64>,
}

impl CountingDisk {
    fn count(&self, file: io::Result<SimFile>) -> io::Result<CountingFile> {
        Ok(CountingFile { file: file?, bytes: Arc::clone(&self.bytes) })
    }
}

impl Disk for CountingDisk {
    type File = CountingFile;

    fn create(&self, path: &Path) -> io::Result<CountingFile> {
        self.count(self.disk.create(path))
    }
    fn open(&self, path: &Path) -> io::Result<CountingFile> {
        self.count(self.disk.open(path))
    }
    fn open_read_only(&self, path: &Path) -> io::Result<CountingFile> {
        self.count(self.disk.open_read_only(path))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.disk.list(dir)
    }
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.disk.create_dir_all(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.disk.free_bytes(dir)
    }
}

impl DiskFile for CountingFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.bytes.fetch_add(buf.len() as u64, Ordering::Relaxed);
        self.file.read_at(buf, offset)
    }
    fn read_past_cache(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_past_cache(buf, offset)
    }
    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(buf, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}
