//! A leader and its standby, as processes: followed, killed, promoted, fenced.

mod histories;
mod promotions;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use florin_persistence::{LeaderSeen, RealDisk, Role, read_role};
use florin_proto::v1;
use florin_proto::v1::event_service_client::EventServiceClient;
use florin_proto::v1::payment_service_client::PaymentServiceClient;
use florin_proto::v1::replication_service_client::ReplicationServiceClient;
use support::*;
use tonic::Code::FailedPrecondition;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

const WAIT_MAX: Duration = Duration::from_secs(20);

/// `florin follow`, on a free port.
fn follow(leader: &Server, data: &Path, more: &[&str]) -> Server {
    Server::started(follow_command(&leader.address, data, more), data)
}

fn follow_command(leader: &str, data: &Path, more: &[&str]) -> Command {
    let mut command = florin();
    command.args(["follow", "--from", leader, "--data"]).arg(data);
    command.args(["--listen", "127.0.0.1:0"]).args(more);
    command.env("FLORIN_METRICS__LISTEN", "127.0.0.1:0");
    command
}

async fn how_far(standby: &Server) -> v1::GetFollowStatusResponse {
    let client = ReplicationServiceClient::connect(standby.address.clone()).await;
    let asked = client.expect("connects").get_follow_status(v1::GetFollowStatusRequest {}).await;
    asked.expect("a status").into_inner()
}

/// Waits until a standby has an event.
async fn caught_up(standby: &Server, through: u64) -> v1::GetFollowStatusResponse {
    let began = Instant::now();
    loop {
        let status = how_far(standby).await;
        if status.followed_through >= through {
            return status;
        }
        assert!(began.elapsed() < WAIT_MAX, "{through} is not followed: {status:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn durable(leader: &Server) -> u64 {
    leader.status().await.partitions[0].durable_sequence
}

fn run(args: &[&str]) -> Output {
    florin().args(args).output().expect("it runs")
}

/// Runs a command with `--json`; what it printed.
fn json(args: &[&str]) -> serde_json::Value {
    let output = florin().arg("--json").args(args).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
}

/// Runs a command that has to be refused; its reason.
fn refused(mut command: Command) -> String {
    let output = command.arg("--json").output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).expect("text");
    let line = stdout.lines().last().unwrap_or_else(|| panic!("it says nothing"));
    let error: serde_json::Value = serde_json::from_str(line).expect("JSON");
    error["error"]["reason"].as_str().expect("a reason").to_owned()
}

fn florin_with(args: &[&str]) -> Command {
    let mut command = florin();
    command.args(args);
    command
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// Pays so many single transfers from the bank to `a`.
async fn load(leader: &Server, first_id: u128, count: u128) {
    let mut ledger = leader.ledger().await;
    for batch in 0..count.div_ceil(10) {
        let ids = first_id + batch * 10..(first_id + batch * 10 + 10).min(first_id + count);
        let transfers = ids.map(|id| new_transfer(id, "bank", "a", 1)).collect();
        let results = independent(&mut ledger, transfers).await;
        assert!(results.iter().all(|result| result.refusal.is_none()), "{results:?}");
    }
}

#[tokio::test]
async fn a_killed_leader_is_replaced() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    // Small segments: some are sealed, and each start of the leader begins one.
    let small = ("FLORIN_JOURNAL__SEGMENT_BYTES", "65536");
    let mut leader = Server::start_on(&data, &[small]);
    open_accounts(&mut leader.ledger().await).await;
    load(&leader, 1, 200).await;

    // From nothing; then what comes, while the standby is killed and started again.
    let mut standby = follow(&leader, &copy, &["--replay"]);
    caught_up(&standby, durable(&leader).await).await;
    load(&leader, 1_001, 200).await;
    let status = caught_up(&standby, durable(&leader).await).await;
    assert!(status.connected && status.problem.is_empty(), "{status:?}");
    assert!(status.lag_ms < 1_000 && status.delay_max_us > 0, "{status:?}");
    assert_eq!(status.replayed, status.followed_through);
    standby.kill();
    load(&leader, 2_001, 100).await;
    standby = follow(&leader, &copy, &["--replay"]);
    caught_up(&standby, durable(&leader).await).await;

    // The leader starts anew on its old address, once after a clean end, once after a kill.
    let listen = leader.address.trim_start_matches("http://").to_owned();
    for (round, clean) in [(3, true), (4, false)] {
        if clean {
            assert!(leader.terminate());
        } else {
            leader.kill();
        }
        let mut again = florin();
        again.args(["serve", "--data", text(&data), "--listen", &listen]).env(small.0, small.1);
        leader = Server::started(again, &data);
        load(&leader, round * 1_000 + 1, 100).await;
        let status = caught_up(&standby, durable(&leader).await).await;
        assert_eq!(status.leader_epoch, leader.status().await.partitions[0].epoch);
    }
    let status = how_far(&standby).await;
    assert_eq!(status.digests_checked, 1, "the clean end has recorded one");

    leader.kill();
    assert_eq!(how_far(&standby).await.followed_through, status.followed_through);
    assert!(standby.terminate());
    assert_eq!((files(&copy, "sealed", "index"), files(&copy, "ids", "run")), (0, 0));
    assert_eq!(refused(serve(&copy)), "DATA_STANDBY");
    let token = dir.path().join("fence.token");
    let began = Instant::now();
    let promoted = json(&["promote", "--data", text(&copy), "--token", text(&token)]);
    assert_eq!(promoted["sequence"], status.followed_through);
    assert_eq!(promoted["old_fenced"], false);
    let mut new = Server::start_on(&copy, &[small]);
    let mut ledger = new.ledger().await;
    let again = pay(&mut ledger, new_transfer(4_100, "bank", "a", 1)).await;
    assert!(again.replayed, "an id is known: {again:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(balance(&mut ledger, "a").await, 700);
    let fresh = pay(&mut ledger, new_transfer(5_000, "bank", "a", 1)).await;
    assert_eq!(fresh.sequence, status.followed_through + 1);
    assert_eq!(promoted["epoch"], new.status().await.partitions[0].epoch);

    // The old one: once it is fenced it never serves again, and it cannot be followed instead of the new one.
    let fence = ["fence", "--data", text(&data), "--token", text(&token)];
    json(&fence);
    json(&fence);
    assert_eq!(refused(serve(&data)), "DATA_FENCED");
    assert!(run(&["verify", "--data", text(&data)]).status.success());
    assert!(run(&["verify", "--data", text(&copy)]).status.code() != Some(0), "it is in use");

    // What lies beside the segments is made once it leads, and holds when it starts again.
    let began = Instant::now();
    while files(&copy, "sealed", "index") < 3 || files(&copy, "ids", "run") == 0 {
        assert!(began.elapsed() < WAIT_MAX, "nothing is made beside the segments");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for clean in [true, false] {
        if clean {
            assert!(new.terminate());
        } else {
            new.kill();
        }
        let verified = run(&["verify", "--data", text(&copy)]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        new = Server::start_on(&copy, &[small]);
        let mut ledger = new.ledger().await;
        for (id, sequence) in
            [(1, None), (2_050, None), (4_100, None), (5_000, Some(fresh.sequence))]
        {
            let again = pay(&mut ledger, new_transfer(id, "bank", "a", 1)).await;
            assert!(again.replayed && sequence.is_none_or(|it| it == again.sequence), "{again:?}");
        }
        assert_eq!(balance(&mut ledger, "a").await, 701);
    }
}

/// How many files of this kind there are in a folder beside the journal.
fn files(data: &Path, folder: &str, ending: &str) -> usize {
    let folder = data.join("partition-0000").join(folder);
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.filter(|it| it.as_ref().unwrap().path().extension() == Some(ending.as_ref())).count()
}

async fn subscribe(leader: &Server) -> Result<tonic::Streaming<v1::EventBatch>, tonic::Status> {
    let mut events = EventServiceClient::connect(leader.address.clone()).await.expect("connects");
    Ok(events.subscribe(v1::SubscribeRequest::default()).await?.into_inner())
}

/// A fenced server says of everything that it holds that another one has taken over.
async fn answers_nothing(old: &Server) {
    let mut ledger = old.ledger().await;
    let mut payments = PaymentServiceClient::connect(old.address.clone()).await.expect("connects");
    let transfers = vec![new_transfer(999, "bank", "a", 1)];
    let transfers = v1::CreateTransfersRequest { transfers, ..Default::default() };
    let statement =
        v1::ListAccountTransfersRequest { account: Some("a".into()), ..Default::default() };
    let past = v1::GetBalanceAtRequest {
        account: Some("a".into()),
        at: Some(v1::get_balance_at_request::At::Sequence(1)),
    };
    let all = [
        ("CreateTransfers", ledger.create_transfers(transfers).await.err()),
        ("GetAccounts", ledger.get_accounts(v1::GetAccountsRequest::default()).await.err()),
        ("ListAccounts", ledger.list_accounts(v1::ListAccountsRequest::default()).await.err()),
        ("ListAssets", ledger.list_assets(v1::ListAssetsRequest {}).await.err()),
        ("ListAccountTransfers", ledger.list_account_transfers(statement).await.err()),
        ("GetBalanceAt", ledger.get_balance_at(past).await.err()),
        ("ListPayments", payments.list_payments(v1::ListPaymentsRequest::default()).await.err()),
        ("Subscribe", subscribe(old).await.err()),
    ];
    for (call, status) in all {
        let status = status.unwrap_or_else(|| panic!("{call} is answered"));
        assert_eq!(
            (reason(&status).as_str(), status.code()),
            ("FENCED", FailedPrecondition),
            "{call}"
        );
    }
    let (status, _, body) = old.http("GET", "/healthz");
    assert_eq!((status, body.trim()), (503, "FENCED"));
    assert_eq!(old.http("GET", "/metrics").0, 200, "it is still watched");
    let status = old.status().await;
    assert_eq!((status.accepting, status.not_accepting_reason.as_str()), (false, "FENCED"));
    let partition = &status.partitions[0];
    assert_eq!(partition.sequence, partition.durable_sequence);
    assert!(partition.conserved && partition.accounts == 4, "{partition:?}");
    let channel = tonic::transport::Endpoint::from_shared(old.address.clone()).expect("an address");
    let mut health = HealthClient::new(channel.connect().await.expect("connects"));
    for service in ["", "florin.v1.LedgerService", "florin.v1.EventService"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let response = health.check(request).await.expect("an answer").into_inner();
        assert_eq!(response.status(), ServingStatus::NotServing, "{service}");
    }
}

#[tokio::test]
async fn places_are_changed_without_a_loss() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let leader = Server::start_on(&data, &[("FLORIN_METRICS__LISTEN", "127.0.0.1:0")]);
    open_accounts(&mut leader.ledger().await).await;
    let mut standby = follow(&leader, &copy, &[]);
    load(&leader, 1, 50).await;
    caught_up(&standby, durable(&leader).await).await;
    assert!(standby.terminate());
    let mut feed = subscribe(&leader).await.expect("a feed");
    // These the standby has not seen: the promotion takes them from the leader that it fences.
    load(&leader, 101, 50).await;
    let through = durable(&leader).await;
    let promoted = json(&["promote", "--data", text(&copy)]);
    assert_eq!(promoted["old_fenced"], true, "{promoted}");
    assert_eq!(
        (&promoted["sequence"], &promoted["old_durable_through"]),
        (&through.into(), &through.into())
    );

    // The subscriber has everything, and is told that there is more elsewhere.
    let mut seen = 0;
    let status = loop {
        match feed.message().await {
            Ok(batch) => seen += batch.expect("a reason for the end").events.len() as u64,
            Err(status) => break status,
        }
    };
    assert_eq!((seen, reason(&status).as_str()), (through, "FENCED"));
    answers_nothing(&leader).await;
    let new = Server::start_on(&copy, &[]);
    assert_eq!(balance(&mut new.ledger().await, "a").await, 100);
    load(&new, 201, 10).await;

    // An older token fences nobody, nor does one of another ledger, nor something else.
    let token = copy.join("FENCE");
    let by_rpc = |address: &str, token: &Path| {
        refused(florin_with(&["fence", "--server", address, "--token", text(token)]))
    };
    assert_eq!(by_rpc(&new.address, &token), "FENCE_STALE");
    let stranger = Server::start();
    assert_eq!(by_rpc(&stranger.address, &token), "LINEAGE_CHANGED");
    assert_eq!(by_rpc(&new.address, &copy.join("LOCK")), "FENCE_INVALID");
    let again = json(&["fence", "--server", &leader.address, "--token", text(&token)]);
    assert_eq!(again["was_fenced"], true);

    // The old leader follows the new one, and takes over from it in turn.
    let mut leader = leader;
    assert!(leader.terminate());
    let not_yet = refused(follow_command(&new.address, &data, &[]));
    assert_eq!(not_yet, "DATA_NOT_STANDBY");
    let mut standby = follow(&new, &data, &["--adopt"]);
    caught_up(&standby, durable(&new).await).await;
    assert!(standby.terminate());
    let promoted = json(&["promote", "--data", text(&data)]);
    assert_eq!(promoted["old_fenced"], true);
    // Of the generation after that of the leader that it followed.
    let epoch = promoted["epoch"].as_u64().expect("a number");
    assert_eq!((new.status().await.partitions[0].epoch >> 40, epoch >> 40), (1, 2));
    let back = Server::start_on(&data, &[]);
    let mut ledger = back.ledger().await;
    assert_eq!(balance(&mut ledger, "a").await, 110);
    for id in [1, 150, 205] {
        assert!(pay(&mut ledger, new_transfer(id, "bank", "a", 1)).await.replayed, "{id}");
    }
    assert_eq!(refused(serve(&copy)), "DATA_LOCKED", "the fenced one still runs");
}

/// A leader that was started again and has had no event since has a segment more than its standby. The promotion takes that too,
/// so that the old leader can follow.
#[tokio::test]
async fn the_last_segment_is_taken_without_an_event() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let mut leader = Server::start_on(&data, &[]);
    open_accounts(&mut leader.ledger().await).await;
    load(&leader, 1, 20).await;
    let mut standby = follow(&leader, &copy, &[]);
    let through = durable(&leader).await;
    caught_up(&standby, through).await;
    assert!(standby.terminate());
    leader.kill();
    let mut leader = Server::start_on(&data, &[]);
    assert_eq!(durable(&leader).await, through);
    let promoted = json(&["promote", "--data", text(&copy), "--old", &leader.address]);
    assert_eq!((&promoted["old_fenced"], &promoted["sequence"]), (&true.into(), &through.into()));
    assert!(leader.terminate());
    let new = Server::start_on(&copy, &[]);
    load(&new, 101, 20).await;
    let standby = follow(&new, &data, &["--adopt"]);
    caught_up(&standby, durable(&new).await).await;
}

#[tokio::test]
async fn metrics_are_documented() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let leader = Server::start();
    open_accounts(&mut leader.ledger().await).await;
    let standby = follow(&leader, &dir.path().join("copy"), &[]);
    caught_up(&standby, durable(&leader).await).await;
    let (status, _, body) = standby.http("GET", "/metrics");
    assert_eq!(status, 200);
    let served: BTreeSet<_> = body
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE florin_follow_"))
        .map(|rest| format!("florin_follow_{}", rest.split(' ').next().expect("a name")))
        .collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/METRICS.md");
    let page = std::fs::read_to_string(path).expect("docs/METRICS.md");
    let documented: BTreeSet<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `florin_follow_"))
        .filter_map(|rest| Some(format!("florin_follow_{}", rest.split('`').next()?)))
        .collect();
    assert_eq!(served, documented, "left: served; right: docs/METRICS.md");
    assert!(body.contains("\nflorin_follow_connected 1\n"), "{body}");
}
