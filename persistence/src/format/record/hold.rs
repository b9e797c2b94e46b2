//! Steps of holds and payments, both ways.

use florin_engine::{
    Action, AtDue, GroupPlace, HoldEvent, HoldStep, HoldTerms, PaymentTerms, Reason, TransferExtra,
};

use super::decode::{credit_leg, debit_leg, extra};
use super::encode::Record;
use super::{FLAG_RELEASE_REST, FLAG_SETS_DUE, Payloads, RECORD_BYTES, RecordFault, at, kind};
use crate::bytes::{put, u16_at, u32_at, u64_at, u128_at};
use crate::format::payload::{HOLD_BYTES, PAYMENT_BYTES, PayloadKind, TERMS_BYTES};

/// How the payload of every step stands, computed from the one before.
mod hold_at {
    pub(super) const ID: usize = 0;
    pub(super) const REMAINING: usize = ID + 16;
    pub(super) const RELEASED: usize = REMAINING + 16;
    pub(super) const DUE_AT: usize = RELEASED + 16;
    pub(super) const AT_DUE: usize = DUE_AT + 8;
    pub(super) const BLOCKED_BY: usize = AT_DUE + 1 + 1;
    pub(super) const END: usize = BLOCKED_BY + 2 + 4;
}
const _: () = assert!(hold_at::END == HOLD_BYTES);

/// What a refused step was to do.
mod terms_at {
    pub(super) const ACTION: usize = 0;
    pub(super) const AT_DUE: usize = ACTION + 1;
    pub(super) const RELEASE_REST: usize = AT_DUE + 1;
    pub(super) const DUE_AT: usize = RELEASE_REST + 1 + 5;
    pub(super) const HOLD: usize = DUE_AT + 8;
    pub(super) const END: usize = HOLD + 16;
}
const _: () = assert!(terms_at::END == TERMS_BYTES);

mod payment_at {
    pub(super) const FEE: usize = 0;
    pub(super) const SCORE: usize = FEE + 16;
    pub(super) const END: usize = SCORE + 2 + 6;
}
const _: () = assert!(payment_at::END == PAYMENT_BYTES);

const NO_SCORE: u16 = u16::MAX;

/// Every step that is journaled: its kind, what it is, whether of a payment.
pub(super) const STEPS: [(u8, HoldStep, bool); 13] = [
    (kind::HOLD_PLACED, HoldStep::Place, false),
    (kind::HOLD_CAPTURED, HoldStep::Capture, false),
    (kind::HOLD_RELEASED, HoldStep::Release, false),
    (kind::HOLD_CHANGED, HoldStep::Change, false),
    (kind::HOLD_DUE_RELEASED, HoldStep::DueRelease, false),
    (kind::HOLD_DUE_CAPTURED, HoldStep::DueCapture, false),
    (kind::PAYMENT_AUTHORIZED, HoldStep::Place, true),
    (kind::PAYMENT_PAID, HoldStep::Pay, true),
    (kind::PAYMENT_CAPTURED, HoldStep::Capture, true),
    (kind::PAYMENT_CANCELED, HoldStep::Release, true),
    (kind::PAYMENT_REFUNDED, HoldStep::Refund, true),
    (kind::PAYMENT_DUE_RELEASED, HoldStep::DueRelease, true),
    (kind::PAYMENT_DUE_CAPTURED, HoldStep::DueCapture, true),
];

fn kind_of(event: &HoldEvent) -> Option<u8> {
    let is_it = |(_, step, of_payment): &&(u8, HoldStep, bool)| {
        (*step, *of_payment) == (event.step, event.of_payment)
    };
    Some(STEPS.iter().find(is_it)?.0)
}

/// Whether a record of this kind is a step of a hold or payment.
pub(super) fn is_step(kind: u8) -> bool {
    STEPS.iter().any(|(number, ..)| *number == kind)
}

/// Why a step cannot be written, if it cannot.
pub(super) fn fault(event: &HoldEvent) -> Option<&'static str> {
    kind_of(event).is_none().then_some("no such step of a hold or payment")
}

impl Record<'_, '_> {
    pub(super) fn hold(&mut self, event: &HoldEvent) {
        self.kind(kind_of(event).unwrap_or_default());
        self.slots(event.debit.slot, event.credit.slot);
        self.debit_after(&event.debit);
        self.credit_after(&event.credit);
        self.put(at::ID, event.id.to_le_bytes());
        self.put(at::AMOUNT, event.amount_minor.to_le_bytes());
        self.put(at::SUBJECT, event.hold_sequence.to_le_bytes());
        self.put(at::VALUE_DATE, event.value_date.to_le_bytes());
        self.put(at::CODE, event.code.to_le_bytes());
        self.put(at::TENANT, event.tenant.to_le_bytes());
        self.put(at::GROUP_INDEX, event.group.index.to_le_bytes());
        self.put(at::GROUP_LENGTH, event.group.len.to_le_bytes());
        self.put(at::CONTENT_HASH, event.content_hash.to_le_bytes());
        self.put(at::ASSET, event.asset.to_le_bytes());
        if event.release_rest {
            self.bytes[at::FLAGS] |= FLAG_RELEASE_REST;
        }
        if event.sets_due {
            self.bytes[at::FLAGS] |= FLAG_SETS_DUE;
        }
        let mut bytes = [0; HOLD_BYTES];
        put(&mut bytes, hold_at::ID, event.hold_id.to_le_bytes());
        put(&mut bytes, hold_at::REMAINING, event.remaining_minor.to_le_bytes());
        put(&mut bytes, hold_at::RELEASED, event.released_minor.to_le_bytes());
        put(&mut bytes, hold_at::DUE_AT, event.due_at_ns.to_le_bytes());
        bytes[hold_at::AT_DUE] = event.at_due as u8;
        let blocked_by = event.blocked_by.map_or(0, |reason| reason as u16);
        put(&mut bytes, hold_at::BLOCKED_BY, blocked_by.to_le_bytes());
        self.payload(PayloadKind::Hold, &bytes);
        if let Some(extra) = &event.extra {
            self.extra(extra);
        }
    }

    pub(super) fn terms(&mut self, terms: &HoldTerms) {
        let mut bytes = [0; TERMS_BYTES];
        bytes[terms_at::ACTION] = terms.action as u8;
        bytes[terms_at::AT_DUE] = terms.at_due as u8;
        bytes[terms_at::RELEASE_REST] = u8::from(terms.release_rest);
        put(&mut bytes, terms_at::DUE_AT, terms.due_at_ns.to_le_bytes());
        put(&mut bytes, terms_at::HOLD, terms.hold.to_le_bytes());
        self.payload(PayloadKind::Terms, &bytes);
    }

    pub(super) fn payment(&mut self, payment: &PaymentTerms) {
        let mut bytes = [0; PAYMENT_BYTES];
        put(&mut bytes, payment_at::FEE, payment.fee_minor.to_le_bytes());
        put(&mut bytes, payment_at::SCORE, payment.score.unwrap_or(NO_SCORE).to_le_bytes());
        self.payload(PayloadKind::Payment, &bytes);
        if !payment.reference.is_empty() {
            self.payload(PayloadKind::Reference, payment.reference.as_bytes());
        }
    }
}

fn at_due(number: u8) -> Result<AtDue, RecordFault> {
    match number {
        0 => Ok(AtDue::Release),
        1 => Ok(AtDue::Capture),
        unknown => Err(RecordFault::new(format!("{unknown} says nothing about what is due"))),
    }
}

pub(super) fn decode(
    record: &[u8; RECORD_BYTES],
    payloads: &Payloads<'_>,
) -> Result<HoldEvent, RecordFault> {
    let number = record[at::KIND];
    let step = STEPS.iter().find(|(kind, ..)| *kind == number);
    let (_, step, of_payment) = step.ok_or_else(|| RecordFault::new("no step of a hold"))?;
    let bytes = payloads.required::<HOLD_BYTES>(PayloadKind::Hold)?;
    let blocked_by = match u16_at(bytes, hold_at::BLOCKED_BY) {
        0 => None,
        number => Some(
            Reason::from_number(number)
                .ok_or_else(|| RecordFault::new(format!("the reason {number} is not known")))?,
        ),
    };
    let extra = extra(record, payloads)?;
    Ok(HoldEvent {
        step: *step,
        of_payment: *of_payment,
        id: u128_at(record, at::ID),
        hold_id: u128_at(bytes, hold_at::ID),
        hold_sequence: u64_at(record, at::SUBJECT),
        amount_minor: u128_at(record, at::AMOUNT),
        released_minor: u128_at(bytes, hold_at::RELEASED),
        remaining_minor: u128_at(bytes, hold_at::REMAINING),
        debit: debit_leg(record),
        credit: credit_leg(record),
        content_hash: u64_at(record, at::CONTENT_HASH),
        tenant: u32_at(record, at::TENANT),
        asset: u32_at(record, at::ASSET),
        code: u32_at(record, at::CODE),
        value_date: u32_at(record, at::VALUE_DATE),
        group: GroupPlace {
            index: u16_at(record, at::GROUP_INDEX),
            len: u16_at(record, at::GROUP_LENGTH),
        },
        due_at_ns: u64_at(bytes, hold_at::DUE_AT),
        sets_due: record[at::FLAGS] & FLAG_SETS_DUE != 0,
        at_due: at_due(bytes[hold_at::AT_DUE])?,
        release_rest: record[at::FLAGS] & FLAG_RELEASE_REST != 0,
        blocked_by,
        extra: Some(Box::new(extra)).filter(|extra| **extra != TransferExtra::default()),
    })
}

/// What a refused step was to do; nothing special for a plain move.
pub(super) fn terms(payloads: &Payloads<'_>) -> Result<HoldTerms, RecordFault> {
    let Some(bytes) = payloads.fixed::<TERMS_BYTES>(PayloadKind::Terms)? else {
        return Ok(HoldTerms::default());
    };
    let action = Action::ALL.into_iter().find(|action| *action as u8 == bytes[terms_at::ACTION]);
    Ok(HoldTerms {
        action: action.ok_or_else(|| RecordFault::new("an action that is not known"))?,
        hold: u128_at(bytes, terms_at::HOLD),
        due_at_ns: u64_at(bytes, terms_at::DUE_AT),
        at_due: at_due(bytes[terms_at::AT_DUE])?,
        release_rest: bytes[terms_at::RELEASE_REST] != 0,
    })
}

/// What a payment has beside a hold.
pub(super) fn payment(payloads: &Payloads<'_>) -> Result<Option<PaymentTerms>, RecordFault> {
    let Some(bytes) = payloads.fixed::<PAYMENT_BYTES>(PayloadKind::Payment)? else {
        return Ok(None);
    };
    let reference = payloads.optional(PayloadKind::Reference).unwrap_or_default();
    let reference =
        str::from_utf8(reference).map_err(|_| RecordFault::new("a reference is not text"))?;
    Ok(Some(PaymentTerms {
        fee_minor: u128_at(bytes, payment_at::FEE),
        score: Some(u16_at(bytes, payment_at::SCORE)).filter(|score| *score != NO_SCORE),
        reference: reference.into(),
    }))
}
