//! Many single payments, few batches.
//!
//! There is no timer. A batch leaves as soon as one of a few slots is free, with everybody who is
//! waiting at that moment: at low load that is one payment at once, at high load the batches grow by
//! themselves while those before them are on their way.

mod batch;
mod door;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use florin_proto::v1;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::error::Error;
use crate::options::{Batching, Retry};
use crate::outcome::Outcome;

pub(crate) use door::{Door, UnaryDoor};
use waiting::Waiting;

/// A payment on its way to a batch, and the way back to its caller.
#[derive(Debug)]
struct Pending {
    transfer: v1::NewTransfer,
    deadline: Instant,
    /// Whether an attempt may have reached the server.
    sent: Arc<AtomicBool>,
    /// Closed when the caller has gone.
    reply: oneshot::Sender<Result<Outcome, Error>>,
}

/// Where callers hand in their payments.
#[derive(Debug, Clone)]
pub(crate) struct Coalescer {
    payments: mpsc::Sender<Pending>,
}

impl Coalescer {
    /// Starts the task that forms the batches. It ends with the last handle.
    pub fn start<D: Door>(door: D, batching: Batching, retry: Retry) -> Self {
        // As many may queue up as fit a batch; the others wait at the door, without memory of ours.
        let (payments, incoming) = mpsc::channel(batching.members);
        tokio::spawn(run(door, incoming, batching, retry));
        Self { payments }
    }

    /// Hands in a payment and waits for its answer.
    pub async fn submit(
        &self,
        transfer: v1::NewTransfer,
        deadline: Instant,
    ) -> Result<Outcome, Error> {
        let (reply, answer) = oneshot::channel();
        let sent = Arc::new(AtomicBool::new(false));
        let pending = Pending { transfer, deadline, sent: Arc::clone(&sent), reply };
        let answered = async {
            self.payments.send(pending).await.map_err(|_| Error::Closed)?;
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

async fn run<D: Door>(
    door: D,
    mut incoming: mpsc::Receiver<Pending>,
    batching: Batching,
    retry: Retry,
) {
    let slots = Arc::new(Semaphore::new(batching.in_flight));
    let mut waiting = Waiting::new(batching);
    loop {
        if waiting.is_empty() {
            match incoming.recv().await {
                Some(pending) => waiting.push(pending),
                None => return,
            }
        }
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return; // never closed
        };
        // Tasks that are ready to run get their turn first, so that their payments join this batch.
        tokio::task::yield_now().await;
        while waiting.len() < batching.members
            && let Ok(pending) = incoming.try_recv()
        {
            waiting.push(pending);
        }
        let members = waiting.take_batch();
        let door = door.clone();
        tokio::spawn(async move {
            batch::run(&door, members, &retry).await;
            drop(slot);
        });
    }
}

#[cfg(test)]
mod tests;
