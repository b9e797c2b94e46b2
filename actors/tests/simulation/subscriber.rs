//! A subscriber of the feed: it reads what is durable, at its own pace, and goes on where it was after whatever
//! happens to the node.

use std::fmt;

use florin_engine::{Event, Sequence};
use florin_persistence::Disk;

use crate::invariants::{Invariant, Verdict, require};
use crate::node::{Node, Unread};

/// What it has read.
#[derive(Debug, Clone, Default)]
pub struct Subscriber {
    seen: Vec<Event>,
}

/// What became of a reading.
#[derive(Debug)]
pub enum Read {
    Events(usize),
    /// The disk or the archive did not let it.
    Failed(Unread),
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events(count) => write!(f, "has read {count} events"),
            Self::Failed(unread) => write!(f, "could not read: {}", unread.what),
        }
    }
}

impl Subscriber {
    fn next(&self) -> Sequence {
        self.seen.len() as u64 + 1
    }

    pub fn has_more<D: Disk>(&self, node: &Node<D>) -> bool {
        node.reader().durable_through() >= self.next()
    }

    /// Reads on.
    pub fn read<D: Disk>(&mut self, node: &Node<D>, most: u64) -> Read {
        let durable = node.reader().durable_through();
        let last = durable.min(self.next() + most - 1);
        let sequences: Vec<Sequence> = (self.next()..=last).collect();
        match node.reader().read_many(&sequences) {
            Ok(events) => {
                let count = events.len();
                self.seen.extend(events);
                Read::Events(count)
            }
            Err(error) => {
                let may_be_archived = self.next() <= node.reader().archived_through();
                Read::Failed(Unread { what: error.to_string(), may_be_archived })
            }
        }
    }

    /// It goes on from an earlier event, of a history that has gone on from there.
    pub fn roll_back(&mut self, last: Sequence) {
        self.seen.truncate(usize::try_from(last).unwrap_or(usize::MAX));
    }

    /// I11: what it was told is what the journal holds, from the first event on, without a gap.
    pub fn check(&self, events: &[Event]) -> Verdict {
        require(self.seen.len() <= events.len(), Invariant::FeedIsTheJournal, || {
            format!("it was told {} events, the journal has {}", self.seen.len(), events.len())
        })?;
        let differs = self.seen.iter().zip(events).find(|(seen, event)| seen != event);
        require(differs.is_none(), Invariant::FeedIsTheJournal, || format!("{differs:?}"))
    }
}
