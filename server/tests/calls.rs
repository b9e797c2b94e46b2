//! Faults of a call, and the calls that read.

mod support;

use florin_proto::v1;
use support::*;
use tonic::Code;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt as _;

#[tokio::test]
async fn faults_of_a_call() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let one = || vec![new_transfer(1, "bank", "a", 1)];
    let many = |count: u128| (1..=count).map(|id| new_transfer(id, "bank", "a", 1)).collect();
    let mut heavy = new_transfer(1, "bank", "a", 1);
    heavy.metadata.insert("k".into(), "x".repeat(5 << 20));
    for (request, expected, code) in [
        (v1::CreateTransfersRequest::default(), "BATCH_EMPTY", Code::InvalidArgument),
        (
            v1::CreateTransfersRequest { transfers: many(8_191), ..Default::default() },
            "BATCH_TOO_LARGE",
            Code::InvalidArgument,
        ),
        (
            v1::CreateTransfersRequest { mode: 7, transfers: one(), ..Default::default() },
            "MODE_UNKNOWN",
            Code::InvalidArgument,
        ),
        (
            v1::CreateTransfersRequest {
                group_id: Some(1.into()),
                transfers: one(),
                ..Default::default()
            },
            "GROUP_ID_UNEXPECTED",
            Code::InvalidArgument,
        ),
        (
            v1::CreateTransfersRequest { transfers: vec![heavy], ..Default::default() },
            "MESSAGE_TOO_LARGE",
            Code::OutOfRange,
        ),
    ] {
        let status = ledger.create_transfers(request).await.unwrap_err();
        assert_eq!((reason(&status).as_str(), status.code()), (expected, code));
    }
    for (page_size, page_token, expected) in [
        (1_001, "", "PAGE_SIZE_INVALID"),
        (1, "nonsense", "PAGE_TOKEN_INVALID"),
        (1, "010000000000000000000000", "PAGE_TOKEN_INVALID"),
    ] {
        let request = v1::ListAccountsRequest {
            page_size,
            page_token: page_token.to_owned(),
            ..Default::default()
        };
        let status = ledger.list_accounts(request).await.unwrap_err();
        assert_eq!(reason(&status), expected);
    }
    assert_eq!(server.status().await.partitions[0].ids, 0, "nothing happened");
}

#[tokio::test]
async fn more_than_is_admitted_is_refused_at_once_with_a_hint() {
    let server = Server::start_with(&[("FLORIN_LIMITS__IN_FLIGHT_REQUESTS", "1")]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let calls = (1..200u128).map(|id| {
        let mut ledger = ledger.clone();
        tokio::spawn(async move {
            let transfers = vec![new_transfer(id, "bank", "a", 1)];
            let request = v1::CreateTransfersRequest { transfers, ..Default::default() };
            ledger.create_transfers(request).await
        })
    });
    let calls: Vec<_> = calls.collect();
    let (mut posted, mut refused) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => posted += 1,
            Err(status) => {
                assert_eq!(
                    (reason(&status).as_str(), status.code()),
                    ("OVERLOADED", Code::ResourceExhausted)
                );
                assert!(status.get_details_retry_info().is_some());
                refused += 1;
            }
        }
    }
    assert!(posted > 0 && refused > 0, "{posted} posted, {refused} refused");
    assert_eq!(balance(&mut ledger, "a").await, posted);
}

#[tokio::test]
async fn accounts_are_listed_in_order_of_opening_a_page_at_a_time() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    let names: Vec<String> = (0..25).map(|number| format!("account:{number}")).collect();
    let accounts =
        names.iter().map(|name| new_account(name, "EUR", v1::floor::Kind::Zero)).collect();
    ledger.create_accounts(v1::CreateAccountsRequest { accounts }).await.unwrap();
    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListAccountsRequest { page_size: 10, page_token, ..Default::default() };
        let page = ledger.list_accounts(request).await.unwrap().into_inner();
        assert!(page.accounts.len() <= 10);
        listed.extend(page.accounts.into_iter().map(|account| account.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, names);
}

#[tokio::test]
async fn health_and_reflection() {
    let server = Server::start();
    let channel = tonic::transport::Endpoint::new(server.address.clone()).unwrap();
    let channel = channel.connect().await.unwrap();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel.clone());
    for service in ["", "florin.v1.LedgerService", "florin.v1.AdminService"] {
        let request = tonic_health::pb::HealthCheckRequest { service: service.to_owned() };
        let answer = health.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status, 1, "{service:?} is serving");
    }
    let request = tonic_reflection::pb::v1::ServerReflectionRequest {
        message_request: Some(MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    let mut answers = ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}")
    };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    assert!(names.contains(&"florin.v1.LedgerService".to_owned()), "{names:?}");
}
