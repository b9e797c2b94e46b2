//! The process that is measured.
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::time::Instant;

use florin_actors::command::{Answer, Command, Explained, First};
use florin_actors::{Engine, OpenedEngine};
use florin_engine::TransferBatch;
use serde::{Deserialize, Serialize};

use super::common::process::memory_bytes;
use super::common::{bulk, workload};
use super::settle::settle;
use super::{Args, Failure};

/// Transfers of the first segment that are sent again.
pub const OLD_IDS: u64 = 100;

/// One in so many transfers of the long history is journaled again to measure: less than a segment, so that nothing is
/// sealed meanwhile.
const MEASURED: u64 = 200;
/// Before that, an eighth of them are journaled without being measured.
const WARM_UP: u64 = 8;

/// What it was like.
#[derive(Debug, Serialize, Deserialize)]
pub struct Asked {
    pub transfers_per_s: f64,
    /// Memory before the first call, when everything was sealed and merged.
    pub rss_bytes: u64,
    /// Events whose ids are in runs.
    pub ids_through: u64,
    pub id_runs: u64,
    pub filter_bytes: u64,
    /// Filters that were looked into, of runs, for each new id.
    pub probes_per_new_id: f64,
    /// Pages that were read for each new id: where a filter was wrong.
    pub page_reads_per_new_id: f64,
    /// Ids of the first segment: with the same content the first answer, with another amount refused.
    pub old_id_answered_as_first: bool,
}

pub async fn run(args: &Args, opened: OpenedEngine) -> Result<Asked, Failure> {
    let OpenedEngine { engine, recovery, data, .. } = &opened;
    settle(engine, data, false).await?;
    let rss_bytes = memory_bytes("VmRSS")?;
    let old_id_answered_as_first = are_answered_as_first(args, engine).await?;
    // Under ids that no other process has used.
    let unused = args.from + recovery.epoch * args.transfers;
    let measured = (args.transfers / MEASURED).max(workload::BATCH);
    let warm = unused + measured / WARM_UP;
    bulk::pay(engine, unused..warm, args.accounts, |_| ()).await?;
    let calls = bulk::in_batches(warm..warm + measured).map(|numbers| {
        let members = numbers.end - numbers.start;
        (members, Command::Transfers(workload::batch(numbers, args.accounts)))
    });
    // Made beforehand: elsewhere other machines do that.
    let calls: Vec<_> = calls.collect();
    let before = engine.beside().ids;
    let begun = Instant::now();
    bulk::run(engine, calls.into_iter(), |_| ()).await?;
    let took = begun.elapsed();
    let beside = engine.beside();
    let per_new_id = |count: u64| count as f64 / measured as f64;
    Ok(Asked {
        transfers_per_s: measured as f64 / took.as_secs_f64(),
        rss_bytes,
        ids_through: beside.ids_through,
        id_runs: beside.id_runs,
        filter_bytes: beside.id_filter_bytes,
        probes_per_new_id: per_new_id(beside.ids.probed - before.probed),
        page_reads_per_new_id: per_new_id(beside.ids.page_reads - before.page_reads),
        old_id_answered_as_first,
    })
}

/// Pays the first transfers; what the answers come to.
pub async fn first_answers(engine: &Engine, accounts: u64) -> Result<String, Failure> {
    match engine.call(Command::Transfers(old(accounts))).await {
        Answer::Transfers(answer) if u64::from(answer.outcome.posted) == OLD_IDS => {
            Ok(sum(&answer.events))
        }
        other => Err(format!("the first transfers: {other:?}").into()),
    }
}

/// Sends the first transfers once more, and with another amount.
async fn are_answered_as_first(args: &Args, engine: &Engine) -> Result<bool, Failure> {
    let again = old(args.accounts);
    let mut changed = again.clone();
    for transfer in &mut changed.transfers {
        transfer.amount_minor += 1;
        *transfer = transfer.clone().seal();
    }
    let same = explained(engine, again).await?;
    let same: Option<Vec<_>> = same
        .into_iter()
        .map(|first| match first {
            First::Answer(event) => Some(*event),
            First::Reused(_) => None,
        })
        .collect();
    let is_same = same.is_some_and(|events| sum(&events) == args.first_answers);
    let other = explained(engine, changed).await?;
    let is_refused = other.len() as u64 == OLD_IDS
        && other.iter().all(|first| matches!(first, First::Reused("amount")));
    Ok(is_same && is_refused)
}

fn old(accounts: u64) -> TransferBatch {
    workload::batch(0..OLD_IDS, accounts)
}

/// What the journal has about transfers all of whose ids are known.
async fn explained(engine: &Engine, batch: TransferBatch) -> Result<Vec<First>, Failure> {
    match engine.call(Command::Transfers(batch)).await {
        Answer::Transfers(answer) if answer.events.is_empty() => match answer.explained {
            Explained::Members(members) => Ok(members),
            other => Err(format!("nothing was known of old ids: {other:?}").into()),
        },
        other => Err(format!("old ids: {other:?}").into()),
    }
}

/// A hash of all that is in events.
fn sum(events: &[florin_engine::Event]) -> String {
    blake3::hash(format!("{events:?}").as_bytes()).to_hex().to_string()
}
