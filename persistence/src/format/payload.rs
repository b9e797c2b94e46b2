//! What does not fit a record: the payload table of a frame, and the payload behind it.

use super::Hash;
use crate::bytes::{array, is_zero, put, u32_at};

/// One entry of the table.
pub(crate) const ENTRY_BYTES: usize = 48;
/// Stands before the bytes of each entry, so that a hash does not give away what it is of.
pub(crate) const SALT_BYTES: usize = 16;

/// Bytes of the payloads of fixed length.
pub(crate) const ASSET_BYTES: usize = 16 + 1;
pub(crate) const ACCOUNT_BYTES: usize = 1 + 1 + 1 + 1 + 4 + 16 + 16;
pub(crate) const GROUP_BYTES: usize = 16 + 8;
pub(crate) const REQUESTED_BYTES: usize = 16;
pub(crate) const REVERSES_BYTES: usize = 16;
pub(crate) const REFUSAL_BYTES: usize = 6 * 16;
pub(crate) const DIGEST_BYTES: usize = 32;
pub(crate) const TAKEOVER_BYTES: usize = 8 + 8 + 8 + 8 + 32;
pub(crate) const HOLD_BYTES: usize = 16 + 16 + 16 + 8 + 1 + 1 + 2 + 4;
pub(crate) const TERMS_BYTES: usize = 1 + 1 + 1 + 5 + 8 + 16;
pub(crate) const PAYMENT_BYTES: usize = 16 + 2 + 6;

/// Where each field of an entry stands, computed from the one before.
mod at {
    pub(super) const HASH: usize = 0;
    pub(super) const LENGTH: usize = HASH + 32;
    pub(super) const SUBJECT_KEY: usize = LENGTH + 4;
    pub(super) const RECORD: usize = SUBJECT_KEY + 4;
    pub(super) const CLASS: usize = RECORD + 4;
    pub(super) const KIND: usize = CLASS + 1;
    pub(super) const RESERVED: usize = KIND + 1;
    pub(super) const END: usize = RESERVED + 2;
}
const _: () = assert!(at::END == ENTRY_BYTES);

const CLASS_RULE: u8 = 1;
const CLASS_PERSONAL: u8 = 2;

/// What an entry holds. The numbers are those of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum PayloadKind {
    Asset = 1,
    Account = 2,
    Name = 3,
    Metadata = 4,
    Group = 5,
    Requested = 6,
    Reverses = 7,
    Refusal = 8,
    Digest = 9,
    Takeover = 10,
    Hold = 11,
    Terms = 12,
    Payment = 13,
    Reference = 14,
}

impl PayloadKind {
    /// All of them, by number from 1 on.
    pub(crate) const ALL: [Self; 14] = [
        Self::Asset,
        Self::Account,
        Self::Name,
        Self::Metadata,
        Self::Group,
        Self::Requested,
        Self::Reverses,
        Self::Refusal,
        Self::Digest,
        Self::Takeover,
        Self::Hold,
        Self::Terms,
        Self::Payment,
        Self::Reference,
    ];

    const fn class(self) -> u8 {
        match self {
            Self::Name | Self::Metadata | Self::Reference => CLASS_PERSONAL,
            _ => CLASS_RULE,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// Salts from a key that is not kept: an erased salt cannot be made again.
pub(crate) struct Salts {
    stream: blake3::OutputReader,
    pool: [u8; Self::POOL_BYTES],
    used: usize,
}

impl Salts {
    const POOL_BYTES: usize = 1_024;

    /// Salts under this key.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(b"florin payload salts");
        let stream = hasher.finalize_xof();
        Self { stream, pool: [0; Self::POOL_BYTES], used: Self::POOL_BYTES }
    }

    fn next(&mut self) -> [u8; SALT_BYTES] {
        loop {
            if self.used == Self::POOL_BYTES {
                self.stream.fill(&mut self.pool);
                self.used = 0;
            }
            let salt = array(&self.pool, self.used);
            self.used += SALT_BYTES;
            // All zeros means erased.
            if salt != [0; SALT_BYTES] {
                return salt;
            }
        }
    }
}

/// Fills the payload table and the payload of a frame that is being made, both of the right length.
pub(crate) struct PayloadSink<'a> {
    table: &'a mut [u8],
    payload: &'a mut [u8],
    entries: usize,
    bytes: usize,
    salts: &'a mut Salts,
}

impl<'a> PayloadSink<'a> {
    pub(crate) fn new(table: &'a mut [u8], payload: &'a mut [u8], salts: &'a mut Salts) -> Self {
        Self { table, payload, entries: 0, bytes: 0, salts }
    }

    /// 1 + the index of the entry that is pushed next, as a record refers to it.
    pub(crate) fn next_reference(&self) -> u32 {
        u32::try_from(self.entries + 1).unwrap_or(u32::MAX)
    }

    /// Adds an entry for the record with this index in the frame.
    pub(crate) fn push(&mut self, kind: PayloadKind, record: u32, bytes: &[u8]) {
        let salted = &mut self.payload[self.bytes..self.bytes + SALT_BYTES + bytes.len()];
        put(salted, 0, self.salts.next());
        salted[SALT_BYTES..].copy_from_slice(bytes);
        self.bytes += salted.len();

        let entry = &mut self.table[self.entries * ENTRY_BYTES..][..ENTRY_BYTES];
        entry.fill(0);
        put(entry, at::HASH, *blake3::hash(salted).as_bytes());
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        put(entry, at::LENGTH, length.to_le_bytes());
        put(entry, at::RECORD, record.to_le_bytes());
        entry[at::CLASS] = kind.class();
        entry[at::KIND] = kind as u8;
        self.entries += 1;
    }

    /// Whether exactly what was weighed has been pushed.
    pub(crate) fn is_full(&self) -> bool {
        self.entries * ENTRY_BYTES == self.table.len() && self.bytes == self.payload.len()
    }
}

/// An entry of the table, as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    raw: &'a [u8; ENTRY_BYTES],
}

impl<'a> Entry<'a> {
    pub(crate) fn new(raw: &'a [u8; ENTRY_BYTES]) -> Self {
        Self { raw }
    }

    /// Index of its record in the frame.
    pub(crate) fn record(self) -> u32 {
        u32_at(self.raw, at::RECORD)
    }

    /// Bytes of the payload, salt included.
    pub(crate) fn salted_bytes(self) -> u64 {
        SALT_BYTES as u64 + u64::from(u32_at(self.raw, at::LENGTH))
    }

    /// Whether these are the salt and bytes that it was made for, or have been erased as they may be.
    pub(crate) fn vouches_for(self, salted: &[u8]) -> bool {
        let hash: Hash = array(self.raw, at::HASH);
        hash == *blake3::hash(salted).as_bytes() || self.is_erased(salted)
    }

    /// Whether it was erased.
    pub(crate) fn is_erased(self, salted: &[u8]) -> bool {
        self.raw[at::CLASS] == CLASS_PERSONAL && is_zero(salted)
    }

    /// What it holds; `None` if its kind is not known. Erased: without bytes.
    pub(crate) fn payload(self, salted: &[u8]) -> Option<(PayloadKind, &[u8])> {
        let kind = PayloadKind::from_number(self.raw[at::KIND])?;
        let bytes = if self.is_erased(salted) { &[] } else { salted.get(SALT_BYTES..)? };
        (self.raw[at::CLASS] == kind.class()).then_some((kind, bytes))
    }

    /// Whether the bytes are encrypted with a key of their subject.
    pub(crate) fn is_encrypted(self) -> bool {
        u32_at(self.raw, at::SUBJECT_KEY) != 0
    }
}

/// Walks through entries and their payloads side by side. Ends early where the payload is too short.
pub(crate) fn entries<'a>(
    table: &'a [[u8; ENTRY_BYTES]],
    mut payload: &'a [u8],
) -> impl Iterator<Item = (Entry<'a>, &'a [u8])> {
    table.iter().map_while(move |raw| {
        let entry = Entry::new(raw);
        let (salted, rest) =
            payload.split_at_checked(usize::try_from(entry.salted_bytes()).ok()?)?;
        payload = rest;
        Some((entry, salted))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_kind() -> impl Strategy<Value = PayloadKind> {
        proptest::sample::select(&PayloadKind::ALL[..])
    }

    proptest! {
        #[test]
        fn round_trip(
            written in proptest::collection::vec(
                (any_kind(), any::<u32>(), proptest::collection::vec(any::<u8>(), 1..200)),
                1..20,
            ),
            at in any::<proptest::sample::Index>(),
        ) {
            let mut table = vec![0xaa; written.len() * ENTRY_BYTES];
            let mut payload = vec![0; written.iter().map(|(_, _, b)| SALT_BYTES + b.len()).sum()];
            let mut salts = Salts::new(&[1; 32]);
            let mut sink = PayloadSink::new(&mut table, &mut payload, &mut salts);
            for (kind, record, bytes) in &written {
                prop_assert!(!sink.is_full());
                sink.push(*kind, *record, bytes);
            }
            prop_assert!(sink.is_full());

            let (table, _) = table.as_chunks();
            prop_assert_eq!(entries(table, &payload).count(), written.len());
            for ((entry, salted), (kind, record, bytes)) in entries(table, &payload).zip(&written) {
                prop_assert!(entry.vouches_for(salted));
                prop_assert_eq!(entry.record(), *record);
                prop_assert_eq!(entry.payload(salted), Some((*kind, &bytes[..])));
                // Only personal data can be erased.
                let zeros = vec![0; salted.len()];
                let is_personal = kind.class() == CLASS_PERSONAL;
                prop_assert_eq!(entry.vouches_for(&zeros), is_personal);
                if is_personal {
                    prop_assert_eq!(entry.payload(&zeros), Some((*kind, &[][..])));
                }
                let mut changed = salted.to_vec();
                changed[at.index(salted.len())] ^= 1;
                prop_assert!(!entry.vouches_for(&changed), "a changed payload was accepted");
            }
        }
    }

    #[test]
    fn salts_differ() {
        let salts = |key| {
            let mut salts = Salts::new(&key);
            (0..200).map(|_| salts.next()).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(salts([1; 32]).len(), 200);
        assert!(salts([1; 32]).is_disjoint(&salts([2; 32])));
    }
}
