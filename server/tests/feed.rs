//! The feed from outside: what is durable, in order, without gaps, whatever happens to either side.

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use florin_proto::v1;
use florin_proto::v1::event::Body;
use florin_proto::v1::event_service_client::EventServiceClient;
use florin_proto::v1::subscribe_request::From;
use support::*;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;

type Feed = EventServiceClient<Channel>;
type ChangeFilter = fn(&mut v1::EventFilter);

async fn feed(server: &Server) -> Feed {
    let feed = EventServiceClient::connect(server.address.clone()).await.expect("a connection");
    feed.max_decoding_message_size(64 << 20)
}

async fn subscribe(
    feed: &Feed,
    from: From,
    filter: v1::EventFilter,
    batch_events: u32,
) -> Result<Streaming<v1::EventBatch>, Status> {
    let request = v1::SubscribeRequest { from: Some(from), filter: Some(filter), batch_events };
    Ok(feed.clone().subscribe(request).await?.into_inner())
}

async fn from_beginning(feed: &Feed) -> Streaming<v1::EventBatch> {
    subscribe(feed, From::Beginning(true), v1::EventFilter::default(), 0).await.expect("a feed")
}

async fn next(stream: &mut Streaming<v1::EventBatch>) -> Result<v1::EventBatch, Status> {
    let batch = timeout(Duration::from_secs(20), stream.message()).await.expect("not silent");
    Ok(batch?.expect("a feed does not end by itself"))
}

/// Events until there is nothing more on disk, and the last cursor.
async fn until_live(stream: &mut Streaming<v1::EventBatch>) -> (Vec<v1::Event>, String) {
    let mut events = Vec::new();
    loop {
        let batch = next(stream).await.expect("a batch");
        events.extend(batch.events);
        if batch.live {
            return (events, batch.cursor);
        }
    }
}

fn sequences(events: &[v1::Event]) -> Vec<u64> {
    events.iter().map(|event| event.sequence).collect()
}

/// Payments of 1 from the bank to `a`, in columns; ids from `first` on.
async fn pay_many(ledger: &mut Ledger, first: u64, count: u64) {
    for from in (first..first + count).step_by(8_190) {
        let ids: Vec<u64> = (from..(first + count).min(from + 8_190)).collect();
        let account = |name: &str| v1::Uint128::from(florin_proto::name::account_id(name));
        let (bank, a) = (account("bank"), account("a"));
        let request = v1::BulkTransfersRequest {
            debit_account_lo: vec![bank.lo; ids.len()],
            debit_account_hi: vec![bank.hi; ids.len()],
            credit_account_lo: vec![a.lo; ids.len()],
            credit_account_hi: vec![a.hi; ids.len()],
            amount_lo: vec![1; ids.len()],
            id_lo: ids,
            ..Default::default()
        };
        let count = u32::try_from(request.id_lo.len()).expect("few");
        let response = ledger.bulk_transfers(request).await.expect("answered").into_inner();
        assert_eq!(response.posted, count);
    }
}

/// One of everything.
async fn a_bit_of_everything(server: &Server) {
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await; // EUR 1, bank 2, a 3, b 4, JPY 5, yen 6
    let asset = v1::Asset { code: "POINTS".to_owned(), scale: 0 };
    ledger.create_assets(v1::CreateAssetsRequest { assets: vec![asset] }).await.expect("7");
    pay(&mut ledger, new_transfer(1, "bank", "a", 1_000)).await; // 8
    pay(&mut ledger, new_transfer(2, "b", "a", 5)).await; // 9, refused
    group(
        &mut ledger,
        77,
        vec![new_transfer(3, "a", "b", 10), new_transfer(4, "a", "b", 20)], // 10, 11
    )
    .await;
    group(&mut ledger, 78, vec![new_transfer(5, "b", "a", 5_000)]).await; // 12, refused
    let hold =
        v1::NewTransfer { kind: v1::TransferKind::Hold.into(), ..new_transfer(6, "a", "b", 100) };
    pay(&mut ledger, hold).await; // 13
    pay(&mut ledger, new_transfer(7, "bank", "nobody", 1)).await; // 14, refused
    pay(&mut ledger, new_transfer(8, "bank", "yen", 1)).await; // 15, refused
    let freeze = v1::UpdateAccountRequest {
        account: Some("a".into()),
        freeze: v1::Freeze::Debits.into(),
        ..Default::default()
    };
    ledger.update_account(freeze).await.expect("16");
    let mut payments =
        v1::payment_service_client::PaymentServiceClient::connect(server.address.clone())
            .await
            .expect("a connection");
    let request = v1::CreatePaymentRequest {
        id: Some(9.into()),
        source: Some("bank".into()),
        destination: Some("b".into()),
        amount: Some(v1::Money { amount: "2.50".to_owned(), currency: "EUR".to_owned() }),
        reference: "order 7".to_owned(),
        ..Default::default()
    };
    payments.create_payment(request).await.expect("17");
    let reversal =
        v1::NewTransfer { id: Some(10.into()), reverses: Some(1.into()), ..Default::default() };
    pay(&mut ledger, reversal).await; // 18, refused: a is frozen
    let unnamed =
        v1::NewAccount { key: Some(4_711.into()), ..new_account("", "EUR", v1::floor::Kind::Zero) };
    ledger
        .create_accounts(v1::CreateAccountsRequest { accounts: vec![unnamed] })
        .await
        .expect("19");
}

const EVERYTHING: u64 = 19;

#[tokio::test]
async fn everything_is_told_as_it_happened() {
    let mut server = Server::start();
    a_bit_of_everything(&server).await;
    let feed_client = feed(&server).await;
    let (events, _) = until_live(&mut from_beginning(&feed_client).await).await;
    assert_eq!(sequences(&events), (1..=EVERYTHING).collect::<Vec<_>>());
    assert!(events.windows(2).all(|pair| pair[0].timestamp_ns < pair[1].timestamp_ns));
    let short: Vec<_> = events
        .iter()
        .map(|event| {
            let kind = event.kind().as_str_name().trim_start_matches("EVENT_KIND_");
            let asset = if event.asset_code.is_empty() { "-" } else { &event.asset_code };
            (kind, asset, event.group_index, event.group_len)
        })
        .collect();
    let expected = [
        ("ASSET_REGISTERED", "-", 0, 0),
        ("ACCOUNT_OPENED", "EUR", 0, 0),
        ("ACCOUNT_OPENED", "EUR", 0, 0),
        ("ACCOUNT_OPENED", "EUR", 0, 0),
        ("ASSET_REGISTERED", "-", 0, 0),
        ("ACCOUNT_OPENED", "JPY", 0, 0),
        ("ASSET_REGISTERED", "-", 0, 0),
        ("TRANSFER_POSTED", "EUR", 0, 0),
        ("TRANSFER_REFUSED", "EUR", 0, 0),
        ("TRANSFER_POSTED", "EUR", 0, 2),
        ("TRANSFER_POSTED", "EUR", 1, 2),
        ("GROUP_REFUSED", "-", 0, 1),
        ("HOLD", "EUR", 0, 0),
        ("TRANSFER_REFUSED", "EUR", 0, 0),
        ("TRANSFER_REFUSED", "EUR", 0, 0),
        ("ACCOUNT_UPDATED", "EUR", 0, 0),
        ("PAYMENT", "EUR", 0, 0),
        ("TRANSFER_REFUSED", "EUR", 0, 0),
        ("ACCOUNT_OPENED", "EUR", 0, 0),
    ];
    assert_eq!(short, expected);

    // A transfer is told as it is looked up.
    let mut ledger = server.ledger().await;
    let ids = (1..=10u128).map(Into::into).collect();
    let found = ledger.get_transfers(v1::GetTransfersRequest { ids }).await.expect("found");
    let found = found.into_inner().transfers;
    assert_eq!(found.len(), 9, "the member of a refused group uses up no id");
    for transfer in found {
        let event = &events[usize::try_from(transfer.sequence - 1).expect("small")];
        assert_eq!(event.body, Some(Body::Transfer(transfer)));
    }
    let account = |index: usize| match &events[index].body {
        Some(Body::Account(account)) => account.clone(),
        body => panic!("{body:?}"),
    };
    let updated = account(15);
    assert_eq!((updated.name.as_str(), updated.freeze()), ("a", v1::Freeze::Debits));
    assert_eq!((updated.id, updated.balance), (account(2).id, Some(970.into())));
    assert_eq!((account(18).name.as_str(), account(18).id), ("", Some(4_711.into())));
    match &events[11].body {
        Some(Body::Group(refused)) => {
            assert_eq!((refused.id, refused.sequence), (Some(78.into()), 12));
            assert_eq!(why(refused.refusal.as_ref()).0, "INSUFFICIENT_FUNDS");
        }
        body => panic!("{body:?}"),
    }

    // The stop is told too, and then that it is the end.
    let mut stream = from_beginning(&feed_client).await;
    let (_, cursor) = until_live(&mut stream).await;
    let stopping = tokio::task::spawn_blocking(move || server.terminate());
    let batch = next(&mut stream).await.expect("the last");
    let kinds: Vec<_> = batch.events.iter().map(v1::Event::kind).collect();
    assert_eq!(kinds, [v1::EventKind::Checkpoint]);
    assert_ne!(batch.cursor, cursor);
    let status = next(&mut stream).await.expect_err("the end");
    assert_eq!((reason(&status).as_str(), status.code()), ("SHUTTING_DOWN", Code::Unavailable));
    assert!(stopping.await.expect("stopped"));
}

#[tokio::test]
async fn filters() {
    let server = Server::start();
    a_bit_of_everything(&server).await;
    let feed = feed(&server).await;
    let rows: [(ChangeFilter, &[u64]); 18] = [
        (|f| f.accounts = vec!["a".into()], &[3, 8, 9, 10, 11, 13, 16, 18]),
        (|f| f.accounts = vec!["b".into()], &[4, 9, 10, 11, 12, 13, 17]),
        (|f| f.accounts = vec!["yen".into()], &[6, 15]),
        (|f| f.accounts = vec!["nobody".into()], &[14]),
        (|f| f.accounts = vec!["yen".into(), 4_711.into()], &[6, 15, 19]),
        (|f| f.name_prefixes = vec!["ye".into()], &[6, 15]),
        (
            |f| f.name_prefixes = vec!["y".into(), "b".into()],
            &[2, 4, 6, 8, 9, 10, 11, 13, 14, 15, 17, 18],
        ),
        (|f| f.name_prefixes = vec!["none".into()], &[]),
        (|f| f.assets = vec!["JPY".into()], &[5, 6, 15]),
        (|f| f.assets = vec!["POINTS".into(), "JPY".into()], &[5, 6, 7, 15]),
        (|f| f.assets = vec!["USD".into()], &[]),
        (|f| f.kinds = vec![v1::EventKind::TransferPosted.into()], &[8, 10, 11]),
        (|f| f.kinds = vec![v1::EventKind::Hold.into(), v1::EventKind::Payment.into()], &[13, 17]),
        (|f| f.kinds = vec![v1::EventKind::GroupRefused.into()], &[12]),
        (|f| f.kinds = vec![v1::EventKind::Checkpoint.into()], &[]),
        (
            |f| {
                f.accounts = vec!["a".into()];
                f.kinds = vec![v1::EventKind::TransferRefused.into()];
            },
            &[9, 18],
        ),
        (
            |f| {
                f.accounts = vec!["b".into()];
                f.name_prefixes = vec!["bank".into()];
            },
            &[17],
        ),
        (
            |f| {
                f.assets = vec!["JPY".into()];
                f.kinds = vec![v1::EventKind::TransferRefused.into()];
            },
            &[15],
        ),
    ];
    for (row, (change, expected)) in rows.into_iter().enumerate() {
        let mut filter = v1::EventFilter::default();
        change(&mut filter);
        for batch_events in [0, 1] {
            let stream = subscribe(&feed, From::Beginning(true), filter.clone(), batch_events);
            let (events, _) = until_live(&mut stream.await.expect("a feed")).await;
            assert_eq!(sequences(&events), expected, "row {row}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_subscribed_to() {
    let server = Server::start();
    a_bit_of_everything(&server).await;
    let other = Server::start();
    let mut larger = other.ledger().await;
    a_bit_of_everything(&other).await;
    pay(&mut larger, new_transfer(100, "bank", "b", 1)).await;
    let feed_here = feed(&server).await;
    let (_, cursor) = until_live(&mut from_beginning(&feed_here).await).await;
    let (_, foreign) = until_live(&mut from_beginning(&feed(&other).await).await).await;

    let none = v1::EventFilter::default();
    let accounts = v1::EventFilter { accounts: vec![0.into()], ..none.clone() };
    let prefixes = v1::EventFilter { name_prefixes: vec![String::new()], ..none.clone() };
    let assets = v1::EventFilter { assets: vec!["eur".to_owned()], ..none.clone() };
    let kinds = v1::EventFilter { kinds: vec![99], ..none.clone() };
    let at = |cursor: &str| From::Cursor(cursor.to_owned());
    let begin = From::Beginning(true);
    for (from, filter, batch_events, expected, field) in [
        (at(""), &none, 0, "CURSOR_INVALID", ""),
        (at("17"), &none, 0, "CURSOR_INVALID", ""),
        (at(&cursor[2..]), &none, 0, "CURSOR_INVALID", ""),
        (at("17"), &accounts, 0, "CURSOR_INVALID", ""),
        (at(&foreign), &none, 0, "LINEAGE_CHANGED", ""),
        (at(&foreign), &kinds, 0, "FILTER_INVALID", "filter.kinds"),
        (begin.clone(), &accounts, 0, "FILTER_INVALID", "filter.accounts"),
        (begin.clone(), &prefixes, 0, "FILTER_INVALID", "filter.name_prefixes"),
        (begin.clone(), &assets, 0, "FILTER_INVALID", "filter.assets"),
        (begin.clone(), &kinds, 0, "FILTER_INVALID", "filter.kinds"),
        (begin.clone(), &none, 8_191, "FILTER_INVALID", "batch_events"),
    ] {
        let status = subscribe(&feed_here, from.clone(), filter.clone(), batch_events).await;
        let status = status.expect_err(expected);
        assert_eq!(reason(&status), expected, "{from:?}");
        let metadata = status.get_details_error_info().expect("a reason").metadata;
        assert_eq!(metadata.get("field").map_or("", String::as_str), field, "{from:?}");
    }
    assert_eq!(server.status().await.partitions[0].subscribers, 0, "none was taken");

    // A copy of the data that has gone on: for the older one, its cursor is ahead.
    let mut ahead = Server::start_on(&copy_of(server), &[]);
    let mut ledger = ahead.ledger().await;
    pay(&mut ledger, new_transfer(200, "bank", "b", 1)).await;
    let (_, later) = until_live(&mut from_beginning(&feed(&ahead).await).await).await;
    ahead.kill();
    let older = Server::start_on(&ahead.data.with_file_name("older"), &[]);
    let status = subscribe(&feed(&older).await, at(&later), none.clone(), 0).await;
    let status = status.expect_err("ahead");
    assert_eq!((reason(&status).as_str(), status.code()), ("CURSOR_AHEAD", Code::OutOfRange));
    assert!(subscribe(&feed(&older).await, at(&cursor), none, 0).await.is_ok());
    std::fs::remove_dir_all(ahead.data.parent().expect("a folder")).expect("removed");
}

/// Kills a server and copies its data twice, into folders beside each other: `newer` (which this gives) and `older`.
fn copy_of(mut server: Server) -> std::path::PathBuf {
    server.kill();
    let dir = tempfile::tempdir().expect("a temporary directory").keep();
    for name in ["newer", "older"] {
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .arg(&server.data)
            .arg(dir.join(name))
            .status()
            .expect("cp runs");
        assert!(copied.success());
    }
    dir.join("newer")
}

/// Payments go on while the server is killed again and again; who resumes with its cursor sees each event once, and
/// what it saw adds up to what the accounts say.
#[tokio::test]
async fn resumed_by_cursor_across_kills_while_paying() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let mut server = Server::start_on(&data, &[]);
    open_accounts(&mut server.ledger().await).await;
    let mut seen: Vec<v1::Event> = Vec::new();
    let mut cursor: Option<String> = None;
    for round in 0..4u64 {
        if round > 0 {
            server = Server::start_on(&data, &[]);
        }
        let from = cursor.clone().map_or(From::Beginning(true), From::Cursor);
        let filter = v1::EventFilter::default();
        let mut stream = subscribe(&feed(&server).await, from, filter, 100).await.expect("a feed");
        let ledger = server.ledger().await;
        let paying: Vec<_> = (0..4u64)
            .map(|caller| {
                let mut ledger = ledger.clone();
                tokio::spawn(async move {
                    for number in 0.. {
                        let id = u128::from(round * 1_000_000 + caller * 100_000 + number + 1);
                        let transfers = vec![
                            new_transfer(id, "bank", "a", 3),
                            new_transfer(id + (1 << 64), "a", "b", 2),
                        ];
                        let request =
                            v1::CreateTransfersRequest { transfers, ..Default::default() };
                        if ledger.create_transfers(request).await.is_err() {
                            return;
                        }
                    }
                })
            })
            .collect();
        let until = Instant::now() + Duration::from_millis(400);
        while Instant::now() < until {
            let batch = next(&mut stream).await.expect("a batch");
            seen.extend(batch.events);
            cursor = Some(batch.cursor);
        }
        server.kill();
        for caller in paying {
            caller.await.expect("ended");
        }
        // What was on its way is taken, or told again: the cursor decides.
        while let Ok(Some(batch)) = stream.message().await {
            seen.extend(batch.events);
            cursor = Some(batch.cursor);
        }
    }
    server = Server::start_on(&data, &[]);
    let from = From::Cursor(cursor.expect("a cursor"));
    let stream = subscribe(&feed(&server).await, from, v1::EventFilter::default(), 0).await;
    seen.extend(until_live(&mut stream.expect("a feed")).await.0);

    let last = server.status().await.partitions[0].durable_sequence;
    assert!(last > 200, "{last} events");
    assert_eq!(sequences(&seen), (1..=last).collect::<Vec<_>>());
    let (again, _) = until_live(&mut from_beginning(&feed(&server).await).await).await;
    assert!(seen == again, "they are the same whenever they are told");
    assert_balances(&mut server.ledger().await, &seen).await;
}

/// What the feed told adds up to what the accounts say.
async fn assert_balances(ledger: &mut Ledger, events: &[v1::Event]) {
    let id = |id: Option<v1::Uint128>| id.map_or(0, u128::from);
    let mut balances: BTreeMap<u128, i128> = BTreeMap::new();
    for event in events {
        match &event.body {
            Some(Body::Account(account)) => {
                let balance = balances.entry(id(account.id)).or_default();
                assert_eq!(account.balance, Some((*balance).into()), "{event:?}");
            }
            Some(Body::Transfer(transfer)) if event.kind() == v1::EventKind::TransferPosted => {
                let amount = i128::try_from(id(transfer.amount)).expect("small");
                for (account, change, after) in [
                    (transfer.debit_account_id, -amount, transfer.debit_balance_after),
                    (transfer.credit_account_id, amount, transfer.credit_balance_after),
                ] {
                    let balance = balances.get_mut(&id(account)).expect("an opened account");
                    *balance += change;
                    assert_eq!(after, Some((*balance).into()), "{event:?}");
                }
            }
            _ => {}
        }
    }
    let accounts = balances.keys().map(|id| (*id).into()).collect();
    let found = ledger.get_accounts(v1::GetAccountsRequest { accounts }).await.expect("found");
    let found = found.into_inner().accounts;
    assert_eq!(found.len(), balances.len());
    for account in found {
        assert_eq!(account.balance, Some(balances[&id(account.id)].into()), "{}", account.name);
    }
}

#[tokio::test]
async fn catching_up_joins_what_is_live_without_gap_or_repetition() {
    let server = Server::start_with(&[("FLORIN_JOURNAL__SEGMENT_BYTES", "4194304")]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    pay_many(&mut ledger, 1, 20_000).await;
    let feed = feed(&server).await;
    let rounds: [u64; 12] = [405, 1, 8_190, 50, 1, 405, 1, 8_190, 50, 405, 8_190, 112];
    let total = 6 + 20_000 + rounds.iter().sum::<u64>();
    // They begin at different moments, with batches of different sizes, while large and small frames come: the first
    // to be live begins the ring of recent frames, and the others have to find their way from the journal into it.
    let beginnings = [(0u64, 8_190), (30, 1_000), (100, 333), (300, 8_190)];
    let followers: Vec<_> = beginnings
        .into_iter()
        .map(|(after_ms, batch_events)| {
            let feed = feed.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(after_ms)).await;
                let all = v1::EventFilter::default();
                let stream = subscribe(&feed, From::Beginning(true), all, batch_events).await;
                let mut stream = stream.expect("a feed");
                let (mut last, mut was_live) = (0, false);
                while last < total || !was_live {
                    let batch = next(&mut stream).await.expect("a batch");
                    assert!(batch.events.len() <= batch_events as usize);
                    for event in batch.events {
                        assert_eq!(event.sequence, last + 1);
                        last = event.sequence;
                    }
                    was_live |= batch.live;
                }
                assert_eq!(last, total);
            })
        })
        .collect();
    for (round, count) in (1..).zip(rounds) {
        pay_many(&mut ledger, round * 100_000, count).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for follower in followers {
        follower.await.expect("followed");
    }
    assert!(server.status().await.partitions[0].segment > 2);
}

#[tokio::test]
async fn from_the_end_only_what_comes_and_a_sign_of_life_meanwhile() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let feed = feed(&server).await;
    let mut stream =
        subscribe(&feed, From::End(true), v1::EventFilter::default(), 0).await.expect("a feed");
    let first = next(&mut stream).await.expect("a batch");
    assert_eq!((first.events.len(), first.live), (0, true), "where it begins is told at once");
    for sequence in 7..12 {
        pay(&mut ledger, new_transfer(sequence.into(), "bank", "a", 7)).await;
        let paid = Instant::now();
        let batch = next(&mut stream).await.expect("a batch");
        assert_eq!((sequences(&batch.events), batch.live), (vec![sequence], true));
        assert!(paid.elapsed() < Duration::from_secs(2), "woken, not found by chance");
    }

    // Nothing of what comes is wanted: the cursor moves on all the same, at least every 5 seconds.
    let nothing = v1::EventFilter { assets: vec!["XAU".to_owned()], ..Default::default() };
    let mut stream =
        subscribe(&feed, From::Cursor(first.cursor.clone()), nothing, 0).await.expect("a feed");
    let began = next(&mut stream).await.expect("a batch");
    pay(&mut ledger, new_transfer(20, "bank", "a", 7)).await;
    let waited = Instant::now();
    let sign = next(&mut stream).await.expect("a batch");
    assert!(waited.elapsed() < Duration::from_secs(5), "{:?}", waited.elapsed());
    assert_eq!((began.events.len(), sign.events.len(), sign.live), (0, 0, true));
    let rest = subscribe(&feed, From::Cursor(sign.cursor), v1::EventFilter::default(), 0).await;
    let (events, _) = until_live(&mut rest.expect("a feed")).await;
    assert!(events.is_empty(), "it stands behind what was left out");
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off_and_loses_nothing() {
    let server = Server::start_with(&[("FLORIN_FEED__STALL_SECONDS", "1")]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    pay_many(&mut ledger, 1, 40_000).await;
    let narrow = Endpoint::new(server.address.clone())
        .expect("an address")
        .initial_stream_window_size(64 << 10)
        .initial_connection_window_size(64 << 10);
    let slow = EventServiceClient::new(narrow.connect().await.expect("a connection"));
    let slow = slow.max_decoding_message_size(64 << 20);
    let mut stream = from_beginning(&slow).await;
    let mut seen = next(&mut stream).await.expect("a batch").events;
    assert_eq!(server.status().await.partitions[0].subscribers, 1);

    // Meanwhile payments are not slower, and others are served.
    let until = Instant::now() + Duration::from_millis(2_500);
    let mut id = 1_000_000;
    while Instant::now() < until {
        id += 1;
        let paid = Instant::now();
        pay(&mut ledger, new_transfer(id, "bank", "b", 1)).await;
        assert!(paid.elapsed() < Duration::from_millis(900), "{:?}", paid.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.status().await.partitions[0].subscribers, 0, "its place is free");

    let status = loop {
        match next(&mut stream).await {
            Ok(batch) => seen.extend(batch.events),
            Err(status) => break status,
        }
    };
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("SUBSCRIBER_SLOW", Code::ResourceExhausted)
    );
    assert!(seen.len() < 40_000, "it was cut off in the middle, after {}", seen.len());
    let metadata = status.get_details_error_info().expect("a reason").metadata;
    let from = From::Cursor(metadata["cursor"].clone());
    let rest = subscribe(&feed(&server).await, from, v1::EventFilter::default(), 0).await;
    seen.extend(until_live(&mut rest.expect("a feed")).await.0);
    let last = server.status().await.partitions[0].durable_sequence;
    assert_eq!(sequences(&seen), (1..=last).collect::<Vec<_>>());
}

#[tokio::test]
async fn many_at_once_and_no_more_than_that() {
    let server = Server::start_with(&[("FLORIN_FEED__SUBSCRIBERS", "100")]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    pay_many(&mut ledger, 1, 2_000).await;
    let feed = feed(&server).await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(from_beginning(&feed).await);
    }
    assert_eq!(server.status().await.partitions[0].subscribers, 100);
    let all = v1::EventFilter::default();
    let status = subscribe(&feed, From::End(true), all, 0).await.expect_err("one too many");
    assert_eq!((reason(&status).as_str(), status.code()), ("OVERLOADED", Code::ResourceExhausted));
    assert!(status.get_details_retry_info().is_some());
    let followers: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            tokio::spawn(async move {
                let mut last = 0;
                while last < 6 + 2_000 + 500 {
                    for event in next(&mut stream).await.expect("a batch").events {
                        assert_eq!(event.sequence, last + 1);
                        last = event.sequence;
                    }
                }
            })
        })
        .collect();
    for round in 0..5 {
        pay_many(&mut ledger, 10_000 + round * 1_000, 100).await;
    }
    for follower in followers {
        follower.await.expect("saw all");
    }
    // Those who have gone make room.
    for _ in 0..200 {
        if server.status().await.partitions[0].subscribers == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("places are not given back");
}

#[tokio::test]
async fn groups_are_named_wherever_a_batch_begins() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let members = (1..=50).map(|id| new_transfer(id, "bank", "a", 1)).collect();
    group(&mut ledger, 900, members).await;
    pay(&mut ledger, new_transfer(60, "bank", "a", 1)).await;
    let feed = feed(&server).await;
    let mut stream = subscribe(&feed, From::Beginning(true), v1::EventFilter::default(), 1)
        .await
        .expect("a feed");
    let mut cursors = vec![];
    for _ in 0..57 {
        cursors.push(next(&mut stream).await.expect("a batch").cursor);
    }
    for (at, cursor) in cursors.iter().enumerate().skip(5).step_by(7) {
        let from = From::Cursor(cursor.clone());
        let stream = subscribe(&feed, from, v1::EventFilter::default(), 0).await;
        let (events, _) = until_live(&mut stream.expect("a feed")).await;
        assert_eq!(events[0].sequence, at as u64 + 2);
        for event in events {
            let Some(Body::Transfer(transfer)) = event.body else { panic!("a transfer") };
            let expected = (event.sequence <= 56).then(|| 900.into());
            assert_eq!(transfer.group_id, expected, "event {} from {at}", event.sequence);
        }
    }
}
