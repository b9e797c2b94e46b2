//! The partition: single writer of its accounts, and the unit of order.
//!
//! [`Core`] is the whole of it, a plain struct that is stepped: it knows no thread and no clock, so the simulator
//! runs the same code. [`Partition`] is the actix actor around it, on an arbiter (a thread) of its own.

mod core;
mod due;
mod entry;
mod explain;

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message};
use crossbeam_channel::Sender;
use florin_engine::Ledger;

pub use self::core::Core;
pub use self::entry::{Basis, Entry, Next, Parked, Request, Stage};
use crate::clock::Clock;
use crate::journal::Work;
use crate::load::Loaded;
use crate::seal::Sealing;
use crate::sealed_ids::SealedIds;
use crate::trace::{Station, Traced, mark_all};

/// The actor.
pub struct Partition<P: Send + Unpin + 'static> {
    core: Core<P>,
    clock: Clock,
    journal: Sender<Work<P>>,
    /// For what the next wake-up was ordered: ns since 1970 by the trusted clock, 0 = at once.
    woken_for_ns: Option<u64>,
}

/// How long the partition sleeps at most while something is going to fall due: the wall clock may be set meanwhile.
const SLEEP_MAX: Duration = Duration::from_millis(500);

/// Requests from the edge, gathered.
pub struct Submit<P: Send>(pub Vec<Request<P>>);

/// Requests whose records were read.
pub struct Resume<P: Send>(pub Vec<Loaded<P>>);

/// There may be room again for what had to wait.
pub struct Retry;

/// Asks for a look at the ledger between two batches. What is seen may not be durable yet; it has to be quick.
pub struct Look(pub Box<dyn FnOnce(&Ledger) + Send>);

/// Ids of sealed segments are found here from now on.
pub struct IdsSealed {
    /// Where.
    pub sealed: Arc<dyn SealedIds>,
    /// Where those go that are forgotten, to be dropped.
    pub to: Sender<Sealing>,
}

/// Something may have fallen due.
struct Wake;

impl Message for Look {
    type Result = ();
}

impl Message for IdsSealed {
    type Result = ();
}

impl<P: Send> Message for Submit<P> {
    type Result = ();
}

impl<P: Send> Message for Resume<P> {
    type Result = ();
}

impl Message for Retry {
    type Result = ();
}

impl Message for Wake {
    type Result = ();
}

impl<P: Traced + Send + Unpin + 'static> Partition<P> {
    /// An actor around a recovered core.
    pub const fn new(core: Core<P>, clock: Clock, journal: Sender<Work<P>>) -> Self {
        Self { core, clock, journal, woken_for_ns: None }
    }

    /// Hands what was decided to the journal thread, in order.
    fn journal(&self, mut entries: Vec<Entry<P>>, was_waiting: bool) {
        mark_all(entries.iter_mut().filter_map(Entry::port_mut), Station::Decide);
        // The queue holds a step for each admitted request, so this never waits; and when the journal
        // thread has ended, so does the process.
        if !entries.is_empty() {
            self.send(Work::Entries(entries));
        }
        // The journal thread looks for those who wait after each commit. The last one may have been before
        // it could see them.
        if !was_waiting && self.core.is_waiting() {
            self.send(Work::LookAtRoom);
        }
    }

    fn step_alone(&mut self, context: &mut Context<Self>) {
        let was_waiting = self.core.is_waiting();
        let entries = self.core.step(Vec::new(), self.clock.now());
        self.journal(entries, was_waiting);
        self.sleep(context);
    }

    /// Orders the next wake-up, unless it was ordered.
    fn sleep(&mut self, context: &mut Context<Self>) {
        let Some(due_in_ns) = self.core.due_in_ns() else { return };
        let due_ns =
            if due_in_ns == 0 { 0 } else { self.core.trusted_ns().saturating_add(due_in_ns) };
        // One that comes earlier than needed only looks, and orders the next.
        if self.woken_for_ns.is_some_and(|ordered_ns| ordered_ns <= due_ns) {
            return;
        }
        self.woken_for_ns = Some(due_ns);
        if due_in_ns == 0 {
            context.notify(Wake);
        } else {
            context.notify_later(Wake, Duration::from_nanos(due_in_ns).min(SLEEP_MAX));
        }
    }

    fn send(&self, work: Work<P>) {
        if self.journal.send(work).is_err() {
            tracing::error!("the journal has stopped: nothing can be decided any more");
        }
    }
}

impl<P: Traced + Send + Unpin + 'static> Actor for Partition<P> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        // Nothing is ever refused here: admission has weighed it.
        context.set_mailbox_capacity(usize::MAX >> 4);
        // What fell due while the engine was off.
        context.notify(Wake);
    }
}

impl<P: Traced + Send + Unpin + 'static> Handler<Submit<P>> for Partition<P> {
    type Result = ();

    fn handle(&mut self, Submit(mut requests): Submit<P>, context: &mut Self::Context) {
        mark_all(requests.iter_mut().map(|request| &mut request.port), Station::Queue);
        let was_waiting = self.core.is_waiting();
        let entries = self.core.step(requests, self.clock.now());
        self.journal(entries, was_waiting);
        self.sleep(context);
    }
}

impl<P: Traced + Send + Unpin + 'static> Handler<Resume<P>> for Partition<P> {
    type Result = ();

    fn handle(&mut self, Resume(mut loaded): Resume<P>, context: &mut Self::Context) {
        let ports = loaded.iter_mut().map(|loaded| &mut loaded.parked.request.port);
        mark_all(ports, Station::Load);
        let was_waiting = self.core.is_waiting();
        let entries = self.core.resume(loaded, self.clock.now());
        self.journal(entries, was_waiting);
        self.sleep(context);
    }
}

impl<P: Traced + Send + Unpin + 'static> Handler<Look> for Partition<P> {
    type Result = ();

    fn handle(&mut self, Look(look): Look, _: &mut Self::Context) {
        look(self.core.ledger());
    }
}

impl<P: Traced + Send + Unpin + 'static> Handler<IdsSealed> for Partition<P> {
    type Result = ();

    fn handle(&mut self, IdsSealed { sealed, to }: IdsSealed, context: &mut Self::Context) {
        let forgotten = self.core.ids_sealed(sealed);
        // What waits may have waited for this.
        if self.core.is_waiting() {
            self.step_alone(context);
        }
        let _ = to.send(Sealing::Drop(forgotten)); // an error means that the engine stops
    }
}

impl<P: Traced + Send + Unpin + 'static> Handler<Retry> for Partition<P> {
    type Result = ();

    fn handle(&mut self, _: Retry, context: &mut Self::Context) {
        self.step_alone(context);
    }
}

impl<P: Traced + Send + Unpin + 'static> Handler<Wake> for Partition<P> {
    type Result = ();

    fn handle(&mut self, _: Wake, context: &mut Self::Context) {
        self.woken_for_ns = None;
        self.step_alone(context);
    }
}
