//! A whole node, stepped by hand: the code of production between the queues that connect its threads there.
//! Whoever steps it decides which thread gets to run next.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

use florin_actors::admit::{Admission, AdmissionLimits, Permit};
use florin_actors::archive::Archivist;
use florin_actors::clock::{ClockWatch, Now};
use florin_actors::command::{Answer, Command, Unavailable};
use florin_actors::directory::Directory;
use florin_actors::journal::{Committer, Work};
use florin_actors::load::{Loaded, load};
use florin_actors::partition::{Core, Entry, Parked, Request};
use florin_actors::publish::Gauge;
use florin_actors::seal::Sealed;
use florin_actors::spare;
use florin_actors::start::{Places, StartOptions, Started, start};
use florin_engine::{Event, Ledger, Sequence};
use florin_persistence::archive::{Archive, ArchivePlace};
use florin_persistence::snapshot::{FileStore, Manifest, SnapshotIdentity, SnapshotStore};
use florin_persistence::{
    Disk, IdOptions, IdsError, JournalOptions, JournalReader, OpenError, Recovery, SparePreparer,
    WriteError, frame_bytes_max,
};

use crate::beside::{Beside, Sealing, Snapshotting};
use crate::clients::Port;
use crate::plants::{self, Doubled, Plant};
use crate::profile::IdProfile;

/// Readers of the `load` stage: so many of the first that wait may be overtaken by one another.
const READERS: usize = 2;
/// Requests that are taken at once: few enough that some are turned away.
const LIMITS: AdmissionLimits = AdmissionLimits { requests: 40, bytes: 4 << 20 };

/// How a node is opened.
#[derive(Clone)]
pub struct NodeOptions {
    pub segment_bytes: u64,
    pub entropy: [u8; 32],
    pub now_ns: u64,
    pub plant: Plant,
    /// However long the machine was off, the clock is right.
    pub accepts_clock: bool,
    pub ids: IdProfile,
    /// Where segments are archived.
    pub archive: Option<ArchivePlace>,
    /// Sealed segments that stay; `None`: nothing is archived.
    pub keep_segments: Option<usize>,
}

/// What waits for the partition.
enum Message {
    Submit(Vec<Request<Port>>),
    Resume(Box<Loaded<Port>>),
    Retry,
}

/// Why the process has to end.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    #[error("the journal: {0}")]
    Journal(#[source] WriteError),
    #[error("the next segment: {0}")]
    Spare(#[source] std::io::Error),
    #[error("the ids of a segment: {0}")]
    Ids(#[source] IdsError),
}

/// What a reader could not read.
#[derive(Debug)]
pub struct Unread {
    pub what: String,
    /// Some of what it needed may be in the archive.
    pub may_be_archived: bool,
}

pub struct Node<D: Disk> {
    core: Core<Port>,
    committer: Committer<Port, D>,
    reader: JournalReader<D>,
    preparer: SparePreparer<D>,
    gauge: Arc<Gauge>,
    admission: Arc<Admission>,
    permits: BTreeMap<Port, Permit>,
    mailbox: VecDeque<Message>,
    /// From the partition to the journal thread.
    work: VecDeque<Work<Port>>,
    /// What the journal thread has taken and not committed.
    entries: VecDeque<Entry<Port>>,
    looked_at_room: bool,
    /// From the journal thread to the readers.
    parked: VecDeque<Parked<Port>>,
    is_spare_wanted: bool,
    beside: Beside<D>,
    /// `None` while somebody has it, or if it could not have what it needs.
    archivist: Option<Archivist<D>>,
    /// Events whose ids are in the last run that was added, and in one that a planted merge has lost.
    last_run: RangeInclusive<Sequence>,
    lost_run: Option<RangeInclusive<Sequence>>,
    plant: Plant,
}

/// What a start has found.
pub struct Found {
    pub recovery: Recovery,
    pub directory: Directory,
    /// What it began with.
    pub snapshot: Option<Manifest>,
    /// Snapshots that were whole and could not be used, and why.
    pub passed_over: Vec<(u64, String)>,
}

impl<D: Disk> Node<D> {
    /// Starts as the engine does, from a snapshot if there is one.
    pub fn open(
        disk: &D,
        places: &Places,
        options: NodeOptions,
    ) -> Result<(Self, Found), OpenError> {
        let NodeOptions { segment_bytes, entropy, now_ns, plant, accepts_clock, ids, .. } = options;
        let seed = u64::from_le_bytes(*entropy.first_chunk().expect("32 bytes"));
        let start_options = StartOptions {
            journal: JournalOptions {
                partition: 0,
                segment_bytes,
                cut_damaged_tail: false,
                epoch_least: 0,
                entropy,
                now_ns,
            },
            ids: IdOptions {
                partition: 0,
                filter_bytes_max: ids.filter_bytes,
                shard_entries: ids.shard_entries,
                entropy: seed.to_le_bytes(),
            },
            seed,
            id_generation: ids.generation,
            archive: options.archive,
        };
        // Without snapshots it starts all the same.
        let store = FileStore::open(disk, &places.snapshots).ok();
        let known = store.as_ref().map(|store| -> &dyn SnapshotStore { store });
        let started = start(disk, places, known, &start_options, &mut |_| ())?;
        let Started { writer, reader, recovery, ledger, directory, sealer, .. } = started;
        let (snapshot, passed_over) = (started.snapshot, started.passed_over);
        let gauge = Arc::new(Gauge::new(writer.room()));
        let status = writer.status();
        gauge.publish(&status);
        let frame_bytes_max = frame_bytes_max(segment_bytes);
        let preparer = writer.spare_preparer();
        let watch = ClockWatch::new(accepts_clock);
        // More than the open segment and one that was just sealed hold, by not much.
        let in_segment = usize::try_from(segment_bytes / 176).expect("small");
        let mut core = Core::new(ledger, watch, Arc::clone(&gauge), frame_bytes_max)
            .keeping_ids(2 * in_segment + 3 * ids.generation);
        drop(core.ids_sealed(sealer.ids().set()));
        let identity = SnapshotIdentity { lineage: recovery.lineage, partition: 0 };
        let checkpoints = FileStore::open(disk, &places.checkpoint).ok();
        let archivist = options.keep_segments.zip(checkpoints).map(|(keep, checkpoints)| {
            let (archive, ids) = (sealer.archive().clone(), sealer.ids().clone());
            Archivist::new(archive, reader.clone(), ids, checkpoints, identity, keep)
        });
        let through = sealer.ids().set().through();
        let node = Self {
            core,
            committer: Committer::new(writer, Arc::clone(&gauge), frame_bytes_max),
            reader,
            preparer,
            gauge,
            admission: Admission::new(LIMITS),
            permits: BTreeMap::new(),
            mailbox: VecDeque::new(),
            work: VecDeque::new(),
            entries: VecDeque::new(),
            looked_at_room: false,
            parked: VecDeque::new(),
            is_spare_wanted: true, // the first one, right away
            beside: Beside::new(sealer, store, identity),
            archivist,
            last_run: through + 1..=through,
            lost_run: None,
            plant,
        };
        Ok((node, Found { recovery, directory, snapshot, passed_over }))
    }

    pub const fn ledger(&self) -> &Ledger {
        self.core.ledger()
    }

    pub const fn reader(&self) -> &JournalReader<D> {
        &self.reader
    }

    pub const fn archive(&self) -> &Archive<D> {
        self.beside.archive()
    }

    pub const fn identity(&self) -> SnapshotIdentity {
        self.beside.identity()
    }

    /// Ids of all events up to this one are found on disk.
    pub fn ids_through(&self) -> Sequence {
        self.beside.ids().set().through()
    }

    /// The segment that is written.
    pub fn segment(&self) -> u64 {
        self.gauge.figures().segment
    }

    /// Everything that was decided is durable.
    pub fn is_durable(&self) -> bool {
        self.reader.durable_through() == self.last_sequence()
    }

    pub const fn last_sequence(&self) -> Sequence {
        self.ledger().last_sequence()
    }

    /// The edge: admits what may come in, and hands it over as one message. Gives the answers to what was
    /// turned away.
    pub fn submit(&mut self, commands: Vec<(Port, Command)>) -> Vec<(Port, Answer)> {
        let (mut requests, mut refused) = (Vec::new(), Vec::new());
        for (port, command) in commands {
            match self.admission.admit(&command) {
                Ok(permit) => {
                    self.permits.insert(port, permit);
                    requests.push(Request { command, port });
                }
                Err(unavailable) => refused.push((port, Answer::Unavailable(unavailable))),
            }
        }
        if !requests.is_empty() {
            self.mailbox.push_back(Message::Submit(requests));
        }
        refused
    }

    /// Takes nothing more. What was taken goes on.
    pub fn close(&mut self) {
        self.admission.close();
    }

    /// The last command before a stop.
    pub fn take_digest(&mut self, port: Port) {
        self.mailbox
            .push_back(Message::Submit(vec![Request { command: Command::TakeDigest, port }]));
    }

    /// Whether everything that was admitted has its answer.
    pub fn is_answered(&self) -> bool {
        self.admission.in_flight() == 0
    }

    /// An answer has gone out: its room is free.
    pub fn give_back(&mut self, port: Port) {
        self.permits.remove(&port);
    }

    /// Whether the partition wakes by itself now: something has fallen due, or more of it is waiting.
    pub fn is_due(&self, now: Now) -> bool {
        self.core.due_in_ns().is_some_and(|in_ns| {
            in_ns == 0 || self.core.trusted_ns().saturating_add(in_ns) <= now.wall_ns
        })
    }

    pub fn has_mail(&self) -> bool {
        !self.mailbox.is_empty()
    }

    pub fn has_work(&self) -> bool {
        !self.work.is_empty() || !self.entries.is_empty()
    }

    pub fn has_loads(&self) -> bool {
        !self.parked.is_empty()
    }

    /// Whether the next segment could not be made for lack of space.
    pub fn is_out_of_space(&self) -> bool {
        self.gauge.is_out_of_space()
    }

    /// Whether the spare thread was asked.
    pub const fn wants_spare(&self) -> bool {
        self.is_spare_wanted
    }

    /// The partition takes one message. Gives the answers that go out too early, if that is planted, and the
    /// events that were decided.
    pub fn step_partition(&mut self, now: Now) -> (Vec<(Port, Answer)>, Vec<Event>) {
        let was_waiting = self.core.is_waiting();
        let mut entries = match self.mailbox.pop_front() {
            Some(Message::Submit(requests)) => self.core.step(requests, now),
            Some(Message::Resume(loaded)) => self.core.resume(vec![*loaded], now),
            Some(Message::Retry) => self.core.step(Vec::new(), now),
            // It wakes by itself.
            None if self.is_due(now) => self.core.step(Vec::new(), now),
            None => return (Vec::new(), Vec::new()),
        };
        let mut early = Vec::new();
        match self.plant {
            Plant::AnswerBeforeSync => {
                early.extend(entries.iter_mut().filter_map(plants::take_answer));
            }
            Plant::SplitGroup => {
                let halves = entries.into_iter().map(plants::split_group);
                entries =
                    halves.flat_map(|(first, second)| [first].into_iter().chain(second)).collect();
            }
            _ => {}
        }
        let decided = entries.iter().flat_map(Entry::events).cloned().collect();
        if !entries.is_empty() {
            self.work.push_back(Work::Entries(entries));
        }
        if !was_waiting && self.core.is_waiting() {
            self.work.push_back(Work::LookAtRoom);
        }
        (early, decided)
    }

    /// The journal thread takes up to `most` steps of the partition if it has nothing left, and makes one frame.
    /// Gives the answers that may go out.
    pub fn step_journal(&mut self, most: usize) -> Result<Vec<(Port, Answer)>, Fatal> {
        if self.entries.is_empty() {
            for work in self.work.drain(..most.min(self.work.len())) {
                match work {
                    Work::Entries(more) => self.entries.extend(more),
                    Work::LookAtRoom => self.looked_at_room = true,
                }
            }
        }
        let rest = match self.plant {
            Plant::SplitGroup => self.entries.iter().position(plants::is_first_half),
            _ => None,
        };
        let rest = rest.map(|first_half| self.entries.split_off(first_half + 1));
        let committed = self.committer.commit(&mut self.entries).map_err(Fatal::Journal)?;
        self.entries.extend(rest.into_iter().flatten());
        self.parked.extend(committed.loads);
        self.is_spare_wanted |= self.committer.wants_spare();
        if self.committer.takes_new_segment() {
            self.beside.look();
        }
        if self.entries.is_empty()
            && (std::mem::take(&mut self.looked_at_room) || self.gauge.is_anyone_waiting())
        {
            self.mailbox.push_back(Message::Retry);
        }
        Ok(committed.replies)
    }

    /// A reader fetches the records of a request: of the first, or of one that overtakes it. Gives what it could not read.
    pub fn step_reader(&mut self, overtaking: usize) -> Option<Unread> {
        let at = overtaking.min(READERS - 1).min(self.parked.len().saturating_sub(1));
        let parked = self.parked.remove(at)?;
        let archived_through = self.reader.archived_through();
        let may_be_archived =
            !parked.ids.is_empty() || parked.needs.iter().any(|needed| *needed <= archived_through);
        let ids = self.beside.ids();
        let loaded = match self.plant {
            Plant::RunMergedTwice => {
                let doubled = Doubled { ids: ids.clone(), lost: self.lost_run.clone() };
                load(&self.reader, &doubled, parked)
            }
            _ => load(&self.reader, ids, parked),
        };
        let what = loaded.found.as_ref().err().cloned();
        self.mailbox.push_back(Message::Resume(Box::new(loaded)));
        what.map(|what| Unread { what, may_be_archived })
    }

    /// The spare thread makes the next segment ahead, or finds that it cannot, and says so.
    pub fn step_spare(&mut self) -> Result<(), Fatal> {
        self.is_spare_wanted = false;
        spare::prepare(&self.preparer, &self.gauge).map_err(Fatal::Spare)?;
        self.work.push_back(Work::LookAtRoom);
        Ok(())
    }

    /// The sealing thread makes what is missing beside a segment, or merges runs of ids.
    pub fn step_sealing(&mut self) -> Result<Sealing, Fatal> {
        let sealing = self.beside.step_sealing().map_err(Fatal::Ids)?;
        if let Sealing::Done(done) = sealing {
            let sealed = self.beside.ids().set();
            match done {
                Sealed::Nothing => {}
                Sealed::Segment => self.last_run = self.last_run.end() + 1..=sealed.through(),
                Sealed::Merged => self.lost_run = Some(self.last_run.clone()),
            }
            let forgotten = match self.plant {
                Plant::IdsForgottenEarly => {
                    self.core.ids_sealed(Arc::new(plants::Boasting(sealed)))
                }
                _ => self.core.ids_sealed(sealed),
            };
            drop(forgotten);
        }
        self.gauge.set_sealing_stuck(sealing == Sealing::Failed);
        // On a full disk it fails again and again: one message is enough.
        if self.core.is_waiting() && !matches!(self.mailbox.back(), Some(Message::Retry)) {
            self.mailbox.push_back(Message::Retry);
        }
        Ok(sealing)
    }

    /// Whether there may be something for it to do.
    pub const fn may_seal(&self) -> bool {
        self.beside.may_seal()
    }

    /// Somebody steps the archivist, while everybody else may go on.
    pub const fn lend_archivist(&mut self) -> Option<Archivist<D>> {
        self.archivist.take()
    }

    pub fn give_archivist_back(&mut self, archivist: Archivist<D>) {
        self.archivist = Some(archivist);
    }

    pub const fn has_archivist(&self) -> bool {
        self.archivist.is_some()
    }

    /// The snapshot thread takes a step.
    pub fn step_snapshot(&mut self, now_ns: u64) -> Snapshotting {
        let durable_through = match (self.plant, self.reader.durable_through()) {
            (Plant::SnapshotEarly, _) => Sequence::MAX,
            // What a piece does not say that it has seen, nobody waits for.
            (Plant::ChunkWithoutSequence, durable) if durable >= self.beside.head() => {
                Sequence::MAX
            }
            (_, durable) => durable,
        };
        self.beside.step_snapshot(self.core.ledger(), durable_through, now_ns)
    }
}

/// Whether an answer says that there was no room.
pub fn is_disk_full(answer: &Answer) -> bool {
    matches!(answer, Answer::Unavailable(Unavailable::DiskFull))
}
