//! What became of a group: all of it or nothing.

use florin_proto::v1;

use crate::error::Error;
use crate::id::GroupId;
use crate::outcome::{self, Posted};
use crate::refusal::Refusal;
use crate::wire::{minor, required};

/// The answer to a group.
pub type GroupOutcome = Result<GroupPosted, GroupRefused>;

/// All members have moved their money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPosted {
    /// The group's id.
    pub id: GroupId,
    /// The group was known: this is the first answer, given again.
    pub replayed: bool,
    /// Sequence of its first member.
    pub sequence: u64,
    /// Its members, in the order of the request. Empty for a group sent in columns, whose answer
    /// lists exceptions only.
    pub members: Vec<Posted>,
}

/// Nothing has moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("group {id} was refused at member {}: {refusal}", .refusal.member)]
pub struct GroupRefused {
    /// The group's id.
    pub id: GroupId,
    /// The group was known: this is the first answer, given again.
    pub replayed: bool,
    /// Sequence of its refusal; 0 if it was not journaled, and then the id is not used up.
    pub sequence: u64,
    /// Why; its `member` says which member decided.
    pub refusal: Box<Refusal>,
}

/// Reads the group's answer, with the results of its members as far as the call gives them.
pub(crate) fn from_wire(
    group: Option<v1::GroupResult>,
    results: Vec<v1::TransferResult>,
) -> Result<GroupOutcome, Error> {
    let group = required(group, "no answer to the group")?;
    let id = GroupId(minor(group.id));
    match v1::TransferStatus::try_from(group.status) {
        Ok(v1::TransferStatus::Posted) => {
            let members: Result<Vec<Posted>, Error> = results.into_iter().map(posted).collect();
            Ok(Ok(GroupPosted {
                id,
                replayed: group.replayed,
                sequence: group.sequence,
                members: members?,
            }))
        }
        Ok(v1::TransferStatus::Refused) => Ok(Err(GroupRefused {
            id,
            replayed: group.replayed,
            sequence: group.sequence,
            refusal: Box::new(required(group.refusal, "refused without a refusal")?.into()),
        })),
        _ => Err(Error::malformed("neither posted nor refused")),
    }
}

fn posted(result: v1::TransferResult) -> Result<Posted, Error> {
    outcome::from_wire(result)?
        .map_err(|_| Error::malformed("a refused member in a group that was posted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(status: v1::TransferStatus) -> v1::TransferResult {
        let refused = status == v1::TransferStatus::Refused;
        v1::TransferResult {
            status: status.into(),
            refusal: refused.then(v1::Refusal::default),
            ..v1::TransferResult::default()
        }
    }

    #[test]
    fn all_or_nothing() {
        use v1::TransferStatus::{Posted, Refused, Unspecified};
        for (status, members, expected) in [
            (Posted, vec![], Ok(Some(0))),
            (Posted, vec![Posted, Posted], Ok(Some(2))),
            (Posted, vec![Posted, Refused], Err("ANSWER_MALFORMED")),
            (Refused, vec![Refused, Refused], Ok(None)),
            (Refused, vec![], Ok(None)),
            (Unspecified, vec![], Err("ANSWER_MALFORMED")),
        ] {
            let refused = status == Refused;
            let group = v1::GroupResult {
                id: Some(7.into()),
                status: status.into(),
                refusal: refused.then(|| v1::Refusal { member: 3, ..v1::Refusal::default() }),
                ..v1::GroupResult::default()
            };
            let results = members.iter().map(|&status| result(status)).collect();
            let found = match from_wire(Some(group), results) {
                Ok(Ok(posted)) => Ok(Some(posted.members.len())),
                Ok(Err(refused)) => {
                    assert_eq!((refused.id, refused.refusal.member), (GroupId(7), 3));
                    Ok(None)
                }
                Err(error) => Err(error.reason().to_owned()),
            };
            assert_eq!(found, expected.map_err(str::to_owned), "{status:?} {members:?}");
        }
    }

    #[test]
    fn a_group_without_an_answer_is_malformed() {
        assert!(from_wire(None, Vec::new()).is_err());
    }
}
