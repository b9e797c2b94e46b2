//! `Client::transfer`: one call a payment, coalesced, tried again, never made twice.

mod fake;

use std::collections::HashMap;
use std::time::Duration;

use fake::{Fake, Ledger, Step};
use florin_client::{Batching, Client, Error, Retry, Transfer, TransferId};
use florin_proto::ERROR_DOMAIN;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

const RETRY: Retry = Retry {
    attempts: 5,
    attempt_timeout: Duration::from_millis(300),
    base_backoff: Duration::from_millis(5),
    max_backoff: Duration::from_millis(20),
};

fn payment(id: u128) -> Transfer {
    Transfer::new(TransferId(id)).debit("a").credit("b").amount_minor(id)
}

fn florin(code: Code, reason: &str, retry_after: Option<Duration>) -> Step {
    let mut details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, HashMap::new());
    if retry_after.is_some() {
        details.set_retry_info(retry_after);
    }
    Step::Fail(Status::with_error_details(code, "said the server", details))
}

async fn connect(fake: &Fake, retry: Retry, batching: Batching) -> Client {
    let builder = Client::builder(fake.endpoint()).retry(retry).batching(batching);
    builder.connect().await.expect("connects")
}

#[tokio::test]
async fn failures_of_the_server_and_what_the_caller_hears() {
    let overloaded =
        || florin(Code::ResourceExhausted, "OVERLOADED", Some(Duration::from_millis(10)));
    let stopping = || florin(Code::Unavailable, "SHUTTING_DOWN", None);
    let late = || Step::ApplyThenDelay(Duration::from_secs(5));
    let fault = || florin(Code::InvalidArgument, "BATCH_TOO_LARGE", None);
    let denied = || Step::Fail(Status::permission_denied("no"));
    // What the server does, how often it is called, whether the money moved, what the caller hears: over a stream, and in
    // batches.
    for (name, steps, [streamed, batched], moved, heard) in [
        ("answers", vec![], [1, 1], true, ["POSTED"; 2]),
        ("stops and comes back", vec![stopping(), stopping()], [3, 3], true, ["POSTED"; 2]),
        ("is overloaded for a while", vec![overloaded()], [2, 2], true, ["POSTED"; 2]),
        ("answers too late", vec![late()], [2, 2], true, ["REPLAYED"; 2]),
        ("loses its answer", vec![Step::ApplyThenLose], [2, 2], true, ["REPLAYED"; 2]),
        ("loses every answer", vec![Step::ApplyThenLose; 5], [5, 5], true, ["OUTCOME_UNKNOWN"; 2]),
        (
            "loses its answer, then stops",
            vec![Step::ApplyThenLose, stopping(), stopping(), stopping(), stopping()],
            [5, 5],
            true,
            ["OUTCOME_UNKNOWN"; 2],
        ),
        // What a stream took may have been done, whatever it ends with.
        (
            "stays overloaded",
            vec![overloaded(); 5],
            [5, 5],
            false,
            ["OUTCOME_UNKNOWN", "OVERLOADED"],
        ),
        // A stream's fault may be another transfer's: each goes on alone.
        ("cannot take this call", vec![fault(); 2], [2, 1], false, ["BATCH_TOO_LARGE"; 2]),
        ("cannot take a neighbour", vec![fault()], [2, 1], true, ["POSTED", "BATCH_TOO_LARGE"]),
        (
            "takes nothing",
            vec![denied(); 2],
            [2, 1],
            false,
            ["OUTCOME_UNKNOWN", "UNEXPECTED_STATUS"],
        ),
    ] {
        for (stream, calls, heard) in [(true, streamed, heard[0]), (false, batched, heard[1])] {
            let case = format!("the server {name}, stream: {stream}");
            let ledger = Ledger::with_steps(steps.clone());
            let fake = Fake::start(&ledger);
            let batching = Batching { stream, ..Batching::default() };
            let client = connect(&fake, RETRY, batching).await;
            let answer = client.transfer(payment(7)).await;
            let found = match &answer {
                Ok(Ok(posted)) if posted.replayed => "REPLAYED",
                Ok(Ok(_)) => "POSTED",
                Ok(Err(_)) => "REFUSED",
                Err(error) => error.reason(),
            };
            assert_eq!(found, heard, "{case}: {answer:?}");
            assert_eq!(ledger.batches(), vec![vec![7]; calls], "{case}");
            let balance = ledger.lock().state.balances.get(&b()).copied();
            let moved = moved && heard != "BATCH_TOO_LARGE";
            assert_eq!(balance, moved.then_some(7), "{case}");
        }
    }
}

#[tokio::test]
async fn a_server_without_streams_gets_batches() {
    for (status, again) in [
        (Status::unimplemented("no such method"), 1),
        (Status::permission_denied("no streams through here"), 2),
    ] {
        let ledger = Ledger::default();
        ledger.lock().no_streams = std::iter::repeat_n(status.clone(), 9).collect();
        let fake = Fake::start(&ledger);
        let client = connect(&fake, RETRY, Batching::default()).await;
        for id in [1, 2] {
            client.transfer(payment(id)).await.expect("answers").expect("posted");
        }
        assert_eq!(ledger.batches(), [[1], [2]]);
        let asked = 9 - ledger.lock().no_streams.len();
        assert_eq!(asked, again, "streams that were asked for: {status:?}");
    }
}

#[tokio::test]
async fn one_stream_carries_all() {
    let ledger = Ledger::default();
    let fake = Fake::start(&ledger);
    let client = connect(&fake, Retry::default(), Batching::default()).await;
    let calls: Vec<_> = (1..=1_000)
        .map(|id| {
            let client = client.clone();
            tokio::spawn(async move { client.transfer(payment(id)).await })
        })
        .collect();
    for (id, call) in (1..=1_000).zip(calls) {
        let posted = call.await.expect("no panic").expect("answers").expect("posted");
        assert_eq!((posted.id, posted.amount_minor), (TransferId(id), id));
    }
    assert_eq!(ledger.lock().streams, 1);
    assert_eq!(ledger.lock().state.balances[&b()], 500_500);
}

#[tokio::test]
async fn after_an_unknown_outcome_the_same_call_gets_the_first_answer() {
    let ledger = Ledger::with_steps(vec![Step::ApplyThenLose; 2]);
    let fake = Fake::start(&ledger);
    let client = connect(&fake, Retry { attempts: 2, ..RETRY }, Batching::default()).await;
    let error = client.transfer(payment(7)).await.expect_err("unknown");
    assert!(matches!(error, Error::Unknown { .. }) && error.is_retryable());
    let posted = client.transfer(payment(7)).await.expect("answers").expect("posted");
    assert!(posted.replayed);
    assert_eq!(ledger.lock().state.balances[&b()], 7);
}

#[tokio::test]
async fn the_deadline_ends_a_call() {
    let deadline = Duration::from_millis(200);
    for (retry, step) in [
        (Retry::never(), Step::DelayThenApply(Duration::from_secs(60))),
        (RETRY, Step::DelayThenApply(Duration::from_secs(60))),
        (RETRY, florin(Code::ResourceExhausted, "OVERLOADED", Some(Duration::from_secs(60)))),
    ] {
        let ledger = Ledger::with_steps([step.clone()]);
        let fake = Fake::start(&ledger);
        let client = connect(&fake, retry, Batching::default()).await.with_deadline(deadline);
        let before = std::time::Instant::now();
        let error = client.transfer(payment(7)).await.expect_err("too late");
        assert!(error.is_retryable(), "{error:?}");
        assert!(before.elapsed() < deadline * 5, "{step:?} took {:?}", before.elapsed());
    }
}

#[tokio::test]
async fn a_thousand_calls_are_few_batches() {
    let ledger = Ledger::with_steps(vec![Step::ApplyThenDelay(Duration::from_millis(20)); 4]);
    let fake = Fake::start(&ledger);
    let batching = Batching { stream: false, ..Batching::default() };
    let client = connect(&fake, Retry::default(), batching).await;
    let calls: Vec<_> = (1..=1_000)
        .map(|id| {
            let client = client.clone();
            tokio::spawn(async move { client.transfer(payment(id)).await })
        })
        .collect();
    for (id, call) in (1..=1_000).zip(calls) {
        let posted = call.await.expect("no panic").expect("answers").expect("posted");
        assert_eq!((posted.id, posted.amount_minor), (TransferId(id), id));
    }
    let batches = ledger.batches();
    assert!(batches.len() < 20, "{} batches", batches.len());
    assert_eq!(ledger.lock().state.balances[&b()], 500_500);
}

#[tokio::test]
async fn a_payment_that_is_too_large_fails_alone() {
    let fake = Fake::start(&Ledger::default());
    let client = Client::builder(fake.endpoint())
        .batching(Batching { in_flight: 1, ..Batching::default() })
        .connect()
        .await
        .expect("connects");
    let huge = payment(2).metadata("note", "x".repeat(5 << 20));
    let (first, failed, second) = tokio::join!(
        client.transfer(payment(1)),
        client.transfer(huge),
        client.transfer(payment(3)),
    );
    assert!(first.is_ok() && second.is_ok());
    assert!(failed.is_err(), "above the server's limit");
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_is_found_again() {
    let ledger = Ledger::with_steps([Step::ApplyThenDelay(Duration::from_secs(60))]);
    let fake = Fake::start(&ledger);
    let address = fake.address;
    let client = connect(&fake, Retry::default(), Batching::default()).await;
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.transfer(payment(7)).await }
    });
    while ledger.lock().state.transfers.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(fake); // with the call applied and not answered
    tokio::time::sleep(Duration::from_millis(50)).await;
    let _fake = Fake::start_at(address, &ledger);

    let posted = call.await.expect("no panic").expect("answers").expect("posted");
    assert!(posted.replayed);
    assert_eq!(ledger.lock().state.balances[&b()], 7);
}

#[tokio::test]
async fn no_server_is_said_at_once_when_connecting_and_after_retries_when_lazy() {
    let address = Fake::start(&Ledger::default()).address;
    let endpoint = format!("http://{address}");
    let error = Client::connect(endpoint.clone()).await.expect_err("nobody there");
    assert_eq!(error.reason(), "UNREACHABLE");

    let client = Client::builder(endpoint).retry(RETRY).connect_lazy().expect("an endpoint");
    let error = client.transfer(payment(1)).await.expect_err("nobody there");
    assert_eq!(error.reason(), "UNREACHABLE");
    let error = client.status().await.expect_err("nobody there");
    assert_eq!(error.reason(), "UNREACHABLE");
}

fn b() -> u128 {
    florin_proto::name::account_id("b")
}
