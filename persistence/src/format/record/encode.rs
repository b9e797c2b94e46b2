//! From event to record.

use florin_engine::{
    AccountOpened, AccountUpdated, AssetRegistered, Body, Event, Floor, Freeze, GroupRefused,
    HoldTerms, Leg, NO_SLOT, REFERENCE_BYTES_MAX, Refusal, TransferExtra, TransferPosted,
    TransferRefused,
};

use super::{
    FLAG_REQUESTED, FLAG_REVERSAL, FLAG_SUMS_IDS, RECORD_BYTES, account_at, at, floor, hold, kind,
};
use crate::bytes::put;
use crate::format::payload::{
    ACCOUNT_BYTES, ASSET_BYTES, DIGEST_BYTES, ENTRY_BYTES, GROUP_BYTES, HOLD_BYTES, PAYMENT_BYTES,
    PayloadKind, PayloadSink, REFUSAL_BYTES, REQUESTED_BYTES, REVERSES_BYTES, SALT_BYTES,
    TERMS_BYTES,
};
use crate::limits::{METADATA_BYTES_MAX, NAME_BYTES_MAX};

/// What an event puts into a frame's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Weight {
    /// Entries of the table.
    pub(crate) entries: u64,
    /// Bytes of the payload, salts included.
    pub(crate) payload_bytes: u64,
}

impl Weight {
    const fn and(self, bytes: usize) -> Self {
        Self {
            entries: self.entries + 1,
            payload_bytes: self.payload_bytes + (SALT_BYTES + bytes) as u64,
        }
    }

    const fn and_if(self, is_there: bool, bytes: usize) -> Self {
        if is_there { self.and(bytes) } else { self }
    }

    fn and_extra(self, extra: &TransferExtra) -> Self {
        let reference_bytes = extra.payment.as_ref().map_or(0, |payment| payment.reference.len());
        self.and_if(extra.group.is_some(), GROUP_BYTES)
            .and_if(extra.requested_minor.is_some(), REQUESTED_BYTES)
            .and_if(extra.reverses.is_some(), REVERSES_BYTES)
            .and_if(!extra.metadata.is_empty(), extra.metadata.len())
            .and_if(extra.payment.is_some(), PAYMENT_BYTES)
            .and_if(reference_bytes > 0, reference_bytes)
    }

    /// Bytes of content, those of the record included.
    pub(crate) const fn content_bytes(self) -> u64 {
        (RECORD_BYTES as u64) + self.entries * (ENTRY_BYTES as u64) + self.payload_bytes
    }
}

/// Weighs exactly what [`encode`] will write.
pub(crate) fn weigh(event: &Event) -> Weight {
    let none = Weight::default();
    match &event.body {
        Body::TransferPosted(TransferPosted { extra: None, .. }) => none,
        Body::TransferPosted(TransferPosted { extra: Some(extra), .. }) => none.and_extra(extra),
        Body::Hold(hold) => {
            let hold_weight = none.and(HOLD_BYTES);
            hold.extra.as_ref().map_or(hold_weight, |extra| hold_weight.and_extra(extra))
        }
        Body::AccountOpened(account) => none
            .and(ACCOUNT_BYTES)
            .and_if(account.name.is_some(), account.name.as_ref().map_or(0, |name| name.len()))
            .and_if(!account.metadata.is_empty(), account.metadata.len()),
        Body::AccountUpdated(_) => none.and(ACCOUNT_BYTES),
        Body::AssetRegistered(_) => none.and(ASSET_BYTES),
        Body::TransferRefused(refused) => {
            let has_terms = refused.terms != HoldTerms::default();
            none.and(REFUSAL_BYTES)
                .and_if(refused.reverses.is_some(), REVERSES_BYTES)
                .and_if(has_terms, TERMS_BYTES)
        }
        Body::GroupRefused(_) => none.and(REFUSAL_BYTES),
        Body::DigestTaken { .. } => none.and(DIGEST_BYTES),
    }
}

/// Why an event cannot be written, if it cannot.
pub(crate) fn fault(event: &Event) -> Option<&'static str> {
    let metadata = match &event.body {
        Body::AccountOpened(account) => {
            let name_bytes = account.name.as_ref().map_or(1, |name| name.len());
            if !(1..=NAME_BYTES_MAX).contains(&name_bytes) {
                return Some("a name has 1 to 128 bytes");
            }
            &account.metadata
        }
        Body::TransferPosted(TransferPosted { extra: Some(extra), .. }) => &extra.metadata,
        Body::Hold(hold) if hold::fault(hold).is_some() => return hold::fault(hold),
        Body::Hold(hold) => match hold.extra.as_deref() {
            Some(TransferExtra { payment: Some(payment), .. })
                if payment.reference.len() > REFERENCE_BYTES_MAX =>
            {
                return Some("a reference has at most 128 bytes");
            }
            Some(extra) => &extra.metadata,
            None => return None,
        },
        _ => return None,
    };
    (metadata.len() > METADATA_BYTES_MAX).then_some("metadata has at most 4096 bytes")
}

/// The record that is being written.
pub(super) struct Record<'a, 's> {
    pub(super) bytes: &'a mut [u8; RECORD_BYTES],
    index: u32,
    sink: &'a mut PayloadSink<'s>,
}

/// Writes an event as the record with this index in its frame.
pub(crate) fn encode(
    event: &Event,
    index: u32,
    bytes: &mut [u8; RECORD_BYTES],
    sink: &mut PayloadSink<'_>,
) {
    *bytes = [0; RECORD_BYTES];
    put(bytes, at::TIMESTAMP, event.timestamp_ns.to_le_bytes());
    let mut record = Record { bytes, index, sink };
    match &event.body {
        Body::TransferPosted(transfer) => record.transfer_posted(transfer),
        Body::Hold(hold) => record.hold(hold),
        Body::AssetRegistered(asset) => record.asset_registered(asset),
        Body::AccountOpened(account) => record.account_opened(account),
        Body::AccountUpdated(account) => record.account_updated(account),
        Body::TransferRefused(refused) => record.transfer_refused(refused),
        Body::GroupRefused(refused) => record.group_refused(refused),
        Body::DigestTaken { digest, with_ids } => {
            record.kind(kind::DIGEST_TAKEN);
            if !with_ids {
                record.bytes[at::FLAGS] |= FLAG_SUMS_IDS;
            }
            record.slots(NO_SLOT, NO_SLOT);
            record.payload(PayloadKind::Digest, digest);
        }
    }
}

impl Record<'_, '_> {
    pub(super) fn put<const N: usize>(&mut self, at: usize, value: [u8; N]) {
        put(self.bytes, at, value);
    }

    pub(super) fn kind(&mut self, kind: u8) {
        self.bytes[at::KIND] = kind;
    }

    pub(super) fn slots(&mut self, debit: u32, credit: u32) {
        self.put(at::DEBIT_SLOT, debit.to_le_bytes());
        self.put(at::CREDIT_SLOT, credit.to_le_bytes());
    }

    pub(super) fn debit_after(&mut self, leg: &Leg) {
        self.put(at::DEBIT_PREVIOUS, leg.previous_sequence.to_le_bytes());
        self.put(at::DEBIT_NET, leg.posted_net_after_minor.to_le_bytes());
        self.put(at::DEBIT_PENDING, leg.pending_debits_after_minor.to_le_bytes());
    }

    pub(super) fn credit_after(&mut self, leg: &Leg) {
        self.put(at::CREDIT_PREVIOUS, leg.previous_sequence.to_le_bytes());
        self.put(at::CREDIT_NET, leg.posted_net_after_minor.to_le_bytes());
        self.put(at::CREDIT_PENDING, leg.pending_debits_after_minor.to_le_bytes());
    }

    pub(super) fn payload(&mut self, kind: PayloadKind, bytes: &[u8]) {
        if super::payload_reference(self.bytes) == 0 {
            self.put(at::PAYLOAD, self.sink.next_reference().to_le_bytes());
        }
        self.sink.push(kind, self.index, bytes);
    }

    fn asset_registered(&mut self, asset: &AssetRegistered) {
        self.kind(kind::ASSET_REGISTERED);
        self.slots(NO_SLOT, NO_SLOT);
        self.put(at::ASSET, asset.asset.to_le_bytes());
        let mut bytes = [0; ASSET_BYTES];
        put(&mut bytes, 0, asset.code.to_bytes());
        bytes[16] = asset.scale;
        self.payload(PayloadKind::Asset, &bytes);
    }

    fn account_opened(&mut self, account: &AccountOpened) {
        self.kind(kind::ACCOUNT_OPENED);
        self.slots(account.slot, NO_SLOT);
        self.put(at::ID, account.id.to_le_bytes());
        self.put(at::TENANT, account.tenant.to_le_bytes());
        self.put(at::ASSET, account.asset.to_le_bytes());
        self.put(at::CONTENT_HASH, account.content_hash.to_le_bytes());
        let bytes = account_bytes(account.floor, account.ceiling, Freeze::None, false);
        self.payload(PayloadKind::Account, &bytes);
        if let Some(name) = &account.name {
            self.payload(PayloadKind::Name, name.as_bytes());
        }
        self.metadata(&account.metadata);
    }

    fn account_updated(&mut self, account: &AccountUpdated) {
        self.kind(kind::ACCOUNT_UPDATED);
        self.slots(account.leg.slot, NO_SLOT);
        self.debit_after(&account.leg);
        self.put(at::TENANT, account.tenant.to_le_bytes());
        let bytes = account_bytes(account.floor, account.ceiling, account.freeze, account.closed);
        self.payload(PayloadKind::Account, &bytes);
    }

    fn transfer_posted(&mut self, transfer: &TransferPosted) {
        self.kind(kind::TRANSFER_POSTED);
        self.slots(transfer.debit.slot, transfer.credit.slot);
        self.debit_after(&transfer.debit);
        self.credit_after(&transfer.credit);
        self.put(at::ID, transfer.id.to_le_bytes());
        self.put(at::AMOUNT, transfer.amount_minor.to_le_bytes());
        self.put(at::SUBJECT, transfer.original_sequence.to_le_bytes());
        self.put(at::VALUE_DATE, transfer.value_date.to_le_bytes());
        self.put(at::CODE, transfer.code.to_le_bytes());
        self.put(at::TENANT, transfer.tenant.to_le_bytes());
        self.put(at::GROUP_INDEX, transfer.group.index.to_le_bytes());
        self.put(at::GROUP_LENGTH, transfer.group.len.to_le_bytes());
        self.put(at::CONTENT_HASH, transfer.content_hash.to_le_bytes());
        self.put(at::ASSET, transfer.asset.to_le_bytes());
        if transfer.original_sequence != 0 {
            self.bytes[at::FLAGS] |= FLAG_REVERSAL;
        }
        if let Some(extra) = &transfer.extra {
            self.extra(extra);
        }
    }

    pub(super) fn extra(&mut self, extra: &TransferExtra) {
        if let Some(group) = &extra.group {
            let mut bytes = [0; GROUP_BYTES];
            put(&mut bytes, 0, group.id.to_le_bytes());
            put(&mut bytes, 16, group.content_hash.to_le_bytes());
            self.payload(PayloadKind::Group, &bytes);
        }
        if let Some(requested) = extra.requested_minor {
            self.bytes[at::FLAGS] |= FLAG_REQUESTED;
            self.payload(PayloadKind::Requested, &requested.to_le_bytes());
        }
        if let Some(original) = extra.reverses {
            self.bytes[at::FLAGS] |= FLAG_REVERSAL;
            self.payload(PayloadKind::Reverses, &original.to_le_bytes());
        }
        self.metadata(&extra.metadata);
        if let Some(payment) = &extra.payment {
            self.payment(payment);
        }
    }

    fn transfer_refused(&mut self, refused: &TransferRefused) {
        self.kind(kind::TRANSFER_REFUSED);
        self.slots(refused.debit_slot, refused.credit_slot);
        self.put(at::ID, refused.id.to_le_bytes());
        self.put(at::AMOUNT, refused.requested_minor.to_le_bytes());
        self.put(at::VALUE_DATE, refused.value_date.to_le_bytes());
        self.put(at::CODE, refused.code.to_le_bytes());
        self.put(at::TENANT, refused.tenant.to_le_bytes());
        self.put(at::CONTENT_HASH, refused.content_hash.to_le_bytes());
        if refused.up_to_available {
            self.bytes[at::FLAGS] |= FLAG_REQUESTED;
        }
        self.refusal(&refused.refusal, refused.debit_account, refused.credit_account);
        if let Some(original) = refused.reverses {
            self.bytes[at::FLAGS] |= FLAG_REVERSAL;
            self.payload(PayloadKind::Reverses, &original.to_le_bytes());
        }
        if refused.terms != HoldTerms::default() {
            self.terms(&refused.terms);
        }
    }

    fn group_refused(&mut self, refused: &GroupRefused) {
        self.kind(kind::GROUP_REFUSED);
        self.slots(NO_SLOT, NO_SLOT);
        self.put(at::ID, refused.key.id.to_le_bytes());
        self.put(at::CONTENT_HASH, refused.key.content_hash.to_le_bytes());
        self.put(at::TENANT, refused.tenant.to_le_bytes());
        self.put(at::GROUP_INDEX, refused.member.to_le_bytes());
        self.put(at::GROUP_LENGTH, refused.len.to_le_bytes());
        self.refusal(&refused.refusal, 0, 0);
    }

    fn refusal(&mut self, refusal: &Refusal, debit_account: u128, credit_account: u128) {
        self.put(at::REFUSAL, (refusal.reason as u16).to_le_bytes());
        let mut bytes = [0; REFUSAL_BYTES];
        let fields = [
            refusal.account,
            refusal.asked_minor,
            refusal.missing_minor,
            refusal.would_pass_minor,
            debit_account,
            credit_account,
        ];
        for (place, field) in bytes.as_chunks_mut::<16>().0.iter_mut().zip(fields) {
            *place = field.to_le_bytes();
        }
        self.payload(PayloadKind::Refusal, &bytes);
    }

    fn metadata(&mut self, metadata: &[u8]) {
        if !metadata.is_empty() {
            self.payload(PayloadKind::Metadata, metadata);
        }
    }
}

fn account_bytes(
    floor: Floor,
    ceiling: Option<u128>,
    freeze: Freeze,
    closed: bool,
) -> [u8; ACCOUNT_BYTES] {
    let mut bytes = [0; ACCOUNT_BYTES];
    let (floor_kind, overdraft) = match floor {
        Floor::Zero => (floor::ZERO, 0),
        Floor::None => (floor::NONE, 0),
        Floor::Overdraft(minor) => (floor::OVERDRAFT, minor),
    };
    bytes[account_at::FLOOR] = floor_kind;
    bytes[account_at::FREEZE] = freeze as u8;
    bytes[account_at::CLOSED] = u8::from(closed);
    bytes[account_at::HAS_CEILING] = u8::from(ceiling.is_some());
    put(&mut bytes, account_at::OVERDRAFT, overdraft.to_le_bytes());
    put(&mut bytes, account_at::CEILING, ceiling.unwrap_or(0).to_le_bytes());
    bytes
}
