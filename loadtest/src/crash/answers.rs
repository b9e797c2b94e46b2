//! What the server said: kept by the clients, and compared with what it says later.

use anyhow::{Context, Result, ensure};
use florin_proto::v1::{
    BulkTransfersResponse, CreateTransfersResponse, GroupResult, Transfer, TransferResult,
    TransferStatus,
};

use crate::crash::calls::Call;
use crate::names::wide;

/// How a transfer was decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether money moved.
    pub posted: bool,
    /// Why not.
    pub reason: i32,
    /// Its place in the journal; 0 if it has none.
    pub sequence: u64,
    /// When it was decided.
    pub timestamp_ns: u64,
    /// What was moved, minor units.
    pub amount: u64,
}

/// An outcome, and whether it had been told before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// The outcome.
    pub outcome: Outcome,
    /// The id was known.
    pub replayed: bool,
    /// What the hold reserves right after, minor units, where that was told.
    pub remaining: Option<u64>,
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// One entry a member.
    pub members: Vec<Told>,
    /// The group as a whole.
    pub group: Option<Told>,
}

impl Answer {
    /// Reads the answer to `CreateTransfers`.
    pub fn of(call: &Call, response: CreateTransfersResponse) -> Result<Self> {
        ensure!(
            response.results.len() == call.members.len(),
            "{} transfers were sent and {} answered",
            call.members.len(),
            response.results.len()
        );
        let group = response.group.map(|group| told_group(&group));
        ensure!(
            group.is_some() == call.is_group(),
            "a group has an answer of its own, and nothing else has"
        );
        let in_order = call.members.iter().zip(&response.results);
        for (member, result) in in_order {
            ensure!(wide(result.id) == member.id, "answers are not in the order of the request");
        }
        Ok(Self { members: response.results.iter().map(told).collect(), group })
    }

    /// Reads the answer to `BulkTransfers`, where members that were posted now are only counted.
    pub fn of_bulk(call: &Call, response: BulkTransfersResponse) -> Result<Self> {
        let mut others = response.others.into_iter().peekable();
        let mut members = Vec::with_capacity(call.members.len());
        let mut journaled = 0;
        let mut posted = 0;
        for (index, member) in (0u32..).zip(&call.members) {
            let next = Outcome {
                posted: true,
                reason: 0,
                sequence: response.first_sequence + journaled,
                timestamp_ns: response.first_timestamp_ns + journaled,
                amount: member.amount,
            };
            let told = if let Some(other) = others.next_if(|other| other.index == index) {
                told(&other.result.context("a member without an answer")?)
            } else {
                posted += 1;
                Told { outcome: next, ..Told::default() }
            };
            if !told.replayed && told.outcome.sequence != 0 {
                ensure!(
                    told.outcome.sequence == next.sequence,
                    "members that were journaled now do not follow without gaps"
                );
                journaled += 1;
            }
            members.push(told);
        }
        ensure!(
            others.next().is_none() && response.posted == posted,
            "the counts do not fit the members"
        );
        Ok(Self { members, group: None })
    }

    /// Whether the call is a group that was refused: its members used up no ids, and only the answer
    /// to the group is kept.
    pub fn is_refused_group(&self) -> bool {
        self.group.is_some_and(|group| !group.outcome.posted)
    }

    /// Whether two answers tell the same, one of them perhaps for the second time.
    pub fn agrees_with(&self, other: &Self) -> bool {
        if self.is_refused_group() || other.is_refused_group() {
            return outcome_of(self.group) == outcome_of(other.group);
        }
        let outcomes = |answer: &Self| -> Vec<Outcome> {
            answer.members.iter().map(|told| told.outcome).collect()
        };
        outcomes(self) == outcomes(other) && outcome_of(self.group) == outcome_of(other.group)
    }

    /// Whether everything in it that is kept was told before.
    pub fn is_replay(&self) -> bool {
        match self.group {
            Some(group) => group.replayed,
            None => self.members.iter().all(|told| told.replayed || told.outcome.sequence == 0),
        }
    }
}

fn outcome_of(told: Option<Told>) -> Option<Outcome> {
    told.map(|told| told.outcome)
}

fn told(result: &TransferResult) -> Told {
    Told {
        outcome: Outcome {
            posted: result.status == i32::from(TransferStatus::Posted),
            reason: result.refusal.as_ref().map_or(0, |refusal| refusal.reason),
            sequence: result.sequence,
            timestamp_ns: result.timestamp_ns,
            amount: narrow(wide(result.amount)),
        },
        replayed: result.replayed,
        remaining: result.hold_remaining.map(|remaining| narrow(remaining.into())),
    }
}

fn told_group(result: &GroupResult) -> Told {
    Told {
        outcome: Outcome {
            posted: result.status == i32::from(TransferStatus::Posted),
            reason: result.refusal.as_ref().map_or(0, |refusal| refusal.reason),
            sequence: result.sequence,
            ..Outcome::default()
        },
        replayed: result.replayed,
        remaining: None,
    }
}

/// A transfer as the ledger keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// How it was decided.
    pub outcome: Outcome,
    /// Who paid.
    pub debit: u128,
    /// Who received.
    pub credit: u128,
    /// What was asked for, minor units.
    pub requested: u64,
    /// The group it was posted in; 0 if none.
    pub group: u128,
    /// What it did, by the contract's number.
    pub kind: i32,
    /// The hold or payment that it was about; 0 if none.
    pub hold: u128,
    /// What that reserves right after, minor units.
    pub remaining: Option<u64>,
}

impl Kept {
    /// Reads it.
    pub fn of(transfer: &Transfer) -> Self {
        Self {
            outcome: Outcome {
                posted: transfer.status == i32::from(TransferStatus::Posted),
                reason: transfer.refusal.as_ref().map_or(0, |refusal| refusal.reason),
                sequence: transfer.sequence,
                timestamp_ns: transfer.timestamp_ns,
                amount: narrow(wide(transfer.amount)),
            },
            debit: wide(transfer.debit_account_id),
            credit: wide(transfer.credit_account_id),
            requested: narrow(wide(transfer.requested_amount)),
            group: wide(transfer.group_id),
            kind: transfer.kind,
            hold: wide(transfer.hold_id),
            remaining: transfer.hold_remaining.map(|remaining| narrow(remaining.into())),
        }
    }
}

/// Amounts of the crash test are small; one that is not is wrong whatever it is.
pub fn narrow(amount: u128) -> u64 {
    u64::try_from(amount).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use florin_proto::v1::{BulkResult, Refusal};

    use super::*;
    use crate::crash::calls::Kind;
    use crate::crash::member::{Deed, Member};

    fn call(kind: Kind, count: u128) -> Call {
        let deed = Deed::Move;
        let member =
            |id| Member { id, deed, debit: 0, credit: 1, amount: 7, up_to_available: false };
        Call { kind, members: (1..=count).map(member).collect() }
    }

    fn refused(reason: i32, sequence: u64, replayed: bool) -> TransferResult {
        TransferResult {
            status: TransferStatus::Refused.into(),
            refusal: Some(Refusal { reason, ..Refusal::default() }),
            sequence,
            replayed,
            ..TransferResult::default()
        }
    }

    fn other(index: u32, result: TransferResult) -> BulkResult {
        BulkResult { index, result: Some(result) }
    }

    #[test]
    fn sequences_of_a_bulk_follow_without_gaps() {
        let call = call(Kind::Bulk, 5);
        let response = BulkTransfersResponse {
            posted: 2,
            first_sequence: 100,
            first_timestamp_ns: 9_000,
            others: vec![
                other(1, refused(69, 101, false)),
                other(2, refused(65, 40, true)),
                other(3, refused(38, 0, false)),
            ],
            ..BulkTransfersResponse::default()
        };
        let answer = Answer::of_bulk(&call, response.clone()).expect("sound");
        let told: Vec<_> = answer
            .members
            .iter()
            .map(|told| (told.outcome.sequence, told.outcome.posted, told.replayed))
            .collect();
        assert_eq!(
            told,
            [
                (100, true, false),
                (101, false, false),
                (40, false, true),
                (0, false, false),
                (102, true, false),
            ]
        );
        assert_eq!(answer.members[4].outcome.timestamp_ns, 9_002);
        assert!(!answer.is_replay());

        let unsound: [fn(&mut BulkTransfersResponse); 3] = [
            |response| response.posted = 3,
            |response| response.others[0] = other(1, refused(69, 102, false)),
            |response| response.others.push(other(9, refused(69, 0, false))),
        ];
        for spoil in unsound {
            let mut spoilt = response.clone();
            spoil(&mut spoilt);
            assert!(Answer::of_bulk(&call, spoilt.clone()).is_err(), "{spoilt:?}");
        }
    }

    #[test]
    fn answers_are_complete_and_in_order() {
        let result = |id: u128| TransferResult { id: Some(id.into()), ..TransferResult::default() };
        let response = |ids: &[u128], group| CreateTransfersResponse {
            results: ids.iter().map(|id| result(*id)).collect(),
            group,
        };
        let group = Some(GroupResult::default());
        for (kind, response, sound) in [
            (Kind::Batch, response(&[1, 2], None), true),
            (Kind::Batch, response(&[2, 1], None), false),
            (Kind::Batch, response(&[1], None), false),
            (Kind::Batch, response(&[1, 2], group.clone()), false),
            (Kind::Group(9), response(&[1, 2], group), true),
            (Kind::Group(9), response(&[1, 2], None), false),
        ] {
            let answer = Answer::of(&call(kind, 2), response.clone());
            assert_eq!(answer.is_ok(), sound, "{kind:?} {response:?}");
        }
    }

    #[test]
    fn a_refused_group_is_compared_as_a_whole() {
        let told = |posted, sequence, replayed| Told {
            outcome: Outcome { posted, sequence, ..Outcome::default() },
            replayed,
            remaining: None,
        };
        let answer = |group, members| Answer { group: Some(group), members };
        let first = answer(told(false, 5, false), vec![told(false, 0, false)]);
        let again = answer(told(false, 5, true), vec![Told::default()]);
        assert!(first.agrees_with(&again) && again.is_replay() && !first.is_replay());
        assert!(!first.agrees_with(&answer(told(false, 6, true), vec![])));
        assert!(!first.agrees_with(&answer(told(true, 5, true), vec![])));
    }
}
