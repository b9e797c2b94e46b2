//! The shard directory: where the entries and the filter of each shard stand.

use super::header::RunHeader;
use crate::bytes::{put, u32_at, u64_at};

/// Bytes of one shard in the directory.
pub(in crate::ids) const SHARD_BYTES: usize = at::END;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const FIRST_ENTRY: usize = 0;
    pub(super) const ENTRIES: usize = FIRST_ENTRY + 8;
    pub(super) const FINGERPRINTS: usize = ENTRIES + 4;
    pub(super) const FILTER: usize = FINGERPRINTS + 4;
    pub(super) const SEED: usize = FILTER + 8;
    pub(super) const SEGMENT_LENGTH: usize = SEED + 8;
    pub(super) const SEGMENTS_LENGTH: usize = SEGMENT_LENGTH + 4;
    pub(super) const CHECKSUM: usize = SEGMENTS_LENGTH + 4;
    pub(super) const END: usize = CHECKSUM + 8;
}
const _: () = assert!(at::END == 48);

/// One shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ids) struct Shard {
    /// Its first entry, counted from the first of the run.
    pub(in crate::ids) first_entry: u64,
    /// How many it has.
    pub(in crate::ids) entries: u32,
    /// How it is filtered.
    pub(in crate::ids) filter: FilterPlace,
}

/// Where a filter stands, and its descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ids) struct FilterPlace {
    /// Fingerprints of 2 bytes; 0 where the shard has no entry, or no filter.
    pub(in crate::ids) fingerprints: u32,
    /// Where they begin in the file.
    pub(in crate::ids) offset: u64,
    /// Of the hash that the filter is built on.
    pub(in crate::ids) seed: u64,
    /// Fingerprints in a segment, a power of two.
    pub(in crate::ids) segment_length: u32,
    /// Fingerprints in all segments but the last two.
    pub(in crate::ids) segments_length: u32,
    /// Over the fingerprints.
    pub(in crate::ids) checksum: u64,
}

impl FilterPlace {
    /// Its bytes.
    pub(in crate::ids) const fn bytes(&self) -> u64 {
        self.fingerprints as u64 * 2
    }

    /// Whether a look-up stays inside: a filter addresses its fingerprints by these numbers.
    fn is_sound(&self) -> bool {
        let lengths = u64::from(self.segments_length) + 2 * u64::from(self.segment_length);
        self.fingerprints == 0
            || self.segment_length.is_power_of_two()
                && self.segments_length > 0
                && self.segments_length.is_multiple_of(self.segment_length)
                && lengths == u64::from(self.fingerprints)
    }
}

/// The directory as it stands on disk.
pub(in crate::ids) fn encode(shards: &[Shard]) -> Vec<u8> {
    let mut out = vec![0; shards.len() * SHARD_BYTES];
    for (shard, out) in shards.iter().zip(out.chunks_exact_mut(SHARD_BYTES)) {
        put(out, at::FIRST_ENTRY, shard.first_entry.to_le_bytes());
        put(out, at::ENTRIES, shard.entries.to_le_bytes());
        put(out, at::FINGERPRINTS, shard.filter.fingerprints.to_le_bytes());
        put(out, at::FILTER, shard.filter.offset.to_le_bytes());
        put(out, at::SEED, shard.filter.seed.to_le_bytes());
        put(out, at::SEGMENT_LENGTH, shard.filter.segment_length.to_le_bytes());
        put(out, at::SEGMENTS_LENGTH, shard.filter.segments_length.to_le_bytes());
        put(out, at::CHECKSUM, shard.filter.checksum.to_le_bytes());
    }
    out
}

/// Reads a directory; `None` if it is not what was written with this header.
pub(in crate::ids) fn decode(bytes: &[u8], header: &RunHeader) -> Option<Box<[Shard]>> {
    if *blake3::hash(bytes).as_bytes() != header.directory_hash {
        return None;
    }
    let (shards, rest) = bytes.as_chunks::<SHARD_BYTES>();
    let shards: Box<[Shard]> = shards.iter().map(shard).collect();
    let (mut entries, mut offset) = (0_u64, header.filters_at());
    for shard in &shards {
        let follows = shard.first_entry == entries && shard.filter.offset == offset;
        if !follows || !shard.filter.is_sound() {
            return None;
        }
        entries = entries.checked_add(u64::from(shard.entries))?;
        offset = offset.checked_add(shard.filter.bytes())?;
    }
    let is_all = rest.is_empty()
        && shards.len() == header.shards()
        && entries == header.entries
        && offset == header.directory_at();
    is_all.then_some(shards)
}

fn shard(bytes: &[u8; SHARD_BYTES]) -> Shard {
    Shard {
        first_entry: u64_at(bytes, at::FIRST_ENTRY),
        entries: u32_at(bytes, at::ENTRIES),
        filter: FilterPlace {
            fingerprints: u32_at(bytes, at::FINGERPRINTS),
            offset: u64_at(bytes, at::FILTER),
            seed: u64_at(bytes, at::SEED),
            segment_length: u32_at(bytes, at::SEGMENT_LENGTH),
            segments_length: u32_at(bytes, at::SEGMENTS_LENGTH),
            checksum: u64_at(bytes, at::CHECKSUM),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Lineage;

    /// Two shards: one with 3 entries and a filter of 12 fingerprints, one empty.
    fn directory() -> (RunHeader, Vec<Shard>) {
        let lineage = Lineage { id: [1; 16], partition: 0 };
        let mut header = RunHeader::new(lineage, 1, (1, 9), 3, 2);
        header.filters_bytes = 24;
        let filter = FilterPlace {
            fingerprints: 12,
            offset: header.filters_at(),
            seed: 77,
            segment_length: 4,
            segments_length: 4,
            checksum: 99,
        };
        let empty = FilterPlace { offset: header.directory_at(), ..FilterPlace::default() };
        let shards = vec![
            Shard { first_entry: 0, entries: 3, filter },
            Shard { first_entry: 3, entries: 0, filter: empty },
        ];
        (header, shards)
    }

    #[test]
    fn round_trip_and_refusals() {
        type Change = fn(&mut Vec<Shard>);
        let changes: [(&str, Change); 9] = [
            ("a shard too few", |shards| shards.truncate(1)),
            ("an entry too many", |shards| shards[1].entries = 1),
            ("a gap between entries", |shards| shards[1].first_entry = 4),
            ("a gap between filters", |shards| shards[1].filter.offset += 2),
            ("no power of two", |shards| shards[0].filter.segment_length = 3),
            ("no segments", |shards| shards[0].filter.segments_length = 0),
            ("a part of a segment", |shards| shards[0].filter.segments_length = 5),
            ("a look-up past the end", |shards| shards[0].filter.segments_length = 8),
            ("no segment", |shards| shards[0].filter.segment_length = 0),
        ];
        let (mut header, shards) = directory();
        let mut read = |shards: &[Shard]| {
            let bytes = encode(shards);
            header.directory_hash = *blake3::hash(&bytes).as_bytes();
            decode(&bytes, &header)
        };
        assert_eq!(read(&shards).as_deref(), Some(shards.as_slice()));
        for (what, change) in changes {
            let mut shards = shards.clone();
            change(&mut shards);
            assert_eq!(read(&shards), None, "{what}");
        }
        let bytes = encode(&shards);
        header.directory_hash = *blake3::hash(&bytes).as_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&bytes, &header), None, "bit {bit}");
        }
    }
}
