//! The filter of a shard: 16 bits a fingerprint, so that of 65,536 ids that are not there one may be.
//!
//! The library builds it. It is asked here, for many ids at a time: first where all of them have to be looked, then there. So
//! nothing stands between the look-ups, and as many cache misses as the processor can have are under way at once.

use xorf::{BinaryFuse16, Filter};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::format::directory::{FilterPlace, Shard};
use super::format::header::shard_of;

/// Ids that are looked up together: one bit each.
pub(super) const BLOCK_IDS: usize = u64::BITS as usize;

/// What is known in memory about the ids of a run: the filters of its shards, in one piece.
#[derive(Debug, Default)]
pub(super) struct Filters {
    shards: Vec<ShardFilter>,
    prints: Vec<u16>,
}

/// What is known in memory about the ids of a shard.
#[derive(Debug, Clone, Copy)]
enum ShardFilter {
    /// It has none.
    Empty,
    /// Their fingerprints.
    Fuse(Fuse),
    /// Nothing: no filter could be built. It has not been seen to happen to distinct hashes.
    Unknown,
}

/// A binary fuse filter: an id that is in it has three fingerprints that come to its own.
#[derive(Debug, Clone, Copy)]
struct Fuse {
    /// Where its fingerprints begin, among those of the run.
    first: usize,
    seed: u64,
    /// Fingerprints in a segment, a power of two.
    segment_length: u32,
    /// Fingerprints in all segments but the last two.
    segments_length: u32,
}

/// Where to look for an id.
#[derive(Debug, Clone, Copy, Default)]
struct Look {
    places: [usize; 3],
    /// What has to come of them.
    print: u16,
}

impl Fuse {
    /// As [`BinaryFuse16`] has it.
    #[inline]
    fn look(&self, hash: u64) -> Look {
        let Self { first, seed, segment_length, segments_length } = *self;
        let hash = mix(hash.wrapping_add(seed));
        #[expect(clippy::cast_possible_truncation, reason = "it is a product with 32 bits")]
        let begin = ((u128::from(hash) * u128::from(segments_length)) >> u64::BITS) as u32;
        #[expect(clippy::cast_possible_truncation, reason = "bits of a hash")]
        let [second, third] =
            [(hash >> 18) as u32, hash as u32].map(|hash| hash & (segment_length - 1));
        #[expect(clippy::cast_possible_truncation, reason = "bits of a hash")]
        let print = (hash ^ hash >> 32) as u16;
        let places =
            [begin, (begin + segment_length) ^ second, (begin + 2 * segment_length) ^ third];
        Look { places: places.map(|place| first + place as usize), print }
    }
}

/// The end of `MurmurHash3`: every bit of the hash counts for every bit.
#[inline]
const fn mix(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

impl Filters {
    /// None yet, with room for those of a run.
    pub(super) fn with_room(shards: usize, bytes: u64) -> Self {
        let prints = usize::try_from(bytes / 2).unwrap_or(0);
        Self { shards: Vec::with_capacity(shards), prints: Vec::with_capacity(prints) }
    }

    /// Takes up the filter of the next shard from what stands on disk; `None` if that is not what was written.
    pub(super) fn decode(&mut self, shard: &Shard, bytes: &[u8], tag_seed: u64) -> Option<()> {
        let place = &shard.filter;
        let filter = match (shard.entries, place.fingerprints) {
            (0, _) => ShardFilter::Empty,
            (_, 0) => ShardFilter::Unknown,
            _ if checksum(bytes, self.shards.len(), tag_seed) != place.checksum => return None,
            _ => {
                let (seed, first) = (place.seed, self.prints.len());
                let FilterPlace { segment_length, segments_length, .. } = *place;
                let (prints, _) = bytes.as_chunks::<2>();
                self.prints.extend(prints.iter().map(|bytes| u16::from_le_bytes(*bytes)));
                ShardFilter::Fuse(Fuse { first, seed, segment_length, segments_length })
            }
        };
        self.shards.push(filter);
        Some(())
    }

    /// Whether an id with this hash may be in the run. Never wrong when it says no.
    pub(super) fn may_hold(&self, hash: u64, shard_bits: u32) -> bool {
        match self.shards.get(shard_of(hash, shard_bits)) {
            Some(ShardFilter::Fuse(fuse)) => self.has(&fuse.look(hash)),
            Some(ShardFilter::Empty) => false,
            // There is a filter a shard; were there none, nothing would be denied.
            Some(ShardFilter::Unknown) | None => true,
        }
    }

    /// The same of up to [`BLOCK_IDS`] ids: a bit each.
    pub(super) fn may_hold_any(&self, hashes: &[u64], shard_bits: u32) -> u64 {
        let mut looks = [Look::default(); BLOCK_IDS];
        let (mut unknown, mut in_doubt) = (0_u64, 0_u64);
        for (bit, (hash, look)) in hashes.iter().zip(&mut looks).enumerate() {
            match self.shards.get(shard_of(*hash, shard_bits)) {
                Some(ShardFilter::Fuse(fuse)) => {
                    *look = fuse.look(*hash);
                    in_doubt |= 1 << bit;
                }
                Some(ShardFilter::Empty) => {}
                Some(ShardFilter::Unknown) | None => unknown |= 1 << bit,
            }
        }
        let mut same = 0_u64;
        for (bit, look) in looks.iter().enumerate().take(hashes.len()) {
            same |= u64::from(self.has(look)) << bit;
        }
        same & in_doubt | unknown
    }

    #[inline]
    fn has(&self, look: &Look) -> bool {
        let [a, b, c] = look.places.map(|place| self.prints.get(place).copied().unwrap_or(0));
        a ^ b ^ c == look.print
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

    /// The last shard of four.
    fn read(hashes: &[u64], bytes: &[u8], filter: FilterPlace) -> Option<Filters> {
        let entries = u32::try_from(hashes.len()).unwrap();
        let mut filters = Filters::default();
        for number in 0..3 {
            let (bytes, filter) = build(&mut self::hashes(50, 7), number, 11);
            filters.decode(&Shard { first_entry: 0, entries: 50, filter }, &bytes, 11)?;
        }
        filters.decode(&Shard { first_entry: 150, entries, filter }, bytes, 11)?;
        filters.shards.drain(..3);
        Some(filters)
    }

    #[test]
    fn what_is_in_it_is_found_and_little_else() {
        for count in [1, 2, 3, 5, 10, 100, 1_000, 93_750, 131_072] {
            let inside = hashes(count, 1);
            let (bytes, place) = build(&mut inside.clone(), 3, 11);
            assert_eq!(bytes.len() as u64, place.bytes());
            let filter = read(&inside, &bytes, place).unwrap();
            assert!(matches!(filter.shards[..], [ShardFilter::Fuse(_)]));
            assert!(inside.iter().all(|hash| filter.may_hold(*hash, 0)), "{count}");
            let outside = hashes(200_000, 2);
            let held = outside.iter().filter(|hash| filter.may_hold(**hash, 0)).count();
            // 3 are to be expected; unused fingerprints of the smallest filters are zero and let through more.
            assert!(held < 40 || count < 100, "{held} of 200,000 beside {count}");
            if count > 90_000 {
                assert!(bytes.len() as u64 * 10 <= count * 25, "{} bytes, {count}", bytes.len());
            }
            // As the library answers, one by one and many at a time.
            let twin = BinaryFuse16::try_from(inside.as_slice()).unwrap();
            for hashes in outside.chunks(BLOCK_IDS).chain(inside.chunks(BLOCK_IDS - 1)) {
                let expected = hashes.iter().rev().fold(0, |bits, hash| {
                    assert_eq!(filter.may_hold(*hash, 0), twin.contains(hash));
                    bits << 1 | u64::from(twin.contains(hash))
                });
                assert_eq!(filter.may_hold_any(hashes, 0), expected, "{count}");
            }
        }
    }

    #[test]
    fn the_same_hash_twice_and_none_at_all() {
        let mut twice = vec![5, 5, 9];
        let (bytes, place) = build(&mut twice, 3, 11);
        let filter = read(&[5, 5, 9], &bytes, place).unwrap();
        assert!(filter.may_hold(5, 0) && filter.may_hold(9, 0));
        let (bytes, place) = build(&mut Vec::new(), 3, 11);
        let filter = read(&[], &bytes, place).unwrap();
        assert!(!filter.may_hold(5, 0));
        assert_eq!(filter.may_hold_any(&[5, 6], 0), 0);
        // A shard with ids and without a filter denies nothing.
        let filter = read(&[1], &[], FilterPlace::default()).unwrap();
        assert!(filter.may_hold(5, 0));
        assert_eq!(filter.may_hold_any(&[5, 6], 0), 0b11);
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
        assert!(Filters::default().decode(&shard, &bytes, 11).is_none(), "another shard");
    }
}
