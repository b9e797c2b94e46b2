//! What holds add to transfers, both ways.

use florin_engine::{Action, AtDue, Event, Fault, HoldEvent, HoldStep, Reason};
use florin_proto::v1;

/// What a transfer is to do.
///
/// # Errors
/// A kind that is not known, or that is never in a request.
pub(super) fn action(kind: i32) -> Result<Action, Fault> {
    match v1::TransferKind::try_from(kind) {
        Ok(v1::TransferKind::Unspecified | v1::TransferKind::Move) => Ok(Action::Move),
        Ok(v1::TransferKind::Hold) => Ok(Action::Hold),
        Ok(v1::TransferKind::Capture) => Ok(Action::Capture),
        Ok(v1::TransferKind::Release) => Ok(Action::Release),
        Ok(v1::TransferKind::Change) => Ok(Action::Change),
        _ => Err(Fault::new(Reason::EnumUnknown, "kind")),
    }
}

/// What is to happen when it is due.
///
/// # Errors
/// A value that is not known.
pub(super) fn at_due(wire: i32) -> Result<AtDue, Fault> {
    match v1::AtDue::try_from(wire) {
        Ok(v1::AtDue::Unspecified | v1::AtDue::Release) => Ok(AtDue::Release),
        Ok(v1::AtDue::Capture) => Ok(AtDue::Capture),
        Err(_) => Err(Fault::new(Reason::EnumUnknown, "at_due")),
    }
}

/// What happens when it is due, as it is sent.
pub fn at_due_to_wire(at_due: AtDue) -> v1::AtDue {
    match at_due {
        AtDue::Release => v1::AtDue::Release,
        AtDue::Capture => v1::AtDue::Capture,
    }
}

/// What a request was to do, as it is sent.
pub(super) fn action_to_wire(action: Action) -> v1::TransferKind {
    match action {
        Action::Move => v1::TransferKind::Move,
        Action::Hold => v1::TransferKind::Hold,
        Action::Capture => v1::TransferKind::Capture,
        Action::Release => v1::TransferKind::Release,
        Action::Change => v1::TransferKind::Change,
        Action::Authorize => v1::TransferKind::PaymentAuthorize,
        Action::Pay => v1::TransferKind::PaymentPay,
        Action::CapturePayment => v1::TransferKind::PaymentCapture,
        Action::CancelPayment => v1::TransferKind::PaymentCancel,
        Action::Refund => v1::TransferKind::PaymentRefund,
    }
}

/// What a step did, as it is sent.
pub(super) fn step_to_wire(event: &HoldEvent) -> v1::TransferKind {
    use v1::TransferKind as Kind;
    match (event.step, event.of_payment) {
        (HoldStep::Place, false) => Kind::Hold,
        (HoldStep::Place, true) => Kind::PaymentAuthorize,
        (HoldStep::Pay, _) => Kind::PaymentPay,
        (HoldStep::Capture, false) => Kind::Capture,
        (HoldStep::Capture, true) => Kind::PaymentCapture,
        (HoldStep::Release, false) => Kind::Release,
        (HoldStep::Release, true) => Kind::PaymentCancel,
        (HoldStep::Change, _) => Kind::Change,
        (HoldStep::Refund, _) => Kind::PaymentRefund,
        (HoldStep::DueRelease, false) => Kind::DueRelease,
        (HoldStep::DueRelease, true) => Kind::PaymentExpire,
        (HoldStep::DueCapture, false) => Kind::DueCapture,
        (HoldStep::DueCapture, true) => Kind::PaymentDueCapture,
    }
}

/// A step of a hold or payment, as it stands in the journal, as it is sent. Accounts and group come from elsewhere.
pub(super) fn step_as_transfer(
    event: &Event,
    hold: &HoldEvent,
    base: v1::Transfer,
) -> v1::Transfer {
    let extra = hold.extra.as_deref();
    let requested_minor = extra.and_then(|extra| extra.requested_minor);
    let metadata = extra.map(|extra| super::account::metadata_to_wire(&extra.metadata));
    v1::Transfer {
        id: (hold.id != 0).then(|| hold.id.into()),
        status: v1::TransferStatus::Posted.into(),
        amount: Some(hold.amount_minor.into()),
        requested_amount: Some(requested_minor.unwrap_or(hold.amount_minor).into()),
        amount_mode: v1::AmountMode::Exact.into(),
        code: hold.code,
        value_date: hold.value_date,
        metadata: metadata.unwrap_or_default(),
        sequence: event.sequence,
        timestamp_ns: event.timestamp_ns,
        debit_balance_after: Some(hold.debit.posted_net_after_minor.into()),
        credit_balance_after: Some(hold.credit.posted_net_after_minor.into()),
        debit_pending_after: Some(hold.debit.pending_debits_after_minor.into()),
        credit_pending_after: Some(hold.credit.pending_debits_after_minor.into()),
        kind: step_to_wire(hold).into(),
        hold_id: Some(hold.hold_id.into()),
        hold_remaining: Some(hold.remaining_minor.into()),
        due_at_ns: hold.due_at_ns,
        at_due: at_due_to_wire(hold.at_due).into(),
        released: (hold.released_minor != 0).then(|| hold.released_minor.into()),
        blocked_by: hold.blocked_by.map_or(0, |reason| super::reason_to_wire(reason).into()),
        ..base
    }
}
