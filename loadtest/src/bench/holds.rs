//! Holds in columns: what one message reserves, the next one captures.

use anyhow::Result;
use florin_proto::v1::ledger_service_client::LedgerServiceClient;
use florin_proto::v1::{BulkTransfersRequest, TransferKind, TransferMode};
use tonic::transport::Channel;

use crate::bench::callers::check_all_posted;
use crate::bench::transfers::Transfers;
use crate::bench::workload::account_id;
use crate::ledger::describe;
use crate::load::Caller;

/// Ids in two columns: low halves, high halves.
type Columns = (Vec<u64>, Vec<u64>);

/// Calls `BulkTransfers` with holds and captures by turns. Each step counts as a transfer.
#[derive(Debug)]
pub struct HoldCaller {
    client: LedgerServiceClient<Channel>,
    transfers: Transfers,
    batch: usize,
    /// The holds that were placed and not captured.
    open: Option<Columns>,
}

impl HoldCaller {
    /// With `batch` steps a message.
    pub fn new(client: LedgerServiceClient<Channel>, transfers: Transfers, batch: usize) -> Self {
        Self { client, transfers, batch, open: None }
    }

    fn ids(&mut self) -> Columns {
        (0..self.batch).map(|_| self.transfers.id()).unzip()
    }

    fn place(&mut self) -> BulkTransfersRequest {
        let (id_lo, id_hi) = self.ids();
        let pairs: Vec<_> = (0..self.batch).map(|_| self.transfers.pair()).collect();
        let (debit_account_lo, debit_account_hi) =
            pairs.iter().map(|(debit, _)| account_id(*debit)).unzip();
        let (credit_account_lo, credit_account_hi) =
            pairs.iter().map(|(_, credit)| account_id(*credit)).unzip();
        self.open = Some((id_lo.clone(), id_hi.clone()));
        BulkTransfersRequest {
            mode: TransferMode::Independent.into(),
            id_lo,
            id_hi,
            debit_account_lo,
            debit_account_hi,
            credit_account_lo,
            credit_account_hi,
            amount_lo: (0..self.batch).map(|_| self.transfers.amount()).collect(),
            kind: vec![TransferKind::Hold.into(); self.batch],
            ..BulkTransfersRequest::default()
        }
    }

    /// All of each: an amount of zero. Accounts follow from the holds.
    fn capture(&mut self, (hold_lo, hold_hi): Columns) -> BulkTransfersRequest {
        let (id_lo, id_hi) = self.ids();
        let zeros = || vec![0; self.batch];
        BulkTransfersRequest {
            mode: TransferMode::Independent.into(),
            id_lo,
            id_hi,
            debit_account_lo: zeros(),
            credit_account_lo: zeros(),
            amount_lo: zeros(),
            kind: vec![TransferKind::Capture.into(); self.batch],
            hold_lo,
            hold_hi,
            ..BulkTransfersRequest::default()
        }
    }

    fn request(&mut self) -> BulkTransfersRequest {
        match self.open.take() {
            None => self.place(),
            Some(holds) => self.capture(holds),
        }
    }
}

impl Caller for HoldCaller {
    fn fork(&mut self) -> Self {
        Self::new(self.client.clone(), self.transfers.fork(), self.batch)
    }

    async fn call(&mut self) -> Result<u64> {
        let request = self.request();
        let response = self.client.bulk_transfers(request).await;
        let response = response.map_err(|status| describe(&status))?.into_inner();
        check_all_posted(&response, self.batch)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bench::workload::{Pairs, Workload};
    use crate::ledger;
    use crate::rng::SplitMix64;

    #[test]
    fn what_one_message_places_the_next_one_captures() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let _guard = runtime.as_ref().expect("a runtime").enter();
        // Nothing is sent, so nobody needs to be there.
        let channel = tonic::transport::Endpoint::from_static("http://127.0.0.1:9").connect_lazy();
        let pairs = Arc::new(Pairs::new(Workload::Uniform, 10));
        let transfers = Transfers::new(SplitMix64::new(1), pairs);
        let mut caller = HoldCaller::new(ledger::client(channel), transfers, 3);
        let (placed, captured, again) = (caller.request(), caller.request(), caller.request());
        assert_eq!(placed.kind, [i32::from(TransferKind::Hold); 3]);
        assert!(placed.amount_lo.iter().all(|amount| *amount > 0));
        assert_eq!(captured.kind, [i32::from(TransferKind::Capture); 3]);
        assert_eq!((captured.hold_lo, captured.hold_hi), (placed.id_lo.clone(), placed.id_hi));
        assert_eq!((captured.debit_account_lo, captured.amount_lo), (vec![0; 3], vec![0; 3]));
        assert_eq!(again.kind, placed.kind);
        let ids = [placed.id_lo, captured.id_lo, again.id_lo].concat();
        assert!((1..ids.len()).all(|i| !ids[..i].contains(&ids[i])), "{ids:?}");
    }
}
