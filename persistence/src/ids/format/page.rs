//! A page of entries, with a checksum that tells every flipped bit from an id that is not there.

use florin_engine::Sequence;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::bytes::{put, u32_at, u64_at, u128_at};
use crate::ids::key::{IdEntry, IdKey, IdKind};

/// What is read at a time.
pub(in crate::ids) const PAGE_BYTES: usize = 4_096;
/// Entries in a full page.
pub(in crate::ids) const ENTRIES_PER_PAGE: usize = (PAGE_BYTES - TAG_BYTES) / ENTRY_BYTES;

const ENTRY_BYTES: usize = at::END;
const TAG_BYTES: usize = 8;
const TAG_AT: usize = PAGE_BYTES - TAG_BYTES;
const _: () = assert!(ENTRIES_PER_PAGE == 146 && ENTRIES_PER_PAGE * ENTRY_BYTES == TAG_AT);

/// Stands in a place beside the sequence.
const GROUP_BIT: u64 = 1 << 63;

/// Where each field of an entry stands, computed from the one before.
mod at {
    pub(super) const ID: usize = 0;
    pub(super) const TENANT: usize = ID + 16;
    pub(super) const PLACE: usize = TENANT + 4;
    pub(super) const END: usize = PLACE + 8;
}
const _: () = assert!(at::END == 28);

/// Writes an entry into a page.
pub(in crate::ids) fn put_entry(page: &mut [u8], index: usize, entry: &IdEntry) {
    let group = if entry.key.kind == IdKind::Group { GROUP_BIT } else { 0 };
    let place = index * ENTRY_BYTES;
    put(page, place + at::ID, entry.key.id.to_le_bytes());
    put(page, place + at::TENANT, entry.key.tenant.to_le_bytes());
    put(page, place + at::PLACE, (entry.sequence | group).to_le_bytes());
}

/// Reads an entry of a page.
pub(in crate::ids) fn entry(page: &[u8], index: usize) -> IdEntry {
    let at = index * ENTRY_BYTES;
    let place = u64_at(page, at + at::PLACE);
    let sequence: Sequence = place & !GROUP_BIT;
    let kind = if place & GROUP_BIT == 0 { IdKind::Transfer } else { IdKind::Group };
    let key = IdKey { id: u128_at(page, at + at::ID), tenant: u32_at(page, at + at::TENANT), kind };
    IdEntry { key, sequence }
}

/// Writes the checksum. `number` is that of the page among the pages of entries, from 0.
pub(in crate::ids) fn seal(page: &mut [u8], tag_seed: u64, number: u64) {
    let tag = tag(page, tag_seed, number);
    put(page, TAG_AT, tag.to_le_bytes());
}

/// Whether it is what was written, and there.
pub(in crate::ids) fn is_whole(page: &[u8], tag_seed: u64, number: u64) -> bool {
    u64_at(page, TAG_AT) == tag(page, tag_seed, number)
}

fn tag(page: &[u8], tag_seed: u64, number: u64) -> u64 {
    xxh3_64_with_seed(&page[..TAG_AT], tag_seed ^ number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_every_bit_counts() {
        let mut page = vec![0; PAGE_BYTES];
        let expected: Vec<IdEntry> = (0..ENTRIES_PER_PAGE as u64)
            .map(|i| IdEntry {
                key: IdKey {
                    id: u128::MAX - u128::from(i),
                    tenant: u32::MAX - u32::try_from(i).unwrap(),
                    kind: if i % 3 == 0 { IdKind::Group } else { IdKind::Transfer },
                },
                sequence: crate::ids::format::SEQUENCE_MAX - i,
            })
            .collect();
        for (index, entry) in expected.iter().enumerate() {
            put_entry(&mut page, index, entry);
        }
        seal(&mut page, 5, 9);
        let read: Vec<IdEntry> = (0..ENTRIES_PER_PAGE).map(|index| entry(&page, index)).collect();
        assert_eq!(read, expected);
        assert!(is_whole(&page, 5, 9));
        assert!(!is_whole(&page, 5, 8), "another place");
        assert!(!is_whole(&page, 6, 9), "another run");
        for bit in 0..PAGE_BYTES * 8 {
            page[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_whole(&page, 5, 9), "bit {bit}");
            page[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
