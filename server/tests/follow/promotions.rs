//! Promotions that are not alone, and fences that are hard to set.

use super::*;

/// Two standbys of one leader, and one promotion: whoever comes second is told.
#[tokio::test]
async fn one_of_two_standbys_takes_over() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name);
    let (data, first, second) = (at("data"), at("first"), at("second"));
    let leader = Server::start_on(&data, &[]);
    open_accounts(&mut leader.ledger().await).await;
    load(&leader, 1, 20).await;
    for copy in [&first, &second] {
        let mut standby = follow(&leader, copy, &[]);
        caught_up(&standby, durable(&leader).await).await;
        assert!(standby.terminate());
    }
    let promoted = json(&["promote", "--data", text(&first)]);
    assert_eq!((&promoted["old_fenced"], &promoted["old_kept"]), (&true.into(), &true.into()));
    for again in 0..2 {
        let refusal = refused(florin_with(&["promote", "--data", text(&second)]));
        assert_eq!(refusal, "FENCE_TAKEN", "{again}");
    }
    assert!(second.join("STANDBY").exists() && !second.join("FENCE").exists());
    assert_eq!(refused(serve(&second)), "DATA_STANDBY");
    // It follows who was promoted.
    let mut new = Server::start_on(&first, &[]);
    load(&new, 101, 20).await;
    let mut standby = follow(&new, &second, &[]);
    caught_up(&standby, durable(&new).await).await;
    assert!(standby.terminate());
    let promoted = json(&["promote", "--data", text(&second)]);
    assert_eq!(promoted["old_fenced"], true, "what was tried before does not stand in the way");
    assert!(new.terminate());
    drop(leader);

    // Which fences the first leader too, and its directory never goes back to the one before.
    let fence = |token: &Path| {
        florin_with(&["fence", "--data", text(&data), "--token", text(&token.join("FENCE"))])
    };
    assert!(fence(&second).output().expect("it runs").status.success());
    assert_eq!(refused(fence(&first)), "FENCE_STALE");
}

/// With the leader dead, nobody can tell two promotions of one another: they do not get the same epoch, and one fences the
/// old leader's directory.
#[tokio::test]
async fn two_promotions_of_a_dead_leader() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name);
    let (data, first, second) = (at("data"), at("first"), at("second"));
    let mut leader = Server::start_on(&data, &[]);
    open_accounts(&mut leader.ledger().await).await;
    load(&leader, 1, 20).await;
    for copy in [&first, &second] {
        let mut standby = follow(&leader, copy, &[]);
        caught_up(&standby, durable(&leader).await).await;
        assert!(standby.terminate());
    }
    let through = durable(&leader).await;
    leader.kill();
    let mut epochs = [&first, &second].map(|copy| {
        let seen = LeaderSeen::read(&RealDisk, copy).expect("readable").expect("it was noted");
        assert_eq!(seen.durable_through, through);
        let promoted = json(&["promote", "--data", text(copy)]);
        assert_eq!(
            (&promoted["old_fenced"], &promoted["sequence"]),
            (&false.into(), &through.into())
        );
        (promoted["epoch"].as_u64().expect("a number"), copy)
    });
    assert_ne!(epochs[0].0, epochs[1].0);
    let fence = |of: &Path, token: &Path| {
        florin_with(&["fence", "--data", text(of), "--token", text(&token.join("FENCE"))])
    };
    assert!(fence(&data, &first).output().expect("it runs").status.success());
    assert_eq!(refused(fence(&data, &second)), "FENCE_TAKEN");
    // Neither has served yet: the higher one stays, and the other one gives way to it.
    epochs.sort_unstable_by_key(|(epoch, _)| *epoch);
    let [(_, lower), (_, higher)] = epochs;
    assert_eq!(refused(fence(higher, lower)), "FENCE_STALE");
    assert_eq!(refused(fence(higher, higher)), "FENCE_STALE", "its own");
    assert!(fence(lower, higher).output().expect("it runs").status.success());
    assert_eq!(refused(serve(lower)), "DATA_FENCED");
    assert!(Server::start_on(higher, &[]).terminate());
}

/// Who was told of events that the promoted copy lacks does not go on over others with the same numbers.
#[tokio::test]
async fn a_subscriber_is_not_led_over_a_promotion() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let copy = dir.path().join("copy");
    let mut leader = Server::start();
    open_accounts(&mut leader.ledger().await).await;
    load(&leader, 1, 20).await;
    let mut standby = follow(&leader, &copy, &[]);
    let through = durable(&leader).await;
    caught_up(&standby, through).await;
    assert!(standby.terminate());
    // The last cursor of what the copy has, and that of what it has not.
    let common = told(&leader, None, through).await;
    load(&leader, 101, 10).await;
    let lost = told(&leader, Some(common.clone()), through + 10).await;
    assert_eq!(told(&leader, Some(lost.clone()), 0).await, lost, "there it goes on");
    leader.kill();
    json(&["promote", "--data", text(&copy), "--old-is-gone"]);
    let new = Server::start_on(&copy, &[]);
    let refused = next(&new, lost.clone()).await.expect_err("past the end");
    assert_eq!(reason(&refused), "CURSOR_AHEAD");
    load(&new, 201, 50).await;
    let refused = next(&new, lost).await.expect_err("other events");
    assert_eq!(
        (reason(&refused).as_str(), refused.code()),
        ("LINEAGE_CHANGED", FailedPrecondition)
    );
    told(&new, Some(common), through + 50).await;
}

async fn next(
    server: &Server,
    cursor: String,
) -> Result<tonic::Streaming<v1::EventBatch>, tonic::Status> {
    let mut events = EventServiceClient::connect(server.address.clone()).await.expect("connects");
    let from = Some(v1::subscribe_request::From::Cursor(cursor));
    let request = v1::SubscribeRequest { from, ..Default::default() };
    Ok(events.subscribe(request).await?.into_inner())
}

/// Reads from a cursor, or from the beginning, until an event was told; the cursor behind it. With 0: until the first batch.
async fn told(server: &Server, from: Option<String>, through: u64) -> String {
    let feed = match from {
        Some(cursor) => next(server, cursor).await,
        None => subscribe(server).await,
    };
    let mut feed = feed.expect("a feed");
    loop {
        let batch = feed.message().await.expect("a batch").expect("it goes on");
        if through == 0 || batch.events.last().is_some_and(|last| last.sequence >= through) {
            return batch.cursor;
        }
    }
}

/// What is known to be missing is said before a copy is promoted without it.
#[tokio::test]
async fn a_copy_that_is_behind() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let copy = dir.path().join("copy");
    let mut leader = Server::start();
    open_accounts(&mut leader.ledger().await).await;
    load(&leader, 1, 20).await;
    let mut standby = follow(&leader, &copy, &[]);
    caught_up(&standby, durable(&leader).await).await;
    assert!(standby.terminate());
    leader.kill();
    let seen = LeaderSeen::read(&RealDisk, &copy).expect("readable").expect("it was noted");
    let ahead = LeaderSeen { durable_through: seen.durable_through + 7, ..seen };
    ahead.note(&RealDisk, &copy).expect("noted");
    let output = florin().args(["promote", "--data", text(&copy)]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("PROMOTE_BEHIND") && said.contains("7 events at least"), "{said}");
    assert_eq!(refused(serve(&copy)), "DATA_STANDBY");
    // A token that cannot be written is found out before, and not after.
    let nowhere = dir.path().join("nowhere").join("token");
    let mut promote = florin_with(&["promote", "--data", text(&copy), "--lose"]);
    promote.args(["--token", text(&nowhere)]);
    assert_eq!(refused(promote), "DATA_IO");
    assert_eq!(refused(serve(&copy)), "DATA_STANDBY");
    let promoted = json(&["promote", "--data", text(&copy), "--lose"]);
    assert_eq!(promoted["sequence"], seen.durable_through);
    assert_eq!(LeaderSeen::read(&RealDisk, &copy).expect("readable"), None);
    assert!(Server::start_on(&copy, &[]).terminate());
}

/// A leader whose disk does not take the fence is fenced as long as it runs, and gives what it has.
#[tokio::test]
async fn a_fence_that_cannot_be_kept() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let mut leader = Server::start_on(&data, &[("FLORIN_METRICS__LISTEN", "127.0.0.1:0")]);
    open_accounts(&mut leader.ledger().await).await;
    let mut standby = follow(&leader, &copy, &[]);
    caught_up(&standby, durable(&leader).await).await;
    assert!(standby.terminate());
    load(&leader, 1, 20).await;
    let through = durable(&leader).await;
    std::fs::create_dir(data.join("FENCED.tmp")).expect("in the way");
    let promoted = json(&["promote", "--data", text(&copy)]);
    assert_eq!((&promoted["old_fenced"], &promoted["old_kept"]), (&true.into(), &false.into()));
    assert_eq!(promoted["sequence"], through);
    let problem = promoted["old_problem"].as_str().expect("a problem");
    assert!(problem.starts_with("DATA_IO: "), "{problem}");
    answers_nothing(&leader).await;
    // Once there is room it is kept, by the same token, which has a later event in it now.
    let token = copy.join("FENCE");
    std::fs::remove_dir(data.join("FENCED.tmp")).expect("out of the way");
    let again = json(&["fence", "--server", &leader.address, "--token", text(&token)]);
    assert_eq!((&again["was_fenced"], &again["problem"]), (&true.into(), &serde_json::Value::Null));
    assert!(leader.terminate());
    assert_eq!(refused(serve(&data)), "DATA_FENCED");

    // It is made the leader again: by a promotion of its own, of a later generation.
    let unknown = refused(florin_with(&["promote", "--data", text(&data)]));
    assert_eq!(unknown, "PROMOTE_OLD_UNKNOWN");
    let promoted = json(&["promote", "--data", text(&data), "--old-is-gone"]);
    assert_eq!(promoted["epoch"].as_u64().map(|it| it >> 40), Some(2));
    assert!(Server::start_on(&data, &[]).terminate());
    json(&["fence", "--data", text(&copy), "--token", text(&data.join("FENCE"))]);
    assert_eq!(refused(serve(&copy)), "DATA_FENCED");
}

/// Whoever asks for a fence and hangs up has fenced.
#[tokio::test]
async fn a_fence_goes_on_without_its_caller() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let mut leader = Server::start_on(&data, &[]);
    open_accounts(&mut leader.ledger().await).await;
    let mut standby = follow(&leader, &copy, &[]);
    caught_up(&standby, durable(&leader).await).await;
    assert!(standby.terminate());
    json(&["promote", "--data", text(&copy), "--old-is-gone", "--place", "elsewhere"]);
    let token = std::fs::read(copy.join("FENCE")).expect("a token");
    let mut feed = subscribe(&leader).await.expect("a feed");
    let mut client = ReplicationServiceClient::connect(leader.address.clone()).await.unwrap();
    let asking = tokio::spawn(async move { client.fence(v1::FenceRequest { token }).await });
    while leader.status().await.accepting {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    asking.abort();
    let ended = tokio::time::timeout(WAIT_MAX, async {
        loop {
            if let Err(status) = feed.message().await {
                break status;
            }
        }
    });
    assert_eq!(reason(&ended.await.expect("an end")), "FENCED");
    let kept = read_role(&RealDisk, &data, Role::Fenced).expect("readable").expect("it is kept");
    assert_eq!(kept.place, "elsewhere");
    assert!(leader.terminate());
}
