//! A small ledger behind a real gRPC server in this process, which can be told to fail.

#![allow(dead_code, reason = "each test file uses its own part of it")]

mod feed;
mod payments;
mod rules;
mod service;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use florin_proto::v1::admin_service_server::AdminServiceServer;
use florin_proto::v1::event_service_server::EventServiceServer;
use florin_proto::v1::ledger_service_server::LedgerServiceServer;
use florin_proto::v1::payment_service_server::PaymentServiceServer;
use florin_proto::{ERROR_DOMAIN, v1};
use tokio::runtime::Runtime;
use tonic::transport::server::{Server, TcpIncoming};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

pub use feed::Feed;
pub use rules::State;

/// What the server does with one call, in the order in which calls come in. Without a step it
/// answers.
#[derive(Debug, Clone)]
pub enum Step {
    /// Answers as it should.
    Answer,
    /// Applies nothing and fails the call.
    Fail(Status),
    /// Applies, then answers late.
    ApplyThenDelay(Duration),
    /// Applies, then loses the answer: the call ends with a status that something in between made.
    ApplyThenLose,
    /// Waits before it looks at the call.
    DelayThenApply(Duration),
}

/// The server. Ends, with every connection, when it is dropped.
pub struct Fake {
    pub address: SocketAddr,
    pub ledger: Ledger,
    runtime: Option<Runtime>,
}

/// What the server knows; outlives it.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
pub struct Inner {
    pub steps: VecDeque<Step>,
    /// The transfers of each `CreateTransfers` that came in, answered or not; each transfer of a stream is one too.
    pub transfer_calls: Vec<Vec<v1::NewTransfer>>,
    /// The next streams are refused with these.
    pub no_streams: VecDeque<Status>,
    /// How many streams of transfers were opened.
    pub streams: usize,
    /// What becomes of each subscription, in the order in which they come in.
    pub feeds: VecDeque<Feed>,
    /// Every subscription that came in.
    pub subscriptions: Vec<v1::SubscribeRequest>,
    /// How many calls of any kind came in.
    pub calls: usize,
    pub state: State,
}

impl Ledger {
    pub fn with_steps(steps: impl IntoIterator<Item = Step>) -> Self {
        let ledger = Self::default();
        ledger.lock().steps.extend(steps);
        ledger
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no test panics with the lock held")
    }

    /// The ids of each `CreateTransfers`, in the order of arrival.
    pub fn batches(&self) -> Vec<Vec<u128>> {
        let inner = self.lock();
        let ids = |call: &Vec<v1::NewTransfer>| {
            let transfers = call.iter();
            transfers.map(|t| t.id.map_or(0, u128::from)).collect()
        };
        inner.transfer_calls.iter().map(ids).collect()
    }
}

/// A fault as Florin reports it.
pub fn fault(code: Code, reason: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, HashMap::new());
    Status::with_error_details(code, "said the server", details)
}

impl Fake {
    pub fn start(ledger: &Ledger) -> Self {
        let any_port = "127.0.0.1:0".parse().expect("an address");
        Self::start_at(any_port, ledger)
    }

    /// Serves on a runtime of its own, so that dropping it breaks connections like a killed process.
    pub fn start_at(address: SocketAddr, ledger: &Ledger) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let context = runtime.enter();
        let incoming =
            TcpIncoming::bind(address).expect("the port is free").with_nodelay(Some(true));
        let address = incoming.local_addr().expect("bound");
        let server = Server::builder()
            .add_service(LedgerServiceServer::new(ledger.clone()))
            .add_service(AdminServiceServer::new(ledger.clone()))
            .add_service(PaymentServiceServer::new(ledger.clone()))
            .add_service(EventServiceServer::new(ledger.clone()))
            .serve_with_incoming(incoming);
        runtime.spawn(server);
        drop(context);
        Self { address, ledger: ledger.clone(), runtime: Some(runtime) }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        // On a thread of its own, since a test's runtime must not be blocked by ending another one.
        let ended = std::thread::spawn(|| runtime.shutdown_timeout(Duration::from_secs(1)));
        let _ = ended.join();
    }
}
