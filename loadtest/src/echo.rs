//! The contract served without an engine: what gRPC alone costs, with the same messages, the same
//! runtime and the same settings as the real server.

use std::io::Write;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;
use florin_proto::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use florin_proto::v1::{
    BulkTransfersRequest, BulkTransfersResponse, CreateAccountsRequest, CreateAccountsResponse,
    CreateAssetsRequest, CreateAssetsResponse, CreateTransfersRequest, CreateTransfersResponse,
    GetAccountsRequest, GetAccountsResponse, GetBalanceAtRequest, GetBalanceAtResponse,
    GetHoldsRequest, GetHoldsResponse, GetTransfersRequest, GetTransfersResponse, Int128,
    ListAccountTransfersRequest, ListAccountTransfersResponse, ListAccountsRequest,
    ListAccountsResponse, ListAssetsRequest, ListAssetsResponse, NewTransfer, TransferResult,
    TransferStatus, UpdateAccountRequest, UpdateAccountResponse,
};
use tokio_stream::Stream;
use tonic::transport::Server;
use tonic::transport::server::{Router, TcpIncoming};
use tonic::{Request, Response, Status, Streaming};

use crate::ledger::{CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES};
use crate::{exit, signals};

/// Calls that one connection may have open, as on the real server.
const STREAMS_PER_CONNECTION: u32 = 1_024;

/// Arguments of `echo-server`.
#[derive(Debug, Args)]
pub struct EchoArgs {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// Serves until it is stopped. Says `ready {json}` like the real one.
pub async fn serve(args: &EchoArgs) -> Result<u8> {
    let incoming = TcpIncoming::bind(args.listen)
        .with_context(|| format!("cannot listen on {}", args.listen))?
        .with_nodelay(Some(true));
    let mut stdout = std::io::stdout();
    writeln!(stdout, "ready {{\"listen\":\"{}\"}}", incoming.local_addr()?)?;
    stdout.flush()?;
    server().serve_with_incoming_shutdown(incoming, signals::interrupted()).await?;
    Ok(exit::OK)
}

fn server() -> Router {
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .add_service(LedgerServiceServer::new(Echo::default()))
}

/// Serves on a free port of this machine, in the background of a test. The URL.
#[cfg(test)]
pub async fn spawn() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(server().serve_with_incoming(incoming));
    format!("http://{address}")
}

/// Says yes to every transfer and remembers nothing but how many there were.
#[derive(Debug, Clone, Default)]
struct Echo {
    sequence: Arc<AtomicU64>,
}

impl Echo {
    /// The first of `count` new sequence numbers, and the time.
    fn stamp(&self, count: usize) -> (u64, u64) {
        let first = self.sequence.fetch_add(count as u64, Ordering::Relaxed) + 1;
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (first, u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// An answer with every field that a real one has.
fn posted(transfer: &NewTransfer, sequence: u64, timestamp_ns: u64) -> TransferResult {
    let amount = transfer.amount.map_or(0, |amount| amount.lo);
    let balance = i128::from(amount);
    TransferResult {
        id: transfer.id,
        status: TransferStatus::Posted.into(),
        replayed: false,
        sequence,
        timestamp_ns,
        amount: transfer.amount,
        debit_balance_after: Some(Int128::from(-balance)),
        credit_balance_after: Some(Int128::from(balance)),
        refusal: None,
        hold_remaining: None,
    }
}

/// The answers of a stream, one as each transfer is read.
#[derive(Debug)]
struct Answers {
    echo: Echo,
    transfers: Streaming<NewTransfer>,
}

impl Stream for Answers {
    type Item = Result<TransferResult, Status>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.transfers).poll_next(context);
        next.map_ok(|transfer| {
            let (sequence, now_ns) = self.echo.stamp(1);
            posted(&transfer, sequence, now_ns)
        })
    }
}

fn not_here<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented(
        "the echo server answers transfers only: one, many, in columns, or on a stream",
    ))
}

#[tonic::async_trait]
impl LedgerService for Echo {
    async fn create_transfers(
        &self,
        request: Request<CreateTransfersRequest>,
    ) -> Result<Response<CreateTransfersResponse>, Status> {
        let transfers = request.into_inner().transfers;
        let (first, now_ns) = self.stamp(transfers.len());
        let answers = transfers.iter().zip(0u64..);
        let results = answers.map(|(transfer, i)| posted(transfer, first + i, now_ns + i));
        Ok(Response::new(CreateTransfersResponse { results: results.collect(), group: None }))
    }

    async fn bulk_transfers(
        &self,
        request: Request<BulkTransfersRequest>,
    ) -> Result<Response<BulkTransfersResponse>, Status> {
        let count = request.into_inner().id_lo.len();
        let (first_sequence, first_timestamp_ns) = self.stamp(count);
        let posted = u32::try_from(count).map_err(|_| Status::invalid_argument("too many"))?;
        Ok(Response::new(BulkTransfersResponse {
            posted,
            first_sequence,
            first_timestamp_ns,
            ..BulkTransfersResponse::default()
        }))
    }

    type StreamTransfersStream = Answers;

    async fn stream_transfers(
        &self,
        request: Request<Streaming<NewTransfer>>,
    ) -> Result<Response<Answers>, Status> {
        Ok(Response::new(Answers { echo: self.clone(), transfers: request.into_inner() }))
    }

    async fn create_assets(
        &self,
        _: Request<CreateAssetsRequest>,
    ) -> Result<Response<CreateAssetsResponse>, Status> {
        not_here()
    }

    async fn list_assets(
        &self,
        _: Request<ListAssetsRequest>,
    ) -> Result<Response<ListAssetsResponse>, Status> {
        not_here()
    }

    async fn create_accounts(
        &self,
        _: Request<CreateAccountsRequest>,
    ) -> Result<Response<CreateAccountsResponse>, Status> {
        not_here()
    }

    async fn update_account(
        &self,
        _: Request<UpdateAccountRequest>,
    ) -> Result<Response<UpdateAccountResponse>, Status> {
        not_here()
    }

    async fn get_accounts(
        &self,
        _: Request<GetAccountsRequest>,
    ) -> Result<Response<GetAccountsResponse>, Status> {
        not_here()
    }

    async fn list_accounts(
        &self,
        _: Request<ListAccountsRequest>,
    ) -> Result<Response<ListAccountsResponse>, Status> {
        not_here()
    }

    async fn get_transfers(
        &self,
        _: Request<GetTransfersRequest>,
    ) -> Result<Response<GetTransfersResponse>, Status> {
        not_here()
    }

    async fn get_holds(
        &self,
        _: Request<GetHoldsRequest>,
    ) -> Result<Response<GetHoldsResponse>, Status> {
        not_here()
    }

    async fn list_account_transfers(
        &self,
        _: Request<ListAccountTransfersRequest>,
    ) -> Result<Response<ListAccountTransfersResponse>, Status> {
        not_here()
    }

    async fn get_balance_at(
        &self,
        _: Request<GetBalanceAtRequest>,
    ) -> Result<Response<GetBalanceAtResponse>, Status> {
        not_here()
    }
}
