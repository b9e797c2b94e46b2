//! The ways to the server.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use florin_proto::v1;
use florin_proto::v1::ledger_service_client::LedgerServiceClient;
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::Channel;

use super::line::Outgoing;
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

/// Opens streams of transfers.
pub(crate) trait StreamDoor: Clone + Send + Sync + 'static {
    /// Sends what goes out, for as long as the stream is open. One answer a transfer, in their order.
    fn open(
        &self,
        transfers: Outgoing,
    ) -> impl Future<
        Output = Result<
            impl Stream<Item = Result<v1::TransferResult, Failure>> + Send + use<Self>,
            Failure,
        >,
    > + Send;
}

/// A stream is a `StreamTransfers` call.
#[derive(Debug, Clone)]
pub(crate) struct GrpcStreams {
    ledger: LedgerServiceClient<Channel>,
    endpoint: Arc<str>,
}

impl GrpcStreams {
    pub fn new(ledger: LedgerServiceClient<Channel>, endpoint: Arc<str>) -> Self {
        Self { ledger, endpoint }
    }
}

impl StreamDoor for GrpcStreams {
    async fn open(
        &self,
        transfers: Outgoing,
    ) -> Result<impl Stream<Item = Result<v1::TransferResult, Failure>> + Send + use<>, Failure>
    {
        let endpoint = Arc::clone(&self.endpoint);
        match self.ledger.clone().stream_transfers(transfers).await {
            Ok(answers) => Ok(answers.into_inner().map(move |answer| {
                answer.map_err(|status| Failure::from_status(&status, &endpoint))
            })),
            Err(status) => Err(Failure::from_status(&status, &endpoint)),
        }
    }
}
