//! The calls that are measured. Every answer is checked: a fast refusal is no throughput.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use florin_proto::v1::ledger_service_client::LedgerServiceClient;
use florin_proto::v1::{
    AccountKey, BulkTransfersRequest, CreateTransfersRequest, NewTransfer, TransferMode,
    TransferResult, TransferStatus, Uint128, account_key,
};
use tonic::transport::Channel;

use crate::bench::workload::{Pairs, account_id};
use crate::ledger::{self, describe, reason_name};
use crate::load::Caller;
use crate::rng::SplitMix64;

/// Connections and random numbers for any number of callers.
#[derive(Debug, Clone)]
pub struct Fleet {
    channels: Vec<Channel>,
    pairs: Arc<Pairs>,
    rng: SplitMix64,
    hired: usize,
}

impl Fleet {
    /// Callers take the connections in turn. A seed must not be used twice on one ledger: the ids
    /// follow from it.
    pub fn new(channels: Vec<Channel>, pairs: Arc<Pairs>, seed: u64) -> Self {
        Self { channels, pairs, rng: SplitMix64::new(seed), hired: 0 }
    }

    fn hire(&mut self) -> (LedgerServiceClient<Channel>, Transfers) {
        let channel = self.channels[self.hired % self.channels.len()].clone();
        self.hired += 1;
        let transfers =
            Transfers { rng: SplitMix64::new(self.rng.next_u64()), pairs: Arc::clone(&self.pairs) };
        (ledger::client(channel), transfers)
    }

    /// Callers of `CreateTransfers` with `batch` transfers each.
    pub fn batches(&mut self, callers: usize, batch: usize) -> Vec<BatchCaller> {
        let hire = |_| {
            let (client, transfers) = self.hire();
            BatchCaller { client, transfers, batch }
        };
        (0..callers).map(hire).collect()
    }

    /// Callers of `BulkTransfers` with `batch` transfers each.
    pub fn bulks(&mut self, callers: usize, batch: usize) -> Vec<BulkCaller> {
        let hire = |_| {
            let (client, transfers) = self.hire();
            BulkCaller { client, transfers, batch }
        };
        (0..callers).map(hire).collect()
    }
}

/// An endless supply of transfers between random accounts, with random 128-bit ids.
#[derive(Debug, Clone)]
struct Transfers {
    rng: SplitMix64,
    pairs: Arc<Pairs>,
}

impl Transfers {
    /// Amounts from 1 to 4096.
    fn amount(&mut self) -> u64 {
        (self.rng.next_u64() & 0xfff) + 1
    }

    fn next(&mut self) -> NewTransfer {
        let (debit, credit) = self.pairs.draw(&mut self.rng);
        NewTransfer {
            id: Some(Uint128 { lo: self.rng.next_u64(), hi: self.rng.next_u64() | 1 }),
            debit_account: Some(key(debit)),
            credit_account: Some(key(credit)),
            amount: Some(Uint128 { lo: self.amount(), hi: 0 }),
            ..NewTransfer::default()
        }
    }

    fn fork(&mut self) -> Self {
        Self { rng: SplitMix64::new(self.rng.next_u64()), pairs: Arc::clone(&self.pairs) }
    }
}

fn key(account: u64) -> AccountKey {
    let (lo, hi) = account_id(account);
    AccountKey { key: Some(account_key::Key::Id(Uint128 { lo, hi })) }
}

/// Calls `CreateTransfers`; with a batch of one, the plain payment.
#[derive(Debug)]
pub struct BatchCaller {
    client: LedgerServiceClient<Channel>,
    transfers: Transfers,
    batch: usize,
}

impl Caller for BatchCaller {
    fn fork(&mut self) -> Self {
        Self { client: self.client.clone(), transfers: self.transfers.fork(), batch: self.batch }
    }

    async fn call(&mut self) -> Result<u64> {
        let request = CreateTransfersRequest {
            mode: TransferMode::Independent.into(),
            group_id: None,
            transfers: (0..self.batch).map(|_| self.transfers.next()).collect(),
        };
        let response = self.client.create_transfers(request).await;
        let results = response.map_err(|status| describe(&status))?.into_inner().results;
        ensure!(
            results.len() == self.batch,
            "{} transfers were sent and {} answered",
            self.batch,
            results.len()
        );
        for result in &results {
            check_posted(result)?;
        }
        Ok(results.len() as u64)
    }
}

fn check_posted(result: &TransferResult) -> Result<()> {
    if let Some(refusal) = &result.refusal {
        bail!("a transfer was refused: {} {}", reason_name(refusal), refusal.message);
    }
    ensure!(
        result.status == i32::from(TransferStatus::Posted) && result.sequence > 0,
        "a transfer was neither posted nor refused"
    );
    ensure!(
        !result.replayed,
        "a random id was known already: was this seed used on this ledger before?"
    );
    Ok(())
}

/// Calls `BulkTransfers`.
#[derive(Debug)]
pub struct BulkCaller {
    client: LedgerServiceClient<Channel>,
    transfers: Transfers,
    batch: usize,
}

impl BulkCaller {
    fn request(&mut self) -> BulkTransfersRequest {
        let column = || Vec::with_capacity(self.batch);
        let mut request = BulkTransfersRequest {
            mode: TransferMode::Independent.into(),
            id_lo: column(),
            id_hi: column(),
            debit_account_lo: column(),
            debit_account_hi: column(),
            credit_account_lo: column(),
            credit_account_hi: column(),
            amount_lo: column(),
            ..BulkTransfersRequest::default()
        };
        for _ in 0..self.batch {
            let transfers = &mut self.transfers;
            let (debit, credit) = transfers.pairs.draw(&mut transfers.rng);
            let (debit_lo, debit_hi) = account_id(debit);
            let (credit_lo, credit_hi) = account_id(credit);
            request.id_lo.push(transfers.rng.next_u64());
            request.id_hi.push(transfers.rng.next_u64() | 1);
            request.debit_account_lo.push(debit_lo);
            request.debit_account_hi.push(debit_hi);
            request.credit_account_lo.push(credit_lo);
            request.credit_account_hi.push(credit_hi);
            request.amount_lo.push(transfers.amount());
        }
        request
    }
}

impl Caller for BulkCaller {
    fn fork(&mut self) -> Self {
        Self { client: self.client.clone(), transfers: self.transfers.fork(), batch: self.batch }
    }

    async fn call(&mut self) -> Result<u64> {
        let request = self.request();
        let response = self.client.bulk_transfers(request).await;
        let response = response.map_err(|status| describe(&status))?.into_inner();
        if let Some(other) = response.others.first() {
            let result = other.result.as_ref().context("a member without an answer")?;
            check_posted(result)?;
        }
        ensure!(
            usize::try_from(response.posted)? == self.batch
                && response.replayed == 0
                && response.refused == 0
                && response.first_sequence > 0,
            "of {} transfers {} were posted, {} known, {} refused",
            self.batch,
            response.posted,
            response.replayed,
            response.refused
        );
        Ok(u64::from(response.posted))
    }
}

#[cfg(test)]
mod tests {
    use florin_proto::v1::Refusal;
    use florin_proto::v1::refusal::Reason;

    use super::*;
    use crate::bench::workload::Workload;

    #[test]
    fn only_a_first_and_posted_answer_counts() {
        let posted = TransferResult {
            status: TransferStatus::Posted.into(),
            sequence: 1,
            ..TransferResult::default()
        };
        let refusal = Refusal { reason: Reason::AccountNotFound.into(), ..Refusal::default() };
        let cases = [
            (posted.clone(), None),
            (TransferResult { replayed: true, ..posted.clone() }, Some("known already")),
            (TransferResult { sequence: 0, ..posted.clone() }, Some("neither")),
            (TransferResult { status: 0, ..posted.clone() }, Some("neither")),
            (TransferResult { refusal: Some(refusal), ..posted }, Some("ACCOUNT_NOT_FOUND")),
        ];
        for (result, complaint) in cases {
            let text = check_posted(&result).err().map(|error| error.to_string());
            match (text, complaint) {
                (None, None) => {}
                (Some(text), Some(complaint)) => assert!(text.contains(complaint), "{text}"),
                (text, complaint) => panic!("{text:?} and {complaint:?}"),
            }
        }
    }

    #[test]
    fn forks_never_use_the_same_id() {
        let pairs = Arc::new(Pairs::new(Workload::Uniform, 10));
        let mut origin = Transfers { rng: SplitMix64::new(1), pairs };
        let mut fork = origin.fork();
        let ids = |transfers: &mut Transfers| -> Vec<_> {
            (0..100).map(|_| transfers.next().id.map(u128::from)).collect()
        };
        let (mine, theirs) = (ids(&mut origin), ids(&mut fork));
        assert!(mine.iter().all(|id| id.is_some() && !theirs.contains(id)));
    }
}
