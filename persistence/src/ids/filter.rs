//! The filter of a shard: 16 bits a fingerprint, so that of 65,536 ids that are not there one may be.

use xorf::{BinaryFuse16, Descriptor, Filter};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::format::directory::{FilterPlace, Shard};

/// What is known in memory about the ids of a shard.
#[derive(Debug)]
pub(super) enum ShardFilter {
    /// It has none.
    Empty,
    /// Their fingerprints.
    Fuse(BinaryFuse16),
    /// Nothing: no filter could be built. It has not been seen to happen to distinct hashes.
    Unknown,
}

impl ShardFilter {
    /// Whether an id with this hash may be in the shard. Never wrong when it says no.
    #[inline]
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        match self {
            Self::Fuse(filter) => filter.contains(&hash),
            Self::Empty => false,
            Self::Unknown => true,
        }
    }

    /// Takes up a filter from what stands on disk; `None` if that is not what was written.
    pub(super) fn decode(
        shard: &Shard,
        number: usize,
        bytes: &[u8],
        tag_seed: u64,
    ) -> Option<Self> {
        if shard.entries == 0 {
            return Some(Self::Empty);
        }
        if shard.filter.fingerprints == 0 {
            return Some(Self::Unknown);
        }
        let place = &shard.filter;
        if checksum(bytes, number, tag_seed) != place.checksum {
            return None;
        }
        let (fingerprints, _) = bytes.as_chunks::<2>();
        Some(Self::Fuse(BinaryFuse16 {
            descriptor: Descriptor {
                seed: place.seed,
                segment_length: place.segment_length,
                segment_length_mask: place.segment_length.wrapping_sub(1),
                segment_count_length: place.segments_length,
            },
            fingerprints: fingerprints.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect(),
        }))
    }
}

/// Builds the filter of a shard from its hashes, which are sorted: its fingerprints as they stand on disk, and
/// its place but for the offset. No bytes where there are no hashes, or where it cannot be built.
pub(super) fn build(hashes: &mut Vec<u64>, number: usize, tag_seed: u64) -> (Vec<u8>, FilterPlace) {
    // Different ids may have the same hash; the filter takes each once.
    hashes.dedup();
    let none = (Vec::new(), FilterPlace::default());
    if hashes.is_empty() {
        return none;
    }
    let Ok(filter) = BinaryFuse16::try_from(hashes.as_slice()) else { return none };
    let Ok(fingerprints) = u32::try_from(filter.fingerprints.len()) else { return none };
    // An id that the filter denies would be paid twice: looked at, not believed.
    if !hashes.iter().all(|hash| filter.contains(hash)) {
        return none;
    }
    let bytes: Vec<u8> = filter.fingerprints.iter().flat_map(|print| print.to_le_bytes()).collect();
    let place = FilterPlace {
        fingerprints,
        offset: 0,
        seed: filter.descriptor.seed,
        segment_length: filter.descriptor.segment_length,
        segments_length: filter.descriptor.segment_count_length,
        checksum: checksum(&bytes, number, tag_seed),
    };
    (bytes, place)
}

/// Its seed is none that a page of the run has.
fn checksum(bytes: &[u8], number: usize, tag_seed: u64) -> u64 {
    xxh3_64_with_seed(bytes, !tag_seed ^ number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(count: u64, stream: u64) -> Vec<u64> {
        let mut hashes: Vec<u64> =
            (0..count).map(|i| xxh3_64_with_seed(&i.to_le_bytes(), stream)).collect();
        hashes.sort_unstable();
        hashes
    }

    fn read(hashes: &[u64], bytes: &[u8], place: FilterPlace) -> Option<ShardFilter> {
        let entries = u32::try_from(hashes.len()).unwrap();
        ShardFilter::decode(&Shard { first_entry: 0, entries, filter: place }, 3, bytes, 11)
    }

    #[test]
    fn what_is_in_it_is_found_and_little_else() {
        for count in [1, 2, 3, 5, 10, 100, 1_000, 93_750, 131_072] {
            let inside = hashes(count, 1);
            let (bytes, place) = build(&mut inside.clone(), 3, 11);
            assert_eq!(bytes.len() as u64, place.bytes());
            let filter = read(&inside, &bytes, place).unwrap();
            assert!(matches!(filter, ShardFilter::Fuse(_)));
            assert!(inside.iter().all(|hash| filter.may_hold(*hash)), "{count}");
            let outside = hashes(200_000, 2);
            let held = outside.iter().filter(|hash| filter.may_hold(**hash)).count();
            // 3 are to be expected; unused fingerprints of the smallest filters are zero and let through more.
            assert!(held < 40 || count < 100, "{held} of 200,000 beside {count}");
            if count > 90_000 {
                assert!(bytes.len() as u64 * 10 <= count * 25, "{} bytes, {count}", bytes.len());
            }
        }
    }

    #[test]
    fn the_same_hash_twice_and_none_at_all() {
        let mut twice = vec![5, 5, 9];
        let (bytes, place) = build(&mut twice, 3, 11);
        let filter = read(&[5, 5, 9], &bytes, place).unwrap();
        assert!(filter.may_hold(5) && filter.may_hold(9));
        let (bytes, place) = build(&mut Vec::new(), 3, 11);
        let filter = read(&[], &bytes, place).unwrap();
        assert!(!filter.may_hold(5));
        // A shard with ids and without a filter denies nothing.
        assert!(read(&[1], &[], FilterPlace::default()).unwrap().may_hold(5));
    }

    #[test]
    fn a_changed_filter_is_not_taken_up() {
        let inside = hashes(10, 1);
        let (bytes, place) = build(&mut inside.clone(), 3, 11);
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&inside, &bytes, place).is_none(), "bit {bit}");
        }
        let shard = Shard { first_entry: 0, entries: 10, filter: place };
        assert!(ShardFilter::decode(&shard, 4, &bytes, 11).is_none(), "another shard");
    }
}
