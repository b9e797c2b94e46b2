//! Single payments through the Rust client, which sends together what is there at the same time.

use anyhow::{Result, ensure};
use florin_client::{AccountId, AccountKey, Client, Transfer, TransferId};

use crate::bench::transfers::Transfers;
use crate::bench::workload::account_id;
use crate::load::Caller;

/// Calls `Client::transfer`. All callers share a client.
#[derive(Debug)]
pub struct CoalescedCaller {
    client: Client,
    transfers: Transfers,
}

impl CoalescedCaller {
    /// Through this client.
    pub fn new(client: Client, transfers: Transfers) -> Self {
        Self { client, transfers }
    }

    fn next(&mut self) -> Transfer {
        let (debit, credit) = self.transfers.pair();
        Transfer::new(TransferId(wide(self.transfers.id())))
            .debit(account(debit))
            .credit(account(credit))
            .amount_minor(self.transfers.amount().into())
    }
}

fn account(index: u64) -> AccountKey {
    AccountKey::Id(AccountId(wide(account_id(index))))
}

fn wide((lo, hi): (u64, u64)) -> u128 {
    u128::from(hi) << 64 | u128::from(lo)
}

impl Caller for CoalescedCaller {
    fn fork(&mut self) -> Self {
        Self { client: self.client.clone(), transfers: self.transfers.fork() }
    }

    async fn call(&mut self) -> Result<u64> {
        let transfer = self.next();
        let posted = self.client.transfer(transfer).await??;
        ensure!(
            !posted.replayed && posted.sequence > 0,
            "a random id was known already: was this seed used on this ledger before?"
        );
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_those_of_the_other_callers() {
        for index in [0, 1, 999_999] {
            let (lo, hi) = account_id(index);
            let AccountKey::Id(AccountId(id)) = account(index) else { panic!("by id") };
            assert_eq!(florin_proto::v1::Uint128::from(id), florin_proto::v1::Uint128 { lo, hi });
        }
    }
}
