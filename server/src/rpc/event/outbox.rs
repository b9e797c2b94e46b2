//! Batches on their way to one subscriber. Unlike a channel it knows what the transport has taken, and can be emptied
//! by the side that fills it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use florin_proto::v1;
use tokio::sync::Notify;
use tokio_stream::Stream;
use tonic::Status;

/// Batches that wait for the transport.
const BATCHES_MAX: usize = 2;

/// The side that fills it.
pub(super) struct Outbox(Arc<Shared>);

/// What the transport takes.
pub struct Batches(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Something was taken, or the subscriber is gone.
    changed: Notify,
}

struct State {
    waiting: VecDeque<v1::EventBatch>,
    /// The cursor behind what was taken.
    taken: String,
    end: Option<Status>,
    is_gone: bool,
    waker: Option<Waker>,
}

/// Nobody listens any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// An outbox for a subscriber who has everything before `cursor`.
pub(super) fn outbox(cursor: String) -> (Outbox, Batches) {
    let state = State {
        waiting: VecDeque::with_capacity(BATCHES_MAX),
        taken: cursor,
        end: None,
        is_gone: false,
        waker: None,
    };
    let shared = Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() });
    (Outbox(Arc::clone(&shared)), Batches(shared))
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    /// Waits until there is room for a batch.
    pub(super) async fn room(&self) -> Result<(), Gone> {
        loop {
            {
                let state = self.0.state();
                if state.is_gone {
                    return Err(Gone);
                }
                if state.waiting.len() < BATCHES_MAX {
                    return Ok(());
                }
            }
            self.0.changed.notified().await;
        }
    }

    /// Waits until nobody listens any more.
    pub(super) async fn gone(&self) {
        while !self.0.state().is_gone {
            self.0.changed.notified().await;
        }
    }

    /// Takes up a batch.
    pub(super) fn push(&self, batch: v1::EventBatch) {
        let mut state = self.0.state();
        state.waiting.push_back(batch);
        wake(state);
    }

    /// The end, after what still waits.
    pub(super) fn end(&self, status: Status) {
        let mut state = self.0.state();
        state.end = Some(status);
        wake(state);
    }

    /// The end at once: what waits is dropped. `status` is made with the cursor behind what was taken.
    pub(super) fn cut(&self, status: impl FnOnce(&str) -> Status) {
        let mut state = self.0.state();
        state.waiting.clear();
        state.end = Some(status(&state.taken));
        wake(state);
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Drop for Outbox {
    /// However its task ended: the stream ends too.
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.end.get_or_insert_with(|| Status::internal("the feed has stopped"));
        wake(state);
    }
}

impl Stream for Batches {
    type Item = Result<v1::EventBatch, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.state();
        if let Some(batch) = state.waiting.pop_front() {
            state.taken.clone_from(&batch.cursor);
            drop(state);
            self.0.changed.notify_one();
            return Poll::Ready(Some(Ok(batch)));
        }
        if let Some(status) = &state.end {
            return Poll::Ready(Some(Err(status.clone()))); // the transport asks no more after an error
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.0.state().is_gone = true;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;
    use tokio_stream::StreamExt as _;

    use super::*;

    fn batch(cursor: &str) -> v1::EventBatch {
        v1::EventBatch { cursor: cursor.to_owned(), ..v1::EventBatch::default() }
    }

    async fn has_room(outbox: &Outbox) -> bool {
        timeout(Duration::from_millis(20), outbox.room()).await == Ok(Ok(()))
    }

    #[tokio::test]
    async fn no_more_than_a_few_wait_and_they_keep_their_order() {
        let (outbox, mut batches) = outbox(String::new());
        for cursor in ["a", "b"] {
            assert!(has_room(&outbox).await);
            outbox.push(batch(cursor));
        }
        assert!(!has_room(&outbox).await);
        assert_eq!(batches.next().await.expect("one").expect("a batch").cursor, "a");
        assert!(has_room(&outbox).await);
        outbox.end(Status::aborted("over"));
        assert_eq!(batches.next().await.expect("one").expect("a batch").cursor, "b");
        assert_eq!(batches.next().await.expect("one").expect_err("the end").message(), "over");
    }

    #[tokio::test]
    async fn cut_off_after_what_was_taken() {
        let (outbox, mut batches) = outbox("begin".to_owned());
        outbox.push(batch("a"));
        outbox.push(batch("b"));
        batches.next().await.expect("one").expect("a batch");
        outbox.cut(|taken| Status::aborted(taken.to_string()));
        assert_eq!(batches.next().await.expect("one").expect_err("the end").message(), "a");

        let (outbox, mut batches) = self::outbox("begin".to_owned());
        outbox.push(batch("a"));
        outbox.cut(|taken| Status::aborted(taken.to_string()));
        assert_eq!(batches.next().await.expect("one").expect_err("the end").message(), "begin");
    }

    #[tokio::test]
    async fn whoever_goes_is_missed() {
        let (outbox, batches) = outbox(String::new());
        outbox.push(batch("a"));
        outbox.push(batch("b"));
        let going = async {
            tokio::task::yield_now().await;
            drop(batches);
        };
        let (room, ()) = tokio::join!(outbox.room(), going);
        assert_eq!(room, Err(Gone));
        outbox.gone().await;

        let (outbox, mut batches) = self::outbox(String::new());
        drop(outbox);
        assert!(batches.next().await.expect("one").is_err(), "and the other way round");
    }
}
