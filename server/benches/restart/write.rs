//! The process that journals.

use std::collections::VecDeque;
use std::time::Instant;

use florin_actors::command::{Answer, Command};
use florin_actors::snapshots::{Ask, Step};
use florin_actors::{Begun, Engine, OpenedEngine};
use serde::{Deserialize, Serialize};

use super::{Args, Failure, workload};

/// Bulk calls that are under way at a time.
const IN_FLIGHT: usize = 4;

/// What was journaled.
#[derive(Debug, Serialize, Deserialize)]
pub struct Written {
    pub digest: String,
    pub journal_bytes: u64,
    pub snapshot_bytes: u64,
    pub seconds_to_open_accounts: f64,
    pub seconds_to_pay: f64,
    pub seconds_to_take_snapshot: f64,
}

pub async fn run(args: &Args, opened: OpenedEngine) -> Result<Written, Failure> {
    let OpenedEngine { engine, .. } = &opened;
    if args.accounts < 2 || args.snapshot_at > args.transfers {
        return Err("at least two accounts, and the snapshot before the last transfer".into());
    }
    engine.call(Command::RegisterAssets(vec![workload::asset()])).await;
    let begun = Instant::now();
    in_batches(engine, 0..args.accounts, |numbers| {
        Command::OpenAccounts(numbers.map(workload::account).collect())
    })
    .await?;
    let seconds_to_open_accounts = begun.elapsed().as_secs_f64();
    let pay = |numbers| Command::Transfers(workload::batch(numbers, args.accounts));
    let begun = Instant::now();
    in_batches(engine, 0..args.snapshot_at, pay).await?;
    let mut seconds_to_pay = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let snapshot_bytes = if args.snapshot_at > 0 { take_snapshot(engine)? } else { 0 };
    let seconds_to_take_snapshot = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    in_batches(engine, args.snapshot_at..args.transfers, pay).await?;
    seconds_to_pay += begun.elapsed().as_secs_f64();
    Ok(Written {
        digest: digest(engine).await?,
        journal_bytes: engine.journal_figures().journal_bytes,
        snapshot_bytes,
        seconds_to_open_accounts,
        seconds_to_pay,
        seconds_to_take_snapshot,
    })
}

/// The digest of the state, in hexadecimal digits.
pub async fn digest(engine: &Engine) -> Result<String, Failure> {
    let digest = engine.look(florin_engine::Ledger::digest).await;
    let digest = digest.ok_or("the engine has stopped")?;
    Ok(digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

async fn in_batches(
    engine: &Engine,
    numbers: std::ops::Range<u64>,
    command: impl Fn(std::ops::Range<u64>) -> Command,
) -> Result<(), Failure> {
    let mut under_way = VecDeque::new();
    let mut from = numbers.start;
    while from < numbers.end || !under_way.is_empty() {
        if from < numbers.end && under_way.len() < IN_FLIGHT {
            let to = numbers.end.min(from + workload::BATCH);
            let begun = engine.begin(command(from..to)).map_err(|(why, _)| format!("{why:?}"))?;
            under_way.push_back((to - from, begun));
            from = to;
            // What is begun goes to the partition when this task waits.
            tokio::task::yield_now().await;
        } else if let Some((members, begun)) = under_way.pop_front() {
            all_were_done(members, begun).await?;
        }
    }
    Ok(())
}

async fn all_were_done(members: u64, mut begun: Begun) -> Result<(), Failure> {
    let done = match begun.answer().await {
        Answer::Transfers(answer) => u64::from(answer.outcome.posted),
        Answer::Opened(opened) => opened.len() as u64,
        other => return Err(format!("{other:?}").into()),
    };
    if done == members { Ok(()) } else { Err(format!("{done} of {members} were done").into()) }
}

/// Takes one, waits for it, and gives its bytes. Nobody pays meanwhile.
fn take_snapshot(engine: &Engine) -> Result<u64, Failure> {
    let keeper = engine.snapshots().ok_or("snapshots are not kept")?;
    let (to, steps) = crossbeam_channel::unbounded();
    keeper.send(Ask::Take(to))?;
    for step in steps {
        match step {
            Step::Progress(_) => {}
            Step::Done(listed) => return Ok(listed.bytes_on_disk),
            Step::Failed(error) => return Err(error.into()),
        }
    }
    Err("the keeper of snapshots has stopped".into())
}
