//! Opening the accounts that load is spread over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use florin_proto::BATCH_MEMBERS_MAX;
use florin_proto::v1::{AccountKey, Floor, NewAccount, Uint128, account_key, floor};
use tokio::task::JoinSet;

use crate::bench::workload::account_id;
use crate::ledger::Ledger;
use crate::progress;

const ASSET: &str = "EUR";
/// Batches on their way at once: one is decided while the next is encoded.
const IN_FLIGHT: usize = 4;

/// Opens accounts 0 to `count`. Without a floor: in a bench nothing is refused. Returns how many of
/// them were there before.
pub async fn open(ledger: &Ledger, count: u64) -> Result<u64> {
    let bar = progress::bar("opening accounts", "accounts", count);
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (ledger, bar, next) = (ledger.clone(), bar.clone(), Arc::clone(&next));
        tasks.spawn(async move {
            let step = BATCH_MEMBERS_MAX as u64;
            let mut replayed = 0;
            loop {
                let first = next.fetch_add(step, Ordering::Relaxed);
                if first >= count {
                    return anyhow::Ok(replayed);
                }
                let last = count.min(first + step);
                let batch: Vec<NewAccount> = (first..last).map(new_account).collect();
                replayed += ledger.open_accounts(&batch, &bar).await?;
            }
        });
    }
    let mut replayed = 0;
    while let Some(task) = tasks.join_next().await {
        replayed += task??;
    }
    bar.finish_and_clear();
    Ok(replayed)
}

fn new_account(index: u64) -> NewAccount {
    let (lo, hi) = account_id(index);
    NewAccount {
        key: Some(AccountKey { key: Some(account_key::Key::Id(Uint128 { lo, hi })) }),
        asset: ASSET.to_owned(),
        floor: Some(Floor { kind: floor::Kind::None.into(), overdraft: None }),
        ..NewAccount::default()
    }
}
