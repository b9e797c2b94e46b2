//! The Rust client, and a follower of the feed, while the server is killed and comes back.

mod support;

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use florin_client::{
    Client, EventBody, EventFilter, EventKind, FeedFrom, Floor, NewAccount, Transfer, TransferId,
};
use support::*;

const CALLERS: usize = 32;
const KILLS: usize = 3;

/// On an address that stays, since the client looks for the server where it was.
fn serve_at(address: &str, data: &Path) -> Server {
    let mut command = florin();
    command.arg("serve").arg("--data").arg(data).args(["--listen", address]);
    Server::started(command, data)
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").to_string()
}

/// One transfer after another until it is told to stop. How many were posted.
async fn pay(client: Client, stop: Arc<AtomicBool>) -> u64 {
    let mut posted = 0;
    while !stop.load(Ordering::Relaxed) {
        let transfer = Transfer::new(TransferId::generate()).debit("bank").credit("a");
        let answer = client.transfer(transfer.amount_minor(1)).await;
        answer.expect("an answer in time").expect("posted");
        posted += 1;
    }
    posted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_done_twice() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let address = free_address();
    let mut server = serve_at(&address, &data);
    let client = Client::builder(&server.address)
        .deadline(Duration::from_secs(60))
        .connect()
        .await
        .expect("connects");
    let accounts = [NewAccount::new("bank", "EUR").floor(Floor::None), NewAccount::new("a", "EUR")];
    for opened in client.create_accounts(accounts).await.expect("answers") {
        opened.expect("opens");
    }
    let posted_ones = EventFilter::everything().kind(EventKind::TransferPosted);
    let mut feed = client.subscribe(FeedFrom::Beginning, posted_ones).await.expect("subscribes");

    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> =
        (0..CALLERS).map(|_| tokio::spawn(pay(client.clone(), Arc::clone(&stop)))).collect();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill();
        server = serve_at(&address, &data);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let mut posted = 0;
    for caller in callers {
        posted += caller.await.expect("no panic");
    }
    let status = server.status().await;
    assert_eq!(status.partitions[0].transfers_posted, posted, "each call exactly once");

    // The follower has stood still meanwhile and goes on over all of it.
    let mut balance = 0;
    while balance < i128::from(posted) {
        let batch = feed.next().await.expect("it goes on");
        for event in batch.events {
            let EventBody::Transfer(transfer) = event.body else { panic!("a transfer") };
            let after = transfer.outcome.expect("posted").credit_balance_after_minor;
            // Each moves 1, so that a gap or a repetition shows at once.
            assert_eq!(after, balance + 1);
            balance = after;
        }
    }
    assert_eq!(status.partitions[0].epoch, 1 + KILLS as u64);
}
