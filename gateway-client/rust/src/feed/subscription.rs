//! Following the feed across broken connections.

use std::time::Duration;

use florin_proto::v1;
use tokio::time::{sleep, timeout};
use tonic::{Request, Streaming};

use super::{Cursor, EventBatch, EventFilter, FeedFrom};
use crate::client::Client;
use crate::error::Error;
use crate::retry::{self, Attempts, Effect, Failure, Kind};

/// A server says something at least every 5 seconds. When it was silent for this long, the connection is given up.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// A place in the feed that moves on as batches are taken. See [`Client::subscribe`].
#[derive(Debug)]
pub struct Subscription {
    client: Client,
    filter: EventFilter,
    from: FeedFrom,
    /// The open stream; none while the connection is broken.
    stream: Option<Streaming<v1::EventBatch>>,
    attempts: Attempts,
}

impl Client {
    /// Follows everything that happens, exactly once and in order: first what is in the journal from there on, then each
    /// event as soon as it is on disk.
    ///
    /// A place or filter that cannot be is an [`Error::Fault`]: `CURSOR_INVALID`, `CURSOR_AHEAD`,
    /// `CURSOR_ARCHIVED`, `LINEAGE_CHANGED`, `FILTER_INVALID`.
    ///
    /// ```no_run
    /// use florin_client::{Client, EventFilter, FeedFrom};
    /// # async fn example(client: Client) -> Result<(), florin_client::Error> {
    /// let mut feed = client.subscribe(FeedFrom::Beginning, EventFilter::everything()).await?;
    /// loop {
    ///     let batch = feed.next().await?;
    ///     for event in batch.events {
    ///         println!("{} {:?}", event.sequence, event.kind);
    ///     }
    ///     // Now keep `batch.cursor`: `FeedFrom::Cursor` goes on right after it, tomorrow too.
    /// }
    /// # }
    /// ```
    pub async fn subscribe(
        &self,
        from: FeedFrom,
        filter: EventFilter,
    ) -> Result<Subscription, Error> {
        let attempts = Attempts::new(Kind::Read);
        let client = self.clone();
        let mut subscription = Subscription { client, filter, from, stream: None, attempts };
        let request = subscription.request();
        let stream = self.call(Kind::Read, &request, |request| self.open_feed(request)).await?;
        subscription.stream = Some(stream);
        Ok(subscription)
    }

    /// Without the deadline that a call has: this one is to last.
    fn open_feed(
        &self,
        request: Request<v1::SubscribeRequest>,
    ) -> impl Future<Output = Result<tonic::Response<Streaming<v1::EventBatch>>, tonic::Status>> + use<>
    {
        let mut events = self.events.clone();
        async move { events.subscribe(Request::new(request.into_inner())).await }
    }
}

impl Subscription {
    /// The next batch, which may be empty: then only the cursor has moved on.
    ///
    /// A broken connection is made again, and so is one that was cut off with `SUBSCRIBER_SLOW`; the feed then goes on
    /// right after the last batch that was taken, so that nothing is lost or seen twice. If no connection can be made
    /// for as many attempts as the client makes, that is the error, and you may call again to try further. A fault such
    /// as `LINEAGE_CHANGED` stays.
    ///
    /// The future may be dropped, in a `select!` for example: nothing is lost.
    pub async fn next(&mut self) -> Result<EventBatch, Error> {
        loop {
            let failure = match self.receive().await {
                Ok(batch) => {
                    self.attempts = Attempts::new(Kind::Read);
                    let batch = EventBatch::try_from(batch).inspect_err(|_| self.stream = None)?;
                    self.from = FeedFrom::Cursor(batch.cursor.clone());
                    return Ok(batch);
                }
                Err(failure) => failure,
            };
            self.stream = None;
            let may_resume = self.cursor().is_some() || self.from == FeedFrom::Beginning;
            let again = match self.attempts.after(&resumable(&failure), &self.client.retry) {
                // Where "from now on" was is not known: going on from a later now would leave a gap.
                Some(wait) if may_resume => wait,
                _ => {
                    self.attempts = Attempts::new(Kind::Read);
                    return Err(failure.error);
                }
            };
            sleep(again).await;
        }
    }

    /// Right after the last batch that was taken; at the beginning the cursor that was given, if one was.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        match &self.from {
            FeedFrom::Cursor(cursor) => Some(cursor),
            FeedFrom::Beginning | FeedFrom::End => None,
        }
    }

    async fn receive(&mut self) -> Result<v1::EventBatch, Failure> {
        let endpoint = &self.client.endpoint;
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let time = self.client.retry.attempt_timeout.min(self.client.deadline);
                let request = request(&self.from, &self.filter);
                let send = |request| self.client.open_feed(request);
                none.insert(retry::attempt(time, endpoint, request, send).await?)
            }
        };
        match timeout(SILENCE_MAX, stream.message()).await {
            Ok(Ok(Some(batch))) => Ok(batch),
            Ok(Ok(None)) => Err(Failure::lost("the server ended the feed")),
            Ok(Err(status)) => Err(Failure::from_status(&status, endpoint)),
            Err(_) => Err(Failure::lost("the feed was silent for too long")),
        }
    }

    fn request(&self) -> v1::SubscribeRequest {
        request(&self.from, &self.filter)
    }
}

fn request(from: &FeedFrom, filter: &EventFilter) -> v1::SubscribeRequest {
    v1::SubscribeRequest {
        from: Some(from.clone().into()),
        filter: Some(filter.wire.clone()),
        batch_events: 0,
    }
}

/// Whoever was cut off for being slow goes on from the same place.
fn resumable(failure: &Failure) -> Failure {
    match &failure.error {
        Error::Fault(fault) if fault.reason == "SUBSCRIBER_SLOW" => {
            Failure { effect: Effect::Lost, ..failure.clone() }
        }
        _ => failure.clone(),
    }
}
