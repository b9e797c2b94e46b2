//! Traces: from a caller's `traceparent` to the sync.

mod collector;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use collector::{Collector, attributes};
use florin_proto::v1;
use opentelemetry_proto::tonic::trace::v1::Span;
use support::*;
use tokio_stream::StreamExt as _;
use tonic::Request;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
const SERVER: i32 = 2;
const INTERNAL: i32 = 1;

/// A call with headers.
fn with<T>(message: T, headers: &[(&'static str, &'static str)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in headers {
        request.metadata_mut().insert(*name, value.parse().expect("a value"));
    }
    request
}

fn one(transfer: v1::NewTransfer) -> v1::CreateTransfersRequest {
    v1::CreateTransfersRequest { transfers: vec![transfer], ..Default::default() }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // writing to a string does not fail
    }
    text
}

/// A server that exports to a collector; its accounts are open.
async fn started(more: &[(&str, &str)]) -> (Server, Ledger, Collector) {
    let (collector, endpoint) = Collector::start().await;
    let mut environment = vec![("FLORIN_TELEMETRY__OTLP_ENDPOINT", endpoint.as_str())];
    environment.extend(more);
    let server = Server::start_with(&environment);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    (server, ledger, collector)
}

/// Stops the server, which exports what is left, and gives all that has come.
fn all_spans(mut server: Server, ledger: Ledger, collector: &Collector) -> Vec<Span> {
    drop(ledger);
    assert!(server.terminate(), "it ends with 0");
    collector.spans()
}

/// The call's own span, and those below it in order of time.
fn tree(spans: &[Span]) -> (&Span, Vec<&Span>) {
    let calls: Vec<_> = spans.iter().filter(|span| span.kind == SERVER).collect();
    let [call] = calls[..] else { panic!("{} calls", calls.len()) };
    let mut below: Vec<_> = spans.iter().filter(|span| span.kind == INTERNAL).collect();
    assert_eq!(below.len() + 1, spans.len(), "other spans");
    below.sort_by_key(|span| (span.start_time_unix_nano, span.end_time_unix_nano));
    for span in &below {
        assert_eq!(span.trace_id, call.trace_id, "{}", span.name);
        assert_eq!(span.parent_span_id, call.span_id, "{}", span.name);
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano, "{}", span.name);
        assert!(span.start_time_unix_nano >= call.start_time_unix_nano, "{}", span.name);
        assert!(span.end_time_unix_nano <= call.end_time_unix_nano, "{}", span.name);
    }
    // Each begins where the one before has ended: nothing of the call's time is unaccounted for.
    for two in below.windows(2) {
        let (before, after) = (two[0], two[1]);
        let times = (before.end_time_unix_nano, after.start_time_unix_nano);
        assert_eq!(times.0, times.1, "{} and {}", before.name, after.name);
    }
    (call, below)
}

fn names<'a>(spans: &[&'a Span]) -> Vec<&'a str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

fn text(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_traceparent_to_the_sync() {
    let (server, mut ledger, collector) = started(&[]).await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [("traceparent", parent), ("tracestate", "vendor=opaque")];
    let request = with(one(new_transfer(1, "bank", "a", 987_654_321)), &headers);
    let answer = ledger.create_transfers(request).await.expect("answered").into_inner();
    let sequence = answer.results[0].sequence.to_string();
    let spans = all_spans(server, ledger, &collector);

    let (call, below) = tree(&spans);
    assert_eq!(call.name, "florin.v1.LedgerService/CreateTransfers");
    assert_eq!(hex(&call.trace_id), TRACE);
    assert_eq!(hex(&call.parent_span_id), CALLER);
    assert_eq!(call.trace_state, "vendor=opaque");
    let expected = ["receive", "admit", "queue", "decide", "gather", "sync", "reply"];
    assert_eq!(names(&below), expected);
    let (first, last) = (below[0], below[below.len() - 1]);
    assert_eq!(first.start_time_unix_nano, call.start_time_unix_nano);
    assert_eq!(last.end_time_unix_nano, call.end_time_unix_nano);
    assert!(below[5].end_time_unix_nano > below[5].start_time_unix_nano, "a sync takes time");

    // Everything that is said: no amount, no account, no id of a payment.
    assert_eq!(
        attributes(&call.attributes),
        [
            text("rpc.system", "grpc"),
            text("rpc.service", "florin.v1.LedgerService"),
            text("rpc.method", "CreateTransfers"),
            text("rpc.grpc.status_code", "0"),
            text("florin.sequence", &sequence),
        ]
    );
    assert_eq!(attributes(&below[6].attributes), [text("florin.sequence", &sequence)]);
    let sync = attributes(&below[5].attributes);
    assert_eq!(sync[0], text("florin.frame.events", "1"));
    assert_eq!((sync.len(), sync[1].0.as_str()), (2, "florin.frame.bytes"));
    for span in &below[..5] {
        assert_eq!(span.attributes, [], "{}", span.name);
    }
    assert_eq!(
        BTreeSet::from_iter(collector.resources()),
        BTreeSet::from([
            text("service.name", "florin"),
            text("service.version", env!("CARGO_PKG_VERSION"))
        ])
    );
}

/// What a request passes depends on what it asks.
#[tokio::test(flavor = "multi_thread")]
async fn the_ways_of_requests() {
    const HEADERS: [(&str, &str); 1] =
        [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")];
    let name = || v1::GetAccountsRequest { accounts: vec!["a".into()] };
    let id = || v1::GetTransfersRequest { ids: vec![1.into()] };
    for (what, expected) in [
        ("a read", &["receive", "admit", "queue", "decide", "gather", "reply"][..]),
        (
            "a repetition, whose first answer is read from the journal",
            &["receive", "admit", "queue", "decide", "gather", "load", "decide", "gather", "reply"],
        ),
        (
            "a look-up",
            &["receive", "admit", "queue", "decide", "gather", "load", "decide", "gather", "reply"],
        ),
        // The engine is never asked.
        ("a malformed call", &[]),
    ] {
        let (server, mut ledger, collector) = started(&[]).await;
        pay(&mut ledger, new_transfer(1, "bank", "a", 1)).await;
        let mut is_fault = false;
        match what {
            "a read" => drop(ledger.get_accounts(with(name(), &HEADERS)).await.expect("answered")),
            "a look-up" => drop(ledger.get_transfers(with(id(), &HEADERS)).await.expect("found")),
            "a malformed call" => {
                let empty = with(v1::CreateTransfersRequest::default(), &HEADERS);
                ledger.create_transfers(empty).await.expect_err("empty");
                is_fault = true;
            }
            _ => {
                let again = with(one(new_transfer(1, "bank", "a", 1)), &HEADERS);
                let answer = ledger.create_transfers(again).await.expect("answered").into_inner();
                assert!(answer.results[0].replayed);
            }
        }
        let spans = all_spans(server, ledger, &collector);
        let (call, below) = tree(&spans);
        assert_eq!(names(&below), expected, "{what}");
        let reason = attributes(&call.attributes).into_iter().find(|(k, _)| k == "florin.reason");
        assert_eq!(reason, is_fault.then(|| text("florin.reason", "BATCH_EMPTY")), "{what}");
        // The caller's mistake is no failure of the server.
        assert_eq!(call.status.as_ref().map_or(0, |status| status.code), 0, "{what}");
    }
}

/// A stream has no end, so what it asks is not kept: its own span is all.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_one_span() {
    let (server, mut ledger, collector) = started(&[]).await;
    let payments = (1..=100).map(|id| new_transfer(id, "bank", "a", 1));
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = with(tokio_stream::iter(payments), &[("traceparent", parent)]);
    let answers = ledger.stream_transfers(request).await.expect("a stream").into_inner();
    assert_eq!(answers.filter(Result::is_ok).collect::<Vec<_>>().await.len(), 100);
    let spans = all_spans(server, ledger, &collector);
    let (call, below) = tree(&spans);
    assert_eq!(call.name, "florin.v1.LedgerService/StreamTransfers");
    assert_eq!(names(&below), [""; 0]);
}

/// Who is traced: by the caller's flag, otherwise by the ratio.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sampled() {
    const ON: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const OFF: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    for (ratio, traceparent, traced) in [
        ("0", Some(ON), true),
        ("0", Some(OFF), false),
        ("0", None, false),
        ("0", Some("00-not-a-trace-01"), false),
        ("1", Some(ON), true),
        ("1", Some(OFF), false),
        ("1", None, true),
        ("1", Some("00-not-a-trace-01"), true),
    ] {
        let service = ("FLORIN_TELEMETRY__SERVICE_NAME", "books");
        let (collector, endpoint) = Collector::start().await;
        let server = Server::start_with(&[
            ("FLORIN_TELEMETRY__OTLP_ENDPOINT", &endpoint),
            ("FLORIN_TELEMETRY__SAMPLE_RATIO", ratio),
            service,
        ]);
        let mut ledger = server.ledger().await;
        let headers: Vec<_> = traceparent.iter().map(|parent| ("traceparent", *parent)).collect();
        let request = with(v1::ListAssetsRequest {}, &headers);
        ledger.list_assets(request).await.expect("answered");
        let spans = all_spans(server, ledger, &collector);
        assert_eq!(spans.iter().any(|span| span.kind == SERVER), traced, "{ratio} {traceparent:?}");
        if traced {
            let (call, _) = tree(&spans);
            let goes_on = traceparent == Some(ON);
            assert_eq!(hex(&call.trace_id) == TRACE, goes_on, "{ratio} {traceparent:?}");
            assert_eq!(call.parent_span_id.is_empty(), !goes_on, "{ratio} {traceparent:?}");
            assert!(collector.resources().contains(&text("service.name", "books")));
        }
    }
}

/// Nobody listens where traces are sent: payments do not care, and the server stops in time.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let mut server = Server::start_with(&[
        ("FLORIN_TELEMETRY__OTLP_ENDPOINT", &endpoint),
        ("FLORIN_TELEMETRY__SAMPLE_RATIO", "1"),
        ("FLORIN_LOG__LEVEL", "off"),
    ]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    for id in 1..=100 {
        pay(&mut ledger, new_transfer(id, "bank", "a", 1)).await;
    }
    assert_eq!(balance(&mut ledger, "a").await, 100);
    drop(ledger);
    let began = std::time::Instant::now();
    assert!(server.terminate());
    assert!(began.elapsed() < std::time::Duration::from_secs(8), "{:?}", began.elapsed());
}
