//! A transfer to make.

use florin_proto::v1;

use crate::hold::AtDue;
use crate::id::TransferId;
use crate::key::AccountKey;

/// A transfer to make: the debit account pays, the credit account receives.
///
/// Or a hold, and what is done with one: [`Transfer::hold`], [`Transfer::capture`], [`Transfer::release`],
/// [`Transfer::change`]. They are transfers like any other: one id for good, alone, in a batch or in a group.
///
/// ```
/// use florin_client::{Transfer, TransferId};
/// let rent = Transfer::new(TransferId::generate())
///     .debit("tenant:7")
///     .credit("landlord")
///     .amount_minor(85_000)
///     .value_date(20_261_201)
///     .metadata("month", "2026-12");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    pub(crate) wire: v1::NewTransfer,
}

impl Transfer {
    /// An empty transfer with its id, which is its idempotency key: repeat it to repeat the question,
    /// never for another payment.
    pub fn new(id: TransferId) -> Self {
        Self { wire: v1::NewTransfer { id: Some(id.into()), ..v1::NewTransfer::default() } }
    }

    /// Places a hold under this id: reserves the amount of the debit account for the credit account, until it is
    /// captured, released or due.
    ///
    /// ```
    /// use florin_client::{AtDue, Transfer, TransferId};
    /// let room = Transfer::hold(TransferId::generate())
    ///     .debit("guest:7")
    ///     .credit("hotel")
    ///     .amount_minor(30_000)
    ///     .due_at_ns(1_798_761_600_000_000_000)
    ///     .at_due(AtDue::Release);
    /// ```
    pub fn hold(id: TransferId) -> Self {
        Self::of_kind(id, v1::TransferKind::Hold)
    }

    /// Moves what a hold reserves: [the amount](Self::amount_minor), or all that is left if none is set. A hold can be
    /// captured in several parts.
    pub fn capture(id: TransferId, hold: TransferId) -> Self {
        Self::of_hold(id, v1::TransferKind::Capture, hold)
    }

    /// Gives back what a hold reserves: [the amount](Self::amount_minor), or all that is left if none is set.
    pub fn release(id: TransferId, hold: TransferId) -> Self {
        Self::of_hold(id, v1::TransferKind::Release, hold)
    }

    /// Increases a hold by [the amount](Self::amount_minor), moves [the time](Self::due_at_ns) at which it is due, or
    /// both.
    pub fn change(id: TransferId, hold: TransferId) -> Self {
        Self::of_hold(id, v1::TransferKind::Change, hold)
    }

    fn of_kind(id: TransferId, kind: v1::TransferKind) -> Self {
        let mut transfer = Self::new(id);
        transfer.wire.set_kind(kind);
        transfer
    }

    fn of_hold(id: TransferId, kind: v1::TransferKind, hold: TransferId) -> Self {
        let mut transfer = Self::of_kind(id, kind);
        transfer.wire.hold = Some(hold.into());
        transfer
    }

    /// Its id.
    pub fn id(&self) -> TransferId {
        TransferId(self.wire.id.map_or(0, u128::from))
    }

    /// Who pays.
    #[must_use]
    pub fn debit(mut self, account: impl Into<AccountKey>) -> Self {
        self.wire.debit_account = Some(account.into().into());
        self
    }

    /// Who receives.
    #[must_use]
    pub fn credit(mut self, account: impl Into<AccountKey>) -> Self {
        self.wire.credit_account = Some(account.into().into());
        self
    }

    /// How much, in minor units of the accounts' asset.
    #[must_use]
    pub fn amount_minor(mut self, amount: u128) -> Self {
        self.wire.amount = Some(amount.into());
        self
    }

    /// Moves the amount, or as much of it as the debit account has available.
    #[must_use]
    pub fn up_to_available(mut self) -> Self {
        self.wire.set_amount_mode(v1::AmountMode::UpToAvailable);
        self
    }

    /// When a hold falls due, nanoseconds since 1970; for a change the new time. Without it a hold never does.
    #[must_use]
    pub fn due_at_ns(mut self, ns: u64) -> Self {
        self.wire.due_at_ns = ns;
        self
    }

    /// What becomes of the rest of a hold when it is due. It is released unless you say otherwise.
    #[must_use]
    pub fn at_due(mut self, at_due: AtDue) -> Self {
        self.wire.set_at_due(at_due.into());
        self
    }

    /// For a capture: what is left afterwards is given back.
    #[must_use]
    pub fn release_rest(mut self) -> Self {
        self.wire.release_rest = true;
        self
    }

    /// A guard: refused unless both accounts hold this asset.
    #[must_use]
    pub fn asset(mut self, code: impl Into<String>) -> Self {
        self.wire.asset = code.into();
        self
    }

    /// Yours: a reason or ledger code.
    #[must_use]
    pub fn code(mut self, code: u32) -> Self {
        self.wire.code = code;
        self
    }

    /// The date on which it counts, as decimal `YYYYMMDD`.
    #[must_use]
    pub fn value_date(mut self, yyyymmdd: u32) -> Self {
        self.wire.value_date = yyyymmdd;
        self
    }

    /// Attaches a key and its value.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.wire.metadata.insert(key.into(), value.into());
        self
    }

    /// Undoes a posted transfer, once and in full. Accounts, amount, mode and asset follow from the
    /// original: leave them unset.
    #[must_use]
    pub fn reverses(mut self, original: TransferId) -> Self {
        self.wire.reverses = Some(original.into());
        self
    }
}

pub(crate) fn to_wire(transfers: impl IntoIterator<Item = Transfer>) -> Vec<v1::NewTransfer> {
    transfers.into_iter().map(|transfer| transfer.wire).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_transfer_is_on_the_wire() {
        use v1::TransferKind::{Capture, Change, Hold, Release};
        const ID: TransferId = TransferId(1);
        const HOLD: TransferId = TransferId(2);
        let of_hold = |kind: v1::TransferKind| v1::NewTransfer {
            id: Some(1.into()),
            kind: kind.into(),
            hold: Some(2.into()),
            ..v1::NewTransfer::default()
        };
        for (transfer, wire) in [
            (
                Transfer::new(ID).amount_minor(5).up_to_available(),
                v1::NewTransfer {
                    id: Some(1.into()),
                    amount: Some(5.into()),
                    amount_mode: v1::AmountMode::UpToAvailable.into(),
                    ..v1::NewTransfer::default()
                },
            ),
            (
                Transfer::hold(ID).amount_minor(5).due_at_ns(9).at_due(AtDue::Capture),
                v1::NewTransfer {
                    amount: Some(5.into()),
                    due_at_ns: 9,
                    at_due: v1::AtDue::Capture.into(),
                    hold: None,
                    ..of_hold(Hold)
                },
            ),
            (Transfer::capture(ID, HOLD), of_hold(Capture)),
            (
                Transfer::capture(ID, HOLD).amount_minor(3).release_rest(),
                v1::NewTransfer { amount: Some(3.into()), release_rest: true, ..of_hold(Capture) },
            ),
            (Transfer::release(ID, HOLD), of_hold(Release)),
            (
                Transfer::change(ID, HOLD).amount_minor(4).due_at_ns(8),
                v1::NewTransfer { amount: Some(4.into()), due_at_ns: 8, ..of_hold(Change) },
            ),
        ] {
            assert_eq!(transfer.wire, wire);
        }
    }
}
