//! Transfers in columns.

use florin_actors::command::TransfersAnswer;
use florin_engine::{
    AssetCode, Fault, GroupOutcome, HoldTerms, Reason, Tenant, Transfer, TransferOptions,
    check_transfer,
};
use florin_proto::v1;

use super::refusal::fault_to_wire;
use super::terms::{self, action};
use super::transfer::{Checked, Independent, check, refused_member, transfers_answer};

/// Checks the columns, and every member on its own.
///
/// # Errors
/// The name of the first column whose length does not fit.
pub fn bulk_batch(
    tenant: Tenant,
    group: Option<u128>,
    wire: &v1::BulkTransfersRequest,
) -> Result<Checked, &'static str> {
    let len = wire.id_lo.len();
    let id = Wide::new(len, "id_lo", &wire.id_lo, "id_hi", &wire.id_hi)?;
    let debit = Wide::new(
        len,
        "debit_account_lo",
        &wire.debit_account_lo,
        "debit_account_hi",
        &wire.debit_account_hi,
    )?;
    let credit = Wide::new(
        len,
        "credit_account_lo",
        &wire.credit_account_lo,
        "credit_account_hi",
        &wire.credit_account_hi,
    )?;
    let amount = Wide::new(len, "amount_lo", &wire.amount_lo, "amount_hi", &wire.amount_hi)?;
    let code = optional(len, "code", &wire.code)?;
    let value_date = optional(len, "value_date", &wire.value_date)?;
    let kind = optional(len, "kind", &wire.kind)?;
    let hold = Wide::optional(len, "hold_lo", &wire.hold_lo, "hold_hi", &wire.hold_hi)?;
    let due_at_ns = optional(len, "due_at_ns", &wire.due_at_ns)?;
    let at_due = optional(len, "at_due", &wire.at_due)?;
    let release_rest = optional(len, "release_rest", &wire.release_rest)?;
    // Most columns are of plain moves: they pay for nothing of this.
    let with_terms = [kind.len(), hold.lo.len(), due_at_ns.len(), at_due.len(), release_rest.len()];
    let with_terms = with_terms.iter().any(|len| *len > 0);
    let terms = |index: usize| -> Result<HoldTerms, Fault> {
        Ok(HoldTerms {
            action: action(kind.get(index).copied().unwrap_or(0))?,
            at_due: terms::at_due(at_due.get(index).copied().unwrap_or(0))?,
            hold: hold.at(index),
            due_at_ns: due_at_ns.get(index).copied().unwrap_or(0),
            release_rest: release_rest.get(index).copied().unwrap_or(false),
        })
    };
    let (asset, asset_fault) = match wire.asset.as_str() {
        "" => (None, None),
        text => match AssetCode::new(text) {
            Some(asset) => (Some(asset), None),
            None => (None, Some(Fault::new(Reason::AssetInvalid, "asset"))),
        },
    };
    let member = |index: usize| {
        let (terms, terms_fault) = match with_terms.then(|| terms(index)) {
            None => (HoldTerms::default(), None),
            Some(Ok(terms)) => (terms, None),
            Some(Err(fault)) => (HoldTerms::default(), Some(fault)),
        };
        let options = || TransferOptions { terms, ..TransferOptions::default() };
        let transfer = Transfer {
            id: id.at(index),
            debit_account: debit.at(index),
            credit_account: credit.at(index),
            amount_minor: amount.at(index),
            content_hash: 0,
            code: code.get(index).copied().unwrap_or(0),
            value_date: value_date.get(index).copied().unwrap_or(0),
            up_to_available: false,
            extra: (terms != HoldTerms::default()).then(|| Box::new(options())),
        };
        let own = check_transfer(&transfer).err();
        let faults = [terms_fault, own, asset_fault].into_iter().flatten();
        match faults.min_by_key(|fault| fault.reason) {
            None => Ok(transfer.seal()),
            Some(fault) => Err(fault),
        }
    };
    let ids = (0..len).map(|index| id.at(index)).collect();
    Ok(check(tenant, group, asset, ids, (0..len).map(member).collect()))
}

/// A column of 128-bit values in halves.
struct Wide<'a> {
    lo: &'a [u64],
    hi: &'a [u64],
}

impl<'a> Wide<'a> {
    fn new(
        len: usize,
        lo_name: &'static str,
        lo: &'a [u64],
        hi_name: &'static str,
        hi: &'a [u64],
    ) -> Result<Self, &'static str> {
        if lo.len() != len {
            return Err(lo_name);
        }
        Ok(Self { lo, hi: optional(len, hi_name, hi)? })
    }

    /// One whose low half may be empty too.
    fn optional(
        len: usize,
        lo_name: &'static str,
        lo: &'a [u64],
        hi_name: &'static str,
        hi: &'a [u64],
    ) -> Result<Self, &'static str> {
        Ok(Self { lo: optional(len, lo_name, lo)?, hi: optional(len, hi_name, hi)? })
    }

    #[inline]
    fn at(&self, index: usize) -> u128 {
        let half = |half: &[u64]| u128::from(half.get(index).copied().unwrap_or(0));
        half(self.hi) << 64 | half(self.lo)
    }
}

/// A column that may be empty.
fn optional<'a, T>(
    len: usize,
    name: &'static str,
    column: &'a [T],
) -> Result<&'a [T], &'static str> {
    if column.is_empty() || column.len() == len { Ok(column) } else { Err(name) }
}

/// The answer to columns: members that were posted now are only counted.
pub fn bulk_answer(
    checked: &Checked,
    answer: Option<TransfersAnswer>,
) -> v1::BulkTransfersResponse {
    // The refusal of a group is an event too, but no member of it was journaled.
    let first =
        answer.as_ref().filter(|answer| answer.outcome.group != Some(GroupOutcome::Refused));
    let first = first.and_then(|answer| answer.events.first());
    let mut response = v1::BulkTransfersResponse {
        first_sequence: first.map_or(0, |event| event.sequence),
        first_timestamp_ns: first.map_or(0, |event| event.timestamp_ns),
        ..v1::BulkTransfersResponse::default()
    };
    let all_posted = |answer: &TransfersAnswer| {
        answer.outcome.posted as usize == checked.ids.len() && checked.group.is_none()
    };
    if answer.as_ref().is_some_and(all_posted) {
        response.posted = u32::try_from(checked.ids.len()).unwrap_or(u32::MAX);
        return response;
    }
    if checked.group.is_some() {
        let told = bulk_of_group(transfers_answer(checked, answer));
        let (first_sequence, first_timestamp_ns) =
            (response.first_sequence, response.first_timestamp_ns);
        return v1::BulkTransfersResponse { first_sequence, first_timestamp_ns, ..told };
    }
    let mut engine = answer.map(Independent::new);
    let mut faults = checked.faults.iter().peekable();
    for (index, id) in checked.ids.iter().enumerate() {
        let result = match (faults.next_if(|(at, _)| *at == index), &mut engine) {
            (Some((_, fault)), _) => refused_member(*id, fault_to_wire(*fault)),
            (None, Some(engine)) => engine.next(*id),
            (None, None) => v1::TransferResult::default(),
        };
        tell(&mut response, index, result);
    }
    response
}

/// Counts a member, and tells about it unless it was posted now.
fn tell(response: &mut v1::BulkTransfersResponse, index: usize, result: v1::TransferResult) {
    let posted = result.status == i32::from(v1::TransferStatus::Posted);
    match (result.replayed, posted) {
        (true, _) => response.replayed += 1,
        (false, true) => response.posted += 1,
        (false, false) => response.refused += 1,
    }
    if result.replayed || !posted {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        response.others.push(v1::BulkResult { index, result: Some(result) });
    }
}

/// The answer to a group in columns that was refused as a whole.
pub fn bulk_of_group(group: v1::CreateTransfersResponse) -> v1::BulkTransfersResponse {
    let mut response =
        v1::BulkTransfersResponse { group: group.group, ..v1::BulkTransfersResponse::default() };
    for (index, result) in group.results.into_iter().enumerate() {
        tell(&mut response, index, result);
    }
    response
}
