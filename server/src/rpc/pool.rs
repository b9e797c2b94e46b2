//! Reading that takes its time: on a few threads of its own, so that neither the edge nor the partition waits for it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tonic::Status;

/// Threads that read at the same time. Clones are the same pool.
#[derive(Debug, Clone)]
pub struct ReadPool(Arc<Semaphore>);

impl Default for ReadPool {
    /// As many as there are cores, at least two.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(cores.max(2))))
    }
}

impl ReadPool {
    /// Runs something that may read files, once a thread is free for it. Who gives up waiting leaves it to end alone.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Status> {
        let permit = Arc::clone(&self.0).acquire_owned().await;
        let reading = tokio::task::spawn_blocking(move || {
            let read = read();
            drop(permit);
            read
        });
        reading.await.map_err(|error| Status::internal(format!("a reading has failed: {error}")))
    }
}
