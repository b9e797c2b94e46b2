//! A lineage that branches off, byte by byte, as the first release with such a thing writes it (format version 2). If
//! this fails, ledgers that people have restored can no longer be read: that takes a new version, not new files.
//!
//! `FLORIN_BLESS=1 cargo test -p florin-persistence --test backup golden` writes them.

use std::fs;
use std::path::{Path, PathBuf};

use florin_persistence::backup::{LineageChoice, Moment};
use florin_persistence::{SimDisk, journal_dir};

use crate::common::{Journal, SEGMENT_BYTES, options};
use crate::ledger::{Book, back_up, bring_back, restoring};

const NAMES: [&str; 2] = ["0000000001.segment", "0000000002.segment"];

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v2").join(name)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"))
}

#[test]
fn golden_files() {
    let disk = SimDisk::new(1);
    let mut book = Book::new(&disk, "/data", 1);
    book.plain_frame(3, 0);
    book.plain_frame(0, 6);
    book.plain_frame(0, 6);
    let exported = back_up(&book, false).unwrap();
    // Inside of the last frame.
    let at = exported.manifest.sequence - 4;
    let fork = restoring(Moment::Sequence(at), LineageChoice::Fork, 9);
    let restored = bring_back(&disk, &exported.manifest, "/fork", &fork).unwrap();

    let dir = journal_dir(Path::new("/fork"), 0);
    let read = |name: &str| {
        let mut bytes = disk.contents(&dir.join(name)).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(used.next_multiple_of(4_096));
        bytes
    };
    for name in NAMES {
        if std::env::var_os("FLORIN_BLESS").is_some() {
            fs::create_dir_all(golden("")).unwrap();
            fs::write(golden(name), read(name)).unwrap();
        }
        let expected = fs::read(golden(name)).expect("the golden file");
        assert!(read(name) == expected, "{name} is not what it was");
    }

    // Where docs/JOURNAL_FORMAT.md says that things stand.
    let bytes = fs::read(golden(NAMES[1])).unwrap();
    let old = fs::read(golden(NAMES[0])).unwrap();
    assert_eq!(bytes[8..10], [2, 0], "version");
    assert_eq!(bytes[16..32], restored.lineage.0);
    assert_eq!(bytes[148..152], [1 | 2 | 4, 0, 0, 0], "takeover, branches off, fork");
    assert_eq!(bytes[152..168], exported.manifest.lineage.0);
    assert_eq!(u64_at(&bytes, 168), at);
    assert_eq!(bytes[176..208], exported.manifest.last_hash.0, "of the frame that was cut");
    assert_eq!(bytes[208..216], [0; 8]);
    assert_eq!(old[8..10], [1, 0], "what was there before is as it was");

    // And the files are read.
    let fresh = SimDisk::new(2);
    for name in NAMES {
        let mut bytes = fs::read(golden(name)).unwrap();
        if name == NAMES[1] {
            bytes.resize(usize::try_from(SEGMENT_BYTES).unwrap(), 0);
        }
        fresh.put(&dir.join(name), &bytes).unwrap();
    }
    let journal = Journal::open(&fresh, &dir, &options(50)).unwrap();
    assert!(journal.replayed == book.events[..usize::try_from(at).unwrap()]);
    assert!(journal.recovery.found.is_fork);
    assert_eq!(journal.recovery.lineage, restored.lineage.0);
}
