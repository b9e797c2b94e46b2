//! Whom a standby follows, and whom it does not.

use super::*;

#[tokio::test]
async fn who_is_not_followed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let mut leader = Server::start_on(&data, &[]);
    open_accounts(&mut leader.ledger().await).await;
    let mut standby = follow(&leader, &copy, &[]);
    load(&leader, 1, 20).await;
    caught_up(&standby, durable(&leader).await).await;

    // A standby says what it is, and how far.
    let status = json(&["status", "--server", &standby.address]);
    assert_eq!(
        (&status["not_accepting_reason"], &status["followed_through"], &status["connected"]),
        (&"STANDBY".into(), &durable(&leader).await.into(), &true.into())
    );
    let shown = run(&["status", "--server", &standby.address]);
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.contains("followed through") && shown.contains(&leader.address), "{shown}");
    let mut ledger = standby.ledger().await;
    let request = v1::GetAccountsRequest { accounts: vec!["a".into()] };
    let status = ledger.get_accounts(request).await.expect_err("not served");
    assert_eq!(status.code(), tonic::Code::Unimplemented);
    let (status, _, body) = standby.http("GET", "/healthz");
    assert_eq!((status, body.trim()), (503, "STANDBY"));
    let fence = v1::FenceRequest::default();
    let mut client = ReplicationServiceClient::connect(standby.address.clone()).await.unwrap();
    let status = client.fence(fence.clone()).await.expect_err("refused");
    assert_eq!(reason(&status), "NOT_LEADER");
    let mut client = ReplicationServiceClient::connect(leader.address.clone()).await.unwrap();
    assert_eq!(reason(&client.fence(fence).await.expect_err("refused")), "FENCE_INVALID");
    let asked = client.get_follow_status(v1::GetFollowStatusRequest {}).await;
    assert_eq!(reason(&asked.expect_err("refused")), "NOT_STANDBY");
    assert_eq!(refused(florin_with(&["promote", "--data", text(&copy)])), "DATA_LOCKED");
    assert!(standby.terminate());

    // Another ledger; and the same one as it was before.
    let stranger = Server::start();
    let refusal = refused(follow_command(&stranger.address, &copy, &[]));
    assert_eq!(refusal, "LINEAGE_CHANGED");
    assert!(leader.terminate());
    let earlier = dir.path().join("earlier");
    assert!(Command::new("cp").arg("-r").arg(&data).arg(&earlier).status().unwrap().success());
    let leader = Server::start_on(&data, &[]);
    load(&leader, 1_001, 10).await;
    let mut standby = follow(&leader, &copy, &[]);
    caught_up(&standby, durable(&leader).await).await;
    assert!(standby.terminate());
    let older = Server::start_on(&earlier, &[]);
    assert_eq!(refused(follow_command(&older.address, &copy, &[])), "FOLLOW_AHEAD");
    load(&older, 2_001, 500).await;
    assert_eq!(refused(follow_command(&older.address, &copy, &[])), "FOLLOW_DIVERGED");
    assert_eq!(refused(florin_with(&["promote", "--data", text(&earlier)])), "DATA_LOCKED");
    assert!(!earlier.join("STANDBY").exists());

    // A restored backup goes on from what it has.
    let backup = dir.path().join("backup");
    let mut older = older;
    assert!(older.terminate());
    drop(leader);
    assert!(Command::new("cp").arg("-r").arg(&data).arg(&backup).status().unwrap().success());
    let leader = Server::start_on(&data, &[]);
    load(&leader, 3_001, 10).await;
    assert_eq!(refused(follow_command(&leader.address, &backup, &[])), "DATA_NOT_STANDBY");
    let standby = follow(&leader, &backup, &["--adopt", "--replay"]);
    caught_up(&standby, durable(&leader).await).await;
    assert_eq!(refused(florin_with(&["promote", "--data", text(&data)])), "DATA_LOCKED");
}

/// What was restored or forked is another history: it does not follow the original, the original's standby does not follow
/// it, and it has standbys of its own.
#[tokio::test]
async fn restored_and_forked_ledgers() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name);
    let (data, copy, place) = (at("data"), at("copy"), at("backups"));
    let small = ("FLORIN_JOURNAL__SEGMENT_BYTES", "65536");
    let leader = Server::start_on(&data, &[small]);
    open_accounts(&mut leader.ledger().await).await;
    load(&leader, 1, 300).await;

    // Backed up while it is followed.
    let mut standby = follow(&leader, &copy, &[]);
    json(&["backup", "--to", text(&place), "--server", &leader.address]);
    load(&leader, 1_001, 50).await;
    caught_up(&standby, durable(&leader).await).await;
    assert!(standby.terminate());
    let follows = std::fs::read(copy.join("STANDBY")).expect("it says whom it follows");

    // A backup restored as the same history goes on from what it has.
    let seed = at("seed");
    json(&["restore", "--from", text(&place), "--data", text(&seed), "--same-lineage"]);
    assert_eq!(refused(follow_command(&leader.address, &seed, &[])), "DATA_NOT_STANDBY");
    let mut standby = follow(&leader, &seed, &["--adopt", "--replay"]);
    caught_up(&standby, durable(&leader).await).await;
    assert!(standby.terminate());
    assert_eq!(refused(serve(&seed)), "DATA_STANDBY");

    for (name, serving, refusal) in
        [("restored", &[][..], None), ("fork", &["--fork"][..], Some("DATA_FORK"))]
    {
        let (own, own_copy) = (at(name), at(&format!("{name}-copy")));
        let from = ["--from", text(&place)];
        if name == "fork" {
            json(&["fork", from[0], from[1], "--to", text(&own)]);
        } else {
            json(&["restore", from[0], from[1], "--data", text(&own)]);
        }
        let adopt = refused(follow_command(&leader.address, &own, &["--adopt"]));
        assert_eq!(adopt, "LINEAGE_CHANGED", "{name}");
        assert!(!own.join("STANDBY").exists(), "{name}: nothing has changed");

        let serve_it = |data: &Path| {
            let mut command =
                florin_with(&["serve", "--listen", "127.0.0.1:0", "--data", text(data)]);
            command.args(serving).env(small.0, small.1);
            command
        };
        let mut branch = Server::started(serve_it(&own), &own);
        load(&branch, 5_001, 300).await;
        for original in [&copy, &seed] {
            let refusal = refused(follow_command(&branch.address, original, &[]));
            assert_eq!(refusal, "LINEAGE_CHANGED", "{name}");
        }
        assert_eq!(std::fs::read(copy.join("STANDBY")).unwrap(), follows, "{name}: as it was");

        // Its own standby gets what was before it too, is promoted, and is of the same kind.
        let mut standby = follow(&branch, &own_copy, &["--replay"]);
        let status = caught_up(&standby, durable(&branch).await).await;
        assert_eq!(status.lineage, branch.status().await.lineage, "{name}");
        branch.kill();
        assert!(standby.terminate());
        json(&["promote", "--data", text(&own_copy), "--old-is-gone"]);
        if let Some(refusal) = refusal {
            assert_eq!(refused(serve(&own_copy)), refusal);
        }
        let mut promoted = Server::started(serve_it(&own_copy), &own_copy);
        let mut ledger = promoted.ledger().await;
        for id in [1, 300, 5_001, 5_300] {
            assert!(
                pay(&mut ledger, new_transfer(id, "bank", "a", 1)).await.replayed,
                "{name} {id}"
            );
        }
        let fresh = pay(&mut ledger, new_transfer(1_001, "bank", "a", 1)).await;
        assert!(!fresh.replayed, "{name}: that is of another history");
        assert_eq!(balance(&mut ledger, "a").await, 601, "{name}");
        assert!(promoted.terminate());
        let verified = run(&["verify", "--data", text(&own_copy)]);
        assert!(verified.status.success(), "{name}: {}", String::from_utf8_lossy(&verified.stderr));
    }
}

/// A former leader that has written on its own after it was replaced is not led into the other history, and stays what it was.
#[tokio::test]
async fn a_diverged_leader_is_not_adopted() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let mut leader = Server::start_on(&data, &[]);
    open_accounts(&mut leader.ledger().await).await;
    let mut standby = follow(&leader, &copy, &[]);
    caught_up(&standby, durable(&leader).await).await;
    assert!(standby.terminate());
    load(&leader, 1, 20).await;
    leader.kill();
    json(&["promote", "--data", text(&copy), "--old-is-gone"]);
    let new = Server::start_on(&copy, &[]);
    load(&new, 1_001, 300).await;
    assert_eq!(refused(follow_command(&new.address, &data, &["--adopt"])), "FOLLOW_DIVERGED");
    assert!(!data.join("STANDBY").exists() && !data.join("standby.leader").exists());
    let mut leader = Server::start_on(&data, &[]);
    assert_eq!(balance(&mut leader.ledger().await, "a").await, 20, "it is what it was");
    assert!(leader.terminate());
}

/// Who ships nothing is not fenced from afar either; and what no standby asks for is refused.
#[tokio::test]
async fn what_is_not_served() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let off = Server::start_with(&[("FLORIN_REPLICATION__SERVE", "false")]);
    let copy = dir.path().join("copy");
    assert_eq!(refused(follow_command(&off.address, &copy, &[])), "REPLICATION_OFF");
    let mut client = ReplicationServiceClient::connect(off.address.clone()).await.unwrap();
    let refusal = client.fence(v1::FenceRequest::default()).await.expect_err("refused");
    assert_eq!(reason(&refusal), "REPLICATION_OFF");
    let leader = Server::start();
    let mut client = ReplicationServiceClient::connect(leader.address.clone()).await.unwrap();
    let header_hash = vec![0; 32];
    for offset in [1, 4_095, 4_097, u64::MAX] {
        let request = v1::FollowRequest {
            segment: 1,
            offset,
            header_hash: header_hash.clone(),
            ..Default::default()
        };
        let refusal = client.follow(request).await.expect_err("refused");
        assert_eq!(reason(&refusal), "FILTER_INVALID", "{offset}");
    }
}
