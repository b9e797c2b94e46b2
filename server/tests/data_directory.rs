//! What stands in the way of opening a data directory, and what survives a kill.

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use florin_proto::v1;
use support::*;

/// Starts a server that does not come up, and gives its output.
fn fails_to_start(data: &Path) -> String {
    let Output { status, stderr, .. } = serve(data).output().expect("it runs");
    assert!(!status.success());
    String::from_utf8(stderr).expect("text")
}

fn segments(data: &Path) -> Vec<std::path::PathBuf> {
    let journal = data.join("partition-0000/journal");
    let files = fs::read_dir(journal).expect("a journal").map(|file| file.unwrap().path());
    let mut segments: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "segment")).collect();
    segments.sort();
    segments
}

async fn with_payments(server: &Server, count: u128) {
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    for id in 1..=count {
        pay(&mut ledger, new_transfer(id, "bank", "a", 1)).await;
    }
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Server::start_on(dir.path(), &[]);
    with_payments(&first, 20).await;
    let epoch = first.status().await.partitions[0].epoch;
    first.kill();
    let mut second = Server::start_on(dir.path(), &[]);
    let mut ledger = second.ledger().await;
    assert_eq!(balance(&mut ledger, "a").await, 20);
    let again = pay(&mut ledger, new_transfer(20, "bank", "a", 1)).await;
    assert!(again.replayed);
    assert!(second.status().await.partitions[0].epoch > epoch);
    assert!(second.terminate(), "SIGTERM drains and ends with 0");
    let verified = florin().arg("verify").arg("--data").arg(dir.path()).arg("--json").output();
    let verified = verified.expect("it runs");
    assert!(verified.status.success());
    let report: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    for (key, value) in [
        ("chain_whole", true.into()),
        ("replay_equal", true.into()),
        ("conserved", true.into()),
        ("transfers_posted", 20.into()),
        ("digests_checked", serde_json::Value::from(1)),
        ("format", serde_json::Value::from(1)),
    ] {
        assert_eq!(report[key], value, "{key} in {report}");
    }
}

#[tokio::test]
async fn locked() {
    let server = Server::start();
    let error = fails_to_start(&server.data);
    assert!(error.contains("DATA_LOCKED"), "{error}");
    let verify = florin().arg("verify").arg("--data").arg(&server.data).output().unwrap();
    assert!(String::from_utf8_lossy(&verify.stderr).contains("DATA_LOCKED"));
}

#[tokio::test]
async fn foreign() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("holiday.jpg"), b"x").unwrap();
    let error = fails_to_start(dir.path());
    assert!(error.contains("DATA_FOREIGN"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was added");
}

#[tokio::test]
async fn newer_format() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start_on(dir.path(), &[]);
    with_payments(&server, 1).await;
    server.kill();
    let segment = &segments(dir.path())[0];
    let mut bytes = fs::read(segment).unwrap();
    bytes[8] = 3;
    fs::write(segment, &bytes).unwrap();
    let error = fails_to_start(dir.path());
    assert!(error.contains("DATA_NEWER_FORMAT"), "{error}");
    assert_eq!(fs::read(segment).unwrap(), bytes, "nothing was touched");
}

#[tokio::test]
async fn damaged_in_the_middle() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start_on(dir.path(), &[]);
    with_payments(&server, 20).await;
    server.kill();
    let segment = &segments(dir.path())[0];
    let mut bytes = fs::read(segment).unwrap();
    bytes[4_096 * 8 + 300] ^= 1;
    fs::write(segment, &bytes).unwrap();
    let error = fails_to_start(dir.path());
    let name = segment.file_name().unwrap().to_str().unwrap();
    assert!(error.contains("JOURNAL_DAMAGED") && error.contains(name), "{error}");
    assert_eq!(fs::read(segment).unwrap(), bytes, "nothing was touched");
    let verify = florin().arg("verify").arg("--data").arg(dir.path()).output().unwrap();
    assert_eq!(verify.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&verify.stdout).contains("JOURNAL_DAMAGED"));
}

#[tokio::test]
async fn a_last_frame_that_has_changed_is_only_cut_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start_on(dir.path(), &[]);
    with_payments(&server, 3).await;
    server.kill();
    let segment = &segments(dir.path())[0];
    let mut bytes = fs::read(segment).unwrap();
    let last = bytes.windows(8).rposition(|magic| magic == b"FLORNFRM").unwrap();
    bytes[last + 200] ^= 1;
    fs::write(segment, &bytes).unwrap();
    let error = fails_to_start(dir.path());
    assert!(error.contains("JOURNAL_DAMAGED") && error.contains("--cut-damaged-tail"), "{error}");
    let mut command = serve(dir.path());
    command.arg("--cut-damaged-tail");
    let server = Server::started(command, dir.path());
    assert_eq!(balance(&mut server.ledger().await, "a").await, 2);
}

/// Runs `florin serve` in a mount namespace of its own, with `mount` run before. `None`, with a message, where
/// this machine does not let us have one.
fn serve_mounted(data: &Path, mount: &str) -> Option<std::process::Command> {
    let namespace = ["--mount", "--map-root-user"];
    let allowed = std::process::Command::new("unshare").args(namespace).arg("true").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no mount namespace to be had here");
        return None;
    }
    let served = serve(data);
    let mut command = std::process::Command::new("unshare");
    let script = format!("{mount} && exec \"$0\" \"$@\"");
    command.args(namespace).args(["sh", "-c", &script]).arg(served.get_program());
    command.args(served.get_args());
    command.envs(served.get_envs().filter_map(|(key, value)| Some((key, value?))));
    Some(command)
}

#[tokio::test]
async fn read_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display();
    let mount = format!("mount -t tmpfs -o ro,size=64m none {path}");
    let Some(mut command) = serve_mounted(dir.path(), &mount) else { return };
    let output = command.output().expect("it runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("DATA_READ_ONLY"), "{error}");
}

#[tokio::test]
async fn too_full_to_open() {
    let dir = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size=1m none {}", dir.path().display());
    let Some(mut command) = serve_mounted(dir.path(), &mount) else { return };
    let output = command.output().expect("it runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("DISK_FULL"), "{error}");
}

/// A disk that fills up while the server runs: writes are refused, reads go on, nothing is lost.
#[tokio::test]
async fn filling_up() {
    let dir = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size=20m none {}", dir.path().display());
    let Some(mut command) = serve_mounted(dir.path(), &mount) else { return };
    command.env("FLORIN_METRICS__LISTEN", "127.0.0.1:0");
    let server = Server::started(command, dir.path());
    assert_eq!(server.http("GET", "/healthz").0, 200);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    // One segment of 16 MiB fits, the next does not: 176 bytes a transfer fill the first one.
    let mut posted = 0;
    let refused = loop {
        let first = posted + 1;
        let transfers = (first..first + 5_000).map(|id| new_transfer(id, "bank", "a", 1)).collect();
        let request = v1::CreateTransfersRequest { transfers, ..Default::default() };
        match ledger.create_transfers(request).await {
            Ok(_) => posted += 5_000,
            Err(status) => break status,
        }
        assert!(posted < 200_000, "it never fills up");
    };
    assert_eq!(reason(&refused), "DISK_FULL");
    assert_eq!(refused.code(), tonic::Code::Unavailable);
    let sum = i128::try_from(posted).unwrap();
    assert_eq!(balance(&mut ledger, "a").await, sum, "reads go on");
    // Single payments take what is left; then nothing is taken, and the status says so.
    let mut single = posted;
    let refused = loop {
        single += 1;
        let transfers = vec![new_transfer(single, "bank", "b", 1)];
        let request = v1::CreateTransfersRequest { transfers, ..Default::default() };
        match ledger.create_transfers(request).await {
            Ok(_) => assert!(single < posted + 5_000, "it never fills up"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason(&refused), "DISK_FULL");
    let known = pay(&mut ledger, new_transfer(1, "bank", "a", 1)).await;
    assert!(known.replayed, "what is known needs no room");
    let status = server.status().await;
    assert_eq!((status.accepting, status.not_accepting_reason.as_str()), (false, "DISK_FULL"));
    let (healthy, _, why) = server.http("GET", "/healthz");
    assert_eq!((healthy, why.as_str()), (503, "DISK_FULL\n"));
    let (_, _, metrics) = server.http("GET", "/metrics");
    assert!(metrics.contains("\nflorin_accepting 0\n"), "{metrics}");
}

#[tokio::test]
async fn one_status_says_it_all() {
    let server = Server::start();
    with_payments(&server, 3).await;
    let v1::GetStatusResponse { accepting, partitions, lineage, .. } = server.status().await;
    let [partition] = &partitions[..] else { panic!("one partition") };
    assert!(accepting && partition.conserved && lineage.len() == 32);
    assert_eq!(partition.sequence, partition.durable_sequence);
    assert_eq!((partition.accounts, partition.transfers_posted, partition.ids), (4, 3, 3));
    assert_eq!(partition.assets.len(), 2);
    assert_eq!((partition.assets[0].debits_lo, partition.assets[0].credits_lo), (3, 3));
}
