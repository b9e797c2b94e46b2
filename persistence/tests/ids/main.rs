//! Runs of ids against a naive twin: what was added is found, or said to be missing, whatever the disk does.

#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../common/history.rs"]
mod history;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../common/planted.rs"]
mod planted;

mod budget;
mod crashes;
mod damage;
mod golden;
mod refusals;
mod twin;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use florin_engine::Sequence;
use florin_persistence::{
    Disk, Dropped, IdEntry, IdKey, IdKind, IdOptions, IdRuns, IdSet, SimDisk,
};

const LINEAGE: [u8; 16] = *b"one history only";

fn dir() -> PathBuf {
    PathBuf::from("/data/partition-0000/ids")
}

fn file(range: &RangeInclusive<Sequence>) -> PathBuf {
    dir().join(format!("ids-{:020}-{:020}.run", range.start(), range.end()))
}

fn options() -> IdOptions {
    IdOptions { partition: 0, filter_bytes_max: u64::MAX, shard_entries: 100, entropy: [42; 8] }
}

fn open_with<D: Disk>(disk: &D, options: &IdOptions) -> (IdRuns<D>, Vec<Dropped>) {
    IdRuns::open(disk, &dir(), LINEAGE, options).unwrap()
}

/// Opens runs of which none is damaged.
fn open(disk: &SimDisk) -> IdRuns<SimDisk> {
    let (runs, dropped) = open_with(disk, &options());
    assert_eq!(dropped, []);
    runs
}

fn names(disk: &SimDisk) -> Vec<String> {
    disk.list(&dir()).unwrap().into_iter().map(|entry| entry.name).collect()
}

fn snapshot(disk: &SimDisk) -> Vec<(PathBuf, Vec<u8>)> {
    let files = disk.files(&dir());
    files.into_iter().map(|path| (path.clone(), disk.contents(&path).unwrap())).collect()
}

/// All ids that were ever used, in the simplest way, under a seed.
#[derive(Debug, Clone)]
struct Twin {
    random: u64,
    ids: BTreeMap<IdKey, Sequence>,
}

impl Twin {
    fn new(seed: u64) -> Self {
        Self { random: seed, ids: BTreeMap::new() }
    }

    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.random;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random() % bound
    }

    /// A key that need not be new: random, counted, or at an end, of a few tenants.
    fn key(&mut self, sequence: Sequence) -> IdKey {
        let kind = if self.below(4) == 0 { IdKind::Group } else { IdKind::Transfer };
        let tenant = u32::try_from(self.below(3)).unwrap();
        let id = match self.below(6) {
            0 => u128::from(self.below(10)),
            1 => u128::MAX - u128::from(self.below(10)),
            2 | 3 => 1 << 80 | u128::from(sequence),
            _ => u128::from(self.random()) << 64 | u128::from(self.random()),
        };
        IdKey { id, tenant, kind }
    }

    /// The ids that the events of this range use, in their order; some use none, some two.
    fn use_up(&mut self, range: &RangeInclusive<Sequence>) -> Vec<IdEntry> {
        let mut used = Vec::new();
        for sequence in range.clone() {
            for _ in 0..self.below(3) {
                let key = self.key(sequence);
                if self.ids.contains_key(&key) {
                    continue;
                }
                self.ids.insert(key, sequence);
                used.push(IdEntry { key, sequence });
            }
        }
        used
    }

    /// The ids of a range once more.
    fn of(&self, range: &RangeInclusive<Sequence>) -> Vec<IdEntry> {
        let ids = self.ids.iter().map(|(key, sequence)| IdEntry { key: *key, sequence: *sequence });
        ids.filter(|entry| range.contains(&entry.sequence)).collect()
    }

    /// A key that nothing has used.
    fn unused(&mut self) -> IdKey {
        loop {
            let near = self.below(1_000_000);
            let key = self.key(near);
            if !self.ids.contains_key(&key) {
                return key;
            }
        }
    }

    /// Everything is found where it is, except in `missing`, where nothing is; and nothing else is found.
    fn check<D: Disk>(&mut self, set: &IdSet<D>, missing: &[RangeInclusive<Sequence>]) {
        let last = self.ids.values().copied().max().unwrap_or(0);
        let is_missing = |sequence| missing.iter().any(|range| range.contains(sequence));
        for (key, sequence) in &self.ids {
            let found = set.find(key, 0).unwrap();
            if is_missing(sequence) {
                assert_eq!(found, None, "{key:?} of {sequence} is in no run");
                continue;
            }
            assert!(set.may_hold(key), "{key:?} of {sequence}");
            assert_eq!(found, Some(*sequence), "{key:?}");
            assert_eq!(set.find(key, sequence - 1).unwrap(), Some(*sequence), "{key:?}");
            assert_eq!(set.find(key, last).unwrap().unwrap_or(*sequence), *sequence);
        }
        let held = self.ids.values().filter(|sequence| !is_missing(sequence)).count();
        assert_eq!(set.entries(), held as u64);
        for _ in 0..50 {
            let key = self.unused();
            assert_eq!(set.find(&key, 0).unwrap(), None, "{key:?}");
        }
    }
}

/// Ids 1 to 3 of tenant 0 at these events.
fn three(sequences: [Sequence; 3]) -> Vec<IdEntry> {
    let of =
        |(id, sequence)| IdEntry { key: IdKey { id, tenant: 0, kind: IdKind::Transfer }, sequence };
    (1..).zip(sequences).map(of).collect()
}

fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed);
    disk.create_dir_all(Path::new("/data")).unwrap();
    disk
}
