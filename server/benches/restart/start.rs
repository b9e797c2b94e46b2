//! The process that starts again.

use std::time::Instant;

use florin_actors::OpenedEngine;
use florin_actors::command::{Answer, Command};
use serde::{Deserialize, Serialize};

use super::common::process::memory_bytes;
use super::write::digest;
use super::{Args, Failure, workload};

/// What a start was like.
#[derive(Debug, Serialize, Deserialize)]
pub struct Start {
    /// From the beginning of the process to the answer to its first payment; without the time for the digest.
    pub seconds_to_first_payment: f64,
    pub from_snapshot: bool,
    pub seconds_loading: f64,
    pub seconds_replaying: f64,
    pub events_replayed: u64,
    pub peak_rss_bytes: u64,
    pub digest_before: String,
    pub digest_after: String,
    /// Whether the digest before is that which the process before it ended with.
    pub digest_equal: bool,
}

pub async fn run(args: &Args, opened: OpenedEngine) -> Result<Start, Failure> {
    let OpenedEngine { engine, start, recovery, .. } = &opened;
    let to_open = super::PROCESS_BEGAN.get().ok_or("it was noted")?.elapsed();
    // Before the digest, which takes memory of its own.
    let peak_rss_bytes = memory_bytes("VmHWM")?;
    let digest_before = digest(engine).await?;
    let begun = Instant::now();
    // Under an id that no other start has used.
    let number = args.transfers + recovery.epoch;
    let batch = workload::batch(number..number + 1, args.accounts);
    match engine.call(Command::Transfers(batch)).await {
        Answer::Transfers(answer) if answer.outcome.posted == 1 => {}
        other => return Err(format!("the first payment: {other:?}").into()),
    }
    let to_pay = begun.elapsed();
    Ok(Start {
        seconds_to_first_payment: (to_open + to_pay).as_secs_f64(),
        from_snapshot: start.snapshot.is_some(),
        seconds_loading: start.loading.as_secs_f64(),
        seconds_replaying: start.replaying.as_secs_f64(),
        events_replayed: start.events_replayed,
        peak_rss_bytes,
        digest_before,
        digest_after: digest(engine).await?,
        digest_equal: false,
    })
}
