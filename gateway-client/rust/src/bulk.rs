//! Transfers in columns: half the bytes and far less work a transfer.

use florin_proto::v1::{self, Uint128};

use crate::error::Error;
use crate::group::{self, GroupOutcome};
use crate::hold::{AtDue, TransferKind};
use crate::id::{AccountId, GroupId, TransferId};
use crate::outcome::{self, Outcome};

/// A batch in columns, built row by row.
///
/// ```
/// use florin_client::{AccountId, BulkMember, BulkTransfers, TransferId};
/// let mut batch = BulkTransfers::independent();
/// for amount_minor in [250, 1_999] {
///     batch.push(BulkMember {
///         id: TransferId::generate(),
///         debit: AccountId::of_name("cash"),
///         credit: AccountId::of_name("shop"),
///         amount_minor,
///         ..BulkMember::default()
///     });
/// }
/// assert_eq!(batch.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BulkTransfers {
    pub(crate) wire: v1::BulkTransfersRequest,
}

/// One row of a bulk batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkMember {
    /// Its id, and its idempotency key.
    pub id: TransferId,
    /// Who pays. Zero where `hold` is set: it follows from the hold.
    pub debit: AccountId,
    /// Who receives. As above.
    pub credit: AccountId,
    /// How much.
    pub amount_minor: u128,
    /// Yours: a reason or ledger code.
    pub code: u32,
    /// Decimal `YYYYMMDD`; 0 if it counts when it happens.
    pub value_date: u32,
    /// What it does; `Unspecified` is `Move`.
    pub kind: TransferKind,
    /// The hold to capture, release or change; zero otherwise.
    pub hold: TransferId,
    /// When a hold falls due, nanoseconds since 1970; 0 if it never does, or stays as it was.
    pub due_at_ns: u64,
    /// What happens then.
    pub at_due: AtDue,
    /// For a capture: what is left afterwards is given back.
    pub release_rest: bool,
}

impl Default for BulkMember {
    fn default() -> Self {
        Self {
            id: TransferId(0),
            debit: AccountId(0),
            credit: AccountId(0),
            amount_minor: 0,
            code: 0,
            value_date: 0,
            kind: TransferKind::Unspecified,
            hold: TransferId(0),
            due_at_ns: 0,
            at_due: AtDue::Release,
            release_rest: false,
        }
    }
}

impl BulkTransfers {
    /// A batch in which each member has its own answer.
    #[must_use]
    pub fn independent() -> Self {
        let mut wire = v1::BulkTransfersRequest::default();
        wire.set_mode(v1::TransferMode::Independent);
        Self { wire }
    }

    /// A group: all or nothing.
    #[must_use]
    pub fn group(id: GroupId) -> Self {
        let mut wire = v1::BulkTransfersRequest {
            group_id: Some(id.into()),
            ..v1::BulkTransfersRequest::default()
        };
        wire.set_mode(v1::TransferMode::Group);
        Self { wire }
    }

    /// A guard for all members: refused unless both accounts hold this asset.
    #[must_use]
    pub fn asset(mut self, code: impl Into<String>) -> Self {
        self.wire.asset = code.into();
        self
    }

    /// Appends a member. Optional columns stay empty until a value needs them.
    pub fn push(&mut self, member: BulkMember) {
        let members = self.len();
        let wire = &mut self.wire;
        let id = Uint128::from(member.id);
        let debit = Uint128::from(member.debit);
        let credit = Uint128::from(member.credit);
        let amount = Uint128::from(member.amount_minor);
        wire.id_lo.push(id.lo);
        wire.debit_account_lo.push(debit.lo);
        wire.credit_account_lo.push(credit.lo);
        wire.amount_lo.push(amount.lo);
        push_optional(&mut wire.id_hi, id.hi, members);
        push_optional(&mut wire.debit_account_hi, debit.hi, members);
        push_optional(&mut wire.credit_account_hi, credit.hi, members);
        push_optional(&mut wire.amount_hi, amount.hi, members);
        push_optional(&mut wire.code, member.code, members);
        push_optional(&mut wire.value_date, member.value_date, members);
        let hold = Uint128::from(member.hold);
        let at_due = match member.at_due {
            AtDue::Release => v1::AtDue::Unspecified, // means the same, and takes no column
            AtDue::Capture => v1::AtDue::Capture,
        };
        push_optional(&mut wire.kind, member.kind.into(), members);
        push_optional(&mut wire.hold_lo, hold.lo, members);
        push_optional(&mut wire.hold_hi, hold.hi, members);
        push_optional(&mut wire.due_at_ns, member.due_at_ns, members);
        push_optional(&mut wire.at_due, at_due.into(), members);
        push_optional(&mut wire.release_rest, member.release_rest, members);
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.wire.id_lo.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.wire.id_lo.is_empty()
    }
}

impl Extend<BulkMember> for BulkTransfers {
    fn extend<I: IntoIterator<Item = BulkMember>>(&mut self, members: I) {
        for member in members {
            self.push(member);
        }
    }
}

/// Appends to a column that is either empty, which means zero for every member, or full.
fn push_optional<T: Copy + Default + PartialEq>(column: &mut Vec<T>, value: T, members: usize) {
    if column.is_empty() {
        if value == T::default() {
            return;
        }
        column.resize(members, T::default());
    }
    column.push(value);
}

/// What became of a bulk batch. A member that is not in `others` was posted now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkOutcome {
    /// How many were posted now.
    pub posted: u32,
    /// How many were known: first answer, given again.
    pub replayed: u32,
    /// How many were refused now.
    pub refused: u32,
    /// Sequence of the first member that was journaled now; the others follow without gaps. 0 if none.
    pub first_sequence: u64,
    /// Time of the first member that was journaled now; the i-th is i ns later. 0 if none.
    pub first_timestamp_ns: u64,
    /// Members that were not posted now, by index, ascending.
    pub others: Vec<(usize, Outcome)>,
    /// For a group: the answer to the group as a whole.
    pub group: Option<GroupOutcome>,
}

impl TryFrom<v1::BulkTransfersResponse> for BulkOutcome {
    type Error = Error;

    fn try_from(response: v1::BulkTransfersResponse) -> Result<Self, Error> {
        let others: Result<Vec<_>, Error> = response.others.into_iter().map(other).collect();
        let group = match response.group {
            Some(group) => Some(group::from_wire(Some(group), Vec::new())?),
            None => None,
        };
        Ok(Self {
            posted: response.posted,
            replayed: response.replayed,
            refused: response.refused,
            first_sequence: response.first_sequence,
            first_timestamp_ns: response.first_timestamp_ns,
            others: others?,
            group,
        })
    }
}

fn other(result: v1::BulkResult) -> Result<(usize, Outcome), Error> {
    let outcome = result.result.ok_or(Error::malformed("an index without a result"))?;
    Ok((result.index as usize, outcome::from_wire(outcome)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_columns_are_empty_or_full() {
        for (values, column) in [
            (vec![], vec![]),
            (vec![0, 0, 0], vec![]),
            (vec![0, 0, 7], vec![0, 0, 7]),
            (vec![7, 0, 0], vec![7, 0, 0]),
            (vec![0, 7, 0, 8], vec![0, 7, 0, 8]),
        ] {
            let mut built = Vec::new();
            for (members, &value) in values.iter().enumerate() {
                push_optional(&mut built, value, members);
            }
            assert_eq!(built, column, "{values:?}");
        }
    }

    #[test]
    fn a_row_becomes_its_columns() {
        let mut batch = BulkTransfers::group(GroupId(9)).asset("EUR");
        assert!(batch.is_empty());
        batch.extend([
            BulkMember {
                id: TransferId(1),
                debit: AccountId(2),
                credit: AccountId(3),
                amount_minor: 4,
                ..BulkMember::default()
            },
            BulkMember {
                id: TransferId(5 << 64 | 6),
                debit: AccountId(7),
                credit: AccountId(8),
                amount_minor: 9,
                code: 10,
                value_date: 20_261_122,
                ..BulkMember::default()
            },
            BulkMember {
                id: TransferId(11),
                amount_minor: 12,
                kind: TransferKind::Capture,
                hold: TransferId((13 << 64) + 14),
                release_rest: true,
                ..BulkMember::default()
            },
            BulkMember {
                kind: TransferKind::Hold,
                due_at_ns: 15,
                at_due: AtDue::Capture,
                ..BulkMember::default()
            },
        ]);
        let mut expected = v1::BulkTransfersRequest {
            group_id: Some(9.into()),
            id_lo: vec![1, 6, 11, 0],
            id_hi: vec![0, 5, 0, 0],
            debit_account_lo: vec![2, 7, 0, 0],
            credit_account_lo: vec![3, 8, 0, 0],
            amount_lo: vec![4, 9, 12, 0],
            code: vec![0, 10, 0, 0],
            value_date: vec![0, 20_261_122, 0, 0],
            kind: vec![0, 0, TransferKind::Capture.into(), TransferKind::Hold.into()],
            hold_lo: vec![0, 0, 14, 0],
            hold_hi: vec![0, 0, 13, 0],
            due_at_ns: vec![0, 0, 0, 15],
            at_due: vec![0, 0, 0, v1::AtDue::Capture.into()],
            release_rest: vec![false, false, true, false],
            asset: "EUR".to_owned(),
            ..v1::BulkTransfersRequest::default()
        };
        expected.set_mode(v1::TransferMode::Group);
        assert_eq!(batch.wire, expected);
    }
}
