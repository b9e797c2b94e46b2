//! How a node goes down, how it comes up again, and what is checked then.

use std::collections::BTreeMap;
use std::path::Path;

use florin_actors::start::Places;
use florin_engine::{Event, Ledger, Sequence};
use florin_persistence::snapshot::Manifest;
use florin_persistence::{OpenError, ReadError, scan};

use crate::history::History;
use crate::invariants::{
    Invariant, Verdict, Violation, acknowledged_stays, balances_equal, conserved, durable_only,
    groups_whole, history_stays, replay_equals_live, require,
};
use crate::node::{Found, Node, NodeOptions};
use crate::process::ProcessDisk;
use crate::remote::{Line, Remote};
use crate::rng::Rng;
use crate::world::World;

/// Openings that may be hit by something new, in a row.
const TROUBLED_OPENINGS: u64 = 4;
/// Digests that are kept.
const DIGESTS: usize = 40;
/// Events from before the last recovery that are read back too.
const OLD_READ_BACK: usize = 24;
/// Why a snapshot is passed over that nothing is wrong with.
const ARCHIVED: &str = "what comes behind it was archived";

/// Where the journal is.
pub fn dir() -> &'static Path {
    Path::new("/data/partition-0000/journal")
}

pub fn places() -> Places {
    let partition = Path::new("/data/partition-0000");
    Places {
        journal: dir().to_path_buf(),
        sealed: partition.join("sealed"),
        ids: partition.join("ids"),
        snapshots: partition.join("snapshots"),
        partition: partition.to_path_buf(),
        checkpoint: partition.join("checkpoint"),
        fetched: partition.join("fetched"),
    }
}

/// What is remembered of the journal, to be held against what is found.
#[derive(Debug, Default)]
pub struct Past {
    /// As the last recovery found it.
    recovered: Vec<Event>,
    /// Decided since.
    pub decided: Vec<Event>,
    /// Of the live ledger, by sequence, where everything was durable.
    digests: BTreeMap<Sequence, [u8; 32]>,
    /// Operations of the disk that had failed when the process began.
    pub failures: u64,
    /// The segment that the process began with.
    first_segment: u64,
    /// Ids up to this event were found on disk.
    pub ids_through: Sequence,
}

impl Past {
    /// A past that ends with these events.
    pub fn of(events: Vec<Event>) -> Self {
        Self { recovered: events, ..Self::default() }
    }

    /// All that was decided, durable or not.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.recovered.iter().chain(&self.decided)
    }

    pub fn remember(&mut self, sequence: Sequence, digest: [u8; 32]) {
        self.digests.insert(sequence, digest);
        if self.digests.len() > DIGESTS {
            self.digests.pop_first();
        }
    }
}

const STAYS: Invariant = Invariant::AcknowledgedStays;

fn unreadable(error: &ReadError) -> Violation {
    Violation { invariant: STAYS, detail: format!("an event cannot be read back: {error}") }
}

fn opens(detail: String) -> Violation {
    Violation { invariant: Invariant::Opens, detail }
}

impl World {
    /// The power goes.
    pub fn lose_power(&mut self) -> Verdict {
        self.lose_machine();
        self.restart()
    }

    fn lose_machine(&mut self) {
        self.lose_node();
        self.disk.crash();
        self.totals.crashes += 1;
        self.note(format_args!("power failure"));
    }

    /// The process dies; the machine stays up, and its page cache with it.
    pub fn lose_process(&mut self) -> Verdict {
        self.lose_node();
        self.kill();
        self.restart()
    }

    fn kill(&mut self) {
        self.disk.kill();
        self.totals.process_deaths += 1;
        self.note(format_args!("the process is dead"));
    }

    /// Whatever ran is gone, and with it all connections.
    pub fn lose_node(&mut self) {
        if let Some(node) = self.node.take() {
            self.totals.segments_sealed += node.segment() - self.past.first_segment;
        }
        self.clients.lose_all();
    }

    /// Opens the node, as often as it takes, and checks everything.
    pub fn restart(&mut self) -> Verdict {
        let is_first = self.totals.recoveries == 0;
        for attempt in 1.. {
            self.clock.restart(&mut self.rng);
            self.process = ProcessDisk::new(self.disk.clone(), self.plant.lie());
            self.past.failures = self.disk.counters().failed_operations;
            self.calm(attempt > TROUBLED_OPENINGS);
            if !is_first && attempt <= TROUBLED_OPENINGS && self.rng.percent(40) {
                self.trouble_opening();
            }
            match self.open()? {
                // What an opening does last may fail without its failing, and the process may die of it.
                Ok(_) if self.disk.has_crashed() || self.process.is_dead() => {
                    self.opening_died();
                }
                Ok(node) => {
                    self.past.first_segment = node.segment();
                    self.node = Some(node);
                    break;
                }
                Err(error) => self.opening_failed(&error)?,
            }
        }
        self.totals.recoveries += 1;
        self.calm(false);
        self.check()
    }

    /// Opens the node once.
    fn open(&mut self) -> Result<Result<crate::world::SimNode, OpenError>, Violation> {
        let options = NodeOptions {
            segment_bytes: self.profile.segment_bytes,
            entropy: self.rng.bytes(),
            now_ns: self.clock.now_ns(),
            plant: self.plant,
            accepts_clock: self.rng.percent(50),
            ids: self.profile.ids,
            archive: self.archive_place(),
            keep_segments: self.profile.keep_segments,
        };
        let opened = Node::open(&self.process, &places(), options);
        let (node, found) = match opened {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error)),
        };
        let Found { recovery, directory, snapshot, mut passed_over } = found;
        passed_over.retain(|(_, why)| why != ARCHIVED);
        let has_failed = self.disk.counters().failed_operations > self.past.failures;
        require(passed_over.is_empty() || has_failed, Invariant::SnapshotsFit, || {
            format!("{passed_over:?}")
        })?;
        let from = snapshot.as_ref().map_or(0, Manifest::head_sequence);
        self.totals.snapshot_starts += u64::from(snapshot.is_some());
        self.note(format_args!(
            "opened, epoch {}, through {}, taken over {} events, from a snapshot of {from}",
            recovery.epoch, recovery.last_sequence, recovery.taken_over.events
        ));
        let archived = node.archive().through();
        if archived > 0 {
            self.totals.archive_starts += 1;
            self.note(format_args!("behind an archive through {archived}"));
        }
        let (before, ids_through) = (self.past.ids_through, node.ids_through());
        require(ids_through >= before, Invariant::IdsStay, || {
            format!("ids up to event {before} were on disk, now they are up to {ids_through}")
        })?;
        self.past.ids_through = ids_through;
        let accounts = node.ledger().accounts_len();
        let known = directory.accounts();
        require(known == accounts, Invariant::ReplayEqualsLive, || {
            format!("{accounts} accounts in the ledger, {known} in the directory")
        })?;
        Ok(Ok(node))
    }

    fn trouble_opening(&mut self) {
        let soon = self.rng.below(40);
        let mut faults = self.disk.faults();
        match self.rng.below(10) {
            0..4 => faults.crash_at = Some(self.disk.operations() + soon),
            4..7 => self.process.die_after(soon),
            7..9 => faults.fail_at = Some(self.disk.operations() + soon / 2),
            _ => faults.sync_error_ppm = 100_000,
        }
        self.disk.set_faults(faults);
    }

    /// Nothing fails by chance any more; a full disk may stay full.
    fn calm(&mut self, has_room: bool) {
        let mut faults = self.disk.faults();
        (faults.sync_error_ppm, faults.write_error_ppm, faults.read_error_ppm) = (0, 0, 0);
        if has_room {
            faults.capacity_bytes = None;
        }
        self.disk.set_faults(faults);
    }

    /// An opening may fail only if something was done to it.
    fn opening_failed(&mut self, error: &OpenError) -> Verdict {
        self.note(format_args!("opening failed: {error}"));
        if self.disk.has_crashed() {
            self.opening_died();
            return Ok(());
        }
        let faults = self.disk.faults();
        let has_failed = self.disk.counters().failed_operations > self.past.failures
            // A read past the cache writes back first, and that can fail too.
            || faults.sync_error_ppm > 0;
        let is_known = match error {
            _ if self.process.is_dead() => true,
            OpenError::Full { .. } => faults.capacity_bytes.is_some(),
            OpenError::Io { .. } => has_failed,
            _ => false,
        };
        require(is_known, Invariant::Opens, || format!("it does not open: {error}"))?;
        self.opening_died();
        Ok(())
    }

    fn opening_died(&mut self) {
        self.totals.interrupted_recoveries += 1;
        if self.disk.has_crashed() { self.lose_machine() } else { self.kill() }
    }

    /// Reads the whole journal once more and checks every invariant.
    fn check(&mut self) -> Verdict {
        let journal = self.whole_journal();
        let journal = journal.map_err(|error| opens(format!("the marker: {error}")))?;
        let Some(node) = &self.node else { return Ok(()) };
        let mut news = self.book.take_news();
        let mut second = Ledger::new(self.rng.next_u64());
        let mut history = History::default();
        let mut verdict = Ok(());
        let digests = &self.past.digests;
        let mut take = |event: Event| {
            let sequence = event.sequence;
            second.replay(&event)?;
            if let Some(live) = digests.get(&sequence) {
                verdict = replay_equals_live(sequence, *live, second.digest());
                verdict.as_ref().copied().map_err(ToString::to_string)?;
            }
            let checked = history.push(event).and_then(|changed| news.check(&history, changed));
            verdict = checked;
            verdict.as_ref().copied().map_err(ToString::to_string)
        };
        let scanned = scan(&journal, dir(), &mut take, &mut |_| ());
        verdict?;
        scanned.map_err(|error| opens(format!("what was just opened cannot be read: {error}")))?;

        let last = history.last_sequence();
        require(last == node.last_sequence(), Invariant::ReplayEqualsLive, || {
            format!("replayed through {}, scanned through {last}", node.last_sequence())
        })?;
        self.subscriber.check(history.events())?;
        history_stays(&self.past.recovered, &self.past.decided, history.events())?;
        durable_only(self.book.highest(), last)?;
        acknowledged_stays(&self.book, &history)?;
        news.check_end(&history)?;
        history.finish()?;
        let is_exclusive = |group: &_, id| self.clients.is_exclusive(group, id);
        groups_whole(self.clients.groups(), is_exclusive, &history)?;
        balances_equal(&history, node.ledger())?;
        conserved(node.ledger())?;
        let digest = node.ledger().digest();
        replay_equals_live(last, digest, second.digest())?;
        let old = sample(&mut self.rng, last);
        let sequences: Vec<Sequence> = news.sequences.into_iter().chain(old).collect();
        self.read_back(&sequences, history.events())?;

        self.past.remember(last, digest);
        self.past.recovered = history.into_events();
        self.past.decided.clear();
        self.trace.bytes(&digest);
        Ok(())
    }

    /// I2, by the reader: what was told reads back as it was, and so do some events from anywhere.
    fn read_back(&mut self, sequences: &[Sequence], events: &[Event]) -> Verdict {
        let Some(node) = &self.node else { return Ok(()) };
        let reads = self.store.reads();
        let archived_through = node.reader().archived_through();
        let expected = |sequence: &Sequence| events.get(usize::try_from(sequence - 1).ok()?);
        let (archived, here): (Vec<Sequence>, Vec<Sequence>) =
            sequences.iter().partition(|sequence| **sequence <= archived_through);
        let read = node.reader().read_many(&here).map_err(|error| unreadable(&error))?;
        require(here.iter().map(expected).eq(read.iter().map(Some)), STAYS, || {
            format!("{here:?} read back as {read:?}")
        })?;
        let is_away = self.store.line() != Line::Good;
        for sequence in here.last().into_iter().chain(&archived) {
            match node.reader().read(*sequence) {
                Ok(event) => require(Some(&event) == expected(sequence), STAYS, || {
                    format!("read alone, event {sequence} is {event:?}")
                })?,
                Err(error) if *sequence <= archived_through => {
                    let is_of_line = is_away && Remote::is_of_line(&error.to_string());
                    // Where nothing can be fetched to, because of what is done to this opening or that one.
                    let is_known = is_of_line || self.is_troubled();
                    require(is_known, Invariant::ArchiveApart, || error.to_string())?;
                }
                Err(error) => return Err(unreadable(&error)),
            }
        }
        self.totals.archive_reads += u64::from(self.store.reads() > reads);
        Ok(())
    }
}

/// Some sequences.
fn sample(rng: &mut Rng, last: Sequence) -> Vec<Sequence> {
    if last == 0 {
        return Vec::new();
    }
    (0..OLD_READ_BACK).map(|_| rng.between(1, last)).collect()
}
