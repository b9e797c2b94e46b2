//! Calls that may be made again, and their answers: as they are made, kept and compared.

use florin_proto::v1;
use florin_proto::v1::event_service_client::EventServiceClient;
use florin_proto::v1::payment_service_client::PaymentServiceClient;
use serde_json::{Value, json};
use tonic::Status;
use tonic::transport::Channel;

use crate::json::{from_json, to_json};
use crate::support::{Ledger, Server};

/// Everything that a server is called by.
#[derive(Debug, Clone)]
pub struct Clients {
    pub ledger: Ledger,
    pub payments: PaymentServiceClient<Channel>,
    pub events: EventServiceClient<Channel>,
}

impl Clients {
    pub async fn connect(server: &Server) -> Self {
        let address = || server.address.clone();
        Self {
            ledger: server.ledger().await,
            payments: PaymentServiceClient::connect(address()).await.expect("a connection"),
            events: EventServiceClient::connect(address()).await.expect("a connection"),
        }
    }
}

/// A call that was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    pub call: Call,
    pub answer: Answer,
}

macro_rules! calls {
    ($($name:ident: $client:ident.$method:ident($request:ident) -> $response:ident;)*) => {
        /// What may be asked again.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Call { $($name(v1::$request)),* }

        /// What was answered.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Answer { $($name(v1::$response)),* }

        impl Call {
            pub async fn make(&self, clients: &mut Clients) -> Result<Answer, Status> {
                match self.clone() {
                    $(Self::$name(request) => {
                        let answered = clients.$client.$method(request).await?;
                        Ok(Answer::$name(answered.into_inner()))
                    })*
                }
            }
        }

        impl Exchange {
            pub fn to_json(&self) -> Value {
                match (&self.call, &self.answer) {
                    $((Call::$name(request), Answer::$name(response)) => json!({
                        "call": stringify!($name),
                        "request": to_json(stringify!($request), request),
                        "response": to_json(stringify!($response), response),
                    }),)*
                    _ => unreachable!("an answer to another call: {self:?}"),
                }
            }

            pub fn from_json(json: &Value) -> Self {
                let (call, answer) = match json["call"].as_str().expect("a call") {
                    $(stringify!($name) => (
                        Call::$name(from_json(stringify!($request), &json["request"])),
                        Answer::$name(from_json(stringify!($response), &json["response"])),
                    ),)*
                    other => panic!("no call {other}"),
                };
                Self { call, answer }
            }
        }
    };
}

calls! {
    CreateAssets: ledger.create_assets(CreateAssetsRequest) -> CreateAssetsResponse;
    CreateAccounts: ledger.create_accounts(CreateAccountsRequest) -> CreateAccountsResponse;
    CreateTransfers: ledger.create_transfers(CreateTransfersRequest) -> CreateTransfersResponse;
    CreatePayment: payments.create_payment(CreatePaymentRequest) -> PaymentResponse;
    CapturePayment: payments.capture_payment(CapturePaymentRequest) -> PaymentResponse;
    CancelPayment: payments.cancel_payment(CancelPaymentRequest) -> PaymentResponse;
    RefundPayment: payments.refund_payment(RefundPaymentRequest) -> PaymentResponse;
}

impl Answer {
    /// As it would be given the first time, without what a payment has become since; and whether every part of it that
    /// is journaled was given again.
    pub fn first_time(mut self) -> (Self, bool) {
        let mut again = Vec::new();
        match &mut self {
            Self::CreateAssets(answer) => {
                again.extend(answer.results.iter_mut().map(|result| &mut result.replayed));
            }
            Self::CreateAccounts(answer) => {
                again.extend(answer.results.iter_mut().map(|result| &mut result.replayed));
            }
            Self::CreateTransfers(answer) => {
                // What was malformed is so again, and was never kept.
                let is_group = answer.group.is_some();
                let results = answer.results.iter_mut();
                let results = results.filter(|result| is_group || result.sequence != 0);
                again.extend(results.map(|result| &mut result.replayed));
                again.extend(answer.group.iter_mut().map(|group| &mut group.replayed));
            }
            Self::CreatePayment(answer)
            | Self::CapturePayment(answer)
            | Self::CancelPayment(answer)
            | Self::RefundPayment(answer) => {
                answer.payment = None;
                again.push(&mut answer.replayed);
            }
        }
        let all_again = again.iter().all(|replayed| **replayed);
        for replayed in again {
            *replayed = false;
        }
        (self, all_again)
    }

    /// Ids and sequences that it names: of transfers, and of what was done with holds and payments.
    pub fn journaled(&self, call: &Call) -> Vec<(u128, u64)> {
        let id = |id: Option<v1::Uint128>| id.map_or(0, u128::from);
        let named = match (self, call) {
            (Self::CreateTransfers(answer), _) => {
                answer.results.iter().map(|result| (id(result.id), result.sequence)).collect()
            }
            (Self::CreatePayment(a), Call::CreatePayment(c)) => vec![(id(c.id), a.sequence)],
            (Self::CapturePayment(a), Call::CapturePayment(c)) => vec![(id(c.id), a.sequence)],
            (Self::CancelPayment(a), Call::CancelPayment(c)) => vec![(id(c.id), a.sequence)],
            (Self::RefundPayment(a), Call::RefundPayment(c)) => vec![(id(c.id), a.sequence)],
            _ => Vec::new(),
        };
        named.into_iter().filter(|(_, sequence)| *sequence != 0).collect()
    }
}
