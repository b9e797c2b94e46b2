//! The process that journals.

use std::time::Instant;

use florin_actors::{Engine, OpenedEngine};
use serde::{Deserialize, Serialize};

use super::common::bulk;
use super::{Args, Failure};

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
    let begun = Instant::now();
    bulk::open_accounts(engine, args.accounts).await?;
    let seconds_to_open_accounts = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    bulk::pay(engine, 0..args.snapshot_at, args.accounts, |_| ()).await?;
    let mut seconds_to_pay = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let snapshot_bytes = if args.snapshot_at > 0 { bulk::take_snapshot(engine)? } else { 0 };
    let seconds_to_take_snapshot = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    bulk::pay(engine, args.snapshot_at..args.transfers, args.accounts, |_| ()).await?;
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
