//! What every account must hold, by the transfers that are there: the test's own bookkeeping.

use anyhow::{Result, ensure};
use florin_proto::v1::Account;

use crate::crash::answers::Answer;
use crate::crash::calls::{Accounts, Call};
use crate::ledger::Totals;
use crate::names::wide;

/// Sums of an account, minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    debits: u128,
    credits: u128,
}

/// All sums, and how many transfers they are made of.
#[derive(Debug, Clone, Default)]
pub struct Books {
    sums: Vec<Sums>,
    posted: u64,
}

/// Where the ledger differs from the books.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Difference {
    /// Accounts that hold more debits or credits than there are transfers for, or transfers that the
    /// ledger counts too many.
    pub too_much: u64,
    /// Accounts that hold less, or transfers that the ledger counts too few.
    pub too_little: u64,
}

impl Books {
    /// Begins with what the ledger held before the test.
    pub fn opened(accounts: &[Account], totals: Totals) -> Self {
        Self { sums: accounts.iter().map(sums).collect(), posted: totals.transfers_posted }
    }

    /// Enters what a call moved. Each call is entered once.
    pub fn enter(&mut self, call: &Call, answer: &Answer) {
        for (member, told) in call.members.iter().zip(&answer.members) {
            if told.outcome.posted {
                let amount = u128::from(told.outcome.amount);
                self.sums[member.debit as usize].debits += amount;
                self.sums[member.credit as usize].credits += amount;
                self.posted += 1;
            }
        }
    }

    /// Compares.
    pub fn compare(&self, accounts: &[Account], totals: Totals) -> Result<Difference> {
        ensure!(accounts.len() == self.sums.len(), "some accounts are missing");
        let mut difference = Difference {
            too_much: totals.transfers_posted.saturating_sub(self.posted),
            too_little: self.posted.saturating_sub(totals.transfers_posted),
        };
        for (expected, found) in self.sums.iter().zip(accounts.iter().map(sums)) {
            let more = found.debits > expected.debits || found.credits > expected.credits;
            let less = found.debits < expected.debits || found.credits < expected.credits;
            difference.too_much += u64::from(more);
            difference.too_little += u64::from(less);
        }
        Ok(difference)
    }
}

fn sums(account: &Account) -> Sums {
    Sums { debits: wide(account.debits_posted), credits: wide(account.credits_posted) }
}

/// The accounts of the test, as the ledger has them.
pub async fn accounts(ledger: &crate::ledger::Ledger, accounts: &Accounts) -> Result<Vec<Account>> {
    ledger.accounts(accounts.opened().iter().copied()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::answers::{Outcome, Told};
    use crate::crash::calls::{Kind, Member};

    fn account(debits: u128, credits: u128) -> Account {
        Account {
            debits_posted: Some(debits.into()),
            credits_posted: Some(credits.into()),
            ..Account::default()
        }
    }

    fn totals(transfers_posted: u64) -> Totals {
        Totals { transfers_posted, ..Totals::default() }
    }

    #[test]
    fn differences_are_told_by_their_direction() {
        let before = [account(5, 0), account(0, 5)];
        let mut books = Books::opened(&before, totals(1));
        let member = |id, amount| Member { id, debit: 0, credit: 1, amount, up_to_available: true };
        let told = |posted, amount| Told {
            outcome: Outcome { posted, amount, ..Outcome::default() },
            replayed: false,
        };
        let call = Call { kind: Kind::Batch, members: vec![member(1, 10), member(2, 10)] };
        let answer = Answer { members: vec![told(true, 7), told(false, 0)], group: None };
        books.enter(&call, &answer);
        for (accounts, posted, too_much, too_little) in [
            ([account(12, 0), account(0, 12)], 2, 0, 0),
            ([account(19, 0), account(0, 19)], 3, 3, 0),
            ([account(5, 0), account(0, 5)], 1, 0, 3),
            ([account(12, 0), account(0, 13)], 2, 1, 0),
        ] {
            let difference = books.compare(&accounts, totals(posted)).expect("same accounts");
            let expected = Difference { too_much, too_little };
            assert_eq!(difference, expected, "{accounts:?}");
        }
        assert!(books.compare(&before[..1], totals(1)).is_err());
    }
}
