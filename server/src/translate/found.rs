//! Transfers as they stand in the journal.

use florin_actors::command::FoundTransfer;
use florin_engine::{Body, Event, Sequence};
use florin_proto::v1;

use super::account::metadata_to_wire;
use super::refusal::refusal_to_wire;
use super::terms::{action_to_wire, at_due_to_wire, step_as_transfer, step_to_wire};

/// What does not stand in the event itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside {
    /// Who paid; 0 if unknown.
    pub debit_account: u128,
    /// Who received; 0 if unknown.
    pub credit_account: u128,
    /// The group it was posted in.
    pub group: Option<u128>,
    /// The event that undid it.
    pub reversed_by: Option<Sequence>,
}

/// A transfer that was looked up, as it is sent.
pub fn found_to_wire(found: &FoundTransfer) -> v1::Transfer {
    let FoundTransfer { event, debit_account, credit_account, group, reversed_by } = found;
    let (debit_account, credit_account) = (*debit_account, *credit_account);
    let beside = Beside { debit_account, credit_account, group: *group, reversed_by: *reversed_by };
    transfer_to_wire(event, beside)
}

/// A transfer as it is sent.
pub fn transfer_to_wire(event: &Event, beside: Beside) -> v1::Transfer {
    let account = |id: u128| (id != 0).then(|| id.into());
    let mode = |up_to_available| {
        let exact = v1::AmountMode::Exact;
        i32::from(if up_to_available { v1::AmountMode::UpToAvailable } else { exact })
    };
    let base = v1::Transfer {
        debit_account_id: account(beside.debit_account),
        credit_account_id: account(beside.credit_account),
        group_id: beside.group.map(Into::into),
        reversed_by_sequence: beside.reversed_by.unwrap_or(0),
        sequence: event.sequence,
        timestamp_ns: event.timestamp_ns,
        ..v1::Transfer::default()
    };
    match &event.body {
        Body::TransferPosted(posted) => {
            let extra = posted.extra.as_deref();
            let requested = extra.and_then(|extra| extra.requested_minor);
            v1::Transfer {
                id: Some(posted.id.into()),
                status: v1::TransferStatus::Posted.into(),
                amount: Some(posted.amount_minor.into()),
                requested_amount: Some(requested.unwrap_or(posted.amount_minor).into()),
                amount_mode: mode(requested.is_some()),
                code: posted.code,
                value_date: posted.value_date,
                metadata: extra.map(|e| metadata_to_wire(&e.metadata)).unwrap_or_default(),
                reverses: extra.and_then(|extra| extra.reverses).map(Into::into),
                kind: v1::TransferKind::Move.into(),
                debit_pending_after: Some(posted.debit.pending_debits_after_minor.into()),
                credit_pending_after: Some(posted.credit.pending_debits_after_minor.into()),
                debit_balance_after: Some(posted.debit.posted_net_after_minor.into()),
                credit_balance_after: Some(posted.credit.posted_net_after_minor.into()),
                ..base
            }
        }
        Body::Hold(hold) => step_as_transfer(event, hold, base),
        Body::TransferRefused(refused) => v1::Transfer {
            id: Some(refused.id.into()),
            status: v1::TransferStatus::Refused.into(),
            amount: Some(v1::Uint128::default()),
            requested_amount: Some(refused.requested_minor.into()),
            amount_mode: mode(refused.up_to_available),
            code: refused.code,
            value_date: refused.value_date,
            reverses: refused.reverses.map(Into::into),
            kind: action_to_wire(refused.terms.action).into(),
            hold_id: (refused.terms.hold != 0).then(|| refused.terms.hold.into()),
            due_at_ns: refused.terms.due_at_ns,
            at_due: if refused.terms.due_at_ns == 0 {
                0
            } else {
                at_due_to_wire(refused.terms.at_due).into()
            },
            refusal: Some(refusal_to_wire(&refused.refusal)),
            ..base
        },
        _ => base,
    }
}

/// What a posted transfer did, and its code; `None` for everything else.
pub fn transfer_kind(event: &Event) -> Option<(v1::TransferKind, u32)> {
    match &event.body {
        Body::TransferPosted(posted) => Some((v1::TransferKind::Move, posted.code)),
        Body::Hold(hold) => Some((step_to_wire(hold), hold.code)),
        _ => None,
    }
}
