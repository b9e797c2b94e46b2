//! The way of a batch to the server.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use florin_proto::v1;
use florin_proto::v1::ledger_service_client::LedgerServiceClient;
use tonic::transport::Channel;

use crate::retry::{self, Failure};

/// Carries one batch of independent transfers to the server, once, and its results back.
pub(crate) trait Door: Clone + Send + Sync + 'static {
    /// One attempt, which must end within `time`.
    fn send(
        &self,
        transfers: Vec<v1::NewTransfer>,
        time: Duration,
    ) -> impl Future<Output = Result<Vec<v1::TransferResult>, Failure>> + Send;
}

/// A batch is a `CreateTransfers` call.
#[derive(Debug, Clone)]
pub(crate) struct UnaryDoor {
    ledger: LedgerServiceClient<Channel>,
    endpoint: Arc<str>,
}

impl UnaryDoor {
    pub fn new(ledger: LedgerServiceClient<Channel>, endpoint: Arc<str>) -> Self {
        Self { ledger, endpoint }
    }
}

impl Door for UnaryDoor {
    async fn send(
        &self,
        transfers: Vec<v1::NewTransfer>,
        time: Duration,
    ) -> Result<Vec<v1::TransferResult>, Failure> {
        let mut message =
            v1::CreateTransfersRequest { transfers, ..v1::CreateTransfersRequest::default() };
        message.set_mode(v1::TransferMode::Independent);
        let response = retry::attempt(time, &self.endpoint, message, |request| {
            let mut ledger = self.ledger.clone();
            async move { ledger.create_transfers(request).await }
        })
        .await?;
        Ok(response.results)
    }
}
