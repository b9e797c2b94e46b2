//! Holds and payments.

use florin_client::{
    AtDue, Hold, HoldState, Money, Payment, PaymentDone, PaymentRefused, PaymentState,
};

use super::*;

const NOON_NS: u64 = 1_735_689_600_000_000_000;

fn hold() -> Hold {
    Hold {
        id: TransferId(5),
        state: HoldState::Open,
        debit_account: AccountId(2),
        credit_account: AccountId(1),
        amount_minor: 1_000,
        captured_minor: 250,
        released_minor: 50,
        remaining_minor: 700,
        due_at_ns: Some(NOON_NS),
        at_due: AtDue::Capture,
        placed_sequence: 8,
        last_sequence: 9,
    }
}

#[test]
fn a_hold() {
    let (hold, names) = (hold(), names());
    let view = HoldView::new(&hold, &names);
    assert_eq!(
        json_of(&view),
        json!({
            "id": "00000000000000000000000000000005", "state": "open",
            "debit_account": "alice", "debit_account_id": "00000000000000000000000000000002",
            "credit_account": "cash", "credit_account_id": "00000000000000000000000000000001",
            "asset": "EUR",
            "amount": "10.00", "amount_minor": "1000",
            "captured": "2.50", "captured_minor": "250",
            "released": "0.50", "released_minor": "50",
            "remaining": "7.00", "remaining_minor": "700",
            "due_at": "2025-01-01T00:00:00.000000000Z", "due_at_ns": "1735689600000000000",
            "at_due": "capture", "placed_sequence": 8, "last_sequence": 9,
        })
    );
    assert_eq!(
        lines(&view),
        [
            "hold 00000000000000000000000000000005",
            "state open",
            "from alice",
            "to cash",
            "amount 10.00 EUR",
            "captured 2.50 EUR",
            "released 0.50 EUR",
            "still held 7.00 EUR",
            "due 2025-01-01T00:00:00.000000000Z, capture",
            "last event 9",
        ]
    );
}

#[test]
fn a_hold_of_accounts_that_are_not_known() {
    let hold = Hold { due_at_ns: None, ..hold() };
    let names = Names::default();
    let view = HoldView::new(&hold, &names);
    let json = json_of(&view);
    assert_eq!((&json["amount"], &json["due_at"]), (&json!(null), &json!(null)));
    assert_eq!(json["debit_account"], "id:00000000000000000000000000000002");
    assert_eq!(lines(&view)[4], "amount 1000 minor units");
    assert_eq!(lines(&view)[8], "due never");
}

#[test]
fn what_was_done_with_a_hold() {
    let posted = Posted {
        id: TransferId(6),
        replayed: false,
        sequence: 9,
        timestamp_ns: 0,
        amount_minor: 250,
        debit_balance_after_minor: 750,
        credit_balance_after_minor: 250,
        hold_remaining_minor: Some(700),
    };
    let parties = parties();
    let view = PostedView::new(&posted, Some(&parties));
    let json = json_of(&view);
    assert_eq!(
        (&json["hold_remaining"], &json["hold_remaining_minor"]),
        (&json!("7.00"), &json!("700"))
    );
    assert_eq!(lines(&view)[6], "still held 7.00 EUR");
}

fn money(amount: &str) -> Money {
    Money::new(amount, "EUR")
}

fn payment() -> Payment {
    Payment {
        id: TransferId(7),
        state: PaymentState::PartiallyCaptured,
        source: AccountId(2),
        destination: AccountId(1),
        amount: money("12.50"),
        capturable: money("10.00"),
        captured: money("2.50"),
        refunded: money("0.00"),
        released: money("0.00"),
        fee: Some(money("0.10")),
        reference: Some("order \u{1b}[31m7".to_owned()),
        metadata: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        score: Some(17),
        code: 3,
        value_date: None,
        due_at_ns: None,
        at_due: AtDue::Release,
        tenant: 0,
        created_at_ns: NOON_NS,
        created_sequence: 4,
        last_sequence: 5,
    }
}

#[test]
fn a_payment() {
    let payment = payment();
    let view = PaymentView::new(&payment, &names());
    assert_eq!(
        json_of(&view),
        json!({
            "id": "00000000000000000000000000000007", "state": "partially_captured",
            "source": "alice", "source_id": "00000000000000000000000000000002",
            "destination": "cash", "destination_id": "00000000000000000000000000000001",
            "currency": "EUR", "amount": "12.50", "amount_capturable": "10.00",
            "amount_captured": "2.50", "amount_refunded": "0.00", "amount_released": "0.00",
            "fee": "0.10", "reference": "order \u{1b}[31m7", "metadata": {"k": "v"}, "score": 17,
            "code": 3, "value_date": null, "due_at": null, "due_at_ns": null, "at_due": "release",
            "created_at": "2025-01-01T00:00:00.000000000Z", "created_at_ns": "1735689600000000000",
            "created_sequence": 4, "last_sequence": 5,
        })
    );
    assert_eq!(
        lines(&view),
        [
            "payment 00000000000000000000000000000007",
            "state partially captured",
            "from alice",
            "to cash",
            "amount 12.50 EUR",
            "capturable 10.00 EUR",
            "captured 2.50 EUR",
            "refunded 0.00 EUR",
            "released 0.00 EUR",
            "due never",
            "reference order \\u{1b}[31m7",
            "fee 0.10 EUR",
            "score 17",
            "metadata k=v",
            "created 2025-01-01T00:00:00.000000000Z",
        ]
    );
}

#[test]
fn what_was_done_with_a_payment() {
    let done = PaymentDone {
        id: TransferId(8),
        payment: payment(),
        replayed: true,
        sequence: 5,
        timestamp_ns: 0,
        amount: money("2.50"),
    };
    let view = PaymentDoneView::new(&done, &names());
    let json = json_of(&view);
    assert_eq!((&json["status"], &json["amount"]), (&json!("done"), &json!("2.50")));
    assert_eq!((&json["replayed"], &json["payment"]["captured"]), (&json!(true), &json!(null)));
    assert_eq!(json["payment"]["amount_captured"], "2.50");
    assert_eq!(
        lines(&view)[..5],
        [
            "done 00000000000000000000000000000008 (before: the first answer again)",
            "sequence 5",
            "time 1970-01-01T00:00:00.000000000Z",
            "of it 2.50 EUR",
            "payment 00000000000000000000000000000007",
        ]
    );
}

#[test]
fn a_refused_refund() {
    let refused = PaymentRefused {
        id: TransferId(8),
        payment: None,
        replayed: false,
        sequence: 6,
        timestamp_ns: 0,
        refusal: Box::new(Refusal {
            reason: Reason::PaymentExceeded,
            message: "more than can be refunded".to_owned(),
            account_id: None,
            asked_minor: Some(300),
            missing_minor: None,
            would_pass_minor: Some(250),
            field: None,
            member: 0,
        }),
    };
    let eur = eur();
    let view = RefusedView::payment(&refused, Some(&eur));
    let json = json_of(&view);
    assert_eq!((&json["sequence"], &json["error"]["would_pass"]), (&json!(6), &json!("2.50")));
    assert_eq!(
        lines(&view),
        [
            "refused 00000000000000000000000000000008",
            "reason PAYMENT_EXCEEDED",
            "message more than can be refunded",
            "asked 3.00 EUR",
            "would pass 2.50 EUR",
        ]
    );
}
