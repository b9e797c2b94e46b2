//! An answer that may take long, asked for once at a time.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What is asked, however many want to know and however long it takes: there is one question under way at most, so that
/// whoever cannot answer is not filled up with questions.
#[derive(Debug)]
pub(super) struct Pending<T> {
    asked: Mutex<Option<JoinHandle<Option<T>>>>,
}

impl<T> Default for Pending<T> {
    fn default() -> Self {
        Self { asked: Mutex::new(None) }
    }
}

impl<T: Send + 'static> Pending<T> {
    /// The answer, if it comes in time.
    pub async fn get<F>(&self, ask: impl FnOnce() -> F, within: Duration) -> Option<T>
    where
        F: Future<Output = Option<T>> + Send + 'static,
    {
        let mut asked = self.asked.lock().await;
        if asked.as_ref().is_some_and(JoinHandle::is_finished) {
            *asked = None; // too late for whoever asked, and too old by now
        }
        let answer = asked.get_or_insert_with(|| tokio::spawn(ask()));
        let answer = timeout(within, answer).await.ok()?;
        *asked = None;
        answer.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    /// Time enough for what does not wait, and too little for what waits for ever.
    const WITHIN: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn one_question_at_a_time() {
        let pending = Pending::default();
        let (asked, release) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let ask = |waits: bool| {
            let (asked, release) = (Arc::clone(&asked), Arc::clone(&release));
            move || async move {
                let number = asked.fetch_add(1, Ordering::Relaxed) + 1;
                if waits {
                    release.notified().await;
                }
                Some(number)
            }
        };
        assert_eq!(pending.get(ask(false), WITHIN).await, Some(1));
        // The second does not answer: the third and the fourth are not asked.
        for _ in 0..3 {
            assert_eq!(pending.get(ask(true), WITHIN).await, None);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        // It comes too late, and is not given to anybody.
        release.notify_one();
        while !pending.asked.lock().await.as_ref().is_some_and(JoinHandle::is_finished) {
            tokio::task::yield_now().await;
        }
        assert_eq!(pending.get(ask(false), WITHIN).await, Some(3));
    }
}
