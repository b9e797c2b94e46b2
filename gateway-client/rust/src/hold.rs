//! Holds: money that is reserved and not moved yet.

use florin_proto::v1;
/// Where a hold is in its life. A state that is newer than this client reads as `Unspecified`.
pub use florin_proto::v1::HoldState;
/// What a transfer does, or did. A kind that is newer than this client reads as `Unspecified`.
pub use florin_proto::v1::TransferKind;

use crate::error::Error;
use crate::id::{AccountId, TransferId};
use crate::wire::{minor, non_zero, required};

/// What becomes of the rest of a hold or payment when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AtDue {
    /// It is given back.
    #[default]
    Release,
    /// It is captured. If an account is frozen in that direction at that moment, it is given back.
    Capture,
}

/// A hold as it is. Captured, released and remaining add up to its amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id: of the transfer that placed it.
    pub id: TransferId,
    /// Where it is in its life.
    pub state: HoldState,
    /// Whose money is reserved.
    pub debit_account: AccountId,
    /// For whom.
    pub credit_account: AccountId,
    /// What was reserved, increases included.
    pub amount_minor: u128,
    /// What was captured of it.
    pub captured_minor: u128,
    /// What was given back of it.
    pub released_minor: u128,
    /// What is still reserved.
    pub remaining_minor: u128,
    /// When it falls due, nanoseconds since 1970; `None` if it never does.
    pub due_at_ns: Option<u64>,
    /// What happens then.
    pub at_due: AtDue,
    /// Sequence of the event that placed it.
    pub placed_sequence: u64,
    /// Sequence of the last event that changed it.
    pub last_sequence: u64,
}

impl TryFrom<v1::Hold> for Hold {
    type Error = Error;

    fn try_from(hold: v1::Hold) -> Result<Self, Error> {
        Ok(Self {
            id: required(hold.id, "a hold without an id")?.into(),
            state: hold.state(),
            debit_account: required(hold.debit_account_id, "a hold of no account")?.into(),
            credit_account: required(hold.credit_account_id, "a hold for no account")?.into(),
            amount_minor: minor(hold.amount),
            captured_minor: minor(hold.captured),
            released_minor: minor(hold.released),
            remaining_minor: minor(hold.remaining),
            due_at_ns: non_zero(hold.due_at_ns),
            at_due: AtDue::from_wire(hold.at_due)?,
            placed_sequence: hold.placed_sequence,
            last_sequence: hold.last_sequence,
        })
    }
}

impl AtDue {
    pub(crate) fn from_wire(at_due: i32) -> Result<Self, Error> {
        match v1::AtDue::try_from(at_due) {
            Ok(v1::AtDue::Unspecified | v1::AtDue::Release) => Ok(Self::Release),
            Ok(v1::AtDue::Capture) => Ok(Self::Capture),
            Err(_) => Err(Error::malformed("an unknown end when due")),
        }
    }
}

impl From<AtDue> for v1::AtDue {
    fn from(at_due: AtDue) -> Self {
        match at_due {
            AtDue::Release => Self::Release,
            AtDue::Capture => Self::Capture,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_contract_does_not_promise_is_an_error() {
        let hold = || v1::Hold {
            id: Some(1.into()),
            debit_account_id: Some(2.into()),
            credit_account_id: Some(3.into()),
            ..v1::Hold::default()
        };
        for (name, hold, fine) in [
            ("whole", hold(), true),
            ("of a newer state", v1::Hold { state: 99, ..hold() }, true),
            ("without an id", v1::Hold { id: None, ..hold() }, false),
            ("without a debit account", v1::Hold { debit_account_id: None, ..hold() }, false),
            ("without a credit account", v1::Hold { credit_account_id: None, ..hold() }, false),
            ("with an unknown end", v1::Hold { at_due: 99, ..hold() }, false),
        ] {
            assert_eq!(Hold::try_from(hold).is_ok(), fine, "a hold {name}");
        }
    }
}
