//! The process that journals.

use std::time::Duration;

use florin_actors::{Engine, OpenedEngine};
use serde::{Deserialize, Serialize};

use super::ask::first_answers;
use super::common::{bulk, workload};
use super::settle::settle;
use super::{Args, Failure, bar};

/// While more segments than this wait to be archived, nobody pays: they would fill the disk.
const BEHIND_SEGMENTS: u64 = 12;

/// What was journaled.
#[derive(Debug, Serialize, Deserialize)]
pub struct Written {
    /// Transfers that there are now.
    pub through: u64,
    /// What the first answers came to; empty if they were given before.
    pub first_answers: String,
    pub segments_archived: u64,
    /// Those that are here, and those that are archived.
    pub segments: u64,
}

pub async fn run(args: &Args, opened: OpenedEngine) -> Result<Written, Failure> {
    let OpenedEngine { engine, data, .. } = &opened;
    let (mut from, mut answers) = (args.from, String::new());
    if from == 0 {
        bulk::open_accounts(engine, args.accounts).await?;
        answers = first_answers(engine, args.accounts).await?;
        from = super::ask::OLD_IDS;
    }
    let doing = if args.archiving { "journaling and archiving" } else { "journaling the rest" };
    let bar = bar(args.transfers, doing, "transfers");
    bar.set_position(from);
    while from < args.transfers {
        let to = args.transfers.min(from + args.segment_transfers().max(workload::BATCH));
        bulk::pay(engine, from..to, args.accounts, |members| bar.inc(members)).await?;
        from = to;
        while args.archiving && segments_behind(engine) > BEHIND_SEGMENTS {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    bar.set_message("sealing the rest");
    settle(engine, data, args.archiving).await?;
    bar.finish_and_clear();
    bulk::take_snapshot(engine)?;
    Ok(Written {
        through: from,
        first_answers: answers,
        segments_archived: engine.archive_figures().segments,
        segments: engine.journal().segments_over().len() as u64 + 1,
    })
}

/// Segments that are over and not archived.
fn segments_behind(engine: &Engine) -> u64 {
    let through = engine.archive().through();
    let over = engine.journal().segments_over();
    over.iter().rev().take_while(|(_, span)| *span.end() > through).count() as u64
}
