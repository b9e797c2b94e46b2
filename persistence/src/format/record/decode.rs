//! From record to event.

use florin_engine::{
    AccountOpened, AccountUpdated, AssetCode, AssetRegistered, Body, Event, Floor, Freeze,
    GroupKey, GroupPlace, GroupRefused, Leg, Reason, Refusal, TransferExtra, TransferPosted,
    TransferRefused,
};

use super::{
    FLAG_REQUESTED, FLAG_REVERSAL, FLAG_SUMS_IDS, Payloads, RECORD_BYTES, RecordFault, account_at,
    at, floor, hold, kind,
};
use crate::bytes::{array, u16_at, u32_at, u64_at, u128_at};
use crate::format::payload::{
    ACCOUNT_BYTES, ASSET_BYTES, DIGEST_BYTES, GROUP_BYTES, PayloadKind, REFUSAL_BYTES,
    REQUESTED_BYTES, REVERSES_BYTES,
};

/// Reads the record with this sequence.
pub(crate) fn decode(
    sequence: u64,
    record: &[u8; RECORD_BYTES],
    payloads: &Payloads<'_>,
) -> Result<Event, RecordFault> {
    let body = match record[at::KIND] {
        kind::TRANSFER_POSTED => Body::TransferPosted(transfer_posted(record, payloads)?),
        kind::ASSET_REGISTERED => Body::AssetRegistered(asset_registered(record, payloads)?),
        kind::ACCOUNT_OPENED => Body::AccountOpened(Box::new(account_opened(record, payloads)?)),
        kind::ACCOUNT_UPDATED => Body::AccountUpdated(Box::new(account_updated(record, payloads)?)),
        kind::TRANSFER_REFUSED => {
            Body::TransferRefused(Box::new(transfer_refused(record, payloads)?))
        }
        kind::GROUP_REFUSED => Body::GroupRefused(Box::new(group_refused(record, payloads)?)),
        kind::DIGEST_TAKEN => Body::DigestTaken {
            digest: *payloads.required::<DIGEST_BYTES>(PayloadKind::Digest)?,
            with_ids: record[at::FLAGS] & FLAG_SUMS_IDS == 0,
        },
        kind if hold::is_step(kind) => Body::Hold(Box::new(hold::decode(record, payloads)?)),
        unknown => return Err(RecordFault::new(format!("its kind {unknown} is not known"))),
    };
    Ok(Event { sequence, timestamp_ns: u64_at(record, at::TIMESTAMP), body })
}

pub(super) fn debit_leg(record: &[u8; RECORD_BYTES]) -> Leg {
    Leg {
        slot: u32_at(record, at::DEBIT_SLOT),
        previous_sequence: u64_at(record, at::DEBIT_PREVIOUS),
        posted_net_after_minor: i128::from_le_bytes(array(record, at::DEBIT_NET)),
        pending_debits_after_minor: u128_at(record, at::DEBIT_PENDING),
    }
}

pub(super) fn credit_leg(record: &[u8; RECORD_BYTES]) -> Leg {
    Leg {
        slot: u32_at(record, at::CREDIT_SLOT),
        previous_sequence: u64_at(record, at::CREDIT_PREVIOUS),
        posted_net_after_minor: i128::from_le_bytes(array(record, at::CREDIT_NET)),
        pending_debits_after_minor: u128_at(record, at::CREDIT_PENDING),
    }
}

fn asset_registered(
    record: &[u8; RECORD_BYTES],
    payloads: &Payloads<'_>,
) -> Result<AssetRegistered, RecordFault> {
    let bytes = payloads.required::<ASSET_BYTES>(PayloadKind::Asset)?;
    let code = AssetCode::from_bytes(array(bytes, 0));
    Ok(AssetRegistered {
        asset: u32_at(record, at::ASSET),
        code: code.ok_or_else(|| RecordFault::new("not an asset code"))?,
        scale: bytes[16],
    })
}

fn account_opened(
    record: &[u8; RECORD_BYTES],
    payloads: &Payloads<'_>,
) -> Result<AccountOpened, RecordFault> {
    let (floor, ceiling, _, _) = account(payloads)?;
    // An erased name is empty, and no other is.
    let name = match payloads.optional(PayloadKind::Name) {
        None | Some([]) => None,
        Some(bytes) => {
            let name = str::from_utf8(bytes).map_err(|_| RecordFault::new("a name is not text"))?;
            Some(name.into())
        }
    };
    Ok(AccountOpened {
        tenant: u32_at(record, at::TENANT),
        id: u128_at(record, at::ID),
        slot: u32_at(record, at::DEBIT_SLOT),
        asset: u32_at(record, at::ASSET),
        floor,
        ceiling,
        content_hash: u64_at(record, at::CONTENT_HASH),
        name,
        metadata: metadata(payloads),
    })
}

fn account_updated(
    record: &[u8; RECORD_BYTES],
    payloads: &Payloads<'_>,
) -> Result<AccountUpdated, RecordFault> {
    let (floor, ceiling, freeze, closed) = account(payloads)?;
    let tenant = u32_at(record, at::TENANT);
    Ok(AccountUpdated { leg: debit_leg(record), tenant, freeze, closed, floor, ceiling })
}

fn transfer_posted(
    record: &[u8; RECORD_BYTES],
    payloads: &Payloads<'_>,
) -> Result<TransferPosted, RecordFault> {
    Ok(TransferPosted {
        id: u128_at(record, at::ID),
        amount_minor: u128_at(record, at::AMOUNT),
        debit: debit_leg(record),
        credit: credit_leg(record),
        content_hash: u64_at(record, at::CONTENT_HASH),
        original_sequence: u64_at(record, at::SUBJECT),
        tenant: u32_at(record, at::TENANT),
        asset: u32_at(record, at::ASSET),
        code: u32_at(record, at::CODE),
        value_date: u32_at(record, at::VALUE_DATE),
        group: GroupPlace {
            index: u16_at(record, at::GROUP_INDEX),
            len: u16_at(record, at::GROUP_LENGTH),
        },
        extra: if super::payload_reference(record) == 0 {
            None
        } else {
            Some(Box::new(extra(record, payloads)?))
        },
    })
}

pub(super) fn extra(
    record: &[u8; RECORD_BYTES],
    payloads: &Payloads<'_>,
) -> Result<TransferExtra, RecordFault> {
    let group = payloads.fixed::<GROUP_BYTES>(PayloadKind::Group)?;
    let requested = payloads.fixed::<REQUESTED_BYTES>(PayloadKind::Requested)?;
    if requested.is_some() != (record[at::FLAGS] & FLAG_REQUESTED != 0) {
        return Err(RecordFault::new("flag and requested amount contradict each other"));
    }
    Ok(TransferExtra {
        group: group
            .map(|bytes| GroupKey { id: u128_at(bytes, 0), content_hash: u64_at(bytes, 16) }),
        requested_minor: requested.map(|bytes| u128::from_le_bytes(*bytes)),
        reverses: reverses(payloads)?,
        metadata: metadata(payloads),
        payment: hold::payment(payloads)?,
    })
}

fn transfer_refused(
    record: &[u8; RECORD_BYTES],
    payloads: &Payloads<'_>,
) -> Result<TransferRefused, RecordFault> {
    let (refusal, debit_account, credit_account) = refusal(record, payloads)?;
    let reverses = reverses(payloads)?;
    if reverses.is_some() != (record[at::FLAGS] & FLAG_REVERSAL != 0) {
        return Err(RecordFault::new("flag and original contradict each other"));
    }
    Ok(TransferRefused {
        id: u128_at(record, at::ID),
        tenant: u32_at(record, at::TENANT),
        content_hash: u64_at(record, at::CONTENT_HASH),
        requested_minor: u128_at(record, at::AMOUNT),
        up_to_available: record[at::FLAGS] & FLAG_REQUESTED != 0,
        debit_account,
        credit_account,
        debit_slot: u32_at(record, at::DEBIT_SLOT),
        credit_slot: u32_at(record, at::CREDIT_SLOT),
        code: u32_at(record, at::CODE),
        value_date: u32_at(record, at::VALUE_DATE),
        reverses,
        terms: hold::terms(payloads)?,
        refusal,
    })
}

fn group_refused(
    record: &[u8; RECORD_BYTES],
    payloads: &Payloads<'_>,
) -> Result<GroupRefused, RecordFault> {
    let (refusal, _, _) = refusal(record, payloads)?;
    Ok(GroupRefused {
        key: GroupKey {
            id: u128_at(record, at::ID),
            content_hash: u64_at(record, at::CONTENT_HASH),
        },
        tenant: u32_at(record, at::TENANT),
        len: u16_at(record, at::GROUP_LENGTH),
        member: u16_at(record, at::GROUP_INDEX),
        refusal,
    })
}

/// The refusal, and the ids of the accounts on both sides.
fn refusal(
    record: &[u8; RECORD_BYTES],
    payloads: &Payloads<'_>,
) -> Result<(Refusal, u128, u128), RecordFault> {
    let number = u16_at(record, at::REFUSAL);
    let reason = Reason::from_number(number)
        .ok_or_else(|| RecordFault::new(format!("the reason {number} is not known")))?;
    let bytes = payloads.required::<REFUSAL_BYTES>(PayloadKind::Refusal)?;
    let field = |index: usize| u128_at(bytes, index * 16);
    let refusal = Refusal {
        reason,
        account: field(0),
        asked_minor: field(1),
        missing_minor: field(2),
        would_pass_minor: field(3),
    };
    Ok((refusal, field(4), field(5)))
}

fn reverses(payloads: &Payloads<'_>) -> Result<Option<u128>, RecordFault> {
    let bytes = payloads.fixed::<REVERSES_BYTES>(PayloadKind::Reverses)?;
    Ok(bytes.map(|bytes| u128::from_le_bytes(*bytes)))
}

fn metadata(payloads: &Payloads<'_>) -> Box<[u8]> {
    payloads.optional(PayloadKind::Metadata).unwrap_or_default().into()
}

/// The first release, which had no ceilings, ended before them, and wrote a zero where it now says whether there is one.
fn account_bytes(payloads: &Payloads<'_>) -> Result<[u8; ACCOUNT_BYTES], RecordFault> {
    let mut bytes = [0; ACCOUNT_BYTES];
    match payloads.optional(PayloadKind::Account) {
        Some(first) if first.len() == account_at::CEILING => {
            if first[account_at::HAS_CEILING] != 0 {
                return Err(RecordFault::new("an account has a ceiling and ends before it"));
            }
            bytes[..account_at::CEILING].copy_from_slice(first);
        }
        _ => bytes = *payloads.required::<ACCOUNT_BYTES>(PayloadKind::Account)?,
    }
    Ok(bytes)
}

type AccountTerms = (Floor, Option<u128>, Freeze, bool);

fn account(payloads: &Payloads<'_>) -> Result<AccountTerms, RecordFault> {
    let bytes = &account_bytes(payloads)?;
    let overdraft_minor = u128_at(bytes, account_at::OVERDRAFT);
    let floor = match bytes[account_at::FLOOR] {
        floor::ZERO => Floor::Zero,
        floor::NONE => Floor::None,
        floor::OVERDRAFT => Floor::Overdraft(overdraft_minor),
        unknown => return Err(RecordFault::new(format!("the floor {unknown} is not known"))),
    };
    let freeze = match bytes[account_at::FREEZE] {
        0 => Freeze::None,
        1 => Freeze::Debits,
        2 => Freeze::Credits,
        3 => Freeze::Both,
        unknown => return Err(RecordFault::new(format!("the freeze {unknown} is not known"))),
    };
    let closed = match bytes[account_at::CLOSED] {
        0 => false,
        1 => true,
        unknown => return Err(RecordFault::new(format!("closed is {unknown}"))),
    };
    let ceiling_minor = u128_at(bytes, account_at::CEILING);
    let ceiling = match bytes[account_at::HAS_CEILING] {
        0 => None,
        1 => Some(ceiling_minor),
        unknown => return Err(RecordFault::new(format!("has a ceiling is {unknown}"))),
    };
    Ok((floor, ceiling, freeze, closed))
}
