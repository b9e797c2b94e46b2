//! Holds over gRPC beyond the suite of the doors: in groups, looked up, across restarts, and falling due by themselves.

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use florin_proto::v1::{self, HoldState as State, TransferKind as Kind};
use support::{Ledger, Server, balance, group, new_transfer, open_accounts, pay, why};

fn now_ns() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since_1970.as_nanos()).expect("before 2554")
}

fn hold(id: u128, amount: u128) -> v1::NewTransfer {
    v1::NewTransfer { kind: Kind::Hold.into(), ..new_transfer(id, "a", "b", amount) }
}

fn due(id: u128, amount: u128, due_at_ns: u64, at_due: v1::AtDue) -> v1::NewTransfer {
    v1::NewTransfer { due_at_ns, at_due: at_due.into(), ..hold(id, amount) }
}

fn of_hold(kind: Kind, id: u128, hold: u128, amount: u128) -> v1::NewTransfer {
    v1::NewTransfer {
        id: Some(id.into()),
        kind: kind.into(),
        hold: Some(hold.into()),
        amount: Some(amount.into()),
        ..v1::NewTransfer::default()
    }
}

async fn holds(ledger: &mut Ledger, ids: &[u128]) -> v1::GetHoldsResponse {
    let ids = ids.iter().map(|id| (*id).into()).collect();
    ledger.get_holds(v1::GetHoldsRequest { ids }).await.expect("answered").into_inner()
}

/// State, captured, released, remaining.
fn told(hold: &v1::Hold) -> (State, [u128; 3]) {
    let minor = |value: Option<v1::Uint128>| value.map_or(0, u128::from);
    (hold.state(), [minor(hold.captured), minor(hold.released), minor(hold.remaining)])
}

async fn one(ledger: &mut Ledger, id: u128) -> (State, [u128; 3]) {
    let found = holds(ledger, &[id]).await;
    told(found.holds.first().unwrap_or_else(|| panic!("no hold {id}")))
}

/// A server with 1,000 on `a`.
async fn start() -> (Server, Ledger) {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    assert!(pay(&mut ledger, new_transfer(1, "bank", "a", 1_000)).await.refusal.is_none());
    (server, ledger)
}

#[tokio::test]
async fn looked_up_in_every_state() {
    let (_server, mut ledger) = start().await;
    for transfer in [
        hold(10, 100),
        hold(11, 100),
        hold(12, 100),
        hold(13, 100),
        of_hold(Kind::Capture, 20, 11, 0),
        of_hold(Kind::Release, 21, 12, 0),
        of_hold(Kind::Capture, 22, 13, 40),
    ] {
        let result = pay(&mut ledger, transfer).await;
        assert!(result.refusal.is_none(), "{result:?}");
    }
    let found = holds(&mut ledger, &[10, 11, 12, 13, 20, 1, 99]).await;
    let states: Vec<_> = found.holds.iter().map(told).collect();
    let expected = [
        (State::Open, [0, 0, 100]),
        (State::Captured, [100, 0, 0]),
        (State::Released, [0, 100, 0]),
        (State::Open, [40, 0, 60]),
    ];
    assert_eq!(states, expected);
    // A capture, a transfer and nothing at all are no holds.
    let missing: Vec<u128> = found.missing.into_iter().map(u128::from).collect();
    assert_eq!(missing, [20, 1, 99]);
    // As a transfer each step says what it was.
    let ids = [10u128, 20, 21, 22].map(Into::into).to_vec();
    let found = ledger.get_transfers(v1::GetTransfersRequest { ids }).await.expect("answered");
    let steps: Vec<_> = found.into_inner().transfers;
    let kinds: Vec<_> = steps.iter().map(v1::Transfer::kind).collect();
    assert_eq!(kinds, [Kind::Hold, Kind::Capture, Kind::Release, Kind::Capture]);
    assert_eq!(steps[3].hold_id.map(u128::from), Some(13));
    assert_eq!(steps[3].hold_remaining.map(u128::from), Some(60));
}

#[tokio::test]
async fn in_groups() {
    let (server, mut ledger) = start().await;
    // Placed and captured at once, beside a plain move: members see each other.
    let members = vec![
        hold(30, 500),
        of_hold(Kind::Capture, 31, 30, 200),
        new_transfer(32, "b", "bank", 150),
        of_hold(Kind::Release, 33, 30, 0),
    ];
    let response = group(&mut ledger, 300, members.clone()).await;
    assert!(response.group.as_ref().unwrap().refusal.is_none(), "{response:?}");
    assert_eq!(one(&mut ledger, 30).await, (State::Captured, [200, 300, 0]));
    let again = group(&mut ledger, 300, members).await;
    assert!(again.results.iter().all(|result| result.replayed));
    // One that cannot pass leaves nothing of the others.
    let members = vec![hold(40, 800), of_hold(Kind::Capture, 41, 40, 801)];
    let response = group(&mut ledger, 301, members).await;
    assert_eq!(why(response.group.unwrap().refusal.as_ref()).0, "HOLD_EXCEEDED");
    assert_eq!(holds(&mut ledger, &[40]).await.missing.len(), 1);
    assert_eq!(balance(&mut ledger, "a").await, 800);
    assert!(server.status().await.partitions[0].conserved);
}

#[tokio::test]
async fn a_capture_can_be_reversed() {
    let (_server, mut ledger) = start().await;
    pay(&mut ledger, hold(50, 300)).await;
    pay(&mut ledger, of_hold(Kind::Capture, 51, 50, 120)).await;
    let undo = |id: u128, original: u128| v1::NewTransfer {
        id: Some(id.into()),
        reverses: Some(original.into()),
        ..v1::NewTransfer::default()
    };
    for (transfer, expected) in [
        (undo(52, 50), "ORIGINAL_NOT_POSTED"),
        (undo(53, 51), ""),
        (undo(54, 51), "ALREADY_REVERSED"),
    ] {
        let result = pay(&mut ledger, transfer).await;
        assert_eq!(why(result.refusal.as_ref()).0, expected);
    }
    assert_eq!(balance(&mut ledger, "a").await, 1_000);
    // The money is back; what the hold still reserves is not touched by it.
    assert_eq!(one(&mut ledger, 50).await, (State::Open, [120, 0, 180]));
}

#[tokio::test]
async fn fall_due_while_nobody_asks_and_while_nobody_runs() {
    let (mut server, mut ledger) = start().await;
    let soon = now_ns() + 250_000_000;
    for transfer in [
        due(60, 100, soon, v1::AtDue::Release),
        due(61, 100, soon, v1::AtDue::Capture),
        due(62, 100, now_ns() + 3_600_000_000_000, v1::AtDue::Release),
    ] {
        assert!(pay(&mut ledger, transfer).await.refusal.is_none());
    }
    assert_eq!(server.status().await.partitions[0].timers, 3);
    wait_for(&mut ledger, 60, (State::Expired, [0, 100, 0])).await;
    wait_for(&mut ledger, 61, (State::Captured, [100, 0, 0])).await;
    assert_eq!(balance(&mut ledger, "b").await, 100);
    let late = pay(&mut ledger, of_hold(Kind::Capture, 70, 60, 0)).await;
    assert_eq!(why(late.refusal.as_ref()).0, "HOLD_EXPIRED");

    // It falls due while the server is off, and when it starts, without anybody asking for it.
    let soon = now_ns() + 200_000_000;
    pay(&mut ledger, due(63, 100, soon, v1::AtDue::Release)).await;
    server.kill();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let data = server.data.clone();
    let again = Server::start_on(&data, &[]);
    let mut ledger = again.ledger().await;
    wait_for(&mut ledger, 63, (State::Expired, [0, 100, 0])).await;
    assert_eq!(one(&mut ledger, 62).await, (State::Open, [0, 0, 100]));
    let partition = &again.status().await.partitions[0];
    assert!(partition.conserved && !partition.due_paused);
    assert_eq!((partition.open_holds, partition.timers), (1, 1));
}

async fn wait_for(ledger: &mut Ledger, id: u128, expected: (State, [u128; 3])) {
    for _ in 0..400 {
        if one(ledger, id).await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(one(ledger, id).await, expected, "hold {id}");
}

/// What falls due together is written together, as much as one segment has room for: with the smallest ones too.
#[tokio::test]
async fn due_in_the_smallest_segments() {
    let server = Server::start_with(&[("FLORIN_JOURNAL__SEGMENT_BYTES", "65536")]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    assert!(pay(&mut ledger, new_transfer(1, "bank", "a", 1_000)).await.refusal.is_none());
    let soon = now_ns() + 200_000_000;
    for id in 70..75 {
        pay(&mut ledger, due(id, 10, soon, v1::AtDue::Release)).await;
    }
    for id in 70..75 {
        wait_for(&mut ledger, id, (State::Expired, [0, 10, 0])).await;
    }
}

#[tokio::test]
async fn a_frozen_account_is_not_captured_from() {
    let (_server, mut ledger) = start().await;
    let soon = now_ns() + 400_000_000;
    pay(&mut ledger, hold(80, 100)).await;
    pay(&mut ledger, due(81, 100, soon, v1::AtDue::Capture)).await;
    let freeze = |freeze: v1::Freeze| v1::UpdateAccountRequest {
        account: Some("a".into()),
        freeze: freeze.into(),
        ..v1::UpdateAccountRequest::default()
    };
    ledger.update_account(freeze(v1::Freeze::Debits)).await.expect("frozen");
    let capture = pay(&mut ledger, of_hold(Kind::Capture, 82, 80, 0)).await;
    assert_eq!(why(capture.refusal.as_ref()).0, "ACCOUNT_FROZEN");
    // What was to be captured when it was due is given back; and giving back is always possible.
    wait_for(&mut ledger, 81, (State::Expired, [0, 100, 0])).await;
    let release = pay(&mut ledger, of_hold(Kind::Release, 83, 80, 0)).await;
    assert!(release.refusal.is_none());
    ledger.update_account(freeze(v1::Freeze::None)).await.expect("unfrozen");
    assert_eq!(balance(&mut ledger, "a").await, 1_000);
    let close = v1::UpdateAccountRequest {
        account: Some("b".into()),
        close: true,
        ..v1::UpdateAccountRequest::default()
    };
    pay(&mut ledger, hold(84, 1)).await;
    let status =
        ledger.update_account(close.clone()).await.expect_err("something is reserved for it");
    assert_eq!(support::reason(&status), "ACCOUNT_NOT_EMPTY");
    pay(&mut ledger, of_hold(Kind::Release, 85, 84, 0)).await;
    ledger.update_account(close).await.expect("closed");
}
