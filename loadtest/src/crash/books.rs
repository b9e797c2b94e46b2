//! What every account must hold and have reserved, by the transfers that are there: the test's own bookkeeping.

use anyhow::{Result, ensure};
use florin_proto::v1::Account;

use crate::crash::accounts::Accounts;
use crate::crash::answers::Answer;
use crate::crash::calls::Call;
use crate::crash::member::Deed;
use crate::crash::reservations::Reservations;
use crate::ledger::Totals;
use crate::names::wide;

/// Sums of an account, minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    debits: u128,
    credits: u128,
    debits_pending: u128,
    credits_pending: u128,
}

impl Sums {
    fn all(self) -> [u128; 4] {
        [self.debits, self.credits, self.debits_pending, self.credits_pending]
    }
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
    /// Accounts that hold or reserve more debits or credits than there are transfers for, or transfers that
    /// the ledger counts too many.
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
                // Of what is only reserved or given back, the reservations keep count.
                let moves = match member.deed {
                    Deed::Move | Deed::Pay | Deed::Capture { .. } | Deed::Refund { .. } => true,
                    Deed::Place(_) | Deed::Release { .. } | Deed::Change { .. } => false,
                };
                let amount = if moves { u128::from(told.outcome.amount) } else { 0 };
                self.sums[member.debit as usize].debits += amount;
                self.sums[member.credit as usize].credits += amount;
                self.posted += 1;
            }
        }
    }

    /// The sums once everything that could fall due has.
    fn settled(&self, reservations: &Reservations) -> Vec<Sums> {
        let mut sums = self.sums.clone();
        for reservation in reservations.iter() {
            let due = u128::from(reservation.captured_when_due());
            let pending = u128::from(reservation.expected().remaining);
            let debit = &mut sums[reservation.debit as usize];
            debit.debits += due;
            debit.debits_pending += pending;
            let credit = &mut sums[reservation.credit as usize];
            credit.credits += due;
            credit.credits_pending += pending;
        }
        sums
    }

    /// Compares. What fell due has no id and is not counted as a transfer.
    pub fn compare(
        &self,
        accounts: &[Account],
        totals: Totals,
        reservations: &Reservations,
    ) -> Result<Difference> {
        ensure!(accounts.len() == self.sums.len(), "some accounts are missing");
        let mut difference = Difference {
            too_much: totals.transfers_posted.saturating_sub(self.posted),
            too_little: self.posted.saturating_sub(totals.transfers_posted),
        };
        for (expected, found) in self.settled(reservations).into_iter().zip(accounts) {
            let (expected, found) = (expected.all(), sums(found).all());
            let more = found.iter().zip(&expected).any(|(found, expected)| found > expected);
            let less = found.iter().zip(&expected).any(|(found, expected)| found < expected);
            difference.too_much += u64::from(more);
            difference.too_little += u64::from(less);
        }
        Ok(difference)
    }
}

fn sums(account: &Account) -> Sums {
    Sums {
        debits: wide(account.debits_posted),
        credits: wide(account.credits_posted),
        debits_pending: wide(account.debits_pending),
        credits_pending: wide(account.credits_pending),
    }
}

/// The accounts of the test, as the ledger has them.
pub async fn accounts(ledger: &crate::ledger::Ledger, accounts: &Accounts) -> Result<Vec<Account>> {
    ledger.accounts(accounts.opened().iter().copied()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::answers::{Outcome, Told};
    use crate::crash::calls::Kind;
    use crate::crash::member::{Due, Member};

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

    fn pending(account: Account, debits: u128, credits: u128) -> Account {
        Account {
            debits_pending: Some(debits.into()),
            credits_pending: Some(credits.into()),
            ..account
        }
    }

    fn call(deeds: &[(Deed, u64)]) -> (Call, Answer) {
        let members = (1..).zip(deeds).map(|(id, (deed, amount))| Member {
            id,
            deed: *deed,
            debit: 0,
            credit: 1,
            amount: *amount,
            up_to_available: true,
        });
        let told = (10..).zip(deeds).map(|(sequence, (_, amount))| Told {
            outcome: Outcome {
                posted: *amount != 0,
                sequence,
                amount: *amount,
                ..Outcome::default()
            },
            ..Told::default()
        });
        let answer = Answer { members: told.collect(), group: None };
        (Call { kind: Kind::Batch, members: members.collect() }, answer)
    }

    #[test]
    fn differences_are_told_by_their_direction() {
        let before = [account(5, 0), account(0, 5)];
        let mut books = Books::opened(&before, totals(1));
        let (call, answer) = call(&[(Deed::Move, 7), (Deed::Move, 0)]);
        books.enter(&call, &answer);
        let nothing = Reservations::default();
        for (accounts, posted, too_much, too_little) in [
            ([account(12, 0), account(0, 12)], 2, 0, 0),
            ([account(19, 0), account(0, 19)], 3, 3, 0),
            ([account(5, 0), account(0, 5)], 1, 0, 3),
            ([account(12, 0), account(0, 13)], 2, 1, 0),
            ([pending(account(12, 0), 1, 0), account(0, 12)], 2, 1, 0),
        ] {
            let difference = books.compare(&accounts, totals(posted), &nothing);
            let expected = Difference { too_much, too_little };
            assert_eq!(difference.expect("same accounts"), expected, "{accounts:?}");
        }
        assert!(books.compare(&before[..1], totals(1), &nothing).is_err());
    }

    #[test]
    fn what_is_reserved_is_pending_and_what_was_captured_or_fell_due_is_posted() {
        let place = |at_ns, captures| Deed::Place(Due { at_ns, captures });
        let capture = Deed::Capture { of: 1, release_rest: false };
        for (name, deeds, moved, reserved) in [
            ("placed", &[(place(0, false), 10)][..], 0, 10),
            ("captured in part", &[(place(0, false), 10), (capture, 4)], 4, 6),
            ("given back", &[(place(0, false), 10), (Deed::Release { of: 1 }, 10)], 0, 0),
            ("due: captured", &[(place(50, true), 10), (capture, 4)], 10, 0),
            ("due: given back", &[(place(50, false), 10), (capture, 4)], 4, 0),
        ] {
            let mut books = Books::opened(&[account(0, 0), account(0, 0)], totals(0));
            let mut reservations = Reservations::default();
            let (call, answer) = call(deeds);
            books.enter(&call, &answer);
            reservations.enter(&std::iter::once((&call, &answer)));
            let accounts =
                [pending(account(moved, 0), reserved, 0), pending(account(0, moved), 0, reserved)];
            let totals = totals(deeds.len() as u64);
            let difference = books.compare(&accounts, totals, &reservations);
            assert_eq!(difference.expect("same accounts"), Difference::default(), "{name}");
        }
    }
}
