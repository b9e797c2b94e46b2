mod feed;
mod holds;

use std::collections::BTreeMap;

use florin_client::{
    Account, AccountId, AccountKey, AssetTotals, Floor, Freeze, NewestSnapshot, Opened,
    PartitionStatus, Posted, Reason, Refusal, Refused, Status, TransferId,
};
use serde::Serialize;
use serde_json::json;

use super::*;
use crate::cli::names::Names;

fn eur() -> Asset {
    Asset::new("EUR", 2)
}

fn json_of(view: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(view).expect("JSON")
}

fn lines(view: &impl ToString) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    view.to_string().lines().map(words).collect()
}

fn account() -> Account {
    Account {
        id: AccountId(7),
        name: Some("alice".to_owned()),
        asset: eur(),
        debits_posted_minor: 5,
        credits_posted_minor: 1_255,
        debits_pending_minor: 300,
        credits_pending_minor: 7,
        balance_minor: 1_250,
        available_minor: Some(11_250),
        floor: Floor::Overdraft { minor: 10_000 },
        ceiling_minor: Some(500_000),
        freeze: Freeze::None,
        closed: false,
        metadata: BTreeMap::from([("note".to_owned(), "\u{1b}[31mred".to_owned())]),
        opened_at_ns: 1_735_689_599_000_000_001,
        last_sequence: 9,
    }
}

#[test]
fn an_account() {
    let account = account();
    let view = AccountView::new(&account);
    assert_eq!(
        json_of(&view),
        json!({
            "account": "alice", "id": "00000000000000000000000000000007", "name": "alice",
            "asset": "EUR", "scale": 2,
            "balance": "12.50", "balance_minor": "1250",
            "available": "112.50", "available_minor": "11250",
            "debits_posted": "0.05", "debits_posted_minor": "5",
            "credits_posted": "12.55", "credits_posted_minor": "1255",
            "debits_pending": "3.00", "debits_pending_minor": "300",
            "credits_pending": "0.07", "credits_pending_minor": "7",
            "floor": "overdraft:100.00", "ceiling": "5000.00", "ceiling_minor": "500000",
             "freeze": "none", "closed": false,
            "metadata": {"note": "\u{1b}[31mred"},
            "opened_at": "2024-12-31T23:59:59.000000001Z", "opened_at_ns": "1735689599000000001",
            "last_sequence": 9,
        })
    );
    assert_eq!(
        lines(&view),
        [
            "account alice",
            "id 00000000000000000000000000000007",
            "balance 12.50 EUR",
            "available 112.50 EUR",
            "debits 0.05 EUR",
            "credits 12.55 EUR",
            "reserved of it 3.00 EUR",
            "reserved for it 0.07 EUR",
            "floor overdraft:100.00",
            "ceiling 5000.00",
            "state open",
            "opened 2024-12-31T23:59:59.000000001Z",
            "last event 9",
            "metadata note=\\u{1b}[31mred",
        ]
    );
}

#[test]
fn floors_and_states() {
    for (floor, freeze, closed, floor_expected, state_expected) in [
        (Floor::Zero, Freeze::None, false, "zero", "open"),
        (Floor::None, Freeze::Debits, false, "none", "debits frozen"),
        (Floor::Overdraft { minor: 1 }, Freeze::Credits, false, "overdraft:0.01", "credits frozen"),
        (Floor::Zero, Freeze::Both, false, "zero", "frozen"),
        (Floor::Zero, Freeze::Both, true, "zero", "closed"),
    ] {
        let account = Account { floor, freeze, closed, ..account() };
        assert_eq!(floor_text(&account), floor_expected);
        assert_eq!(state_text(&account), state_expected);
    }
}

#[test]
fn an_account_without_name_and_limit() {
    let account = Account {
        name: None,
        available_minor: None,
        floor: Floor::None,
        ceiling_minor: None,
        ..account()
    };
    let view = AccountView::new(&account);
    let json = json_of(&view);
    assert_eq!(json["account"], "id:00000000000000000000000000000007");
    assert_eq!((&json["name"], &json["available"]), (&json!(null), &json!(null)));
    assert_eq!(json["ceiling"], json!(null));
    assert_eq!(lines(&view)[3], "available unlimited");
    assert_eq!(ceiling_text(&account), "none");
}

#[test]
fn an_opened_account() {
    let opened = Opened { id: AccountId(7), replayed: true, sequence: 3 };
    let view = OpenedView::new(&AccountKey::from("alice"), "EUR", opened);
    assert_eq!(
        json_of(&view),
        json!({
            "status": "opened", "account": "alice", "id": "00000000000000000000000000000007",
            "asset": "EUR", "replayed": true, "sequence": 3,
        })
    );
    assert_eq!(lines(&view)[0], "opened alice (was open before)");
}

#[test]
fn an_asset() {
    let asset = Asset::new("POINTS", 0);
    let registered = AssetView::registered(&asset, true);
    assert_eq!(
        json_of(&registered),
        json!({"status": "registered", "code": "POINTS", "scale": 0, "replayed": true})
    );
    assert_eq!(registered.to_string(), "POINTS with 0 decimals, was registered before");
    assert_eq!(json_of(&AssetView::listed(&asset)), json!({"code": "POINTS", "scale": 0}));
}

fn names() -> Names {
    let mut names = Names::default();
    names.note(AccountId(1), "cash".into(), eur());
    names.note(AccountId(2), "alice".into(), eur());
    names
}

fn parties() -> Parties {
    Parties { debit: "cash".into(), credit: AccountId(7).into(), asset: eur() }
}

#[test]
fn a_posted_transfer() {
    let posted = Posted {
        id: TransferId(1),
        replayed: false,
        sequence: 42,
        timestamp_ns: 0,
        amount_minor: 1_250,
        debit_balance_after_minor: -1_250,
        credit_balance_after_minor: 1_250,
        hold_remaining_minor: None,
    };
    let parties = parties();
    let view = PostedView::new(&posted, Some(&parties));
    assert_eq!(
        json_of(&view),
        json!({
            "status": "posted", "id": "00000000000000000000000000000001", "replayed": false,
            "sequence": 42, "timestamp": "1970-01-01T00:00:00.000000000Z", "timestamp_ns": "0",
            "asset": "EUR", "amount": "12.50", "amount_minor": "1250",
            "debit_account": "cash",
            "debit_balance_after": "-12.50", "debit_balance_after_minor": "-1250",
            "credit_account": "id:00000000000000000000000000000007",
            "credit_balance_after": "12.50", "credit_balance_after_minor": "1250",
        })
    );
    assert_eq!(
        lines(&view),
        [
            "posted 00000000000000000000000000000001",
            "sequence 42",
            "time 1970-01-01T00:00:00.000000000Z",
            "amount 12.50 EUR",
            "from cash, now -12.50 EUR",
            "to id:00000000000000000000000000000007, now 12.50 EUR",
        ]
    );

    let again = Posted { replayed: true, ..posted };
    let view = PostedView::new(&again, None);
    assert_eq!(json_of(&view)["amount"], json!(null));
    assert_eq!(json_of(&view)["amount_minor"], "1250");
    assert_eq!(
        lines(&view)[0],
        "posted 00000000000000000000000000000001 (before: the first answer again)"
    );
    assert_eq!(lines(&view)[3], "amount 1250 minor units");
}

#[test]
fn a_refused_transfer() {
    let refusal = Refusal {
        reason: Reason::InsufficientFunds,
        message: "not enough".to_owned(),
        account_id: Some(AccountId::of_name("cash")),
        asked_minor: Some(1_250),
        missing_minor: Some(250),
        would_pass_minor: Some(1_000),
        field: None,
        member: 0,
    };
    let refused = Refused {
        id: TransferId(1),
        replayed: false,
        sequence: 42,
        timestamp_ns: 0,
        refusal: Box::new(refusal),
    };
    let parties = parties();
    let view = RefusedView::transfer(&refused, Some(&parties));
    assert_eq!(
        json_of(&view),
        json!({
            "status": "refused", "id": "00000000000000000000000000000001", "replayed": false,
            "sequence": 42,
            "error": {
                "reason": "INSUFFICIENT_FUNDS", "message": "not enough",
                "account": "cash", "account_id": AccountId::of_name("cash").to_string(),
                "asked": "12.50", "asked_minor": "1250",
                "missing": "2.50", "missing_minor": "250",
                "would_pass": "10.00", "would_pass_minor": "1000",
            },
        })
    );
    assert_eq!(
        lines(&view),
        [
            "refused 00000000000000000000000000000001",
            "reason INSUFFICIENT_FUNDS",
            "message not enough",
            "account cash",
            "asked 12.50 EUR",
            "missing 2.50 EUR",
            "would pass 10.00 EUR",
        ]
    );
}

#[test]
fn a_refused_object() {
    let refusal = Refusal {
        reason: Reason::IdReused,
        message: "the scale differs".to_owned(),
        account_id: None,
        asked_minor: None,
        missing_minor: None,
        would_pass_minor: None,
        field: Some("scale".to_owned()),
        member: 0,
    };
    let view = RefusedView::object("POINTS", &refusal, None);
    assert_eq!(
        json_of(&view),
        json!({
            "status": "refused",
            "error": {"reason": "ID_REUSED", "message": "the scale differs", "field": "scale"},
        })
    );
    let expected =
        ["refused POINTS", "reason ID_REUSED", "message the scale differs", "field scale"];
    assert_eq!(lines(&view), expected);
}

#[test]
fn a_status() {
    let status = Status {
        version: "0.1.0".to_owned(),
        lineage: "ab".to_owned(),
        uptime: std::time::Duration::from_secs(61),
        accepting: false,
        not_accepting_reason: Some("DISK_FULL".to_owned()),
        partitions: vec![PartitionStatus {
            partition: 0,
            epoch: 3,
            sequence: 10,
            durable_sequence: 9,
            accounts: 2,
            ids: 8,
            transfers_posted: 7,
            transfers_refused: 1,
            conserved: true,
            assets: vec![AssetTotals { asset: eur(), debits_minor: 1_250, credits_minor: 1_250 }],
            segment: 4,
            journal_bytes: 1 << 30,
            free_bytes: 1 << 40,
            frames: 5,
            sync_p50_us: 200,
            sync_p99_us: 900,
            in_flight: 6,
            account_bytes: 2_048,
            open_holds: 3,
            timers: 2,
            due_paused: true,
            subscribers: 1,
            snapshot: Some(NewestSnapshot { id: 7, sequence: 5, taken_at_ns: 1_000_000_000 }),
            events_to_replay: 4,
            index_through: 6,
            ids_through: 5,
            ids_in_memory: 3,
        }],
        fork: true,
    };
    let view = StatusView::new("http://ledger", &status);
    let json = json_of(&view);
    assert_eq!(json["not_accepting_reason"], "DISK_FULL");
    assert_eq!(json["fork"], true);
    assert_eq!(json["partitions"][0]["durable_sequence"], 9);
    assert_eq!(json["partitions"][0]["due_paused"], true);
    assert_eq!(json["partitions"][0]["snapshot"]["taken_at"], "1970-01-01T00:00:01.000Z");
    assert_eq!(json["partitions"][0]["events_to_replay"], 4);
    assert_eq!(
        json["partitions"][0]["assets"][0],
        json!({
            "asset": "EUR", "scale": 2, "debits": "12.50", "debits_minor": "1250",
            "credits": "12.50", "credits_minor": "1250",
        })
    );
    assert_eq!(
        lines(&view),
        [
            "server http://ledger, version 0.1.0",
            "lineage ab, FORK: not the original",
            "up 1 min 1 s",
            "accepting no (DISK_FULL)",
            "",
            "partition 0, epoch 3",
            "sequence 10, durable 9",
            "accounts 2 in 2.0 KiB",
            "ids 8, 3 of them in memory",
            "transfers 7 posted, 1 refused",
            "holds 3 open, 2 will fall due, held back until the clock is accepted: florin clock accept",
            "subscribers 1",
            "in flight 6",
            "journal 1.0 GiB, writing segment 4",
            "sealed index through 6, ids through 5",
            "snapshot 7 of 1970-01-01T00:00:01.000Z, at event 5",
            "a restart would replay 4 events",
            "free 1.0 TiB",
            "syncs 5, p50 200 µs, p99 900 µs",
            "conserved yes",
            "total 12.50 EUR debited, 12.50 EUR credited",
        ]
    );
}
