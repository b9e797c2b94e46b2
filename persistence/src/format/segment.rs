//! The header of a segment, and the names of the files.

use super::{Hash, Lineage, VERSION, sector};
use crate::bytes::{array, put, u16_at, u32_at, u64_at};

/// One sector, without a tag.
pub(crate) const HEADER_BYTES: usize = sector::SECTOR_BYTES;

const MAGIC: [u8; 8] = *b"FLORNSEG";
/// The segment begins with a takeover.
const FLAG_TAKEOVER: u32 = 1;

/// Where each field stands, computed from the one before.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = MAGIC + 8;
    pub(super) const SECTOR_BYTES: usize = VERSION + 2;
    pub(super) const PARTITION: usize = SECTOR_BYTES + 2;
    pub(super) const LINEAGE: usize = PARTITION + 4;
    pub(super) const NUMBER: usize = LINEAGE + 16;
    pub(super) const FIRST_SEQUENCE: usize = NUMBER + 8;
    pub(super) const EPOCH: usize = FIRST_SEQUENCE + 8;
    pub(super) const SEGMENT_BYTES: usize = EPOCH + 8;
    pub(super) const PREVIOUS_HASH: usize = SEGMENT_BYTES + 8;
    pub(super) const SALT_SEED: usize = PREVIOUS_HASH + 32;
    pub(super) const TAG_SEED: usize = SALT_SEED + 32;
    pub(super) const MADE_AT: usize = TAG_SEED + 8;
    pub(super) const KEY_ID: usize = MADE_AT + 8;
    pub(super) const FLAGS: usize = KEY_ID + 4;
    pub(super) const RESERVED: usize = FLAGS + 4;
    pub(super) const HASH: usize = RESERVED + 64;
    pub(super) const END: usize = HASH + 32;
}
const _: () = assert!(at::HASH == 216 && at::END == 248 && at::END <= HEADER_BYTES);

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Format version, from 1.
    pub(crate) version: u16,
    pub(crate) lineage: Lineage,
    /// From 1, never used twice.
    pub(crate) number: u64,
    /// Of the first record that is or will be in it.
    pub(crate) first_sequence: u64,
    /// Which opening wrote it.
    pub(crate) epoch: u64,
    /// As set when it was made.
    pub(crate) segment_bytes: u64,
    /// Own hash of the last frame before it; zeros in the first.
    pub(crate) previous_hash: Hash,
    /// For receipts over single records.
    pub(crate) salt_seed: [u8; 32],
    /// For the tags of its sectors.
    pub(crate) tag_seed: u64,
    /// ns since 1970.
    pub(crate) made_at_ns: u64,
    /// It begins with a takeover.
    pub(crate) is_takeover: bool,
}

/// Why a header cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// A newer release wrote it; what was found.
    Newer(String),
    /// It is not what was written.
    Broken,
}

impl SegmentHeader {
    /// The sector as it stands on disk.
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        put(&mut out, at::MAGIC, MAGIC);
        put(&mut out, at::VERSION, self.version.to_le_bytes());
        put(&mut out, at::SECTOR_BYTES, SECTOR_BYTES_FIELD.to_le_bytes());
        put(&mut out, at::PARTITION, self.lineage.partition.to_le_bytes());
        put(&mut out, at::LINEAGE, self.lineage.id);
        put(&mut out, at::NUMBER, self.number.to_le_bytes());
        put(&mut out, at::FIRST_SEQUENCE, self.first_sequence.to_le_bytes());
        put(&mut out, at::EPOCH, self.epoch.to_le_bytes());
        put(&mut out, at::SEGMENT_BYTES, self.segment_bytes.to_le_bytes());
        put(&mut out, at::PREVIOUS_HASH, self.previous_hash);
        put(&mut out, at::SALT_SEED, self.salt_seed);
        put(&mut out, at::TAG_SEED, self.tag_seed.to_le_bytes());
        put(&mut out, at::MADE_AT, self.made_at_ns.to_le_bytes());
        let flags = if self.is_takeover { FLAG_TAKEOVER } else { 0 };
        put(&mut out, at::FLAGS, flags.to_le_bytes());
        let hash = blake3::hash(&out[..at::HASH]);
        put(&mut out, at::HASH, *hash.as_bytes());
        out
    }

    /// Reads the first sector of a segment.
    pub(crate) fn decode(sector: &[u8; HEADER_BYTES]) -> Result<Self, HeaderFault> {
        if sector[..at::VERSION] != MAGIC {
            return Err(HeaderFault::Broken);
        }
        // Before the hash: a newer format may keep that elsewhere.
        let version = u16_at(sector, at::VERSION);
        if version > VERSION {
            return Err(HeaderFault::Newer(format!("journal format {version}")));
        }
        let hash: Hash = array(sector, at::HASH);
        let sector_bytes = u16_at(sector, at::SECTOR_BYTES);
        if hash != *blake3::hash(&sector[..at::HASH]).as_bytes()
            || version == 0
            || sector_bytes != SECTOR_BYTES_FIELD
        {
            return Err(HeaderFault::Broken);
        }
        if u32_at(sector, at::KEY_ID) != 0 {
            return Err(HeaderFault::Newer("an encrypted journal".to_owned()));
        }
        Ok(Self {
            version,
            lineage: Lineage {
                id: array(sector, at::LINEAGE),
                partition: u32_at(sector, at::PARTITION),
            },
            number: u64_at(sector, at::NUMBER),
            first_sequence: u64_at(sector, at::FIRST_SEQUENCE),
            epoch: u64_at(sector, at::EPOCH),
            segment_bytes: u64_at(sector, at::SEGMENT_BYTES),
            previous_hash: array(sector, at::PREVIOUS_HASH),
            salt_seed: array(sector, at::SALT_SEED),
            tag_seed: u64_at(sector, at::TAG_SEED),
            made_at_ns: u64_at(sector, at::MADE_AT),
            is_takeover: u32_at(sector, at::FLAGS) & FLAG_TAKEOVER != 0,
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "4,096 fits")]
const SECTOR_BYTES_FIELD: u16 = sector::SECTOR_BYTES as u16;

/// The next segment: full length, all zeros, synced.
pub(crate) const SPARE: &str = "spare";
/// A spare that is being zeroed.
pub(crate) const SPARE_UNFINISHED: &str = "spare.tmp";
const SUFFIX: &str = ".segment";
const DIGITS: usize = 10;

/// The name of the file of the segment with this number.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:0DIGITS$}{SUFFIX}")
}

/// The number in a file's name, if it is the name of a segment.
pub(crate) fn number_in(name: &str) -> Option<u64> {
    let number = name.strip_suffix(SUFFIX)?.parse().ok()?;
    (file_name(number) == name && number > 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_header() -> impl Strategy<Value = SegmentHeader> {
        (any::<([u8; 16], u32, [u64; 6])>(), any::<([u8; 32], [u8; 32], bool)>()).prop_map(
            |((id, partition, n), (previous_hash, salt_seed, is_takeover))| SegmentHeader {
                version: VERSION,
                lineage: Lineage { id, partition },
                number: n[0],
                first_sequence: n[1],
                epoch: n[2],
                segment_bytes: n[3],
                previous_hash,
                salt_seed,
                tag_seed: n[4],
                made_at_ns: n[5],
                is_takeover,
            },
        )
    }

    proptest! {
        #[test]
        fn round_trip(header in any_header(), at in 0..at::END, bit in 0..8u32) {
            let mut sector = header.encode();
            prop_assert_eq!(SegmentHeader::decode(&sector), Ok(header));
            sector[at] ^= 1u8 << bit;
            prop_assert!(SegmentHeader::decode(&sector).is_err(), "a changed header was accepted");
        }
    }

    #[test]
    fn newer_releases_are_told_from_damage() {
        let header = SegmentHeader {
            version: VERSION,
            lineage: Lineage { id: [7; 16], partition: 0 },
            number: 1,
            first_sequence: 1,
            epoch: 1,
            segment_bytes: 65_536,
            previous_hash: [0; 32],
            salt_seed: [1; 32],
            tag_seed: 2,
            made_at_ns: 3,
            is_takeover: false,
        };
        let mut newer = header.encode();
        newer[at::VERSION] = 2;
        let mut encrypted = header.encode();
        encrypted[at::KEY_ID] = 1;
        let hash = blake3::hash(&encrypted[..at::HASH]);
        put(&mut encrypted, at::HASH, *hash.as_bytes());
        for (name, sector, expected) in [
            ("a newer version", newer, HeaderFault::Newer("journal format 2".into())),
            ("encrypted", encrypted, HeaderFault::Newer("an encrypted journal".into())),
            ("all zeros", [0; HEADER_BYTES], HeaderFault::Broken),
        ] {
            assert_eq!(SegmentHeader::decode(&sector), Err(expected), "{name}");
        }
    }

    #[test]
    fn names() {
        for (name, number) in [
            ("0000000001.segment", Some(1)),
            ("0000123456.segment", Some(123_456)),
            ("12345678901.segment", Some(12_345_678_901)),
            ("0000000000.segment", None),
            ("1.segment", None),
            ("+000000001.segment", None),
            ("0000000001.segment.bak", None),
            ("spare", None),
        ] {
            assert_eq!(number_in(name), number, "{name}");
        }
        assert_eq!(file_name(1), "0000000001.segment");
    }
}
