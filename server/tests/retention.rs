//! A server that archives its oldest segments, through the binary.

mod support;

use std::path::Path;
use std::time::Duration;

use florin_proto::v1;
use florin_proto::v1::event_service_client::EventServiceClient;
use florin_proto::v1::subscribe_request::From;
use serde_json::Value;
use support::{Ledger, Server, florin, independent, new_transfer, open_accounts, pay, reason, why};

/// The number behind a metric's name.
fn metric(server: &Server, name: &str) -> u64 {
    let (_, _, body) = server.http("GET", "/metrics");
    let line = body.lines().find(|line| line.starts_with(&format!("{name} ")));
    let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    value.unwrap_or_else(|| panic!("no {name}"))
}

/// So many transfers from `first` on.
async fn load(ledger: &mut Ledger, first: u128, batches: u128) {
    for batch in 0..batches {
        let from = first + batch * 60;
        let transfers = (from..from + 60).map(|id| new_transfer(id, "bank", "a", 1)).collect();
        let results = independent(ledger, transfers).await;
        assert!(results.iter().all(|result| result.refusal.is_none()));
    }
}

/// Waits until there are so many segments in the archive.
async fn archived(server: &Server, segments: u64) {
    for _ in 0..3_000 {
        if metric(server, "florin_archive_segments") >= segments {
            return;
        }
        assert_eq!(metric(server, "florin_archive_failures_total"), 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing is archived");
}

fn verify(data: &Path) -> (bool, Value) {
    let output = florin().args(["verify", "--json", "--data"]).arg(data).output().expect("it runs");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let last = stdout.lines().last().unwrap_or_else(|| panic!("{output:?}"));
    (output.status.success(), serde_json::from_str(last).expect("JSON"))
}

async fn from_beginning(server: &Server) -> Result<v1::EventBatch, tonic::Status> {
    let mut feed = EventServiceClient::connect(server.address.clone()).await.expect("connects");
    let request =
        v1::SubscribeRequest { from: Some(From::Beginning(true)), filter: None, batch_events: 0 };
    let mut batches = feed.subscribe(request).await?.into_inner();
    Ok(batches.message().await?.expect("a batch"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_ids_are_answered_from_the_archive() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, archive) = (dir.path().join("data"), dir.path().join("archive"));
    std::fs::create_dir(&archive).expect("made once");
    let to = archive.to_str().expect("a path of text");
    let settings = [
        ("FLORIN_JOURNAL__SEGMENT_BYTES", "65536"),
        ("FLORIN_METRICS__LISTEN", "127.0.0.1:0"),
        ("FLORIN_ARCHIVE__TO", to),
        ("FLORIN_ARCHIVE__KEEP_SEGMENTS", "2"),
    ];
    let mut server = Server::start_on(&data, &settings);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let first = pay(&mut ledger, new_transfer(1, "bank", "a", 77)).await;
    load(&mut ledger, 100, 60).await;
    archived(&server, 3).await;
    let again = pay(&mut ledger, new_transfer(1, "bank", "a", 77)).await;
    assert_eq!((again.sequence, again.refusal.is_none()), (first.sequence, true));
    let other = pay(&mut ledger, new_transfer(1, "bank", "a", 78)).await;
    assert_eq!(why(other.refusal.as_ref()).0, "ID_REUSED");

    // The same after a start, which reads a checkpoint and what is behind it.
    assert!(server.terminate());
    let (good, report) = verify(&data);
    assert!(good, "{report}");
    let through = report["archived_through"].as_u64().expect("a number");
    assert!(through > 100 && report["not_looked_at_through"].is_null(), "{report}");
    std::fs::remove_dir_all(data.join("partition-0000/snapshots")).expect("removed");
    let mut server = Server::start_on(&data, &settings);
    let mut ledger = server.ledger().await;
    let again = pay(&mut ledger, new_transfer(1, "bank", "a", 77)).await;
    assert_eq!(again.sequence, first.sequence);
    assert_eq!(from_beginning(&server).await.expect("from the archive").events[0].sequence, 1);

    // Out of reach: what needs it says so, and everything else goes on.
    let away = dir.path().join("away");
    std::fs::rename(&archive, &away).expect("renamed");
    let request = v1::CreateTransfersRequest {
        transfers: vec![new_transfer(100, "bank", "a", 1)],
        ..v1::CreateTransfersRequest::default()
    };
    let status = ledger.create_transfers(request).await.expect_err("its record is away");
    assert_eq!(reason(&status), "JOURNAL_UNREADABLE");
    let status = from_beginning(&server).await.expect_err("its events are away");
    assert_eq!(reason(&status), "CURSOR_ARCHIVED");
    assert!(pay(&mut ledger, new_transfer(9_000_000, "bank", "a", 1)).await.refusal.is_none());
    assert!(server.terminate());
    let (good, report) = verify(&data);
    assert!(!good, "{report}");
    assert_eq!(report["chain_whole"], true, "of what is here");
    assert!(report["replay_equal"].is_null() && report["conserved"].is_null(), "{report}");
    assert_eq!(report["not_looked_at_through"], through);

    // Back again.
    std::fs::rename(&away, &archive).expect("renamed");
    assert!(verify(&data).0);
}

#[test]
fn an_archive_that_cannot_be_is_refused_at_the_start() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let nowhere = dir.path().join("not-mounted");
    let nowhere = nowhere.to_str().expect("a path of text");
    for (to, expected) in [("ftp://host/x", "expected a path"), (nowhere, "does not exist")] {
        let mut command = support::serve(&dir.path().join("data"));
        let output = command.env("FLORIN_ARCHIVE__TO", to).output().expect("it runs");
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("CONFIG_INVALID")
                && said.contains("archive.to")
                && said.contains(expected),
            "{said}"
        );
    }
    assert!(!Path::new(nowhere).exists(), "it was made");
}
