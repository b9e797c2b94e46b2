//! `florin.v1.EventService`.

mod cursor;
mod follower;
mod outbox;

use std::sync::Arc;
use std::time::Duration;

use florin_actors::Engine;
use florin_proto::v1;
use florin_proto::v1::event_service_server::EventService;
use florin_proto::v1::refusal::Reason;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use super::ledger::TENANT;
use super::{fault, page};
use crate::config::Config;
use crate::translate::Filter;

use cursor::Cursor;
use follower::{Follower, Pace};
pub use outbox::Batches;

/// Events in a batch, if the caller does not say.
const BATCH_EVENTS_DEFAULT: u32 = 1_024;
/// Most events in a batch.
const BATCH_EVENTS_MAX: u32 = 8_190;

/// Settings of the feed.
#[derive(Debug, Clone, Copy)]
pub struct FeedLimits {
    /// Most subscribers.
    pub subscribers: usize,
    /// How long a subscriber may take nothing.
    pub stall: Duration,
    /// Largest message, bytes: batches stay well below.
    pub message_bytes: usize,
}

impl FeedLimits {
    /// As they are configured.
    pub fn of(config: &Config) -> Self {
        Self {
            subscribers: config.feed.subscribers as usize,
            stall: Duration::from_secs(config.feed.stall_seconds.into()),
            message_bytes: config.limits.message_bytes,
        }
    }
}

/// The feed.
#[derive(Debug)]
pub struct Events {
    /// The engine.
    pub engine: Engine,
    /// Its lineage.
    pub lineage: [u8; 16],
    /// Settings.
    pub limits: FeedLimits,
    /// Where subscribers are served: they read files, so not where payments are.
    pub threads: Handle,
    /// Permits to read what was archived.
    pub archived: Arc<Semaphore>,
}

/// Subscribers that read from the archive at the same time.
pub const ARCHIVED_READS_MAX: usize = 2;

#[tonic::async_trait]
impl EventService for Events {
    type SubscribeStream = Batches;

    async fn subscribe(
        &self,
        request: Request<v1::SubscribeRequest>,
    ) -> Result<Response<Batches>, Status> {
        use v1::subscribe_request::From;
        let v1::SubscribeRequest { from, filter, batch_events } = request.into_inner();
        let (lineage, feed) = (self.lineage, self.engine.feed());
        let cursor = match from {
            Some(From::Cursor(text)) => Cursor::decode(&text)?,
            Some(From::Beginning(_)) | None => Cursor { lineage, position: 0, decided_at_ns: 0 },
            Some(From::End(_)) => {
                let position = feed.published();
                let last = feed.recent(position);
                let last = last.as_ref().and_then(|frame| frame.events_from(position).next());
                let decided_at_ns = last.map_or(0, |event| event.timestamp_ns);
                Cursor { lineage, position, decided_at_ns }
            }
        };
        let filter =
            Filter::new(TENANT, &filter.unwrap_or_default()).map_err(page::filter_invalid)?;
        let batch_events = match batch_events {
            0 => BATCH_EVENTS_DEFAULT,
            1..=BATCH_EVENTS_MAX => batch_events,
            _ => return Err(page::filter_invalid("batch_events")),
        };
        if let Some(why) = self.engine.admission().closed() {
            return Err(fault::unavailable(why));
        }
        let seat = feed.seat(self.limits.subscribers).ok_or_else(|| {
            let limit = self.limits.subscribers;
            let message = format!("there are {limit} subscribers, and no more are taken");
            fault::status(Reason::Overloaded, message, [("limit", limit.to_string())])
        })?;
        let journal = self.engine.journal();
        cursor.check(lineage, journal.first_sequence(), feed.published())?;
        self.check_event(cursor).await?;
        let pace = Pace {
            batch_events: batch_events as usize,
            batch_bytes: self.limits.message_bytes / 2,
            stall: self.limits.stall,
        };
        let (outbox, batches) = outbox::outbox(cursor.encode());
        let reading = (journal.walker(), Arc::clone(&self.archived));
        let follower = Follower::new(seat, reading, filter, cursor, pace, outbox);
        self.threads.spawn(follower.run());
        Ok(Response::new(batches))
    }
}

impl Events {
    /// Whether the event that a cursor stands behind is the one that is here. One that was archived is not looked for.
    async fn check_event(&self, cursor: Cursor) -> Result<(), Status> {
        let position = cursor.position;
        if cursor.decided_at_ns == 0 || position < self.engine.journal().first_sequence() {
            return Ok(());
        }
        let mut walker = self.engine.journal().walker();
        let reading = self.threads.spawn_blocking(move || walker.read_from(position, 1));
        let stopping = || fault::unavailable(florin_actors::command::Unavailable::ShuttingDown);
        match reading.await.map_err(|_| stopping())? {
            Ok(events) => events.first().map_or(Ok(()), |it| cursor.check_event(it.timestamp_ns)),
            Err(error) => {
                let message = format!("the journal cannot be read: {error}");
                Err(fault::status(Reason::JournalUnreadable, message, []))
            }
        }
    }
}
