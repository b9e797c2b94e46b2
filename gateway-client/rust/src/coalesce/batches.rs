//! Transfers in batches.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use super::waiting::Waiting;
use super::{Door, Pending, batch};
use crate::options::{Batching, Retry};
use crate::retry::{Attempts, Kind};

/// Forms batches and has them carried, until the last handle is gone.
pub(super) async fn run<D: Door>(
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
        // Tasks that are ready to run get their turn first, so that their transfers join this batch.
        tokio::task::yield_now().await;
        while waiting.len() < batching.members
            && let Ok(pending) = incoming.try_recv()
        {
            waiting.push(pending);
        }
        let members = waiting.take_batch();
        let door = door.clone();
        tokio::spawn(async move {
            batch::run(&door, members, Attempts::new(Kind::Idempotent), &retry).await;
            drop(slot);
        });
    }
}
