//! The log: one line a call, and nothing in it that is a caller's business.

mod support;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::Stdio;
use std::thread::JoinHandle;

use florin_proto::v1;
use florin_proto::v1::event_service_client::EventServiceClient;
use florin_proto::v1::payment_service_client::PaymentServiceClient;
use serde_json::Value;
use support::*;
use tempfile::TempDir;
use tonic::Request;

/// A server whose log is read while it runs: a full pipe would stop it.
struct Logging {
    server: Server,
    reader: JoinHandle<String>,
    _dir: TempDir,
}

impl Logging {
    fn start(environment: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let data = dir.path().join("data");
        let mut command = serve(&data);
        command.envs(environment.iter().copied()).stderr(Stdio::piped());
        let mut server = Server::started(command, &data);
        let mut stderr = server.child.stderr.take().expect("its standard error");
        let reader = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).expect("text");
            log
        });
        Self { server, reader, _dir: dir }
    }

    /// Stops it; all that it has logged.
    fn stop(mut self) -> String {
        assert!(self.server.terminate());
        self.reader.join().expect("it read")
    }
}

/// Marks that are nowhere but in what is sent.
const NAME: &str = "customer:marked-name-4711";
const OTHER_NAME: &str = "shop:marked-name-4712";
const METADATA_KEY: &str = "marked-metadata-key";
const METADATA: &str = "marked-metadata-value";
const TOKEN: &str = "marked-token-c2VjcmV0";
const AMOUNT: u128 = 918_273_645;
const ID: u128 = 7_141_592_653_589_793;

/// Everything that carries the marks: payments, refusals, repetitions, faults, reads, headers.
async fn marked_traffic(ledger: &mut Ledger) {
    let mut account = new_account(NAME, "EUR", v1::floor::Kind::None);
    account.metadata.insert(METADATA_KEY.into(), METADATA.into());
    let accounts = vec![account, new_account(OTHER_NAME, "EUR", v1::floor::Kind::Zero)];
    ledger.create_accounts(v1::CreateAccountsRequest { accounts }).await.expect("answered");
    let transfer = |id, debit: &str, credit: &str| {
        let mut transfer = new_transfer(id, debit, credit, AMOUNT);
        transfer.metadata.insert(METADATA_KEY.into(), METADATA.into());
        transfer
    };
    for (id, debit, credit) in [
        (ID, NAME, OTHER_NAME),
        (ID, NAME, OTHER_NAME), // a repetition
        (ID, OTHER_NAME, NAME), // reused
        (ID + 1, OTHER_NAME, "missing:marked-name-4713"),
        (ID + 2, OTHER_NAME, "no name: marked-name"), // malformed
    ] {
        let transfers = vec![transfer(id, debit, credit)];
        let mut request =
            Request::new(v1::CreateTransfersRequest { transfers, ..Default::default() });
        let bearer = format!("Bearer {TOKEN}");
        request.metadata_mut().insert("authorization", bearer.parse().expect("a value"));
        request.metadata_mut().insert("x-marked-header", TOKEN.parse().expect("a value"));
        ledger.create_transfers(request).await.expect("answered");
    }
    let ids = vec![ID.into()];
    ledger.get_transfers(v1::GetTransfersRequest { ids }).await.expect("answered");
    let accounts = vec![NAME.into()];
    ledger.get_accounts(v1::GetAccountsRequest { accounts }).await.expect("answered");
    let page_token = TOKEN.to_owned();
    let request = v1::ListAccountsRequest { page_token, ..Default::default() };
    ledger.list_accounts(request).await.expect_err("no token of a page");
    let request =
        v1::UpdateAccountRequest { account: Some("marked-name-4714".into()), ..Default::default() };
    ledger.update_account(request).await.expect_err("there is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_callers_is_logged_at_any_level() {
    for level in ["error", "warn", "info", "debug", "trace"] {
        for format in ["text", "json"] {
            let log = [("FLORIN_LOG__LEVEL", level), ("FLORIN_LOG__FORMAT", format)];
            let metrics = ("FLORIN_METRICS__LISTEN", "127.0.0.1:0");
            // Nobody is there, which takes a stop its time: once is enough.
            let endpoint = if level == "trace" { "http://127.0.0.1:1" } else { "" };
            let endpoint = ("FLORIN_TELEMETRY__OTLP_ENDPOINT", endpoint);
            let sampled = ("FLORIN_TELEMETRY__SAMPLE_RATIO", "1");
            let logging = Logging::start(&[log[0], log[1], metrics, endpoint, sampled]);
            marked_traffic(&mut logging.server.ledger().await).await;
            marked_payments(&logging.server).await;
            let log = logging.stop();
            assert_eq!(
                log.contains("CreateTransfers"),
                ["debug", "trace"].contains(&level),
                "{log}"
            );
            let id_hex = format!("{ID:x}");
            let (amount, id) = (AMOUNT.to_string(), ID.to_string());
            for mark in ["marked", TOKEN, &amount, &id, &id_hex] {
                let line = log.lines().find(|line| line.contains(mark));
                assert_eq!(line, None, "{mark} at {level}, {format}");
            }
        }
    }
}

/// The same for holds, payments, statements and the feed.
async fn marked_payments(server: &Server) {
    let mut ledger = server.ledger().await;
    let mut hold = new_transfer(ID + 10, NAME, OTHER_NAME, AMOUNT);
    hold.kind = v1::TransferKind::Hold.into();
    pay(&mut ledger, hold).await;
    let money = || Some(v1::Money { amount: format!("{AMOUNT}.00"), currency: "EUR".into() });
    let address = server.address.clone();
    let mut payments = PaymentServiceClient::connect(address.clone()).await.expect("connects");
    for (id, source) in [(ID + 11, NAME), (ID + 12, OTHER_NAME), (ID + 11, "marked-name-4715")] {
        let request = v1::CreatePaymentRequest {
            id: Some(id.into()),
            source: Some(source.into()),
            destination: Some("shop:marked-name-4712".into()),
            amount: money(),
            reference: "marked-reference".into(),
            metadata: [(METADATA_KEY.to_owned(), METADATA.to_owned())].into(),
            ..Default::default()
        };
        // Some are refused, some are no good at all: what counts is what is logged of them.
        let _ = payments.create_payment(request).await;
    }
    let request = v1::GetPaymentRequest { id: Some((ID + 13).into()) };
    payments.get_payment(request).await.expect_err("there is none");
    let statement =
        v1::ListAccountTransfersRequest { account: Some(NAME.into()), ..Default::default() };
    ledger.list_account_transfers(statement).await.expect("a statement");
    let mut events = EventServiceClient::connect(address).await.expect("connects");
    let mut feed = events.subscribe(v1::SubscribeRequest::default()).await.expect("a feed");
    feed.get_mut().message().await.expect("a batch").expect("a batch");
    let from = Some(v1::subscribe_request::From::Cursor("marked-cursor".into()));
    let request = v1::SubscribeRequest { from, ..Default::default() };
    events.subscribe(request).await.expect_err("no cursor");
}

/// Lines of calls, by method and code.
fn calls(log: &str) -> BTreeMap<(String, String), Value> {
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let calls = lines.filter(|line| line["fields"]["message"] == "call");
    let key = |line: &Value| {
        let field = |name: &str| line["fields"][name].as_str().expect("a text").to_owned();
        (field("method"), field("code"))
    };
    calls.map(|line| (key(&line), line)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_for_each_call() {
    let logging = Logging::start(&[("FLORIN_LOG__LEVEL", "debug"), ("FLORIN_LOG__FORMAT", "json")]);
    let mut ledger = logging.server.ledger().await;
    open_accounts(&mut ledger).await;
    let transfers = vec![new_transfer(1, "bank", "a", 1)];
    let mut request = Request::new(v1::CreateTransfersRequest { transfers, ..Default::default() });
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    request.metadata_mut().insert("traceparent", parent.parse().expect("a value"));
    ledger.create_transfers(request).await.expect("answered");
    ledger.create_transfers(v1::CreateTransfersRequest::default()).await.expect_err("empty");
    let mut heavy = new_transfer(2, "bank", "a", 1);
    heavy.metadata.insert("k".into(), "x".repeat(5 << 20));
    let transfers = vec![heavy];
    let request = v1::CreateTransfersRequest { transfers, ..Default::default() };
    ledger.create_transfers(request).await.expect_err("too large");
    drop(ledger);
    let calls = calls(&logging.stop());
    let trace = Some("0af7651916cd43dd8448eb211c80319c");
    for (method, code, reason, trace_id) in [
        ("CreateAccounts", "OK", None, None),
        ("CreateTransfers", "OK", None, trace),
        ("CreateTransfers", "INVALID_ARGUMENT", Some("BATCH_EMPTY"), None),
        ("CreateTransfers", "OUT_OF_RANGE", Some("MESSAGE_TOO_LARGE"), None),
    ] {
        let line = &calls[&(method.to_owned(), code.to_owned())];
        let fields = &line["fields"];
        assert_eq!(line["level"], "DEBUG");
        assert_eq!(fields["service"], "florin.v1.LedgerService");
        assert_eq!(fields["reason"].as_str(), reason, "{line}");
        assert_eq!(fields["trace_id"].as_str(), trace_id, "{line}");
        assert!(fields["duration_us"].as_u64().is_some_and(|us| us > 0), "{line}");
    }
    assert_eq!(calls.len(), 4, "{calls:?}");
}

/// Traces that do not arrive are told, once an export.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there() {
    let logging = Logging::start(&[
        ("FLORIN_LOG__LEVEL", "warn"),
        ("FLORIN_LOG__FORMAT", "json"),
        ("FLORIN_TELEMETRY__OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("FLORIN_TELEMETRY__SAMPLE_RATIO", "1"),
    ]);
    open_accounts(&mut logging.server.ledger().await).await;
    let log = logging.stop();
    let told = log.lines().filter(|line| line.contains("opentelemetry")).count();
    assert!((1..=3).contains(&told), "{log}");
}

/// The configuration that counts is the first line.
#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_the_start() {
    let logging = Logging::start(&[
        ("FLORIN_LOG__LEVEL", "info"),
        ("FLORIN_LOG__FORMAT", "json"),
        ("FLORIN_LIMITS__IN_FLIGHT_REQUESTS", "17"),
    ]);
    let log = logging.stop();
    let line: Value = serde_json::from_str(log.lines().next().expect("a line")).expect("JSON");
    assert_eq!(line["fields"]["message"], "starting");
    assert_eq!(line["fields"]["version"], env!("CARGO_PKG_VERSION"));
    let config = line["fields"]["config"].as_str().expect("a text");
    let config: Value = serde_json::from_str(config).expect("JSON");
    assert_eq!(config["limits"]["in_flight_requests"], 17);
    assert_eq!(config["listen"], "127.0.0.1:0");
    assert_eq!(config["metrics"]["listen"], "");
}
