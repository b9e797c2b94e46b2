//! The partition: single writer of its accounts, and the unit of order.
//!
//! [`Core`] is the whole of it, a plain struct that is stepped: it knows no thread and no clock, so the simulator
//! runs the same code. [`Partition`] is the actix actor around it, on an arbiter (a thread) of its own.

mod core;
mod entry;
mod explain;

use actix::{Actor, Context, Handler, Message};
use crossbeam_channel::Sender;

pub use self::core::Core;
pub use self::entry::{Entry, Next, Parked, Request, Stage};
use crate::engine::Clock;
use crate::journal::Work;
use crate::load::Loaded;

/// The actor.
pub struct Partition<P: Send + Unpin + 'static> {
    core: Core<P>,
    clock: Clock,
    journal: Sender<Work<P>>,
}

/// Requests from the edge, gathered.
pub struct Submit<P: Send>(pub Vec<Request<P>>);

/// Requests whose records were read.
pub struct Resume<P: Send>(pub Vec<Loaded<P>>);

/// There may be room again for what had to wait.
pub struct Retry;

impl<P: Send> Message for Submit<P> {
    type Result = ();
}

impl<P: Send> Message for Resume<P> {
    type Result = ();
}

impl Message for Retry {
    type Result = ();
}

impl<P: Send + Unpin + 'static> Partition<P> {
    /// An actor around a recovered core.
    pub const fn new(core: Core<P>, clock: Clock, journal: Sender<Work<P>>) -> Self {
        Self { core, clock, journal }
    }

    /// Hands what was decided to the journal thread, in order.
    fn journal(&self, entries: Vec<Entry<P>>, was_waiting: bool) {
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

    fn send(&self, work: Work<P>) {
        if self.journal.send(work).is_err() {
            tracing::error!("the journal has stopped: nothing can be decided any more");
        }
    }
}

impl<P: Send + Unpin + 'static> Actor for Partition<P> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        // Nothing is ever refused here: admission has weighed it.
        context.set_mailbox_capacity(usize::MAX >> 4);
    }
}

impl<P: Send + Unpin + 'static> Handler<Submit<P>> for Partition<P> {
    type Result = ();

    fn handle(&mut self, Submit(requests): Submit<P>, _: &mut Self::Context) {
        let was_waiting = self.core.is_waiting();
        let entries = self.core.step(requests, self.clock.now_ns());
        self.journal(entries, was_waiting);
    }
}

impl<P: Send + Unpin + 'static> Handler<Resume<P>> for Partition<P> {
    type Result = ();

    fn handle(&mut self, Resume(loaded): Resume<P>, _: &mut Self::Context) {
        let was_waiting = self.core.is_waiting();
        let entries = self.core.resume(loaded, self.clock.now_ns());
        self.journal(entries, was_waiting);
    }
}

impl<P: Send + Unpin + 'static> Handler<Retry> for Partition<P> {
    type Result = ();

    fn handle(&mut self, _: Retry, _: &mut Self::Context) {
        let was_waiting = self.core.is_waiting();
        let entries = self.core.step(Vec::new(), self.clock.now_ns());
        self.journal(entries, was_waiting);
    }
}
