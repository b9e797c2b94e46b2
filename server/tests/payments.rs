//! Payments over gRPC: the life of each kind, repeats, refusals, and what is malformed.

mod support;

use florin_proto::v1::payment_service_client::PaymentServiceClient;
use florin_proto::v1::{self, CaptureMethod, PaymentState as State};
use support::{Ledger, Server, new_transfer, open_accounts, reason, why};
use tonic::transport::Channel;

type Payments = PaymentServiceClient<Channel>;

#[allow(clippy::unnecessary_wraps, reason = "as it stands in a message")]
fn money(amount: &str, currency: &str) -> Option<v1::Money> {
    Some(v1::Money { amount: amount.to_owned(), currency: currency.to_owned() })
}

/// 2100.
const FAR_NS: u64 = 4_102_444_800_000_000_000;

fn eur(amount: &str) -> Option<v1::Money> {
    money(amount, "EUR")
}

fn create(id: u128, amount: &str, method: CaptureMethod) -> v1::CreatePaymentRequest {
    v1::CreatePaymentRequest {
        id: Some(id.into()),
        source: Some("a".into()),
        destination: Some("b".into()),
        amount: eur(amount),
        capture_method: method.into(),
        ..v1::CreatePaymentRequest::default()
    }
}

/// A server with money on `a`.
async fn start() -> (Server, Ledger, Payments) {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let funded = support::pay(&mut ledger, new_transfer(1, "bank", "a", 10_000)).await;
    assert!(funded.refusal.is_none());
    let payments = PaymentServiceClient::connect(server.address.clone()).await.expect("connects");
    (server, ledger, payments)
}

async fn do_create(
    payments: &mut Payments,
    request: v1::CreatePaymentRequest,
) -> v1::PaymentResponse {
    payments.create_payment(request).await.expect("answered").into_inner()
}

async fn do_capture(
    payments: &mut Payments,
    id: u128,
    payment: u128,
    amount: Option<v1::Money>,
    last: bool,
) -> v1::PaymentResponse {
    let (id, payment_id) = (Some(id.into()), Some(payment.into()));
    let request = v1::CapturePaymentRequest { id, payment_id, amount, r#final: last };
    payments.capture_payment(request).await.expect("answered").into_inner()
}

async fn do_cancel(payments: &mut Payments, id: u128, payment: u128) -> v1::PaymentResponse {
    let (id, payment_id) = (Some(id.into()), Some(payment.into()));
    let request = v1::CancelPaymentRequest { id, payment_id };
    payments.cancel_payment(request).await.expect("answered").into_inner()
}

async fn do_refund(
    payments: &mut Payments,
    id: u128,
    payment: u128,
    amount: Option<v1::Money>,
) -> v1::PaymentResponse {
    let (id, payment_id) = (Some(id.into()), Some(payment.into()));
    let request =
        v1::RefundPaymentRequest { id, payment_id, amount, ..v1::RefundPaymentRequest::default() };
    payments.refund_payment(request).await.expect("answered").into_inner()
}

async fn get(payments: &mut Payments, id: u128) -> v1::Payment {
    let request = v1::GetPaymentRequest { id: Some(id.into()) };
    payments.get_payment(request).await.expect("answered").into_inner()
}

/// State, capturable, captured, refunded, released: as text.
fn told(payment: &v1::Payment) -> (State, [&str; 4]) {
    let text = |money: &'_ Option<v1::Money>| {
        let money = money.as_ref().expect("an amount");
        assert_eq!(money.currency, "EUR");
        money.amount.clone()
    };
    let amounts = [
        text(&payment.amount_capturable),
        text(&payment.amount_captured),
        text(&payment.amount_refunded),
        text(&payment.amount_released),
    ];
    (payment.state(), amounts.map(|amount| &*amount.leak()))
}

fn refused(response: &v1::PaymentResponse) -> &'static str {
    why(response.refusal.as_ref()).0
}

#[tokio::test]
async fn captured_at_once_and_refunded() {
    let (_server, mut ledger, mut payments) = start().await;
    let request = v1::CreatePaymentRequest {
        fee: eur("0.35"),
        reference: "order 4711".to_owned(),
        metadata: [("channel".to_owned(), "web".to_owned())].into(),
        score: Some(120),
        code: 7,
        value_date: 20_261_125,
        ..create(10, "25.50", CaptureMethod::Automatic)
    };
    let response = do_create(&mut payments, request.clone()).await;
    assert_eq!((refused(&response), response.replayed), ("", false));
    let payment = response.payment.expect("a payment");
    assert_eq!(told(&payment), (State::Captured, ["0.00", "25.50", "0.00", "0.00"]));
    assert_eq!(payment.amount, eur("25.50"));
    assert_eq!((payment.fee.clone(), payment.reference.as_str()), (eur("0.35"), "order 4711"));
    assert_eq!((payment.score, payment.code, payment.value_date), (Some(120), 7, 20_261_125));
    assert_eq!(payment.metadata["channel"], "web");
    assert_eq!((payment.tenant, payment.due_at_ns), (0, 0));
    assert_eq!(payment.created_sequence, response.sequence);
    // What is read back is what was told.
    assert_eq!(get(&mut payments, 10).await, payment);
    assert_eq!(support::balance(&mut ledger, "a").await, 7_450);
    assert_eq!(support::balance(&mut ledger, "b").await, 2_550);

    let again = do_create(&mut payments, request).await;
    assert_eq!((again.replayed, again.sequence), (true, response.sequence));
    assert_eq!(again.payment, Some(payment));

    let part = do_refund(&mut payments, 11, 10, eur("5.00")).await;
    assert_eq!(part.amount, eur("5.00"));
    let expected = (State::PartiallyRefunded, ["0.00", "25.50", "5.00", "0.00"]);
    assert_eq!(told(part.payment.as_ref().unwrap()), expected);
    let too_much = do_refund(&mut payments, 12, 10, eur("20.51")).await;
    assert_eq!(refused(&too_much), "PAYMENT_EXCEEDED");
    let refusal = too_much.refusal.unwrap();
    assert_eq!(refusal.would_pass.map(u128::from), Some(2_050));
    let rest = do_refund(&mut payments, 13, 10, None).await;
    assert_eq!(rest.amount, eur("20.50"));
    let expected = (State::Refunded, ["0.00", "25.50", "25.50", "0.00"]);
    assert_eq!(told(rest.payment.as_ref().unwrap()), expected);
    let nothing = do_refund(&mut payments, 14, 10, None).await;
    assert_eq!(refused(&nothing), "PAYMENT_STATE_INVALID");
    assert_eq!(support::balance(&mut ledger, "a").await, 10_000);
    // The first answers, although the payment has moved on.
    let again = do_refund(&mut payments, 11, 10, eur("5.00")).await;
    assert_eq!((again.replayed, again.amount), (true, eur("5.00")));
    assert_eq!(again.payment.unwrap().state(), State::Refunded);
}

#[tokio::test]
async fn captured_later_in_parts() {
    let (server, mut ledger, mut payments) = start().await;
    let response = do_create(&mut payments, create(20, "60.00", CaptureMethod::Manual)).await;
    let expected = (State::RequiresCapture, ["60.00", "0.00", "0.00", "0.00"]);
    assert_eq!(told(response.payment.as_ref().unwrap()), expected);
    // It is reserved, and not moved.
    assert_eq!(support::balance(&mut ledger, "a").await, 10_000);
    let spent = support::pay(&mut ledger, new_transfer(2, "a", "b", 4_001)).await;
    assert_eq!(why(spent.refusal.as_ref()).0, "INSUFFICIENT_FUNDS");

    let early = do_refund(&mut payments, 21, 20, None).await;
    assert_eq!(refused(&early), "PAYMENT_STATE_INVALID");
    let part = do_capture(&mut payments, 22, 20, eur("10.00"), false).await;
    let expected = (State::PartiallyCaptured, ["50.00", "10.00", "0.00", "0.00"]);
    assert_eq!(told(part.payment.as_ref().unwrap()), expected);
    let over = do_capture(&mut payments, 23, 20, eur("50.01"), false).await;
    assert_eq!(refused(&over), "PAYMENT_EXCEEDED");
    let last = do_capture(&mut payments, 24, 20, eur("30.00"), true).await;
    let expected = (State::Captured, ["0.00", "40.00", "0.00", "20.00"]);
    assert_eq!(told(last.payment.as_ref().unwrap()), expected);
    let late = do_capture(&mut payments, 25, 20, None, false).await;
    assert_eq!(refused(&late), "PAYMENT_STATE_INVALID");
    let late = do_cancel(&mut payments, 26, 20).await;
    assert_eq!(refused(&late), "PAYMENT_STATE_INVALID");
    assert_eq!(support::balance(&mut ledger, "b").await, 4_000);
    let status = server.status().await;
    assert!(status.partitions[0].conserved && status.partitions[0].open_holds == 0);
}

#[tokio::test]
async fn canceled() {
    let (_server, _ledger, mut payments) = start().await;
    do_create(&mut payments, create(30, "10.00", CaptureMethod::Manual)).await;
    let canceled = do_cancel(&mut payments, 31, 30).await;
    let expected = (State::Canceled, ["0.00", "0.00", "0.00", "10.00"]);
    assert_eq!(told(canceled.payment.as_ref().unwrap()), expected);
    let again = do_cancel(&mut payments, 31, 30).await;
    assert!(again.replayed && again.refusal.is_none());
    // After a part was captured, that part stays.
    do_create(&mut payments, create(32, "10.00", CaptureMethod::Manual)).await;
    do_capture(&mut payments, 33, 32, eur("4.00"), false).await;
    let canceled = do_cancel(&mut payments, 34, 32).await;
    let expected = (State::Captured, ["0.00", "4.00", "0.00", "6.00"]);
    assert_eq!(told(canceled.payment.as_ref().unwrap()), expected);
}

#[tokio::test]
async fn falls_due() {
    let (_server, mut ledger, mut payments) = start().await;
    let now_ns = u64::try_from(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos(),
    )
    .unwrap();
    let soon = now_ns + 300_000_000;
    for (id, at_due) in [(40, v1::AtDue::Release), (41, v1::AtDue::Capture)] {
        let request = v1::CreatePaymentRequest {
            due_at_ns: soon,
            at_due: at_due.into(),
            ..create(id, "10.00", CaptureMethod::Manual)
        };
        let response = do_create(&mut payments, request).await;
        assert_eq!(response.payment.unwrap().state(), State::RequiresCapture);
    }
    // Nobody asks for anything: it happens by itself.
    let mut states = Vec::new();
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        states = vec![get(&mut payments, 40).await.state(), get(&mut payments, 41).await.state()];
        if states == [State::Expired, State::Captured] {
            break;
        }
    }
    assert_eq!(states, [State::Expired, State::Captured]);
    assert_eq!(support::balance(&mut ledger, "b").await, 1_000);
    let late = do_capture(&mut payments, 42, 40, None, false).await;
    assert_eq!(refused(&late), "PAYMENT_STATE_INVALID");
}

#[tokio::test]
async fn refused_by_the_ledger() {
    let (_server, _ledger, mut payments) = start().await;
    for (row, (request, expected)) in [
        (create(50, "100.01", CaptureMethod::Automatic), "INSUFFICIENT_FUNDS"),
        (create(51, "100.01", CaptureMethod::Manual), "INSUFFICIENT_FUNDS"),
        (
            v1::CreatePaymentRequest {
                destination: Some("nobody".into()),
                ..create(52, "1", CaptureMethod::Automatic)
            },
            "ACCOUNT_NOT_FOUND",
        ),
        (
            v1::CreatePaymentRequest {
                amount: money("1", "USD"),
                ..create(53, "1", CaptureMethod::Automatic)
            },
            "ASSET_MISMATCH",
        ),
        (
            v1::CreatePaymentRequest { due_at_ns: 1, ..create(54, "1", CaptureMethod::Manual) },
            "DUE_PASSED",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let response = do_create(&mut payments, request.clone()).await;
        assert_eq!(refused(&response), expected, "row {row}");
        assert!(response.payment.is_none(), "row {row}");
        // For good.
        let again = do_create(&mut payments, request).await;
        assert_eq!((refused(&again), again.replayed), (expected, true), "row {row}");
    }
    for response in [
        do_capture(&mut payments, 60, 999, None, false).await,
        do_cancel(&mut payments, 61, 999).await,
        do_refund(&mut payments, 62, 999, None).await,
        // A hold is no payment: this id was refused, so it is neither.
        do_capture(&mut payments, 63, 50, None, false).await,
    ] {
        assert_eq!(refused(&response), "PAYMENT_NOT_FOUND");
        assert!(response.payment.is_none());
    }
    let request = v1::GetPaymentRequest { id: Some(999.into()) };
    let status = payments.get_payment(request).await.expect_err("there is none");
    assert_eq!(
        (status.code(), reason(&status)),
        (tonic::Code::NotFound, "PAYMENT_NOT_FOUND".into())
    );
}

#[tokio::test]
async fn an_id_has_one_outcome() {
    let (_server, _ledger, mut payments) = start().await;
    let first = v1::CreatePaymentRequest {
        fee: eur("0.10"),
        reference: "one".to_owned(),
        score: Some(1),
        ..create(70, "10.00", CaptureMethod::Manual)
    };
    do_create(&mut payments, first.clone()).await;
    let changed = |change: fn(&mut v1::CreatePaymentRequest)| {
        let mut request = first.clone();
        change(&mut request);
        request
    };
    for (request, field) in [
        (changed(|r| r.amount = eur("10.01")), "amount"),
        (changed(|r| r.source = Some("bank".into())), "source"),
        (changed(|r| r.destination = Some("bank".into())), "destination"),
        (changed(|r| r.capture_method = CaptureMethod::Automatic.into()), "kind"),
        (changed(|r| r.due_at_ns = FAR_NS), "due_at_ns"),
        (changed(|r| r.fee = None), "fee"),
        (changed(|r| r.reference = "two".to_owned()), "reference"),
        (changed(|r| r.score = Some(2)), "score"),
        (changed(|r| r.code = 9), "code"),
        (changed(|r| r.value_date = 20_260_101), "value_date"),
        (changed(|r| r.metadata = [("k".to_owned(), "v".to_owned())].into()), "metadata"),
    ] {
        let response = do_create(&mut payments, request).await;
        assert_eq!(why(response.refusal.as_ref()), ("ID_REUSED", field));
    }
    // Ids of payments, transfers and holds are one set.
    let response = do_create(&mut payments, create(1, "1.00", CaptureMethod::Manual)).await;
    assert_eq!(refused(&response), "ID_REUSED");
}

#[tokio::test]
async fn malformed() {
    let (_server, mut ledger, mut payments) = start().await;
    let base = || create(80, "10.00", CaptureMethod::Manual);
    let changed = |change: fn(&mut v1::CreatePaymentRequest)| {
        let mut request = base();
        change(&mut request);
        request
    };
    for (request, expected, field) in [
        (changed(|r| r.id = None), "ID_ZERO", "id"),
        (changed(|r| r.source = None), "ACCOUNT_KEY_MISSING", "source"),
        (changed(|r| r.destination = None), "ACCOUNT_KEY_MISSING", "destination"),
        (changed(|r| r.destination = Some("two words".into())), "NAME_INVALID", "destination"),
        (changed(|r| r.destination = Some("a".into())), "SAME_ACCOUNT", "destination"),
        (changed(|r| r.capture_method = 9), "ENUM_UNKNOWN", "capture_method"),
        (changed(|r| r.at_due = 9), "ENUM_UNKNOWN", "at_due"),
        (changed(|r| r.amount = None), "AMOUNT_ZERO", "amount"),
        (changed(|r| r.amount = eur("0.00")), "AMOUNT_ZERO", "amount"),
        (changed(|r| r.amount = eur("-1")), "AMOUNT_NEGATIVE", "amount"),
        (changed(|r| r.amount = eur("1.005")), "AMOUNT_TOO_PRECISE", "amount"),
        (changed(|r| r.amount = eur("1e3")), "AMOUNT_INVALID", "amount"),
        (changed(|r| r.amount = eur("NaN")), "AMOUNT_INVALID", "amount"),
        (changed(|r| r.amount = eur(&"9".repeat(40))), "AMOUNT_TOO_LARGE", "amount"),
        (changed(|r| r.amount = money("1", "eur")), "ASSET_INVALID", "amount"),
        (changed(|r| r.amount = money("1", "NOWHERE")), "ASSET_NOT_FOUND", "amount"),
        (changed(|r| r.fee = money("1", "USD")), "ASSET_MISMATCH", "fee"),
        (changed(|r| r.fee = eur("0.001")), "AMOUNT_TOO_PRECISE", "fee"),
        (changed(|r| r.at_due = v1::AtDue::Capture.into()), "HOLD_MALFORMED", "at_due"),
        (changed(|r| r.reference = "x".repeat(129)), "REFERENCE_INVALID", "reference"),
        (changed(|r| r.reference = "a\nb".to_owned()), "REFERENCE_INVALID", "reference"),
        (changed(|r| r.score = Some(1_001)), "SCORE_INVALID", "score"),
        (changed(|r| r.value_date = 20_250_229), "VALUE_DATE_INVALID", "value_date"),
        (
            changed(|r| r.metadata = [("k".to_owned(), "x".repeat(4_096))].into()),
            "METADATA_TOO_LARGE",
            "metadata",
        ),
    ] {
        let status = payments.create_payment(request).await.expect_err(expected);
        assert_eq!(reason(&status), expected, "{status:?}");
        let details = tonic_types::StatusExt::get_details_error_info(&status).expect("details");
        assert_eq!(details.metadata["field"], field, "{expected}");
    }
    let ids = |id: u128, payment: u128| (Some(id.into()), Some(payment.into()));
    for ((id, payment_id), amount, expected) in [
        (ids(0, 80), None, "ID_ZERO"),
        (ids(81, 0), None, "HOLD_MALFORMED"),
        (ids(81, 81), None, "HOLD_MALFORMED"),
        (ids(81, 80), eur("0"), "AMOUNT_ZERO"),
        (ids(81, 80), eur("1.234"), "AMOUNT_TOO_PRECISE"),
    ] {
        let request = v1::CapturePaymentRequest { id, payment_id, amount, r#final: false };
        let status = payments.capture_payment(request).await.expect_err(expected);
        assert_eq!(reason(&status), expected);
    }
    // Nothing of it has used up an id or moved anything.
    let response = do_create(&mut payments, base()).await;
    assert_eq!((refused(&response), response.replayed), ("", false));
    assert_eq!(support::balance(&mut ledger, "a").await, 10_000);
}
