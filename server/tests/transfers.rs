//! The rules as a caller sees them: one row a case, through the real server.

mod support;

use florin_proto::v1;
use support::*;

const METADATA_TOO_MUCH: usize = 4_096;

type Change = fn(&mut v1::NewTransfer);

/// Every malformed member, and what refuses it. Base: 1 minor unit from `bank` to `a`.
const MALFORMED: [(Change, &str, &str); 19] = [
    (|t| t.id = None, "ID_ZERO", "id"),
    (|t| t.id = Some(0.into()), "ID_ZERO", "id"),
    (|t| t.amount_mode = 9, "ENUM_UNKNOWN", "amount_mode"),
    (|t| t.reverses = Some(5.into()), "REVERSAL_MALFORMED", "debit_account"),
    (|t| t.debit_account = None, "ACCOUNT_KEY_MISSING", "debit_account"),
    (
        |t| t.credit_account = Some(v1::AccountKey::default()),
        "ACCOUNT_KEY_MISSING",
        "credit_account",
    ),
    (|t| t.credit_account = Some(0.into()), "ACCOUNT_KEY_MISSING", "credit_account"),
    (|t| t.debit_account = Some("no spaces".into()), "NAME_INVALID", "debit_account"),
    (|t| t.debit_account = Some("".into()), "NAME_INVALID", "debit_account"),
    (|t| t.credit_account = t.debit_account.clone(), "SAME_ACCOUNT", "credit_account"),
    (|t| t.amount = None, "AMOUNT_ZERO", "amount"),
    (|t| t.amount = Some(0.into()), "AMOUNT_ZERO", "amount"),
    (|t| t.amount = Some((1 << 127).into()), "AMOUNT_TOO_LARGE", "amount"),
    (|t| t.asset = "eur".into(), "ASSET_INVALID", "asset"),
    (|t| t.value_date = 20_260_231, "VALUE_DATE_INVALID", "value_date"),
    (
        |t| drop(t.metadata.insert("k".into(), "x".repeat(METADATA_TOO_MUCH))),
        "METADATA_TOO_LARGE",
        "metadata",
    ),
    // Where several apply, the first in order of precedence is the answer.
    (|t| (t.amount, t.value_date, t.amount_mode) = (None, 1, 9), "ENUM_UNKNOWN", "amount_mode"),
    (|t| (t.amount, t.asset) = (None, "eur".into()), "AMOUNT_ZERO", "amount"),
    (|t| (t.id, t.debit_account) = (None, None), "ID_ZERO", "id"),
];

#[tokio::test]
async fn malformed_members_are_their_own_answer_and_use_up_no_id() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let before = server.status().await.partitions[0].sequence;
    for (row, (change, reason, field)) in MALFORMED.iter().enumerate() {
        let mut transfer = new_transfer(100, "bank", "a", 1);
        change(&mut transfer);
        let result = pay(&mut ledger, transfer.clone()).await;
        assert_eq!(why(result.refusal.as_ref()), (*reason, *field), "row {row}");
        assert_eq!((result.sequence, result.status()), (0, v1::TransferStatus::Refused));
        let good = new_transfer(101, "bank", "a", 1);
        let response = group(&mut ledger, 7, vec![good, transfer]).await;
        let refusal = response.group.expect("a group's answer").refusal.expect("refused");
        assert_eq!((why(Some(&refusal)), refusal.member), ((*reason, *field), 1), "row {row}");
        assert_eq!(why(response.results[0].refusal.as_ref()).0, "GROUP_MEMBER_REFUSED");
    }
    let status = &server.status().await.partitions[0];
    assert_eq!((status.sequence, status.ids), (before, 0), "nothing was journaled");
    for id in [100, 101] {
        let result = pay(&mut ledger, new_transfer(id, "bank", "a", 1)).await;
        assert_eq!(result.status(), v1::TransferStatus::Posted, "the id is still free");
    }
}

#[tokio::test]
async fn an_id_twice_in_a_batch_is_refused_at_each_place() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let batch = [1, 2, 1].map(|id| new_transfer(id, "bank", "a", 5)).to_vec();
    let results = independent(&mut ledger, batch.clone()).await;
    let reasons: Vec<_> = results.iter().map(|result| why(result.refusal.as_ref()).0).collect();
    assert_eq!(reasons, ["ID_TWICE_IN_BATCH", "", "ID_TWICE_IN_BATCH"]);
    let response = group(&mut ledger, 9, batch).await;
    let reasons: Vec<_> = response.results.iter().map(|r| why(r.refusal.as_ref()).0).collect();
    assert_eq!(reasons, ["ID_TWICE_IN_BATCH", "GROUP_MEMBER_REFUSED", "ID_TWICE_IN_BATCH"]);
    assert_eq!(why(response.group.unwrap().refusal.as_ref()).0, "ID_TWICE_IN_BATCH");
    assert_eq!(balance(&mut ledger, "a").await, 5);
}

#[tokio::test]
async fn refusals_by_state_explain_themselves_and_use_up_the_id() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let frozen = v1::UpdateAccountRequest {
        account: Some("b".into()),
        freeze: v1::Freeze::Credits.into(),
        ..Default::default()
    };
    ledger.update_account(frozen).await.unwrap();
    let mut closed = new_account("closed", "EUR", v1::floor::Kind::Zero);
    closed.metadata.insert("why".into(), "a test".into());
    let request = v1::CreateAccountsRequest { accounts: vec![closed] };
    ledger.create_accounts(request).await.unwrap();
    let close = v1::UpdateAccountRequest {
        account: Some("closed".into()),
        close: true,
        ..Default::default()
    };
    ledger.update_account(close).await.unwrap();
    pay(&mut ledger, new_transfer(1, "bank", "a", 10)).await;

    let guarded = |mut transfer: v1::NewTransfer| {
        transfer.asset = "CZK".into();
        transfer
    };
    let reversal = |id: u128, original: u128| v1::NewTransfer {
        id: Some(id.into()),
        reverses: Some(original.into()),
        ..Default::default()
    };
    let most = i128::MAX.cast_unsigned();
    let rows = [
        (new_transfer(20, "a", "nobody", 1), "ACCOUNT_NOT_FOUND", None),
        (new_transfer(21, "nobody", "no-one", 1), "ACCOUNT_NOT_FOUND", None),
        (new_transfer(22, "a", "yen", 1), "ASSET_MISMATCH", None),
        (guarded(new_transfer(23, "bank", "a", 1)), "ASSET_MISMATCH", None),
        (new_transfer(24, "bank", "closed", 1), "ACCOUNT_CLOSED", Some((1, 0))),
        (new_transfer(25, "bank", "b", 1), "ACCOUNT_FROZEN", Some((1, 0))),
        (new_transfer(26, "a", "bank", 25), "INSUFFICIENT_FUNDS", Some((15, 10))),
        (new_transfer(27, "bank", "a", most), "BALANCE_OVERFLOW", Some((9, most - 9))),
        (reversal(28, 4_711), "ORIGINAL_NOT_FOUND", None),
        (reversal(29, 26), "ORIGINAL_NOT_POSTED", None),
    ];
    for (transfer, reason, numbers) in rows {
        let first = pay(&mut ledger, transfer.clone()).await;
        let refusal = first.refusal.clone().expect("refused");
        assert_eq!(refusal.reason().as_str_name(), reason);
        assert_ne!(first.sequence, 0, "{reason} is journaled");
        if let Some((missing, would_pass)) = numbers
            && !matches!(reason, "ACCOUNT_CLOSED" | "ACCOUNT_FROZEN")
        {
            assert_eq!(refusal.missing, Some(missing.into()), "{reason}");
            assert_eq!(refusal.would_pass, Some(would_pass.into()), "{reason}");
        }
        let again = pay(&mut ledger, transfer).await;
        assert_eq!(again, v1::TransferResult { replayed: true, ..first }, "the first answer");
    }
    assert_eq!(balance(&mut ledger, "a").await, 10, "nothing has moved");
}

#[tokio::test]
async fn an_id_is_for_good_and_a_reuse_names_the_field() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let first = new_transfer(1, "bank", "a", 10);
    let posted = pay(&mut ledger, first.clone()).await;
    assert_eq!(posted.status(), v1::TransferStatus::Posted);
    let again = pay(&mut ledger, first.clone()).await;
    assert_eq!(again, v1::TransferResult { replayed: true, ..posted });

    let changes: [(Change, &str); 8] = [
        (|t| t.debit_account = Some("b".into()), "debit_account"),
        (|t| t.credit_account = Some("b".into()), "credit_account"),
        (|t| t.amount = Some(11.into()), "amount"),
        (|t| t.amount_mode = v1::AmountMode::UpToAvailable.into(), "amount_mode"),
        (|t| t.code = 1, "code"),
        (|t| t.value_date = 20_260_101, "value_date"),
        (|t| drop(t.metadata.insert("k".into(), "v".into())), "metadata"),
        (
            |t| *t = v1::NewTransfer { id: t.id, reverses: Some(77.into()), ..Default::default() },
            "reverses",
        ),
    ];
    for (change, field) in changes {
        let mut other = first.clone();
        change(&mut other);
        let result = pay(&mut ledger, other).await;
        assert_eq!(why(result.refusal.as_ref()), ("ID_REUSED", field));
    }
    assert_eq!(balance(&mut ledger, "a").await, 10);
}

#[tokio::test]
async fn groups_are_all_or_nothing_and_have_ids_of_their_own() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    // `a` has nothing of its own: the second member lives on the first.
    let chain = vec![new_transfer(1, "bank", "a", 10), new_transfer(2, "a", "b", 10)];
    let posted = group(&mut ledger, 1, chain.clone()).await;
    assert_eq!(posted.group.as_ref().unwrap().status(), v1::TransferStatus::Posted);
    let again = group(&mut ledger, 1, chain.clone()).await;
    assert!(again.group.as_ref().unwrap().replayed && again.results.iter().all(|r| r.replayed));
    assert_eq!(again.results[1].sequence, posted.results[1].sequence);

    let other = vec![chain[0].clone(), new_transfer(2, "a", "b", 9)];
    let changed = group(&mut ledger, 1, other).await.group.unwrap();
    assert_eq!(why(changed.refusal.as_ref()), ("ID_REUSED", "transfers[1].amount"));

    let partly = vec![new_transfer(2, "a", "b", 10), new_transfer(3, "bank", "a", 1)];
    let mixed = group(&mut ledger, 2, partly).await.group.unwrap();
    assert_eq!(why(mixed.refusal.as_ref()).0, "GROUP_MIXED");

    let poor = vec![new_transfer(4, "bank", "a", 1), new_transfer(5, "a", "b", 2)];
    let refused = group(&mut ledger, 3, poor.clone()).await;
    let refusal = refused.group.clone().unwrap().refusal.unwrap();
    assert_eq!((why(Some(&refusal)).0, refusal.member), ("INSUFFICIENT_FUNDS", 1));
    let again = group(&mut ledger, 3, poor).await;
    assert!(again.group.as_ref().unwrap().replayed);
    assert_eq!(again.group.unwrap().sequence, refused.group.unwrap().sequence);
    let free = pay(&mut ledger, new_transfer(4, "bank", "a", 1)).await;
    assert_eq!(free.status(), v1::TransferStatus::Posted, "members' ids are not used up");

    let nameless = group(&mut ledger, 0, vec![new_transfer(9, "bank", "a", 1)]).await;
    assert_eq!(why(nameless.group.unwrap().refusal.as_ref()), ("GROUP_ID_MISSING", "group_id"));
    assert_eq!((balance(&mut ledger, "a").await, balance(&mut ledger, "b").await), (1, 10));
}

#[tokio::test]
async fn up_to_available_and_reversal() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    pay(&mut ledger, new_transfer(1, "bank", "a", 10)).await;
    let sweep = v1::NewTransfer {
        amount_mode: v1::AmountMode::UpToAvailable.into(),
        ..new_transfer(2, "a", "b", 25)
    };
    let swept = pay(&mut ledger, sweep).await;
    assert_eq!(swept.amount, Some(10.into()));
    let undo =
        v1::NewTransfer { id: Some(3.into()), reverses: Some(2.into()), ..Default::default() };
    // In one batch with its own reversal, which comes too late.
    let twice = v1::NewTransfer { id: Some(4.into()), ..undo.clone() };
    let results = independent(&mut ledger, vec![undo, twice]).await;
    assert_eq!(results[0].status(), v1::TransferStatus::Posted);
    assert_eq!(why(results[1].refusal.as_ref()).0, "ALREADY_REVERSED");
    assert_eq!(balance(&mut ledger, "a").await, 10);

    let ids = [2, 3, 4, 5].map(v1::Uint128::from).to_vec();
    let found = ledger.get_transfers(v1::GetTransfersRequest { ids }).await.unwrap().into_inner();
    assert_eq!(found.missing, [v1::Uint128::from(5)]);
    let [sweep, undo, refused] = &found.transfers[..] else { panic!("{found:?}") };
    assert_eq!((sweep.amount, sweep.requested_amount), (Some(10.into()), Some(25.into())));
    assert_eq!(sweep.reversed_by_sequence, undo.sequence);
    assert_eq!(undo.reverses, Some(2.into()));
    assert_eq!(undo.debit_account_id, sweep.credit_account_id);
    assert_eq!(why(refused.refusal.as_ref()).0, "ALREADY_REVERSED");
}

#[tokio::test]
async fn a_batch_sees_its_own_transfers() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let undo =
        v1::NewTransfer { id: Some(3.into()), reverses: Some(1.into()), ..Default::default() };
    let batch = vec![new_transfer(1, "bank", "a", 10), new_transfer(2, "a", "b", 4), undo.clone()];
    let results = independent(&mut ledger, batch).await;
    let missing = results[2].refusal.as_ref().and_then(|refusal| refusal.missing);
    assert_eq!(missing, Some(4.into()), "the reversal found its original, and 6 of 10 left");
    let undo = v1::NewTransfer { id: Some(6.into()), reverses: Some(4.into()), ..undo };
    let response = group(&mut ledger, 1, vec![new_transfer(4, "bank", "a", 1), undo]).await;
    assert_eq!(response.group.unwrap().status(), v1::TransferStatus::Posted);
    assert_eq!(balance(&mut ledger, "a").await, 6);
}
