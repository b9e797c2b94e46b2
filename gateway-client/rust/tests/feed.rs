//! Following the feed across whatever happens to the connection.

mod fake;

use std::time::Duration;

use fake::Feed::{Refuse, Send, Stay};
use fake::{Fake, Feed, Ledger, fault};
use florin_client::{Client, Cursor, Error, EventFilter, EventKind, FeedFrom, Retry};
use florin_proto::v1::subscribe_request::From;
use tonic::{Code, Status};

const RETRY: Retry = Retry {
    attempts: 3,
    attempt_timeout: Duration::from_millis(300),
    base_backoff: Duration::from_millis(1),
    max_backoff: Duration::from_millis(5),
};

fn lost() -> Status {
    Status::unavailable("upstream reset")
}

fn stopping() -> Status {
    fault(Code::Unavailable, "SHUTTING_DOWN")
}

fn begin() -> From {
    From::Beginning(true)
}

fn after(sequence: u64) -> From {
    From::Cursor(format!("after {sequence}"))
}

/// Takes batches until there is an error, or there are as many as expected.
async fn follow(client: &Client, from: FeedFrom, expected: usize) -> (Vec<u64>, Option<Error>) {
    let mut feed = match client.subscribe(from, EventFilter::everything()).await {
        Ok(feed) => feed,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut sequences = Vec::new();
    loop {
        match feed.next().await {
            Ok(batch) => {
                assert_eq!(feed.cursor(), Some(&batch.cursor));
                sequences.extend(batch.events.iter().map(|event| event.sequence));
            }
            Err(error) => return (sequences, Some(error)),
        }
        if sequences.len() == expected {
            return (sequences, None);
        }
    }
}

/// What the server does, where the feed begins, from where it subscribes, what is seen, how it ends.
type Case =
    (&'static str, Vec<Feed>, FeedFrom, Vec<From>, std::ops::Range<u64>, Option<&'static str>);

async fn check(cases: impl IntoIterator<Item = Case>) {
    for (name, feeds, from, asked, seen, reason) in cases {
        let ledger = Ledger::default();
        ledger.lock().feeds.extend(feeds);
        let fake = Fake::start(&ledger);
        let client =
            Client::builder(fake.endpoint()).retry(RETRY).connect().await.expect("connects");
        let seen: Vec<u64> = seen.collect();
        let expected = if reason.is_some() { usize::MAX } else { seen.len() };
        let (found, error) = follow(&client, from, expected).await;
        assert_eq!(found, seen, "a server that {name}");
        assert_eq!(error.as_ref().map(Error::reason), reason, "a server that {name}: {error:?}");
        let subscriptions = ledger.lock().subscriptions.clone();
        let from: Vec<_> = subscriptions.into_iter().filter_map(|request| request.from).collect();
        assert_eq!(from, asked, "a server that {name}");
    }
}

#[tokio::test]
async fn it_goes_on_where_it_broke_off() {
    let slow = || fault(Code::ResourceExhausted, "SUBSCRIBER_SLOW");
    let cursor = || FeedFrom::Cursor(Cursor::new("after 3"));
    check([
        ("stays", vec![Stay(1..4)], FeedFrom::Beginning, vec![begin()], 1..4, None),
        ("begins later", vec![Stay(4..6)], cursor(), vec![after(3)], 4..6, None),
        (
            "loses the connection",
            vec![Send(1..4, lost()), Stay(4..6)],
            FeedFrom::Beginning,
            vec![begin(), after(3)],
            1..6,
            None,
        ),
        (
            "cuts off who is slow",
            vec![Send(1..4, slow()), Stay(4..6)],
            FeedFrom::Beginning,
            vec![begin(), after(3)],
            1..6,
            None,
        ),
        (
            "stops and comes back",
            vec![Send(1..4, stopping()), Refuse(stopping()), Stay(4..6)],
            FeedFrom::Beginning,
            vec![begin(), after(3), after(3)],
            1..6,
            None,
        ),
        (
            "starts late",
            vec![Refuse(stopping()), Stay(1..3)],
            FeedFrom::Beginning,
            vec![begin(), begin()],
            1..3,
            None,
        ),
        (
            "breaks before anything",
            vec![Send(1..1, lost()), Stay(1..3)],
            FeedFrom::Beginning,
            vec![begin(), begin()],
            1..3,
            None,
        ),
        (
            "begins at the end, breaks later",
            vec![Send(7..8, lost()), Stay(8..9)],
            FeedFrom::End,
            vec![From::End(true), after(7)],
            7..9,
            None,
        ),
    ])
    .await;
}

#[tokio::test]
async fn how_it_ends() {
    let gone = || fault(Code::FailedPrecondition, "LINEAGE_CHANGED");
    let cursor = || FeedFrom::Cursor(Cursor::new("after 3"));
    check([
        // From where to go on was never said: another "from now on" would leave a gap.
        (
            "begins at the end, breaks before anything",
            vec![Send(1..1, lost()), Stay(1..3)],
            FeedFrom::End,
            vec![From::End(true)],
            1..1,
            Some("UNEXPECTED_STATUS"),
        ),
        (
            "does not come back",
            vec![Send(1..3, lost()), Refuse(stopping()), Refuse(stopping())],
            FeedFrom::Beginning,
            vec![begin(), after(2), after(2)],
            1..3,
            Some("SHUTTING_DOWN"),
        ),
        (
            "has another history",
            vec![Refuse(gone())],
            cursor(),
            vec![after(3)],
            1..1,
            Some("LINEAGE_CHANGED"),
        ),
        (
            "comes back with another history",
            vec![Send(1..3, lost()), Refuse(gone())],
            FeedFrom::Beginning,
            vec![begin(), after(2)],
            1..3,
            Some("LINEAGE_CHANGED"),
        ),
        (
            "ends in between",
            vec![Send(1..3, fault(Code::OutOfRange, "CURSOR_ARCHIVED"))],
            FeedFrom::Beginning,
            vec![begin()],
            1..3,
            Some("CURSOR_ARCHIVED"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn after_an_error_it_may_be_asked_again() {
    let ledger = Ledger::default();
    let refuse = || Feed::Refuse(fault(Code::Unavailable, "SHUTTING_DOWN"));
    let feeds = [Feed::Send(1..2, lost()), refuse(), refuse(), Feed::Stay(2..3)];
    ledger.lock().feeds.extend(feeds);
    let fake = Fake::start(&ledger);
    let client = Client::builder(fake.endpoint()).retry(RETRY).connect().await.expect("connects");
    let everything = EventFilter::everything();
    let mut feed = client.subscribe(FeedFrom::Beginning, everything).await.expect("subscribes");
    assert_eq!(feed.next().await.expect("a batch").events[0].sequence, 1);
    assert_eq!(feed.next().await.expect_err("not back yet").reason(), "SHUTTING_DOWN");
    assert_eq!(feed.next().await.expect("a batch").events[0].sequence, 2);
}

#[tokio::test]
async fn a_future_that_is_dropped_loses_nothing() {
    let ledger = Ledger::default();
    ledger.lock().feeds.push_back(Feed::Stay(1..50));
    let fake = Fake::start(&ledger);
    let client = Client::connect(fake.endpoint()).await.expect("connects");
    let everything = EventFilter::everything();
    let mut feed = client.subscribe(FeedFrom::Beginning, everything).await.expect("subscribes");
    let mut seen = Vec::new();
    while seen.len() < 49 {
        tokio::select! {
            biased;
            batch = feed.next() => seen.push(batch.expect("a batch").events[0].sequence),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(seen, (1..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_filtered() {
    let ledger = Ledger::default();
    let fake = Fake::start(&ledger);
    let client = Client::connect(fake.endpoint()).await.expect("connects");
    let filter = EventFilter::everything()
        .account("alice")
        .name_prefix("shop:")
        .asset("EUR")
        .kind(EventKind::Hold)
        .kind(EventKind::Payment);
    client.subscribe(FeedFrom::End, filter).await.expect("subscribes");
    let asked = ledger.lock().subscriptions[0].filter.clone().expect("a filter");
    assert_eq!(asked.accounts, ["alice".into()]);
    assert_eq!((asked.name_prefixes, asked.assets), (vec!["shop:".into()], vec!["EUR".into()]));
    assert_eq!(asked.kinds, [EventKind::Hold as i32, EventKind::Payment as i32]);
}
