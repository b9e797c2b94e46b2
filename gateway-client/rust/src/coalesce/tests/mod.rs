mod batches;
mod streams;

use std::sync::Mutex;
use std::time::Duration;

use super::waiting::Waiting;
use super::*;
use crate::id::TransferId;
use crate::retry::{Effect, Failure};
use crate::wire::minor;

/// A door that keeps what went through it, takes a while, and fails as often as told.
#[derive(Debug, Clone, Default)]
struct FakeDoor {
    batches: Arc<Mutex<Vec<Vec<u128>>>>,
    failures: Arc<Mutex<Vec<Failure>>>,
    takes: Duration,
}

impl Door for FakeDoor {
    async fn send(
        &self,
        transfers: Vec<v1::NewTransfer>,
        time: Duration,
    ) -> Result<Vec<v1::TransferResult>, Failure> {
        let ids: Vec<u128> = transfers.iter().map(|t| minor(t.id)).collect();
        self.batches.lock().expect("no panic").push(ids);
        if self.takes > time {
            tokio::time::sleep(time).await;
            return Err(lost());
        }
        tokio::time::sleep(self.takes).await;
        if let Some(failure) = self.failures.lock().expect("no panic").pop() {
            return Err(failure);
        }
        Ok(transfers
            .into_iter()
            .map(|transfer| v1::TransferResult {
                id: transfer.id,
                status: v1::TransferStatus::Posted.into(),
                amount: transfer.amount,
                ..v1::TransferResult::default()
            })
            .collect())
    }
}

impl FakeDoor {
    fn batches(&self) -> Vec<Vec<u128>> {
        self.batches.lock().expect("no panic").clone()
    }
}

fn lost() -> Failure {
    Failure { error: Error::DeadlineExceeded, effect: Effect::Lost }
}

fn not_taken() -> Failure {
    Failure {
        error: Error::Unreachable { endpoint: String::new(), message: String::new() },
        effect: Effect::NotTaken { retry_after: None },
    }
}

fn transfer(id: u128) -> v1::NewTransfer {
    v1::NewTransfer {
        id: Some(id.into()),
        amount: Some((id * 10).into()),
        ..v1::NewTransfer::default()
    }
}

fn limits(members: usize, bytes: usize) -> Batching {
    Batching { stream: false, members, bytes, in_flight: 1, ..Batching::default() }
}

/// Pays each id in a task of its own, all within `deadline`.
async fn pay_all(
    coalescer: &Coalescer,
    ids: impl IntoIterator<Item = u128>,
    deadline: Duration,
) -> Vec<Result<Outcome, Error>> {
    let deadline = Instant::now() + deadline;
    let tasks: Vec<_> = ids
        .into_iter()
        .map(|id| {
            let coalescer = coalescer.clone();
            tokio::spawn(async move { coalescer.submit(transfer(id), deadline).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("no panic"));
    }
    answers
}

const LONG: Duration = Duration::from_secs(10);

fn pending(id: u128) -> (Pending, oneshot::Receiver<Result<Outcome, Error>>) {
    let (reply, caller) = oneshot::channel();
    let pending = Box::new(Entry {
        transfer: transfer(id),
        deadline: Instant::now() + LONG,
        attempts: Attempts::new(Kind::Idempotent),
        sent: Arc::default(),
        reply,
    });
    (pending, caller)
}

fn waiting_bytes(ids: &[u128]) -> usize {
    ids.iter().map(|&id| waiting::member_bytes(&transfer(id))).sum()
}
