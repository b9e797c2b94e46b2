//! The client: one method a call of the contract, and `transfer` for a single payment.

mod accounts;
mod admin;
mod assets;
mod payments;
mod transfers;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use florin_proto::v1::admin_service_client::AdminServiceClient;
use florin_proto::v1::event_service_client::EventServiceClient;
use florin_proto::v1::ledger_service_client::LedgerServiceClient;
use florin_proto::v1::payment_service_client::PaymentServiceClient;
use tonic::transport::Channel;
use tonic::{Request, Response};

use crate::coalesce::{Coalescer, GrpcStreams, UnaryDoor};
use crate::connect::Builder;
use crate::error::Error;
use crate::options::{DEADLINE_MAX, Retry};
use crate::retry::{self, Kind};

pub use accounts::AllAccounts;
pub use payments::AllPayments;

/// A connection to a Florin server. Cheap to clone; clones share the connection and the coalescing.
#[derive(Clone)]
pub struct Client {
    pub(crate) ledger: LedgerServiceClient<Channel>,
    payments: PaymentServiceClient<Channel>,
    pub(crate) events: EventServiceClient<Channel>,
    pub(crate) admin: AdminServiceClient<Channel>,
    coalescer: Coalescer,
    pub(crate) endpoint: Arc<str>,
    pub(crate) deadline: Duration,
    pub(crate) retry: Retry,
}

impl Client {
    /// Connects to a server, `http://127.0.0.1:7411` for example, with the defaults of [`Builder`].
    pub async fn connect(endpoint: impl Into<String>) -> Result<Self, Error> {
        Self::builder(endpoint).connect().await
    }

    /// The way to a client with other than the default options.
    #[must_use]
    pub fn builder(endpoint: impl Into<String>) -> Builder {
        Builder::new(endpoint)
    }

    /// The same client with another deadline for its calls.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline: deadline.min(DEADLINE_MAX), ..self.clone() }
    }

    pub(crate) fn new(options: &Builder, channel: Channel) -> Self {
        let endpoint: Arc<str> = options.endpoint.as_str().into();
        let ledger = LedgerServiceClient::new(channel.clone())
            .max_decoding_message_size(options.answer_bytes);
        let payments = PaymentServiceClient::new(channel.clone())
            .max_decoding_message_size(options.answer_bytes);
        let events = EventServiceClient::new(channel.clone())
            .max_decoding_message_size(options.answer_bytes);
        let admin =
            AdminServiceClient::new(channel).max_decoding_message_size(options.answer_bytes);
        let door = UnaryDoor::new(ledger.clone(), Arc::clone(&endpoint));
        let streams = GrpcStreams::new(ledger.clone(), Arc::clone(&endpoint));
        Self {
            ledger,
            payments,
            events,
            admin,
            coalescer: Coalescer::start(streams, door, options.batching, options.retry),
            endpoint,
            deadline: options.deadline.min(DEADLINE_MAX),
            retry: options.retry,
        }
    }

    pub(crate) async fn call<T, R, F, Fut>(
        &self,
        kind: Kind,
        request: &T,
        send: F,
    ) -> Result<R, Error>
    where
        T: Clone,
        F: Fn(Request<T>) -> Fut,
        Fut: Future<Output = Result<Response<R>, tonic::Status>>,
    {
        retry::call(kind, &self.retry, self.deadline, &self.endpoint, request, send).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("deadline", &self.deadline)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
