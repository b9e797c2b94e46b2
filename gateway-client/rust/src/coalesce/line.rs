//! Who waits for what: those who wait to be sent, and those who were and wait for their answers.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use florin_proto::v1;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::Stream;

use super::{Entry, Pending};
use crate::error::Error;
use crate::options::Retry;
use crate::outcome;
use crate::retry::{Effect, Failure};

/// The queue between callers and stream. One task takes from its front what is written ([`Outgoing`]), another one
/// completes what is answered, in the same order.
#[derive(Debug)]
pub(super) struct Line {
    inner: Mutex<Inner>,
    /// Most that may be sent and unanswered.
    in_flight: usize,
}

#[derive(Debug)]
struct Inner {
    incoming: mpsc::Receiver<Pending>,
    /// What was sent on a stream that broke: it goes first.
    again: VecDeque<Pending>,
    /// What was sent on this stream and is not answered.
    unanswered: VecDeque<Pending>,
    /// Since when nothing was answered although something was sent.
    silent_since: Instant,
    /// Number of the stream that may take.
    stream: u64,
    /// Wakes what writes to the stream.
    writer: Option<Waker>,
    /// Whether it waits for room.
    is_full: bool,
}

impl Line {
    pub fn new(incoming: mpsc::Receiver<Pending>, in_flight: usize) -> Self {
        let inner = Inner {
            incoming,
            again: VecDeque::new(),
            unanswered: VecDeque::new(),
            silent_since: Instant::now(),
            stream: 0,
            writer: None,
            is_full: false,
        };
        Self { inner: Mutex::new(inner), in_flight }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes whoever is next to be sent; `None` when the last caller has gone.
    pub async fn next_waiting(&self) -> Option<Pending> {
        poll_fn(|context| self.lock().poll_next(context)).await
    }

    /// Waits until somebody is to be sent. False when the last caller has gone.
    pub async fn somebody_waits(&self) -> bool {
        let Some(first) = self.next_waiting().await else {
            return false;
        };
        self.lock().again.push_front(first);
        true
    }

    /// A new stream, which alone may take from now on.
    pub fn outgoing(self: &Arc<Self>) -> Outgoing {
        let mut inner = self.lock();
        inner.end_stream();
        inner.silent_since = Instant::now();
        Outgoing { line: Arc::clone(self), stream: inner.stream, rested: false }
    }

    /// Completes the oldest with these answers, in one go; `answered` is room for it. From an answer on
    /// that is somebody else's, nobody is.
    pub fn answer(
        &self,
        results: &mut Vec<v1::TransferResult>,
        answered: &mut Vec<Pending>,
    ) -> Result<(), Failure> {
        {
            let mut inner = self.lock();
            for result in &*results {
                let oldest = inner.unanswered.front();
                if oldest.is_none_or(|oldest| oldest.transfer.id != result.id) {
                    break;
                }
                answered.extend(inner.unanswered.pop_front());
            }
            inner.silent_since = Instant::now();
            if inner.is_full {
                inner.is_full = false;
                inner.wake_writer();
            }
        }
        let belong = answered.len() == results.len();
        for (pending, result) in answered.drain(..).zip(results.drain(..)) {
            // A caller that has gone meanwhile will ask again with the same id.
            let _ = pending.reply.send(outcome::from_wire(result));
        }
        let error = Error::malformed("a result for another transfer");
        belong.then_some(()).ok_or(Failure { error, effect: Effect::Final })
    }

    /// When the stream, if it stays silent, is to be given up; `None` if that is now.
    pub fn patience(&self, time: Duration) -> Option<Instant> {
        let inner = self.lock();
        let now = Instant::now();
        if inner.unanswered.is_empty() {
            return Some(now + time);
        }
        let until = inner.silent_since + time;
        (until > now).then_some(until)
    }

    /// Whether everything that was sent is answered.
    pub fn is_settled(&self) -> bool {
        self.lock().unanswered.is_empty()
    }

    /// Ends the stream, and takes those whom its failure concerns: who was sent and not answered. If nobody was, and
    /// the stream never `worked`, it is those who wait: somebody must hear of a server that cannot be reached.
    fn concerned(&self, worked: bool) -> (Vec<Pending>, bool) {
        let mut inner = self.lock();
        inner.end_stream();
        let sent = !inner.unanswered.is_empty();
        let mut concerned: Vec<_> = inner.unanswered.drain(..).collect();
        if !sent && !worked {
            concerned.extend(inner.again.drain(..));
            while let Ok(pending) = inner.incoming.try_recv() {
                concerned.push(pending);
            }
        }
        (concerned, sent)
    }

    /// Takes note of a stream that failed and may be made again: whoever has attempts and time left is sent again, the
    /// others are told. How long to wait before the next stream.
    pub fn fail(&self, failure: &Failure, worked: bool, retry: &Retry) -> Duration {
        let (concerned, sent) = self.concerned(worked);
        // Nobody knows what became of what was sent, whatever the stream ended with.
        let effect = if sent { Effect::Lost } else { failure.effect };
        let noted = Failure { error: failure.error.clone(), effect };
        let mut again = VecDeque::with_capacity(concerned.len());
        for mut pending in concerned {
            if pending.attempts.note(&noted, retry) {
                again.push_back(pending);
            } else {
                pending.fail(&failure.error);
            }
        }
        let Some(oldest) = again.front() else {
            return Duration::ZERO;
        };
        let wait = oldest.attempts.backoff(retry) + failure.retry_after();
        let resume_at = Instant::now() + wait;
        let mut inner = self.lock();
        for pending in again.into_iter().rev() {
            if pending.deadline > resume_at {
                inner.again.push_front(pending);
            } else {
                pending.fail(&failure.error);
            }
        }
        wait
    }

    /// Takes those whom a stream that failed for good concerns. One of them may be the cause: each has to go on alone.
    pub fn split(&self, failure: &Failure, worked: bool, retry: &Retry) -> Vec<Pending> {
        let (mut concerned, sent) = self.concerned(worked);
        if !sent {
            return concerned;
        }
        let noted = Failure { error: failure.error.clone(), effect: Effect::Lost };
        let mut alone = Vec::with_capacity(concerned.len());
        for mut pending in concerned.drain(..) {
            if pending.attempts.note(&noted, retry) {
                alone.push(pending);
            } else {
                // Not the verdict: the fault may be another's, and this one applied.
                let _ = pending.reply.send(Err(Error::unknown(failure.error.clone())));
            }
        }
        alone
    }

    /// Puts everything that was sent back in line, for a server that has done nothing with it.
    pub fn take_back(&self) {
        let mut inner = self.lock();
        inner.end_stream();
        while let Some(pending) = inner.unanswered.pop_back() {
            inner.again.push_front(pending);
        }
    }
}

impl Inner {
    /// Whatever writes to a stream now has nothing more to write.
    fn end_stream(&mut self) {
        self.stream += 1;
        self.is_full = false;
        self.wake_writer();
    }

    fn wake_writer(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }

    /// Whoever is next to be sent and still there.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Pending>> {
        loop {
            let next = match self.again.pop_front() {
                Some(pending) => Some(pending),
                // Without the scheduler's budget, which would cut what is written together into small pieces.
                None => self.incoming.try_recv().ok(),
            };
            let next = match next {
                Some(pending) => Some(pending),
                None => std::task::ready!(self.incoming.poll_recv(context)),
            };
            if next.as_ref().is_none_or(|pending| !pending.reply.is_closed()) {
                return Poll::Ready(next);
            }
        }
    }
}

impl Entry {
    fn fail(self: Box<Self>, error: &Error) {
        let verdict = self.attempts.verdict(error.clone());
        let _ = self.reply.send(Err(verdict));
    }
}

/// What is written to a stream: the transfers of those in line, as long as this stream is the one that may take.
#[derive(Debug)]
pub(crate) struct Outgoing {
    line: Arc<Line>,
    stream: u64,
    /// Whether it has let others run since there was nothing to write.
    rested: bool,
}

impl Stream for Outgoing {
    type Item = v1::NewTransfer;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.rested {
            // The first of many callers has woken this task. Those that are ready to run get their turn first, so that
            // their transfers leave together with it.
            self.rested = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let this = &mut *self;
        let mut inner = this.line.lock();
        if inner.stream != this.stream {
            return Poll::Ready(None);
        }
        if inner.unanswered.len() >= this.line.in_flight {
            inner.is_full = true;
            inner.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let Poll::Ready(next) = inner.poll_next(context) else {
            this.rested = false;
            inner.writer = Some(context.waker().clone());
            return Poll::Pending;
        };
        let Some(pending) = next else {
            return Poll::Ready(None);
        };
        if inner.unanswered.is_empty() {
            inner.silent_since = Instant::now();
        }
        pending.sent.store(true, Ordering::Relaxed);
        let transfer = pending.transfer.clone();
        inner.unanswered.push_back(pending);
        Poll::Ready(Some(transfer))
    }
}
