//! Where generations are kept, as whoever takes and loads them sees it.

use super::chunk::{Chunk, ChunkKey};
use super::error::{SnapshotError, SnapshotPart};
use super::manifest::{ChunkEntry, Manifest};

/// A whole generation, as far as can be told without reading its chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it is.
    pub manifest: Manifest,
    /// What it takes on disk, manifest included, bytes.
    pub bytes_on_disk: u64,
}

/// A place where snapshots are kept, one generation beside the other. Opening one has dropped what was never finished.
///
/// One generation is written at a time: [`begin`](Self::begin), a [`put`](Self::put) a chunk in the order of the
/// manifest, [`publish`](Self::publish). Until that last call has returned, there is no such generation; what fails in
/// between is [abandoned](Self::abandon).
pub trait SnapshotStore: Send {
    /// Begins a generation, and abandons one that was begun before.
    fn begin(&mut self, generation: u64) -> Result<(), SnapshotError>;

    /// Writes the next chunk. It is not durable yet.
    fn put(&mut self, chunk: &Chunk) -> Result<(), SnapshotError>;

    /// Makes everything durable that was put, and then writes the manifest, which makes the generation whole. After an
    /// error, it has to be abandoned: nothing is synced a second time. If the process ends before that, there may be such
    /// a generation, and then it is whole.
    fn publish(&mut self, manifest: &Manifest) -> Result<(), SnapshotError>;

    /// Drops what was begun and not published.
    fn abandon(&mut self) -> Result<(), SnapshotError>;

    /// The numbers of all generations, ascending, those too that are not whole any more.
    fn generations(&self) -> Result<Vec<u64>, SnapshotError>;

    /// Looks at a generation: its manifest, and whether everything is there that it names, by length.
    fn look(&self, generation: u64) -> Result<Listed, SnapshotError>;

    /// Opens a generation to read its chunks.
    fn open(&self, generation: u64) -> Result<Box<dyn GenerationReader>, SnapshotError>;

    /// Drops a generation. Its manifest goes first.
    fn delete(&mut self, generation: u64) -> Result<(), SnapshotError>;

    /// Those that are whole as far as [`look`](Self::look) can tell, newest first.
    fn list(&self) -> Result<Vec<Listed>, SnapshotError> {
        let generations = self.generations()?;
        Ok(generations.iter().rev().filter_map(|number| self.look(*number).ok()).collect())
    }

    /// A number that is above all that are there.
    fn next_generation(&self) -> Result<u64, SnapshotError> {
        Ok(self.generations()?.last().map_or(1, |last| last.saturating_add(1)))
    }

    /// Drops what is older than the newest `keep` whole generations, and says which. While there are fewer whole ones,
    /// nothing is dropped. Whether they are whole, [`look`](Self::look) says: whoever doubts it [verifies](super::verify)
    /// them before.
    fn prune(&mut self, keep: usize) -> Result<Vec<u64>, SnapshotError> {
        let whole = self.list()?;
        let Some(oldest) = keep.checked_sub(1).and_then(|last| whole.get(last)) else {
            return Ok(Vec::new());
        };
        let oldest = oldest.manifest.generation();
        let mut gone = self.generations()?;
        gone.retain(|generation| *generation < oldest);
        for generation in &gone {
            self.delete(*generation)?;
        }
        Ok(gone)
    }
}

/// A generation that is being read.
pub trait GenerationReader: Send {
    /// What it is.
    fn manifest(&self) -> &Manifest;

    /// Reads a chunk by its place in the manifest; `buffer` then holds it and nothing else. Nothing is checked yet.
    fn read(&mut self, place: usize, buffer: &mut Vec<u8>) -> Result<(), SnapshotError>;
}

/// Reads a chunk and checks that it is the one that the manifest names.
pub(crate) fn read_checked(
    reader: &mut dyn GenerationReader,
    place: usize,
    buffer: &mut Vec<u8>,
) -> Result<ChunkEntry, SnapshotError> {
    reader.read(place, buffer)?;
    let manifest = reader.manifest();
    let Some(entry) = manifest.chunks().get(place) else {
        return Err(SnapshotError::Misused { what: "a chunk that the manifest does not have" });
    };
    if buffer.len() == entry.bytes as usize && buffer.ends_with(&entry.digest) {
        return Ok(*entry);
    }
    let part = SnapshotPart::Chunk(entry.key);
    Err(SnapshotError::damaged(manifest.generation(), part, "it is not the one in the manifest"))
}

/// What was put into a generation so far, and that it is what the manifest will say.
#[derive(Debug)]
pub(crate) struct Puts {
    pub(crate) generation: u64,
    last: Option<ChunkKey>,
    entries: Vec<ChunkEntry>,
    /// Something failed: the generation can only be abandoned.
    failed: bool,
}

impl Puts {
    pub(crate) const fn new(generation: u64) -> Self {
        Self { generation, last: None, entries: Vec::new(), failed: false }
    }

    /// Bytes of what was put.
    pub(crate) fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| u64::from(entry.bytes)).sum()
    }

    /// Takes note of a chunk, which is then written.
    pub(crate) fn note(&mut self, chunk: &Chunk) -> Result<(), SnapshotError> {
        self.usable()?;
        if self.last.is_some_and(|last| chunk.key() <= last) {
            return Err(SnapshotError::Misused { what: "chunks come in another order" });
        }
        let Ok(bytes) = u32::try_from(chunk.bytes().len()) else {
            return Err(SnapshotError::Misused { what: "a chunk of 4 GiB" });
        };
        self.last = Some(chunk.key());
        self.entries.push(ChunkEntry { key: chunk.key(), bytes, digest: chunk.digest() });
        Ok(())
    }

    /// Whether nothing has failed yet.
    pub(crate) const fn usable(&self) -> Result<(), SnapshotError> {
        if self.failed {
            return Err(SnapshotError::Misused { what: "it has failed before" });
        }
        Ok(())
    }

    /// Whether a manifest says what was put.
    pub(crate) fn check(&self, manifest: &Manifest) -> Result<(), SnapshotError> {
        self.usable()?;
        if manifest.generation() != self.generation || manifest.chunks() != self.entries {
            return Err(SnapshotError::Misused { what: "the manifest is not of what was put" });
        }
        Ok(())
    }

    /// Passes a result on, and remembers an error.
    pub(crate) fn remember<T>(
        &mut self,
        result: Result<T, SnapshotError>,
    ) -> Result<T, SnapshotError> {
        self.failed |= result.is_err();
        result
    }
}

/// The error of a call that comes before [`SnapshotStore::begin`].
pub(crate) const NOT_BEGUN: SnapshotError =
    SnapshotError::Misused { what: "no generation was begun" };

const DIGITS: usize = 10;

/// The name of what belongs to a generation.
pub(crate) fn name_of(generation: u64, suffix: &str) -> String {
    format!("{generation:0DIGITS$}{suffix}")
}

/// The generation in a name with this suffix, if it is one of ours.
pub(crate) fn generation_in(name: &str, suffix: &str) -> Option<u64> {
    let generation = name.strip_suffix(suffix)?.parse().ok()?;
    (name_of(generation, suffix) == name && generation > 0).then_some(generation)
}
