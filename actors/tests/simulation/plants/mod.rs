//! Bugs that are planted to see whether the simulator finds them. None of this is in the engine.

mod unsequenced;

use std::ops::RangeInclusive;
use std::sync::Arc;

use florin_actors::command::{Answer, Explained};
use florin_actors::load::IdReader;
use florin_actors::partition::{Entry, Next};
use florin_actors::sealed_ids::{LookedUp, SealedIds};
use florin_engine::{Body, Event, GroupPlace, Sequence};
use florin_persistence::{Disk, IdKey, IdRuns, IdSet, ReadError};

use crate::clients::Port;
use crate::process::Lie;

pub use unsequenced::Unsequenced;

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// None: everything must hold.
    None,
    /// Answers go out when their events are queued, before the sync.
    AnswerBeforeSync,
    /// A sync that failed is tried again, and its success believed.
    RetriedSync,
    /// The members of a group go to the journal in two frames.
    SplitGroup,
    /// A snapshot counts before the journal is durable through what it has seen.
    SnapshotEarly,
    /// Ids are forgotten before they are found elsewhere.
    IdsForgottenEarly,
    /// The pieces of a snapshot do not say which event they have seen last.
    ChunkWithoutSequence,
    /// A merge takes one of its runs twice and another not at all, and what it makes says to hold both.
    RunMergedTwice,
    /// A run of ids counts, and those that it was merged from go, before it is durable.
    RunEarly,
    /// The file of an archived segment goes before the marker that names it is durable.
    SegmentRetiredEarly,
    /// Segments are archived that rest on a checkpoint that is not durable.
    CheckpointEarly,
}

impl Plant {
    pub const ALL: [Self; 10] = [
        Self::AnswerBeforeSync,
        Self::RetriedSync,
        Self::SplitGroup,
        Self::SnapshotEarly,
        Self::IdsForgottenEarly,
        Self::ChunkWithoutSequence,
        Self::RunMergedTwice,
        Self::RunEarly,
        Self::SegmentRetiredEarly,
        Self::CheckpointEarly,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::AnswerBeforeSync => "answer before sync",
            Self::RetriedSync => "sync retried after failure",
            Self::SplitGroup => "group split by a crash",
            Self::SnapshotEarly => "snapshot published early",
            Self::IdsForgottenEarly => "ids forgotten early",
            Self::ChunkWithoutSequence => "chunk without sequence",
            Self::RunMergedTwice => "run merged twice",
            Self::RunEarly => "run counted before it is durable",
            Self::SegmentRetiredEarly => "segment retired too soon",
            Self::CheckpointEarly => "checkpoint counted before it is durable",
        }
    }

    /// What of it is in the disk.
    pub const fn lie(self) -> Lie {
        match self {
            Self::RetriedSync => Lie::RetriedSync,
            Self::ChunkWithoutSequence => Lie::UnsequencedChunks,
            Self::RunEarly => Lie::FilesNotSynced("ids"),
            Self::SegmentRetiredEarly => Lie::FolderNotSynced("partition-0000"),
            Self::CheckpointEarly => Lie::FilesNotSynced("checkpoint"),
            _ => Lie::None,
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

/// Runs of ids of which a merge has lost one.
#[derive(Clone)]
pub struct Doubled<D: Disk> {
    pub ids: IdRuns<D>,
    /// The events of the run that another was taken for.
    pub lost: Option<RangeInclusive<Sequence>>,
}

impl<D: Disk> IdReader for Doubled<D> {
    fn look_up(&self, keys: &[IdKey]) -> Result<LookedUp, ReadError> {
        let mut found = self.ids.look_up(keys)?;
        let is_lost = |at: &Sequence| self.lost.as_ref().is_some_and(|lost| lost.contains(at));
        found.ids.values_mut().for_each(|at| *at = at.filter(|at| !is_lost(at)));
        Ok(found)
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
    // Holds would keep their marks.
    if len == 0 || !entry.events().iter().all(is_group) {
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
