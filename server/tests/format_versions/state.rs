//! What a server says of itself: compared between the release that wrote a directory and this one.

use florin_proto::v1;
use florin_proto::v1::subscribe_request::From;
use tonic::Code;

use crate::calls::{Call, Clients, Exchange};
use crate::support::Server;

/// Everything that can be asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// What changes from one opening to the next is left out.
    pub status: v1::GetStatusResponse,
    pub accounts: Vec<v1::Account>,
    /// As far as the exchanges name them.
    pub holds: Vec<v1::Hold>,
    pub payments: Vec<v1::Payment>,
    /// The feed from the beginning.
    pub events: Vec<v1::Event>,
}

/// What a release does not have yet, it has none of.
fn or_nothing<T: Default>(answer: Result<T, tonic::Status>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(status) if status.code() == Code::Unimplemented => T::default(),
        Err(status) => panic!("{status}"),
    }
}

impl State {
    pub async fn of(server: &Server, exchanges: &[Exchange]) -> Self {
        let mut clients = Clients::connect(server).await;
        Self {
            status: lasting(server.status().await),
            accounts: accounts(&mut clients).await,
            holds: holds(&mut clients, exchanges).await,
            payments: payments(&mut clients).await,
            events: or_nothing(events(&mut clients).await),
        }
    }
}

/// What the journal says, and not the process or the machine.
fn lasting(status: v1::GetStatusResponse) -> v1::GetStatusResponse {
    let partitions = status.partitions.into_iter().map(|partition| v1::PartitionStatus {
        partition: partition.partition,
        sequence: partition.sequence,
        durable_sequence: partition.durable_sequence,
        accounts: partition.accounts,
        ids: partition.ids,
        transfers_posted: partition.transfers_posted,
        transfers_refused: partition.transfers_refused,
        conserved: partition.conserved,
        assets: partition.assets,
        open_holds: partition.open_holds,
        timers: partition.timers,
        ..v1::PartitionStatus::default()
    });
    v1::GetStatusResponse {
        lineage: status.lineage,
        accepting: status.accepting,
        partitions: partitions.collect(),
        ..v1::GetStatusResponse::default()
    }
}

async fn accounts(clients: &mut Clients) -> Vec<v1::Account> {
    let mut accounts = Vec::new();
    let mut request = v1::ListAccountsRequest::default();
    loop {
        let page = clients.ledger.list_accounts(request.clone()).await.expect("answered");
        let page = page.into_inner();
        accounts.extend(page.accounts);
        if page.next_page_token.is_empty() {
            return accounts;
        }
        request.page_token = page.next_page_token;
    }
}

async fn holds(clients: &mut Clients, exchanges: &[Exchange]) -> Vec<v1::Hold> {
    let transfers = exchanges.iter().flat_map(|exchange| match &exchange.call {
        Call::CreateTransfers(request) => request.transfers.as_slice(),
        _ => &[],
    });
    let holds = transfers.filter(|transfer| transfer.kind() == v1::TransferKind::Hold);
    let ids: Vec<_> = holds.filter_map(|transfer| transfer.id).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let found = clients.ledger.get_holds(v1::GetHoldsRequest { ids }).await;
    found.expect("answered").into_inner().holds
}

async fn payments(clients: &mut Clients) -> Vec<v1::Payment> {
    let mut payments = Vec::new();
    let mut request = v1::ListPaymentsRequest::default();
    loop {
        let page = clients.payments.list_payments(request.clone()).await;
        let page = or_nothing(page.map(tonic::Response::into_inner));
        payments.extend(page.payments);
        if page.next_page_token.is_empty() {
            return payments;
        }
        request.page_token = page.next_page_token;
    }
}

async fn events(clients: &mut Clients) -> Result<Vec<v1::Event>, tonic::Status> {
    let from = Some(From::Beginning(true));
    let request = v1::SubscribeRequest { from, ..v1::SubscribeRequest::default() };
    let mut feed = clients.events.subscribe(request).await?.into_inner();
    let mut events = Vec::new();
    loop {
        let batch = feed.message().await?.expect("a feed does not end by itself");
        events.extend(batch.events);
        if batch.live {
            return Ok(events);
        }
    }
}
