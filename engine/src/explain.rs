//! Naming the field in which a request differs from the one that used its id first.

use alloc::borrow::Cow;
use alloc::format;

use crate::{
    AMOUNT_MAX_MINOR, Action, AtDue, Body, Event, HoldEvent, HoldStep, HoldTerms, Ledger, Transfer,
};

impl Ledger {
    /// The first field, by its name in the contract, in which `transfer` differs from what stands in the journal
    /// under its id.
    pub fn differing_field(&self, first: &Event, transfer: &Transfer) -> &'static str {
        let id_at = |slot| self.account_id(slot).unwrap_or(0);
        let mut terms = HoldTerms::default();
        let (reverses, debit, credit, requested, up_to_available, code, value_date) =
            match &first.body {
                Body::TransferPosted(posted) => {
                    let extra = posted.extra.as_deref();
                    let requested = extra.and_then(|extra| extra.requested_minor);
                    (
                        extra.and_then(|extra| extra.reverses),
                        id_at(posted.debit.slot),
                        id_at(posted.credit.slot),
                        requested.unwrap_or(posted.amount_minor),
                        requested.is_some(),
                        posted.code,
                        posted.value_date,
                    )
                }
                Body::TransferRefused(refused) => {
                    terms = refused.terms;
                    (
                        refused.reverses,
                        refused.debit_account,
                        refused.credit_account,
                        refused.requested_minor,
                        refused.up_to_available,
                        refused.code,
                        refused.value_date,
                    )
                }
                Body::Hold(hold) => {
                    terms = asked(hold);
                    let all_was_asked = hold.extra.as_ref().and_then(|extra| extra.requested_minor);
                    (
                        None,
                        id_at(hold.debit.slot),
                        id_at(hold.credit.slot),
                        all_was_asked.unwrap_or(hold.amount_minor),
                        false,
                        hold.code,
                        hold.value_date,
                    )
                }
                _ => return "id",
            };
        debug_assert!(requested <= AMOUNT_MAX_MINOR);
        // Accounts of a reversal, and its amount, follow from its original, those of a capture from its hold: they
        // are not in the request.
        let plain = reverses.is_none();
        let own_accounts = plain && !terms.action.refers();
        let again = transfer.terms();
        match () {
            () if reverses != transfer.reverses() => "reverses",
            () if terms.action != again.action => "kind",
            () if terms.hold != again.hold => "hold",
            () if own_accounts && debit != transfer.debit_account => "debit_account",
            () if own_accounts && credit != transfer.credit_account => "credit_account",
            () if plain && requested != transfer.amount_minor => "amount",
            () if up_to_available != transfer.up_to_available => "amount_mode",
            () if terms.due_at_ns != again.due_at_ns => "due_at_ns",
            () if terms.at_due != again.at_due => "at_due",
            () if terms.release_rest != again.release_rest => "release_rest",
            () if code != transfer.code => "code",
            () if value_date != transfer.value_date => "value_date",
            () => differing_payment_field(first, transfer),
        }
    }

    /// The same for a group: `first` are its members as they stand in the journal, or its refusal.
    pub fn differing_group_field(
        &self,
        first: &[Event],
        transfers: &[Transfer],
    ) -> Cow<'static, str> {
        for (index, (event, transfer)) in first.iter().zip(transfers).enumerate() {
            match &event.body {
                Body::TransferPosted(posted) if posted.id != transfer.id => {
                    return format!("transfers[{index}].id").into();
                }
                Body::Hold(hold) if hold.id != transfer.id => {
                    return format!("transfers[{index}].id").into();
                }
                Body::TransferPosted(posted) if posted.content_hash != transfer.content_hash => {
                    let field = self.differing_field(event, transfer);
                    return format!("transfers[{index}].{field}").into();
                }
                Body::Hold(hold) if hold.content_hash != transfer.content_hash => {
                    let field = self.differing_field(event, transfer);
                    return format!("transfers[{index}].{field}").into();
                }
                _ => {}
            }
        }
        "transfers".into()
    }
}

/// What a step was asked to do.
fn asked(hold: &HoldEvent) -> HoldTerms {
    let action = match (hold.step, hold.of_payment) {
        (HoldStep::Place, false) => Action::Hold,
        (HoldStep::Place, true) => Action::Authorize,
        (HoldStep::Pay, _) => Action::Pay,
        (HoldStep::Capture | HoldStep::DueCapture, false) => Action::Capture,
        (HoldStep::Capture | HoldStep::DueCapture, true) => Action::CapturePayment,
        (HoldStep::Release | HoldStep::DueRelease, false) => Action::Release,
        (HoldStep::Release | HoldStep::DueRelease, true) => Action::CancelPayment,
        (HoldStep::Change, _) => Action::Change,
        (HoldStep::Refund, _) => Action::Refund,
    };
    HoldTerms {
        action,
        hold: if action.refers() { hold.hold_id } else { 0 },
        due_at_ns: if hold.sets_due { hold.due_at_ns } else { 0 },
        at_due: if action.places() { hold.at_due } else { AtDue::Release },
        release_rest: hold.release_rest,
    }
}

/// What else can differ: what a payment has beside a hold, or the metadata.
fn differing_payment_field(first: &Event, transfer: &Transfer) -> &'static str {
    let first = match &first.body {
        Body::Hold(hold) => hold.extra.as_ref().and_then(|extra| extra.payment.as_ref()),
        _ => None,
    };
    let again = transfer.extra.as_ref().and_then(|extra| extra.payment.as_ref());
    match (first, again) {
        (Some(first), Some(again)) if first.fee_minor != again.fee_minor => "fee",
        (Some(first), Some(again)) if first.score != again.score => "score",
        (Some(first), Some(again)) if first.reference != again.reference => "reference",
        _ => "metadata",
    }
}
