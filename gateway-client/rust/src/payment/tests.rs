use super::*;
use crate::refusal::Reason;

fn money(amount: &str) -> v1::Money {
    Money::new(amount, "EUR").into()
}

fn payment() -> v1::Payment {
    v1::Payment {
        id: Some(1.into()),
        source_account_id: Some(2.into()),
        destination_account_id: Some(3.into()),
        amount: Some(money("12.50")),
        amount_captured: Some(money("2.50")),
        state: PaymentState::PartiallyCaptured.into(),
        ..v1::Payment::default()
    }
}

#[test]
fn what_is_unset_is_nothing() {
    let read = Payment::try_from(payment()).expect("a payment");
    assert_eq!(read.amount, Money::new("12.50", "EUR"));
    assert_eq!(read.captured, Money::new("2.50", "EUR"));
    assert_eq!(read.refunded, Money::new("0", "EUR"));
    assert_eq!(
        (read.reference, read.fee, read.due_at_ns, read.value_date),
        (None, None, None, None)
    );
}

#[test]
fn what_the_contract_does_not_promise_is_an_error() {
    for (name, payment, fine) in [
        ("whole", payment(), true),
        ("of a newer state", v1::Payment { state: 99, ..payment() }, true),
        ("without an id", v1::Payment { id: None, ..payment() }, false),
        ("without an amount", v1::Payment { amount: None, ..payment() }, false),
        ("from nobody", v1::Payment { source_account_id: None, ..payment() }, false),
        ("to nobody", v1::Payment { destination_account_id: None, ..payment() }, false),
        ("with an unknown end", v1::Payment { at_due: 99, ..payment() }, false),
    ] {
        assert_eq!(Payment::try_from(payment).is_ok(), fine, "a payment {name}");
    }
}

#[test]
fn a_refusal_is_data() {
    let refusal = || {
        let mut refusal = v1::Refusal::default();
        refusal.set_reason(Reason::PaymentExceeded);
        Some(refusal)
    };
    for (payment, refusal, amount, expected) in [
        (Some(payment()), None, Some(money("1")), "DONE"),
        (Some(payment()), refusal(), None, "PAYMENT_EXCEEDED"),
        (None, refusal(), None, "PAYMENT_EXCEEDED"),
        (None, None, Some(money("1")), "ANSWER_MALFORMED"),
        (Some(payment()), None, None, "ANSWER_MALFORMED"),
    ] {
        let has_payment = payment.is_some();
        let response =
            v1::PaymentResponse { payment, refusal, amount, ..v1::PaymentResponse::default() };
        let read = outcome::from_wire(TransferId(9), response);
        let found = match &read {
            Ok(Ok(done)) => {
                assert_eq!(done.id, TransferId(9));
                "DONE"
            }
            Ok(Err(refused)) => {
                assert_eq!(refused.payment.is_some(), has_payment);
                refused.refusal.reason.as_str_name()
            }
            Err(error) => error.reason(),
        };
        assert_eq!(found, expected, "{read:?}");
    }
}

#[test]
fn what_is_asked_on_the_wire() {
    let create = NewPayment::new(TransferId(1))
        .source("a")
        .destination("b")
        .amount(Money::new("12.50", "EUR"))
        .manual()
        .due_at_ns(7)
        .at_due(AtDue::Capture)
        .fee(Money::new("0.10", "EUR"))
        .reference("order 1")
        .metadata("k", "v")
        .score(0)
        .code(3)
        .value_date(20_261_122);
    let expected = v1::CreatePaymentRequest {
        id: Some(1.into()),
        source: Some("a".into()),
        destination: Some("b".into()),
        amount: Some(money("12.50")),
        capture_method: v1::CaptureMethod::Manual.into(),
        due_at_ns: 7,
        at_due: v1::AtDue::Capture.into(),
        fee: Some(money("0.10")),
        reference: "order 1".to_owned(),
        metadata: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        score: Some(0),
        code: 3,
        value_date: 20_261_122,
    };
    assert_eq!(create.wire, expected);
    let at_once = NewPayment::new(TransferId(1)).wire;
    assert_eq!(at_once.capture_method(), v1::CaptureMethod::Automatic);

    let capture = PaymentCapture::new(TransferId(4), TransferId(1));
    let part = capture.clone().amount(Money::new("1", "EUR")).last().wire;
    assert_eq!((capture.wire.amount, capture.wire.r#final), (None, false));
    assert_eq!((part.amount, part.r#final), (Some(money("1")), true));
    assert_eq!((part.id, part.payment_id), (Some(4.into()), Some(1.into())));
    let refund = PaymentRefund::new(TransferId(5), TransferId(1)).amount(Money::new("2", "EUR"));
    assert_eq!((refund.wire.amount, refund.wire.payment_id), (Some(money("2")), Some(1.into())));
}
