//! A small bank on a simulated disk that archives what is old, and its twin: the list of all its events.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use florin_actors::archive::{ArchiveFault, Archivist};
use florin_actors::seal::Sealed;
use florin_actors::start::{Places, StartOptions, Started, start};
use florin_engine::{AssetCode, Event, Floor, Ledger, NewAccount, Past, Transfer, TransferBatch};
use florin_persistence::archive::{ArchivePlace, ArchivedSegment};
use florin_persistence::backup::{DirPlace, Head, Objects, Place, PlaceError};
use florin_persistence::snapshot::{
    FileStore, Manifest, SnapshotError, SnapshotIdentity, SnapshotStore, Taking,
};
use florin_persistence::{IdOptions, JournalOptions, OpenError, SimDisk};

pub const SEGMENT_BYTES: u64 = 64 * 1024;
pub const KEEP_SEGMENTS: usize = 2;
const ACCOUNTS: u64 = 5;
const NOW_NS: u64 = 1_700_000_000_000_000_000;

/// A place that can be cut off, that is near or far, and that may keep something else than it was given, and not say so.
pub struct Doubtful {
    inner: DirPlace<SimDisk>,
    pub is_cut_off: AtomicBool,
    pub mangles: AtomicBool,
    is_near: bool,
}

impl Doubtful {
    pub fn new(disk: &SimDisk, is_near: bool) -> Arc<Self> {
        let inner = DirPlace::new(disk.clone(), "/archive");
        let is_cut_off = AtomicBool::new(false);
        let mangles = AtomicBool::new(false);
        Arc::new(Self { inner, is_cut_off, mangles, is_near })
    }

    fn reach(&self, name: &str) -> Result<(), PlaceError> {
        if self.is_cut_off.load(Ordering::Relaxed) {
            return Err(PlaceError::failed("reached", name, &"the line is dead"));
        }
        Ok(())
    }
}

impl Objects for Doubtful {
    fn get(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<(), PlaceError> {
        self.reach(name)?;
        self.inner.get(name, offset, buf)
    }
}

impl Place for Doubtful {
    fn put(
        &self,
        name: &str,
        content: &mut dyn Read,
        bytes: u64,
        blake3: &[u8; 32],
    ) -> Result<(), PlaceError> {
        self.reach(name)?;
        if !self.mangles.load(Ordering::Relaxed) {
            return self.inner.put(name, content, bytes, blake3);
        }
        let mut kept = Vec::new();
        content.read_to_end(&mut kept).map_err(|e| PlaceError::failed("read", name, &e))?;
        kept[5_000] ^= 1;
        let blake3 = blake3::hash(&kept);
        self.inner.put(name, &mut kept.as_slice(), bytes, blake3.as_bytes())
    }

    fn settle(&self, prefix: &str) -> Result<(), PlaceError> {
        self.reach(prefix)?;
        self.inner.settle(prefix)
    }

    fn head(&self, name: &str) -> Result<Option<Head>, PlaceError> {
        self.reach(name)?;
        self.inner.head(name)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Head>, PlaceError> {
        self.reach(prefix)?;
        self.inner.list(prefix)
    }

    fn is_near(&self) -> bool {
        self.is_near
    }

    fn delete(&self, name: &str) -> Result<(), PlaceError> {
        self.reach(name)?;
        self.inner.delete(name)
    }
}

pub fn places() -> Places {
    let partition = Path::new("/data/partition-0000");
    Places {
        journal: partition.join("journal"),
        sealed: partition.join("sealed"),
        ids: partition.join("ids"),
        snapshots: partition.join("snapshots"),
        partition: partition.to_path_buf(),
        checkpoint: partition.join("checkpoint"),
        fetched: partition.join("fetched"),
    }
}

/// An open bank.
pub struct Bank {
    pub disk: SimDisk,
    pub started: Started<SimDisk>,
    pub events: Vec<Event>,
    archivist: Archivist<SimDisk>,
    next_id: u128,
}

impl Bank {
    /// Opens what lies on the disk; `events` is what it has to hold.
    pub fn open(
        disk: &SimDisk,
        place: Option<Arc<dyn Place>>,
        store: Option<&dyn SnapshotStore>,
        opening: u8,
        events: Vec<Event>,
    ) -> Result<Self, OpenError> {
        let options = StartOptions {
            journal: JournalOptions {
                partition: 0,
                segment_bytes: SEGMENT_BYTES,
                cut_damaged_tail: false,
                epoch_least: 0,
                entropy: [opening; 32],
                now_ns: NOW_NS,
            },
            ids: IdOptions {
                partition: 0,
                filter_bytes_max: 1 << 20,
                shard_entries: 64,
                entropy: [opening; 8],
            },
            seed: u64::from(opening),
            id_generation: 64,
            archive: place.map(|place| ArchivePlace { name: "/archive".to_owned(), place }),
        };
        let started = start(disk, &places(), store, &options, &mut |_| ())?;
        let identity = SnapshotIdentity { lineage: started.recovery.lineage, partition: 0 };
        let checkpoints = FileStore::open(disk, &places().checkpoint)
            .map_err(|error| OpenError::StateDiffers(error.to_string()))?;
        let archivist = Archivist::new(
            started.sealer.archive().clone(),
            started.reader.clone(),
            started.sealer.ids().clone(),
            checkpoints,
            identity,
            KEEP_SEGMENTS,
        );
        let next_id = 1_000_000 * (u128::from(opening) + 1);
        Ok(Self { disk: disk.clone(), started, events, archivist, next_id })
    }

    /// So many frames of payments.
    pub fn pay(&mut self, frames: u64) {
        for frame in 0..frames {
            let mut events = Vec::new();
            let ledger = &mut self.started.ledger;
            let now_ns = NOW_NS + self.events.len() as u64 * 1_000_000;
            for id in ledger.accounts_len() as u64..ACCOUNTS {
                let account = NewAccount {
                    tenant: 0,
                    id: u128::from(id) + 1,
                    asset: AssetCode::new("EUR").expect("a code"),
                    floor: Floor::None,
                    name: None,
                    metadata: Box::default(),
                    ceiling: None,
                };
                ledger.open_account(&account, now_ns, &mut events);
            }
            let transfers = (0..30 + frame % 7).map(|member| {
                self.next_id += 1;
                let debit = member % ACCOUNTS;
                Transfer {
                    id: self.next_id,
                    debit_account: u128::from(debit + 1),
                    credit_account: u128::from((debit + 1 + frame % 4) % ACCOUNTS + 1),
                    amount_minor: u128::from(1 + member),
                    content_hash: 0,
                    code: 1,
                    value_date: 0,
                    up_to_available: false,
                    extra: None,
                }
                .seal()
            });
            let transfers = transfers.collect();
            let batch = TransferBatch { tenant: 0, group: None, asset: None, transfers };
            ledger.execute(&batch, &Past::new(), now_ns, &mut events);
            self.started.writer.append(&[&events]).expect("it is appended");
            self.events.append(&mut events);
        }
    }

    /// Makes everything that lies beside segments.
    pub fn seal(&mut self) {
        while self.started.sealer.step().expect("it is made") != Sealed::Nothing {}
    }

    /// Archives one segment.
    pub fn archive(&mut self) -> Result<Option<ArchivedSegment>, ArchiveFault> {
        self.archive_after(|_| ())
    }

    /// As [`archive`](Self::archive); something may happen to a checkpoint right after it was taken.
    pub fn archive_after(
        &mut self,
        happens: impl Fn(&SimDisk),
    ) -> Result<Option<ArchivedSegment>, ArchiveFault> {
        let (ledger, identity) = (&self.started.ledger, self.identity());
        let durable_through = self.started.reader.durable_through();
        let disk = &self.disk;
        self.archivist.step(&mut |store| {
            let taken = take(ledger, identity, durable_through, store);
            happens(disk);
            taken
        })
    }

    /// Archives all that may go; says how many segments.
    pub fn archive_all(&mut self) -> u64 {
        let mut segments = 0;
        while self.archive().expect("it is archived").is_some() {
            segments += 1;
        }
        segments
    }

    pub fn identity(&self) -> SnapshotIdentity {
        SnapshotIdentity { lineage: self.started.recovery.lineage, partition: 0 }
    }

    /// Numbers of the segments that are here.
    pub fn here(&self) -> Vec<u64> {
        let entries = florin_persistence::Disk::list(&self.disk, &places().journal);
        let number = |name: &str| name.strip_suffix(".segment")?.parse().ok();
        entries.expect("listed").iter().filter_map(|entry| number(&entry.name)).collect()
    }

    /// Everything is as it was: the state, every event, and where every id was used.
    pub fn check(&self) {
        let ledger = replayed(&self.events);
        assert_eq!(self.started.ledger.digest(), ledger.digest(), "the state");
        self.check_events();
    }

    pub fn check_events(&self) {
        let sequences: Vec<u64> = self.events.iter().map(|event| event.sequence).collect();
        let read = self.started.reader.read_many(&sequences).expect("all of them are there");
        assert!(read == self.events, "other events");
        let mut walker = self.started.reader.walker();
        for event in &self.events {
            assert_eq!(walker.read(event.sequence).expect("it is there"), *event);
        }
        let ids = self.started.sealer.ids().set();
        for event in self.events.iter().take_while(|event| event.sequence <= ids.through()) {
            for entry in florin_persistence::ids_of(event) {
                assert_eq!(ids.find(&entry.key, 0).expect("a page"), Some(event.sequence));
            }
        }
    }
}

/// Takes a snapshot of a ledger that does not move.
pub fn take(
    ledger: &Ledger,
    identity: SnapshotIdentity,
    durable_through: u64,
    store: &mut dyn SnapshotStore,
) -> Result<Manifest, SnapshotError> {
    let generation = store.next_generation()?;
    let mut taking = Taking::begin(store, generation, identity, &ledger.head(), NOW_NS)?;
    while let Some(piece) = taking.next() {
        taking.put(store, &piece.copy(ledger))?;
    }
    taking.finish()?.publish(store, durable_through)
}

pub fn replayed(events: &[Event]) -> Ledger {
    let mut ledger = Ledger::new(9);
    for event in events {
        ledger.replay(event).expect("an event of this ledger");
    }
    ledger
}
