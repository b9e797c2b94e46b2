//! Backups of a running server, restores and forks, through the binary.

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use florin_engine::{Event, Ledger as Replayed};
use florin_persistence::backup::Hex;
use florin_persistence::{RealDisk, journal_dir, scan};
use florin_proto::v1;
use florin_proto::v1::admin_service_client::AdminServiceClient;
use florin_proto::v1::event_service_client::EventServiceClient;
use serde_json::Value;
use support::{
    Server, balance, florin, group, independent, new_transfer, open_accounts, reason, serve,
};

/// Small segments, so that a short load seals some.
const SEGMENTS: (&str, &str) = ("FLORIN_JOURNAL__SEGMENT_BYTES", "262144");

/// Runs `florin` with these arguments and `--json`; gives its exit status and what it said last.
fn run(arguments: &[&str]) -> (i32, Value) {
    let output = florin().args(arguments).arg("--json").output().expect("it runs");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let last = stdout.lines().last().unwrap_or_else(|| panic!("{arguments:?}: {output:?}"));
    (output.status.code().unwrap_or(-1), serde_json::from_str(last).expect("JSON"))
}

fn fine(arguments: &[&str]) -> Value {
    let (status, said) = run(arguments);
    assert_eq!(status, 0, "{arguments:?}: {said}");
    said
}

/// The reason that these arguments fail with.
fn fails(arguments: &[&str]) -> String {
    let (status, said) = run(arguments);
    assert_ne!(status, 0, "{arguments:?}: {said}");
    said["error"]["reason"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
}

/// Every event of a data directory that no server has open.
fn events(data: &Path) -> Vec<Event> {
    let mut events = Vec::new();
    let mut keep = |event| {
        events.push(event);
        Ok(())
    };
    scan(&RealDisk, &journal_dir(data, 0), &mut keep, &mut |_| {}).expect("a whole journal");
    events
}

/// The digest after so many events, by replaying them one by one.
fn digest_after(events: &[Event], count: u64) -> String {
    let mut ledger = Replayed::new(0);
    for event in &events[..usize::try_from(count).expect("few")] {
        ledger.replay(event).expect("an event of this ledger");
    }
    Hex(ledger.digest()).to_string()
}

/// The last event at or before this one that leaves no group in two.
fn whole_groups(events: &[Event], mut count: u64) -> u64 {
    let index = |count: u64| {
        events.get(usize::try_from(count).expect("few")).map_or(0, |event| event.group().index)
    };
    while index(count) > 0 {
        count -= 1;
    }
    count
}

/// Pays until it is told to stop: single payments in batches, and groups of seven.
fn load(server: &Server, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<u64> {
    let (address, stop) = (server.address.clone(), Arc::clone(stop));
    tokio::spawn(async move {
        let mut ledger = support::Ledger::connect(address).await.expect("a connection");
        let mut paid = 0;
        let mut id: u128 = 1;
        while !stop.load(Ordering::Relaxed) {
            let single = (id..id + 60).map(|id| new_transfer(id, "bank", "a", 1)).collect();
            independent(&mut ledger, single).await;
            let members = (id + 100..id + 107).map(|id| new_transfer(id, "bank", "b", 2)).collect();
            group(&mut ledger, id + 99, members).await;
            id += 200;
            paid += 67;
        }
        paid
    })
}

async fn reaches(server: &Server, sequence: u64) {
    while server.status().await.partitions[0].durable_sequence < sequence {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_and_back_to_three_moments() {
    let dir = tempfile::tempdir().unwrap();
    let (data, place) = (dir.path().join("data"), dir.path().join("backups"));
    let mut server = Server::start_on(&data, &[SEGMENTS]);
    open_accounts(&mut server.ledger().await).await;
    let stop = Arc::new(AtomicBool::new(false));
    let loading = load(&server, &stop);

    let mut made = Vec::new();
    for sequence in [600, 3_000, 6_000] {
        reaches(&server, sequence).await;
        let address = server.address.clone();
        let to = place.clone();
        let backup = tokio::task::spawn_blocking(move || {
            fine(&["backup", "--to", text(&to), "--server", &address])
        });
        made.push(backup.await.unwrap());
    }
    stop.store(true, Ordering::Relaxed);
    let paid = loading.await.unwrap();
    assert!(paid > 4_000);
    let (sent, objects) = (&made[2]["objects_sent"], &made[2]["objects"]);
    assert!(sent.as_u64() < objects.as_u64(), "what was there was sent again: {}", made[2]);

    // Whoever replays the original to an event has the state that was restored to it.
    assert!(server.terminate());
    let original = events(&data);
    let from = text(&place);
    let listed = florin().args(["backup", "list", "--from", from]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().count(), 3);
    for backup in &made {
        let manifest = backup["manifest"].as_str().unwrap();
        let sequence = backup["sequence"].as_u64().unwrap();
        let whole = fine(&["backup", "verify", "--from", from, manifest]);
        assert_eq!(whole["digest"].as_str().unwrap(), digest_after(&original, sequence));
    }
    let last = made[2]["sequence"].as_u64().unwrap();
    let in_group = (1..last).find(|at| whole_groups(&original, *at) != *at && *at > last / 2);
    let in_group = in_group.expect("a group");
    let moment_ns = original[usize::try_from(last / 3).unwrap()].timestamp_ns;
    let moment = utc(moment_ns);
    for (name, at, expected) in [
        ("in-group", in_group.to_string(), whole_groups(&original, in_group)),
        ("moment", moment, whole_groups(&original, last / 3 + 1)),
        ("end", String::new(), last),
    ] {
        let to = dir.path().join(name);
        let mut arguments = vec!["restore", "--from", from, "--data", text(&to)];
        if !at.is_empty() {
            arguments.extend(["--at", &at]);
        }
        let restored = fine(&arguments);
        assert_eq!(restored["sequence"].as_u64(), Some(expected), "{restored}");
        assert_eq!(restored["digest"].as_str().unwrap(), digest_after(&original, expected));
        assert_eq!(fails(&arguments), "DATA_NOT_EMPTY");
        // It serves, and goes on.
        let again = Server::start_on(&to, &[SEGMENTS]);
        let status = again.status().await;
        assert_eq!(status.lineage, restored["lineage"].as_str().unwrap());
        assert_ne!(status.lineage, made[0]["lineage"].as_str().unwrap());
        assert!(!status.fork);
        let mut ledger = again.ledger().await;
        let before = balance(&mut ledger, "a").await;
        independent(&mut ledger, vec![new_transfer(1 << 100, "bank", "a", 5)]).await;
        assert_eq!(balance(&mut ledger, "a").await, before + 5);
    }
}

/// Nanoseconds since 1970 in RFC 3339, by the calendar of the system.
fn utc(ns: u64) -> String {
    let seconds = format!("@{}", ns / 1_000_000_000);
    let date = std::process::Command::new("date")
        .args(["--utc", "--date", &seconds, "+%Y-%m-%dT%H:%M:%S"])
        .output()
        .expect("date runs");
    let second = String::from_utf8_lossy(&date.stdout).trim().to_owned();
    format!("{second}.{:09}Z", ns % 1_000_000_000)
}

#[tokio::test]
async fn forks_are_never_taken_for_the_original() {
    let dir = tempfile::tempdir().unwrap();
    let (data, place) = (dir.path().join("data"), dir.path().join("backups"));
    let (fork, of_place) = (dir.path().join("fork"), dir.path().join("of-place"));
    let mut server = Server::start_on(&data, &[SEGMENTS]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let transfers = (1..=20).map(|id| new_transfer(id, "bank", "a", 1)).collect();
    independent(&mut ledger, transfers).await;
    assert_eq!(
        fails(&["fork", "--data", text(&data), "--to", text(&fork)]),
        "DATA_LOCKED",
        "a data directory that is served is not read past its server"
    );
    let cursor = {
        let mut events = EventServiceClient::connect(server.address.clone()).await.unwrap();
        let from = Some(v1::subscribe_request::From::Beginning(true));
        let request = v1::SubscribeRequest { from, ..Default::default() };
        let mut feed = events.subscribe(request).await.unwrap().into_inner();
        feed.message().await.unwrap().expect("a batch").cursor
    };
    fine(&["backup", "--to", text(&place), "--server", &server.address]);
    assert!(server.terminate());

    let made = fine(&["fork", "--data", text(&data), "--at", "10", "--to", text(&fork)]);
    assert_eq!((made["status"].as_str(), made["sequence"].as_u64()), (Some("forked"), Some(10)));
    fine(&["fork", "--from", text(&place), "--to", text(&of_place)]);
    for data in [&fork, &of_place] {
        let output = serve(data).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains("DATA_FORK"), "{error}");
        // Nor without its mark.
        std::fs::remove_file(data.join("FORK")).unwrap();
        assert!(!serve(data).output().unwrap().status.success());
        let mut command = serve(data);
        command.arg("--fork").env("FLORIN_LOG__LEVEL", "warn");
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let forked = Server::started(
            {
                command.stderr(log);
                command
            },
            data,
        );
        assert!(forked.status().await.fork);
        let said = florin().args(["status", "--server", &forked.address]).output().unwrap();
        assert!(String::from_utf8_lossy(&said.stdout).contains("FORK"));
        let log = std::fs::read_to_string(dir.path().join("log")).unwrap();
        assert!(log.contains("FORK"), "{log}");
        let mut events = EventServiceClient::connect(forked.address.clone()).await.unwrap();
        let from = Some(v1::subscribe_request::From::Cursor(cursor.clone()));
        let request = v1::SubscribeRequest { from, ..Default::default() };
        let refused = events.subscribe(request).await.unwrap_err();
        assert_eq!(reason(&refused), "LINEAGE_CHANGED");
    }
    let mut command = serve(&data);
    let output = command.arg("--fork").output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("DATA_NOT_FORK"), "{error}");
    let server = Server::start_on(&data, &[SEGMENTS]);
    assert_eq!(balance(&mut server.ledger().await, "a").await, 20, "the original is as it was");
}

#[tokio::test]
async fn the_history_goes_on_where_the_original_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (data, place, to) =
        (dir.path().join("data"), dir.path().join("backups"), dir.path().join("new"));
    let mut server = Server::start_on(&data, &[SEGMENTS]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    let lineage = server.status().await.lineage;
    server.kill();
    // At rest, after a crash.
    let made = fine(&["backup", "--to", text(&place), "--data", text(&data)]);
    assert_eq!(made["lineage"].as_str(), Some(lineage.as_str()));
    std::fs::remove_dir_all(&data).unwrap();
    let from = text(&place);
    fine(&["restore", "--from", from, "--data", text(&to), "--same-lineage"]);
    let server = Server::start_on(&to, &[SEGMENTS]);
    assert_eq!(server.status().await.lineage, lineage);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (place, to) = (dir.path().join("backups"), dir.path().join("new"));
    let (from, new) = (text(&place), text(&to));
    let server = Server::start();
    let address = server.address.as_str();
    for (arguments, expected) in [
        (&["backup", "--to", "ftp://x", "--server", address][..], "BACKUP_URL_INVALID"),
        (&["backup", "--to", from, "--server", address], "BACKUP_EMPTY"),
        (&["backup", "--to", "/proc/no", "--server", address], "BACKUP_EMPTY"),
        (&["backup", "--to", from, "--data", text(&server.data)], "DATA_LOCKED"),
        (&["restore", "--from", from, "--data", new], "BACKUP_NOT_FOUND"),
        (&["restore", "--from", from, "--data", new, "--manifest", "x"], "BACKUP_NOT_FOUND"),
        (&["backup", "verify", "--from", from], "BACKUP_NOT_FOUND"),
        (&["restore", "--from", from, "--data", new, "--at", "soon"], "USAGE"),
        (&["backup"], "USAGE"),
    ] {
        assert_eq!(fails(arguments), expected, "{arguments:?}");
    }
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    assert_eq!(fails(&["backup", "--to", "/proc/no", "--server", address]), "BACKUP_PLACE_FAILED");

    // One at a time: this one is slow enough to be under way still.
    let transfers = (1..5_000).map(|id| new_transfer(id, "bank", "a", 1)).collect();
    independent(&mut ledger, transfers).await;
    let mut admin = AdminServiceClient::connect(server.address.clone()).await.unwrap();
    let slow = v1::CreateBackupRequest { to: from.to_owned(), full: false, bytes_per_second: 1 };
    let under_way = admin.create_backup(slow).await.unwrap().into_inner();
    assert_eq!(fails(&["backup", "--to", from, "--server", address]), "BACKUP_RUNNING");
    // Whoever goes away stops it.
    drop(under_way);
    let made = loop {
        let (status, said) = run(&["backup", "--to", from, "--server", address]);
        if status == 0 {
            break said;
        }
        assert_eq!(said["error"]["reason"], "BACKUP_RUNNING");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let last = made["sequence"].as_u64().unwrap() + 1;
    let beyond = last.to_string();
    let arguments = ["restore", "--from", from, "--data", new, "--at", &beyond];
    assert_eq!(fails(&arguments), "BACKUP_MOMENT_OUTSIDE");
    assert!(!to.exists());
}

/// A server that is told to stop does not wait for a backup.
#[tokio::test]
async fn a_backup_does_not_hold_up_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start();
    open_accounts(&mut server.ledger().await).await;
    let mut admin = AdminServiceClient::connect(server.address.clone()).await.unwrap();
    let to = text(&dir.path().join("backups")).to_owned();
    let slow = v1::CreateBackupRequest { to, full: false, bytes_per_second: 1 };
    let mut under_way = admin.create_backup(slow).await.unwrap().into_inner();
    let stopping = tokio::task::spawn_blocking(move || server.terminate());
    let refused = loop {
        match under_way.message().await {
            Ok(Some(step)) => assert!(step.made.is_none(), "it was made"),
            Ok(None) => panic!("it ended without a word"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason(&refused), "BACKUP_STOPPED");
    assert!(stopping.await.unwrap());
}
