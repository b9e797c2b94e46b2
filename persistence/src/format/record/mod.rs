//! A record: one event in 176 bytes, whatever does not fit in the frame's payload.

mod decode;
mod encode;
mod hold;
#[cfg(test)]
mod tests;

use super::payload::{Entry, PayloadKind};
use crate::bytes::{u32_at, u64_at};

pub(crate) use decode::decode;
pub(crate) use encode::{encode, fault, weigh};

/// One record.
pub(crate) const RECORD_BYTES: usize = 176;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const ID: usize = 0;
    pub(super) const AMOUNT: usize = ID + 16;
    pub(super) const DEBIT_SLOT: usize = AMOUNT + 16;
    pub(super) const CREDIT_SLOT: usize = DEBIT_SLOT + 4;
    pub(super) const DEBIT_PREVIOUS: usize = CREDIT_SLOT + 4;
    pub(super) const CREDIT_PREVIOUS: usize = DEBIT_PREVIOUS + 8;
    pub(super) const DEBIT_NET: usize = CREDIT_PREVIOUS + 8;
    pub(super) const CREDIT_NET: usize = DEBIT_NET + 16;
    pub(super) const DEBIT_PENDING: usize = CREDIT_NET + 16;
    pub(super) const CREDIT_PENDING: usize = DEBIT_PENDING + 16;
    pub(super) const SUBJECT: usize = CREDIT_PENDING + 16;
    pub(super) const TIMESTAMP: usize = SUBJECT + 8;
    pub(super) const VALUE_DATE: usize = TIMESTAMP + 8;
    pub(super) const CODE: usize = VALUE_DATE + 4;
    pub(super) const KIND: usize = CODE + 4;
    pub(super) const FLAGS: usize = KIND + 1;
    pub(super) const REFUSAL: usize = FLAGS + 1;
    pub(super) const TENANT: usize = REFUSAL + 2;
    pub(super) const PAYLOAD: usize = TENANT + 4;
    pub(super) const GROUP_INDEX: usize = PAYLOAD + 4;
    pub(super) const GROUP_LENGTH: usize = GROUP_INDEX + 2;
    pub(super) const CONTENT_HASH: usize = GROUP_LENGTH + 2;
    pub(super) const ASSET: usize = CONTENT_HASH + 8;
    pub(super) const RESERVED: usize = ASSET + 4;
    pub(super) const END: usize = RESERVED + 4;
}
const _: () = assert!(at::SUBJECT == 120 && at::END == RECORD_BYTES);

mod kind {
    pub(super) const ASSET_REGISTERED: u8 = 1;
    pub(super) const ACCOUNT_OPENED: u8 = 2;
    pub(super) const ACCOUNT_UPDATED: u8 = 3;
    pub(super) const TRANSFER_POSTED: u8 = 4;
    pub(super) const TRANSFER_REFUSED: u8 = 5;
    pub(super) const GROUP_REFUSED: u8 = 6;
    pub(super) const DIGEST_TAKEN: u8 = 7;
    pub(super) const HOLD_PLACED: u8 = 16;
    pub(super) const HOLD_CAPTURED: u8 = 17;
    pub(super) const HOLD_RELEASED: u8 = 18;
    pub(super) const HOLD_CHANGED: u8 = 19;
    pub(super) const HOLD_DUE_RELEASED: u8 = 20;
    pub(super) const HOLD_DUE_CAPTURED: u8 = 21;
    pub(super) const PAYMENT_AUTHORIZED: u8 = 64;
    pub(super) const PAYMENT_PAID: u8 = 65;
    pub(super) const PAYMENT_CAPTURED: u8 = 66;
    pub(super) const PAYMENT_CANCELED: u8 = 67;
    pub(super) const PAYMENT_REFUNDED: u8 = 68;
    pub(super) const PAYMENT_DUE_RELEASED: u8 = 69;
    pub(super) const PAYMENT_DUE_CAPTURED: u8 = 70;
}

const FLAG_REQUESTED: u8 = 1;
const FLAG_REVERSAL: u8 = 2;
const FLAG_RELEASE_REST: u8 = 4;
const FLAG_SETS_DUE: u8 = 8;
const FLAG_SUMS_IDS: u8 = 16;

/// How an account's floor and freeze stand in its payload.
mod account_at {
    pub(super) const FLOOR: usize = 0;
    pub(super) const FREEZE: usize = FLOOR + 1;
    pub(super) const CLOSED: usize = FREEZE + 1;
    pub(super) const HAS_CEILING: usize = CLOSED + 1;
    pub(super) const RESERVED: usize = HAS_CEILING + 1;
    pub(super) const OVERDRAFT: usize = RESERVED + 4;
    pub(super) const CEILING: usize = OVERDRAFT + 16;
    pub(super) const END: usize = CEILING + 16;
}
const _: () = assert!(account_at::END == super::payload::ACCOUNT_BYTES);

mod floor {
    pub(super) const ZERO: u8 = 1;
    pub(super) const NONE: u8 = 2;
    pub(super) const OVERDRAFT: u8 = 3;
}

/// 1 + the index of the record's first entry in the payload table; 0 = none.
pub(crate) fn payload_reference(record: &[u8; RECORD_BYTES]) -> u32 {
    u32_at(record, at::PAYLOAD)
}

/// When it happened, ns since 1970.
pub(crate) fn timestamp_ns(record: &[u8; RECORD_BYTES]) -> u64 {
    u64_at(record, at::TIMESTAMP)
}

/// The accounts that a record names on its two sides. A refused transfer names some too, and changes none.
pub(crate) fn slots(record: &[u8; RECORD_BYTES]) -> [u32; 2] {
    [u32_at(record, at::DEBIT_SLOT), u32_at(record, at::CREDIT_SLOT)]
}

/// Why a record makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordFault(pub(crate) String);

impl RecordFault {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// Numbers of kinds begin at 1.
const PAYLOAD_KINDS: usize = PayloadKind::ALL.len() + 1;

/// The payloads of one record, by kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payloads<'a>([Option<&'a [u8]>; PAYLOAD_KINDS]);

impl<'a> Payloads<'a> {
    /// Of a record that has none.
    pub(crate) const NONE: Self = Self([None; PAYLOAD_KINDS]);

    /// Takes up an entry.
    pub(crate) fn add(&mut self, entry: Entry<'a>, salted: &'a [u8]) -> Result<(), RecordFault> {
        if entry.is_encrypted() {
            return Err(RecordFault::new("a payload is encrypted, which this release cannot read"));
        }
        let (kind, bytes) =
            entry.payload(salted).ok_or_else(|| RecordFault::new("a payload of unknown kind"))?;
        match self.0[kind as usize].replace(bytes) {
            None => Ok(()),
            Some(_) => Err(RecordFault::new("two payloads of one kind")),
        }
    }

    fn optional(&self, kind: PayloadKind) -> Option<&'a [u8]> {
        self.0[kind as usize]
    }

    /// A payload of fixed length, if it is there.
    fn fixed<const N: usize>(&self, kind: PayloadKind) -> Result<Option<&'a [u8; N]>, RecordFault> {
        let Some(bytes) = self.optional(kind) else { return Ok(None) };
        let bytes = bytes.try_into();
        bytes.map(Some).map_err(|_| RecordFault::new(format!("{kind:?} of another length")))
    }

    /// A payload of fixed length that has to be there.
    fn required<const N: usize>(&self, kind: PayloadKind) -> Result<&'a [u8; N], RecordFault> {
        self.fixed(kind)?.ok_or_else(|| RecordFault::new(format!("{kind:?} is missing")))
    }
}
