//! The header of a run: one page at its beginning.

use florin_engine::Sequence;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{SEQUENCE_MAX, VERSION, directory, page};
use crate::bytes::{array, put, u16_at, u32_at, u64_at, u128_at};
use crate::format::segment::HeaderFault;
use crate::format::{Hash, Lineage};

/// One page.
pub(in crate::ids) const HEADER_BYTES: usize = page::PAGE_BYTES;

const MAGIC: [u8; 8] = *b"FLORNIDS";
/// A run is divided into at most 2^24 shards: a trillion ids at the default size.
const SHARD_BITS_MAX: u32 = 24;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const PAGE_BYTES: usize = VERSION + 2;
    pub(super) const PARTITION: usize = PAGE_BYTES + 2;
    pub(super) const LINEAGE: usize = PARTITION + 4;
    pub(super) const FIRST: usize = LINEAGE + 16;
    pub(super) const LAST: usize = FIRST + 8;
    pub(super) const ENTRIES: usize = LAST + 8;
    pub(super) const SEED: usize = ENTRIES + 8;
    pub(super) const MIN_ID: usize = SEED + 8;
    pub(super) const MAX_ID: usize = MIN_ID + 16;
    pub(super) const SHARD_BITS: usize = MAX_ID + 16;
    pub(super) const RESERVED: usize = SHARD_BITS + 4;
    pub(super) const FILTERS: usize = RESERVED + 4;
    pub(super) const FILTERS_BYTES: usize = FILTERS + 8;
    pub(super) const DIRECTORY: usize = FILTERS_BYTES + 8;
    pub(super) const DIRECTORY_HASH: usize = DIRECTORY + 8;
    pub(super) const RESERVED_2: usize = DIRECTORY_HASH + 32;
    pub(super) const HASH: usize = RESERVED_2 + 64;
    pub(super) const END: usize = HASH + 32;
}
const _: () = assert!(at::HASH == 224 && at::END == 256 && at::END <= HEADER_BYTES);

#[expect(clippy::cast_possible_truncation, reason = "4,096 fits")]
const PAGE_BYTES_FIELD: u16 = page::PAGE_BYTES as u16;

/// What a run says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ids) struct RunHeader {
    pub(in crate::ids) lineage: Lineage,
    /// The first sequence whose ids are in it.
    pub(in crate::ids) first: Sequence,
    /// The last one.
    pub(in crate::ids) last: Sequence,
    /// How many ids.
    pub(in crate::ids) entries: u64,
    /// Of the hash that it is sorted by; the same in all runs of a folder.
    pub(in crate::ids) seed: u64,
    /// The smallest id, of whichever tenant and kind; the largest possible one where there is none.
    pub(in crate::ids) min_id: u128,
    /// The largest id; 0 where there is none.
    pub(in crate::ids) max_id: u128,
    /// So many bits of the hash, the highest, are the number of the shard.
    pub(in crate::ids) shard_bits: u32,
    /// Bytes of all filters.
    pub(in crate::ids) filters_bytes: u64,
    /// BLAKE3 of the shard directory.
    pub(in crate::ids) directory_hash: Hash,
}

impl RunHeader {
    /// Of a run of so many ids: what is known before they are.
    pub(in crate::ids) fn new(
        lineage: Lineage,
        seed: u64,
        range: (Sequence, Sequence),
        entries: u64,
        shard_entries: u32,
    ) -> Self {
        let shards = entries.div_ceil(u64::from(shard_entries.max(1))).next_power_of_two();
        Self {
            lineage,
            first: range.0,
            last: range.1,
            entries,
            seed,
            min_id: u128::MAX,
            max_id: 0,
            shard_bits: shards.trailing_zeros().min(SHARD_BITS_MAX),
            filters_bytes: 0,
            directory_hash: [0; 32],
        }
    }

    /// The page as it stands on disk.
    pub(in crate::ids) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        put(&mut out, at::MAGIC, MAGIC);
        put(&mut out, at::VERSION, VERSION.to_le_bytes());
        put(&mut out, at::PAGE_BYTES, PAGE_BYTES_FIELD.to_le_bytes());
        put(&mut out, at::PARTITION, self.lineage.partition.to_le_bytes());
        put(&mut out, at::LINEAGE, self.lineage.id);
        put(&mut out, at::FIRST, self.first.to_le_bytes());
        put(&mut out, at::LAST, self.last.to_le_bytes());
        put(&mut out, at::ENTRIES, self.entries.to_le_bytes());
        put(&mut out, at::SEED, self.seed.to_le_bytes());
        put(&mut out, at::MIN_ID, self.min_id.to_le_bytes());
        put(&mut out, at::MAX_ID, self.max_id.to_le_bytes());
        put(&mut out, at::SHARD_BITS, self.shard_bits.to_le_bytes());
        put(&mut out, at::FILTERS, self.filters_at().to_le_bytes());
        put(&mut out, at::FILTERS_BYTES, self.filters_bytes.to_le_bytes());
        put(&mut out, at::DIRECTORY, self.directory_at().to_le_bytes());
        put(&mut out, at::DIRECTORY_HASH, self.directory_hash);
        let hash = blake3::hash(&out[..at::HASH]);
        put(&mut out, at::HASH, *hash.as_bytes());
        out
    }

    /// Reads the first page of a run.
    pub(in crate::ids) fn decode(page: &[u8; HEADER_BYTES]) -> Result<Self, HeaderFault> {
        if page[..at::VERSION] != MAGIC {
            return Err(HeaderFault::Broken);
        }
        // Before the hash: a newer format may keep that elsewhere.
        let version = u16_at(page, at::VERSION);
        if version > VERSION {
            return Err(HeaderFault::Newer(format!("id run format {version}")));
        }
        let hash: Hash = array(page, at::HASH);
        if hash != *blake3::hash(&page[..at::HASH]).as_bytes() {
            return Err(HeaderFault::Broken);
        }
        let header = Self {
            lineage: Lineage {
                id: array(page, at::LINEAGE),
                partition: u32_at(page, at::PARTITION),
            },
            first: u64_at(page, at::FIRST),
            last: u64_at(page, at::LAST),
            entries: u64_at(page, at::ENTRIES),
            seed: u64_at(page, at::SEED),
            min_id: u128_at(page, at::MIN_ID),
            max_id: u128_at(page, at::MAX_ID),
            shard_bits: u32_at(page, at::SHARD_BITS),
            filters_bytes: u64_at(page, at::FILTERS_BYTES),
            directory_hash: array(page, at::DIRECTORY_HASH),
        };
        // Bounds first, so that the sums below them cannot overflow.
        let is_sound = version > 0
            && u16_at(page, at::PAGE_BYTES) == PAGE_BYTES_FIELD
            && header.first > 0
            && header.first <= header.last
            && header.last <= SEQUENCE_MAX
            && header.entries <= 1 << 48
            && header.filters_bytes <= 1 << 56
            && header.shard_bits <= SHARD_BITS_MAX
            && u64_at(page, at::FILTERS) == header.filters_at()
            && u64_at(page, at::DIRECTORY) == header.directory_at();
        if is_sound { Ok(header) } else { Err(HeaderFault::Broken) }
    }

    /// Pages of entries.
    pub(in crate::ids) const fn pages(&self) -> u64 {
        self.entries.div_ceil(page::ENTRIES_PER_PAGE as u64)
    }

    /// Shards.
    pub(in crate::ids) const fn shards(&self) -> usize {
        1 << self.shard_bits
    }

    /// Where the filters begin.
    pub(in crate::ids) const fn filters_at(&self) -> u64 {
        HEADER_BYTES as u64 + self.pages() * page::PAGE_BYTES as u64
    }

    /// Where the shard directory begins.
    pub(in crate::ids) const fn directory_at(&self) -> u64 {
        self.filters_at() + self.filters_bytes
    }

    /// Bytes of the shard directory.
    pub(in crate::ids) const fn directory_bytes(&self) -> usize {
        self.shards() * directory::SHARD_BYTES
    }

    /// Bytes of the whole file.
    pub(in crate::ids) const fn file_bytes(&self) -> u64 {
        self.directory_at() + self.directory_bytes() as u64
    }

    /// What the checksums of this run's pages and filters are seeded with: a page of another run is none of
    /// this one's.
    pub(in crate::ids) fn tag_seed(&self) -> u64 {
        let mut bytes = [0; 16 + 4 + 8 + 8];
        put(&mut bytes, 0, self.lineage.id);
        put(&mut bytes, 16, self.lineage.partition.to_le_bytes());
        put(&mut bytes, 20, self.first.to_le_bytes());
        put(&mut bytes, 28, self.last.to_le_bytes());
        xxh3_64_with_seed(&bytes, self.seed)
    }
}

/// The shard that a hash belongs to.
#[inline]
pub(in crate::ids) fn shard_of(hash: u64, shard_bits: u32) -> usize {
    let shard = hash.checked_shr(u64::BITS - shard_bits).unwrap_or(0);
    usize::try_from(shard).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> RunHeader {
        let lineage = Lineage { id: [7; 16], partition: 2 };
        let header = RunHeader::new(lineage, 0xfeed, (1, 1_000), 900, 100);
        RunHeader { min_id: 3, max_id: 5 << 100, filters_bytes: 2_400, ..header }
    }

    proptest! {
        #[test]
        fn round_trip(
            (id, partition, seed) in any::<([u8; 16], u32, u64)>(),
            (first, span, entries) in (1..1_u64 << 60, 0..1_u64 << 60, 0..1_u64 << 40),
            (at, bit) in (0..at::END, 0..8_u32),
        ) {
            let lineage = Lineage { id, partition };
            let header = RunHeader::new(lineage, seed, (first, first + span), entries, 1 << 17);
            let mut page = header.encode();
            prop_assert_eq!(RunHeader::decode(&page), Ok(header));
            page[at] ^= 1_u8 << bit;
            prop_assert!(RunHeader::decode(&page).is_err(), "a changed header was accepted");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_even_with_its_hash() {
        type Change = fn(&mut RunHeader);
        let resealed = |change: Change| {
            let mut header = header();
            change(&mut header);
            RunHeader::decode(&header.encode())
        };
        assert_eq!(resealed(|_| ()), Ok(header()));
        let changes: [(&str, Change); 6] = [
            ("no first", |header| header.first = 0),
            ("backwards", |header| header.last = 0),
            ("beyond the highest sequence", |header| header.last = 1 << 63),
            ("more than there can be", |header| header.entries = (1 << 48) + 1),
            ("more filters than there can be", |header| header.filters_bytes = 1 << 57),
            ("more shards than there can be", |header| header.shard_bits = 25),
        ];
        for (what, change) in changes {
            assert_eq!(resealed(change), Err(HeaderFault::Broken), "{what}");
        }
        let mut newer = header().encode();
        newer[at::VERSION] = 2;
        let expected = HeaderFault::Newer("id run format 2".into());
        assert_eq!(RunHeader::decode(&newer), Err(expected));
    }

    #[test]
    fn shards() {
        let lineage = Lineage { id: [0; 16], partition: 0 };
        for (entries, shard_entries, bits) in [
            (0, 100, 0),
            (100, 100, 0),
            (101, 100, 1),
            (401, 100, 3),
            (1_500_000, 1 << 17, 4),
            (1 << 30, 1 << 17, 13),
        ] {
            let header = RunHeader::new(lineage, 0, (1, 1), entries, shard_entries);
            assert_eq!(header.shard_bits, bits, "{entries}");
        }
        for (hash, bits, shard) in [(u64::MAX, 0, 0), (u64::MAX, 4, 15), (1 << 60, 4, 1), (1, 4, 0)]
        {
            assert_eq!(shard_of(hash, bits), shard, "{hash:x}");
        }
    }
}
