//! The journal thread: group commit without a timer. While one frame is synced the next requests gather in the
//! queue; then all that waits becomes one frame, is written and synced, and its answers go out together.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use florin_engine::Event;
use florin_persistence::{Disk, FRAME_RECORDS_MAX, JournalWriter, WriteError};

use crate::command::Answer;
use crate::directory::Directory;
use crate::feed::Feed;
use crate::partition::{Entry, Next, Parked};
use crate::publish::Gauge;
use crate::trace::{FrameSize, Station, Traced, mark_all};

/// What comes to the journal thread.
#[derive(Debug)]
pub enum Work<P> {
    /// What a step of the partition has decided.
    Entries(Vec<Entry<P>>),
    /// The next segment was made ahead, or could not be: look at the room again.
    LookAtRoom,
}

/// Where the journal thread sends what follows from a commit.
pub trait Outlet<P>: Send {
    /// Answers that may go out: to be delivered with one wake-up.
    fn reply(&mut self, replies: Vec<(P, Answer)>);
    /// Requests that need records.
    fn load(&mut self, parked: Vec<Parked<P>>);
    /// Room may have been made: what waits in the partition can be tried again.
    fn retry(&mut self);
    /// A segment is over: it can be given its index.
    fn sealed(&mut self);
}

/// The journal thread's loop. The engine's threads hold on to each other: they end with the process.
///
/// # Errors
/// The write or the sync failed. Nothing may be answered from then on: the process ends.
pub fn run<P: Traced, D: Disk>(
    mut committer: Committer<P, D>,
    work: &Receiver<Work<P>>,
    mut outlet: impl Outlet<P>,
    spare_wanted: &Sender<()>,
) -> Result<(), WriteError> {
    let mut entries = VecDeque::new();
    while let Ok(first) = work.recv() {
        let mut looked_at_room = false;
        for work in std::iter::once(first).chain(work.try_iter()) {
            match work {
                Work::Entries(more) => entries.extend(more),
                Work::LookAtRoom => looked_at_room = true,
            }
        }
        loop {
            let Committed { replies, loads, .. } = committer.commit(&mut entries)?.marked();
            if !replies.is_empty() {
                outlet.reply(replies);
            }
            if !loads.is_empty() {
                outlet.load(loads);
            }
            if committer.takes_new_segment() {
                outlet.sealed();
            }
            if committer.wants_spare() {
                let _ = spare_wanted.try_send(()); // full: it was asked for already
            }
            if entries.is_empty() {
                break;
            }
        }
        if looked_at_room || committer.gauge.is_anyone_waiting() {
            outlet.retry();
        }
    }
    Ok(())
}

/// What follows from a commit.
#[derive(Debug)]
pub struct Committed<P> {
    /// Answers that may go out now.
    pub replies: Vec<(P, Answer)>,
    /// Requests that need records.
    pub loads: Vec<Parked<P>>,
    /// The frame that was written; `None` if there was nothing to write.
    pub frame: Option<Frame>,
}

/// A frame that was written and synced.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// When its write began.
    pub began: Instant,
    /// How long write and sync took.
    pub took: Duration,
    /// What it took.
    pub size: FrameSize,
}

impl<P: Traced> Committed<P> {
    /// Notes on their trails when the requests of this commit were written and synced.
    fn marked(mut self) -> Self {
        let replies = self.replies.iter_mut().map(|(port, _)| port);
        let loads = self.loads.iter_mut().map(|parked| &mut parked.request.port);
        let ports = replies.chain(loads);
        match self.frame {
            None => mark_all(ports, Station::Gather),
            Some(Frame { began, took, size }) => {
                for trail in ports.filter_map(Traced::trail) {
                    trail.mark(Station::Gather, began);
                    trail.synced(began + took, size);
                }
            }
        }
        self
    }
}

/// Makes frames of entries. A plain struct that is stepped, like the partition's core.
pub struct Committer<P, D: Disk> {
    writer: JournalWriter<D>,
    gauge: Arc<Gauge>,
    frame_bytes_max: u64,
    feed: Option<Arc<Feed>>,
    /// The segment that was written last.
    segment: u64,
    port: PhantomData<P>,
}

impl<P, D: Disk> Committer<P, D> {
    /// A committer over an opened journal.
    pub fn new(writer: JournalWriter<D>, gauge: Arc<Gauge>, frame_bytes_max: u64) -> Self {
        let segment = writer.status().segment;
        Self { writer, gauge, frame_bytes_max, feed: None, segment, port: PhantomData }
    }

    /// Publishes what is durable, before it is answered: who has an answer finds in the directory what it is about.
    #[must_use]
    pub fn publishing(self, feed: Arc<Feed>) -> Self {
        Self { feed: Some(feed), ..self }
    }

    /// Commits the entries that fit one frame, in order; what is left stays in `entries`. When it
    /// returns, everything in the result may be answered.
    ///
    /// # Errors
    /// The write or the sync failed. Nothing of this frame may be answered, ever: the process ends.
    pub fn commit(&mut self, entries: &mut VecDeque<Entry<P>>) -> Result<Committed<P>, WriteError> {
        let (mut records, mut bytes) = (0, 0);
        let mut frame = Vec::new();
        while let Some(entry) = entries.front() {
            let fits = records + entry.range.len() <= FRAME_RECORDS_MAX
                && bytes + entry.weight_bytes <= self.frame_bytes_max;
            if !fits && !frame.is_empty() {
                break;
            }
            records += entry.range.len();
            bytes += entry.weight_bytes;
            frame.extend(entries.pop_front());
        }
        let mut written = None;
        if records > 0 {
            let batches: Vec<&[Event]> = frame.iter().map(Entry::events).collect();
            // Before they are written: the encoder looks at each of them anyway, and finds them in the cache.
            let events = batches.iter().copied().flatten();
            let news: Vec<&Event> = match &self.feed {
                Some(_) => events.filter(|event| Directory::wants(event)).collect(),
                None => Vec::new(),
            };
            let began = Instant::now();
            let appended = self.writer.append(&batches)?;
            let took = began.elapsed();
            let size = FrameSize { events: records as u64, bytes: appended.frame_bytes };
            self.gauge.frame(took, size);
            self.gauge.publish(&self.writer.status());
            written = Some(Frame { began, took, size });
            if let Some(feed) = &self.feed {
                feed.publish(appended, &frame, &news);
            }
        }
        self.gauge.journaled(bytes, self.writer.room());
        let replies = Vec::with_capacity(frame.len());
        let mut committed = Committed { replies, loads: Vec::new(), frame: written };
        for entry in frame {
            match entry.next {
                Next::Nothing => {}
                Next::Reply(port, answer) => committed.replies.push((port, answer)),
                Next::Load(parked) => committed.loads.push(parked),
            }
        }
        Ok(committed)
    }

    /// Whether another segment is written than when this was asked last.
    pub fn takes_new_segment(&mut self) -> bool {
        let segment = self.writer.status().segment;
        std::mem::replace(&mut self.segment, segment) != segment
    }

    /// Whether the next segment should be made ahead.
    pub fn wants_spare(&self) -> bool {
        self.writer.wants_spare()
    }
}
