//! Snapshots, and what else lies beside the journal, as an operator meets them: taken, listed, damaged, deleted, and started
//! from.

mod place;
mod sealed;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::time::{Duration, Instant};

use florin_proto::v1;
use serde_json::{Value, json};
use support::cli::{one, refused, run, text};
use support::*;

use place::{Place, damage, files_in};

/// Waits for something that comes by itself, soon.
async fn soon<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{what}: not within 20 seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn create(server: &Server) -> Value {
    one(server, "snapshot create")
}

#[tokio::test]
async fn taken_listed_and_deleted() {
    let server = Server::start();
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    assert_eq!(run(&server, "snapshot list"), (0, vec![]));
    let mut hold = new_transfer(1, "bank", "a", 7);
    hold.kind = v1::TransferKind::Hold.into();
    pay(&mut ledger, hold).await;

    let first = create(&server);
    for (key, value) in [
        ("status", json!("taken")),
        ("id", json!(1)),
        ("sequence", json!(7)),
        ("accounts", json!(4)),
        ("holds", json!(1)),
    ] {
        assert_eq!(first[key], value, "{key} in {first}");
    }
    assert!(first["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{first}");
    let taken_at = first["taken_at"].as_str().expect("a time");
    let line = format!(
        "snapshot 1 of {taken_at}: 4 accounts and 1 holds at event 7, {} bytes\n",
        first["bytes"]
    );
    assert_eq!(text(&server, "snapshot list"), line);

    pay(&mut ledger, new_transfer(2, "bank", "a", 1)).await;
    assert_eq!(create(&server)["sequence"], 8);
    create(&server);
    // The oldest of three went.
    let (_, listed) = run(&server, "snapshot list");
    let ids: Vec<_> = listed.iter().map(|listed| &listed["id"]).collect();
    assert_eq!(ids, [&json!(3), &json!(2)], "{listed:?}");
    let status = one(&server, "status");
    let partition = &status["partitions"][0];
    assert_eq!(
        (&partition["snapshot"]["id"], &partition["events_to_replay"]),
        (&json!(3), &json!(8))
    );

    let gone = json!({"status": "deleted", "id": 3, "was_there": true});
    assert_eq!(one(&server, "snapshot delete 3"), gone);
    assert_eq!(one(&server, "snapshot delete 3")["was_there"], false);
    assert_eq!(text(&server, "snapshot delete 2"), "snapshot 2 is deleted\n");
    assert_eq!(run(&server, "snapshot list"), (0, vec![]));
    assert_eq!(one(&server, "status")["partitions"][0]["snapshot"], Value::Null);
    // A number is not used twice while it is there: all are gone, so it begins again.
    assert_eq!(create(&server)["id"], 1);
}

/// Something of everything that a ledger remembers, before a snapshot and after it.
async fn story(server: &Server, part: u128) {
    let mut ledger = server.ledger().await;
    let id = part * 100;
    for transfer in [
        new_transfer(id + 1, "bank", "a", 500),
        new_transfer(id + 2, "a", "b", 120),
        v1::NewTransfer {
            id: Some((id + 3).into()),
            reverses: Some((id + 2).into()),
            ..Default::default()
        },
        v1::NewTransfer {
            kind: v1::TransferKind::Hold.into(),
            ..new_transfer(id + 4, "a", "b", 30)
        },
    ] {
        let answer = pay(&mut ledger, transfer).await;
        assert_eq!(why(answer.refusal.as_ref()), ("", ""), "{answer:?}");
    }
    let refused = pay(&mut ledger, new_transfer(id + 5, "b", "a", 1 << 40)).await;
    assert_eq!(why(refused.refusal.as_ref()).0, "INSUFFICIENT_FUNDS");
    let both = vec![new_transfer(id + 6, "bank", "a", 1), new_transfer(id + 7, "a", "b", 2)];
    let answer = group(&mut ledger, id + 8, both).await;
    assert!(answer.group.is_some_and(|group| group.refusal.is_none()));
    one(server, &format!("account create extra{part} --asset EUR"));
    one(
        server,
        &format!("pay --from a --to b --amount 1.00 --currency EUR --id {}", cli::id(id + 9)),
    );
}

/// What can be asked about all that.
async fn told(server: &Server) -> Vec<Value> {
    let (_, mut told) = run(server, "account list");
    for line in ["hold show", "payment show"] {
        for part in 1..=2 {
            let number = if line.starts_with("hold") { 4 } else { 9 };
            told.push(one(server, &format!("{line} {}", cli::id(part * 100 + number))));
        }
    }
    let mut ledger = server.ledger().await;
    let ids = (101..=109).chain(201..=209).map(v1::Uint128::from).collect();
    let found = ledger.get_transfers(v1::GetTransfersRequest { ids }).await.expect("answered");
    let v1::GetTransfersResponse { transfers, missing } = found.into_inner();
    assert_eq!((transfers.len(), missing.len()), (16, 2), "108 and 208 are groups");
    told.push(format!("{transfers:?}").into());
    told
}

/// Everything comes back the same from a snapshot and the journal behind it as from the journal alone, and what was promised
/// before is kept after.
#[tokio::test]
async fn a_start_from_a_snapshot_is_one_from_the_journal() {
    let place = Place::new();
    let mut server = Server::start_on(&place.data, &[]);
    open_accounts(&mut server.ledger().await).await;
    story(&server, 1).await;
    let snapshot = create(&server);
    story(&server, 2).await;
    let before = told(&server).await;
    let sequence = server.status().await.partitions[0].sequence;
    server.kill();

    let other = place.copy("other");
    fs::remove_dir_all(other.snapshots()).expect("removed");
    for (place, from) in [(&place, json!(1)), (&other, Value::Null)] {
        let mut server = Server::start_on(&place.data, &[]);
        let head = if from.is_null() { 0 } else { snapshot["sequence"].as_u64().unwrap() };
        // No segment was sealed when it stopped: ids come by replay, from the first event on.
        assert_eq!(server.ready["snapshot"], from, "{}", server.ready);
        assert_eq!(server.ready["events_replayed"], sequence, "{head}");
        assert_eq!(told(&server).await, before);
        let mut ledger = server.ledger().await;
        for part in 1..=2 {
            let again = pay(&mut ledger, new_transfer(part * 100 + 1, "bank", "a", 500)).await;
            assert!(again.replayed, "{again:?}");
            let again = pay(&mut ledger, new_transfer(part * 100 + 1, "bank", "a", 501)).await;
            assert_eq!(why(again.refusal.as_ref()), ("ID_REUSED", "amount"));
            let again = pay(&mut ledger, new_transfer(part * 100 + 5, "b", "a", 1 << 40)).await;
            assert!(again.replayed && again.refusal.is_some(), "{again:?}");
            one(&server, &format!("capture {}", cli::id(part * 100 + 4)));
            assert_eq!(
                refused(&server, &format!("account create extra{part} --asset JPY")),
                (1, "ID_REUSED".to_owned())
            );
        }
        assert!(server.terminate(), "it drains");
        // The digest that it recorded when it stopped is that of all events, replayed from the first on.
        let verified = place.verified();
        for (key, value) in
            [("ok", json!(true)), ("replay_equal", json!(true)), ("digests_checked", json!(1))]
        {
            assert_eq!(verified[key], value, "{key} in {verified}");
        }
    }
}

/// What was to fall due while nobody ran does so after a start from a snapshot: whether it was placed before or after it.
#[tokio::test]
async fn holds_fall_due_after_a_start_from_a_snapshot() {
    let place = Place::new();
    let mut server = Server::start_on(&place.data, &[]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    pay(&mut ledger, new_transfer(1, "bank", "a", 100)).await;
    let due_at_ns = now_ns() + 1_500_000_000;
    let hold = |id, at_due: v1::AtDue| v1::NewTransfer {
        kind: v1::TransferKind::Hold.into(),
        due_at_ns,
        at_due: at_due.into(),
        ..new_transfer(id, "a", "b", 10)
    };
    pay(&mut ledger, hold(2, v1::AtDue::Release)).await;
    create(&server);
    pay(&mut ledger, hold(3, v1::AtDue::Capture)).await;
    server.kill();
    let server = Server::start_on(&place.data, &[]);
    assert_eq!(server.ready["snapshot"], 1);
    let mut ledger = server.ledger().await;
    soon("the holds fall due", async || {
        (server.status().await.partitions[0].open_holds == 0).then_some(())
    })
    .await;
    assert!(now_ns() >= due_at_ns, "not before their time");
    assert_eq!((balance(&mut ledger, "a").await, balance(&mut ledger, "b").await), (90, 10));
}

fn now_ns() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.expect("after 1970").as_nanos()).expect("before 2554")
}

/// What is done to a data directory.
type Harm = fn(&Place);

#[tokio::test]
async fn a_damaged_snapshot_costs_time_and_nothing_else() {
    let place = Place::new();
    let mut server = Server::start_on(&place.data, &[]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    for id in 1..=2 {
        pay(&mut ledger, new_transfer(id, "bank", "a", 1)).await;
        create(&server);
    }
    server.kill();
    let newest = |place: &Place| place.snapshots().join("0000000002.sled/db");
    let other_manifest = |place: &Place| place.snapshots().join("0000000001.manifest");
    let harms: [(&str, Value, Harm); 4] = [
        ("nothing", json!(2), |_| ()),
        ("the newest", json!(1), |place| damage(&place.snapshots().join("0000000002.sled/db"))),
        ("its manifest is gone", json!(1), |place| {
            fs::remove_file(place.snapshots().join("0000000002.manifest")).expect("removed");
        }),
        ("both", Value::Null, |place| {
            damage(&place.snapshots().join("0000000002.sled/db"));
            damage(&place.snapshots().join("0000000001.manifest"));
        }),
    ];
    assert!(newest(&place).exists() && other_manifest(&place).exists());
    for (number, (what, from, harm)) in harms.into_iter().enumerate() {
        let place = place.copy(&format!("other{number}"));
        harm(&place);
        let (server, log) = place.start_logging();
        assert_eq!(server.ready["snapshot"], from, "{what}");
        assert_eq!(balance(&mut server.ledger().await, "a").await, 2, "{what}");
        // What is damaged stands in nobody's way.
        assert_eq!(create(&server)["status"], "taken", "{what}");
        drop(server);
        let log = fs::read_to_string(log).expect("a log");
        let told = log.contains("a snapshot could not be used") && log.contains("SNAPSHOT_DAMAGED");
        let is_damaged = matches!(what, "the newest" | "both");
        assert!(told == is_damaged || log.contains("damaged") == is_damaged, "{what}: {log}");
    }
}

#[tokio::test]
async fn without_a_folder_for_snapshots_it_serves() {
    let place = Place::new();
    let mut server = Server::start_on(&place.data, &[]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    pay(&mut ledger, new_transfer(1, "bank", "a", 1)).await;
    create(&server);
    server.kill();
    fs::remove_dir_all(place.snapshots()).expect("removed");
    fs::write(place.snapshots(), b"not a folder").expect("written");
    let (server, log) = place.start_logging();
    assert_eq!(server.ready["snapshot"], Value::Null);
    let mut ledger = server.ledger().await;
    assert!(pay(&mut ledger, new_transfer(1, "bank", "a", 1)).await.replayed);
    pay(&mut ledger, new_transfer(2, "bank", "a", 1)).await;
    assert_eq!(balance(&mut ledger, "a").await, 2);
    for line in ["snapshot create", "snapshot list", "snapshot delete 1"] {
        let (code, reason) = refused(&server, line);
        assert!(code != 0 && reason == "SNAPSHOT_FAILED", "{line}: {code} {reason}");
    }
    drop(server);
    let log = fs::read_to_string(log).expect("a log");
    assert!(log.contains("there are no snapshots"), "{log}");
    assert_eq!(fs::read(place.snapshots()).expect("still there"), b"not a folder");
}

#[tokio::test]
async fn taken_by_themselves() {
    for setting in [
        ("FLORIN_SNAPSHOTS__EVERY_SECONDS", "1"),
        ("FLORIN_SNAPSHOTS__EVERY_JOURNAL_BYTES", "65536"),
    ] {
        let server = Server::start_with(&[setting]);
        let mut ledger = server.ledger().await;
        open_accounts(&mut ledger).await;
        let mut next = 1;
        let mut taken = Vec::new();
        // Each takes a frame, and a frame 4 KiB.
        while taken.len() < 2 {
            assert!(next < 4_000, "{setting:?}: {taken:?}");
            for id in next..next + 20 {
                pay(&mut ledger, new_transfer(id, "bank", "a", 1)).await;
            }
            next += 20;
            tokio::time::sleep(Duration::from_millis(50)).await;
            taken = run(&server, "snapshot list").1;
        }
        assert!(taken[0]["sequence"].as_u64() > taken[1]["sequence"].as_u64(), "{taken:?}");
        // Nothing happens, so nothing is taken.
        let newest = soon("the last one", async || {
            let before = run(&server, "snapshot list").1;
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            (run(&server, "snapshot list").1 == before).then(|| before[0]["id"].clone())
        });
        assert!(newest.await.as_u64() >= Some(2), "{setting:?}");
    }
}

#[tokio::test]
async fn payments_go_on_meanwhile() {
    let place = Place::new();
    let mut server = Server::start_on(&place.data, &[]);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    // Enough for some pieces.
    let accounts = (0..20_000).map(|n| new_account(&format!("n{n}"), "EUR", v1::floor::Kind::Zero));
    for accounts in accounts.collect::<Vec<_>>().chunks(5_000) {
        let request = v1::CreateAccountsRequest { accounts: accounts.to_vec() };
        ledger.create_accounts(request).await.expect("answered");
    }
    let address = server.address.clone();
    let creating = tokio::task::spawn_blocking(move || {
        let mut taken = 0;
        while taken < 4 {
            let mut command = florin();
            command.args(["snapshot", "create", "--json", "--server", &address]);
            assert!(command.output().expect("it runs").status.success());
            taken += 1;
        }
    });
    let mut paid = 0_u64;
    while !creating.is_finished() {
        let transfers = (0..50).map(|n| {
            let to = format!("n{}", (paid + n) * 7_919 % 20_000);
            new_transfer(u128::from(paid + n + 1), "bank", &to, 1)
        });
        let answers = independent(&mut ledger, transfers.collect()).await;
        assert!(answers.iter().all(|answer| answer.refusal.is_none()), "{answers:?}");
        paid += 50;
    }
    creating.await.expect("snapshots were taken");
    assert!(paid >= 500, "only {paid} payments went on meanwhile");
    server.kill();
    let mut server = Server::start_on(&place.data, &[]);
    assert_eq!(server.ready["snapshot"], 4);
    assert_eq!(-balance(&mut server.ledger().await, "bank").await, i128::from(paid));
    assert!(server.status().await.partitions[0].conserved);
    assert!(server.terminate(), "it drains");
    assert_eq!(place.verified()["ok"], true);
    assert!(!files_in(&place.snapshots()).is_empty());
}
