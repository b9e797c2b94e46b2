//! Deciding a transfer: from a request and the accounts to an event, or a refusal that explains itself.

use alloc::boxed::Box;

use crate::account::{Ask, Side};
use crate::{
    Account, AssetCode, Body, Event, GroupKey, GroupPlace, Hold, HoldEvent, HoldStep, Ledger,
    NO_SLOT, Past, Reason, Refusal, Sequence, Slot, Tenant, Transfer, TransferExtra,
    TransferPosted, TransferRefused,
};

/// Accounts as a decision sees them: as they are, or as the members of a group before have left them.
pub(crate) trait View {
    fn account(&self, slot: Slot) -> &Account;
    fn hold(&self, tenant: Tenant, id: u128) -> Option<&Hold>;
    fn is_reversed(&self, original: Sequence) -> bool;
    /// Place among the events of this group, if the transfer is a member of it.
    fn member(&self, transfer: u128) -> Option<usize>;
}

impl View for Ledger {
    #[inline]
    fn account(&self, slot: Slot) -> &Account {
        self.accounts.at(slot)
    }

    fn hold(&self, tenant: Tenant, id: u128) -> Option<&Hold> {
        self.holds.get(self.hash, tenant, id)
    }

    fn is_reversed(&self, original: Sequence) -> bool {
        self.reversals.get(original).is_some()
    }

    fn member(&self, _transfer: u128) -> Option<usize> {
        None
    }
}

/// What every member of a batch shares.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub tenant: Tenant,
    pub asset: Option<AssetCode>,
    pub past: &'a Past,
    pub now_ns: u64,
}

/// A member's place in its group, and with member 0 the group's key.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    pub place: GroupPlace,
    pub group: Option<GroupKey>,
}

/// What a request asks for, with its accounts looked up.
pub(crate) struct Sides {
    pub debit_account: u128,
    pub credit_account: u128,
    pub debit_slot: Option<Slot>,
    pub credit_slot: Option<Slot>,
    pub amount_minor: u128,
    /// The transfer to undo, 0 if none; or why it cannot be.
    pub original: Result<Sequence, Reason>,
}

impl Sides {
    /// Nothing is known, for this reason.
    pub const fn unknown(reason: Reason) -> Self {
        Self {
            debit_account: 0,
            credit_account: 0,
            debit_slot: None,
            credit_slot: None,
            amount_minor: 0,
            original: Err(reason),
        }
    }
}

/// What a reversal undoes.
struct Original {
    sequence: Sequence,
    debit: Slot,
    credit: Slot,
    amount_minor: u128,
}

impl Ledger {
    /// Decides one transfer. `earlier` are the events of the same batch that were decided before.
    #[inline]
    pub(crate) fn decide(
        &self,
        view: &impl View,
        terms: Terms<'_>,
        transfer: &Transfer,
        place: Place,
        earlier: &[Event],
    ) -> Result<Body, Box<TransferRefused>> {
        if transfer.extra.is_some() && transfer.terms() != crate::HoldTerms::default() {
            let step = self.decide_step(view, terms, transfer, place)?;
            return Ok(Body::Hold(step));
        }
        let sides = match transfer.reverses() {
            Some(original) => self.reversed_sides(view, terms, original, earlier),
            None => self.sides(terms, transfer),
        };
        match self.ask(view, terms, transfer, &sides) {
            Ok(moved) => {
                Ok(Body::TransferPosted(post(view, terms, transfer, &sides, moved, place)))
            }
            Err(refusal) => Err(refused(terms, transfer, &sides, refusal)),
        }
    }

    #[inline]
    pub(crate) fn sides(&self, terms: Terms<'_>, transfer: &Transfer) -> Sides {
        Sides {
            debit_account: transfer.debit_account,
            credit_account: transfer.credit_account,
            debit_slot: self.accounts.find(self.hash, terms.tenant, transfer.debit_account),
            credit_slot: self.accounts.find(self.hash, terms.tenant, transfer.credit_account),
            amount_minor: transfer.amount_minor,
            original: Ok(0),
        }
    }

    /// The sides of a reversal follow from its original.
    #[cold]
    fn reversed_sides(
        &self,
        view: &impl View,
        terms: Terms<'_>,
        original: u128,
        earlier: &[Event],
    ) -> Sides {
        let original = match self.original(view, terms, original, earlier) {
            Ok(found) => found,
            Err(reason) => return Sides::unknown(reason),
        };
        let Original { sequence, amount_minor, .. } = original;
        let (debit, credit) = (original.credit, original.debit);
        let reversed = view.is_reversed(sequence);
        Sides {
            debit_account: view.account(debit).id,
            credit_account: view.account(credit).id,
            debit_slot: Some(debit),
            credit_slot: Some(credit),
            amount_minor,
            original: if reversed { Err(Reason::AlreadyReversed) } else { Ok(sequence) },
        }
    }

    /// The original: decided earlier in this batch, or loaded from the journal.
    fn original(
        &self,
        view: &impl View,
        terms: Terms<'_>,
        id: u128,
        earlier: &[Event],
    ) -> Result<Original, Reason> {
        let event = if let Some(index) = view.member(id) {
            earlier.get(index)
        } else {
            let entry = self.used_transfer(terms.past, terms.tenant, id);
            let entry = entry.ok_or(Reason::OriginalNotFound)?;
            if !entry.posted {
                return Err(Reason::OriginalNotPosted);
            }
            let first = earlier.first().map_or(Sequence::MAX, |event| event.sequence);
            if let Some(index) = entry.sequence.checked_sub(first) {
                usize::try_from(index).ok().and_then(|index| earlier.get(index))
            } else {
                // The partition loads what `originals_needed` names before it decides.
                let Past { first_answers, originals, .. } = terms.past;
                first_answers.get(&id).or_else(|| originals.get(&entry.sequence))
            }
        };
        let event = event.ok_or(Reason::OriginalNotFound)?;
        let sequence = event.sequence;
        match &event.body {
            Body::TransferPosted(TransferPosted { debit, credit, amount_minor, .. }) => {
                let (debit, credit) = (debit.slot, credit.slot);
                Ok(Original { sequence, debit, credit, amount_minor: *amount_minor })
            }
            // A payment is refunded instead: it would not know of a reversal.
            Body::Hold(hold) if hold.step == HoldStep::Capture && !hold.of_payment => {
                let HoldEvent { debit, credit, amount_minor, .. } = **hold;
                let (debit, credit) = (debit.slot, credit.slot);
                Ok(Original { sequence, debit, credit, amount_minor })
            }
            Body::Hold(_) => Err(Reason::OriginalNotPosted),
            _ => Err(Reason::OriginalNotFound),
        }
    }

    /// Asks both accounts. Where both refuse, the reason that comes first is the answer; where it is the
    /// same, the debit account's.
    #[inline]
    pub(crate) fn ask(
        &self,
        view: &impl View,
        terms: Terms<'_>,
        transfer: &Transfer,
        sides: &Sides,
    ) -> Result<u128, Refusal> {
        let asked_minor = sides.amount_minor;
        if let Err(reason) = sides.original {
            return Err(Refusal { reason, asked_minor, ..Refusal::NONE });
        }
        let not_found = |account| Refusal {
            reason: Reason::AccountNotFound,
            account,
            asked_minor,
            ..Refusal::NONE
        };
        let debit_slot = sides.debit_slot.ok_or_else(|| not_found(sides.debit_account))?;
        let credit_slot = sides.credit_slot.ok_or_else(|| not_found(sides.credit_account))?;
        let (debit, credit) = (view.account(debit_slot), view.account(credit_slot));
        self.agree_on_asset(terms, transfer, debit, credit, asked_minor)?;
        let up_to_available = transfer.up_to_available;
        let ask = Ask { side: Side::Debit, amount_minor: asked_minor, up_to_available };
        let paid = debit.answer(ask, self.accounts.bounds(debit));
        let amount_minor = *paid.as_ref().unwrap_or(&asked_minor);
        let ask = Ask { side: Side::Credit, amount_minor, up_to_available: false };
        // What the request asked for, also where less would have moved.
        let of_request = |refusal: Refusal| Refusal {
            asked_minor,
            missing_minor: asked_minor - refusal.would_pass_minor,
            ..refusal
        };
        let received = credit.answer(ask, self.accounts.bounds(credit)).map_err(of_request);
        match (paid, received) {
            (Ok(moved), Ok(_)) => Ok(moved),
            (Ok(_), Err(refusal)) | (Err(refusal), Ok(_)) => Err(refusal),
            (Err(debit), Err(credit)) if credit.reason < debit.reason => Err(credit),
            (Err(debit), Err(_)) => Err(debit),
        }
    }

    /// Whether both accounts hold one asset, and it is the one that the request names.
    #[inline]
    pub(crate) fn agree_on_asset(
        &self,
        terms: Terms<'_>,
        transfer: &Transfer,
        debit: &Account,
        credit: &Account,
        asked_minor: u128,
    ) -> Result<(), Refusal> {
        let guards = [terms.asset, transfer.extra.as_ref().and_then(|extra| extra.asset)];
        let other = |code: AssetCode| self.assets[debit.asset as usize].code != code;
        if debit.asset == credit.asset && !guards.into_iter().flatten().any(other) {
            return Ok(());
        }
        let account = if debit.asset == credit.asset { debit.id } else { credit.id };
        let reason = Reason::AssetMismatch;
        Err(Refusal { reason, account, asked_minor, ..Refusal::NONE })
    }
}

impl Refusal {
    pub(crate) const NONE: Self = Self {
        reason: Reason::IdReused,
        account: 0,
        asked_minor: 0,
        missing_minor: 0,
        would_pass_minor: 0,
    };
}

#[inline]
fn post(
    view: &impl View,
    terms: Terms<'_>,
    transfer: &Transfer,
    sides: &Sides,
    moved: u128,
    Place { place, group }: Place,
) -> TransferPosted {
    // `ask` has found both accounts, and a moved amount is at most 2^127 - 1.
    let (debit_slot, credit_slot) =
        (sides.debit_slot.unwrap_or(NO_SLOT), sides.credit_slot.unwrap_or(NO_SLOT));
    let (debit, credit) = (view.account(debit_slot), view.account(credit_slot));
    let change = moved.cast_signed();
    let has_extra = group.is_some() || transfer.up_to_available || transfer.extra.is_some();
    TransferPosted {
        id: transfer.id,
        amount_minor: moved,
        debit: debit.leg(debit_slot, -change),
        credit: credit.leg(credit_slot, change),
        content_hash: transfer.content_hash,
        original_sequence: sides.original.unwrap_or(0),
        tenant: terms.tenant,
        asset: debit.asset,
        code: transfer.code,
        value_date: transfer.value_date,
        group: place,
        extra: has_extra
            .then(|| {
                Box::new(TransferExtra {
                    group,
                    requested_minor: transfer.up_to_available.then_some(transfer.amount_minor),
                    reverses: transfer.reverses(),
                    metadata: transfer.metadata().into(),
                    payment: None,
                })
            })
            .filter(|extra| **extra != TransferExtra::default()),
    }
}

#[cold]
pub(crate) fn refused(
    terms: Terms<'_>,
    transfer: &Transfer,
    sides: &Sides,
    refusal: Refusal,
) -> Box<TransferRefused> {
    Box::new(TransferRefused {
        id: transfer.id,
        tenant: terms.tenant,
        content_hash: transfer.content_hash,
        requested_minor: sides.amount_minor,
        up_to_available: transfer.up_to_available,
        debit_account: sides.debit_account,
        credit_account: sides.credit_account,
        debit_slot: sides.debit_slot.unwrap_or(NO_SLOT),
        credit_slot: sides.credit_slot.unwrap_or(NO_SLOT),
        code: transfer.code,
        value_date: transfer.value_date,
        reverses: transfer.reverses(),
        terms: transfer.terms(),
        refusal,
    })
}
