//! The marker: which segments were archived, and where to. `docs/JOURNAL_FORMAT.md` has its bytes.

use std::io;
use std::path::Path;

use florin_engine::Sequence;

use crate::backup::{End, Hex, SegmentObject, check_chain};
use crate::bytes::{array, put, u16_at, u32_at, u64_at};
use crate::disk::{Disk, DiskFile};
use crate::error::OpenError;

/// Its name, beside the folders of the partition.
pub(super) const FILE: &str = "archived";
/// While it is being written; never read.
const FILE_UNFINISHED: &str = "archived.tmp";

const VERSION: u16 = 1;
const MAGIC: [u8; 8] = *b"FLORARCH";

// Header.
const MAGIC_AT: usize = 0;
const VERSION_AT: usize = MAGIC_AT + 8;
const PARTITION_AT: usize = VERSION_AT + 2 + 2;
const LINEAGE_AT: usize = PARTITION_AT + 4;
const SEGMENTS_AT: usize = LINEAGE_AT + 16;
const PLACE_BYTES_AT: usize = SEGMENTS_AT + 8;
const HEADER_BYTES: usize = PLACE_BYTES_AT + 4 + 20;

// A segment.
const NUMBER_AT: usize = 0;
const EPOCH_AT: usize = NUMBER_AT + 8;
const FIRST_SEQUENCE_AT: usize = EPOCH_AT + 8;
const LAST_SEQUENCE_AT: usize = FIRST_SEQUENCE_AT + 8;
const FIRST_TIMESTAMP_AT: usize = LAST_SEQUENCE_AT + 8;
const LAST_TIMESTAMP_AT: usize = FIRST_TIMESTAMP_AT + 8;
const BYTES_AT: usize = LAST_TIMESTAMP_AT + 8;
const FILE_BYTES_AT: usize = BYTES_AT + 8;
const SEGMENT_BYTES_AT: usize = FILE_BYTES_AT + 8;
const SEGMENT_LINEAGE_AT: usize = SEGMENT_BYTES_AT + 8;
const PREVIOUS_HASH_AT: usize = SEGMENT_LINEAGE_AT + 16;
const LAST_HASH_AT: usize = PREVIOUS_HASH_AT + 32;
const OBJECT_HASH_AT: usize = LAST_HASH_AT + 32;
const END_AT: usize = OBJECT_HASH_AT + 32;
const ENTRY_BYTES: usize = END_AT + 1 + 7;

const HASH_BYTES: usize = 32;
/// Longest marker that is read: more segments than a partition will ever have.
const BYTES_MAX: u64 = 1 << 30;

const _: () = assert!(HEADER_BYTES == 64 && ENTRY_BYTES == 192);

/// A segment that was archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedSegment {
    /// The object, and what is in it.
    pub object: SegmentObject,
    /// The opening that wrote it.
    pub epoch: u64,
}

/// Which segments of a partition were archived: the oldest, without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Which history the partition is of.
    pub lineage: [u8; 16],
    /// Which partition.
    pub partition: u32,
    /// Where the objects are, as it was configured: a path or a URL.
    pub place: String,
    /// The segments, oldest first; there is at least one.
    pub segments: Vec<ArchivedSegment>,
}

impl Marker {
    /// Loads the marker of a partition from its folder. `None` if nothing was ever archived.
    ///
    /// # Errors
    /// [`OpenError::Damaged`] if it is not what was written, [`OpenError::NewerFormat`], or the disk failed.
    pub fn load<D: Disk>(disk: &D, partition_dir: &Path) -> Result<Option<Self>, OpenError> {
        let path = partition_dir.join(FILE);
        let failed = |did, source| OpenError::from_io(did, &path, source);
        let file = match disk.open_read_only(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("opened", error)),
        };
        let len = file.len().map_err(|e| failed("read", e))?.min(BYTES_MAX);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, 0).map_err(|e| failed("read", e))?;
        match Self::decode(&bytes) {
            Ok(marker) => Ok(Some(marker)),
            Err(Fault::Newer(found)) => Err(OpenError::NewerFormat {
                file: path,
                found: format!("marker format {found}"),
                known: VERSION,
            }),
            Err(Fault::Damaged(what)) => Err(OpenError::Damaged { file: path, offset: 0, what }),
        }
    }

    /// Writes the marker in place of the one before: it is durable when this returns, and until then the one before
    /// counts. Nothing is synced a second time after an error: trying again begins with a new file.
    pub(super) fn publish<D: Disk>(&self, disk: &D, partition_dir: &Path) -> Result<(), OpenError> {
        let (path, unfinished) = (partition_dir.join(FILE), partition_dir.join(FILE_UNFINISHED));
        let failed = |did| {
            let path = &path;
            move |source| OpenError::from_io(did, path, source)
        };
        match disk.remove(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("removed")(error));
            }
            _ => {}
        }
        let file = disk.create(&unfinished).map_err(failed("made"))?;
        file.write_at(&self.encode(), 0).map_err(failed("written"))?;
        file.sync_data().map_err(failed("synced"))?;
        disk.rename(&unfinished, &path).map_err(failed("renamed"))?;
        disk.sync_dir(partition_dir).map_err(failed("synced"))
    }

    /// The last archived event.
    pub fn through(&self) -> Sequence {
        self.segments.last().map_or(0, |last| last.object.last_sequence)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES];
        put(&mut bytes, MAGIC_AT, MAGIC);
        put(&mut bytes, VERSION_AT, VERSION.to_le_bytes());
        put(&mut bytes, PARTITION_AT, self.partition.to_le_bytes());
        put(&mut bytes, LINEAGE_AT, self.lineage);
        put(&mut bytes, SEGMENTS_AT, (self.segments.len() as u64).to_le_bytes());
        let place_bytes = u32::try_from(self.place.len()).unwrap_or(u32::MAX);
        put(&mut bytes, PLACE_BYTES_AT, place_bytes.to_le_bytes());
        bytes.extend_from_slice(self.place.as_bytes());
        for segment in &self.segments {
            bytes.extend_from_slice(&segment.encode());
        }
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let damaged = |what: &str| Fault::Damaged(what.to_owned());
        if bytes.len() < HEADER_BYTES + HASH_BYTES || array(bytes, MAGIC_AT) != MAGIC {
            return Err(damaged("it is no marker of an archive"));
        }
        let (content, hash) = bytes.split_at(bytes.len() - HASH_BYTES);
        if blake3::hash(content).as_bytes() != hash {
            return Err(damaged("it does not fit its hash"));
        }
        let version = u16_at(content, VERSION_AT);
        if version > VERSION {
            return Err(Fault::Newer(version));
        }
        let place_bytes = u32_at(content, PLACE_BYTES_AT) as usize;
        let rest = &content[HEADER_BYTES..];
        let (place, entries) = rest
            .split_at_checked(place_bytes)
            .ok_or_else(|| damaged("it is shorter than it says"))?;
        let (entries, left) = entries.as_chunks::<ENTRY_BYTES>();
        if !left.is_empty() || entries.len() as u64 != u64_at(content, SEGMENTS_AT) {
            return Err(damaged("it has another number of segments than it says"));
        }
        let place = std::str::from_utf8(place).map_err(|_| damaged("its place is no text"))?;
        let segments = entries.iter().map(ArchivedSegment::decode).collect::<Option<Vec<_>>>();
        let marker = Self {
            lineage: array(content, LINEAGE_AT),
            partition: u32_at(content, PARTITION_AT),
            place: place.to_owned(),
            segments: segments.ok_or_else(|| damaged("a segment ends in an unknown way"))?,
        };
        marker.check().map_err(Fault::Damaged)?;
        Ok(marker)
    }

    /// Whether it is the beginning of one history.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.segments.is_empty() {
            return Err("it lists no segments".to_owned());
        }
        check_chain(self.segments.iter().map(|segment| &segment.object)).map(drop)
    }
}

/// Why bytes are no marker.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    Newer(u16),
    Damaged(String),
}

impl ArchivedSegment {
    fn encode(&self) -> [u8; ENTRY_BYTES] {
        let mut entry = [0; ENTRY_BYTES];
        let Self { object, epoch } = self;
        for (at, value) in [
            (NUMBER_AT, object.number),
            (EPOCH_AT, *epoch),
            (FIRST_SEQUENCE_AT, object.first_sequence),
            (LAST_SEQUENCE_AT, object.last_sequence),
            (FIRST_TIMESTAMP_AT, object.first_timestamp_ns),
            (LAST_TIMESTAMP_AT, object.last_timestamp_ns),
            (BYTES_AT, object.bytes),
            (FILE_BYTES_AT, object.file_bytes),
            (SEGMENT_BYTES_AT, object.segment_bytes),
        ] {
            put(&mut entry, at, value.to_le_bytes());
        }
        put(&mut entry, SEGMENT_LINEAGE_AT, object.lineage.0);
        put(&mut entry, PREVIOUS_HASH_AT, object.previous_hash.0);
        put(&mut entry, LAST_HASH_AT, object.last_hash.0);
        put(&mut entry, OBJECT_HASH_AT, object.blake3.0);
        entry[END_AT] = match object.end {
            End::Open => 0,
            End::Sealed => 1,
            End::Cut => 2,
        };
        entry
    }

    fn decode(entry: &[u8; ENTRY_BYTES]) -> Option<Self> {
        let value = |at| u64_at(entry, at);
        let (number, blake3) = (value(NUMBER_AT), Hex(array(entry, OBJECT_HASH_AT)));
        let object = SegmentObject {
            name: SegmentObject::name_of(number, &blake3),
            number,
            lineage: Hex(array(entry, SEGMENT_LINEAGE_AT)),
            first_sequence: value(FIRST_SEQUENCE_AT),
            last_sequence: value(LAST_SEQUENCE_AT),
            first_timestamp_ns: value(FIRST_TIMESTAMP_AT),
            last_timestamp_ns: value(LAST_TIMESTAMP_AT),
            previous_hash: Hex(array(entry, PREVIOUS_HASH_AT)),
            last_hash: Hex(array(entry, LAST_HASH_AT)),
            bytes: value(BYTES_AT),
            blake3,
            file_bytes: value(FILE_BYTES_AT),
            segment_bytes: value(SEGMENT_BYTES_AT),
            end: match entry[END_AT] {
                0 => End::Open,
                1 => End::Sealed,
                2 => End::Cut,
                _ => return None,
            },
        };
        Some(Self { object, epoch: value(EPOCH_AT) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SimDisk;

    fn example() -> Marker {
        let segment = |number: u64, first_sequence, last_sequence, end| {
            let blake3 = Hex([u8::try_from(number).unwrap_or(0); 32]);
            let object = SegmentObject {
                name: SegmentObject::name_of(number, &blake3),
                number,
                lineage: Hex([7; 16]),
                first_sequence,
                last_sequence,
                first_timestamp_ns: first_sequence * 10,
                last_timestamp_ns: last_sequence * 10,
                previous_hash: if number == 1 { Hex([0; 32]) } else { Hex([0xaa; 32]) },
                last_hash: Hex([0xaa; 32]),
                bytes: 8_192,
                blake3,
                file_bytes: 65_536,
                segment_bytes: 131_072,
                end,
            };
            ArchivedSegment { object, epoch: number + 1 }
        };
        Marker {
            lineage: [7; 16],
            partition: 3,
            place: "s3://bucket/prefix?region=r".to_owned(),
            segments: vec![
                segment(1, 1, 100, End::Sealed),
                segment(2, 101, 100, End::Cut),
                segment(4, 101, 150, End::Open),
            ],
        }
    }

    #[test]
    fn golden() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/archived-v1");
        if std::env::var_os("FLORIN_BLESS").is_some() {
            std::fs::write(path, example().encode()).expect("written");
        }
        let golden = std::fs::read(path).expect("the golden marker");
        assert_eq!(golden, example().encode());
        assert_eq!(Marker::decode(&golden), Ok(example()));
        assert_eq!(example().through(), 150);
    }

    #[test]
    fn any_changed_byte_is_found() {
        let bytes = example().encode();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Marker::decode(&changed).is_err(), "byte {at}");
            assert!(Marker::decode(&bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        type Change = fn(&mut Marker);
        let cases: [(&str, Change); 5] = [
            ("no segments", |m| m.segments.clear()),
            ("does not follow", |m| drop(m.segments.remove(0))),
            ("does not follow", |m| m.segments[2].object.first_sequence = 102),
            ("does not follow", |m| m.segments[1].object.previous_hash = Hex([1; 32])),
            ("lengths", |m| m.segments[0].object.bytes = 65_537),
        ];
        for (expected, change) in cases {
            let mut marker = example();
            change(&mut marker);
            match Marker::decode(&marker.encode()) {
                Err(Fault::Damaged(what)) => assert!(what.contains(expected), "{what}"),
                other => panic!("{expected}: {other:?}"),
            }
        }
        let mut newer = example().encode();
        newer[VERSION_AT] = 2;
        let content = newer.len() - HASH_BYTES;
        let hash = *blake3::hash(&newer[..content]).as_bytes();
        newer[content..].copy_from_slice(&hash);
        assert_eq!(Marker::decode(&newer), Err(Fault::Newer(2)));
    }

    #[test]
    fn the_one_before_counts_until_the_new_one_is_durable() {
        let dir = Path::new("/partition");
        let mut after = example();
        after.segments.push({
            let mut more = after.segments[2].clone();
            (more.object.number, more.object.first_sequence) = (5, 151);
            more.object.last_sequence = 160;
            more.object.name = SegmentObject::name_of(5, &more.object.blake3);
            more
        });
        let mut outcomes = [0, 0];
        for at in 0..5 {
            for seed in 0..8 {
                let disk = SimDisk::new(seed);
                disk.create_dir_all(dir).expect("made");
                assert!(Marker::load(&disk, dir).expect("loads").is_none());
                example().publish(&disk, dir).expect("published");
                let crash_at = Some(disk.operations() + at);
                disk.set_faults(crate::disk::Faults { crash_at, ..crate::disk::Faults::default() });
                let published = after.publish(&disk, dir);
                disk.crash();
                let found = Marker::load(&disk, dir).expect("loads").expect("there is one");
                assert!(published.is_err() || found == after);
                outcomes[usize::from(found == after)] += 1;
                assert!(found == after || found == example(), "operation {at}");
                after.publish(&disk, dir).expect("again");
            }
        }
        assert!(outcomes.iter().all(|seen| *seen > 0), "{outcomes:?}");
    }
}
