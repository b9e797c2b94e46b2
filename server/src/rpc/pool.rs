//! Reading that takes its time: on a few threads of its own, so that neither the edge nor the partition waits for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tonic::Status;

/// What takes longer than this waits for something: for an archive, most likely. It lets others have its thread.
const SLOW_AFTER: Duration = Duration::from_millis(100);
/// Most that are as slow as that. If there are more, they are in the way of others.
const SLOW_MAX: usize = 8;

/// Threads that read at the same time. Clones are the same pool.
#[derive(Debug, Clone)]
pub struct ReadPool {
    reading: Arc<Semaphore>,
    slow: Arc<Semaphore>,
}

impl Default for ReadPool {
    /// As many as there are cores, at least two; and some more while others wait for an archive.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::of(cores.max(2))
    }
}

impl ReadPool {
    fn of(threads: usize) -> Self {
        let (reading, slow) = (Semaphore::new(threads), Semaphore::new(SLOW_MAX));
        Self { reading: Arc::new(reading), slow: Arc::new(slow) }
    }

    /// Runs something that may read files, once a thread is free for it. Who gives up waiting leaves it to end alone.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Status> {
        let permit = Arc::clone(&self.reading).acquire_owned().await;
        let permit = Arc::new(Mutex::new(permit.ok()));
        let held = Arc::clone(&permit);
        let mut reading = tokio::task::spawn_blocking(move || {
            let read = read();
            drop(held.lock().unwrap_or_else(PoisonError::into_inner).take());
            read
        });
        let in_time = tokio::time::timeout(SLOW_AFTER, &mut reading).await;
        let read = if let Ok(read) = in_time {
            read
        } else {
            if let Ok(slow) = Arc::clone(&self.slow).try_acquire_owned() {
                let mut held = permit.lock().unwrap_or_else(PoisonError::into_inner);
                // If it has ended by now, there is nothing to be exchanged.
                *held = held.take().map(|_| slow);
            }
            reading.await
        };
        read.map_err(|error| Status::internal(format!("a reading has failed: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_is_slow_lets_others_have_its_thread() {
        let pool = ReadPool::of(2);
        let mut lines = Vec::new();
        let slow: Vec<_> = (0..4)
            .map(|_| {
                let (line, dead) = mpsc::channel::<u32>();
                lines.push(line);
                let pool = pool.clone();
                tokio::spawn(async move { pool.run(move || dead.recv()).await })
            })
            .collect();
        for number in 0..10 {
            let quick = tokio::time::timeout(Duration::from_secs(20), pool.run(move || number));
            assert_eq!(quick.await.expect("it does not wait").expect("read"), number);
        }
        for line in lines {
            line.send(7).expect("it waits");
        }
        for read in slow {
            assert_eq!(read.await.expect("it ends").expect("read"), Ok(7));
        }
        assert_eq!(
            (pool.reading.available_permits(), pool.slow.available_permits()),
            (2, SLOW_MAX)
        );
    }
}
