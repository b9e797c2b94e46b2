//! Segments that are over have their index and their ids on disk, and in memory there is nothing of them. Whatever becomes of
//! these files, nothing is paid twice.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use florin_proto::v1;
use florin_proto::v1::get_balance_at_request::At;

use super::place::{Place, damage, files_in};
use super::soon;
use super::support::*;

/// Segments so small that the history lies over many, and generations of ids so small that they are forgotten.
const SMALL: [(&str, &str); 1] = [("FLORIN_JOURNAL__SEGMENT_BYTES", "262144")];
const BATCH: u128 = 400;
const PAID: u128 = 40 * BATCH;

/// The group of two that comes before everything else, and its members.
const GROUP: u128 = 1 << 64;

fn both() -> Vec<v1::NewTransfer> {
    vec![new_transfer(GROUP + 1, "bank", "b", 5), new_transfer(GROUP + 2, "bank", "b", 6)]
}

fn payment(id: u128) -> v1::NewTransfer {
    new_transfer(id, "bank", "a", 1)
}

/// A ledger of many segments, of which the first are sealed and forgotten.
async fn with_history(place: &Place) -> Server {
    let server = Server::start_on(&place.data, &SMALL);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    group(&mut ledger, GROUP, both()).await;
    for first in (1..=PAID).step_by(usize::try_from(BATCH).unwrap()) {
        let answers = independent(&mut ledger, (first..first + BATCH).map(payment).collect()).await;
        assert!(answers.iter().all(|answer| !answer.replayed && answer.refusal.is_none()));
    }
    all_sealed(&server).await;
    server
}

/// Waits until what is over has its index and its ids, all of it but the segment that is written.
async fn all_sealed(server: &Server) {
    soon("segments are sealed", async || {
        let status = server.status().await.partitions.remove(0);
        let sealed = status.ids_through.min(status.index_through);
        // A segment holds less than 1,500 of them.
        (sealed + 1_500 >= status.sequence).then_some(())
    })
    .await;
}

/// Ids of long ago are known, in every way in which one can ask.
async fn old_ids_are_known(server: &Server) {
    let mut ledger = server.ledger().await;
    let before = balance(&mut ledger, "a").await;
    for id in [1, 2, BATCH, PAID / 2, PAID] {
        let again = pay(&mut ledger, payment(id)).await;
        assert!(again.replayed && again.refusal.is_none(), "{id}: {again:?}");
        let reused = pay(&mut ledger, new_transfer(id, "bank", "a", 2)).await;
        assert_eq!(why(reused.refusal.as_ref()), ("ID_REUSED", "amount"), "{id}");
    }
    let ids: Vec<v1::Uint128> = [1, PAID / 2, PAID, GROUP + 1, 9 << 70].map(Into::into).into();
    let found = ledger.get_transfers(v1::GetTransfersRequest { ids }).await.expect("answered");
    let v1::GetTransfersResponse { transfers, missing } = found.into_inner();
    assert_eq!((transfers.len(), &missing[..]), (4, &[(9_u128 << 70).into()][..]));
    assert_eq!(transfers[0].amount, Some(1_u128.into()));
    let again = group(&mut ledger, GROUP, both()).await.group.expect("a group");
    assert!(again.replayed && again.refusal.is_none(), "{again:?}");
    let other = group(&mut ledger, GROUP, both().split_off(1)).await.group.expect("a group");
    assert_eq!(why(other.refusal.as_ref()).0, "ID_REUSED", "{other:?}");
    assert_eq!(balance(&mut ledger, "a").await, before, "nothing was paid for that");
}

async fn reverse(server: &Server, id: u128, original: u128) {
    let mut ledger = server.ledger().await;
    let before = balance(&mut ledger, "a").await;
    let reversal = v1::NewTransfer {
        id: Some(id.into()),
        reverses: Some(original.into()),
        ..Default::default()
    };
    let done = pay(&mut ledger, reversal.clone()).await;
    assert_eq!(why(done.refusal.as_ref()), ("", ""));
    let twice = v1::NewTransfer { id: Some((id + 1).into()), ..reversal };
    assert_eq!(why(pay(&mut ledger, twice).await.refusal.as_ref()).0, "ALREADY_REVERSED");
    assert_eq!(balance(&mut ledger, "a").await, before - 1);
}

/// What an account had at an event of long ago: found by the index of its segment.
async fn past(server: &Server) -> i128 {
    let mut ledger = server.ledger().await;
    let ids = vec![(PAID / 3).into()];
    let found = ledger.get_transfers(v1::GetTransfersRequest { ids }).await.expect("answered");
    let at = At::Sequence(found.into_inner().transfers[0].sequence);
    let request = v1::GetBalanceAtRequest { account: Some("a".into()), at: Some(at) };
    let then = ledger.get_balance_at(request).await.expect("answered").into_inner();
    then.balance.expect("a balance").into()
}

#[tokio::test]
async fn old_ids_are_known_for_good() {
    let place = Place::new();
    let mut server = with_history(&place).await;
    let status = server.status().await.partitions.remove(0);
    assert!(status.ids_in_memory < status.ids / 2, "most are forgotten: {status:?}");
    old_ids_are_known(&server).await;
    reverse(&server, GROUP + 10, 1).await;
    super::create(&server);
    server.kill();
    let mut server = Server::start_on(&place.data, &SMALL);
    assert_eq!(server.ready["snapshot"], 1);
    let replayed = server.ready["events_replayed"].as_u64().expect("a number");
    assert!(replayed < 3_000, "{replayed} of {PAID} events were replayed");
    old_ids_are_known(&server).await;
    reverse(&server, GROUP + 20, 2).await;
    assert!(server.terminate(), "it drains");
    assert_eq!(place.verified()["ok"], true);
}

/// What is done to a data directory.
type Harm = fn(&Place);

fn damage_all(dir: &Path) {
    for file in files_in(dir) {
        damage(&file);
    }
}

fn remove_all(dir: &Path) {
    for file in files_in(dir) {
        fs::remove_file(file).expect("removed");
    }
}

#[tokio::test]
async fn what_lies_beside_the_journal_is_made_again_after_a_start() {
    let place = Place::new();
    let mut server = with_history(&place).await;
    super::create(&server);
    let past_before = past(&server).await;
    server.kill();
    let harms: [(&str, Harm); 5] = [
        ("ids are gone", |place| fs::remove_dir_all(place.ids()).expect("removed")),
        ("indexes are gone", |place| fs::remove_dir_all(place.sealed()).expect("removed")),
        ("ids are damaged", |place| damage_all(&place.ids())),
        ("indexes are damaged", |place| {
            damage_all(&place.sealed());
        }),
        ("some of both are gone", |place| {
            for dir in [place.ids(), place.sealed()] {
                for file in files_in(&dir).into_iter().skip(1).step_by(2) {
                    fs::remove_file(file).expect("removed");
                }
            }
        }),
    ];
    for (what, harm) in harms {
        let place = place.copy("harmed");
        harm(&place);
        let mut server = Server::start_on(&place.data, &SMALL);
        assert_eq!(server.ready["snapshot"], 1, "{what}");
        paid_once(&server, what).await;
        assert_eq!(past(&server).await, past_before, "{what}");
        all_sealed(&server).await;
        old_ids_are_known(&server).await;
        assert_eq!(past(&server).await, past_before, "{what}");
        assert!(server.terminate(), "{what}");
        assert_eq!(place.verified()["ok"], true, "{what}");
    }
}

/// Asks for old ids again, all over the history, until every one has its first answer again. Until then there may be clear
/// errors, and never a second payment.
async fn paid_once(server: &Server, what: &str) {
    let mut ledger = server.ledger().await;
    let before = balance(&mut ledger, "a").await;
    let began = Instant::now();
    loop {
        let mut errors = 0;
        for id in (1..=PAID).step_by(97) {
            let request =
                v1::CreateTransfersRequest { transfers: vec![payment(id)], ..Default::default() };
            match ledger.create_transfers(request).await {
                Ok(answer) => {
                    let answer = &answer.get_ref().results[0];
                    assert!(answer.replayed && answer.refusal.is_none(), "{what} {id}: {answer:?}");
                }
                Err(status) => {
                    assert_eq!(reason(&status), "JOURNAL_UNREADABLE", "{what} {id}: {status:?}");
                    errors += 1;
                }
            }
        }
        assert_eq!(balance(&mut ledger, "a").await, before, "{what}");
        if errors == 0 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{what}: {errors} errors still");
    }
}

#[tokio::test]
async fn what_lies_beside_the_journal_is_made_again_while_it_runs() {
    let harms: [(&str, Harm); 4] = [
        ("ids are damaged", |place| damage_all(&place.ids())),
        ("indexes are damaged", |place| {
            damage_all(&place.sealed());
        }),
        ("ids are gone", |place| {
            remove_all(&place.ids());
        }),
        ("indexes are gone", |place| {
            remove_all(&place.sealed());
        }),
    ];
    let place = Place::new();
    let mut server = with_history(&place).await;
    let past_before = past(&server).await;
    server.kill();
    for (what, harm) in harms {
        let place = place.copy("harmed");
        let mut server = Server::start_on(&place.data, &SMALL);
        all_sealed(&server).await;
        harm(&place);
        paid_once(&server, what).await;
        assert_eq!(past(&server).await, past_before, "{what}");
        // Meanwhile more is paid and sealed, and what was there before is merged with it.
        let mut ledger = server.ledger().await;
        let new = GROUP + 1_000;
        for first in (new..new + 10 * BATCH).step_by(usize::try_from(BATCH).unwrap()) {
            independent(&mut ledger, (first..first + BATCH).map(payment).collect()).await;
        }
        paid_once(&server, what).await;
        all_sealed(&server).await;
        old_ids_are_known(&server).await;
        reverse(&server, GROUP + 10, 1).await;
        assert_eq!(past(&server).await, past_before, "{what}");
        assert!(server.terminate(), "{what}: it runs still, and drains");
        assert_eq!(place.verified()["ok"], true, "{what}");
    }
}
