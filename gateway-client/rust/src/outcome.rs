//! What became of a transfer.

use florin_proto::v1;

use crate::error::Error;
use crate::id::TransferId;
use crate::refusal::Refusal;
use crate::wire::{minor, required, signed_minor};

/// The answer to one transfer.
pub type Outcome = Result<Posted, Refused>;

/// It is done: the money has moved, or the hold was placed, changed or given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its id.
    pub id: TransferId,
    /// The id was known: this is the first answer, given again.
    pub replayed: bool,
    /// Its sequence.
    pub sequence: u64,
    /// When it was decided, nanoseconds since 1970.
    pub timestamp_ns: u64,
    /// What was moved, reserved, or given back.
    pub amount_minor: u128,
    /// The debit account's balance right after.
    pub debit_balance_after_minor: i128,
    /// The credit account's balance right after.
    pub credit_balance_after_minor: i128,
    /// Of a hold, and what is done with one: what it reserves right after.
    pub hold_remaining_minor: Option<u128>,
}

/// Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("transfer {id} was refused: {refusal}")]
pub struct Refused {
    /// Its id.
    pub id: TransferId,
    /// The id was known: this is the first answer, given again.
    pub replayed: bool,
    /// Its sequence; 0 if it was not journaled, and then the id is not used up.
    pub sequence: u64,
    /// When it was decided, nanoseconds since 1970; 0 if it was not journaled.
    pub timestamp_ns: u64,
    /// Why.
    pub refusal: Box<Refusal>,
}

pub(crate) fn from_wire(result: v1::TransferResult) -> Result<Outcome, Error> {
    let id = TransferId(minor(result.id));
    match v1::TransferStatus::try_from(result.status) {
        Ok(v1::TransferStatus::Posted) => Ok(Ok(Posted {
            id,
            replayed: result.replayed,
            sequence: result.sequence,
            timestamp_ns: result.timestamp_ns,
            amount_minor: minor(result.amount),
            debit_balance_after_minor: signed_minor(result.debit_balance_after),
            credit_balance_after_minor: signed_minor(result.credit_balance_after),
            hold_remaining_minor: result.hold_remaining.map(u128::from),
        })),
        Ok(v1::TransferStatus::Refused) => Ok(Err(Refused {
            id,
            replayed: result.replayed,
            sequence: result.sequence,
            timestamp_ns: result.timestamp_ns,
            refusal: Box::new(required(result.refusal, "refused without a refusal")?.into()),
        })),
        _ => Err(Error::malformed("neither posted nor refused")),
    }
}

/// As many results as members, each for its member: never give one payment's answer to another.
pub(crate) fn check_belongs(
    ids: impl ExactSizeIterator<Item = TransferId>,
    results: &[v1::TransferResult],
) -> Result<(), Error> {
    if ids.len() != results.len() {
        return Err(Error::malformed("not one result for each transfer"));
    }
    let belongs = ids.zip(results).all(|(id, result)| minor(result.id) == id.0);
    belongs.then_some(()).ok_or(Error::malformed("a result for another transfer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_belong_to_their_transfers() {
        let result =
            |id: u128| v1::TransferResult { id: Some(id.into()), ..v1::TransferResult::default() };
        let asked = [TransferId(1), TransferId(2)];
        for (results, belongs) in [
            (vec![result(1), result(2)], true),
            (vec![result(2), result(1)], false),
            (vec![result(1)], false),
            (vec![result(1), result(2), result(3)], false),
            (vec![result(1), v1::TransferResult::default()], false),
        ] {
            assert_eq!(check_belongs(asked.into_iter(), &results).is_ok(), belongs);
        }
    }

    #[test]
    fn what_the_contract_does_not_promise_is_an_error() {
        for (status, refusal) in [
            (v1::TransferStatus::Unspecified as i32, None),
            (v1::TransferStatus::Refused as i32, None),
            (99, Some(v1::Refusal::default())),
        ] {
            let result = v1::TransferResult { status, refusal, ..v1::TransferResult::default() };
            let error = from_wire(result).expect_err("malformed");
            assert_eq!(error.reason(), "ANSWER_MALFORMED");
        }
    }
}
