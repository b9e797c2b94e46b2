//! The header of a segment, and the names of the files.

use super::{Hash, Lineage, VERSION, VERSION_BRANCHED, sector};
use crate::bytes::{array, put, u16_at, u32_at, u64_at};

/// One sector, without a tag.
pub(crate) const HEADER_BYTES: usize = sector::SECTOR_BYTES;

/// What a header takes of that; the rest is zeros.
pub(crate) const HEADER_USED_BYTES: usize = at::END;

const MAGIC: [u8; 8] = *b"FLORNSEG";
/// The segment begins with a takeover.
const FLAG_TAKEOVER: u32 = 1;
/// It begins a lineage, and says of which one that goes on.
const FLAG_BRANCHED: u32 = 2;
/// Its lineage is a fork: a copy to try things on.
const FLAG_FORK: u32 = 4;

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
    pub(super) const OLD_LINEAGE: usize = FLAGS + 4;
    pub(super) const OLD_SEQUENCE: usize = OLD_LINEAGE + 16;
    pub(super) const OLD_HASH: usize = OLD_SEQUENCE + 8;
    pub(super) const RESERVED: usize = OLD_HASH + 32;
    pub(super) const HASH: usize = RESERVED + 8;
    pub(super) const END: usize = HASH + 32;
}
const _: () = assert!(at::HASH == 216 && at::END == 248 && at::END <= HEADER_BYTES);

/// Where a lineage goes on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The lineage before.
    pub(crate) lineage_id: [u8; 16],
    /// The last event that both have in common.
    pub(crate) sequence: u64,
    /// Own hash of the frame that holds it in the lineage before; zeros if there is none.
    pub(crate) hash: Hash,
}

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
    /// It begins its lineage, out of this one.
    pub(crate) origin: Option<Origin>,
    /// Its lineage is a fork.
    pub(crate) is_fork: bool,
}

/// Why a header cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// A newer release wrote it; what was found.
    Newer(String),
    /// It is not what was written.
    Broken,
}

/// The oldest version that can say that a segment begins a lineage out of another one, or is of a fork, if it is.
pub(crate) const fn version_for(branches_off: bool) -> u16 {
    if branches_off { VERSION_BRANCHED } else { VERSION }
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
        let mut flags = 0;
        for (is_set, flag) in [
            (self.is_takeover, FLAG_TAKEOVER),
            (self.origin.is_some(), FLAG_BRANCHED),
            (self.is_fork, FLAG_FORK),
        ] {
            flags |= if is_set { flag } else { 0 };
        }
        put(&mut out, at::FLAGS, flags.to_le_bytes());
        if let Some(origin) = &self.origin {
            put(&mut out, at::OLD_LINEAGE, origin.lineage_id);
            put(&mut out, at::OLD_SEQUENCE, origin.sequence.to_le_bytes());
            put(&mut out, at::OLD_HASH, origin.hash);
        }
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
        if version > VERSION_BRANCHED {
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
        let flags = u32_at(sector, at::FLAGS);
        // What reserved bytes of version 1 hold is not looked at.
        let is_set = |flag| version >= VERSION_BRANCHED && flags & flag != 0;
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
            is_takeover: flags & FLAG_TAKEOVER != 0,
            origin: is_set(FLAG_BRANCHED).then(|| Origin {
                lineage_id: array(sector, at::OLD_LINEAGE),
                sequence: u64_at(sector, at::OLD_SEQUENCE),
                hash: array(sector, at::OLD_HASH),
            }),
            is_fork: is_set(FLAG_FORK),
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
        let origin = proptest::option::of(any::<([u8; 16], u64, [u8; 32])>());
        let head = any::<([u8; 16], u32, [u64; 6])>();
        let rest = any::<([u8; 32], [u8; 32], bool, bool)>();
        (head, rest, origin).prop_map(
            |((id, partition, n), (previous_hash, salt_seed, is_takeover, is_fork), origin)| {
                SegmentHeader {
                    version: version_for(origin.is_some() || is_fork),
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
                    origin: origin.map(|(lineage_id, sequence, hash)| Origin {
                        lineage_id,
                        sequence,
                        hash,
                    }),
                    is_fork,
                }
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
            origin: None,
            is_fork: false,
        };
        assert_eq!(header.encode()[at::VERSION], 1, "older releases read what needs nothing newer");
        let forked = SegmentHeader { version: version_for(true), is_fork: true, ..header.clone() };
        assert_eq!(forked.encode()[at::VERSION], 2, "older releases refuse a fork");
        let mut newer = header.encode();
        newer[at::VERSION] = 3;
        let mut encrypted = header.encode();
        encrypted[at::KEY_ID] = 1;
        let hash = blake3::hash(&encrypted[..at::HASH]);
        put(&mut encrypted, at::HASH, *hash.as_bytes());
        for (name, sector, expected) in [
            ("a newer version", newer, HeaderFault::Newer("journal format 3".into())),
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
