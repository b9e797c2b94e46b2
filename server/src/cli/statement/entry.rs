//! A transfer, seen from one of its accounts.

use florin_client::{Account, AccountId, BalanceAt, Side, TransferKind, TransferRecord, money};

use crate::cli::failure::Failure;

/// A line of a statement.
pub(super) struct Entry<'a> {
    pub record: &'a TransferRecord,
    pub account: &'a Account,
    pub sequence: u64,
    pub timestamp_ns: u64,
    pub side: Side,
    /// What moved.
    pub moved_minor: u128,
    /// What more is reserved after it, or less: the sign, and how much.
    pub reserved: Option<(&'static str, u128)>,
    pub balance_minor: i128,
    /// What the account has pending after it, of its own money.
    pub pending_minor: u128,
}

impl<'a> Entry<'a> {
    /// `None` if it was refused, which has changed nothing, or is of other accounts.
    pub fn of(record: &'a TransferRecord, account: &'a Account) -> Option<Self> {
        use TransferKind::{
            Capture, Change, DueCapture, DueRelease, Hold, PaymentAuthorize, PaymentCancel,
            PaymentCapture, PaymentDueCapture, PaymentExpire, Release,
        };
        let posted = record.outcome.as_ref().ok()?;
        let amount = posted.amount_minor;
        let with_rest = amount.saturating_add(record.released_minor.unwrap_or(0));
        let (moved_minor, reserved) = match record.kind {
            Hold | Change | PaymentAuthorize => (0, Some(("+", amount))),
            Release | DueRelease | PaymentCancel | PaymentExpire => (0, Some(("-", amount))),
            Capture | DueCapture | PaymentCapture | PaymentDueCapture => {
                (amount, Some(("-", with_rest)))
            }
            _ => (amount, None),
        };
        Some(Self {
            record,
            account,
            sequence: posted.sequence,
            timestamp_ns: posted.timestamp_ns,
            side: record.side_of(account.id)?,
            moved_minor,
            reserved: reserved.filter(|(_, minor)| *minor > 0),
            balance_minor: record.balance_after_minor(account.id)?,
            pending_minor: record.pending_after_minor(account.id).unwrap_or(0),
        })
    }

    /// The other account.
    pub fn counterparty(&self) -> Option<AccountId> {
        self.record.counterparty_of(self.account.id)
    }

    pub const fn side_text(&self) -> &'static str {
        match self.side {
            Side::Debit => "debit",
            Side::Credit => "credit",
        }
    }

    /// What it changed of the balance, with its sign, where that is something.
    pub fn change(&self) -> Option<(&'static str, u128)> {
        let sign = if self.side == Side::Debit { "-" } else { "+" };
        (self.moved_minor > 0).then_some((sign, self.moved_minor))
    }

    /// Something with a sign, as decimal text.
    pub fn decimal(&self, (sign, minor): (&'static str, u128)) -> String {
        format!("{sign}{}", money::format_minor_unsigned(minor, self.account.asset.scale))
    }
}

/// The balance with which a statement begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub which: Which,
    /// The moment, nanoseconds since 1970. For an end, the first nanosecond that does not belong to it.
    pub time_ns: u64,
    pub balance_minor: i128,
    pub pending_minor: u128,
}

/// Which end of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Opening,
    Closing,
}

impl Which {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Closing => "closing",
        }
    }
}

impl Edge {
    /// An end of a statement from what the server says of that moment.
    pub const fn of(which: Which, time_ns: u64, then: &BalanceAt) -> Self {
        let (balance_minor, pending_minor) = (then.balance_minor, then.debits_pending_minor);
        Self { which, time_ns, balance_minor, pending_minor }
    }
}

/// What the entries come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    pub entries: u64,
    pub in_minor: u128,
    pub out_minor: u128,
}

impl Totals {
    /// Adds an entry.
    ///
    /// # Errors
    /// A sum that has no room for it.
    pub fn add(&mut self, entry: &Entry<'_>) -> Result<(), Failure> {
        self.entries += 1;
        let sum = match entry.side {
            Side::Debit => &mut self.out_minor,
            Side::Credit => &mut self.in_minor,
        };
        *sum = sum.checked_add(entry.moved_minor).ok_or_else(|| {
            Failure::no_answer("TOTAL_TOO_LARGE", &"the entries come to more than 2^128 - 1")
        })?;
        Ok(())
    }

    /// That opening balance, entries and closing balance belong together: otherwise something is missing in between,
    /// and the statement must not be believed.
    ///
    /// # Errors
    /// They do not.
    pub fn check(&self, opening: &Edge, closing: &Edge) -> Result<(), Failure> {
        let moved = self.in_minor.wrapping_sub(self.out_minor).cast_signed();
        if opening.balance_minor.wrapping_add(moved) == closing.balance_minor {
            return Ok(());
        }
        let message = format!(
            "it does not add up: {} minor units at its beginning, {} in, {} out, {} at its end",
            opening.balance_minor, self.in_minor, self.out_minor, closing.balance_minor
        );
        Err(Failure::no_answer("STATEMENT_UNBALANCED", &message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_adds_up() {
        let edge =
            |which, balance_minor| Edge { which, time_ns: 1, balance_minor, pending_minor: 0 };
        for (opening, in_minor, out_minor, closing, is_right) in [
            (0, 0, 0, 0, true),
            (100, 50, 30, 120, true),
            (100, 50, 30, 121, false),
            (-100, 50, 300, -350, true),
            (0, 0, 1, 0, false),
            (i128::MIN, u128::MAX >> 1, 0, -1, true),
            (i128::MAX, 0, u128::MAX, i128::MIN, true),
        ] {
            let totals = Totals { entries: 2, in_minor, out_minor };
            let (opening, closing) = (edge(Which::Opening, opening), edge(Which::Closing, closing));
            assert_eq!(totals.check(&opening, &closing).is_ok(), is_right, "{totals:?}");
        }
    }
}
