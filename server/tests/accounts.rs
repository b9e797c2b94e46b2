//! Opening, reading and changing accounts and assets.

mod support;

use florin_proto::v1;
use florin_proto::v1::floor::Kind;
use support::*;
use tonic::Code;

type Change = fn(&mut v1::NewAccount);

#[tokio::test]
async fn opening_is_safe_to_repeat_and_names_what_is_wrong() {
    let server = Server::start();
    let ledger = server.ledger().await;
    let base = || v1::NewAccount {
        metadata: [("tier".to_owned(), "gold".to_owned())].into(),
        ..new_account("a", "EUR", Kind::Zero)
    };
    let overdraft = |kind: Kind, minor: Option<u128>| {
        Some(v1::Floor { kind: kind.into(), overdraft: minor.map(Into::into) })
    };
    let open = |account: v1::NewAccount| {
        let mut ledger = ledger.clone();
        async move {
            let request = v1::CreateAccountsRequest { accounts: vec![account] };
            ledger.create_accounts(request).await.unwrap().into_inner().results.remove(0)
        }
    };
    let first = open(base()).await;
    assert_eq!(first.refusal, None);
    assert_eq!(open(base()).await, v1::CreateAccountResult { replayed: true, ..first });
    let rows: [(Change, &str, &str); 11] = [
        (|a| a.asset = "USD".into(), "ID_REUSED", "asset"),
        (|a| a.floor = Some(v1::Floor { kind: 2, overdraft: None }), "ID_REUSED", "floor"),
        (|a| a.metadata.clear(), "ID_REUSED", "metadata"),
        (|a| a.key = Some(florin_proto::name::account_id("a").into()), "ID_REUSED", "key"),
        (|a| a.key = None, "ACCOUNT_KEY_MISSING", "key"),
        (|a| a.key = Some("id:7".into()), "NAME_INVALID", "key"),
        (|a| a.key = Some("x".repeat(129).as_str().into()), "NAME_INVALID", "key"),
        (|a| a.asset = "euro".into(), "ASSET_INVALID", "asset"),
        (|a| (a.key, a.asset) = (Some("new".into()), "POINTS".into()), "ASSET_NOT_FOUND", "asset"),
        (|a| a.floor = Some(v1::Floor { kind: 8, overdraft: None }), "ENUM_UNKNOWN", "floor.kind"),
        (
            |a| drop(a.metadata.insert("k".into(), "x".repeat(4_096))),
            "METADATA_TOO_LARGE",
            "metadata",
        ),
    ];
    for (row, (change, reason, field)) in rows.iter().enumerate() {
        let mut account = base();
        change(&mut account);
        let result = open(account).await;
        assert_eq!(why(result.refusal.as_ref()), (*reason, *field), "row {row}");
    }
    for floor in [
        overdraft(Kind::Overdraft, None),
        overdraft(Kind::Overdraft, Some(0)),
        overdraft(Kind::Overdraft, Some(1 << 127)),
        overdraft(Kind::Zero, Some(1)),
    ] {
        let result = open(v1::NewAccount { floor, ..base() }).await;
        assert_eq!(why(result.refusal.as_ref()), ("FLOOR_INVALID", "floor.overdraft"));
    }
    assert_eq!(server.status().await.partitions[0].accounts, 1);
}

#[tokio::test]
async fn assets_of_iso_4217_are_there_and_others_are_registered() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    let asset = |code: &str, scale| v1::Asset { code: code.to_owned(), scale };
    let assets = vec![
        asset("POINTS", 0),
        asset("BTC", 8),
        asset("EUR", 3),
        asset("lower", 0),
        asset("DEEP", 19),
        asset("POINTS", 0),
        asset("POINTS", 2),
    ];
    let request = v1::CreateAssetsRequest { assets };
    let results = ledger.create_assets(request).await.unwrap().into_inner().results;
    let told: Vec<_> = results.iter().map(|r| (why(r.refusal.as_ref()).0, r.replayed)).collect();
    let expected = [
        ("", false),
        ("", false),
        ("ASSET_INVALID", false),
        ("ASSET_INVALID", false),
        ("ASSET_INVALID", false),
        ("", true),
        ("ID_REUSED", false),
    ];
    assert_eq!(told, expected);
    let accounts = ["POINTS", "KWD", "JPY"].map(|code| new_account(code, code, Kind::None));
    let request = v1::CreateAccountsRequest { accounts: accounts.to_vec() };
    ledger.create_accounts(request).await.unwrap();
    let listed = ledger.list_assets(v1::ListAssetsRequest {}).await.unwrap().into_inner().assets;
    assert_eq!(listed, [asset("POINTS", 0), asset("BTC", 8), asset("KWD", 3), asset("JPY", 0)]);
}

#[tokio::test]
async fn changes_are_all_or_nothing() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    pay(&mut ledger, new_transfer(1, "bank", "a", 10)).await;
    let base = v1::UpdateAccountRequest { account: Some("a".into()), ..Default::default() };
    let floor = |kind: Kind, minor: u128| {
        Some(v1::Floor { kind: kind.into(), overdraft: (minor > 0).then(|| minor.into()) })
    };
    let rows = [
        (base.clone(), "UPDATE_EMPTY", Code::InvalidArgument),
        (
            v1::UpdateAccountRequest { freeze: 9, ..base.clone() },
            "ENUM_UNKNOWN",
            Code::InvalidArgument,
        ),
        (
            v1::UpdateAccountRequest { account: None, close: true, ..base.clone() },
            "ACCOUNT_KEY_MISSING",
            Code::InvalidArgument,
        ),
        (
            v1::UpdateAccountRequest {
                account: Some("nobody".into()),
                close: true,
                ..base.clone()
            },
            "ACCOUNT_NOT_FOUND",
            Code::NotFound,
        ),
        (
            v1::UpdateAccountRequest { close: true, freeze: 4, ..base.clone() },
            "ACCOUNT_NOT_EMPTY",
            Code::FailedPrecondition,
        ),
        (
            v1::UpdateAccountRequest {
                account: Some("bank".into()),
                floor: floor(Kind::Overdraft, 9),
                ..base.clone()
            },
            "BALANCE_BELOW_FLOOR",
            Code::FailedPrecondition,
        ),
    ];
    for (request, expected, code) in rows {
        let status = ledger.update_account(request).await.unwrap_err();
        assert_eq!((reason(&status).as_str(), status.code()), (expected, code));
    }
    let overdraft = v1::UpdateAccountRequest { floor: floor(Kind::Overdraft, 5), ..base.clone() };
    let account = ledger.update_account(overdraft.clone()).await.unwrap().into_inner().account;
    let account = account.unwrap();
    assert_eq!((account.available, account.freeze()), (Some(15.into()), v1::Freeze::None));
    let again = ledger.update_account(overdraft).await.unwrap().into_inner().account.unwrap();
    assert_eq!(again.last_sequence, account.last_sequence, "nothing new, no event");
    pay(&mut ledger, new_transfer(2, "a", "bank", 10)).await;
    let close = v1::UpdateAccountRequest { close: true, ..base };
    let closed = ledger.update_account(close).await.unwrap().into_inner().account.unwrap();
    assert!(closed.closed);
    let refused = pay(&mut ledger, new_transfer(3, "bank", "a", 1)).await;
    assert_eq!(why(refused.refusal.as_ref()).0, "ACCOUNT_CLOSED");
}
