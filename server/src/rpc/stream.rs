//! `StreamTransfers`: one transfer a message, drained into batches. What has come while a batch was on its way makes
//! the next one; a few are on their way at the same time, in order.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use florin_actors::Engine;
use florin_actors::admit::weigh_batch;
use florin_actors::command::{Answer, Command, Unavailable};
use florin_engine::Tenant;
use florin_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::{Status, Streaming};

use super::{fault, ledger};
use crate::translate::{self, Checked};

/// Batches of one stream that are on their way.
const IN_FLIGHT_MAX: usize = 4;
/// Batches of answers that wait for a caller who reads slowly. Beyond that its transfers are not read.
const ANSWERS_MAX: usize = 4;
/// When an engine that is full is asked again.
const AGAIN: Duration = Duration::from_millis(2);

/// Answers on their way to the caller.
pub struct Answers {
    batches: mpsc::Receiver<Result<Vec<v1::TransferResult>, Status>>,
    batch: std::vec::IntoIter<v1::TransferResult>,
}

impl Stream for Answers {
    type Item = Result<v1::TransferResult, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(result) = self.batch.next() {
                return Poll::Ready(Some(Ok(result)));
            }
            match std::task::ready!(self.batches.poll_recv(context)) {
                Some(Ok(batch)) => self.batch = batch.into_iter(),
                Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Answers the transfers of a stream, in order.
pub(super) fn run(
    engine: Engine,
    tenant: Tenant,
    incoming: Streaming<v1::NewTransfer>,
    members_max: usize,
) -> Answers {
    let (answers, batches) = mpsc::channel(ANSWERS_MAX);
    let caller = Caller {
        engine,
        tenant,
        incoming,
        members_max,
        has_ended: false,
        waiting: Vec::new(),
        in_flight: VecDeque::new(),
        answers,
    };
    tokio::spawn(caller.serve());
    Answers { batches, batch: Vec::new().into_iter() }
}

/// A batch that was handed to the engine; without an answer to come if nothing was left for it.
struct Batch {
    checked: Checked,
    begun: Option<florin_actors::Begun>,
}

impl Batch {
    async fn answer(&mut self) -> Result<Vec<v1::TransferResult>, Status> {
        let answer = match &mut self.begun {
            None => None,
            Some(begun) => match begun.answer().await {
                Answer::Transfers(answer) => Some(answer),
                Answer::Unavailable(why) => return Err(fault::unavailable(why)),
                _ => return Err(ledger::other_answer()),
            },
        };
        Ok(translate::transfers_answer(&self.checked, answer).results)
    }
}

struct Caller {
    engine: Engine,
    tenant: Tenant,
    incoming: Streaming<v1::NewTransfer>,
    members_max: usize,
    has_ended: bool,
    /// Read, and not yet handed to the engine.
    waiting: Vec<v1::NewTransfer>,
    in_flight: VecDeque<Batch>,
    answers: mpsc::Sender<Result<Vec<v1::TransferResult>, Status>>,
}

impl Caller {
    async fn serve(mut self) {
        // An error of `serve_all` is the end; and if nobody listens any more, there is nobody to tell.
        if let Err(status) = self.serve_all().await {
            let _ = self.answers.send(Err(status)).await;
        }
    }

    async fn serve_all(&mut self) -> Result<(), Status> {
        loop {
            let can_read = !self.has_ended && self.in_flight.len() < IN_FLIGHT_MAX;
            let first = self.in_flight.front_mut();
            if first.is_none() && self.has_ended {
                return Ok(());
            }
            let has_first = first.is_some();
            let answer = async {
                match first {
                    Some(batch) => batch.answer().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                results = answer, if has_first => {
                    self.in_flight.pop_front();
                    if self.answers.send(Ok(results?)).await.is_err() {
                        return Ok(());
                    }
                }
                read = read_ready(&mut self.incoming, &mut self.waiting, self.members_max), if can_read => {
                    self.has_ended = read?;
                    if let Err(status) = self.begin_all().await {
                        // What is on its way is answered first.
                        while let Some(mut batch) = self.in_flight.pop_front() {
                            let _ = self.answers.send(Ok(batch.answer().await?)).await;
                        }
                        return Err(status);
                    }
                }
            }
        }
    }

    /// Hands what was read to the engine. An id that comes twice makes two batches of it.
    async fn begin_all(&mut self) -> Result<(), Status> {
        while !self.waiting.is_empty() {
            let (mut checked, len) = self.next_batch();
            let mut command = checked.batch.take().map(Command::Transfers);
            let mut begun = None;
            while let Some(asked) = command.take() {
                match self.engine.begin(asked) {
                    Ok(now) => begun = Some(now),
                    Err((Unavailable::Overloaded, again)) => {
                        command = Some(*again);
                        self.wait_for_room().await?;
                    }
                    Err((why, _)) => return Err(fault::unavailable(why)),
                }
            }
            self.waiting.drain(..len);
            self.in_flight.push_back(Batch { checked, begun });
        }
        Ok(())
    }

    /// Room is made when something of ours is answered, or soon by others.
    async fn wait_for_room(&mut self) -> Result<(), Status> {
        let Some(batch) = self.in_flight.front_mut() else {
            tokio::time::sleep(AGAIN).await;
            return Ok(());
        };
        let results = batch.answer().await?;
        self.in_flight.pop_front();
        let _ = self.answers.send(Ok(results)).await;
        Ok(())
    }

    /// As many from the front as have ids of their own and fit one commit.
    fn next_batch(&self) -> (Checked, usize) {
        let limit_bytes = self.engine.commit_bytes_max();
        let mut most = self.waiting.len();
        loop {
            let (checked, len) = translate::stream_batch(self.tenant, &self.waiting[..most]);
            let fits = checked.batch.as_ref().is_none_or(|batch| {
                // A single one that does not fit is for the engine to refuse.
                len == 1 || weigh_batch(batch) <= limit_bytes
            });
            if fits {
                return (checked, len);
            }
            most = len / 2;
        }
    }
}

/// Reads what is there, waiting only for the first; whether the caller has sent all.
async fn read_ready(
    incoming: &mut Streaming<v1::NewTransfer>,
    waiting: &mut Vec<v1::NewTransfer>,
    members_max: usize,
) -> Result<bool, Status> {
    poll_fn(|context| {
        loop {
            if waiting.len() >= members_max {
                return Poll::Ready(Ok(false));
            }
            match Pin::new(&mut *incoming).poll_next(context) {
                Poll::Ready(Some(Ok(transfer))) => waiting.push(transfer),
                Poll::Ready(Some(Err(status))) => return Poll::Ready(Err(status)),
                Poll::Ready(None) => return Poll::Ready(Ok(true)),
                Poll::Pending if waiting.is_empty() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Ok(false)),
            }
        }
    })
    .await
}
