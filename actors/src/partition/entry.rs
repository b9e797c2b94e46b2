//! What goes through a partition: a request in, entries for the journal out.

use std::ops::Range;
use std::sync::Arc;

use florin_engine::{BatchOutcome, Event, Past, Sequence};
use florin_persistence::IdKey;

use crate::command::{Answer, Command, FoundHold, Unavailable};
use crate::sealed_ids::LookedUp;

/// A command and where its answer goes. What a port is, the core does not know.
#[derive(Debug)]
pub struct Request<P> {
    /// What is asked.
    pub command: Command,
    /// Who asks.
    pub port: P,
}

/// What goes to the journal, in order: events, and what is to happen once they and all before are on disk.
#[derive(Debug)]
pub struct Entry<P> {
    /// Events of a submission; shared with its answer.
    pub events: Arc<Vec<Event>>,
    /// Those of them that this entry is about.
    pub range: Range<usize>,
    /// What was set aside for them.
    pub weight_bytes: u64,
    /// What then.
    pub next: Next<P>,
}

/// What follows once an entry is on disk.
#[derive(Debug)]
pub enum Next<P> {
    /// Nothing: more of the same submission follows.
    Nothing,
    /// An answer.
    Reply(P, Answer),
    /// Records are read, and the request comes back with them.
    Load(Parked<P>),
}

/// A request that waits for records.
#[derive(Debug)]
pub struct Parked<P> {
    /// The request.
    pub request: Request<P>,
    /// Where it goes on.
    pub stage: Stage,
    /// Records that it needs.
    pub needs: Vec<Sequence>,
    /// Ids to look up on disk.
    pub ids: Vec<IdKey>,
}

/// What a request rests on that was not in memory.
#[derive(Debug, Default)]
pub struct Basis {
    /// For the rules.
    pub past: Past,
    /// What the disk says of its ids.
    pub looked_up: LookedUp,
    /// The others were not used up to this event, or are in memory.
    pub asked_through: Sequence,
}

/// Where a parked request goes on.
#[derive(Debug)]
pub enum Stage {
    /// Nothing is decided yet: old ids, or the originals of its reversals, were missing. All of its ids were asked for among
    /// those used up to this event; of those that are to be looked up, nothing is known.
    Decide(Sequence),
    /// It is decided; what its known ids were first used for is still to be told.
    Explain(Arc<Vec<Event>>, BatchOutcome),
    /// A reading of transfers: where each of them stands, as far as that is in memory.
    Find(Vec<Option<Sequence>>),
    /// A reading of payments: as they are. How they were created is still to be told.
    Payments(Vec<Option<FoundHold>>),
}

impl<P> Entry<P> {
    pub(super) fn new(events: Arc<Vec<Event>>, next: Next<P>) -> Self {
        let range = 0..events.len();
        Self { events, range, weight_bytes: 0, next }
    }

    pub(super) fn reply(port: P, answer: Answer) -> Self {
        Self::new(Arc::default(), Next::Reply(port, answer))
    }

    pub(super) fn unavailable(port: P, why: Unavailable) -> Self {
        Self::reply(port, Answer::Unavailable(why))
    }

    pub(super) fn load(parked: Parked<P>) -> Self {
        Self::new(Arc::default(), Next::Load(parked))
    }

    /// Where its answer goes, or will go.
    pub(crate) const fn port_mut(&mut self) -> Option<&mut P> {
        match &mut self.next {
            Next::Nothing => None,
            Next::Reply(port, _) => Some(port),
            Next::Load(parked) => Some(&mut parked.request.port),
        }
    }

    /// The events that this entry is about.
    pub fn events(&self) -> &[Event] {
        &self.events[self.range.clone()]
    }
}
