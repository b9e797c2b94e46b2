//! Looking things up.

use std::collections::BTreeMap;

use florin_proto::v1;

use crate::error::Error;
use crate::hold::{AtDue, TransferKind};
use crate::id::{AccountId, GroupId, TransferId};
use crate::outcome::{self, Outcome};
use crate::refusal::Reason;
use crate::statement::Side;
use crate::wire::{minor, non_zero};

/// What a lookup found, and what it did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup<T, K> {
    /// Those that exist, in the order of the request.
    pub found: Vec<T>,
    /// Those that do not.
    pub missing: Vec<K>,
}

/// A transfer as it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRecord {
    /// Its id. What happened because a hold was due has none: zero.
    pub id: TransferId,
    /// What it did.
    pub kind: TransferKind,
    /// The first answer to it, given again.
    pub outcome: Outcome,
    /// Who paid. `None` for a refused reversal of an unknown original.
    pub debit_account: Option<AccountId>,
    /// Who received. As above.
    pub credit_account: Option<AccountId>,
    /// What was asked for.
    pub requested_minor: u128,
    /// Whether less than that was good enough.
    pub up_to_available: bool,
    /// As in the request.
    pub code: u32,
    /// As in the request, decimal `YYYYMMDD`; `None` if it counts when it happened.
    pub value_date: Option<u32>,
    /// As in the request. A refused transfer keeps none.
    pub metadata: BTreeMap<String, String>,
    /// The group it was posted in.
    pub group: Option<GroupId>,
    /// The transfer that it undoes.
    pub reverses: Option<TransferId>,
    /// Sequence of the transfer that undid it.
    pub reversed_by_sequence: Option<u64>,
    /// The hold or payment that it was about; of a hold or payment its own id.
    pub hold: Option<TransferId>,
    /// When that falls due right after, nanoseconds since 1970.
    pub due_at_ns: Option<u64>,
    /// What happens then.
    pub at_due: AtDue,
    /// What was given back beside what was captured.
    pub released_minor: Option<u128>,
    /// Why what was due could not be captured, and was given back.
    pub blocked_by: Option<Reason>,
    /// What the debit account has pending right after. `None` if it was refused.
    pub debit_pending_after_minor: Option<u128>,
    /// What the credit account has pending right after, of its own money. `None` if it was refused.
    pub credit_pending_after_minor: Option<u128>,
}

impl TransferRecord {
    /// On which side of it an account is; `None` if on neither.
    #[must_use]
    pub fn side_of(&self, account: AccountId) -> Option<Side> {
        let of = |side: Option<AccountId>| side == Some(account);
        match (of(self.debit_account), of(self.credit_account)) {
            (true, _) => Some(Side::Debit),
            (false, true) => Some(Side::Credit),
            (false, false) => None,
        }
    }

    /// The account on the other side of it than this one.
    #[must_use]
    pub fn counterparty_of(&self, account: AccountId) -> Option<AccountId> {
        match self.side_of(account)? {
            Side::Debit => self.credit_account,
            Side::Credit => self.debit_account,
        }
    }

    /// The balance of one of its accounts right after. `None` if it was refused.
    #[must_use]
    pub fn balance_after_minor(&self, account: AccountId) -> Option<i128> {
        let posted = self.outcome.as_ref().ok()?;
        Some(match self.side_of(account)? {
            Side::Debit => posted.debit_balance_after_minor,
            Side::Credit => posted.credit_balance_after_minor,
        })
    }

    /// What one of its accounts has pending right after, of its own money. `None` if it was refused.
    #[must_use]
    pub fn pending_after_minor(&self, account: AccountId) -> Option<u128> {
        match self.side_of(account)? {
            Side::Debit => self.debit_pending_after_minor,
            Side::Credit => self.credit_pending_after_minor,
        }
    }
}

impl TryFrom<v1::Transfer> for TransferRecord {
    type Error = Error;

    fn try_from(transfer: v1::Transfer) -> Result<Self, Error> {
        let kind = transfer.kind();
        let blocked_by = transfer.blocked_by();
        let up_to_available = transfer.amount_mode() == v1::AmountMode::UpToAvailable;
        let outcome = outcome::from_wire(v1::TransferResult {
            id: transfer.id,
            status: transfer.status,
            replayed: true,
            sequence: transfer.sequence,
            timestamp_ns: transfer.timestamp_ns,
            amount: transfer.amount,
            debit_balance_after: transfer.debit_balance_after,
            credit_balance_after: transfer.credit_balance_after,
            refusal: transfer.refusal,
            hold_remaining: transfer.hold_remaining,
        })?;
        Ok(Self {
            id: TransferId(minor(transfer.id)),
            kind,
            outcome,
            debit_account: transfer.debit_account_id.map(AccountId::from),
            credit_account: transfer.credit_account_id.map(AccountId::from),
            requested_minor: minor(transfer.requested_amount),
            up_to_available,
            code: transfer.code,
            value_date: non_zero(transfer.value_date),
            metadata: transfer.metadata,
            group: transfer.group_id.map(GroupId::from),
            reverses: transfer.reverses.map(TransferId::from),
            reversed_by_sequence: non_zero(transfer.reversed_by_sequence),
            hold: transfer.hold_id.map(TransferId::from),
            due_at_ns: non_zero(transfer.due_at_ns),
            at_due: AtDue::from_wire(transfer.at_due)?,
            released_minor: transfer.released.map(u128::from),
            blocked_by: (blocked_by != Reason::Unspecified).then_some(blocked_by),
            debit_pending_after_minor: transfer.debit_pending_after.map(u128::from),
            credit_pending_after_minor: transfer.credit_pending_after.map(u128::from),
        })
    }
}
