//! An account of the twin. Balance and totals are kept apart, and a limit is found by trying amounts, not
//! by a formula.

use florin_engine::{Floor, Freeze, NewAccount, Sequence};

#[derive(Debug, Clone)]
pub struct Account {
    /// As it was asked for.
    pub opening: NewAccount,
    pub opened_sequence: Sequence,
    pub opened_at_ns: u64,
    pub last_sequence: Sequence,
    pub floor: Floor,
    pub freeze: Freeze,
    pub closed: bool,
    pub balance_minor: i128,
    pub debits_minor: u128,
    pub credits_minor: u128,
}

impl Account {
    /// Whether this much can go without passing the floor. Nothing can always go.
    pub fn floor_allows(&self, amount_minor: u128) -> bool {
        let overdraft = match self.floor {
            Floor::None => return true,
            Floor::Zero => 0,
            Floor::Overdraft(minor) => minor,
        };
        let balance = self.balance_minor;
        if balance >= 0 {
            amount_minor.saturating_sub(overdraft) <= balance.unsigned_abs()
        } else {
            let left = overdraft.checked_sub(balance.unsigned_abs());
            amount_minor == 0 || left.is_some_and(|left| amount_minor <= left)
        }
    }

    /// No account ever is below its floor: a floor is checked before money goes, and when it is set.
    pub fn is_above_its_floor(&self) -> bool {
        match self.floor {
            Floor::None => true,
            Floor::Zero => self.balance_minor >= 0,
            Floor::Overdraft(minor) => {
                self.balance_minor >= 0 || self.balance_minor.unsigned_abs() <= minor
            }
        }
    }

    /// Balance and total of debits after paying this much, if they can be held.
    pub fn after_paying(&self, amount_minor: u128) -> Option<(i128, u128)> {
        let balance = self.balance_minor.checked_sub_unsigned(amount_minor)?;
        Some((balance, self.debits_minor.checked_add(amount_minor)?))
    }

    /// Balance and total of credits after receiving this much, if they can be held.
    pub fn after_receiving(&self, amount_minor: u128) -> Option<(i128, u128)> {
        let balance = self.balance_minor.checked_add_unsigned(amount_minor)?;
        Some((balance, self.credits_minor.checked_add(amount_minor)?))
    }

    /// What is available is the largest amount that the floor allows; `None` where there is no floor.
    pub fn is_available(&self, available_minor: Option<u128>) -> bool {
        match available_minor {
            None => self.floor == Floor::None,
            Some(minor) => {
                let no_more = minor == u128::MAX || !self.floor_allows(minor + 1);
                self.floor != Floor::None && self.floor_allows(minor) && no_more
            }
        }
    }
}

/// The largest amount up to `limit` that passes. Zero passes, and what passes lets all less pass.
pub fn largest(limit: u128, passes: impl Fn(u128) -> bool) -> u128 {
    let (mut good, mut beyond) = (0, limit);
    if passes(limit) {
        return limit;
    }
    while beyond - good > 1 {
        let middle = good + (beyond - good) / 2;
        if passes(middle) {
            good = middle;
        } else {
            beyond = middle;
        }
    }
    good
}
