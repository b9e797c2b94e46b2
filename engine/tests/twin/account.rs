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
    pub ceiling: Option<u128>,
    pub freeze: Freeze,
    pub closed: bool,
    pub balance_minor: i128,
    pub debits_minor: u128,
    pub credits_minor: u128,
    /// What open holds and payments reserve of it.
    pub out_minor: u128,
    /// What they reserve for it.
    pub in_minor: u128,
}

impl Account {
    /// Whether this much can go without passing the floor, if all that is reserved of it goes too. Nothing can always go.
    pub fn floor_allows(&self, amount_minor: u128) -> bool {
        let overdraft = match self.floor {
            Floor::None => return true,
            Floor::Zero => 0,
            Floor::Overdraft(minor) => minor,
        };
        let Some(amount) = amount_minor.checked_add(self.out_minor) else { return false };
        let balance = self.balance_minor;
        if balance >= 0 {
            amount_minor == 0 || amount.saturating_sub(overdraft) <= balance.unsigned_abs()
        } else {
            let left = overdraft.checked_sub(balance.unsigned_abs());
            amount_minor == 0 || left.is_some_and(|left| amount <= left)
        }
    }

    /// Whether this much can come without passing the ceiling, if all that is reserved for it comes too.
    pub fn ceiling_allows(&self, amount_minor: u128) -> bool {
        let Some(ceiling) = self.ceiling else { return true };
        let owed = self.balance_minor.min(0).unsigned_abs();
        let has = self.balance_minor.max(0).unsigned_abs();
        let coming = amount_minor.checked_add(self.in_minor).and_then(|sum| sum.checked_add(has));
        amount_minor == 0 || coming.is_some_and(|coming| coming.saturating_sub(owed) <= ceiling)
    }

    /// No account ever is below its floor: a floor is checked before money goes, and when it is set.
    pub fn is_above_its_floor(&self) -> bool {
        let overdraft = match self.floor {
            Floor::None => return true,
            Floor::Zero => 0,
            Floor::Overdraft(minor) => minor,
        };
        let owed = self.balance_minor.min(0).unsigned_abs() + self.out_minor;
        owed <= overdraft + self.balance_minor.max(0).unsigned_abs()
    }

    /// Nor above its ceiling, with all that is still to come.
    pub fn is_below_its_ceiling(&self) -> bool {
        let owed = self.balance_minor.min(0).unsigned_abs();
        let coming = self.balance_minor.max(0).unsigned_abs() + self.in_minor;
        self.ceiling.is_none_or(|ceiling| coming <= ceiling + owed)
    }

    /// Whether this much can go, with all that is reserved of it, within 128 bits.
    pub fn can_pay(&self, amount_minor: u128) -> bool {
        let with_reserved = |amount: u128| amount.checked_add(self.out_minor);
        with_reserved(amount_minor).is_some_and(|amount| self.after_paying(amount).is_some())
    }

    /// Whether this much can come, with all that is reserved for it, within 128 bits.
    pub fn can_receive(&self, amount_minor: u128) -> bool {
        let with_reserved = |amount: u128| amount.checked_add(self.in_minor);
        with_reserved(amount_minor).is_some_and(|amount| self.after_receiving(amount).is_some())
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
