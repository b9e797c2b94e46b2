//! Columns: the same rules, other packing.

mod support;

use florin_proto::{name, v1};
use support::*;

fn columns(ids: &[u128], debit: &str, credit: &str, amounts: &[u64]) -> v1::BulkTransfersRequest {
    let [debit, credit] = [debit, credit].map(|name| v1::Uint128::from(name::account_id(name)));
    let wide: Vec<v1::Uint128> = ids.iter().map(|id| (*id).into()).collect();
    v1::BulkTransfersRequest {
        id_lo: wide.iter().map(|id| id.lo).collect(),
        id_hi: wide.iter().map(|id| id.hi).collect(),
        debit_account_lo: vec![debit.lo; ids.len()],
        debit_account_hi: vec![debit.hi; ids.len()],
        credit_account_lo: vec![credit.lo; ids.len()],
        credit_account_hi: vec![credit.hi; ids.len()],
        amount_lo: amounts.to_vec(),
        ..Default::default()
    }
}

#[tokio::test]
async fn columns_answer_what_messages_answer() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let first = pay(&mut ledger, new_transfer(1, "bank", "a", 7)).await;

    let request = columns(&[1, 2, 3, 0, 1 << 100], "bank", "a", &[7, 1, 2, 3, 4]);
    let response = ledger.bulk_transfers(request.clone()).await.unwrap().into_inner();
    assert_eq!((response.posted, response.replayed, response.refused), (3, 1, 1));
    assert_eq!(response.first_sequence, first.sequence + 1);
    let others: Vec<_> = response.others.iter().map(|other| other.index).collect();
    assert_eq!(others, [0, 3]);
    let known = response.others[0].result.clone().unwrap();
    assert_eq!(known, v1::TransferResult { replayed: true, ..first });
    let malformed = response.others[1].result.as_ref().unwrap();
    assert_eq!(why(malformed.refusal.as_ref()), ("ID_ZERO", "id"));

    let again = ledger.bulk_transfers(request).await.unwrap().into_inner();
    assert_eq!((again.posted, again.replayed, again.refused), (0, 4, 1));
    assert_eq!((again.first_sequence, again.first_timestamp_ns), (0, 0));
    assert_eq!(balance(&mut ledger, "a").await, 14);

    let poor = columns(&[10, 11], "a", "b", &[10, 10]);
    let response = ledger.bulk_transfers(poor).await.unwrap().into_inner();
    assert_eq!((response.posted, response.refused), (1, 1));
    let refusal = response.others[0].result.as_ref().unwrap().refusal.as_ref();
    assert_eq!(why(refusal).0, "INSUFFICIENT_FUNDS");

    let mut grouped = columns(&[20, 21], "bank", "a", &[1, 1]);
    grouped.mode = v1::TransferMode::Group.into();
    grouped.group_id = Some(5.into());
    let response = ledger.bulk_transfers(grouped.clone()).await.unwrap().into_inner();
    assert_eq!((response.posted, response.others.len()), (2, 0));
    let again = ledger.bulk_transfers(grouped).await.unwrap().into_inner();
    assert_eq!((again.replayed, again.group.unwrap().replayed), (2, true));
}

type Change = fn(&mut v1::BulkTransfersRequest);

#[tokio::test]
async fn columns_of_different_lengths_are_a_fault_of_the_call() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let changes: [Change; 8] = [
        |r| {
            r.id_hi.pop();
        },
        |r| r.debit_account_lo.clear(),
        |r| {
            r.debit_account_hi.pop();
        },
        |r| {
            r.credit_account_lo.pop();
        },
        |r| r.amount_lo.push(1),
        |r| r.amount_hi.push(1),
        |r| r.code.push(1),
        |r| r.value_date.push(20_260_101),
    ];
    for (row, change) in changes.iter().enumerate() {
        let mut request = columns(&[1, 2], "bank", "a", &[1, 1]);
        change(&mut request);
        let status = ledger.bulk_transfers(request).await.unwrap_err();
        assert_eq!(reason(&status), "COLUMNS_MALFORMED", "row {row}");
    }
    assert_eq!(server.status().await.partitions[0].ids, 0);
}
