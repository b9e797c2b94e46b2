//! One suite through all three doors: the batch, the stream, the columns. What is asked is the same, and so is every
//! answer.

mod support;

use florin_proto::v1::floor::Kind as FloorKind;
use florin_proto::v1::{self, TransferKind as Kind, TransferStatus};
use support::{Ledger, Server, why};

/// Where the suite's accounts stand: without a floor, with floor zero twice, with a ceiling of 500, in another
/// asset, frozen both ways, and closed.
const BANK: u128 = 1;
const A: u128 = 2;
const B: u128 = 3;
const CAPPED: u128 = 4;
const YEN: u128 = 5;
const FROZEN: u128 = 6;
const CLOSED: u128 = 7;
const NOBODY: u128 = 99;

/// 2100, and 1970.
const FAR_NS: u64 = 4_102_444_800_000_000_000;
const PAST_NS: u64 = 1;
const BEYOND: u128 = 1 << 127;

fn transfer(id: u128, debit: u128, credit: u128, amount: u128) -> v1::NewTransfer {
    let account = |id: u128| (id != 0).then(|| id.into());
    v1::NewTransfer {
        id: Some(id.into()),
        debit_account: account(debit),
        credit_account: account(credit),
        amount: Some(amount.into()),
        ..v1::NewTransfer::default()
    }
}

fn hold(id: u128, debit: u128, credit: u128, amount: u128) -> v1::NewTransfer {
    v1::NewTransfer { kind: Kind::Hold.into(), ..transfer(id, debit, credit, amount) }
}

fn of_hold(kind: Kind, id: u128, hold: u128, amount: u128) -> v1::NewTransfer {
    let hold = Some(hold.into());
    v1::NewTransfer { kind: kind.into(), hold, ..transfer(id, 0, 0, amount) }
}

/// What is asked, and what is answered: reason and field of a refusal, or what was moved or reserved; whether it is
/// the first answer again; what the hold reserves after.
type Row = (v1::NewTransfer, Answer, bool, Option<u128>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Done(u128),
    No(&'static str, &'static str),
}
use Answer::{Done, No};

#[rustfmt::skip]
fn suite() -> Vec<Row> {
    let with = |mut transfer: v1::NewTransfer, change: fn(&mut v1::NewTransfer)| {
        change(&mut transfer);
        transfer
    };
    vec![
        // Plain moves.
        (transfer(100, BANK, A, 1_000), Done(1_000), false, None),
        (transfer(100, BANK, A, 1_000), Done(1_000), true, None),
        (transfer(100, BANK, A, 1_001), No("ID_REUSED", "amount"), false, None),
        (transfer(101, A, B, 1_001), No("INSUFFICIENT_FUNDS", ""), false, None),
        (transfer(101, A, B, 1_001), No("INSUFFICIENT_FUNDS", ""), true, None),
        (transfer(102, A, B, 400), Done(400), false, None),
        (transfer(103, BANK, CAPPED, 501), No("CEILING_EXCEEDED", ""), false, None),
        (transfer(104, BANK, CAPPED, 300), Done(300), false, None),
        (transfer(105, A, NOBODY, 1), No("ACCOUNT_NOT_FOUND", ""), false, None),
        (transfer(106, A, YEN, 1), No("ASSET_MISMATCH", ""), false, None),
        (transfer(107, A, FROZEN, 1), No("ACCOUNT_FROZEN", ""), false, None),
        (transfer(108, CLOSED, A, 1), No("ACCOUNT_CLOSED", ""), false, None),
        // Malformed: uses up no id, so the same id is used again and again.
        (transfer(0, A, B, 1), No("ID_ZERO", "id"), false, None),
        (transfer(110, A, A, 1), No("SAME_ACCOUNT", "credit_account"), false, None),
        (transfer(110, 0, B, 1), No("ACCOUNT_KEY_MISSING", "debit_account"), false, None),
        (transfer(110, A, B, 0), No("AMOUNT_ZERO", "amount"), false, None),
        (transfer(110, A, B, BEYOND), No("AMOUNT_TOO_LARGE", "amount"), false, None),
        (with(transfer(110, A, B, 1), |t| t.value_date = 20_250_229), No("VALUE_DATE_INVALID", "value_date"), false, None),
        (with(transfer(110, A, B, 1), |t| t.kind = 77), No("ENUM_UNKNOWN", "kind"), false, None),
        (with(transfer(110, A, B, 1), |t| t.kind = Kind::DueRelease.into()), No("ENUM_UNKNOWN", "kind"), false, None),
        (with(hold(110, A, B, 1), |t| t.at_due = 9), No("ENUM_UNKNOWN", "at_due"), false, None),
        (with(transfer(110, A, B, 1), |t| t.due_at_ns = FAR_NS), No("HOLD_MALFORMED", "due_at_ns"), false, None),
        (with(transfer(110, A, B, 1), |t| t.hold = Some(7.into())), No("HOLD_MALFORMED", "hold"), false, None),
        (with(hold(110, A, B, 1), |t| t.release_rest = true), No("HOLD_MALFORMED", "release_rest"), false, None),
        (with(hold(110, A, B, 1), |t| t.at_due = v1::AtDue::Capture.into()), No("HOLD_MALFORMED", "at_due"), false, None),
        (of_hold(Kind::Capture, 110, 0, 1), No("HOLD_MALFORMED", "hold"), false, None),
        (with(of_hold(Kind::Capture, 110, 120, 1), |t| t.debit_account = Some(A.into())), No("HOLD_MALFORMED", "debit_account"), false, None),
        (of_hold(Kind::Change, 110, 120, 0), No("HOLD_MALFORMED", "amount"), false, None),
        (transfer(110, BANK, B, 5), Done(5), false, None),
        // A hold in its life. A has 600.
        (hold(120, A, B, 601), No("INSUFFICIENT_FUNDS", ""), false, None),
        (hold(121, A, B, 500), Done(500), false, Some(500)),
        (hold(121, A, B, 500), Done(500), true, Some(500)),
        (hold(122, A, B, 101), No("INSUFFICIENT_FUNDS", ""), false, None),
        (transfer(123, A, B, 101), No("INSUFFICIENT_FUNDS", ""), false, None),
        (of_hold(Kind::Capture, 124, 121, 120), Done(120), false, Some(380)),
        (of_hold(Kind::Capture, 124, 121, 120), Done(120), true, Some(380)),
        (of_hold(Kind::Capture, 124, 121, 130), No("ID_REUSED", "amount"), false, None),
        (of_hold(Kind::Release, 124, 121, 120), No("ID_REUSED", "kind"), false, None),
        (of_hold(Kind::Capture, 125, 121, 381), No("HOLD_EXCEEDED", ""), false, None),
        (of_hold(Kind::Release, 126, 121, 80), Done(80), false, Some(300)),
        (of_hold(Kind::Change, 127, 121, 50), Done(50), false, Some(350)),
        (with(of_hold(Kind::Change, 128, 121, 0), |t| t.due_at_ns = FAR_NS), Done(0), false, Some(350)),
        (with(of_hold(Kind::Change, 129, 121, 0), |t| t.due_at_ns = PAST_NS), No("DUE_PASSED", ""), false, None),
        (of_hold(Kind::Change, 130, 121, 10_000), No("INSUFFICIENT_FUNDS", ""), false, None),
        (with(of_hold(Kind::Capture, 131, 121, 50), |t| t.release_rest = true), Done(50), false, Some(0)),
        (of_hold(Kind::Capture, 132, 121, 0), No("HOLD_CLOSED", ""), false, None),
        (of_hold(Kind::Release, 133, 121, 0), No("HOLD_CLOSED", ""), false, None),
        (of_hold(Kind::Capture, 134, 122, 0), No("HOLD_NOT_FOUND", ""), false, None),
        // All that is left, asked for without an amount.
        (hold(140, A, B, 90), Done(90), false, Some(90)),
        (of_hold(Kind::Capture, 141, 140, 0), Done(90), false, Some(0)),
        (of_hold(Kind::Capture, 141, 140, 0), Done(90), true, Some(0)),
        (hold(142, A, B, 60), Done(60), false, Some(60)),
        (of_hold(Kind::Release, 143, 142, 0), Done(60), false, Some(0)),
        // What is reserved counts against a ceiling: 300 of 500 are there.
        (hold(150, BANK, CAPPED, 150), Done(150), false, Some(150)),
        (transfer(151, BANK, CAPPED, 51), No("CEILING_EXCEEDED", ""), false, None),
        (of_hold(Kind::Release, 152, 150, 100), Done(100), false, Some(50)),
        (transfer(153, BANK, CAPPED, 150), Done(150), false, None),
        (of_hold(Kind::Capture, 154, 150, 0), Done(50), false, Some(0)),
        (with(hold(155, BANK, B, 1), |t| t.due_at_ns = PAST_NS), No("DUE_PASSED", ""), false, None),
        (hold(156, FROZEN, A, 1), No("ACCOUNT_FROZEN", ""), false, None),
        (hold(157, BANK, CLOSED, 1), No("ACCOUNT_CLOSED", ""), false, None),
        (hold(158, BANK, YEN, 1), No("ASSET_MISMATCH", ""), false, None),
    ]
}

async fn open(ledger: &mut Ledger) {
    let account = |id: u128, asset: &str, kind: FloorKind| v1::NewAccount {
        key: Some(id.into()),
        asset: asset.to_owned(),
        floor: Some(v1::Floor { kind: kind.into(), overdraft: None }),
        ..v1::NewAccount::default()
    };
    let ceiling = Some(v1::Ceiling { limit: Some(500.into()) });
    let accounts = vec![
        account(BANK, "EUR", FloorKind::None),
        account(A, "EUR", FloorKind::Zero),
        account(B, "EUR", FloorKind::Zero),
        v1::NewAccount { ceiling, ..account(CAPPED, "EUR", FloorKind::Zero) },
        account(YEN, "JPY", FloorKind::None),
        account(FROZEN, "EUR", FloorKind::None),
        account(CLOSED, "EUR", FloorKind::None),
    ];
    let request = v1::CreateAccountsRequest { accounts };
    let results = ledger.create_accounts(request).await.expect("answered").into_inner().results;
    assert!(results.iter().all(|result| result.refusal.is_none()), "{results:?}");
    for (id, freeze, close) in [(FROZEN, v1::Freeze::Both, false), (CLOSED, v1::Freeze::None, true)]
    {
        let account = Some(id.into());
        let change = v1::UpdateAccountRequest {
            account,
            freeze: freeze.into(),
            close,
            ..v1::UpdateAccountRequest::default()
        };
        ledger.update_account(change).await.expect("updated");
    }
}

/// The batch, all in one as far as ids differ.
async fn through_batches(
    ledger: &mut Ledger,
    asked: &[v1::NewTransfer],
) -> Vec<v1::TransferResult> {
    let mut results = Vec::new();
    for part in with_ids_of_their_own(asked) {
        results.extend(support::independent(ledger, part.to_vec()).await);
    }
    results
}

/// The stream, everything at once: ids that come again too.
async fn through_a_stream(
    ledger: &mut Ledger,
    asked: &[v1::NewTransfer],
) -> Vec<v1::TransferResult> {
    let answers = ledger.stream_transfers(tokio_stream::iter(asked.to_vec())).await;
    let mut answers = answers.expect("a stream").into_inner();
    let mut results = Vec::new();
    while let Some(result) = answers.message().await.expect("an answer") {
        results.push(result);
    }
    results
}

/// The columns. They only count what is posted now: the rest of those answers is looked up.
async fn through_columns(
    ledger: &mut Ledger,
    asked: &[v1::NewTransfer],
) -> Vec<v1::TransferResult> {
    let mut results = Vec::new();
    for part in with_ids_of_their_own(asked) {
        let response = ledger.bulk_transfers(columns(part)).await.expect("answered").into_inner();
        let mut others = response.others.into_iter().peekable();
        for (index, new) in (0..).zip(part) {
            match others.next_if(|other| other.index == index) {
                Some(other) => results.push(other.result.expect("a result")),
                None => results.push(looked_up(ledger, new.id.expect("an id")).await),
            }
        }
    }
    results
}

async fn looked_up(ledger: &mut Ledger, id: v1::Uint128) -> v1::TransferResult {
    let request = v1::GetTransfersRequest { ids: vec![id] };
    let found = ledger.get_transfers(request).await.expect("answered").into_inner().transfers;
    let [transfer] = found.as_slice() else { panic!("{id:?} is not there: {found:?}") };
    assert_eq!(transfer.status(), TransferStatus::Posted);
    v1::TransferResult {
        id: transfer.id,
        status: transfer.status,
        replayed: false,
        sequence: transfer.sequence,
        timestamp_ns: transfer.timestamp_ns,
        amount: transfer.amount,
        debit_balance_after: transfer.debit_balance_after,
        credit_balance_after: transfer.credit_balance_after,
        refusal: None,
        hold_remaining: transfer.hold_remaining,
    }
}

fn with_ids_of_their_own(asked: &[v1::NewTransfer]) -> Vec<&[v1::NewTransfer]> {
    let mut parts = Vec::new();
    let mut rest = asked;
    while !rest.is_empty() {
        let again = (1..rest.len()).find(|at| rest[..*at].iter().any(|one| one.id == rest[*at].id));
        let (part, after) = rest.split_at(again.unwrap_or(rest.len()));
        parts.push(part);
        rest = after;
    }
    parts
}

fn columns(part: &[v1::NewTransfer]) -> v1::BulkTransfersRequest {
    let id_of = |key: &Option<v1::AccountKey>| match key.as_ref().and_then(|key| key.key.as_ref()) {
        Some(v1::account_key::Key::Id(id)) => *id,
        _ => v1::Uint128::default(),
    };
    let column = |of: &dyn Fn(&v1::NewTransfer) -> v1::Uint128| -> (Vec<u64>, Vec<u64>) {
        part.iter().map(of).map(|wide| (wide.lo, wide.hi)).unzip()
    };
    let (id_lo, id_hi) = column(&|new| new.id.unwrap_or_default());
    let (debit_account_lo, debit_account_hi) = column(&|new| id_of(&new.debit_account));
    let (credit_account_lo, credit_account_hi) = column(&|new| id_of(&new.credit_account));
    let (amount_lo, amount_hi) = column(&|new| new.amount.unwrap_or_default());
    let (hold_lo, hold_hi) = column(&|new| new.hold.unwrap_or_default());
    v1::BulkTransfersRequest {
        id_lo,
        id_hi,
        debit_account_lo,
        debit_account_hi,
        credit_account_lo,
        credit_account_hi,
        amount_lo,
        amount_hi,
        hold_lo,
        hold_hi,
        value_date: part.iter().map(|new| new.value_date).collect(),
        kind: part.iter().map(|new| new.kind).collect(),
        due_at_ns: part.iter().map(|new| new.due_at_ns).collect(),
        at_due: part.iter().map(|new| new.at_due).collect(),
        release_rest: part.iter().map(|new| new.release_rest).collect(),
        ..v1::BulkTransfersRequest::default()
    }
}

/// Balances and what is reserved, of every account.
async fn totals(ledger: &mut Ledger) -> Vec<(i128, u128, u128)> {
    let accounts = [BANK, A, B, CAPPED, YEN, FROZEN, CLOSED];
    let accounts = accounts.map(v1::AccountKey::from).to_vec();
    let request = v1::GetAccountsRequest { accounts };
    let found = ledger.get_accounts(request).await.expect("answered").into_inner().accounts;
    let total = |account: &v1::Account| {
        (
            account.balance.map_or(0, i128::from),
            account.debits_pending.map_or(0, u128::from),
            account.credits_pending.map_or(0, u128::from),
        )
    };
    found.iter().map(total).collect()
}

/// Right after each transfer, both of its accounts have the balances that were answered.
async fn the_past_is_what_was_answered(ledger: &mut Ledger, results: &[v1::TransferResult]) {
    for result in results.iter().filter(|result| result.refusal.is_none()) {
        let request = v1::GetTransfersRequest { ids: result.id.into_iter().collect() };
        let found = ledger.get_transfers(request).await.expect("answered").into_inner().transfers;
        let [transfer] = found.as_slice() else { panic!("{:?} is not there", result.id) };
        for (account, after) in [
            (transfer.debit_account_id, result.debit_balance_after),
            (transfer.credit_account_id, result.credit_balance_after),
        ] {
            let account = account.map(|id| u128::from(id).into());
            let at = Some(v1::get_balance_at_request::At::Sequence(result.sequence));
            let then = ledger.get_balance_at(v1::GetBalanceAtRequest { account, at }).await;
            let then = then.expect("answered").into_inner();
            assert_eq!((then.balance, then.event_sequence), (after, result.sequence));
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Door {
    Batches,
    Stream,
    Columns,
}

#[tokio::test]
async fn every_door_gives_the_same_answers() {
    let mut told = Vec::new();
    for door in [Door::Batches, Door::Stream, Door::Columns] {
        let server = Server::start();
        let mut ledger = server.ledger().await;
        open(&mut ledger).await;
        let suite = suite();
        let asked: Vec<v1::NewTransfer> = suite.iter().map(|(new, ..)| new.clone()).collect();
        let mut results = match door {
            Door::Batches => through_batches(&mut ledger, &asked).await,
            Door::Stream => through_a_stream(&mut ledger, &asked).await,
            Door::Columns => through_columns(&mut ledger, &asked).await,
        };
        assert_eq!(results.len(), suite.len(), "{door:?}: one answer each");
        for (row, ((new, answer, replayed, remaining), result)) in
            suite.iter().zip(&results).enumerate()
        {
            let what = format!("{door:?}, row {row}: {new:?}");
            let (reason, field) = why(result.refusal.as_ref());
            match answer {
                Done(amount) => {
                    assert_eq!((reason, field), ("", ""), "{what}");
                    assert_eq!(result.status(), TransferStatus::Posted, "{what}");
                    assert_eq!(result.amount.map(u128::from), Some(*amount), "{what}");
                }
                No(expected, its_field) => {
                    assert_eq!((reason, field), (*expected, *its_field), "{what}");
                    assert_eq!(result.status(), TransferStatus::Refused, "{what}");
                }
            }
            assert_eq!(result.replayed, *replayed, "{what}");
            assert_eq!(result.hold_remaining.map(u128::from), *remaining, "{what}");
            assert_eq!(result.id, new.id, "{what}");
        }
        the_past_is_what_was_answered(&mut ledger, &results).await;
        // When is the clock's business.
        for result in &mut results {
            result.timestamp_ns = 0;
        }
        told.push((results, totals(&mut ledger).await));
        assert!(server.status().await.partitions[0].conserved);
    }
    let (first, others) = told.split_first().expect("three doors");
    for other in others {
        assert_eq!(first.1, other.1, "balances");
        for (one, another) in first.0.iter().zip(&other.0) {
            assert_eq!(one, another);
        }
    }
}

#[tokio::test]
async fn a_stream_takes_many_and_ends_in_order() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open(&mut ledger).await;
    let asked: Vec<_> = (0..20_000u128).map(|n| transfer(1_000 + n, BANK, B, 1 + n % 7)).collect();
    let results = through_a_stream(&mut ledger, &asked).await;
    assert_eq!(results.len(), asked.len());
    for (asked, result) in asked.iter().zip(&results) {
        assert_eq!((result.id, result.amount), (asked.id, asked.amount));
    }
    assert!(results.is_sorted_by_key(|result| result.sequence));
    // The same once more: the first answers.
    let again = through_a_stream(&mut ledger, &asked).await;
    assert!(
        again
            .iter()
            .zip(&results)
            .all(|(again, first)| { again.replayed && again.sequence == first.sequence })
    );
}

#[tokio::test]
async fn a_stream_is_not_told_overloaded() {
    let server = Server::start_with(&[("FLORIN_LIMITS__IN_FLIGHT_REQUESTS", "1")]);
    let mut ledger = server.ledger().await;
    open(&mut ledger).await;
    let streams = (0..4u128).map(|stream| {
        let mut ledger = ledger.clone();
        async move {
            let ids = (0..500u128).map(|n| 10_000 * (stream + 1) + n);
            let asked: Vec<_> = ids.map(|id| transfer(id, BANK, B, 1)).collect();
            through_a_stream(&mut ledger, &asked).await
        }
    });
    let mut streams: Vec<_> = streams.map(tokio::spawn).collect();
    for stream in streams.drain(..) {
        let results = stream.await.expect("it ends");
        assert_eq!(results.len(), 500);
        assert!(results.iter().all(|result| result.status() == TransferStatus::Posted));
    }
}

#[tokio::test]
async fn a_stream_ends_with_what_stopped_it() {
    let mut server = Server::start();
    let mut ledger = server.ledger().await;
    open(&mut ledger).await;
    let (asked, asking) = tokio::sync::mpsc::channel(10);
    asked.send(transfer(1, BANK, B, 1)).await.expect("open");
    let asking = tokio_stream::wrappers::ReceiverStream::new(asking);
    let mut answers = ledger.stream_transfers(asking).await.expect("a stream").into_inner();
    let first = answers.message().await.expect("an answer").expect("one");
    assert_eq!(first.status(), TransferStatus::Posted);
    server.kill();
    // Sent or not, there is no answer any more: a status, and no silence.
    let _ = asked.send(transfer(2, BANK, B, 1)).await;
    assert!(answers.message().await.is_err());
}
