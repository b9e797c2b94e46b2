//! Balances of the past: the same as the sum of all that had happened until then, at every event and at every time.

mod support;

use florin_proto::v1;
use florin_proto::v1::TransferKind as Kind;
use florin_proto::v1::get_balance_at_request::At;
use support::*;
use tonic::Code;
use tonic_types::StatusExt as _;

const NAMES: [&str; 4] = ["bank", "a", "b", "yen"];

/// Segments so small that the history lies over many.
const SMALL: [(&str, &str); 1] = [("FLORIN_JOURNAL__SEGMENT_BYTES", "65536")];

async fn ask(
    ledger: &Ledger,
    name: &str,
    at: At,
) -> Result<v1::GetBalanceAtResponse, tonic::Status> {
    let request = v1::GetBalanceAtRequest { account: Some(name.into()), at: Some(at) };
    Ok(ledger.clone().get_balance_at(request).await?.into_inner())
}

async fn then(ledger: &Ledger, name: &str, at: At) -> v1::GetBalanceAtResponse {
    ask(ledger, name, at).await.unwrap_or_else(|status| panic!("{name} at {at:?}: {status:?}"))
}

/// An event of an account, and what was naively added up until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    sequence: u64,
    time_ns: u64,
    balance: i128,
    pending: i128,
}

/// What a transfer moves, and what it changes of what is reserved.
fn effect(transfer: &v1::Transfer) -> (i128, i128) {
    let wide = |minor: Option<v1::Uint128>| i128::try_from(minor.map_or(0, u128::from)).unwrap();
    let (amount, released) = (wide(transfer.amount), wide(transfer.released));
    match transfer.kind() {
        Kind::Move => (amount, 0),
        Kind::Hold | Kind::Change => (0, amount),
        Kind::Release | Kind::DueRelease => (0, -amount),
        Kind::Capture | Kind::DueCapture => (amount, -amount - released),
        other => panic!("{other:?}"),
    }
}

/// The whole statement of an account, added up from the beginning.
async fn points(ledger: &Ledger, name: &str) -> Vec<Point> {
    let mut request =
        v1::ListAccountTransfersRequest { account: Some(name.into()), ..Default::default() };
    let (mut transfers, mut own) = (Vec::new(), None);
    loop {
        let page = ledger.clone().list_account_transfers(request.clone()).await.expect("a page");
        let page = page.into_inner();
        own = own.or(page.account_id);
        assert_eq!(
            (page.account_id, page.asset.map(|asset| asset.scale)),
            (own, Some(scale(name)))
        );
        transfers.extend(page.transfers);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let (mut balance, mut pending) = (0, 0);
    let point = |transfer: &v1::Transfer| {
        let (moved, reserved) = effect(transfer);
        let pays = transfer.debit_account_id == own;
        balance += if pays { -moved } else { moved };
        pending += if pays { reserved } else { 0 };
        let (balance_after, pending_after) = if pays {
            (transfer.debit_balance_after, transfer.debit_pending_after)
        } else {
            (transfer.credit_balance_after, transfer.credit_pending_after)
        };
        assert_eq!(balance_after.map(i128::from), Some(balance), "{transfer:?}");
        assert_eq!(pending_after.map(u128::from), u128::try_from(pending).ok(), "{transfer:?}");
        Point { sequence: transfer.sequence, time_ns: transfer.timestamp_ns, balance, pending }
    };
    transfers.iter().rev().map(point).collect()
}

fn scale(name: &str) -> u32 {
    if name == "yen" { 0 } else { 2 }
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % bound
    }
}

/// A batch of whatever: moves, holds and what becomes of them, some of it refused.
fn batch(random: &mut Random, next_id: &mut u128, holds: &mut Vec<u128>) -> Vec<v1::NewTransfer> {
    let mut transfers = Vec::new();
    for _ in 0..=random.below(30) {
        *next_id += 1;
        let names = [("bank", "a"), ("bank", "b"), ("a", "b"), ("b", "a"), ("a", "bank")];
        let (debit, credit) = names[usize::try_from(random.below(5)).unwrap()];
        let amount = u128::from(1 + random.below(40));
        let hold = holds.get(usize::try_from(random.below(8)).unwrap()).copied();
        transfers.push(match (random.below(8), hold) {
            (0 | 1, _) => {
                holds.insert(0, *next_id);
                let kind = Kind::Hold.into();
                v1::NewTransfer { kind, ..new_transfer(*next_id, debit, credit, amount) }
            }
            (kind @ 2..=4, Some(hold)) => v1::NewTransfer {
                id: Some((*next_id).into()),
                hold: Some(hold.into()),
                amount: Some((amount / 2 + 1).into()),
                kind: [Kind::Capture, Kind::Release, Kind::Change]
                    [usize::try_from(kind - 2).unwrap()]
                .into(),
                release_rest: kind == 2 && amount % 3 == 0,
                ..Default::default()
            },
            _ => new_transfer(*next_id, debit, credit, amount),
        });
    }
    transfers
}

#[tokio::test]
async fn as_the_sum_of_all_entries() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut server = Server::start_on(&dir.path().join("data"), &SMALL);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let (mut random, mut next_id, mut holds) = (Random(7), 0, Vec::new());
    for round in 0..60u32 {
        let transfers = batch(&mut random, &mut next_id, &mut holds);
        independent(&mut ledger, transfers).await;
        let name = NAMES[1 + usize::try_from(random.below(2)).unwrap()];
        if round % 9 == 0 {
            let limit = Some((1_000_000 + u128::from(round)).into());
            let ceiling = Some(v1::Ceiling { limit });
            let account = Some(name.into());
            let update = v1::UpdateAccountRequest { account, ceiling, ..Default::default() };
            ledger.update_account(update).await.expect("updated");
        }
        if round == 30 {
            server.kill();
            server = Server::start_on(&server.data.clone(), &SMALL);
            ledger = server.ledger().await;
        }
    }
    let partition = server.status().await.partitions.remove(0);
    assert!(partition.segment > 3, "{} segments", partition.segment);

    let mut captured = 0;
    for name in NAMES {
        let points = points(&ledger, name).await;
        captured += points.iter().filter(|point| point.pending > 0).count();
        // The account is open since the first five events; its updates lie between its transfers, and move nothing.
        for sequence in (1..=partition.sequence).step_by(3).chain([partition.sequence]) {
            let at = points.partition_point(|point| point.sequence <= sequence);
            let (balance, pending) =
                at.checked_sub(1).map_or((0, 0), |at| (points[at].balance, points[at].pending));
            let found = then(&ledger, name, At::Sequence(sequence)).await;
            let read = (found.balance.map(i128::from), found.debits_pending.map(u128::from));
            assert_eq!(read, (Some(balance), u128::try_from(pending).ok()), "{name} {sequence}");
            assert_eq!(found.resolved_sequence, sequence);
            assert!(
                found.event_sequence <= sequence && found.event_time_ns <= found.resolved_time_ns
            );
            assert!(sequence < 8 || found.opened, "{name} {sequence}");
        }
        for (at, point) in points.iter().enumerate().step_by(5) {
            let before = at.checked_sub(1).map(|at| points[at]);
            for (time_ns, expected) in [(point.time_ns - 1, before), (point.time_ns, Some(*point))]
            {
                let found = then(&ledger, name, At::TimeNs(time_ns)).await;
                let balance = expected.map_or(0, |point| point.balance);
                assert_eq!(found.balance.map(i128::from), Some(balance), "{name} {time_ns}");
                // By its sequence, the same moment.
                let again = then(&ledger, name, At::Sequence(found.resolved_sequence)).await;
                assert_eq!(again, found);
            }
        }
    }
    assert!(captured > 20, "something was reserved: {captured}");
}

#[tokio::test]
async fn what_is_known_of_the_floor() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let opened =
        then(&ledger, "a", At::Sequence(server.status().await.partitions[0].sequence)).await;
    let paid = pay(&mut ledger, new_transfer(1, "bank", "a", 100)).await.sequence;
    let floor = v1::Floor { kind: v1::floor::Kind::Overdraft.into(), overdraft: Some(50.into()) };
    let account = Some("a".into());
    let update = v1::UpdateAccountRequest { account, floor: Some(floor), ..Default::default() };
    let updated = ledger.update_account(update).await.expect("updated").into_inner();
    let updated = updated.account.expect("an account").last_sequence;
    let hold = v1::NewTransfer { kind: Kind::Hold.into(), ..new_transfer(2, "a", "b", 30) };
    let last = pay(&mut ledger, hold).await.sequence;
    for (what, sequence, kind, available) in [
        ("its opening", opened.event_sequence, Some(v1::floor::Kind::Zero), Some(0)),
        ("a transfer before an update", paid, None, None),
        ("the update", updated, Some(v1::floor::Kind::Overdraft), Some(150)),
        ("the last event", last, Some(v1::floor::Kind::Overdraft), Some(120)),
    ] {
        let found = then(&ledger, "a", At::Sequence(sequence)).await;
        assert_eq!(found.event_sequence, sequence, "{what}");
        assert_eq!(found.floor.map(|floor| floor.kind()), kind, "{what}");
        assert_eq!(found.available.map(u128::from), available, "{what}");
    }
    let bank = then(&ledger, "bank", At::Sequence(last)).await;
    assert_eq!(bank.floor.map(|floor| floor.kind()), Some(v1::floor::Kind::None));
    assert_eq!((bank.available, bank.balance.map(i128::from)), (None, Some(-100)));
    // Once something has come after it, the last event is not the last any more.
    pay(&mut ledger, new_transfer(3, "bank", "a", 1)).await;
    let found = then(&ledger, "a", At::Sequence(last)).await;
    assert_eq!((found.floor, found.available), (None, None));
}

#[tokio::test]
async fn what_is_no_moment_of_the_past() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    // Nothing at all has happened yet.
    let status = ask(&ledger, "a", At::Sequence(1)).await.expect_err("no event");
    assert_eq!((reason(&status).as_str(), status.code()), ("MOMENT_AHEAD", Code::OutOfRange));
    open_accounts(&mut ledger).await;
    let paid = pay(&mut ledger, new_transfer(1, "bank", "a", 100)).await;
    let hour_ahead_ns = paid.timestamp_ns + 3_600_000_000_000;
    let last = server.status().await.partitions[0].sequence;
    for (name, at, expected, code, field) in [
        ("nobody", Some(At::Sequence(1)), "ACCOUNT_NOT_FOUND", Code::NotFound, ""),
        ("two words", Some(At::Sequence(1)), "NAME_INVALID", Code::InvalidArgument, "account"),
        ("two words", None, "NAME_INVALID", Code::InvalidArgument, "account"),
        ("a", None, "MOMENT_MISSING", Code::InvalidArgument, "at"),
        ("a", Some(At::Sequence(0)), "MOMENT_MISSING", Code::InvalidArgument, "at"),
        ("a", Some(At::TimeNs(0)), "MOMENT_MISSING", Code::InvalidArgument, "at"),
        ("a", Some(At::Sequence(last + 1)), "MOMENT_AHEAD", Code::OutOfRange, "sequence"),
        ("nobody", Some(At::Sequence(last + 1)), "MOMENT_AHEAD", Code::OutOfRange, "sequence"),
        ("a", Some(At::Sequence(u64::MAX)), "MOMENT_AHEAD", Code::OutOfRange, "sequence"),
        ("a", Some(At::TimeNs(hour_ahead_ns)), "MOMENT_AHEAD", Code::OutOfRange, "time_ns"),
        ("a", Some(At::TimeNs(u64::MAX)), "MOMENT_AHEAD", Code::OutOfRange, "time_ns"),
    ] {
        let request = v1::GetBalanceAtRequest { account: Some(name.into()), at };
        let status = ledger.get_balance_at(request).await.expect_err(expected);
        assert_eq!((reason(&status).as_str(), status.code()), (expected, code), "{name} {at:?}");
        let metadata = status.get_details_error_info().expect("a reason").metadata;
        assert_eq!(metadata.get("field").map_or("", String::as_str), field, "{expected}");
        match (expected, field) {
            ("MOMENT_AHEAD", "sequence") => assert_eq!(metadata["last_sequence"], last.to_string()),
            ("MOMENT_AHEAD", _) => {
                let now_ns: u64 = metadata["now_ns"].parse().expect("a number");
                assert!((paid.timestamp_ns..hour_ahead_ns).contains(&now_ns));
            }
            _ => {}
        }
    }
    // Before the account, and before everything.
    let before = then(&ledger, "a", At::Sequence(1)).await;
    assert_eq!(
        (before.opened, before.balance, before.resolved_sequence),
        (false, Some(0.into()), 1)
    );
    assert!(before.resolved_time_ns > 0 && before.event_sequence == 0);
    let before = then(&ledger, "a", At::TimeNs(1)).await;
    assert_eq!((before.opened, before.resolved_sequence, before.resolved_time_ns), (false, 0, 0));
    let last_ns = then(&ledger, "a", At::TimeNs(paid.timestamp_ns)).await;
    assert_eq!((last_ns.event_sequence, last_ns.event_time_ns), (paid.sequence, paid.timestamp_ns));
}
