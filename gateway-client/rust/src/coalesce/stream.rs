//! Transfers over a stream, which is made again when it breaks.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use florin_proto::v1;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_stream::Stream as _;
use tonic::Code;

use super::line::Line;
use super::{Door, Pending, StreamDoor, batch};
use crate::error::Error;
use crate::options::Retry;
use crate::retry::{Effect, Failure};

/// Answers that are completed together at most.
const ANSWERS: usize = 1_024;
/// Transfers that go on alone at the same time, after a fault of their stream.
const ALONE: usize = 32;

/// Carries what is in line over one stream after another. Ends with the last caller, or because the server has no
/// streams; then everything that is not answered is in line.
pub(super) async fn run<S: StreamDoor, D: Door>(
    streams: &S,
    door: &D,
    line: &Arc<Line>,
    retry: Retry,
) {
    let alone = Arc::new(Semaphore::new(ALONE));
    while line.somebody_waits().await {
        let mut worked = false;
        let Err(failure) = carry(streams, line, &retry, &mut worked).await else {
            continue;
        };
        if matches!(failure.error, Error::Status { code: Code::Unimplemented, .. }) {
            line.take_back();
            return;
        }
        if failure.effect == Effect::Final {
            for pending in line.split(&failure, worked, &retry) {
                send_alone(door.clone(), pending, Arc::clone(&alone), retry);
            }
            continue;
        }
        let wait = line.fail(&failure, worked, &retry);
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }
}

/// One stream, from its opening to its end. `worked` says whether it gave an answer.
async fn carry<S: StreamDoor>(
    streams: &S,
    line: &Arc<Line>,
    retry: &Retry,
    worked: &mut bool,
) -> Result<(), Failure> {
    let opening = streams.open(line.outgoing());
    let Ok(answers) = timeout(retry.attempt_timeout, opening).await else {
        return Err(Failure::timed_out());
    };
    let mut answers = pin!(answers?);
    let mut silence = pin!(sleep_until(Instant::now() + retry.attempt_timeout));
    let mut results: Vec<v1::TransferResult> = Vec::with_capacity(ANSWERS);
    let mut answered = Vec::with_capacity(ANSWERS);
    loop {
        // Everything that is here already, so that callers are woken together.
        let ended = poll_fn(|context| {
            while results.len() < ANSWERS {
                match answers.as_mut().poll_next(context) {
                    Poll::Ready(Some(Ok(result))) => results.push(result),
                    Poll::Ready(Some(Err(failure))) => return Poll::Ready(Some(Err(failure))),
                    Poll::Ready(None) => return Poll::Ready(Some(Ok(()))),
                    Poll::Pending if results.is_empty() => {
                        return silence.as_mut().poll(context).map(|()| None);
                    }
                    Poll::Pending => return Poll::Ready(None),
                }
            }
            Poll::Ready(None)
        })
        .await;
        if results.is_empty() && ended.is_none() {
            let patience = line.patience(retry.attempt_timeout).ok_or(Failure::timed_out())?;
            silence.as_mut().reset(patience);
            continue;
        }
        *worked |= !results.is_empty();
        line.answer(&mut results, &mut answered)?;
        match ended {
            None => {}
            Some(Ok(())) if line.is_settled() => return Ok(()),
            Some(Ok(())) => return Err(Failure::lost("the server ended the stream")),
            Some(Err(failure)) => return Err(failure),
        }
    }
}

fn send_alone<D: Door>(door: D, pending: Pending, slots: Arc<Semaphore>, retry: Retry) {
    tokio::spawn(async move {
        let Ok(_slot) = slots.acquire_owned().await else {
            return; // never closed
        };
        let attempts = pending.attempts;
        batch::run(&door, vec![pending], attempts, &retry).await;
    });
}
