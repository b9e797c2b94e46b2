//! Metrics, scraped as Prometheus would.

mod documented;
mod exposition;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use exposition::Exposition;
use florin_proto::v1;
use florin_proto::v1::event_service_client::EventServiceClient;
use support::*;
use tokio_stream::StreamExt as _;

const LISTEN: (&str, &str) = ("FLORIN_METRICS__LISTEN", "127.0.0.1:0");
const LEDGER: &str = "florin.v1.LedgerService";

fn scrape(server: &Server) -> Exposition {
    let (status, head, body) = server.http("GET", "/metrics");
    assert_eq!(status, 200, "{body}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    Exposition::parse(&body).unwrap_or_else(|error| panic!("{error}\n\n{body}"))
}

/// Something of everything: payments, refusals, a fault, a read, a call that does not exist.
async fn everything_happens(ledger: &mut Ledger) {
    for (id, debit, credit, amount) in
        [(1, "bank", "a", 500), (2, "bank", "a", 500), (3, "a", "b", 600), (4, "b", "a", 10_000)]
    {
        pay(ledger, new_transfer(id, debit, credit, amount)).await;
    }
    group(ledger, 9, vec![new_transfer(10, "a", "b", 1), new_transfer(11, "a", "nobody", 1)]).await;
    pay(ledger, new_transfer(12, "a", "yen", 1)).await;
    // Known, and malformed: neither is a refusal by the state of the ledger.
    pay(ledger, new_transfer(4, "b", "a", 10_000)).await;
    pay(ledger, new_transfer(13, "a", "a", 1)).await;
    ledger.create_transfers(v1::CreateTransfersRequest::default()).await.expect_err("empty");
    let mut hold = new_transfer(20, "a", "b", 100);
    hold.kind = v1::TransferKind::Hold.into();
    hold.due_at_ns = u64::MAX >> 1;
    pay(ledger, hold).await;
    assert_eq!(balance(ledger, "a").await, 400);
}

#[tokio::test]
async fn what_is_served_is_what_is_documented() {
    let server = Server::start_with(&[LISTEN]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    everything_happens(&mut ledger).await;
    let mut in_use = BTreeMap::new();
    for (name, family) in scrape(&server).families {
        let labels: BTreeSet<_> = family.samples.iter().flat_map(|it| it.labels.clone()).collect();
        let labels = labels.into_iter().map(|(label, _)| label).filter(|label| label != "le");
        let labels = labels.collect();
        in_use.insert(name, documented::Documented { kind: family.kind, labels });
    }
    assert_eq!(in_use, documented::all(), "left: served; right: docs/METRICS.md");
}

#[tokio::test]
async fn counters_move_by_what_happened() {
    let server = Server::start_with(&[LISTEN]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let before = scrape(&server);
    everything_happens(&mut ledger).await;
    let after = scrape(&server);
    let calls = |method, code| vec![("service", LEDGER), ("method", method), ("code", code)];
    let times = |method| vec![("service", LEDGER), ("method", method)];
    for (name, labels, moved) in [
        ("florin_calls_total", calls("CreateTransfers", "OK"), 9.0),
        ("florin_calls_total", calls("CreateTransfers", "INVALID_ARGUMENT"), 1.0),
        ("florin_calls_total", calls("GetAccounts", "OK"), 1.0),
        ("florin_calls_total", calls("CreateAccounts", "OK"), 0.0),
        ("florin_call_duration_seconds_count", times("CreateTransfers"), 10.0),
        ("florin_call_faults_total", vec![("reason", "BATCH_EMPTY")], 1.0),
        ("florin_transfers_posted_total", vec![], 4.0),
        ("florin_transfers_refused_total", vec![("reason", "INSUFFICIENT_FUNDS")], 1.0),
        ("florin_transfers_refused_total", vec![("reason", "ACCOUNT_NOT_FOUND")], 1.0),
        ("florin_transfers_refused_total", vec![("reason", "ASSET_MISMATCH")], 1.0),
        ("florin_decided_sequence", vec![], 7.0),
        ("florin_durable_sequence", vec![], 7.0),
        ("florin_journal_events_total", vec![], 7.0),
        // One call after the other: each has a frame of its own.
        ("florin_journal_frames_total", vec![], 7.0),
        ("florin_journal_sync_duration_seconds_count", vec![], 7.0),
        ("florin_ids", vec![], 7.0),
        ("florin_open_holds", vec![], 1.0),
        ("florin_timers", vec![], 1.0),
        ("florin_accounts", vec![], 0.0),
        ("florin_calls_open", vec![], 0.0),
        ("florin_in_flight_requests", vec![], 0.0),
    ] {
        let by = after.value(name, &labels) - before.value(name, &labels);
        assert!((by - moved).abs() < 1e-9, "{name} {labels:?}: {by}, not {moved}");
    }
    for (name, value) in [
        ("florin_accounts", 4.0),
        ("florin_assets", 2.0),
        ("florin_conserved", 1.0),
        ("florin_due_paused", 0.0),
        ("florin_accepting", 1.0),
        ("florin_partition_answering", 1.0),
        ("florin_epoch", 1.0),
        ("florin_archive_segments", 0.0),
        ("florin_archive_through_sequence", 0.0),
        ("florin_archive_bytes", 0.0),
        ("florin_archive_failing", 0.0),
        ("florin_archive_failures_total", 0.0),
        ("florin_in_flight_requests_limit", 4_096.0),
        ("florin_in_flight_bytes_limit", 67_108_864.0),
    ] {
        let is = after.value(name, &[]);
        assert!((is - value).abs() < 1e-9, "{name}: {is}, not {value}");
    }
    let status = server.status().await.partitions.remove(0);
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    for (name, value) in [
        ("florin_journal_bytes", status.journal_bytes),
        ("florin_journal_segment", status.segment),
        ("florin_accounts_bytes", status.account_bytes),
    ] {
        let is = after.value(name, &[]);
        assert!((is - value as f64).abs() < 1e-9, "{name}: {is}, not {value}");
    }
    for name in [
        "florin_journal_sync_duration_seconds_sum",
        "florin_journal_frame_bytes_total",
        "florin_journal_room_bytes",
        "florin_data_free_bytes",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_open_fds",
    ] {
        assert!(after.value(name, &[]) > 0.0, "{name}");
    }
}

/// Whoever calls what does not exist makes no series of its own.
#[tokio::test]
async fn unknown_calls_are_other() {
    let server = Server::start_with(&[LISTEN]);
    let channel = tonic::transport::Endpoint::new(server.address.clone()).expect("an address");
    let mut client = tonic::client::Grpc::new(channel.connect().await.expect("a connection"));
    for path in ["/florin.v1.LedgerService/Steal", "/x.Y/Z"] {
        client.ready().await.expect("ready");
        let request = tonic::Request::new(v1::GetStatusRequest {});
        let codec =
            tonic_prost::ProstCodec::<v1::GetStatusRequest, v1::GetStatusResponse>::default();
        let path = http::uri::PathAndQuery::from_static(path);
        let status = client.unary(request, path, codec).await.expect_err("there is none");
        assert_eq!(status.code(), tonic::Code::Unimplemented);
    }
    let labels = [("service", "other"), ("method", "other"), ("code", "UNIMPLEMENTED")];
    let exposition = scrape(&server);
    let counted = exposition.value("florin_calls_total", &labels);
    assert!((counted - 2.0).abs() < 1e-9, "{:?}", exposition.families["florin_calls_total"]);
}

/// Streams are counted when they end, however they end; how long they were open is not a time of an answer.
#[tokio::test]
async fn streams() {
    let server = Server::start_with(&[LISTEN]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let payments = (1..=3).map(|id| new_transfer(id, "bank", "a", 1));
    let answers = ledger.stream_transfers(tokio_stream::iter(payments)).await.expect("a stream");
    let answers: Vec<_> = answers.into_inner().collect().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3, "{answers:?}");

    let endpoint = tonic::transport::Endpoint::new(server.address.clone()).expect("an address");
    let channel = endpoint.connect().await.expect("a connection");
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let watch = health.watch(tonic_health::pb::HealthCheckRequest::default()).await.expect("one");
    let address = server.address.clone();
    let mut events = EventServiceClient::connect(address).await.expect("a connection");
    let feed = events.subscribe(v1::SubscribeRequest::default()).await.expect("a feed");
    let exposition = scrape(&server);
    for (name, value) in [("florin_calls_open", 2.0), ("florin_subscribers", 1.0)] {
        let is = exposition.value(name, &[]);
        assert!((is - value).abs() < 1e-9, "{name}: {is}, not {value}");
    }
    drop((watch, health, feed, events));

    let began = Instant::now();
    let exposition = loop {
        let exposition = scrape(&server);
        let open = ["florin_calls_open", "florin_subscribers"].map(|it| exposition.value(it, &[]));
        if open.iter().sum::<f64>() < 1e-9 {
            break exposition;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "a call that was given up stays open");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    for (service, method, code) in [
        (LEDGER, "StreamTransfers", "OK"),
        ("grpc.health.v1.Health", "Watch", "CANCELLED"),
        ("florin.v1.EventService", "Subscribe", "CANCELLED"),
    ] {
        let labels = [("service", service), ("method", method), ("code", code)];
        let ended = exposition.value("florin_calls_total", &labels);
        assert!((ended - 1.0).abs() < 1e-9, "{method} {code}: {ended}");
        let timed = exposition.value("florin_call_duration_seconds_count", &labels[..2]);
        assert!(timed < 1e-9, "{method}");
    }
}

/// A full door is counted, and metrics come through it.
#[tokio::test]
async fn refused_at_the_door() {
    let full = ("FLORIN_LIMITS__IN_FLIGHT_REQUESTS", "1");
    let server = Server::start_with(&[LISTEN, full]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let mut refused = 0.0;
    let pays = (1..=64).map(|id| {
        let mut ledger = ledger.clone();
        tokio::spawn(async move {
            let transfers = vec![new_transfer(id, "bank", "a", 1)];
            let request = v1::CreateTransfersRequest { transfers, ..Default::default() };
            ledger.create_transfers(request).await
        })
    });
    for pay in pays.collect::<Vec<_>>() {
        if let Err(status) = pay.await.expect("it ran") {
            assert_eq!(reason(&status), "OVERLOADED");
            refused += 1.0;
        }
    }
    assert!(refused > 0.0, "64 at once are more than 1");
    let exposition = scrape(&server);
    for (name, value) in
        [("florin_admission_refusals_total", refused), ("florin_call_faults_total", refused)]
    {
        let is = exposition.value(name, &[("reason", "OVERLOADED")]);
        assert!((is - value).abs() < 1e-9, "{name}: {is}, not {value}");
    }
    let posted = exposition.value("florin_transfers_posted_total", &[]);
    assert!((posted + refused - 64.0).abs() < 1e-9, "{posted} posted, {refused} refused");
}

/// After a restart, what is of the ledger is still there, and what is of the process begins again.
#[tokio::test]
async fn a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut server = Server::start_on(dir.path(), &[LISTEN]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    everything_happens(&mut ledger).await;
    server.kill();
    let server = Server::start_on(dir.path(), &[LISTEN]);
    let exposition = scrape(&server);
    for (name, value) in [
        ("florin_transfers_posted_total", 4.0),
        ("florin_decided_sequence", 13.0),
        ("florin_epoch", 2.0),
        ("florin_journal_frames_total", 0.0),
    ] {
        let is = exposition.value(name, &[]);
        assert!((is - value).abs() < 1e-9, "{name}: {is}, not {value}");
    }
    // One more is refused: one is counted, not those of before.
    pay(&mut server.ledger().await, new_transfer(99, "b", "a", 10_000)).await;
    let refused = &scrape(&server).families["florin_transfers_refused_total"];
    let all: f64 = refused.samples.iter().map(|sample| sample.value).sum();
    assert!((all - 1.0).abs() < 1e-9, "{refused:?}");
}

#[tokio::test]
async fn requests_and_their_answers() {
    let server = Server::start_with(&[LISTEN]);
    for (method, path, status, body) in [
        ("GET", "/healthz", 200, "ok\n"),
        ("HEAD", "/healthz", 200, ""),
        ("HEAD", "/metrics", 200, ""),
        ("POST", "/healthz", 405, "only GET and HEAD\n"),
        ("DELETE", "/metrics", 405, "only GET and HEAD\n"),
        ("GET", "/", 404, "there are /metrics and /healthz\n"),
        ("GET", "/metrics/x", 404, "there are /metrics and /healthz\n"),
    ] {
        let (is_status, _, is_body) = server.http(method, path);
        assert_eq!((is_status, is_body.as_str()), (status, body), "{method} {path}");
    }
    assert_eq!(Server::start().metrics, None, "off unless it is told where");
}

/// A server that cannot have the address does not start.
#[test]
fn an_address_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let dir = tempfile::tempdir().expect("a directory");
    let mut command = serve(dir.path());
    command.env("FLORIN_METRICS__LISTEN", &address);
    let output = command.output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(told.contains(&format!("cannot listen on {address} for metrics")), "{told}");
}
