//! An engine: one partition with everything that runs for it.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use actix::{Actor, Addr, Arbiter, System};
use crossbeam_channel::Sender;
use florin_engine::{Ledger, Sequence};
use florin_persistence::archive::Archive;
use florin_persistence::snapshot::{Manifest, SledStore, SnapshotIdentity, SnapshotStore};
use florin_persistence::{
    DataDir, Disk, ID_SHARD_ENTRIES_DEFAULT, IdOptions, IdRuns, JournalOptions, JournalReader,
    OpenError, RealDisk, Recovery, SparePreparer, check_may_serve, frame_bytes_max,
};
use tokio::sync::{mpsc, oneshot};

use crate::admit::{Admission, AdmissionLimits};
use crate::archive::{ArchiveFigures, ArchiveGauge, ArchiveSettings};
use crate::beside::{BesideFigures, BesideGauge};
use crate::clock::{Clock, ClockWatch};
use crate::command::{Answer, Command, Figures, Unavailable};
use crate::dispatch::{Begun, Dispatcher};
use crate::feed::{End, Feed};
use crate::journal::{self, Committer, Outlet, Work};
use crate::load::{load, load_here, refuse};
use crate::partition::{Core, IdsSealed, Look, Parked, Partition, Resume, Retry};
use crate::publish::{Gauge, JournalFigures};
use crate::rebuild::id_generation_len;
use crate::reply::{Port, pump};
use crate::seal::{self, Sealer, Sealing, Told};
use crate::snapshots::{Ask, Keeper, Looking, SnapshotOptions, Taker};
use crate::spare;
use crate::start::{Places, StartFigures, StartOptions, StartProgress, Started, start};

mod archiving;

use archiving::{archive_place, start_archiving};

/// How long a stop waits for what is under way. It is a matter of milliseconds, unless the disk is full.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// What an id takes of a segment, at least.
const RECORD_BYTES_MIN: u64 = 176;

/// When nothing has become durable for this long after the partition has stopped, nothing is under way any more.
const SETTLED: Duration = Duration::from_millis(50);

/// Threads that read records for the `load` stage.
const READERS: usize = 2;

/// Most requests that wait for records that were archived.
const ARCHIVED_LOADS_MAX: usize = 64;

/// How an engine is opened.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The data directory.
    pub data: PathBuf,
    /// Length of a journal segment.
    pub segment_bytes: u64,
    /// How much is taken at once.
    pub limits: AdmissionLimits,
    /// Cut a tail that was written and then changed, instead of refusing to open.
    pub cut_damaged_tail: bool,
    /// However long the engine was off, the clock is right: what is due falls due.
    pub accept_clock: bool,
    /// The data directory is a fork. It is not opened unless that is so.
    pub fork: bool,
    /// Most bytes of memory for what tells that an id is new.
    pub id_filter_bytes: u64,
    /// When snapshots are taken.
    pub snapshots: SnapshotOptions,
    /// Whether and where segments are archived.
    pub archive: ArchiveSettings,
}

/// A running engine. Clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    dispatcher: Dispatcher,
    gauge: Arc<Gauge>,
    feed: Arc<Feed>,
    reader: JournalReader<RealDisk>,
    frame_bytes_max: u64,
    partition: Addr<Partition<Port>>,
    ids: IdRuns<RealDisk>,
    beside: Arc<BesideGauge>,
    start: StartFigures,
    system: System,
    /// The ledger as it stood when it was fenced.
    at_the_fence: Arc<OnceLock<Figures>>,
    /// `None`: the folder of snapshots could not be opened.
    snapshots: Option<Sender<Ask>>,
    archive: Archive<RealDisk>,
    archive_gauge: Arc<ArchiveGauge>,
    /// The archiving thread ends with the last of these; `None`: there is none.
    archiving: Option<Sender<()>>,
}

/// An engine that was just opened.
pub struct OpenedEngine {
    /// The engine.
    pub engine: Engine,
    /// What opening found.
    pub recovery: Recovery,
    /// The data directory, locked as long as this is kept.
    pub data: DataDir,
    /// What the start went by, and how long it took.
    pub start: StartFigures,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("gauge", &self.gauge).finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the data directory, rebuilds the ledger from the journal, and starts the threads. Must be called on
    /// the runtime that will call the engine.
    ///
    /// # Errors
    /// What stands in the way, see [`OpenError::reason`].
    pub fn open(
        options: &EngineOptions,
        entropy: [u8; 32],
        progress: &mut dyn FnMut(StartProgress),
    ) -> Result<OpenedEngine, OpenError> {
        let data = DataDir::open(&options.data)?;
        let epoch_least = check_may_serve(&RealDisk, data.path())?;
        let path = || options.data.clone();
        match (data.is_fork()?, options.fork) {
            (true, false) => return Err(OpenError::Fork { path: path() }),
            (false, true) => return Err(OpenError::NotFork { path: path() }),
            _ => {}
        }
        let clock = Clock::start();
        let places = Places::of(&data);
        let start_options = start_options(options, entropy, epoch_least, &places, clock)?;
        // Without snapshots a start takes longer, and that is all.
        let store = SledStore::open(&places.snapshots)
            .inspect_err(|error| tracing::error!(%error, "there are no snapshots"))
            .ok();
        let known = store.as_ref().map(|store| -> &dyn SnapshotStore { store });
        let started = start(&RealDisk, &places, known, &start_options, progress)?;
        let Started { writer, reader, recovery, ledger, directory, sealer, .. } = started;
        let start = started.figures;
        if let Some(manifest) = &started.snapshot {
            let (snapshot, sequence) = (manifest.generation(), manifest.head_sequence());
            tracing::info!(snapshot, sequence, "replayed from a snapshot on");
        }

        let gauge = Arc::new(Gauge::new(writer.room()));
        gauge.publish(&writer.status());
        let frame_bytes_max = frame_bytes_max(options.segment_bytes);
        let watch = ClockWatch::new(options.accept_clock);
        let mut core = Core::new(ledger, watch, Arc::clone(&gauge), frame_bytes_max)
            .keeping_ids(ids_kept_max(options.segment_bytes));
        drop(core.ids_sealed(sealer.ids().set()));
        let preparer = writer.spare_preparer();
        let feed = Feed::new(directory, recovery.last_sequence);
        let committer = Committer::new(writer, Arc::clone(&gauge), frame_bytes_max)
            .publishing(Arc::clone(&feed));

        let (work, works) = crossbeam_channel::bounded(queue_steps(options.limits));
        let (partition, system) = start_partition(Partition::new(core, clock, work.clone()));
        let readers = start_readers(&reader, sealer.ids(), &partition);
        let taker = || Taker {
            identity: SnapshotIdentity { lineage: recovery.lineage, partition: 0 },
            ledger: Visitor(partition.clone()),
            gauge: Arc::clone(&gauge),
            clock,
        };
        let archive_gauge = Arc::new(ArchiveGauge::default());
        let archiving =
            start_archiving(&options.archive, &places, &sealer, &reader, taker(), &archive_gauge);
        let archive = sealer.archive().clone();
        let (ids, beside) = (sealer.ids().clone(), Arc::new(BesideGauge::default()));
        let sealing = start_sealing(sealer, &gauge, Arc::clone(&beside), &partition);
        let keeper = store.map(|store| {
            let seen = started.snapshot.as_ref().map_or(0, Manifest::head_sequence);
            let behind = (seen, replayed_bytes(&recovery, seen));
            let beside = Arc::clone(&beside);
            start_keeper(Keeper::new(Box::new(store), options.snapshots, taker(), beside, behind))
        });
        let spare_wanted = start_spare_thread(preparer, &gauge, work);
        let (replies, syncs) = mpsc::unbounded_channel();
        let outlet = EdgeOutlet { replies, readers, sealing, partition: partition.clone() };
        let run = move || journal::run(committer, &works, outlet, &spare_wanted);
        spawn("florin-journal", move || or_abort("the journal could not be written", run()));
        tokio::spawn(pump(syncs));
        let admission = Admission::new(options.limits);
        let (dispatcher, flush) = Dispatcher::new(admission, partition.clone());
        tokio::spawn(flush);
        let engine = Self {
            dispatcher,
            gauge,
            feed,
            reader,
            frame_bytes_max,
            partition,
            ids,
            beside,
            start,
            system,
            at_the_fence: Arc::default(),
            snapshots: keeper,
            archive,
            archive_gauge,
            archiving,
        };
        Ok(OpenedEngine { engine, recovery, data, start })
    }

    /// Asks, and waits for the answer: for whatever it rests on to be on disk.
    pub async fn call(&self, command: Command) -> Answer {
        self.dispatcher.call(command).await
    }

    /// As [`Self::call`], in two steps: what is begun is queued at once, in the order of the calls.
    ///
    /// # Errors
    /// It was not admitted; the command comes back.
    pub fn begin(&self, command: Command) -> Result<Begun, (Unavailable, Box<Command>)> {
        self.dispatcher.begin(command)
    }

    /// What a command may [weigh](crate::admit::weigh) to fit one commit, bytes.
    pub fn commit_bytes_max(&self) -> u64 {
        self.gauge.segment_room_bytes().min(self.frame_bytes_max)
    }

    /// Who keeps snapshots; `None` if their folder could not be opened.
    pub const fn snapshots(&self) -> Option<&Sender<Ask>> {
        self.snapshots.as_ref()
    }

    /// The archive. As a disk, the journal with what was archived of it.
    pub const fn archive(&self) -> &Archive<RealDisk> {
        &self.archive
    }

    /// Figures of the archive.
    pub fn archive_figures(&self) -> ArchiveFigures {
        self.archive_gauge.figures(&self.archive)
    }

    /// Figures of the journal.
    pub fn journal_figures(&self) -> JournalFigures {
        self.gauge.figures()
    }

    /// Figures of snapshots, indexes and ids.
    pub fn beside(&self) -> BesideFigures {
        self.beside.figures(&self.ids, self.start)
    }

    /// What is published: the feed, and the directory of accounts and payments.
    pub const fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// Reads the journal, without the partition.
    pub const fn journal(&self) -> &JournalReader<RealDisk> {
        &self.reader
    }

    /// Figures of the ledger, past the door: they are wanted most when it is full. `None` once the engine
    /// has stopped. The caller sees to it that few of these are under way.
    /// Of an engine that was fenced: as they were then.
    pub async fn figures(&self) -> Option<Figures> {
        if let Some(figures) = self.at_the_fence.get() {
            return Some(figures.clone());
        }
        match self.dispatcher.force(Command::GetFigures).await {
            Answer::Figures(figures) => Some(figures),
            _ => None,
        }
    }

    /// Looks at the ledger between two batches, past the door. What is seen may not be durable yet, and everybody
    /// waits while it is looked at. `None` once the engine has stopped.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Ledger) -> T + Send + 'static,
    ) -> Option<T> {
        let (to, answer) = oneshot::channel();
        // An error means that nobody wants to know any more.
        self.partition.do_send(Look(Box::new(move |ledger| drop(to.send(look(ledger))))));
        answer.await.ok()
    }

    /// What the journal and the partition publish while they run.
    pub fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    /// The door.
    pub fn admission(&self) -> &Admission {
        self.dispatcher.admission()
    }

    /// Another server has taken over: takes nothing more, for good, waits until everything that was taken is answered, and
    /// stops the partition, so that nothing falls due either. What is durable can still be shipped. Who subscribes gets what
    /// is published, and the end.
    ///
    /// Gives the last durable event: there is none after it. `None` if the disk was too slow for that: all of the above is
    /// done, and it can be asked again how far that gets.
    pub async fn fence(&self) -> Option<Sequence> {
        self.admission().fence();
        if let Some(archiving) = &self.archiving {
            // The journal is another's from now on, and so is its archive. An error means that it was told before.
            let _ = archiving.try_send(());
        }
        let until = Instant::now() + DRAIN_MAX;
        let mut is_drained = self.wait_for_answers().await;
        // Behind everything that was decided, what fell due included: its answer comes when all of that is durable.
        let left = until.saturating_duration_since(Instant::now());
        let asked = tokio::time::timeout(left, self.dispatcher.force(Command::GetFigures)).await;
        is_drained &= asked.is_ok();
        if let Ok(Answer::Figures(figures)) = asked {
            let _ = self.at_the_fence.set(figures); // asked again, it has stopped
        }
        self.system.stop();
        // What fell due in the last moment is under way to the disk.
        let mut last = self.reader.durable_through();
        loop {
            tokio::time::sleep(SETTLED).await;
            let now = self.reader.durable_through();
            if now == last && (!self.gauge.is_anything_outstanding() || Instant::now() > until) {
                break;
            }
            last = now;
        }
        self.feed.close(End::Fenced);
        let is_drained = is_drained && !self.gauge.is_anything_outstanding();
        is_drained.then_some(last)
    }

    /// Takes nothing more, waits until everything that was taken is answered, journals the digest of
    /// the state, and stops the partition.
    pub async fn drain(&self) {
        if self.admission().is_fenced() {
            return; // it has stopped, and its journal gets nothing more
        }
        self.admission().close();
        if !self.wait_for_answers().await {
            return;
        }
        let digest = self.dispatcher.force(Command::TakeDigest);
        if tokio::time::timeout(DRAIN_MAX, digest).await.is_err() {
            tracing::warn!("stopped without a digest of the state: no room for it");
        }
        self.system.stop();
    }

    /// Waits until everything that was admitted is answered; whether it is.
    async fn wait_for_answers(&self) -> bool {
        let began = Instant::now();
        while self.admission().in_flight() > 0 {
            if began.elapsed() > DRAIN_MAX {
                let in_flight = self.admission().in_flight();
                tracing::warn!(
                    in_flight,
                    "stopped without waiting for the rest: it is not answered"
                );
                return false;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        true
    }
}

/// Steps of the partition that can be under way: one for each request at most, and one to spare.
fn queue_steps(limits: AdmissionLimits) -> usize {
    usize::try_from(limits.requests).unwrap_or(usize::MAX).saturating_mul(2).clamp(64, 1 << 20)
}

/// Starts the actor on an arbiter of its own.
fn start_partition(partition: Partition<Port>) -> (Addr<Partition<Port>>, System) {
    let (started, starting) = crossbeam_channel::bounded(1);
    spawn("florin-system", move || {
        let runner = System::new();
        runner.block_on(async {
            let arbiter = Arbiter::new();
            let addr = Partition::start_in_arbiter(&arbiter.handle(), |_| partition);
            let _ = started.send((addr, System::current()));
        });
        let _ = runner.run();
    });
    starting.recv().expect("the actor system starts, or the process has ended")
}

fn start_options(
    options: &EngineOptions,
    entropy: [u8; 32],
    epoch_least: u64,
    places: &Places,
    clock: Clock,
) -> Result<StartOptions, OpenError> {
    Ok(StartOptions {
        journal: JournalOptions {
            partition: 0,
            segment_bytes: options.segment_bytes,
            cut_damaged_tail: options.cut_damaged_tail,
            epoch_least,
            entropy,
            now_ns: clock.now().wall_ns,
        },
        ids: IdOptions {
            partition: 0,
            filter_bytes_max: options.id_filter_bytes,
            shard_entries: ID_SHARD_ENTRIES_DEFAULT,
            entropy: *entropy.last_chunk().unwrap_or(&[0; 8]),
        },
        seed: entropy.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)),
        id_generation: id_generation_len(options.segment_bytes),
        archive: archive_place(&options.archive, places)?,
    })
}

/// Most ids in memory: some generations, or what a few segments hold where those are larger. Writes wait beyond.
fn ids_kept_max(segment_bytes: u64) -> usize {
    let in_segment = usize::try_from(segment_bytes / RECORD_BYTES_MIN).unwrap_or(usize::MAX);
    (8 * id_generation_len(segment_bytes)).max(in_segment.saturating_mul(3))
}

/// Bytes of journal that come after an event: about as large a part of them as of the events.
fn replayed_bytes(recovery: &Recovery, seen: u64) -> u64 {
    let behind = u128::from(recovery.last_sequence.saturating_sub(seen));
    let bytes =
        u128::from(recovery.found.bytes) * behind / u128::from(recovery.last_sequence.max(1));
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Asks the partition for looks at its ledger.
struct Visitor(Addr<Partition<Port>>);

impl Looking for Visitor {
    fn look(&self, look: Box<dyn FnOnce(&Ledger) + Send>) {
        self.0.do_send(Look(look));
    }
}

fn start_keeper(keeper: Keeper<Visitor>) -> Sender<Ask> {
    let (ask, asks) = crossbeam_channel::unbounded();
    spawn("florin-snapshot", move || keeper.run(&asks));
    ask
}

/// Starts the thread that makes what lies beside segments that are over.
fn start_sealing<D: Disk>(
    sealer: Sealer<D>,
    gauge: &Arc<Gauge>,
    beside: Arc<BesideGauge>,
    partition: &Addr<Partition<Port>>,
) -> Sender<Sealing> {
    let (sender, work) = crossbeam_channel::unbounded();
    let (partition, to) = (partition.clone(), sender.clone());
    let gauge = Arc::clone(gauge);
    let mut tell = move |told| match told {
        Told::Sealed(ids) => {
            gauge.set_sealing_stuck(false);
            partition.do_send(IdsSealed { sealed: ids, to: to.clone() });
        }
        Told::Stuck => {
            gauge.set_sealing_stuck(true);
            partition.do_send(Retry);
        }
    };
    let run = move || seal::run(sealer, &work, &beside, &mut tell);
    spawn("florin-sealing", move || or_abort("the ids of a segment could not be written", run()));
    let _ = sender.send(Sealing::Look);
    sender
}

/// Starts the readers of the `load` stage: those of what is here, and one for what was archived, which may be far away.
fn start_readers<D: Disk>(
    reader: &JournalReader<D>,
    ids: &IdRuns<D>,
    partition: &Addr<Partition<Port>>,
) -> Sender<Parked<Port>> {
    let (archived, from_archive) = crossbeam_channel::bounded::<Parked<Port>>(ARCHIVED_LOADS_MAX);
    {
        let (reader, ids, partition) = (reader.clone(), ids.clone(), partition.clone());
        spawn("florin-reader-a", move || {
            for parked in from_archive {
                partition.do_send(Resume(vec![load(&reader, &ids, parked)]));
            }
        });
    }
    let (sender, receiver) = crossbeam_channel::unbounded::<Parked<Port>>();
    for number in 0..READERS {
        let (reader, ids) = (reader.clone(), ids.clone());
        let (receiver, partition) = (receiver.clone(), partition.clone());
        let archived = archived.clone();
        spawn(&format!("florin-reader-{number}"), move || {
            for parked in receiver {
                let loaded = load_here(&reader, &ids, parked);
                let loaded = loaded.or_else(|parked| match archived.try_send(*parked) {
                    Ok(()) => Err(()),
                    Err(error) => Ok(refuse(error.into_inner())),
                });
                if let Ok(loaded) = loaded {
                    partition.do_send(Resume(vec![loaded]));
                }
            }
        });
    }
    sender
}

/// Starts the thread that makes segments ahead.
fn start_spare_thread<D: Disk>(
    preparer: SparePreparer<D>,
    gauge: &Arc<Gauge>,
    journal: Sender<Work<Port>>,
) -> Sender<()> {
    let (wanted, wants) = crossbeam_channel::bounded(1);
    let gauge = Arc::clone(gauge);
    let run = move || spare::run(&preparer, &wants, &gauge, &journal);
    spawn("florin-spare", move || or_abort("the next segment could not be made", run()));
    let _ = wanted.try_send(()); // the first one, right away
    wanted
}

/// From the journal thread to the edge, the readers and the partition.
struct EdgeOutlet {
    replies: mpsc::UnboundedSender<Vec<(Port, Answer)>>,
    readers: Sender<Parked<Port>>,
    sealing: Sender<Sealing>,
    partition: Addr<Partition<Port>>,
}

impl Outlet<Port> for EdgeOutlet {
    fn reply(&mut self, replies: Vec<(Port, Answer)>) {
        let _ = self.replies.send(replies); // an error means that the edge has stopped: nobody waits
    }

    fn load(&mut self, parked: Vec<Parked<Port>>) {
        for parked in parked {
            let _ = self.readers.send(parked);
        }
    }

    fn retry(&mut self) {
        self.partition.do_send(Retry);
    }

    fn sealed(&mut self) {
        let _ = self.sealing.send(Sealing::Look);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .expect("the system has room for a handful of threads");
}

/// One way down: whoever cannot write ends the process, and opening it again recovers.
fn or_abort<E: std::fmt::Display>(what: &str, result: Result<(), E>) {
    if let Err(error) = result {
        tracing::error!(%error, "{what}: the process ends, and recovers when it is started again");
        std::process::abort();
    }
}
