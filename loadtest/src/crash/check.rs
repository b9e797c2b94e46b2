//! What must be true after a crash, seen from outside.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use florin_proto::BATCH_MEMBERS_MAX;
use indicatif::ProgressBar;

use crate::crash::accounts::Accounts;
use crate::crash::answers::{Answer, Kept, Told};
use crate::crash::calls::{Call, Kind};
use crate::crash::clients::{Memory, Sent};
use crate::crash::member::{Deed, Member};
use crate::crash::wire::{self, Client};
use crate::ledger::Ledger;
use crate::names::wide;

/// Answered calls of a round that are asked again after the crash.
const ASKED_AGAIN: usize = 100;

/// What was found, all rounds together. All but the last three must stay zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Transfers that were acknowledged, or shown to a reader, and are not there.
    pub lost: u64,
    /// Transfers that are there otherwise than they were told.
    pub changed: u64,
    /// Transfers that were there and were applied again when they were sent again.
    pub applied_twice: u64,
    /// Groups of which some members are there and others not, or not side by side.
    pub groups_split: u64,
    /// Holds and payments that are otherwise than their steps make them.
    pub reservations_wrong: u64,
    /// Unanswered calls that were sent again.
    pub retried: u64,
    /// Transfers of theirs that were there already.
    pub kept_unanswered: u64,
    /// Transfers of theirs that were not.
    pub forgotten_unanswered: u64,
}

/// Transfers as the ledger keeps them, by id.
pub type Found = HashMap<u128, Kept>;

/// Looks every transfer of these calls up.
pub async fn look_up(ledger: &Ledger, sent: &[Sent], bar: &ProgressBar) -> Result<Found> {
    let ids: Vec<u128> =
        sent.iter().flat_map(|sent| sent.call.members.iter().map(|member| member.id)).collect();
    let mut found = Found::with_capacity(ids.len());
    for batch in ids.chunks(BATCH_MEMBERS_MAX) {
        let batch = batch.iter().map(|id| (*id).into()).collect();
        let response = ledger.transfers(batch).await?;
        found.extend(response.transfers.iter().map(|t| (wide(t.id), Kept::of(t))));
        bar.tick();
    }
    Ok(found)
}

/// Every acknowledged transfer is there as it was told, every one that a reader was shown as well, and
/// groups are whole.
pub fn check_found(memory: &Memory, found: &Found, accounts: &Accounts, findings: &mut Findings) {
    for sent in &memory.sent {
        if let Some(answer) = &sent.answer {
            check_answered(&sent.call, answer, found, accounts, findings);
        }
        findings.groups_split += u64::from(is_split(&sent.call, found));
    }
    for (id, shown) in &memory.seen {
        match found.get(id) {
            None => findings.lost += 1,
            Some(kept) => findings.changed += u64::from(kept != shown),
        }
    }
}

/// Every transfer of an answered call is there as it was told.
pub fn check_answered(
    call: &Call,
    answer: &Answer,
    found: &Found,
    accounts: &Accounts,
    findings: &mut Findings,
) {
    for (member, told) in call.members.iter().zip(&answer.members) {
        let kept = found.get(&member.id);
        // A member of a refused group has no place in the journal, and its id stays free.
        let expected = (told.outcome.sequence != 0 && !answer.is_refused_group())
            .then(|| expected(call.kind, member, told, kept, accounts));
        match (expected, kept) {
            (Some(_), None) => findings.lost += 1,
            (expected, kept) => findings.changed += u64::from(expected.as_ref() != kept),
        }
    }
}

/// A transfer as it must be kept, by what was asked for and told.
fn expected(
    kind: Kind,
    member: &Member,
    told: &Told,
    kept: Option<&Kept>,
    accounts: &Accounts,
) -> Kept {
    let of_payment = kind == Kind::Payment;
    let is_new = matches!(member.deed, Deed::Place(_) | Deed::Pay);
    Kept {
        outcome: told.outcome,
        debit: accounts.id(member.debit),
        credit: accounts.id(member.credit),
        requested: member.amount,
        group: if let Kind::Group(id) = kind { id } else { 0 },
        kind: member.deed.kind(of_payment).into(),
        hold: if is_new && told.outcome.posted { member.id } else { member.deed.of() },
        // Answers in columns and those about payments do not tell it.
        remaining: told.remaining.or(kept.and_then(|kept| kept.remaining)),
    }
}

/// Whether some of a group is there and some not, or its members are not side by side in the journal.
pub fn is_split(call: &Call, found: &Found) -> bool {
    if !call.is_group() {
        return false;
    }
    let kept: Vec<&Kept> = call.members.iter().filter_map(|m| found.get(&m.id)).collect();
    let whole = kept.is_empty() || kept.len() == call.members.len();
    let side_by_side =
        kept.windows(2).all(|pair| pair[1].outcome.sequence == pair[0].outcome.sequence + 1);
    !whole || !side_by_side
}

/// Sends every unanswered call again under the same ids. What was there is told, not done again; what
/// was not is done now. Afterwards every call has an answer.
pub async fn retry_unanswered(
    client: &Client,
    accounts: &Accounts,
    memory: &mut Memory,
    found: &Found,
    findings: &mut Findings,
) -> Result<()> {
    let never = AtomicBool::new(false);
    // A client sends some calls twice. Where the answers to both were taken back, the second is known from the first.
    let mut again = HashSet::new();
    for sent in memory.sent.iter_mut().filter(|sent| sent.answer.is_none()) {
        let answer = wire::send(client, accounts, &sent.call, &never).await?;
        findings.retried += 1;
        if sent.call.members.iter().all(|member| again.insert(member.id)) {
            check_retried(&sent.call, &answer, found, findings);
        } else {
            findings.applied_twice += u64::from(!answer.is_replay());
        }
        sent.answer = Some(answer);
    }
    Ok(())
}

/// Compares the answer to a call that was sent again with what was there before.
pub fn check_retried(call: &Call, answer: &Answer, found: &Found, findings: &mut Findings) {
    for (member, told) in call.members.iter().zip(&answer.members) {
        if let Some(kept) = found.get(&member.id) {
            findings.kept_unanswered += 1;
            findings.applied_twice += u64::from(!told.replayed);
            findings.changed += u64::from(told.replayed && told.outcome != kept.outcome);
        } else {
            findings.forgotten_unanswered += 1;
            // The answer to a group that was refused before the crash may be known: its members are
            // not kept. Any other transfer that is not there cannot be known.
            let known = told.replayed && told.outcome.sequence != 0;
            findings.changed += u64::from(known);
        }
    }
}

/// Asks some answered calls again: the same answer, marked as given before, for good.
pub async fn ask_again(
    client: &Client,
    accounts: &Accounts,
    memory: &Memory,
    findings: &mut Findings,
) -> Result<()> {
    let never = AtomicBool::new(false);
    let step = (memory.sent.len() / ASKED_AGAIN).max(1);
    for sent in memory.sent.iter().step_by(step) {
        let Some(first) = &sent.answer else { continue };
        let again = wire::send(client, accounts, &sent.call, &never).await?;
        findings.applied_twice += u64::from(!again.is_replay());
        findings.changed += u64::from(!first.agrees_with(&again));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use florin_proto::v1::TransferKind;

    use super::*;
    use crate::crash::answers::Outcome;
    use crate::crash::member::Due;

    fn call(kind: Kind, count: u128) -> Call {
        let deed = Deed::Move;
        let member =
            |id| Member { id, deed, debit: 0, credit: 1, amount: 7, up_to_available: false };
        Call { kind, members: (1..=count).map(member).collect() }
    }

    fn outcome(sequence: u64) -> Outcome {
        Outcome { posted: true, sequence, amount: 7, ..Outcome::default() }
    }

    fn answer(sequences: &[u64], replayed: bool) -> Answer {
        let told = |sequence: &u64| Told { outcome: outcome(*sequence), replayed, remaining: None };
        Answer { members: sequences.iter().map(told).collect(), group: None }
    }

    fn found(accounts: &Accounts, group: u128, kept: &[(u128, u64)]) -> Found {
        let keep = |(id, sequence): &(u128, u64)| {
            let kept = Kept {
                outcome: outcome(*sequence),
                debit: accounts.id(0),
                credit: accounts.id(1),
                requested: 7,
                group,
                kind: TransferKind::Move.into(),
                hold: 0,
                remaining: None,
            };
            (*id, kept)
        };
        kept.iter().map(keep).collect()
    }

    #[test]
    fn what_was_acknowledged_is_there_as_it_was_told() {
        let accounts = Accounts::new();
        let batch = call(Kind::Batch, 2);
        for (kept, lost, changed) in [
            (vec![(1, 10), (2, 11)], 0, 0),
            (vec![(1, 10)], 1, 0),
            (vec![], 2, 0),
            (vec![(1, 10), (2, 12)], 0, 1),
        ] {
            let found = found(&accounts, 0, &kept);
            let mut findings = Findings::default();
            check_answered(&batch, &answer(&[10, 11], false), &found, &accounts, &mut findings);
            assert_eq!((findings.lost, findings.changed), (lost, changed), "{kept:?}");
        }
        // A refused member that uses up no id must not be there.
        let mut findings = Findings::default();
        let there = found(&accounts, 0, &[(1, 10), (2, 11)]);
        check_answered(&batch, &answer(&[10, 0], false), &there, &accounts, &mut findings);
        assert_eq!(findings.changed, 1);
    }

    #[test]
    fn a_step_is_kept_with_its_hold_and_what_that_reserves() {
        let accounts = Accounts::new();
        let step = |kind, deed| {
            let member =
                Member { id: 5, deed, debit: 0, credit: 1, amount: 7, up_to_available: false };
            Call { kind, members: vec![member] }
        };
        let place = Deed::Place(Due::default());
        let capture = Deed::Capture { of: 9, release_rest: false };
        for (kind, deed, transfer_kind, hold, told, changed) in [
            (Kind::Unary, place, TransferKind::Hold, 5, Some(7), 0),
            (Kind::Unary, place, TransferKind::Hold, 9, Some(7), 1),
            (Kind::Unary, place, TransferKind::Hold, 5, Some(6), 1),
            (Kind::Unary, capture, TransferKind::Capture, 9, Some(7), 0),
            (Kind::Unary, capture, TransferKind::Release, 9, Some(7), 1),
            (Kind::Bulk, capture, TransferKind::Capture, 9, None, 0),
            (Kind::Payment, capture, TransferKind::PaymentCapture, 9, None, 0),
            (Kind::Payment, capture, TransferKind::Capture, 9, None, 1),
            (Kind::Payment, Deed::Refund { of: 9 }, TransferKind::PaymentRefund, 9, None, 0),
        ] {
            let mut there = found(&accounts, 0, &[(5, 10)]);
            for kept in there.values_mut() {
                (kept.kind, kept.hold, kept.remaining) = (transfer_kind.into(), hold, Some(7));
            }
            let told = Told { outcome: outcome(10), replayed: false, remaining: told };
            let answer = Answer { members: vec![told], group: None };
            let mut findings = Findings::default();
            check_answered(&step(kind, deed), &answer, &there, &accounts, &mut findings);
            assert_eq!(findings.changed, changed, "{kind:?} {deed:?} {transfer_kind:?}");
        }
    }

    #[test]
    fn what_a_reader_was_shown_is_there_too() {
        let accounts = Accounts::new();
        let shown = found(&accounts, 0, &[(1, 10), (2, 11)]);
        let memory = Memory { seen: shown.into_iter().collect(), ..Memory::default() };
        let mut findings = Findings::default();
        let there = found(&accounts, 0, &[(1, 9)]);
        check_found(&memory, &there, &accounts, &mut findings);
        assert_eq!((findings.lost, findings.changed), (1, 1));
    }

    #[test]
    fn groups_are_whole_and_side_by_side() {
        let accounts = Accounts::new();
        for (kind, kept, split) in [
            (Kind::Group(9), vec![(1, 10), (2, 11), (3, 12)], false),
            (Kind::Group(9), vec![], false),
            (Kind::Group(9), vec![(1, 10), (2, 11)], true),
            (Kind::Group(9), vec![(1, 10), (2, 11), (3, 13)], true),
            (Kind::Batch, vec![(1, 10)], false),
        ] {
            let there = found(&accounts, 9, &kept);
            assert_eq!(is_split(&call(kind, 3), &there), split, "{kind:?} {kept:?}");
        }
    }

    #[test]
    fn a_retry_is_told_what_was_there_and_does_what_was_not() {
        let accounts = Accounts::new();
        for (kept, sequences, replayed, twice, changed) in [
            (vec![(1, 10)], [10], true, 0, 0),
            (vec![(1, 10)], [11], true, 0, 1),
            (vec![(1, 10)], [11], false, 1, 0),
            (vec![], [11], false, 0, 0),
            (vec![], [10], true, 0, 1),
        ] {
            let there = found(&accounts, 0, &kept);
            let mut findings = Findings::default();
            let answer = answer(&sequences, replayed);
            check_retried(&call(Kind::Unary, 1), &answer, &there, &mut findings);
            assert_eq!(findings.applied_twice, twice, "{kept:?} {answer:?}");
            assert_eq!(findings.changed, changed, "{kept:?} {answer:?}");
            assert_eq!(findings.kept_unanswered + findings.forgotten_unanswered, 1);
        }
    }
}
