//! The manifest of a backup: what is in it, complete in itself. A line of JSON, and a line with its BLAKE3 hash.

use serde::{Deserialize, Serialize};

use super::error::BackupError;
use super::hex::Hex;
use crate::format::sector::SECTOR_BYTES;

/// The version that this release writes, and the newest that it reads.
const FORMAT: u16 = 1;
/// Begins the name of every manifest.
pub(super) const PREFIX: &str = "manifest-";
/// Begins the name of every segment's object.
pub(crate) const SEGMENTS: &str = "segments/";
const SUFFIX: &str = ".json";
const SECTOR: u64 = SECTOR_BYTES as u64;
/// More than a manifest of a million segments takes.
pub(super) const BYTES_MAX: u64 = 1 << 30;

/// How the content of a segment's object ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Behind a frame: the segment was being written.
    Open,
    /// Behind its footer.
    Sealed,
    /// Where the next segment took over.
    Cut,
}

/// A segment, and the object that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentObject {
    /// Name of the object.
    pub name: String,
    /// Number of the segment.
    pub number: u64,
    /// Its lineage; a ledger that was restored has segments of several.
    pub lineage: Hex<16>,
    /// Sequence of its first event; of the next one to come if it has none.
    pub first_sequence: u64,
    /// Sequence of its last event; `first_sequence - 1` if it has none.
    pub last_sequence: u64,
    /// Timestamp of its first event, ns since 1970; 0 if it has none.
    pub first_timestamp_ns: u64,
    /// Timestamp of its last event.
    pub last_timestamp_ns: u64,
    /// Hash of the last frame before it.
    pub previous_hash: Hex<32>,
    /// Hash of its last frame.
    pub last_hash: Hex<32>,
    /// Length of the object, bytes.
    pub bytes: u64,
    /// BLAKE3 of the object.
    pub blake3: Hex<32>,
    /// Length of the segment's file, bytes: behind the content there are zeros.
    pub file_bytes: u64,
    /// Length it had before it was cut, bytes.
    pub segment_bytes: u64,
    /// How it ends.
    pub end: End,
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format.
    pub format: u16,
    /// Version of the release that made it.
    pub florin: String,
    /// When it was made, ns since 1970.
    pub made_at_ns: u64,
    /// Which partition it is of.
    pub partition: u32,
    /// Which history it is of.
    pub lineage: Hex<16>,
    /// That history is a fork.
    pub is_fork: bool,
    /// The last opening of the journal.
    pub epoch: u64,
    /// The last event in it.
    pub sequence: u64,
    /// Its timestamp, ns since 1970.
    pub last_timestamp_ns: u64,
    /// Hash of the last frame.
    pub last_hash: Hex<32>,
    /// The manifest that this one was made after, if there was one of this history.
    pub previous: Option<String>,
    /// All segments, oldest first.
    pub segments: Vec<SegmentObject>,
}

impl SegmentObject {
    /// The name of an object with this content.
    pub(crate) fn name_of(number: u64, blake3: &Hex<32>) -> String {
        format!("{SEGMENTS}{number:010}.{blake3}")
    }

    /// Whether nothing will be added to it any more.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.end, End::Sealed | End::Cut)
    }

    /// Whether it has events.
    pub(super) fn has_events(&self) -> bool {
        self.last_sequence >= self.first_sequence
    }

    fn fault(&self) -> Option<&'static str> {
        let is_whole = |bytes: u64| bytes.is_multiple_of(SECTOR);
        if self.name != Self::name_of(self.number, &self.blake3) {
            return Some("its name is not that of its content");
        }
        if self.number == 0 || self.first_sequence == 0 {
            return Some("numbers and sequences begin at 1");
        }
        if self.last_sequence.checked_add(1).is_none_or(|next| next < self.first_sequence) {
            return Some("it ends before it begins");
        }
        let fits = (SECTOR..=self.file_bytes).contains(&self.bytes)
            && is_whole(self.bytes)
            && is_whole(self.file_bytes)
            && self.file_bytes <= self.segment_bytes.max(self.bytes);
        (!fits).then_some("its lengths do not fit each other")
    }
}

impl Manifest {
    pub(crate) const FORMAT: u16 = FORMAT;

    /// The bytes that lie in the place, and the name that belongs to them.
    pub(super) fn encode(&self) -> Result<(String, Vec<u8>), BackupError> {
        let mut bytes = serde_json::to_vec(self)
            .map_err(|error| BackupError::damaged("the manifest", error.to_string()))?;
        let hash = Hex(*blake3::hash(&bytes).as_bytes());
        bytes.extend_from_slice(format!("\n{hash}\n").as_bytes());
        Ok((self.name_with(&hash), bytes))
    }

    /// Reads what lies in the place under this name.
    pub(super) fn decode(name: &str, bytes: &[u8]) -> Result<Self, BackupError> {
        #[derive(Deserialize)]
        struct OnlyFormat {
            format: u16,
        }
        let damaged = |what: &str| BackupError::damaged(name, what);
        let text = bytes.strip_suffix(b"\n").ok_or_else(|| damaged("its end is missing"))?;
        let at = text.iter().rposition(|b| *b == b'\n').ok_or_else(|| damaged("no hash"))?;
        let (body, hash) = (&text[..at], &text[at + 1..]);
        let found = Hex(*blake3::hash(body).as_bytes());
        if hash != found.to_string().as_bytes() {
            return Err(damaged("it does not fit its hash"));
        }
        let no_json = |error: serde_json::Error| BackupError::damaged(name, error.to_string());
        let OnlyFormat { format } = serde_json::from_slice(body).map_err(no_json)?;
        if format > FORMAT {
            let object = name.to_owned();
            return Err(BackupError::NewerFormat { object, found: format, known: FORMAT });
        }
        let manifest: Self = serde_json::from_slice(body).map_err(no_json)?;
        if manifest.name_with(&found) != name {
            return Err(damaged("it has the name of another one"));
        }
        manifest.check().map_err(|what| damaged(&what))?;
        Ok(manifest)
    }

    /// `manifest-SEQUENCE-LINEAGE-HASH.json`: by sequence, and no two have one name.
    fn name_with(&self, hash: &Hex<32>) -> String {
        let (lineage, hash) = (self.lineage.to_string(), hash.to_string());
        format!("{PREFIX}{:020}-{}-{}{SUFFIX}", self.sequence, &lineage[..8], &hash[..16])
    }

    /// Whether a name is that of a manifest, of this history.
    pub(super) fn is_name_of(name: &str, lineage: &Hex<16>) -> bool {
        let lineage = lineage.to_string();
        name_parts(name).is_some_and(|(_, of, _)| of == &lineage[..8])
    }

    /// The segments follow from each other, and end where the backup does.
    fn check(&self) -> Result<(), String> {
        match check_chain(&self.segments)? {
            Some(last)
                if last.last_sequence == self.sequence
                    && last.last_hash == self.last_hash
                    && last.lineage == self.lineage =>
            {
                Ok(())
            }
            Some(_) => Err("its last segment does not end where it does".to_owned()),
            None => Err("it lists no segments".to_owned()),
        }
    }
}

/// Whether segments make the beginning of one history, each whole by its lengths; gives the last of them.
pub(crate) fn check_chain<'a>(
    segments: impl IntoIterator<Item = &'a SegmentObject>,
) -> Result<Option<&'a SegmentObject>, String> {
    let mut before: Option<&SegmentObject> = None;
    for segment in segments {
        let number = segment.number;
        if let Some(what) = segment.fault() {
            return Err(format!("segment {number}: {what}"));
        }
        let (sequence, hash, least) =
            before.map_or((0, Hex([0; 32]), 0), |s| (s.last_sequence, s.last_hash, s.number));
        if segment.first_sequence != sequence + 1
            || segment.previous_hash != hash
            || number <= least
        {
            return Err(format!("segment {number} does not follow from the one before it"));
        }
        before = Some(segment);
    }
    Ok(before)
}

/// Sequence, lineage and hash in the name of a manifest.
pub(super) fn name_parts(name: &str) -> Option<(u64, &str, &str)> {
    let parts = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let mut parts = parts.split('-');
    let (sequence, lineage, hash) = (parts.next()?, parts.next()?, parts.next()?);
    let is_whole = parts.next().is_none() && sequence.len() == 20;
    Some((sequence.parse().ok().filter(|_| is_whole)?, lineage, hash))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::backup) fn example() -> Manifest {
        let segment = |number, first_sequence, last_sequence, end| {
            let blake3 = Hex([u8::try_from(number).unwrap_or(0); 32]);
            SegmentObject {
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
                segment_bytes: 65_536,
                end,
            }
        };
        Manifest {
            format: 1,
            florin: "0.1.0".to_owned(),
            made_at_ns: 1_767_225_600_000_000_000,
            partition: 0,
            lineage: Hex([7; 16]),
            is_fork: false,
            epoch: 3,
            sequence: 150,
            last_timestamp_ns: 1_500,
            last_hash: Hex([0xaa; 32]),
            previous: None,
            segments: vec![
                segment(1, 1, 100, End::Sealed),
                segment(2, 101, 100, End::Cut),
                segment(4, 101, 150, End::Open),
            ],
        }
    }

    /// As the first release writes it: a backup that somebody has must stay readable.
    #[test]
    fn golden() {
        let (name, bytes) = example().encode().expect("it can be written");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/backup-v1.json");
        if std::env::var_os("FLORIN_BLESS").is_some() {
            std::fs::write(path, &bytes).expect("written");
        }
        let golden = std::fs::read(path).expect("the golden manifest");
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&golden));
        assert_eq!(Manifest::decode(&name, &golden).expect("it is read"), example());
        assert_eq!(
            name_parts(&name).map(|(sequence, lineage, _)| (sequence, lineage)),
            Some((150, "07070707"))
        );
    }

    #[test]
    fn any_changed_byte_is_found() {
        let (name, bytes) = example().encode().expect("it can be written");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Manifest::decode(&name, &changed).is_err(), "byte {at}");
            assert!(Manifest::decode(&name, &bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        type Change = fn(&mut Manifest);
        let cases: [(&str, Change); 9] = [
            ("newer", |m| m.format = 2),
            ("does not follow", |m| m.segments[2].first_sequence = 102),
            ("does not follow", |m| m.segments[2].previous_hash = Hex([1; 32])),
            ("does not follow", |m| m.segments[1].number = 4),
            ("name is not that", |m| m.segments[0].name = "segments/../../x".to_owned()),
            ("ends before", |m| m.segments[1].last_sequence = 99),
            ("lengths", |m| m.segments[0].bytes = 65_537),
            ("does not end where", |m| m.sequence = 151),
            ("no segments", |m| m.segments.clear()),
        ];
        for (expected, change) in cases {
            let mut manifest = example();
            change(&mut manifest);
            if expected == "does not follow" {
                for segment in &mut manifest.segments {
                    segment.name = SegmentObject::name_of(segment.number, &segment.blake3);
                }
            }
            let (name, bytes) = manifest.encode().expect("it can be written");
            let error = Manifest::decode(&name, &bytes).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
