//! Transfers, one message each: requests to engine batches, outcomes to answers.

use florin_actors::command::{Explained, First, TransfersAnswer};
use florin_engine::{
    AssetCode, Body, Event, Fault, GroupKey, GroupOutcome, HoldTerms, Reason, Refusal, Tenant,
    Transfer, TransferBatch, TransferOptions, check_transfer,
};
use florin_proto::{name, v1};

use super::account::{account_key, metadata};
use super::refusal::{fault_to_wire, refusal_of_fault, refusal_to_wire};
use super::terms::{action, at_due};
use super::unique::{distinct, repeated};

/// A batch after the stateless checks.
pub struct Checked {
    /// The ids, as they came.
    pub ids: Vec<u128>,
    /// The group's id, if it is a group.
    pub group: Option<u128>,
    /// Malformed members, by index, ascending.
    pub faults: Vec<(usize, Fault)>,
    /// A fault of the group itself.
    pub group_fault: Option<Fault>,
    /// What is left for the engine: the well-formed members. `None` if that is nothing, or if this is a
    /// group with a fault.
    pub batch: Option<TransferBatch>,
}

/// Checks every member on its own.
pub fn transfers_batch(tenant: Tenant, group: Option<u128>, wire: &[v1::NewTransfer]) -> Checked {
    let ids: Vec<u128> = wire.iter().map(|new| new.id.map_or(0, u128::from)).collect();
    let members = wire.iter().map(transfer).collect();
    check(tenant, group, None, ids, members)
}

/// The transfers of a stream that came together, as an independent batch: as many from the front as have ids of
/// their own. What comes after is for the next batch: there it is answered with the first answer.
pub fn stream_batch(tenant: Tenant, wire: &[v1::NewTransfer]) -> (Checked, usize) {
    let ids: Vec<u128> = wire.iter().map(|new| new.id.map_or(0, u128::from)).collect();
    let len = distinct(&ids);
    let (ids, wire) = (ids[..len].to_vec(), &wire[..len]);
    (check(tenant, None, None, ids, wire.iter().map(transfer).collect()), len)
}

/// Puts checked members together.
pub(super) fn check(
    tenant: Tenant,
    group: Option<u128>,
    asset: Option<AssetCode>,
    ids: Vec<u128>,
    members: Vec<Result<Transfer, Fault>>,
) -> Checked {
    let mut repeated = repeated(&ids).into_iter().peekable();
    let mut faults = Vec::new();
    let mut transfers = Vec::with_capacity(members.len());
    for (index, member) in members.into_iter().enumerate() {
        // Only a zero id comes before a repeated one, and zero is no id that could be repeated.
        let twice = repeated.next_if_eq(&index).is_some();
        match member {
            _ if twice => faults.push((index, Fault::new(Reason::IdTwiceInBatch, "id"))),
            Ok(transfer) => transfers.push(transfer),
            Err(fault) => faults.push((index, fault)),
        }
    }
    let no_id = Fault::new(Reason::GroupIdMissing, "group_id");
    let group_fault = group.filter(|id| *id == 0).map(|_| no_id);
    let refused = group.is_some() && (group_fault.is_some() || !faults.is_empty());
    let key = group.map(|id| GroupKey::of(id, &transfers));
    let batch = TransferBatch { tenant, group: key, asset, transfers };
    let batch = Some(batch).filter(|batch| !batch.transfers.is_empty() && !refused);
    Checked { ids, group, faults, group_fault, batch }
}

fn transfer(wire: &v1::NewTransfer) -> Result<Transfer, Fault> {
    let mut first: Option<Fault> = None;
    let mut note = |fault: Fault| {
        if first.is_none_or(|first| fault.reason < first.reason) {
            first = Some(fault);
        }
    };
    let reverses = wire.reverses.map(u128::from);
    let up_to_available = match v1::AmountMode::try_from(wire.amount_mode) {
        Ok(v1::AmountMode::UpToAvailable) => true,
        Ok(v1::AmountMode::Unspecified | v1::AmountMode::Exact) => false,
        Err(_) => {
            note(Fault::new(Reason::EnumUnknown, "amount_mode"));
            false
        }
    };
    let mut terms = HoldTerms {
        hold: wire.hold.map_or(0, u128::from),
        due_at_ns: wire.due_at_ns,
        release_rest: wire.release_rest,
        ..HoldTerms::default()
    };
    match action(wire.kind) {
        Ok(action) => terms.action = action,
        Err(fault) => note(fault),
    }
    match at_due(wire.at_due) {
        Ok(at_due) => terms.at_due = at_due,
        Err(fault) => note(fault),
    }
    let mut account = |key: Option<&v1::AccountKey>, field| match account_key(key, field) {
        Ok(id) => id,
        Err(fault) if fault.reason == Reason::NameInvalid => {
            note(fault);
            key.map_or(0, named)
        }
        Err(_) => 0, // `check_transfer` says which side, and a reversal has none
    };
    let debit_account = account(wire.debit_account.as_ref(), "debit_account");
    let credit_account = account(wire.credit_account.as_ref(), "credit_account");
    let asset = match wire.asset.as_str() {
        "" => None,
        code => {
            let asset = AssetCode::new(code);
            if asset.is_none() {
                note(Fault::new(Reason::AssetInvalid, "asset"));
            }
            asset
        }
    };
    let metadata = metadata(&wire.metadata).unwrap_or_else(|fault| {
        note(fault);
        Box::default()
    });
    let options = TransferOptions { asset, reverses, metadata, terms, payment: None };
    let transfer = Transfer {
        id: wire.id.map_or(0, u128::from),
        debit_account,
        credit_account,
        amount_minor: wire.amount.map_or(0, u128::from),
        content_hash: 0,
        code: wire.code,
        value_date: wire.value_date,
        up_to_available,
        extra: (options != TransferOptions::default()).then(|| Box::new(options)),
    };
    if let Err(fault) = check_transfer(&transfer) {
        note(fault);
    }
    first.map_or_else(|| Ok(transfer.seal()), Err)
}

/// The id of a name that breaks the rules: enough to go on looking for faults that come first.
fn named(key: &v1::AccountKey) -> u128 {
    match &key.key {
        Some(v1::account_key::Key::Name(text)) => name::account_id(text),
        _ => 0,
    }
}

/// The answers to a batch. `answer` is `None` if nothing was left for the engine.
pub fn transfers_answer(
    checked: &Checked,
    answer: Option<TransfersAnswer>,
) -> v1::CreateTransfersResponse {
    if let Some(group) = checked.group {
        return group_answer(group, checked, answer);
    }
    let mut engine = answer.map(Independent::new);
    let mut faults = checked.faults.iter().peekable();
    let answer_of = |(index, id): (usize, &u128)| {
        if let Some((_, fault)) = faults.next_if(|(at, _)| *at == index) {
            return refused_member(*id, fault_to_wire(*fault));
        }
        engine.as_mut().map_or_else(v1::TransferResult::default, |engine| engine.next(*id))
    };
    let results = checked.ids.iter().enumerate().map(answer_of).collect();
    v1::CreateTransfersResponse { results, group: None }
}

/// Walks through the answers to an independent batch, member by member.
pub(super) struct Independent {
    events: std::sync::Arc<Vec<Event>>,
    next_event: usize,
    known: std::iter::Peekable<std::vec::IntoIter<florin_engine::Known>>,
    first: std::vec::IntoIter<First>,
    index: u32,
}

impl Independent {
    pub(super) fn new(answer: TransfersAnswer) -> Self {
        let first = match answer.explained {
            Explained::Members(first) => first,
            Explained::Nothing | Explained::Group(_) | Explained::GroupReused(_) => Vec::new(),
        };
        Self {
            events: answer.events,
            next_event: 0,
            known: answer.outcome.known.into_iter().peekable(),
            first: first.into_iter(),
            index: 0,
        }
    }

    /// The answer to the next member that went to the engine.
    pub(super) fn next(&mut self, id: u128) -> v1::TransferResult {
        let index = self.index;
        self.index += 1;
        if self.known.next_if(|known| known.index == index).is_some() {
            return match self.first.next() {
                Some(First::Answer(event)) => event_to_wire(&event, true),
                Some(First::Reused(field)) => {
                    refused_member(id, refusal_of_fault(Reason::IdReused, field))
                }
                None => v1::TransferResult::default(),
            };
        }
        let event = self.events.get(self.next_event);
        self.next_event += 1;
        event.map_or_else(v1::TransferResult::default, |event| event_to_wire(event, false))
    }
}

fn group_answer(
    group: u128,
    checked: &Checked,
    answer: Option<TransfersAnswer>,
) -> v1::CreateTransfersResponse {
    let ids = &checked.ids;
    let Some(answer) = answer else {
        if let Some(fault) = checked.group_fault {
            return refused_group(group, ids, fault_to_wire(fault), None);
        }
        return malformed_group(group, checked);
    };
    let (events, replayed) = match (answer.outcome.group, &answer.explained) {
        (Some(GroupOutcome::Known { .. }), Explained::Group(events)) => (events.as_slice(), true),
        (Some(GroupOutcome::Known { .. }), Explained::GroupReused(field)) => {
            return refused_group(group, ids, refusal_of_fault(Reason::IdReused, field), None);
        }
        _ => (answer.events.as_slice(), false),
    };
    if let [Event { sequence, body: Body::GroupRefused(refused), .. }] = events {
        let refusal = refusal_to_wire(&refused.refusal);
        let mut response = refused_group(group, ids, refusal, Some(refused.member.into()));
        if let Some(group) = &mut response.group {
            group.sequence = *sequence;
            group.replayed = replayed;
        }
        response.results.iter_mut().for_each(|result| result.replayed = replayed);
        return response;
    }
    v1::CreateTransfersResponse {
        results: events.iter().map(|event| event_to_wire(event, replayed)).collect(),
        group: Some(v1::GroupResult {
            id: Some(group.into()),
            status: v1::TransferStatus::Posted.into(),
            replayed,
            sequence: events.first().map_or(0, |event| event.sequence),
            refusal: None,
        }),
    }
}

/// A group with malformed members: each of them has its own fault, the first decides.
fn malformed_group(group: u128, checked: &Checked) -> v1::CreateTransfersResponse {
    let (member, fault) = checked.faults.first().copied().unzip();
    let refusal = fault.map_or_else(v1::Refusal::default, fault_to_wire);
    let mut response = refused_group(group, &checked.ids, refusal, member.or(Some(0)));
    for (index, fault) in &checked.faults {
        response.results[*index].refusal = Some(fault_to_wire(*fault));
    }
    response
}

/// A group that was refused: by one of its members, or as a whole.
pub(super) fn refused_group(
    group: u128,
    ids: &[u128],
    refusal: v1::Refusal,
    member: Option<usize>,
) -> v1::CreateTransfersResponse {
    let other = refusal_of_fault(Reason::GroupMemberRefused, "");
    let result = |(index, id): (usize, &u128)| {
        let decided = member.is_none_or(|member| member == index);
        refused_member(*id, if decided { refusal.clone() } else { other.clone() })
    };
    let results = ids.iter().enumerate().map(result).collect();
    let member = u32::try_from(member.unwrap_or(0)).unwrap_or(u32::MAX);
    let refusal = v1::Refusal { member, ..refusal };
    v1::CreateTransfersResponse {
        results,
        group: Some(v1::GroupResult {
            id: Some(group.into()),
            status: v1::TransferStatus::Refused.into(),
            replayed: false,
            sequence: 0,
            refusal: Some(refusal),
        }),
    }
}

/// A member that was not journaled.
pub(super) fn refused_member(id: u128, refusal: v1::Refusal) -> v1::TransferResult {
    v1::TransferResult {
        id: Some(id.into()),
        status: v1::TransferStatus::Refused.into(),
        refusal: Some(refusal),
        ..v1::TransferResult::default()
    }
}

/// The answer that an event stands for.
pub(super) fn event_to_wire(event: &Event, replayed: bool) -> v1::TransferResult {
    let base = v1::TransferResult {
        replayed,
        sequence: event.sequence,
        timestamp_ns: event.timestamp_ns,
        ..v1::TransferResult::default()
    };
    match &event.body {
        Body::TransferPosted(posted) => v1::TransferResult {
            id: Some(posted.id.into()),
            status: v1::TransferStatus::Posted.into(),
            amount: Some(posted.amount_minor.into()),
            debit_balance_after: Some(posted.debit.posted_net_after_minor.into()),
            credit_balance_after: Some(posted.credit.posted_net_after_minor.into()),
            ..base
        },
        Body::Hold(hold) => v1::TransferResult {
            id: Some(hold.id.into()),
            status: v1::TransferStatus::Posted.into(),
            amount: Some(hold.amount_minor.into()),
            debit_balance_after: Some(hold.debit.posted_net_after_minor.into()),
            credit_balance_after: Some(hold.credit.posted_net_after_minor.into()),
            hold_remaining: Some(hold.remaining_minor.into()),
            ..base
        },
        Body::TransferRefused(refused) => v1::TransferResult {
            id: Some(refused.id.into()),
            status: v1::TransferStatus::Refused.into(),
            refusal: Some(refusal_to_wire(&refused.refusal)),
            ..base
        },
        _ => base,
    }
}

/// A refusal of a whole group because it does not fit one commit.
pub fn too_large_group(group: u128, ids: &[u128], limit_bytes: u64) -> v1::CreateTransfersResponse {
    let refusal = Refusal {
        reason: Reason::GroupTooLarge,
        account: 0,
        asked_minor: 0,
        missing_minor: 0,
        would_pass_minor: 0,
    };
    let refusal = v1::Refusal {
        would_pass: Some(u128::from(limit_bytes).into()),
        ..refusal_to_wire(&refusal)
    };
    refused_group(group, ids, refusal, None)
}
