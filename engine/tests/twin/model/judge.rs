//! Every rule is asked on its own; where several object, the first in the order of the reasons answers.

use florin_engine::{Action, Floor, Freeze, HoldStep, Reason, Refusal, Sequence, Transfer};

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
    /// If it is one of a hold or payment.
    pub step: Option<Taken>,
}

/// A step of a hold or payment, judged to be possible: what it moves, reserves or gives back, and what a capture gives
/// back beside that.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    pub step: HoldStep,
    pub amount_minor: u128,
    pub rest_minor: u128,
}

impl Judgement {
    pub fn of(transfer: &Transfer) -> Self {
        Self {
            debit_account: transfer.debit_account,
            credit_account: transfer.credit_account,
            asked_minor: transfer.amount_minor,
            moved_minor: transfer.amount_minor,
            original_sequence: 0,
            refusal: None,
            step: None,
        }
    }
}

impl Twin {
    pub(super) fn judge(&self, batch: &Batch, transfer: &Transfer, now_ns: u64) -> Judgement {
        if transfer.action() != Action::Move {
            return self.judge_step(batch, transfer, now_ns);
        }
        let mut judgement = Judgement::of(transfer);
        let mut against: Vec<Refusal> = Vec::new();
        if let Some(original) = transfer.reverses() {
            against.extend(self.reverse(batch, original, &mut judgement));
        }
        against.extend(self.between(batch, transfer, &mut judgement));
        judgement.refusal = self.first_of(against);
        judgement
    }

    /// What speaks against moving this between these accounts.
    pub(super) fn between(
        &self,
        batch: &Batch,
        transfer: &Transfer,
        judgement: &mut Judgement,
    ) -> Vec<Refusal> {
        let mut against = Vec::new();
        let Judgement { debit_account, credit_account, asked_minor: asked, .. } = *judgement;
        let account = |id| self.accounts.get(&(batch.tenant, id));
        for id in [debit_account, credit_account] {
            if account(id).is_none() {
                against.push(refusal(Reason::AccountNotFound, id, asked, None));
            }
        }
        if let (Some(debit), Some(credit)) = (account(debit_account), account(credit_account)) {
            against.extend(of_another_asset(batch, transfer, debit, credit, asked));
            against.extend(self.debit(debit, transfer.up_to_available, judgement));
            against.extend(self.credit(credit, judgement));
        }
        against
    }

    pub(super) fn first_of(&self, mut against: Vec<Refusal>) -> Option<Refusal> {
        // Stable: where both accounts object for the same reason, the debit account comes first.
        against.sort_by_key(|refusal| refusal.reason);
        let last = self.is(Plant::AnswersTheLastReason);
        if last { against.last() } else { against.first() }.copied()
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
        let reserved = self.is(Plant::ForgetsWhatIsReserved);
        let free = Account { out_minor: 0, ..account.clone() };
        let account = if reserved { &free } else { account };
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
            let early = u128::from(self.is(Plant::OverflowsOneTooEarly));
            minor == 0 || Account { debits_minor, ..account.clone() }.can_pay(minor + early)
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
        let allows = |minor| self.is(Plant::IgnoresCeilings) || account.ceiling_allows(minor);
        if !allows(moved) {
            against.push(refuse(Reason::CeilingExceeded, largest(moved, allows)));
        }
        let fits = |minor| minor == 0 || account.can_receive(minor);
        if !fits(moved) {
            against.push(refuse(Reason::BalanceOverflow, largest(moved, fits)));
        }
        against
    }

    pub(super) fn is_frozen(&self, account: &Account, side: Freeze) -> bool {
        let frozen = match account.freeze {
            Freeze::Debits if self.is(Plant::FreezesTheOtherSide) => Freeze::Credits,
            Freeze::Credits if self.is(Plant::FreezesTheOtherSide) => Freeze::Debits,
            freeze => freeze,
        };
        frozen == Freeze::Both || frozen == side
    }
}

/// The two accounts hold different assets, or not the one that was named.
pub fn of_another_asset(
    batch: &Batch,
    transfer: &Transfer,
    debit: &Account,
    credit: &Account,
    asked_minor: u128,
) -> Option<Refusal> {
    let guard = transfer.extra.as_ref().and_then(|extra| extra.asset);
    let guards = [batch.asset, guard].into_iter().flatten();
    let mut guards = guards.filter(|asset| *asset != debit.opening.asset);
    let mismatch = |account: &Account| {
        Some(refusal(Reason::AssetMismatch, account.opening.id, asked_minor, None))
    };
    if debit.opening.asset != credit.opening.asset {
        mismatch(credit)
    } else if guards.next().is_some() {
        mismatch(debit)
    } else {
        None
    }
}
