//! `StreamTransfers`: one transfer a message, many on their way.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use florin_proto::v1::NewTransfer;
use florin_proto::v1::ledger_service_client::LedgerServiceClient;
use tokio::task::JoinSet;
use tokio_stream::Stream;
use tonic::transport::Channel;

use crate::bench::transfers::{Transfers, check_posted};
use crate::latency::Latencies;
use crate::ledger::describe;
use crate::load::{Load, OVERTIME};
use crate::names::wide;

/// A stream that is kept full. It is opened anew for each run.
#[derive(Debug)]
pub struct Pipeline {
    client: LedgerServiceClient<Channel>,
    transfers: Transfers,
    window: usize,
}

impl Pipeline {
    /// With `window` transfers on their way.
    pub fn new(client: LedgerServiceClient<Channel>, transfers: Transfers, window: usize) -> Self {
        Self { client, transfers, window }
    }

    /// Sends until `end`, then waits for what is not answered. The latencies of all.
    async fn run(&mut self, end: Instant) -> Result<Latencies> {
        let line = Arc::new(Line::new(self.transfers.fork(), self.window, end));
        let answers = self.client.stream_transfers(Outgoing(Arc::clone(&line))).await;
        let mut answers = answers.map_err(|status| describe(&status))?.into_inner();
        let mut latencies = Latencies::new()?;
        while let Some(result) = answers.message().await.map_err(|status| describe(&status))? {
            check_posted(&result)?;
            let (id, sent) = line.answered().context("an answer to nothing that was sent")?;
            ensure!(wide(result.id) == id, "answers do not come in the order of the transfers");
            latencies.record(sent.elapsed());
        }
        ensure!(line.is_settled(), "the stream ended before everything was answered");
        Ok(latencies)
    }
}

/// Runs the streams side by side for a while. What is on its way at the end is answered and counted.
pub async fn keep_full(pipelines: &mut Vec<Pipeline>, lasting: Duration) -> Result<Load> {
    let start = Instant::now();
    let end = start + lasting;
    let mut tasks = JoinSet::new();
    for mut pipeline in pipelines.drain(..) {
        tasks.spawn(async move {
            let latencies = pipeline.run(end).await?;
            anyhow::Ok((pipeline, latencies))
        });
    }
    let mut latencies = Latencies::new()?;
    let finish = async {
        while let Some(done) = tasks.join_next().await {
            let (pipeline, its) = done??;
            pipelines.push(pipeline);
            latencies.add(&its)?;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(lasting + OVERTIME, finish)
        .await
        .context("a transfer was not answered within 30 s")??;
    let calls = latencies.count();
    Ok(Load { calls, transfers: calls, elapsed: start.elapsed(), latencies })
}

/// What was sent and is not answered, oldest first. Shared by what writes to a stream and what reads from it.
#[derive(Debug)]
struct Line {
    inner: Mutex<Inner>,
    window: usize,
    end: Instant,
}

#[derive(Debug)]
struct Inner {
    transfers: Transfers,
    unanswered: VecDeque<(u128, Instant)>,
    /// Wakes what writes, when there is room again.
    writer: Option<Waker>,
}

impl Line {
    fn new(transfers: Transfers, window: usize, end: Instant) -> Self {
        let unanswered = VecDeque::with_capacity(window);
        Self { inner: Mutex::new(Inner { transfers, unanswered, writer: None }), window, end }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the oldest off. The writer goes on when a quarter of the window is free: it is woken for many at once.
    fn answered(&self) -> Option<(u128, Instant)> {
        let mut inner = self.lock();
        let oldest = inner.unanswered.pop_front();
        if inner.unanswered.len() <= self.window - self.window.div_ceil(4)
            && let Some(writer) = inner.writer.take()
        {
            writer.wake();
        }
        oldest
    }

    fn is_settled(&self) -> bool {
        self.lock().unanswered.is_empty()
    }
}

/// Makes transfers as fast as they are taken, until the time is over.
#[derive(Debug)]
struct Outgoing(Arc<Line>);

impl Stream for Outgoing {
    type Item = NewTransfer;

    fn poll_next(self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let now = Instant::now();
        if now >= self.0.end {
            return Poll::Ready(None);
        }
        let mut inner = self.0.lock();
        if inner.unanswered.len() >= self.0.window {
            inner.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let transfer = inner.transfers.next();
        inner.unanswered.push_back((wide(transfer.id), now));
        Poll::Ready(Some(transfer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::workload::{Pairs, Workload};
    use crate::echo;
    use crate::ledger;
    use crate::rng::SplitMix64;

    fn transfers() -> Transfers {
        Transfers::new(SplitMix64::new(1), Arc::new(Pairs::new(Workload::Uniform, 10)))
    }

    #[test]
    fn the_writer_waits_for_room_and_ends_with_the_time() {
        let mut context = TaskContext::from_waker(Waker::noop());
        let far = Instant::now() + Duration::from_secs(3_600);
        let line = Arc::new(Line::new(transfers(), 4, far));
        let mut outgoing = Outgoing(Arc::clone(&line));
        let mut sent = Vec::new();
        while let Poll::Ready(Some(transfer)) = Pin::new(&mut outgoing).poll_next(&mut context) {
            sent.push(wide(transfer.id));
        }
        assert_eq!(sent.len(), 4);
        assert!(!line.is_settled());
        let answered: Vec<u128> = std::iter::from_fn(|| Some(line.answered()?.0)).collect();
        assert_eq!(answered, sent);
        assert!(line.is_settled());

        let over = Arc::new(Line::new(transfers(), 4, Instant::now()));
        let next = Pin::new(&mut Outgoing(over)).poll_next(&mut context);
        assert_eq!(next, Poll::Ready(None));
    }

    #[test]
    fn every_transfer_of_a_run_is_answered_and_counted() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let url = echo::spawn().await;
            let channel = ledger::connect(&url).await.expect("the echo is there");
            let pipeline =
                |window| Pipeline::new(ledger::client(channel.clone()), transfers(), window);
            let mut pipelines = vec![pipeline(1), pipeline(100)];
            let load = keep_full(&mut pipelines, Duration::from_secs(1)).await.expect("it runs");
            assert_eq!(pipelines.len(), 2);
            assert!(load.calls > 0);
            assert_eq!((load.calls, load.transfers), (load.latencies.count(), load.calls));
        });
    }
}
