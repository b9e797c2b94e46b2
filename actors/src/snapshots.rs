//! Takes snapshots while the partition runs: when it is asked to, and by itself after so many bytes of journal or so much
//! time. A thread of its own writes them; the partition copies a piece between two batches and goes on.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use florin_engine::{Ledger, Sequence};
use florin_persistence::snapshot::{
    Draft, Listed, Manifest, SnapshotError, SnapshotIdentity, SnapshotStore, TakeProgress, Taking,
};

use crate::beside::BesideGauge;
use crate::clock::Clock;
use crate::publish::Gauge;

/// Whole generations that are kept.
pub const GENERATIONS: usize = 2;
/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether the journal has come as far as what was copied.
const DURABLE_EVERY: Duration = Duration::from_millis(2);
/// For each moment that a piece takes, so many are left to those who pay.
const REST: u32 = 7;

/// When snapshots are taken without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SnapshotOptions {
    /// After so many bytes of journal; 0 = never.
    pub every_journal_bytes: u64,
    /// After so long, if something happened; zero = never.
    pub every: Duration,
}

/// What is asked of the keeper.
pub enum Ask {
    /// A snapshot now. Progress goes here, and in the end what came of it.
    Take(Sender<Step>),
    /// Those that there are.
    List(Sender<Result<Vec<Listed>, SnapshotError>>),
    /// One less; whether it was there.
    Delete(u64, Sender<Result<bool, SnapshotError>>),
}

/// How a snapshot comes along.
#[derive(Debug)]
pub enum Step {
    /// It is being written.
    Progress(TakeProgress),
    /// It is whole.
    Done(Box<Listed>),
    /// It could not be taken; nothing is left of it.
    Failed(SnapshotError),
}

/// Lets somebody look at the ledger between two batches.
pub trait Looking: Send {
    /// Asks; `look` is called once, soon, or dropped if the engine stops.
    fn look(&self, look: Box<dyn FnOnce(&Ledger) + Send>);
}

/// Keeps the snapshots of a partition.
pub struct Keeper<L> {
    store: Box<dyn SnapshotStore>,
    options: SnapshotOptions,
    taker: Taker<L>,
    beside: Arc<BesideGauge>,
    last: Last,
}

/// Takes snapshots of a partition that runs.
pub struct Taker<L> {
    /// Which history of which partition.
    pub identity: SnapshotIdentity,
    /// The partition.
    pub ledger: L,
    /// How far the journal is durable.
    pub gauge: Arc<Gauge>,
    /// What time it is.
    pub clock: Clock,
}

/// Where things stood at the last snapshot, or at the start.
struct Last {
    sequence: Sequence,
    journal_bytes: u64,
    at: Instant,
}

impl<L: Looking> Keeper<L> {
    /// A keeper. `replayed_bytes`: of journal behind the newest snapshot, as of now.
    pub fn new(
        store: Box<dyn SnapshotStore>,
        options: SnapshotOptions,
        taker: Taker<L>,
        beside: Arc<BesideGauge>,
        (sequence, replayed_bytes): (Sequence, u64),
    ) -> Self {
        let journal_bytes = taker.gauge.figures().journal_bytes.saturating_sub(replayed_bytes);
        let last = Last { sequence, journal_bytes, at: Instant::now() };
        let keeper = Self { store, options, taker, beside, last };
        keeper.tell();
        keeper
    }

    /// Serves until nobody can ask any more.
    pub fn run(mut self, asks: &Receiver<Ask>) {
        let mut look_at = Instant::now() + LOOK_EVERY;
        loop {
            // Whoever asks all the time does not keep it from looking.
            if Instant::now() >= look_at {
                if self.is_due() {
                    let _ = self.take(&mut |_| ());
                }
                look_at = Instant::now() + LOOK_EVERY;
            }
            match asks.recv_deadline(look_at) {
                Ok(Ask::Take(to)) => {
                    let done = self.take(&mut |progress| drop(to.send(Step::Progress(progress))));
                    // Whoever asked may have gone: it is taken all the same.
                    let _ = to.send(match done {
                        Ok(listed) => Step::Done(Box::new(listed)),
                        Err(error) => Step::Failed(error),
                    });
                }
                Ok(Ask::List(to)) => drop(to.send(self.store.list())),
                Ok(Ask::Delete(generation, to)) => drop(to.send(self.delete(generation))),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Says which there are.
    fn tell(&self) {
        match self.store.list() {
            Ok(listed) => self.beside.snapshots(|figures| {
                figures.kept = listed.len() as u64;
                figures.newest = listed.first().map(|listed| (&listed.manifest).into());
            }),
            Err(error) => tracing::warn!(%error, "the snapshots could not be listed"),
        }
    }

    fn is_due(&self) -> bool {
        let SnapshotOptions { every_journal_bytes, every } = self.options;
        let figures = self.taker.gauge.figures();
        let bytes = figures.journal_bytes.saturating_sub(self.last.journal_bytes);
        // A recorded digest at a stop is no reason for a snapshot, nor is the start after it.
        let something_happened = figures.durable_sequence > self.last.sequence + 1;
        let by_bytes = every_journal_bytes > 0 && bytes >= every_journal_bytes;
        let by_time = !every.is_zero() && self.last.at.elapsed() >= every;
        something_happened && (by_bytes || by_time)
    }

    fn delete(&mut self, generation: u64) -> Result<bool, SnapshotError> {
        let was_there = self.store.generations()?.contains(&generation);
        if was_there {
            self.store.delete(generation)?;
            self.tell();
            tracing::info!(snapshot = generation, "a snapshot was deleted");
        }
        Ok(was_there)
    }

    /// Takes one, and drops those that are too old. If it fails, the next try is as far away as after success: a
    /// disk that is full is not written to all the time.
    fn take(&mut self, progress: &mut dyn FnMut(TakeProgress)) -> Result<Listed, SnapshotError> {
        let began = Instant::now();
        let figures = self.taker.gauge.figures();
        let taken = self.write(progress);
        (self.last.at, self.last.journal_bytes) = (Instant::now(), figures.journal_bytes);
        match &taken {
            Ok(Listed { manifest, bytes_on_disk }) => {
                self.last.sequence = manifest.head_sequence();
                tracing::info!(
                    snapshot = manifest.generation(),
                    sequence = manifest.head_sequence(),
                    accounts = manifest.accounts(),
                    bytes = bytes_on_disk,
                    seconds = began.elapsed().as_secs_f64(),
                    "a snapshot was taken"
                );
            }
            Err(error) => tracing::warn!(%error, "no snapshot: the journal has everything"),
        }
        let took = began.elapsed();
        self.beside.snapshots(|figures| match &taken {
            Ok(_) => (figures.taken, figures.last_took) = (figures.taken + 1, took),
            Err(_) => figures.failed += 1,
        });
        if let Err(error) = self.store.prune(GENERATIONS) {
            tracing::warn!(%error, "an old snapshot could not be dropped");
        }
        self.tell();
        taken
    }

    fn write(&mut self, progress: &mut dyn FnMut(TakeProgress)) -> Result<Listed, SnapshotError> {
        let manifest = self.taker.take(self.store.as_mut(), progress)?;
        self.store.look(manifest.generation())
    }
}

impl<L: Looking> Taker<L> {
    /// Takes a snapshot into a store. It is whole and durable when this returns, and the journal is durable through all
    /// that it has seen.
    ///
    /// # Errors
    /// The store failed, or the engine has stopped. Nothing is left of it then.
    pub fn take(
        &self,
        store: &mut dyn SnapshotStore,
        progress: &mut dyn FnMut(TakeProgress),
    ) -> Result<Manifest, SnapshotError> {
        let taken = self.write(&mut *store, progress);
        taken.inspect_err(|_| drop(store.abandon()))
    }

    fn write(
        &self,
        store: &mut dyn SnapshotStore,
        progress: &mut dyn FnMut(TakeProgress),
    ) -> Result<Manifest, SnapshotError> {
        let generation = store.next_generation()?;
        let head = self.ask(Ledger::head)?;
        let now_ns = self.clock.now().wall_ns;
        let mut taking = Taking::begin(store, generation, self.identity, &head, now_ns)?;
        progress(taking.progress());
        while let Some(piece) = taking.next() {
            let began = Instant::now();
            let copied = self.ask(move |ledger| piece.copy(ledger))?;
            taking.put(store, &copied)?;
            progress(taking.progress());
            thread::sleep(began.elapsed() * REST);
        }
        self.publish(&taking.finish()?, store)
    }

    /// What the pieces have seen has to be durable first: a crash may take what is not.
    fn publish(
        &self,
        draft: &Draft,
        store: &mut dyn SnapshotStore,
    ) -> Result<Manifest, SnapshotError> {
        loop {
            let durable_through = self.gauge.figures().durable_sequence;
            if durable_through >= draft.seen_through() {
                return draft.publish(store, durable_through);
            }
            thread::sleep(DURABLE_EVERY);
        }
    }

    fn ask<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Ledger) -> T + Send + 'static,
    ) -> Result<T, SnapshotError> {
        let (to, answer) = crossbeam_channel::bounded(1);
        self.ledger.look(Box::new(move |ledger| drop(to.send(look(ledger)))));
        answer.recv().map_err(|_| SnapshotError::Misused { what: "the engine has stopped" })
    }
}
