//! Deciding a step of a hold or payment: placing, capturing, releasing, changing, refunding. The checks stand in
//! the order of precedence of [`Reason`].

use alloc::boxed::Box;

use crate::account::Side;
use crate::decide::{Place, Sides, Terms, View, refused};
use crate::effect::Moved;
use crate::{
    AMOUNT_MAX_MINOR, Account, Action, AtDue, Hold, HoldEvent, HoldStep, HoldTerms, Ledger,
    NO_SLOT, Reason, Refusal, Slot, Transfer, TransferExtra, TransferRefused,
};

/// A step that every account has agreed to.
struct Agreed {
    step: HoldStep,
    amount_minor: u128,
    released_minor: u128,
}

impl Agreed {
    const fn new(step: HoldStep, amount_minor: u128) -> Self {
        Self { step, amount_minor, released_minor: 0 }
    }
}

/// Reasons that say the same of a hold and of a payment.
struct Words {
    not_found: Reason,
    expired: Reason,
    closed: Reason,
    exceeded: Reason,
}

const OF_HOLD: Words = Words {
    not_found: Reason::HoldNotFound,
    expired: Reason::HoldExpired,
    closed: Reason::HoldClosed,
    exceeded: Reason::HoldExceeded,
};
const OF_PAYMENT: Words = Words {
    not_found: Reason::PaymentNotFound,
    expired: Reason::PaymentStateInvalid,
    closed: Reason::PaymentStateInvalid,
    exceeded: Reason::PaymentExceeded,
};

impl Ledger {
    /// Decides a step.
    pub(crate) fn decide_step(
        &self,
        view: &impl View,
        terms: Terms<'_>,
        transfer: &Transfer,
        place: Place,
    ) -> Result<Box<HoldEvent>, Box<TransferRefused>> {
        let asked = transfer.terms();
        let action = asked.action;
        let hold = view.hold(terms.tenant, asked.hold).filter(|_| action.refers());
        let hold = hold.filter(|hold| hold.of_payment == action.is_of_payment());
        let sides = match hold {
            Some(hold) if action == Action::Refund => {
                sides_of(view, transfer, hold.credit, hold.debit)
            }
            Some(hold) => sides_of(view, transfer, hold.debit, hold.credit),
            None if action.refers() => Sides {
                amount_minor: transfer.amount_minor,
                ..Sides::unknown(words(action).not_found)
            },
            None => self.sides(terms, transfer),
        };
        match self.agree(view, terms, transfer, &sides, hold) {
            Ok(agreed) => Ok(step_event(view, terms, transfer, &sides, hold, &agreed, place)),
            Err(refusal) => Err(refused(terms, transfer, &sides, refusal)),
        }
    }

    fn agree(
        &self,
        view: &impl View,
        terms: Terms<'_>,
        transfer: &Transfer,
        sides: &Sides,
        hold: Option<&Hold>,
    ) -> Result<Agreed, Refusal> {
        let HoldTerms { action, due_at_ns, release_rest, .. } = transfer.terms();
        let due_now_ns = self.due_now_ns(terms.now_ns);
        let asked_minor = transfer.amount_minor;
        let refuse = |reason| Refusal { reason, asked_minor, ..Refusal::NONE };
        let is_past = due_at_ns != 0 && due_at_ns <= due_now_ns;
        let in_future = || if is_past { Err(refuse(Reason::DuePassed)) } else { Ok(()) };
        let Some(hold) = hold else {
            if let Err(reason) = sides.original {
                return Err(refuse(reason));
            }
            in_future()?;
            let amount_minor = self.ask(view, terms, transfer, sides)?;
            let step = if action == Action::Pay { HoldStep::Pay } else { HoldStep::Place };
            return Ok(Agreed::new(step, amount_minor));
        };
        if action == Action::Refund {
            let amount_minor = part(asked_minor, hold.refundable_minor(), &OF_PAYMENT)?;
            let asking = Sides { amount_minor, ..*sides };
            self.ask(view, terms, transfer, &asking)?;
            return Ok(Agreed::new(HoldStep::Refund, amount_minor));
        }
        let words = words(action);
        let remaining_minor = hold.remaining_minor();
        let is_due = hold.is_due(due_now_ns) && remaining_minor > 0;
        if hold.expired || is_due && hold.at_due == AtDue::Release {
            return Err(refuse(words.expired));
        }
        if remaining_minor == 0 || is_due {
            return Err(refuse(words.closed));
        }
        let (debit, credit) = (view.account(hold.debit), view.account(hold.credit));
        let of_asset = || self.agree_on_asset(terms, transfer, debit, credit, asked_minor);
        match action {
            Action::Change => {
                in_future()?;
                of_asset()?;
                if asked_minor > 0 {
                    self.ask(view, terms, transfer, sides)?;
                }
                can_grow(hold, asked_minor)?;
                Ok(Agreed::new(HoldStep::Change, asked_minor))
            }
            Action::Release | Action::CancelPayment => {
                let amount_minor = part(asked_minor, remaining_minor, words)?;
                of_asset()?;
                Ok(Agreed::new(HoldStep::Release, amount_minor))
            }
            _ => {
                let amount_minor = part(asked_minor, remaining_minor, words)?;
                of_asset()?;
                debit.answer_capture(Side::Debit, amount_minor)?;
                credit.answer_capture(Side::Credit, amount_minor)?;
                let rest_minor = if release_rest { remaining_minor - amount_minor } else { 0 };
                Ok(Agreed {
                    released_minor: rest_minor,
                    ..Agreed::new(HoldStep::Capture, amount_minor)
                })
            }
        }
    }

    /// What becomes of a hold or payment that is due: what is left is captured where that was agreed and is
    /// possible, and given back otherwise.
    pub(crate) fn decide_due(&self, hold: &Hold) -> Box<HoldEvent> {
        let (debit, credit) = (self.accounts.at(hold.debit), self.accounts.at(hold.credit));
        let amount_minor = hold.remaining_minor();
        let capture = || {
            debit.answer_capture(Side::Debit, amount_minor)?;
            credit.answer_capture(Side::Credit, amount_minor)
        };
        let (step, blocked_by) = match hold.at_due {
            AtDue::Release => (HoldStep::DueRelease, None),
            AtDue::Capture => match capture() {
                Ok(()) => (HoldStep::DueCapture, None),
                Err(refusal) => (HoldStep::DueRelease, Some(refusal.reason)),
            },
        };
        let moved = Moved::of(step, amount_minor, 0);
        Box::new(HoldEvent {
            step,
            of_payment: hold.of_payment,
            id: 0,
            hold_id: hold.id,
            hold_sequence: hold.placed_sequence,
            amount_minor,
            released_minor: 0,
            remaining_minor: 0,
            debit: debit.leg_with(hold.debit, moved.on(Side::Debit)),
            credit: credit.leg_with(hold.credit, moved.on(Side::Credit)),
            content_hash: 0,
            tenant: hold.tenant,
            asset: debit.asset,
            code: 0,
            value_date: 0,
            group: crate::GroupPlace::default(),
            due_at_ns: hold.due_at_ns,
            sets_due: false,
            at_due: hold.at_due,
            release_rest: false,
            blocked_by,
            extra: None,
        })
    }
}

/// The event of a step that every account has agreed to.
#[allow(clippy::too_many_arguments, reason = "what was asked, found, and agreed to")]
fn step_event(
    view: &impl View,
    terms: Terms<'_>,
    transfer: &Transfer,
    sides: &Sides,
    hold: Option<&Hold>,
    agreed: &Agreed,
    Place { place, group }: Place,
) -> Box<HoldEvent> {
    let HoldTerms { action, due_at_ns, at_due, release_rest, .. } = transfer.terms();
    let Agreed { step, amount_minor, released_minor } = *agreed;
    let moved = Moved::of(step, amount_minor, released_minor);
    // `agree` has found both accounts.
    let slots = [sides.debit_slot, sides.credit_slot].map(|slot| slot.unwrap_or(NO_SLOT));
    let [debit, credit] = slots.map(|slot| view.account(slot));
    let remaining_minor = hold.map_or(0, Hold::remaining_minor);
    let all_was_asked = action.refers() && action != Action::Change && transfer.amount_minor == 0;
    let extra = TransferExtra {
        group,
        requested_minor: all_was_asked.then_some(0),
        reverses: None,
        metadata: transfer.metadata().into(),
        payment: transfer.extra.as_ref().and_then(|extra| extra.payment.clone()),
    };
    Box::new(HoldEvent {
        step,
        of_payment: action.is_of_payment(),
        id: transfer.id,
        hold_id: hold.map_or(transfer.id, |hold| hold.id),
        hold_sequence: hold.map_or(0, |hold| hold.placed_sequence),
        amount_minor,
        released_minor,
        remaining_minor: remaining_minor + moved.reserved_minor - moved.freed_minor,
        debit: debit.leg_with(slots[0], moved.on(Side::Debit)),
        credit: credit.leg_with(slots[1], moved.on(Side::Credit)),
        content_hash: transfer.content_hash,
        tenant: terms.tenant,
        asset: debit.asset,
        code: transfer.code,
        value_date: transfer.value_date,
        group: place,
        due_at_ns: if due_at_ns == 0 { hold.map_or(0, |hold| hold.due_at_ns) } else { due_at_ns },
        sets_due: due_at_ns != 0,
        at_due: hold.map_or(at_due, |hold| hold.at_due),
        release_rest,
        blocked_by: None,
        extra: Some(Box::new(extra)).filter(|extra| **extra != TransferExtra::default()),
    })
}

const fn words(action: Action) -> &'static Words {
    if action.is_of_payment() { &OF_PAYMENT } else { &OF_HOLD }
}

/// The accounts of a hold or payment, as the sides of a request.
fn sides_of(view: &impl View, transfer: &Transfer, debit: Slot, credit: Slot) -> Sides {
    let id = |slot| -> u128 { Account::id(view.account(slot)) };
    Sides {
        debit_account: id(debit),
        credit_account: id(credit),
        debit_slot: Some(debit),
        credit_slot: Some(credit),
        amount_minor: transfer.amount_minor,
        original: Ok(0),
    }
}

/// Whether a hold can be increased by this much: all that it ever reserved is an amount like any other.
fn can_grow(hold: &Hold, asked_minor: u128) -> Result<(), Refusal> {
    let room_minor = AMOUNT_MAX_MINOR - hold.amount_minor;
    if asked_minor <= room_minor {
        return Ok(());
    }
    Err(Refusal {
        reason: Reason::BalanceOverflow,
        account: 0,
        asked_minor,
        missing_minor: asked_minor - room_minor,
        would_pass_minor: room_minor,
    })
}

/// How much of what there is: what was asked for, or all of it.
fn part(asked_minor: u128, left_minor: u128, words: &Words) -> Result<u128, Refusal> {
    match asked_minor {
        _ if left_minor == 0 => Err(Refusal { reason: words.closed, asked_minor, ..Refusal::NONE }),
        0 => Ok(left_minor),
        asked_minor if asked_minor > left_minor => Err(Refusal {
            reason: words.exceeded,
            account: 0,
            asked_minor,
            missing_minor: asked_minor - left_minor,
            would_pass_minor: left_minor,
        }),
        asked_minor => Ok(asked_minor),
    }
}
