//! Sending a call, again and again while the server asks for patience.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use florin_proto::v1::ledger_service_client::LedgerServiceClient;
use florin_proto::v1::payment_service_client::PaymentServiceClient;
use tonic::Status;
use tonic::transport::Channel;

use crate::crash::accounts::Accounts;
use crate::crash::answers::Answer;
use crate::crash::calls::{Call, Kind};
use crate::crash::payments;
use crate::ledger::{self, describe, retry_delay};

/// Both services that clients call, on one connection.
#[derive(Debug, Clone)]
pub struct Client {
    /// Transfers and holds.
    pub ledger: LedgerServiceClient<Channel>,
    /// Payments.
    pub payments: PaymentServiceClient<Channel>,
}

impl Client {
    /// Uses a connection.
    pub fn on(channel: Channel) -> Self {
        Self {
            ledger: ledger::client(channel.clone()),
            payments: PaymentServiceClient::new(channel),
        }
    }
}

const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// Sends a call until it is answered, refused for good, or `given_up`.
pub async fn send(
    client: &Client,
    accounts: &Accounts,
    call: &Call,
    given_up: &AtomicBool,
) -> Result<Answer> {
    let sending = async {
        loop {
            let status = match send_once(client, accounts, call).await {
                Ok(answer) => return answer,
                Err(status) => status,
            };
            match retry_delay(&status) {
                Some(delay) if !given_up.load(Ordering::SeqCst) => {
                    tokio::time::sleep(delay.max(Duration::from_millis(1))).await;
                }
                _ => return Err(describe(&status)),
            }
        }
    };
    let answer = tokio::time::timeout(ANSWERED_WITHIN, sending).await;
    answer.context("a call was not answered within 30 s")?
}

async fn send_once(
    client: &Client,
    accounts: &Accounts,
    call: &Call,
) -> Result<Result<Answer>, Status> {
    let Client { mut ledger, payments } = client.clone();
    match call.kind {
        Kind::Bulk => {
            let response = ledger.bulk_transfers(call.bulk_request(accounts)).await?;
            Ok(Answer::of_bulk(call, response.into_inner()))
        }
        Kind::Payment => {
            let response = payments::send(payments, accounts, call).await?;
            Ok(payments::answer(call, &response))
        }
        Kind::Unary | Kind::Batch | Kind::Group(_) => {
            let response = ledger.create_transfers(call.request(accounts)).await?;
            Ok(Answer::of(call, response.into_inner()))
        }
    }
}
