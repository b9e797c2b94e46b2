//! The feed: how fast a subscriber catches up, and how soon after a payment its event is there.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use florin_proto::v1::event_service_client::EventServiceClient;
use florin_proto::v1::subscribe_request::From;
use florin_proto::v1::{EventBatch, SubscribeRequest};
use tonic::Streaming;
use tonic::transport::Channel;

use crate::latency::Latencies;
use crate::ledger::describe;
use crate::load::{Load, OVERTIME};

/// Largest batch to take, bytes.
const BATCH_BYTES_MAX: usize = 16 << 20;
/// Most events a batch: the server's default.
pub const BATCH_EVENTS: u32 = 1_024;

/// A subscriber that reads the same events again and again.
#[derive(Debug)]
pub struct Reader {
    client: EventServiceClient<Channel>,
    /// From where.
    cursor: String,
}

impl Reader {
    /// Reads from now on: what is in the journal already is not looked at.
    pub async fn from_now(channel: Channel) -> Result<Self> {
        let client = EventServiceClient::new(channel).max_decoding_message_size(BATCH_BYTES_MAX);
        let mut follower = Follower::subscribe(client.clone(), From::End(true)).await?;
        let cursor = follower.next().await?.cursor;
        Ok(Self { client, cursor })
    }

    /// Reads for a while, or until there is nothing more. One call is one event.
    pub async fn catch_up(&self, lasting: Duration) -> Result<Load> {
        let start = Instant::now();
        let from = From::Cursor(self.cursor.clone());
        let mut follower = Follower::subscribe(self.client.clone(), from).await?;
        let mut events = 0;
        loop {
            let batch = follower.next().await?;
            events += batch.events.len() as u64;
            if batch.live || start.elapsed() >= lasting {
                let elapsed = start.elapsed();
                return Ok(Load {
                    calls: events,
                    transfers: 0,
                    elapsed,
                    latencies: Latencies::new()?,
                });
            }
        }
    }

    /// A subscriber to what happens from now on.
    pub async fn watch(&self) -> Result<Watch> {
        let mut follower = Follower::subscribe(self.client.clone(), From::End(true)).await?;
        // From here on nothing can be missed.
        follower.next().await?;
        Ok(Watch { follower, lag: Latencies::new()? })
    }
}

/// How long after its decision each event arrives.
#[derive(Debug)]
pub struct Watch {
    follower: Follower,
    lag: Latencies,
}

impl Watch {
    /// Takes what comes until the work is done, and then what is still to come for `events` of it.
    pub async fn during<T>(
        mut self,
        work: impl Future<Output = Result<T>>,
        events: impl Fn(&T) -> u64,
    ) -> Result<(T, Latencies)> {
        let done = tokio::select! {
            done = work => done?,
            ended = self.follow() => return Err(ended.context("while payments were made")),
        };
        while self.lag.count() < events(&done) {
            self.take().await?;
        }
        Ok((done, self.lag))
    }

    /// Goes on until it fails.
    async fn follow(&mut self) -> anyhow::Error {
        loop {
            if let Err(error) = self.take().await {
                return error;
            }
        }
    }

    async fn take(&mut self) -> Result<()> {
        let batch = self.follower.next().await?;
        let now_ns = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        for event in &batch.events {
            let lag_ns = now_ns.saturating_sub(event.timestamp_ns.into());
            self.lag.record(Duration::from_nanos(u64::try_from(lag_ns)?));
        }
        Ok(())
    }
}

/// An open subscription that misses nothing.
#[derive(Debug)]
struct Follower {
    batches: Streaming<EventBatch>,
    last_sequence: Option<u64>,
}

impl Follower {
    async fn subscribe(mut client: EventServiceClient<Channel>, from: From) -> Result<Self> {
        let request =
            SubscribeRequest { from: Some(from), filter: None, batch_events: BATCH_EVENTS };
        let batches = client.subscribe(request).await.map_err(|status| describe(&status))?;
        Ok(Self { batches: batches.into_inner(), last_sequence: None })
    }

    /// The next batch, which follows on the one before.
    async fn next(&mut self) -> Result<EventBatch> {
        let next = tokio::time::timeout(OVERTIME, self.batches.message()).await;
        let next = next.context("the feed was silent for 30 s")?.map_err(|s| describe(&s))?;
        let batch = next.context("the feed ended by itself")?;
        for event in &batch.events {
            if let Some(last) = self.last_sequence.replace(event.sequence) {
                ensure!(
                    event.sequence == last + 1,
                    "event {} came after event {last}",
                    event.sequence
                );
            }
        }
        Ok(batch)
    }
}
