//! Every method of the client against a real server.

mod fake;

use fake::{Fake, Ledger};
use florin_client::{
    Account, AccountId, AccountKey, AccountUpdate, Asset, BulkMember, BulkTransfers, Client, Floor,
    Freeze, GroupId, NewAccount, Reason, Transfer, TransferId,
};

async fn started() -> (Fake, Client) {
    let fake = Fake::start(&Ledger::default());
    let client = Client::connect(fake.endpoint()).await.expect("connects");
    (fake, client)
}

async fn with_accounts(names: &[&str]) -> (Fake, Client) {
    let (fake, client) = started().await;
    let new = names.iter().map(|&name| NewAccount::new(name, "EUR"));
    for opened in client.create_accounts(new).await.expect("answers") {
        opened.expect("opens");
    }
    (fake, client)
}

fn payment(id: u128, from: &str, to: &str, amount_minor: u128) -> Transfer {
    Transfer::new(TransferId(id)).debit(from).credit(to).amount_minor(amount_minor)
}

#[tokio::test]
async fn assets() {
    let (_fake, client) = started().await;
    for (asset, replayed, refused) in [
        (Asset::new("POINTS", 0), Some(false), None),
        (Asset::new("POINTS", 0), Some(true), None),
        (Asset::new("POINTS", 2), None, Some("scale")),
    ] {
        let outcomes = client.create_assets([asset]).await.expect("answers");
        match &outcomes[..] {
            [Ok(registered)] => assert_eq!(Some(registered.replayed), replayed),
            [Err(refusal)] => {
                assert_eq!(refusal.reason, Reason::IdReused);
                assert_eq!(refusal.field.as_deref(), refused);
            }
            other => panic!("one answer an asset: {other:?}"),
        }
    }
    let listed = client.list_assets().await.expect("answers");
    assert_eq!(listed, [Asset::new("POINTS", 0)]);
}

#[tokio::test]
async fn accounts_are_opened_found_and_changed() {
    let (_fake, client) = started().await;
    let overdraft = Floor::Overdraft { minor: 5_000 };
    let outcomes = client
        .create_accounts([
            NewAccount::new("cash", "EUR").floor(Floor::None),
            NewAccount::new(AccountId(7), "EUR").floor(overdraft).metadata("owner", "42"),
            NewAccount::new("odd", "XXX"),
        ])
        .await
        .expect("answers");
    assert_eq!(outcomes[0].as_ref().expect("opened").id, AccountId::of_name("cash"));
    assert!(!outcomes[1].as_ref().expect("opened").replayed);
    let refusal = outcomes[2].as_ref().expect_err("no such asset");
    assert_eq!(refusal.reason, Reason::AssetNotFound);

    let keys = [AccountKey::from("cash"), AccountId(7).into(), "nobody".into()];
    let lookup = client.get_accounts(keys).await.expect("answers");
    let [cash, seven] = &lookup.found[..] else {
        panic!("two exist: {lookup:?}");
    };
    assert_eq!(lookup.missing, [AccountKey::from("nobody")]);
    assert_eq!((cash.name.as_deref(), cash.floor), (Some("cash"), Floor::None));
    assert_eq!((seven.name.as_deref(), seven.floor), (None, overdraft));
    assert_eq!(seven.metadata["owner"], "42");
    assert_eq!(cash.asset.format_minor(cash.balance_minor), "0.00");

    for (update, freeze, floor, closed) in [
        (AccountUpdate::new("cash").freeze(Freeze::Debits), Freeze::Debits, Floor::None, false),
        (AccountUpdate::new("cash").floor(Floor::Zero), Freeze::Debits, Floor::Zero, false),
        (AccountUpdate::new("cash").freeze(Freeze::None).close(), Freeze::None, Floor::Zero, true),
    ] {
        let account = client.update_account(update).await.expect("updates");
        assert_eq!((account.freeze, account.floor, account.closed), (freeze, floor, closed));
    }
}

#[tokio::test]
async fn all_accounts_come_page_after_page() {
    for names in [&[][..], &["a"], &["a", "b"], &["a", "b", "c"], &["a", "b", "c", "d", "e"]] {
        let (_fake, client) = with_accounts(names).await;
        let mut accounts = client.all_accounts();
        let mut listed: Vec<Account> = Vec::new();
        while let Some(account) = accounts.next().await.expect("answers") {
            listed.push(account);
        }
        let mut found: Vec<_> = listed.into_iter().filter_map(|account| account.name).collect();
        found.sort();
        assert_eq!(found, names);
    }
}

#[tokio::test]
async fn independent_transfers_have_their_own_answers() {
    let (_fake, client) = with_accounts(&["a", "b"]).await;
    let outcomes = client
        .create_transfers([
            payment(1, "a", "b", 10),
            payment(2, "a", "nobody", 10),
            payment(3, "b", "a", 4),
        ])
        .await
        .expect("answers");
    let posted = outcomes[2].as_ref().expect("posted");
    assert_eq!(posted.amount_minor, 4);
    assert_eq!((posted.debit_balance_after_minor, posted.credit_balance_after_minor), (6, -6));
    let refused = outcomes[1].as_ref().expect_err("refused");
    assert_eq!(refused.refusal.reason, Reason::AccountNotFound);
    assert_eq!(refused.refusal.account_id, Some(AccountId::of_name("nobody")));

    let ids = [1, 2, 9].map(TransferId);
    let lookup = client.get_transfers(ids).await.expect("answers");
    assert_eq!(lookup.missing, [TransferId(9)]);
    assert_eq!(lookup.found[0].requested_minor, 10);
    assert!(lookup.found[0].outcome.is_ok());
    assert!(lookup.found[1].outcome.is_err());
}

#[tokio::test]
async fn groups_are_all_or_nothing() {
    let (_fake, client) = with_accounts(&["a", "b"]).await;
    let good = [payment(1, "a", "b", 1), payment(2, "b", "a", 1)];
    let outcome = client.create_group(GroupId(1), good).await.expect("answers");
    let posted = outcome.expect("posted");
    assert_eq!((posted.id, posted.members.len()), (GroupId(1), 2));

    let bad = [payment(3, "a", "b", 1), payment(4, "b", "nobody", 1)];
    let outcome = client.create_group(GroupId(2), bad).await.expect("answers");
    let refused = outcome.expect_err("refused");
    assert_eq!(refused.refusal.reason, Reason::AccountNotFound);
    assert_eq!(refused.refusal.member, 1);
}

#[tokio::test]
async fn columns() {
    let (_fake, client) = started().await;
    let mut batch = BulkTransfers::independent();
    for amount_minor in [5, 0, 7] {
        batch.push(BulkMember {
            id: TransferId::generate(),
            amount_minor,
            ..BulkMember::default()
        });
    }
    let outcome = client.bulk(&batch).await.expect("answers");
    assert_eq!((outcome.posted, outcome.refused, outcome.replayed), (2, 1, 0));
    let [(1, Err(refused))] = &outcome.others[..] else {
        panic!("the second is refused: {outcome:?}");
    };
    assert_eq!(refused.refusal.reason, Reason::AmountZero);
}

#[tokio::test]
async fn status() {
    let (_fake, client) = started().await;
    let status = client.status().await.expect("answers");
    assert_eq!(status.uptime.as_secs(), 61);
    assert_eq!(status.not_accepting_reason.as_deref(), Some("DISK_FULL"));
    let totals = &status.partitions[0].assets[0];
    assert_eq!(totals.debits_minor, (2 << 64) + 1);
    assert_eq!(totals.asset, Asset::new("EUR", 2));
}
