//! What the feed and statements show.

use florin_client::{
    AccountChanged, AtDue, Event, EventBody, EventKind, GroupId, GroupRefused, TransferKind,
    TransferRecord,
};

use super::*;

fn refusal(reason: Reason) -> Box<Refusal> {
    Box::new(Refusal {
        reason,
        message: "no".to_owned(),
        account_id: None,
        asked_minor: None,
        missing_minor: None,
        would_pass_minor: None,
        field: None,
        member: 1,
    })
}

/// A transfer of 12.50 from cash to alice.
fn record(kind: TransferKind) -> TransferRecord {
    TransferRecord {
        id: TransferId(3),
        kind,
        outcome: Ok(Posted {
            id: TransferId(3),
            replayed: true,
            sequence: 42,
            timestamp_ns: 0,
            amount_minor: 1_250,
            debit_balance_after_minor: -1_250,
            credit_balance_after_minor: 1_250,
            hold_remaining_minor: None,
        }),
        debit_account: Some(AccountId(1)),
        credit_account: Some(AccountId(2)),
        requested_minor: 1_250,
        up_to_available: false,
        code: 0,
        value_date: None,
        metadata: BTreeMap::new(),
        group: None,
        reverses: None,
        reversed_by_sequence: None,
        hold: None,
        due_at_ns: None,
        at_due: AtDue::Release,
        released_minor: None,
        blocked_by: None,
        debit_pending_after_minor: Some(0),
        credit_pending_after_minor: Some(7),
    }
}

/// The same with a hold of which 7.00 are left.
fn of_hold(kind: TransferKind) -> TransferRecord {
    let mut record = record(kind);
    record.hold = Some(TransferId(5));
    if let Ok(posted) = &mut record.outcome {
        posted.hold_remaining_minor = Some(700);
    }
    record
}

fn refused() -> TransferRecord {
    TransferRecord {
        outcome: Err(Refused {
            id: TransferId(3),
            replayed: true,
            sequence: 42,
            timestamp_ns: 0,
            refusal: refusal(Reason::InsufficientFunds),
        }),
        debit_pending_after_minor: None,
        credit_pending_after_minor: None,
        ..record(TransferKind::Move)
    }
}

fn event(kind: EventKind, body: EventBody) -> Event {
    Event {
        sequence: 42,
        timestamp_ns: 1_735_689_599_123_456_789,
        kind,
        body,
        group: None,
        asset: Some(eur()),
    }
}

fn transfer(kind: EventKind, record: TransferRecord) -> Event {
    event(kind, EventBody::Transfer(Box::new(record)))
}

fn account(freeze: Freeze, closed: bool) -> Event {
    let account = AccountChanged {
        id: AccountId(2),
        name: Some("alice".to_owned()),
        floor: Floor::Zero,
        ceiling_minor: Some(5),
        freeze,
        closed,
        metadata: BTreeMap::new(),
        balance_minor: -5,
    };
    event(EventKind::AccountUpdated, EventBody::Account(Box::new(account)))
}

#[test]
fn a_line_an_event() {
    use TransferKind as Kind;
    const ID: &str = "00000000000000000000000000000003";
    let due = TransferRecord {
        id: TransferId(0),
        blocked_by: Some(Reason::AccountFrozen),
        ..of_hold(Kind::DueRelease)
    };
    let reversal = TransferRecord { reverses: Some(TransferId(9)), ..record(Kind::Move) };
    let group = GroupRefused {
        id: GroupId(8),
        replayed: true,
        sequence: 42,
        refusal: refusal(Reason::AccountClosed),
    };
    for (event, expected) in [
        (
            transfer(EventKind::TransferPosted, record(Kind::Move)),
            format!("move cash → alice 12.50 EUR {ID}"),
        ),
        (
            transfer(EventKind::TransferPosted, reversal),
            format!("reversal cash → alice 12.50 EUR {ID}"),
        ),
        (
            transfer(EventKind::TransferRefused, refused()),
            format!("transfer refused cash → alice 12.50 EUR INSUFFICIENT_FUNDS {ID}"),
        ),
        (
            transfer(EventKind::Hold, of_hold(Kind::Capture)),
            format!("capture cash → alice 12.50 EUR, 7.00 EUR still held {ID}"),
        ),
        (
            transfer(EventKind::Hold, due),
            "due release cash → alice 12.50 EUR, 7.00 EUR still held, not captured: ACCOUNT_FROZEN \
             00000000000000000000000000000005"
                .to_owned(),
        ),
        (
            transfer(EventKind::Payment, record(Kind::PaymentPay)),
            format!("payment pay cash → alice 12.50 EUR {ID}"),
        ),
        (account(Freeze::None, false), "account updated alice -0.05 EUR".to_owned()),
        (account(Freeze::Both, false), "account updated alice -0.05 EUR frozen".to_owned()),
        (account(Freeze::None, true), "account updated alice -0.05 EUR closed".to_owned()),
        (
            event(EventKind::AssetRegistered, EventBody::Asset(Asset::new("POINTS", 0))),
            "asset registered POINTS with 0 decimals".to_owned(),
        ),
        (
            event(EventKind::GroupRefused, EventBody::Group(Box::new(group))),
            "group refused 00000000000000000000000000000008 member 1: ACCOUNT_CLOSED".to_owned(),
        ),
        (event(EventKind::Checkpoint, EventBody::Nothing), "checkpoint".to_owned()),
    ] {
        let names = names();
        let line = EventView::new(&event, None, &names).line(false);
        let expected = format!("42 2024-12-31T23:59:59.123Z {expected}");
        assert_eq!(lines(&line), [expected]);
    }
}

#[test]
fn colours_say_what_kind_of_thing_happened() {
    let names = names();
    for (event, colour) in [
        (transfer(EventKind::TransferPosted, record(TransferKind::Move)), "32m"),
        (transfer(EventKind::Hold, of_hold(TransferKind::Hold)), "33m"),
        (transfer(EventKind::Hold, of_hold(TransferKind::Capture)), "32m"),
        (transfer(EventKind::TransferRefused, refused()), "31m"),
        (account(Freeze::None, false), "90m"),
    ] {
        let view = EventView::new(&event, None, &names);
        let coloured = view.line(true);
        assert!(coloured.contains(&format!("\u{1b}[{colour}")), "{coloured:?}");
        let plain = coloured.replace(&format!("\u{1b}[{colour}"), "").replace("\u{1b}[0m", "");
        assert_eq!(plain, view.line(false));
    }
}

#[test]
fn an_event_as_json() {
    let names = names();
    let posted = transfer(EventKind::Hold, of_hold(TransferKind::Capture));
    let view = EventView::new(&posted, Some("c1"), &names);
    assert_eq!(
        json_of(&view),
        json!({
            "sequence": 42, "timestamp": "2024-12-31T23:59:59.123456789Z",
            "timestamp_ns": "1735689599123456789", "event": "hold",
            "asset": {"code": "EUR", "scale": 2},
            "transfer": {
                "id": "00000000000000000000000000000003", "kind": "capture", "status": "posted",
                "debit_account": "cash", "debit_account_id": "00000000000000000000000000000001",
                "credit_account": "alice", "credit_account_id": "00000000000000000000000000000002",
                "amount": "12.50", "amount_minor": "1250",
                "requested": "12.50", "requested_minor": "1250",
                "debit_balance_after": "-12.50", "debit_balance_after_minor": "-1250",
                "credit_balance_after": "12.50", "credit_balance_after_minor": "1250",
                "debit_pending_after_minor": "0",
                "credit_pending_after_minor": "7",
                "hold": "00000000000000000000000000000005",
                "hold_remaining": "7.00", "hold_remaining_minor": "700", "code": 0,
            },
            "cursor": "c1",
        })
    );

    let refused = transfer(EventKind::TransferRefused, refused());
    let json = json_of(&EventView::new(&refused, None, &names));
    assert_eq!(json["transfer"]["status"], "refused");
    assert_eq!(json["transfer"]["error"], json!({"reason": "INSUFFICIENT_FUNDS", "message": "no"}));
    assert_eq!((json.get("cursor"), json["transfer"].get("debit_balance_after")), (None, None));

    let grouped = Event { group: Some((0, 2)), ..account(Freeze::Debits, false) };
    let json = json_of(&EventView::new(&grouped, None, &names));
    assert_eq!((&json["group_index"], &json["group_members"]), (&json!(0), &json!(2)));
    assert_eq!(
        json["account"],
        json!({
            "account": "alice", "id": "00000000000000000000000000000002", "name": "alice",
            "freeze": "debits", "closed": false, "ceiling_minor": "5",
            "balance": "-0.05", "balance_minor": "-5",
        })
    );
}
