//! What all replays share: accounts by name, their balances, conservation.

use anyhow::{Context, Result};
use florin_proto::v1::{Account, TransferResult, TransferStatus, floor};

use crate::ledger::{Ledger, Totals, reason_name};
use crate::names::NamedAccount;
use crate::progress;

/// Accounts to open alike.
#[derive(Debug)]
pub struct Opening<'a> {
    /// The accounts.
    pub accounts: &'a [NamedAccount],
    /// Their floor.
    pub floor: floor::Kind,
}

/// Opens accounts that hold `asset`. Those that are open already with the same content are fine.
pub async fn open(ledger: &Ledger, asset: &str, openings: &[Opening<'_>]) -> Result<()> {
    let requests: Vec<_> = openings
        .iter()
        .flat_map(|opening| {
            let to_open = |account: &NamedAccount| account.to_open(asset, opening.floor);
            opening.accounts.iter().map(to_open)
        })
        .collect();
    let bar = progress::bar("opening accounts", "accounts", requests.len() as u64);
    let opened = ledger.open_accounts(&requests, &bar).await;
    bar.finish_and_clear();
    opened.context(
        "a replay needs a data directory without other accounts of these names: give a fresh one",
    )?;
    Ok(())
}

/// The balance of an account, minor units.
pub fn balance(account: &Account) -> i128 {
    account.balance.map_or(0, i128::from)
}

/// Balances in the order of the accounts.
pub async fn balances(ledger: &Ledger, accounts: &[NamedAccount]) -> Result<Vec<i128>> {
    let found = ledger.accounts(accounts.iter().map(|account| account.id)).await?;
    Ok(found.iter().map(balance).collect())
}

/// Whether no money came from nowhere: the balances of all accounts of the replay sum to zero, and
/// the ledger says the same of everything it holds.
pub async fn conserved(ledger: &Ledger, balances: impl IntoIterator<Item = i128>) -> Result<bool> {
    let sum: i128 = balances.into_iter().sum();
    let totals = Totals::of(&ledger.status().await?);
    Ok(sum == 0 && totals.conserved)
}

/// Nothing for a posted transfer, the stable reason for a refused one.
pub fn refusal(result: &TransferResult) -> Option<&'static str> {
    if let Some(refusal) = &result.refusal {
        return Some(reason_name(refusal));
    }
    let posted = result.status == i32::from(TransferStatus::Posted);
    (!posted).then_some("UNKNOWN_STATUS")
}

#[cfg(test)]
mod tests {
    use florin_proto::v1::Refusal;
    use florin_proto::v1::refusal::Reason;

    use super::*;

    #[test]
    fn a_result_is_posted_or_has_a_reason() {
        let refused = |reason| TransferResult {
            status: TransferStatus::Refused.into(),
            refusal: Some(Refusal { reason, ..Refusal::default() }),
            ..TransferResult::default()
        };
        let posted =
            TransferResult { status: TransferStatus::Posted.into(), ..TransferResult::default() };
        for (result, reason) in [
            (posted, None),
            (refused(Reason::InsufficientFunds.into()), Some("INSUFFICIENT_FUNDS")),
            (refused(9_999), Some("UNKNOWN_REASON")),
            (TransferResult::default(), Some("UNKNOWN_STATUS")),
        ] {
            assert_eq!(refusal(&result), reason);
        }
    }
}
