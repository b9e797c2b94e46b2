//! The same journal on the file system of this machine, and the data directory around it.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{History, Journal, SEGMENT_BYTES, options};
use florin_persistence::{DataDir, Disk, DiskFile, JournalOptions, RealDisk, journal_dir, scan};
use tempfile::TempDir;

#[test]
fn append_roll_and_open_again() {
    let data = TempDir::new().unwrap();
    let dir = journal_dir(data.path(), 0);
    let mut history = History::new(1);
    let mut events = Vec::new();
    for opening in 1..6 {
        let mut journal = Journal::open(&RealDisk, &dir, &options(opening)).unwrap();
        assert!(journal.replayed == events, "opening {opening}");
        for about in [1, 100, 3, 150, 1, 90, 20] {
            if about == 3 {
                assert!(journal.writer.spare_preparer().prepare().unwrap());
            }
            let batch = history.batch(about);
            journal.append(&batch).unwrap();
            events.extend(batch);
            assert_eq!(journal.reader.read(events.len() as u64).unwrap(), *events.last().unwrap());
        }
    }
    let mut seen = Vec::new();
    let mut keep = |event| {
        seen.push(event);
        Ok(())
    };
    let mut bytes = Vec::new();
    let report = scan(&RealDisk, &dir, &mut keep, &mut |progress| bytes.push(progress)).unwrap();
    assert!(seen == events);
    assert!(report.segments > 10 && report.cut.is_none());
    let last = bytes.last().unwrap();
    assert_eq!((last.bytes_done, last.sequence), (last.bytes_total, events.len() as u64));
    assert!(RealDisk.free_bytes(&dir).unwrap() > 0);
}

#[test]
fn a_torn_end_is_cut() {
    let data = TempDir::new().unwrap();
    let dir = journal_dir(data.path(), 0);
    let mut journal = Journal::open(&RealDisk, &dir, &options(1)).unwrap();
    let mut history = History::new(1);
    let kept = history.batch(5);
    let end = 4_096 + journal.append(&kept).unwrap().frame_bytes;
    journal.append(&history.batch(5)).unwrap();
    drop(journal);
    let file = RealDisk.open(&dir.join("0000000001.segment")).unwrap();
    file.write_at(&[0; 512], end).unwrap();
    let journal = Journal::open(&RealDisk, &dir, &options(2)).unwrap();
    assert!(journal.replayed == kept);
    assert!(journal.recovery.found.cut.is_some());
}

#[test]
fn writer_preparer_and_readers_at_once() {
    let data = TempDir::new().unwrap();
    let dir = journal_dir(data.path(), 0);
    let options = JournalOptions { segment_bytes: 4 * SEGMENT_BYTES, ..options(1) };
    let mut journal = Journal::open(&RealDisk, &dir, &options).unwrap();
    let mut history = History::new(1);
    let frames: Vec<_> = (0..150).map(|_| history.batch(40)).collect();
    let events = frames.concat();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (reader, spares) = (journal.reader.clone(), journal.writer.spare_preparer());
        let (events, is_done) = (&events, &is_done);
        for seed in 0..2 {
            let reader = reader.clone();
            scope.spawn(move || {
                let mut random = History::new(seed);
                while !is_done.load(Ordering::Acquire) {
                    let durable_through = reader.durable_through();
                    if durable_through > 0 {
                        let sequence = random.below(durable_through) + 1;
                        let at = usize::try_from(sequence - 1).unwrap();
                        assert_eq!(reader.read(sequence).unwrap(), events[at]);
                    }
                }
            });
        }
        scope.spawn(move || {
            while !is_done.load(Ordering::Acquire) {
                spares.prepare().unwrap();
                thread::yield_now();
            }
        });
        for frame in &frames {
            journal.append(frame).unwrap();
        }
        is_done.store(true, Ordering::Release);
    });
    assert!(journal.writer.status().segment > 5);
    drop(journal);
    assert!(Journal::open(&RealDisk, &dir, &options).unwrap().replayed == events);
}

/// Checks reads past the cache in a folder.
fn read_past_cache(dir: &Path) {
    let file = RealDisk.create(&dir.join("file")).unwrap();
    let bytes: Vec<u8> = (0..16_384u32).map(|i| i.to_le_bytes()[0] ^ i.to_le_bytes()[1]).collect();
    // Not synced: what is dirty is written back first.
    file.write_at(&bytes, 0).unwrap();
    for (offset, len) in [(0, 16_384), (4_096, 4_096), (8_192, 8_192)] {
        let mut read = vec![0; len];
        file.read_past_cache(&mut read, offset as u64).unwrap();
        assert_eq!(read, bytes[offset..offset + len], "{offset} in {}", dir.display());
    }
    assert!(file.read_past_cache(&mut [0; 4_096], 16_384).is_err(), "past the end");
    RealDisk.rename(&dir.join("file"), &dir.join("other")).unwrap();
    let mut read = vec![0; 4_096];
    file.read_past_cache(&mut read, 4_096).unwrap();
    assert_eq!(read, bytes[4_096..8_192], "under its new name");
}

#[test]
fn reads_past_the_cache() {
    read_past_cache(TempDir::new().unwrap().path());
    // Where there is no such thing as a device: the way round.
    match TempDir::new_in("/dev/shm") {
        Ok(dir) => read_past_cache(dir.path()),
        Err(error) => println!("skipped: no /dev/shm ({error})"),
    }
}

#[test]
fn files_and_folders() {
    let data = TempDir::new().unwrap();
    let dir = data.path().join("a/b/c");
    RealDisk.create_dir_all(&dir).unwrap();
    RealDisk.create_dir_all(&dir).unwrap();
    RealDisk.create_dir_all(&dir.join("folder")).unwrap();
    let file = RealDisk.create(&dir.join("z")).unwrap();
    assert!(RealDisk.create(&dir.join("z")).is_err(), "it is there");
    file.write_at(b"abc", 2).unwrap();
    file.set_len(4).unwrap();
    RealDisk.create(&dir.join("y")).unwrap();
    let entries = RealDisk.list(&dir).unwrap();
    let entries: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.len)).collect();
    assert_eq!(entries, [("y", 0), ("z", 4)]);
    let mut buf = [9; 8];
    assert_eq!(file.read_at(&mut buf, 1).unwrap(), 3);
    assert_eq!(&buf[..4], b"\0ab\x09");
    assert!(file.read_exact_at(&mut buf, 1).is_err());
    assert!(RealDisk.open_read_only(&dir.join("z")).unwrap().write_at(b"x", 0).is_err());
    RealDisk.remove(&dir.join("y")).unwrap();
    RealDisk.sync_dir(&dir).unwrap();
    assert_eq!(RealDisk.list(&dir).unwrap().len(), 1);
}

#[test]
fn whose_a_data_directory_is() {
    let parent = TempDir::new().unwrap();
    let path = parent.path().join("deep/data");
    assert_eq!(DataDir::open_existing(&path).unwrap_err().reason(), "DATA_IO");
    let data = DataDir::open(&path).unwrap();
    assert_eq!(data.path(), path);
    assert_eq!(data.journal(12), path.join("partition-0012/journal"));
    let error = DataDir::open(&path).unwrap_err();
    assert_eq!(error.reason(), "DATA_LOCKED");
    assert!(error.to_string().contains("deep/data is in use by another process"), "{error}");
    drop(data);
    DataDir::open(&path).unwrap();
    let error = DataDir::open_existing(&path).unwrap_err();
    assert_eq!(error.reason(), "DATA_IO", "there is no journal in it: {error}");
    fs::create_dir_all(path.join("partition-0000/journal")).unwrap();
    DataDir::open_existing(&path).unwrap();
    // It need not have its lock file to be known again.
    fs::remove_file(path.join("LOCK")).unwrap();
    DataDir::open(&path).unwrap();
}

#[test]
fn whose_it_is_not() {
    for (name, is_foreign) in [("photo.jpg", true), (".bashrc", true), ("lost+found", false)] {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join(name), b"mine").unwrap();
        let opened = DataDir::open(dir.path());
        assert_eq!(
            opened.as_ref().err().map(florin_persistence::OpenError::reason),
            is_foreign.then_some("DATA_FOREIGN"),
            "{name}"
        );
        assert_eq!(dir.path().join("LOCK").exists(), !is_foreign, "{name}");
    }
    let file = TempDir::new().unwrap();
    let path = file.path().join("file");
    fs::write(&path, b"not a folder").unwrap();
    assert_eq!(DataDir::open(&path).unwrap_err().reason(), "DATA_IO");
}

#[test]
fn what_cannot_be_written() {
    let parent = TempDir::new().unwrap();
    let path = parent.path().join("data");
    let dir = DataDir::open(&path).unwrap().journal(0);
    Journal::open(&RealDisk, &dir, &options(1)).unwrap();
    let allow =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    allow(&path, 0o555);
    if fs::write(path.join("probe"), b"").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    let error = DataDir::open(&path).unwrap_err();
    assert_eq!(error.reason(), "DATA_READ_ONLY", "{error}");
    assert_eq!(DataDir::open(&path.join("below")).unwrap_err().reason(), "DATA_READ_ONLY");
    allow(&path, 0o755);
    DataDir::open(&path).unwrap();
    allow(&dir, 0o555);
    let error = Journal::open(&RealDisk, &dir, &options(2)).unwrap_err();
    assert_eq!(error.reason(), "DATA_READ_ONLY", "{error}");
    allow(&dir, 0o755);
    Journal::open(&RealDisk, &dir, &options(3)).unwrap();
}
