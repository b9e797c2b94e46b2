//! Many single transfers, one stream.
//!
//! There is no batch to form and no timer. Each transfer is written to one long-lived stream as it comes; answers come
//! in the order of the transfers, so a queue of waiting callers is all the state there is. What the callers hand in
//! while something is on its way to the wire leaves together with it.
//!
//! A server without streams gets batches instead: one leaves as soon as one of a few slots is free, with everybody who
//! is waiting at that moment. At low load that is one transfer at once; at high load the batches grow by themselves
//! while those before them are on their way.

mod batch;
mod batches;
mod door;
mod line;
mod stream;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use florin_proto::v1;
use prost::Message as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::error::Error;
use crate::options::{Batching, Retry};
use crate::outcome::Outcome;
use crate::retry::{Attempts, Kind};

pub(crate) use door::{Door, GrpcStreams, StreamDoor, UnaryDoor};
use line::Line;

/// A larger transfer breaks some limit for certain (metadata alone may have 4 KiB). It travels alone, where it is refused
/// alone: a message that is too large ends a whole stream.
const STREAMED_BYTES_MAX: usize = 16 << 10;

/// In a box, since it passes through several queues.
type Pending = Box<Entry>;

/// A transfer on its way, and the way back to its caller.
#[derive(Debug)]
struct Entry {
    transfer: v1::NewTransfer,
    deadline: Instant,
    /// Those that it has made on a stream.
    attempts: Attempts,
    /// Whether an attempt may have reached the server.
    sent: Arc<AtomicBool>,
    /// Closed when the caller has gone.
    reply: oneshot::Sender<Result<Outcome, Error>>,
}

/// Where callers hand in their transfers.
#[derive(Debug, Clone)]
pub(crate) struct Coalescer {
    to_stream: mpsc::Sender<Pending>,
    to_batches: mpsc::Sender<Pending>,
    /// Whether there is a stream. Once a server has none, it stays so.
    streams: Arc<AtomicBool>,
}

impl Coalescer {
    /// Starts the tasks that carry transfers. They end with the last handle.
    pub fn start<S: StreamDoor, D: Door>(
        streams: S,
        door: D,
        batching: Batching,
        retry: Retry,
    ) -> Self {
        // As many may queue up as fit a batch; the others wait at the door, without memory of ours.
        let (to_stream, incoming) = mpsc::channel(batching.members);
        let (to_batches, incoming_batches) = mpsc::channel(batching.members);
        let coalescer = Self {
            to_stream,
            to_batches: to_batches.clone(),
            streams: Arc::new(AtomicBool::new(batching.stream)),
        };
        tokio::spawn(batches::run(door.clone(), incoming_batches, batching, retry));
        let line = Arc::new(Line::new(incoming, batching.stream_in_flight));
        let has_streams = Arc::clone(&coalescer.streams);
        tokio::spawn(async move {
            stream::run(&streams, &door, &line, retry).await;
            // It ends with the last handle, or without streams: then what is left goes the other way.
            has_streams.store(false, Ordering::Relaxed);
            while let Some(pending) = line.next_waiting().await {
                let _ = to_batches.send(pending).await;
            }
        });
        coalescer
    }

    /// Hands in a transfer and waits for its answer.
    pub async fn submit(
        &self,
        transfer: v1::NewTransfer,
        deadline: Instant,
    ) -> Result<Outcome, Error> {
        let streamed =
            self.streams.load(Ordering::Relaxed) && transfer.encoded_len() <= STREAMED_BYTES_MAX;
        let way = if streamed { &self.to_stream } else { &self.to_batches };
        let (reply, answer) = oneshot::channel();
        let sent = Arc::new(AtomicBool::new(false));
        let attempts = Attempts::new(Kind::Idempotent);
        let entry = Entry { transfer, deadline, attempts, sent: Arc::clone(&sent), reply };
        let answered = async {
            way.send(Box::new(entry)).await.map_err(|_| Error::Closed)?;
            answer.await.map_err(|_| Error::Closed)?
        };
        let failed = match timeout_at(deadline, answered).await {
            Ok(Err(Error::Closed)) => Error::Closed,
            Ok(answer) => return answer,
            Err(_) => Error::DeadlineExceeded,
        };
        if sent.load(Ordering::Relaxed) {
            return Err(Error::unknown(failed));
        }
        Err(failed)
    }
}

#[cfg(test)]
mod tests;
