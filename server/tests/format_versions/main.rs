//! Data directories of earlier releases: this one opens them, goes on where they stopped, and leaves alone what a later
//! one wrote. `docs/VERSIONS.md` is what is promised.

mod calls;
mod json;
mod keep;
mod kept;
mod state;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use calls::{Answer, Call, Clients, Exchange};
use florin_proto::v1::{self, event::Body};
use kept::Kept;
use serde_json::Value;
use state::State;
use support::*;

/// `florin verify --json`, which must not touch anything.
fn verify(data: &Path) -> Value {
    let before = kept::hashes(data);
    let output = florin().arg("verify").arg("--data").arg(data).arg("--json").output();
    assert_eq!(kept::hashes(data), before, "verify has touched something");
    serde_json::from_slice(&output.expect("it runs").stdout).expect("JSON")
}

fn assert_good(report: &Value, of: &str) {
    for key in ["ok", "chain_whole", "replay_equal", "conserved"] {
        assert_eq!(report[key], true, "{of}: {key} in {report}");
    }
}

/// Kept small on purpose, and yet everything is in it that an old journal can have.
#[test]
fn everything_is_in_them() {
    for Kept { name, verify, state, exchanges, .. } in kept::all() {
        let number = |key: &str| verify[key].as_u64().unwrap_or_else(|| panic!("{name}: {key}"));
        assert!(number("segments") >= 5 && number("digests_checked") == 2, "{name}: {verify}");
        assert!(number("unacknowledged_tail_bytes") > 0, "{name}: {verify}");
        let answers = exchanges.iter().filter_map(|exchange| match &exchange.answer {
            Answer::CreateTransfers(answer) => Some(answer),
            _ => None,
        });
        let refused = |group: &v1::GroupResult| group.refusal.is_some();
        let groups: BTreeSet<bool> =
            answers.clone().filter_map(|answer| answer.group.as_ref().map(refused)).collect();
        assert_eq!(groups.len(), 2, "{name}: a group posted and one refused");
        let refusals = answers.flat_map(|answer| &answer.results);
        let refusals: BTreeSet<_> = refusals.map(|result| why(result.refusal.as_ref()).0).collect();
        for reason in ["INSUFFICIENT_FUNDS", "ACCOUNT_FROZEN", "ALREADY_REVERSED"] {
            assert!(refusals.contains(reason), "{name}: {reason} in {refusals:?}");
        }
        let account = |name: &str| state.accounts.iter().find(|account| account.name == name);
        assert_eq!(account("alice").expect("alice").metadata["tier"], "gold", "{name}");
        if state.holds.is_empty() {
            continue;
        }
        assert!(refusals.contains("CEILING_EXCEEDED"), "{name}: {refusals:?}");
        let states: BTreeSet<_> = state.holds.iter().map(|hold| hold.state).collect();
        assert_eq!(states.len(), 4, "{name}: holds open, captured, released, expired");
        let states: BTreeSet<_> = state.payments.iter().map(|payment| payment.state).collect();
        assert!(states.len() >= 4, "{name}: payments in {states:?}");
    }
}

#[test]
fn they_verify() {
    for kept in kept::all() {
        let data = kept.unpack();
        let report = verify(data.path());
        assert_good(&report, &kept.name);
        assert_eq!(report["format"], 1, "{}", kept.name);
        let then = kept.verify.as_object().expect("an object");
        // The digest that is printed is of this release's kind.
        for (key, value) in then.iter().filter(|(key, _)| *key != "digest") {
            assert_eq!(&report[key], value, "{}: {key}", kept.name);
        }
    }
}

#[tokio::test]
async fn they_open_and_go_on() {
    for kept in kept::all() {
        let (name, data) = (&kept.name, kept.unpack());
        let mut server = Server::start_on(data.path(), &[]);
        let state = State::of(&server, &kept.exchanges).await;
        assert_same_state(name, &state, &kept.state);
        assert_events_told(name, &state.events, &kept);
        let mut clients = Clients::connect(&server).await;
        for exchange in &kept.exchanges {
            assert_same_answer(name, &mut clients, exchange).await;
        }
        assert_ids_taken(name, &mut clients, &kept.exchanges).await;
        let again = State::of(&server, &kept.exchanges).await;
        assert_same_state(name, &again, &kept.state);

        let mut ledger = server.ledger().await;
        let before = balance(&mut ledger, "alice").await;
        let hold = v1::NewTransfer {
            kind: v1::TransferKind::Hold.into(),
            ..new_transfer(2, "alice", "bank", 30)
        };
        for transfer in [new_transfer(1, "bank", "alice", 77), hold] {
            let result = pay(&mut ledger, transfer).await;
            assert!(result.refusal.is_none() && !result.replayed, "{name}: {result:?}");
        }
        assert_eq!(balance(&mut ledger, "alice").await, before + 77, "{name}");
        assert!(server.terminate(), "{name}");

        let report = verify(data.path());
        assert_good(&report, name);
        let number = |report: &Value, key: &str| report[key].as_u64().expect("a number");
        let posted = number(&kept.verify, "transfers_posted");
        assert_eq!(number(&report, "transfers_posted"), posted + 2, "{name}");
        assert_eq!(number(&report, "digests_checked"), 3, "{name}: {report}");

        let server = Server::start_on(data.path(), &[]);
        let all = State::of(&server, &kept.exchanges).await.events;
        let (old, new) = all.split_at(state.events.len());
        assert!(old == state.events, "{name}: the feed tells the past differently");
        let kinds: Vec<_> = new.iter().map(v1::Event::kind).collect();
        let expected =
            [v1::EventKind::TransferPosted, v1::EventKind::Hold, v1::EventKind::Checkpoint];
        assert_eq!(kinds, expected, "{name}");
    }
}

/// What the release that wrote it said of it; events apart, if it had no feed yet.
fn assert_same_state(name: &str, now: &State, then: &State) {
    assert_eq!(now.status, then.status, "{name}");
    assert_eq!(now.accounts, then.accounts, "{name}");
    assert_eq!(now.holds, then.holds, "{name}");
    assert_eq!(now.payments, then.payments, "{name}");
    for (now, then) in now.events.iter().zip(&then.events) {
        assert_eq!(&as_told_by(now, then), then, "{name}");
    }
    assert!(then.events.is_empty() || now.events.len() == then.events.len(), "{name}");
}

/// An event without what the release that told it then did not tell.
fn as_told_by(now: &v1::Event, then: &v1::Event) -> v1::Event {
    let mut now = now.clone();
    if let (Some(Body::Transfer(now)), Some(Body::Transfer(then))) = (&mut now.body, &then.body)
        && then.credit_pending_after.is_none()
    {
        now.credit_pending_after = None;
    }
    now
}

/// Every event, in order, and with what was answered then.
fn assert_events_told(name: &str, events: &[v1::Event], kept: &Kept) {
    let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    let last = kept.verify["sequence"].as_u64().expect("a number");
    assert_eq!(sequences, (1..=last).collect::<Vec<_>>(), "{name}");
    let told: BTreeMap<u64, u128> = events
        .iter()
        .filter_map(|event| match event.body.as_ref()? {
            Body::Transfer(transfer) => Some((event.sequence, transfer.id?.into())),
            _ => None,
        })
        .collect();
    let mut answered = 0;
    for exchange in &kept.exchanges {
        for (id, sequence) in exchange.answer.journaled(&exchange.call) {
            assert_eq!(told.get(&sequence), Some(&id), "{name}: {sequence}");
            answered += 1;
        }
    }
    assert!(answered > 150, "{name}: {answered}");
}

/// An id that was used is answered as the first time.
async fn assert_same_answer(name: &str, clients: &mut Clients, exchange: &Exchange) {
    let answer =
        exchange.call.make(clients).await.unwrap_or_else(|fault| panic!("{name}: {fault}"));
    let (now, replayed) = answer.first_time();
    let (then, _) = exchange.answer.clone().first_time();
    assert_eq!(now, then, "{name}");
    assert!(replayed, "{name}: decided anew: {exchange:?}");
}

/// With other content an id that was used is refused.
async fn assert_ids_taken(name: &str, clients: &mut Clients, exchanges: &[Exchange]) {
    let mut transfers = Vec::new();
    for exchange in exchanges {
        let (Call::CreateTransfers(asked), Answer::CreateTransfers(answer)) =
            (&exchange.call, &exchange.answer)
        else {
            continue;
        };
        let known = asked.transfers.iter().zip(&answer.results);
        let known = known.filter(|(_, result)| result.sequence != 0);
        transfers.extend(
            known.map(|(transfer, _)| v1::NewTransfer {
                code: transfer.code + 1,
                ..transfer.clone()
            }),
        );
    }
    assert!(transfers.len() > 150, "{name}");
    for result in independent(&mut clients.ledger, transfers).await {
        assert_eq!(why(result.refusal.as_ref()), ("ID_REUSED", "code"), "{name}: {result:?}");
    }
}

#[test]
fn what_a_later_release_wrote_is_refused_and_left_alone() {
    for kept in kept::all() {
        let data = kept.unpack();
        let segments = kept::segments(data.path());
        let newest = segments.last().expect("a segment");
        for version in [3u16, 4, u16::MAX] {
            let mut bytes = fs::read(newest).expect("read");
            bytes[8..10].copy_from_slice(&version.to_le_bytes());
            fs::write(newest, bytes).expect("written");
            let before = kept::hashes(data.path());
            for mut command in [serve(data.path()), verify_command(data.path())] {
                let output = command.output().expect("it runs");
                assert!(!output.status.success(), "{}: {version}", kept.name);
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8(said).expect("text");
                assert!(said.contains("DATA_NEWER_FORMAT"), "{}: {said}", kept.name);
                assert!(said.contains(&format!("journal format {version};")), "{said}");
                assert_eq!(kept::hashes(data.path()), before, "{}: {version}", kept.name);
            }
        }
    }
}

fn verify_command(data: &Path) -> std::process::Command {
    let mut command = florin();
    command.arg("verify").arg("--data").arg(data);
    command
}
