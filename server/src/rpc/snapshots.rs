//! Snapshots, on behalf of `AdminService`.

use std::time::{Duration, Instant};

use florin_actors::Engine;
use florin_actors::snapshots::{Ask, Step};
use florin_persistence::snapshot::{Listed, SnapshotError};
use florin_proto::v1;
use florin_proto::v1::refusal::Reason;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::fault;

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// What a call that takes a snapshot answers with.
pub type Taking = ReceiverStream<Result<v1::SnapshotProgress, Status>>;

/// Takes one, and tells how far it is. It is taken to its end, whether or not somebody still listens.
pub(super) fn take(engine: &Engine) -> Result<Taking, Status> {
    let asks = engine.snapshots().ok_or_else(unavailable)?;
    let (to, steps) = crossbeam_channel::unbounded();
    asks.send(Ask::Take(to)).map_err(|_| unavailable())?;
    let (tell, told) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let mut last = None;
        for step in steps {
            let message = match step {
                Step::Progress(progress) => {
                    let now = Instant::now();
                    if last.is_some_and(|last| now - last < TELL_EVERY) {
                        continue;
                    }
                    last = Some(now);
                    Ok(v1::SnapshotProgress {
                        pieces_done: progress.chunks_done,
                        pieces_total: progress.chunks_total,
                        bytes: progress.bytes,
                        snapshot: None,
                    })
                }
                Step::Done(listed) => {
                    let pieces = listed.manifest.chunks().len() as u64;
                    Ok(v1::SnapshotProgress {
                        pieces_done: pieces,
                        pieces_total: pieces,
                        bytes: listed.manifest.chunk_bytes(),
                        snapshot: Some(to_wire(&listed)),
                    })
                }
                Step::Failed(error) => Err(failed(&error)),
            };
            if tell.blocking_send(message).is_err() {
                return;
            }
        }
    });
    Ok(ReceiverStream::new(told))
}

/// Those that are whole, newest first.
pub(super) async fn list(engine: &Engine) -> Result<Vec<v1::Snapshot>, Status> {
    let listed = ask(engine, Ask::List).await?.map_err(|error| failed(&error))?;
    Ok(listed.iter().map(to_wire).collect())
}

/// Deletes one; whether it was there.
pub(super) async fn delete(engine: &Engine, generation: u64) -> Result<bool, Status> {
    let deleted = ask(engine, |to| Ask::Delete(generation, to)).await?;
    deleted.map_err(|error| failed(&error))
}

async fn ask<T: Send + 'static>(
    engine: &Engine,
    question: impl FnOnce(crossbeam_channel::Sender<T>) -> Ask,
) -> Result<T, Status> {
    let asks = engine.snapshots().ok_or_else(unavailable)?;
    let (to, answer) = crossbeam_channel::bounded(1);
    asks.send(question(to)).map_err(|_| unavailable())?;
    let answer = tokio::task::spawn_blocking(move || answer.recv()).await;
    answer.ok().and_then(Result::ok).ok_or_else(unavailable)
}

fn to_wire(Listed { manifest, bytes_on_disk }: &Listed) -> v1::Snapshot {
    v1::Snapshot {
        id: manifest.generation(),
        sequence: manifest.head_sequence(),
        taken_at_ns: manifest.taken_at_ns(),
        accounts: manifest.accounts().into(),
        holds: manifest.holds().into(),
        bytes: *bytes_on_disk,
    }
}

fn failed(error: &SnapshotError) -> Status {
    fault::status(Reason::SnapshotFailed, error.to_string(), [])
}

fn unavailable() -> Status {
    fault::status(Reason::SnapshotFailed, "snapshots are not kept: see the server's log", [])
}
