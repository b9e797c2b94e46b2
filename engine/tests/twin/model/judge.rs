//! Every rule is asked on its own; where several object, the first in the order of the reasons answers.

use florin_engine::{Floor, Freeze, Reason, Refusal, Sequence, Transfer};

use super::{Twin, refusal};
use crate::account::{Account, largest};
use crate::command::Batch;
use crate::plant::Plant;

/// What is to be moved between whom, and what speaks against it.
#[derive(Debug)]
pub struct Judgement {
    pub debit_account: u128,
    pub credit_account: u128,
    pub asked_minor: u128,
    pub moved_minor: u128,
    /// Of a reversal.
    pub original_sequence: Sequence,
    pub refusal: Option<Refusal>,
}

impl Twin {
    pub(super) fn judge(&self, batch: &Batch, transfer: &Transfer) -> Judgement {
        let mut judgement = Judgement {
            debit_account: transfer.debit_account,
            credit_account: transfer.credit_account,
            asked_minor: transfer.amount_minor,
            moved_minor: transfer.amount_minor,
            original_sequence: 0,
            refusal: None,
        };
        let mut against: Vec<Refusal> = Vec::new();
        if let Some(original) = transfer.reverses() {
            against.extend(self.reverse(batch, original, &mut judgement));
        }
        let Judgement { debit_account, credit_account, asked_minor: asked, .. } = judgement;
        let account = |id| self.accounts.get(&(batch.tenant, id));
        for id in [debit_account, credit_account] {
            if account(id).is_none() {
                against.push(refusal(Reason::AccountNotFound, id, asked, None));
            }
        }
        if let (Some(debit), Some(credit)) = (account(debit_account), account(credit_account)) {
            let guard = transfer.extra.as_ref().and_then(|extra| extra.asset);
            let guards = [batch.asset, guard].into_iter().flatten();
            let mut guards = guards.filter(|asset| *asset != debit.opening.asset);
            if debit.opening.asset != credit.opening.asset {
                against.push(refusal(Reason::AssetMismatch, credit_account, asked, None));
            } else if guards.next().is_some() {
                against.push(refusal(Reason::AssetMismatch, debit_account, asked, None));
            }
            against.extend(self.debit(debit, transfer.up_to_available, &mut judgement));
            against.extend(self.credit(credit, &judgement));
        }
        // Stable: where both accounts object for the same reason, the debit account comes first.
        against.sort_by_key(|refusal| refusal.reason);
        let last = self.is(Plant::AnswersTheLastReason);
        judgement.refusal = if last { against.last() } else { against.first() }.copied();
        judgement
    }

    /// Accounts and amount of a reversal follow from its original.
    fn reverse(&self, batch: &Batch, original: u128, judgement: &mut Judgement) -> Option<Refusal> {
        let Some(first) = self.first(batch.tenant, original) else {
            return Some(refusal(Reason::OriginalNotFound, 0, 0, None));
        };
        let Some((paid, received, amount_minor)) = first.moved else {
            return Some(refusal(Reason::OriginalNotPosted, 0, 0, None));
        };
        let forwards = self.is(Plant::ReversesForwards);
        let (debit, credit) = if forwards { (paid, received) } else { (received, paid) };
        (judgement.debit_account, judgement.credit_account) = (debit, credit);
        (judgement.asked_minor, judgement.moved_minor) = (amount_minor, amount_minor);
        judgement.original_sequence = first.sequence;
        let again = self.reversed.contains_key(&first.sequence);
        let again = again && !self.is(Plant::ReversesTwice);
        again.then(|| refusal(Reason::AlreadyReversed, 0, amount_minor, None))
    }

    fn debit(&self, account: &Account, up_to: bool, judgement: &mut Judgement) -> Vec<Refusal> {
        let asked = judgement.asked_minor;
        let refuse =
            |reason, would_pass| refusal(reason, account.opening.id, asked, Some(would_pass));
        let mut against = Vec::new();
        if account.closed {
            against.push(refuse(Reason::AccountClosed, 0));
        }
        if self.is_frozen(account, Freeze::Debits) {
            against.push(refuse(Reason::AccountFrozen, 0));
        }
        let floor_allows = |minor| match account.floor {
            Floor::Overdraft(_) if self.is(Plant::IgnoresOverdraft) => {
                Account { floor: Floor::Zero, ..account.clone() }.floor_allows(minor)
            }
            _ => account.floor_allows(minor),
        };
        let allowed = largest(asked, floor_allows);
        if up_to && !self.is(Plant::IgnoresUpToAvailable) && allowed > 0 {
            judgement.moved_minor = allowed;
        } else if allowed < asked {
            against.push(refuse(Reason::InsufficientFunds, allowed));
        }
        let fits = |minor| {
            let totals = self.is(Plant::IgnoresTotals);
            let debits_minor = if totals { 0 } else { account.debits_minor };
            let after = Account { debits_minor, ..account.clone() }.after_paying(minor);
            let lowest = i128::MIN + i128::from(self.is(Plant::OverflowsOneTooEarly));
            after.is_some_and(|(balance, _)| balance >= lowest)
        };
        if !fits(judgement.moved_minor) {
            against.push(refuse(Reason::BalanceOverflow, largest(judgement.moved_minor, fits)));
        }
        against
    }

    fn credit(&self, account: &Account, judgement: &Judgement) -> Vec<Refusal> {
        let Judgement { asked_minor: asked, moved_minor: moved, .. } = *judgement;
        let refuse =
            |reason, would_pass| refusal(reason, account.opening.id, asked, Some(would_pass));
        let mut against = Vec::new();
        if account.closed && !self.is(Plant::LetsClosedAccountsReceive) {
            against.push(refuse(Reason::AccountClosed, 0));
        }
        if self.is_frozen(account, Freeze::Credits) {
            against.push(refuse(Reason::AccountFrozen, 0));
        }
        let fits = |minor| account.after_receiving(minor).is_some();
        if !fits(moved) {
            against.push(refuse(Reason::BalanceOverflow, largest(moved, fits)));
        }
        against
    }

    fn is_frozen(&self, account: &Account, side: Freeze) -> bool {
        let frozen = match account.freeze {
            Freeze::Debits if self.is(Plant::FreezesTheOtherSide) => Freeze::Credits,
            Freeze::Credits if self.is(Plant::FreezesTheOtherSide) => Freeze::Debits,
            freeze => freeze,
        };
        frozen == Freeze::Both || frozen == side
    }
}
