//! Statements and listings: what they leave out, where their pages end, and what they refuse.

mod support;

use florin_proto::v1;
use florin_proto::v1::payment_service_client::PaymentServiceClient;
use florin_proto::v1::{AccountSide, PaymentState, TransferKind};
use support::*;
use tonic::Code;
use tonic_types::StatusExt as _;

type Statement = v1::ListAccountTransfersRequest;
/// How a request differs.
type Change = Box<dyn Fn(&mut Statement)>;
/// Whether an id is expected.
type Keep = fn(u128) -> bool;

fn of(name: &str) -> Statement {
    Statement { account: Some(name.into()), ..Statement::default() }
}

async fn page(
    ledger: &Ledger,
    request: &Statement,
) -> Result<v1::ListAccountTransfersResponse, tonic::Status> {
    Ok(ledger.clone().list_account_transfers(request.clone()).await?.into_inner())
}

/// All pages, one after the other.
async fn all(ledger: &Ledger, request: &Statement) -> Vec<v1::Transfer> {
    let (mut request, mut transfers) = (request.clone(), Vec::new());
    loop {
        let page = page(ledger, &request).await.expect("a page");
        let most = if request.page_size == 0 { 100 } else { request.page_size as usize };
        assert!(page.transfers.len() <= most);
        transfers.extend(page.transfers);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return transfers;
        }
    }
}

fn ids(transfers: &[v1::Transfer]) -> Vec<u128> {
    transfers.iter().map(|transfer| transfer.id.map_or(0, u128::from)).collect()
}

/// Transfers 1 to 40 by turns from and to `a`, with codes 0, 1, 2; then a group, a hold with its capture, a
/// reversal, an update.
async fn a_busy_account(ledger: &mut Ledger) {
    open_accounts(ledger).await;
    let transfers = (1..=40u32).map(|id| {
        let (debit, credit) = if id % 4 == 0 { ("a", "b") } else { ("bank", "a") };
        v1::NewTransfer { code: id % 3, ..new_transfer(id.into(), debit, credit, 10) }
    });
    let results = independent(ledger, transfers.collect()).await;
    assert!(results.iter().all(|result| result.refusal.is_none()), "{results:?}");
    let freeze = v1::UpdateAccountRequest {
        account: Some("a".into()),
        freeze: v1::Freeze::None.into(),
        ceiling: Some(v1::Ceiling { limit: Some(100_000.into()) }),
        ..Default::default()
    };
    ledger.update_account(freeze).await.expect("updated");
    let members = vec![
        new_transfer(41, "bank", "b", 1),
        new_transfer(42, "a", "b", 1),
        new_transfer(43, "b", "a", 1),
    ];
    group(ledger, 500, members).await;
    let steps = [
        v1::NewTransfer { kind: TransferKind::Hold.into(), ..new_transfer(44, "a", "b", 30) },
        v1::NewTransfer {
            id: Some(45.into()),
            kind: TransferKind::Capture.into(),
            hold: Some(44.into()),
            ..Default::default()
        },
        v1::NewTransfer { id: Some(46.into()), reverses: Some(1.into()), ..Default::default() },
        new_transfer(47, "a", "nobody", 1), // refused: it has changed nothing
    ];
    for step in steps {
        pay(ledger, step).await;
    }
}

#[tokio::test]
async fn what_has_changed_an_account_newest_first() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    a_busy_account(&mut ledger).await;
    let newest_first: Vec<u128> = (1..=46).rev().filter(|id| *id != 41).collect();
    for page_size in [0, 1, 7, 44, 45, 46, 1_000] {
        let request = Statement { page_size, ..of("a") };
        assert_eq!(ids(&all(&ledger, &request).await), newest_first, "{page_size} a page");
    }
    let exact = page(&ledger, &Statement { page_size: 45, ..of("a") }).await.expect("a page");
    assert_eq!(exact.next_page_token, "", "only the opening comes before, and that is no transfer");

    // They are as they are looked up, the reversed one too.
    let transfers = all(&ledger, &of("a")).await;
    let found =
        v1::GetTransfersRequest { ids: newest_first.iter().map(|id| (*id).into()).collect() };
    let found = ledger.get_transfers(found).await.expect("found").into_inner().transfers;
    assert_eq!(transfers, found);
    let first = transfers.last().expect("some");
    assert!(first.reversed_by_sequence > first.sequence);
    let member = transfers.iter().find(|transfer| transfer.id == Some(43.into())).expect("43");
    assert_eq!(member.group_id, Some(500.into()), "its first member is not of this account");
    assert_eq!(ids(&all(&ledger, &of("yen")).await), [] as [u128; 0]);
}

#[tokio::test]
async fn filters_of_a_statement() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    a_busy_account(&mut ledger).await;
    let everything = all(&ledger, &of("a")).await;
    let time_of = |id: u128| {
        let transfer = everything.iter().find(|transfer| transfer.id == Some(id.into()));
        transfer.expect("there").timestamp_ns
    };
    let (from_20, until_30) = (time_of(20), time_of(30));
    let is_debit = |id| (id <= 40 && id % 4 == 0) || [42, 44, 45, 46].contains(&id);
    let kinds = |kinds: &'static [TransferKind]| -> Change {
        Box::new(move |s| s.kinds = kinds.iter().map(|kind| (*kind).into()).collect())
    };
    let rows: [(Change, Keep); 14] = [
        (Box::new(|_| ()), |_| true),
        (Box::new(|s| s.side = AccountSide::Debit.into()), is_debit),
        (Box::new(|s| s.side = AccountSide::Credit.into()), |id| {
            id <= 40 && id % 4 != 0 || id == 43
        }),
        (kinds(&[TransferKind::Move]), |id| ![44, 45].contains(&id)),
        (kinds(&[TransferKind::Unspecified]), |id| ![44, 45].contains(&id)),
        (kinds(&[TransferKind::Hold]), |id| id == 44),
        (kinds(&[TransferKind::Hold, TransferKind::Capture]), |id| [44, 45].contains(&id)),
        (kinds(&[TransferKind::PaymentPay]), |_| false),
        (Box::new(|s| s.code = Some(2)), |id| id <= 40 && id % 3 == 2),
        (Box::new(|s| s.code = Some(0)), |id| id > 40 || id % 3 == 0),
        (Box::new(move |s| s.from_ns = from_20), |id| id >= 20),
        (Box::new(move |s| s.until_ns = until_30), |id| id < 30),
        (Box::new(move |s| (s.from_ns, s.until_ns) = (from_20, until_30)), |id| {
            (20..30).contains(&id)
        }),
        (
            Box::new(move |s| {
                (s.from_ns, s.side, s.code) = (from_20, AccountSide::Debit.into(), Some(1));
            }),
            |id| [28, 40].contains(&id),
        ),
    ];
    for (row, (change, keep)) in rows.iter().enumerate() {
        for page_size in [0, 1, 5] {
            let mut request = Statement { page_size, ..of("a") };
            change(&mut request);
            let expected: Vec<u128> = ids(&everything).into_iter().filter(|id| keep(*id)).collect();
            assert_eq!(ids(&all(&ledger, &request).await), expected, "row {row}");
        }
    }
}

#[tokio::test]
async fn what_a_statement_refuses() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    a_busy_account(&mut ledger).await;
    let other = Server::start();
    a_busy_account(&mut other.ledger().await).await;
    let token_of = |ledger: Ledger, name: &'static str| async move {
        let request = Statement { page_size: 1, ..of(name) };
        page(&ledger, &request).await.expect("a page").next_page_token
    };
    let ours = token_of(ledger.clone(), "a").await;
    let of_b = token_of(ledger.clone(), "b").await;
    let foreign = token_of(other.ledger().await, "a").await;
    let accounts = v1::ListAccountsRequest { page_size: 1, ..Default::default() };
    let of_accounts = ledger.list_accounts(accounts).await.unwrap().into_inner().next_page_token;
    let with = |page_token: &str| Statement { page_token: page_token.to_owned(), ..of("a") };
    for (request, expected, field, code) in [
        (
            Statement { account: None, ..of("a") },
            "ACCOUNT_KEY_MISSING",
            "account",
            Code::InvalidArgument,
        ),
        (of("two words"), "NAME_INVALID", "account", Code::InvalidArgument),
        (of("nobody"), "ACCOUNT_NOT_FOUND", "", Code::NotFound),
        (Statement { page_size: 1_001, ..of("a") }, "PAGE_SIZE_INVALID", "", Code::InvalidArgument),
        (with("1"), "PAGE_TOKEN_INVALID", "", Code::InvalidArgument),
        (with(&of_b), "PAGE_TOKEN_INVALID", "", Code::InvalidArgument),
        (with(&foreign), "PAGE_TOKEN_INVALID", "", Code::InvalidArgument),
        (with(&of_accounts), "PAGE_TOKEN_INVALID", "", Code::InvalidArgument),
        (Statement { side: 3, ..of("a") }, "FILTER_INVALID", "side", Code::InvalidArgument),
        (
            Statement { kinds: vec![1, 15], ..of("a") },
            "FILTER_INVALID",
            "kinds",
            Code::InvalidArgument,
        ),
    ] {
        let status = page(&ledger, &request).await.expect_err(expected);
        assert_eq!((reason(&status).as_str(), status.code()), (expected, code));
        let metadata = status.get_details_error_info().expect("a reason").metadata;
        assert_eq!(metadata.get("field").map_or("", String::as_str), field, "{expected}");
    }
    assert_eq!(page(&ledger, &with(&ours)).await.expect("a page").transfers.len(), 44);
}

/// The chain of a busy account lies over many segments, and the work of a call is bounded all the same.
#[tokio::test]
async fn a_long_chain_over_many_segments() {
    let server = Server::start_with(&[("FLORIN_JOURNAL__SEGMENT_BYTES", "1048576")]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    for batch in 0..6u128 {
        let transfers =
            (1..=2_000u128).map(|id| new_transfer(batch * 2_000 + id, "bank", "a", 1)).collect();
        independent(&mut ledger, transfers).await;
        let other =
            (1..=1_000).map(|id| new_transfer(1_000_000 + batch * 1_000 + id, "bank", "b", 1));
        independent(&mut ledger, other.collect()).await;
    }
    assert!(server.status().await.partitions[0].segment > 3);
    let request = Statement { page_size: 1_000, ..of("a") };
    let expected: Vec<u128> = (1..=12_000).rev().collect();
    assert_eq!(ids(&all(&ledger, &request).await), expected);
    // A page begins where the time says: what came after it is not looked at.
    let all_of_it = all(&ledger, &request).await;
    for (newest, kept) in [(12_000, 12_000), (9_001, 9_000), (2, 1), (1, 0)] {
        let until_ns = all_of_it[12_000 - newest].timestamp_ns + u64::from(newest == 12_000);
        let request = Statement { page_size: 1, until_ns, ..of("a") };
        let first = page(&ledger, &request).await.expect("a page");
        let newest = first.transfers.first().map(|transfer| transfer.id.map_or(0, u128::from));
        assert_eq!(newest, (kept > 0).then_some(kept), "until {until_ns}");
        assert_eq!(first.next_page_token.is_empty(), kept <= 1);
    }
    // What is looked for is rare: pages are short or empty, and go on.
    let rare = Statement { kinds: vec![TransferKind::Hold.into()], ..request };
    let first = page(&ledger, &rare).await.expect("a page");
    assert!(first.transfers.is_empty() && !first.next_page_token.is_empty());
    assert_eq!(ids(&all(&ledger, &rare).await), [] as [u128; 0]);
}

async fn names(ledger: &mut Ledger, prefix: &str, page_size: u32) -> Vec<String> {
    let mut names = Vec::new();
    let mut page_token = String::new();
    loop {
        let name_prefix = prefix.to_owned();
        let request = v1::ListAccountsRequest { page_size, page_token, name_prefix };
        let page = ledger.list_accounts(request).await.expect("a page").into_inner();
        assert!(page.accounts.len() <= page_size as usize);
        names.extend(page.accounts.into_iter().map(|account| account.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}

#[tokio::test]
async fn accounts_by_name_prefix() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut server = Server::start_on(&dir.path().join("data"), &[]);
    let mut ledger = server.ledger().await;
    let open = |ledger: &Ledger, names: Vec<String>| {
        let mut ledger = ledger.clone();
        async move {
            let accounts = names.iter().map(|name| new_account(name, "EUR", v1::floor::Kind::Zero));
            let accounts = accounts.collect();
            ledger.create_accounts(v1::CreateAccountsRequest { accounts }).await.expect("opened");
        }
    };
    let customers: Vec<String> = (0..50).map(|n| format!("customer:{}", (n * 37) % 50)).collect();
    let others =
        ["Z", "a", "customer", "customer/1", "customer;", "customes", "b/1", "b/10", "b/2"];
    let valid = others.iter().filter(|name| !name.contains(';')).map(|name| (*name).to_owned());
    let mut everyone: Vec<String> = customers.into_iter().chain(valid).collect();
    open(&ledger, everyone[..40].to_vec()).await;
    assert_eq!(names(&mut ledger, "b", 10).await, [] as [&str; 0]);
    open(&ledger, everyone[40..].to_vec()).await;
    everyone.sort();
    for _ in ["running", "started again"] {
        for prefix in ["customer", "customer:", "customer:1", "customer:49", "b/", "Z", "c", "zz"] {
            let expected: Vec<&String> =
                everyone.iter().filter(|name| name.starts_with(prefix)).collect();
            for page_size in [1, 7, 1_000] {
                let listed = names(&mut ledger, prefix, page_size).await;
                assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{prefix} {page_size}");
            }
        }
        server.kill();
        server = Server::start_on(&server.data.clone(), &[]);
        ledger = server.ledger().await;
    }
    let list = |page_token: &str, name_prefix: &str| {
        let (page_token, name_prefix) = (page_token.to_owned(), name_prefix.to_owned());
        let mut ledger = ledger.clone();
        let request = v1::ListAccountsRequest { page_size: 2, page_token, name_prefix };
        async move { ledger.list_accounts(request).await }
    };
    let by_name = list("", "customer").await.expect("a page").into_inner().next_page_token;
    let by_opening = list("", "").await.expect("a page").into_inner().next_page_token;
    for (page_token, name_prefix, expected) in [
        (by_name.as_str(), "customer:", "PAGE_TOKEN_INVALID"),
        (&by_name, "", "PAGE_TOKEN_INVALID"),
        (&by_opening, "customer", "PAGE_TOKEN_INVALID"),
        ("", "two words", "FILTER_INVALID"),
        ("", "grün", "FILTER_INVALID"),
        ("", "id:", "FILTER_INVALID"),
    ] {
        let status = list(page_token, name_prefix).await.expect_err(expected);
        assert_eq!(reason(&status), expected, "{name_prefix:?}");
    }
}

fn eur(amount: &str) -> v1::Money {
    v1::Money { amount: amount.to_owned(), currency: "EUR".to_owned() }
}

#[tokio::test]
async fn payments_by_state() {
    let server = Server::start();
    open_accounts(&mut server.ledger().await).await;
    let client = PaymentServiceClient::connect(server.address.clone()).await.expect("connects");
    let payments = || client.clone();
    for id in 1..=30u128 {
        let method =
            if id % 2 == 0 { v1::CaptureMethod::Manual } else { v1::CaptureMethod::Automatic };
        let request = v1::CreatePaymentRequest {
            id: Some(id.into()),
            source: Some("bank".into()),
            destination: Some("a".into()),
            amount: Some(eur("1.00")),
            capture_method: method.into(),
            ..Default::default()
        };
        let created = payments().create_payment(request).await.expect("created").into_inner();
        assert!(created.refusal.is_none());
    }
    for (step, id) in [4u128, 8, 12].into_iter().enumerate() {
        let request = v1::CancelPaymentRequest {
            id: Some((100 + step as u128).into()),
            payment_id: Some(id.into()),
        };
        payments().cancel_payment(request).await.expect("canceled");
    }
    let request = v1::RefundPaymentRequest {
        id: Some(200.into()),
        payment_id: Some(7.into()),
        amount: Some(eur("0.40")),
        ..Default::default()
    };
    payments().refund_payment(request).await.expect("refunded");

    let list = |page_size: u32, page_token: &str, states: Vec<i32>| {
        let mut payments = payments();
        let page_token = page_token.to_owned();
        let request = v1::ListPaymentsRequest { page_size, page_token, states };
        async move { Ok::<_, tonic::Status>(payments.list_payments(request).await?.into_inner()) }
    };
    let rows: [(&[PaymentState], Keep); 6] = [
        (&[], |_| true),
        (&[PaymentState::RequiresCapture], |id| id % 2 == 0 && ![4, 8, 12].contains(&id)),
        (&[PaymentState::Captured], |id| id % 2 == 1 && id != 7),
        (&[PaymentState::Canceled, PaymentState::PartiallyRefunded], |id| {
            [4, 7, 8, 12].contains(&id)
        }),
        (&[PaymentState::Expired], |_| false),
        (&[PaymentState::PartiallyRefunded], |id| id == 7),
    ];
    for (states, keep) in rows {
        let expected: Vec<u128> = (1..=30).rev().filter(|id| keep(*id)).collect();
        let wanted: Vec<i32> = states.iter().map(|state| (*state).into()).collect();
        for page_size in [0, 1, 4, 30] {
            let (mut listed, mut token) = (Vec::new(), String::new());
            loop {
                let page = list(page_size, &token, wanted.clone()).await.expect("a page");
                assert!(page_size == 0 || page.payments.len() <= page_size as usize);
                listed.extend(page.payments);
                token = page.next_page_token;
                if token.is_empty() {
                    break;
                }
            }
            let ids: Vec<u128> = listed.iter().map(|p| p.id.map_or(0, u128::from)).collect();
            assert_eq!(ids, expected, "{states:?}, {page_size} a page");
        }
    }
    for (page_size, page_token, states, expected) in [
        (1_001, "", vec![], "PAGE_SIZE_INVALID"),
        (0, "7", vec![], "PAGE_TOKEN_INVALID"),
        (0, "", vec![0], "FILTER_INVALID"),
        (0, "", vec![1, 8], "FILTER_INVALID"),
    ] {
        let status = list(page_size, page_token, states).await.expect_err(expected);
        assert_eq!(reason(&status), expected);
    }
}
