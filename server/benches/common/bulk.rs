//! Bulk calls, some of them under way at a time.

use std::collections::VecDeque;
use std::ops::Range;

use florin_actors::command::{Answer, Command};
use florin_actors::snapshots::{Ask, Step};
use florin_actors::{Begun, Engine};

use super::{Failure, workload};

/// Bulk calls that are under way at a time.
pub const IN_FLIGHT: usize = 4;

/// Registers the asset and opens accounts.
pub async fn open_accounts(engine: &Engine, accounts: u64) -> Result<(), Failure> {
    engine.call(Command::RegisterAssets(vec![workload::asset()])).await;
    let open = |numbers: Range<u64>| {
        (
            numbers.end - numbers.start,
            Command::OpenAccounts(numbers.map(workload::account).collect()),
        )
    };
    run(engine, in_batches(0..accounts).map(open), |_| ()).await
}

/// Posts the transfers with these numbers. `told` is told of each call's, when they are journaled.
pub async fn pay(
    engine: &Engine,
    numbers: Range<u64>,
    accounts: u64,
    told: impl FnMut(u64),
) -> Result<(), Failure> {
    let pay = |numbers: Range<u64>| {
        let members = numbers.end - numbers.start;
        (members, Command::Transfers(workload::batch(numbers, accounts)))
    };
    run(engine, in_batches(numbers).map(pay), told).await
}

/// Cuts numbers into those of one call each.
pub fn in_batches(numbers: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let batch = usize::try_from(workload::BATCH).unwrap_or(usize::MAX);
    let Range { start, end } = numbers;
    (start..end).step_by(batch).map(move |from| from..end.min(from + workload::BATCH))
}

/// Makes calls, each of which has so many members. All of them have to be done.
pub async fn run(
    engine: &Engine,
    calls: impl Iterator<Item = (u64, Command)>,
    mut told: impl FnMut(u64),
) -> Result<(), Failure> {
    let mut calls = calls.fuse();
    let mut under_way = VecDeque::new();
    loop {
        let next = if under_way.len() < IN_FLIGHT { calls.next() } else { None };
        if let Some((members, command)) = next {
            let begun = engine.begin(command).map_err(|(why, _)| format!("{why:?}"))?;
            under_way.push_back((members, begun));
            // What is begun goes to the partition when this task waits.
            tokio::task::yield_now().await;
        } else if let Some((members, begun)) = under_way.pop_front() {
            all_were_done(members, begun).await?;
            told(members);
        } else {
            return Ok(());
        }
    }
}

async fn all_were_done(members: u64, mut begun: Begun) -> Result<(), Failure> {
    let done = match begun.answer().await {
        Answer::Transfers(answer) => u64::from(answer.outcome.posted),
        Answer::Opened(opened) => opened.len() as u64,
        other => return Err(format!("{other:?}").into()),
    };
    if done == members { Ok(()) } else { Err(format!("{done} of {members} were done").into()) }
}

/// Takes a snapshot, waits for it, and gives its bytes. Nobody pays meanwhile.
pub fn take_snapshot(engine: &Engine) -> Result<u64, Failure> {
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
