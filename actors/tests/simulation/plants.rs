//! Bugs that are planted to see whether the simulator finds them. None of this is in the engine.

use std::sync::Arc;

use florin_actors::command::{Answer, Explained};
use florin_actors::partition::{Entry, Next};
use florin_actors::sealed_ids::SealedIds;
use florin_engine::{Body, Event, GroupPlace, Sequence};
use florin_persistence::{Disk, IdKey, IdSet};

use crate::clients::Port;

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// None: everything must hold.
    None,
    /// Answers go out when their events are queued, before the sync.
    AnswerBeforeSync,
    /// A sync that failed is tried again, and its success believed. See
    /// [`ProcessDisk`](crate::process::ProcessDisk).
    RetriedSync,
    /// The members of a group go to the journal in two frames.
    SplitGroup,
    /// A snapshot counts before the journal is durable through what it has seen.
    SnapshotEarly,
    /// Ids are forgotten before they are found elsewhere.
    IdsForgottenEarly,
}

impl Plant {
    pub const ALL: [Self; 5] = [
        Self::AnswerBeforeSync,
        Self::RetriedSync,
        Self::SplitGroup,
        Self::SnapshotEarly,
        Self::IdsForgottenEarly,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::AnswerBeforeSync => "answer before sync",
            Self::RetriedSync => "sync retried after failure",
            Self::SplitGroup => "group split by a crash",
            Self::SnapshotEarly => "snapshot published early",
            Self::IdsForgottenEarly => "ids forgotten early",
        }
    }
}

/// A set of ids that says to hold more than it does.
pub struct Boasting<D: Disk>(pub Arc<IdSet<D>>);

impl<D: Disk> SealedIds for Boasting<D> {
    fn through(&self) -> Sequence {
        self.0.through() + 150
    }

    fn may_hold(&self, keys: &[IdKey], places: &mut Vec<usize>) {
        self.0.may_hold_any(keys, places);
    }
}

/// Takes an answer out of an entry that is only queued.
pub fn take_answer(entry: &mut Entry<Port>) -> Option<(Port, Answer)> {
    match std::mem::replace(&mut entry.next, Next::Nothing) {
        Next::Reply(port, answer) => Some((port, answer)),
        next => {
            entry.next = next;
            None
        }
    }
}

/// Cuts the entry of a posted group in two.
///
/// The journal's writer refuses to split what is marked as a group. So the second half loses its marks, as if
/// somebody had thought that they were independent: in the journal and in the answer alike, so that
/// nothing but a crash between the two frames tells.
pub fn split_group(mut entry: Entry<Port>) -> (Entry<Port>, Option<Entry<Port>>) {
    let len = entry.range.len();
    let is_group =
        |event: &Event| matches!(&event.body, Body::TransferPosted(p) if p.group.len > 1);
    if !entry.events().first().is_some_and(is_group) {
        return (entry, None);
    }
    let half = len / 2;
    let mut events = Vec::clone(&entry.events);
    for (index, event) in (0..).zip(&mut events) {
        if let Body::TransferPosted(posted) = &mut event.body {
            let in_first = usize::from(index) < half;
            let len = u16::try_from(half).expect("less than a group");
            posted.group = if in_first { GroupPlace { index, len } } else { GroupPlace::default() };
        }
    }
    entry.events = Arc::new(events);
    if let Next::Reply(_, Answer::Transfers(answer)) = &mut entry.next {
        answer.events = Arc::clone(&entry.events);
    }
    let first = Entry {
        events: Arc::clone(&entry.events),
        range: 0..half,
        weight_bytes: 0,
        next: Next::Nothing,
    };
    entry.range.start = half;
    (first, Some(entry))
}

/// Whether this is the first half of a split group.
pub fn is_first_half(entry: &Entry<Port>) -> bool {
    entry.weight_bytes == 0 && !entry.range.is_empty()
}

/// Whether an answer shows that marks were taken off a group, without any crash. That is the harness's
/// doing and not the bug's, so nobody gets to see it.
pub fn shows_marks(answer: &Answer) -> bool {
    matches!(answer, Answer::Transfers(answer) if matches!(answer.explained, Explained::Group(_)))
}
