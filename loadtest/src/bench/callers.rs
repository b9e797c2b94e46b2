//! The calls that are measured. Every answer is checked: a fast refusal is no throughput.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use florin_proto::v1::ledger_service_client::LedgerServiceClient;
use florin_proto::v1::{
    BulkTransfersRequest, BulkTransfersResponse, CreateTransfersRequest, TransferMode,
};
use tonic::transport::Channel;

use crate::bench::coalesced::CoalescedCaller;
use crate::bench::holds::HoldCaller;
use crate::bench::streams::Pipeline;
use crate::bench::transfers::{Transfers, check_posted};
use crate::bench::workload::{Pairs, account_id};
use crate::ledger::{self, describe};
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
        (ledger::client(channel), self.supply())
    }

    fn supply(&mut self) -> Transfers {
        Transfers::new(SplitMix64::new(self.rng.next_u64()), Arc::clone(&self.pairs))
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

    /// Callers of `BulkTransfers` that place `batch` holds and capture them with the next message.
    pub fn holds(&mut self, callers: usize, batch: usize) -> Vec<HoldCaller> {
        let hire = |_| {
            let (client, transfers) = self.hire();
            HoldCaller::new(client, transfers, batch)
        };
        (0..callers).map(hire).collect()
    }

    /// Streams that keep `window` transfers each on their way.
    pub fn streams(&mut self, streams: usize, window: usize) -> Vec<Pipeline> {
        let hire = |_| {
            let (client, transfers) = self.hire();
            Pipeline::new(client, transfers, window)
        };
        (0..streams).map(hire).collect()
    }

    /// Callers of one client that sends their single transfers together.
    pub fn coalesced(
        &mut self,
        client: &florin_client::Client,
        callers: usize,
    ) -> Vec<CoalescedCaller> {
        let hire = |_| CoalescedCaller::new(client.clone(), self.supply());
        (0..callers).map(hire).collect()
    }
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
            let (debit, credit) = self.transfers.pair();
            let (debit_lo, debit_hi) = account_id(debit);
            let (credit_lo, credit_hi) = account_id(credit);
            let (id_lo, id_hi) = self.transfers.id();
            request.id_lo.push(id_lo);
            request.id_hi.push(id_hi);
            request.debit_account_lo.push(debit_lo);
            request.debit_account_hi.push(debit_hi);
            request.credit_account_lo.push(credit_lo);
            request.credit_account_hi.push(credit_hi);
            request.amount_lo.push(self.transfers.amount());
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
        check_all_posted(&response, self.batch)
    }
}

/// All members were posted, now and for the first time; how many they are.
pub fn check_all_posted(response: &BulkTransfersResponse, batch: usize) -> Result<u64> {
    if let Some(other) = response.others.first() {
        let result = other.result.as_ref().context("a member without an answer")?;
        check_posted(result)?;
    }
    ensure!(
        usize::try_from(response.posted)? == batch
            && response.replayed == 0
            && response.refused == 0
            && response.first_sequence > 0,
        "of {batch} transfers {} were posted, {} known, {} refused",
        response.posted,
        response.replayed,
        response.refused
    );
    Ok(u64::from(response.posted))
}
