//! One subscriber, served: reads on from where it is, translates what passes the filter, and waits where the
//! transport or the journal has to go first.

use std::sync::Arc;
use std::time::Duration;

use florin_actors::command::Unavailable;
use florin_actors::feed::{End, Seat, Tip};
use florin_actors::load::group_head;
use florin_engine::{Event, Sequence};
use florin_persistence::{ReadError, RealDisk, Walker};
use florin_proto::v1;
use florin_proto::v1::refusal::Reason;
use prost::Message as _;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tonic::Status;

use super::cursor::Cursor;
use super::outbox::{Gone, Outbox};
use crate::rpc::fault;
use crate::translate::{self, Filter};

/// Events that are read at once where a filter may drop them.
const READ_EVENTS: usize = 1_024;
/// Events that are translated under one look at the directory: the opening of accounts waits no longer than that.
const VIEW_EVENTS: usize = 64;
/// After this long a subscriber that has more to read lets the others go first.
const TURN_MAX: Duration = Duration::from_millis(2);
/// A batch that is not full waits no longer than this for more.
const FILL_MAX: Duration = Duration::from_millis(50);
/// Even with nothing to tell there is a batch after this time: the contract says 5 seconds.
const SILENCE_MAX: Duration = Duration::from_secs(4);
/// Whoever takes nothing for this long keeps no frame in memory.
const FORGET_AFTER: Duration = Duration::from_millis(100);

/// How much at once, and how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Most events in a batch.
    pub(super) batch_events: usize,
    /// Most bytes in a batch, unless a single event has more.
    pub(super) batch_bytes: usize,
    /// How long the transport may take nothing.
    pub(super) stall: Duration,
}

pub(super) struct Follower {
    seat: Seat,
    tip: watch::Receiver<Tip>,
    walker: Walker<RealDisk>,
    /// Permits to read what was archived.
    archived: Arc<Semaphore>,
    filter: Filter,
    /// The last event that was looked at.
    cursor: Cursor,
    pace: Pace,
    outbox: Outbox,
    batch: Batch,
    group: Group,
    /// When the last batch went out.
    sent_at: Instant,
    /// The last batch that went out said so.
    told_live: bool,
}

/// What has been gathered for the next batch.
#[derive(Default)]
struct Batch {
    events: Vec<v1::Event>,
    bytes: usize,
    began_at: Option<Instant>,
}

/// The group of the last event that was looked at. Its id stands with its first member only.
#[derive(Debug, Default)]
struct Group {
    head: Sequence,
    id: Option<u128>,
}

/// Why a subscriber is served no longer.
enum Over {
    Gone,
    Slow,
    Ended(Status),
}

impl From<Gone> for Over {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl Follower {
    pub(super) fn new(
        seat: Seat,
        (walker, archived): (Walker<RealDisk>, Arc<Semaphore>),
        filter: Filter,
        cursor: Cursor,
        pace: Pace,
        outbox: Outbox,
    ) -> Self {
        let tip = seat.feed().tip();
        Self {
            seat,
            tip,
            walker,
            archived,
            filter,
            cursor,
            pace,
            outbox,
            batch: Batch::default(),
            group: Group::default(),
            sent_at: Instant::now(),
            told_live: false,
        }
    }

    /// Serves until the end.
    pub(super) async fn run(mut self) {
        let Err(over) = self.follow().await;
        match over {
            Over::Gone => {}
            Over::Ended(status) => self.outbox.end(status),
            Over::Slow => {
                self.outbox.cut(|cursor| slow(cursor, self.pace.stall));
            }
        }
    }

    async fn follow(&mut self) -> Result<std::convert::Infallible, Over> {
        loop {
            self.room().await?;
            let Tip { end, .. } = *self.tip.borrow_and_update();
            let published = self.seat.feed().published();
            self.gather(published).await.map_err(Over::Ended)?;
            let is_live = self.cursor.position == published;
            if self.is_due(is_live) {
                self.send(is_live);
            } else if is_live && end == End::Open {
                self.wait().await?;
                continue;
            }
            match end {
                End::Fenced if is_live => {
                    return Err(Over::Ended(fault::unavailable(Unavailable::Fenced)));
                }
                End::Now => return Err(Over::Ended(shutting_down())),
                End::AtTheLast if is_live => return Err(Over::Ended(shutting_down())),
                _ => {}
            }
            tokio::task::yield_now().await; // the others first
        }
    }

    /// Waits until the transport takes something.
    async fn room(&mut self) -> Result<(), Over> {
        let began = Instant::now();
        if let Ok(room) = timeout(FORGET_AFTER, self.outbox.room()).await {
            return Ok(room?);
        }
        self.walker.forget();
        let left = self.pace.stall.saturating_sub(began.elapsed());
        match timeout(left, self.outbox.room()).await {
            Ok(room) => Ok(room?),
            Err(_) => Err(Over::Slow),
        }
    }

    /// Everything was told: waits for more, for the end, or until it is time for a sign of life.
    async fn wait(&mut self) -> Result<(), Over> {
        if self.seat.go_live() {
            return Ok(()); // look once more: from now on it is told
        }
        tokio::select! {
            changed = self.tip.changed() => changed.map_err(|_| Over::Ended(shutting_down())),
            () = self.outbox.gone() => Err(Over::Gone),
            () = sleep_until(self.sent_at + SILENCE_MAX) => Ok(()),
        }
    }

    fn is_due(&self, is_live: bool) -> bool {
        let gathered = &self.batch;
        if gathered.events.is_empty() {
            return is_live && !self.told_live || self.sent_at.elapsed() >= SILENCE_MAX;
        }
        is_live
            || self.is_full()
            || gathered.began_at.is_some_and(|began_at| began_at.elapsed() >= FILL_MAX)
    }

    fn is_full(&self) -> bool {
        let Batch { events, bytes, .. } = &self.batch;
        events.len() >= self.pace.batch_events || *bytes >= self.pace.batch_bytes
    }

    fn send(&mut self, live: bool) {
        let Batch { events, .. } = std::mem::take(&mut self.batch);
        let batch = v1::EventBatch { events, cursor: self.cursor.encode(), live };
        self.outbox.push(batch);
        self.told_live = live;
        self.sent_at = Instant::now();
    }

    /// Reads on for one turn, or until the batch is full.
    async fn gather(&mut self, through: Sequence) -> Result<(), Status> {
        let began = Instant::now();
        while self.cursor.position < through && !self.is_full() && began.elapsed() < TURN_MAX {
            let next = self.cursor.position + 1;
            let left = usize::try_from(through - self.cursor.position).unwrap_or(usize::MAX);
            if let Some(frame) = self.seat.feed().recent(next) {
                let first = frame.events_from(next).next();
                self.find_group(first).await?;
                self.take(frame.events_from(next).take(left));
                continue;
            }
            let room = self.pace.batch_events - self.batch.events.len();
            let limit = if self.filter.is_empty() { room } else { READ_EVENTS };
            let limit = limit.min(left);
            let events = self.read(next, move |walker| walker.read_from(next, limit)).await?;
            self.find_group(events.first()).await?;
            self.take(events.iter());
        }
        Ok(())
    }

    /// Reads from an event on. What was archived may be far away: the threads of the feed do not wait for it, and few
    /// subscribers read it at a time.
    async fn read<T: Send + 'static>(
        &mut self,
        from: Sequence,
        read: impl FnOnce(&mut Walker<RealDisk>) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Status> {
        if from > self.walker.archived_through() {
            return read(&mut self.walker).map_err(|error| self.unreadable(&error));
        }
        let permit = Arc::clone(&self.archived).acquire_owned().await;
        let mut walker = self.walker.take();
        let reading = tokio::task::spawn_blocking(move || {
            let read = read(&mut walker);
            drop(permit);
            (walker, read)
        });
        let (walker, read) = reading.await.map_err(|_| shutting_down())?;
        self.walker = walker;
        read.map_err(|error| self.unreadable(&error))
    }

    /// Looks at consecutive events until the batch is full.
    fn take<'a>(&mut self, events: impl Iterator<Item = &'a Event>) {
        let mut events = events.peekable();
        let feed = Arc::clone(self.seat.feed());
        while events.peek().is_some() && !self.is_full() {
            let view = feed.directory().view();
            for event in events.by_ref().take(VIEW_EVENTS) {
                self.group.note(event);
                self.cursor.position = event.sequence;
                self.cursor.decided_at_ns = event.timestamp_ns;
                if !self.filter.may_pass(event) {
                    continue;
                }
                let sides = translate::sides(event, &view);
                if !self.filter.passes(event, &sides) {
                    continue;
                }
                let wire = translate::event_to_wire(event, &sides, self.group.of(event));
                self.batch.add(wire);
                if self.is_full() {
                    break;
                }
            }
        }
    }

    /// Where the archive is out of reach, there is a cursor to go on with.
    fn unreadable(&self, error: &ReadError) -> Status {
        let first = self.walker.archived_through() + 1;
        if error.is_of_archive() && self.cursor.position + 1 < first {
            return self
                .cursor
                .archived(first, &format!(", and the archive cannot be read: {error}"));
        }
        let message = format!("the journal cannot be read: {error}");
        fault::status(Reason::JournalUnreadable, message, [])
    }

    /// Whoever goes on in the middle of a group has not seen its first member.
    async fn find_group(&mut self, event: Option<&Event>) -> Result<(), Status> {
        if let Some(event) = event
            && let Some(head) = group_head(event)
            && head != self.group.head
            && head != event.sequence
        {
            let first = self.read(head, move |walker| walker.read(head)).await?;
            self.group.note(&first);
        }
        Ok(())
    }
}

impl Batch {
    fn add(&mut self, event: v1::Event) {
        self.began_at.get_or_insert_with(Instant::now);
        self.bytes += event.encoded_len() + 8; // tag and length
        self.events.push(event);
    }
}

impl Group {
    fn note(&mut self, event: &Event) {
        if group_head(event) == Some(event.sequence) {
            let id = event.extra().and_then(|extra| extra.group).map(|group| group.id);
            *self = Self { head: event.sequence, id };
        }
    }

    fn of(&self, event: &Event) -> Option<u128> {
        group_head(event).filter(|head| *head == self.head).and(self.id)
    }
}

fn slow(cursor: &str, stall: Duration) -> Status {
    let message = format!("nothing was taken for {} s: subscribe again", stall.as_secs());
    fault::status(Reason::SubscriberSlow, message, [("cursor", cursor.to_owned())])
}

fn shutting_down() -> Status {
    fault::status(Reason::ShuttingDown, "the server is stopping: go on with the last cursor", [])
}
