//! Reading ahead of a snapshot that is being loaded: one thread reads its chunks, another puts the state together. On two
//! cores a load takes as long as the longer half.

use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};
use florin_persistence::snapshot::{GenerationReader, Manifest, SnapshotError};

/// Chunks that are read before they are wanted.
const AHEAD: usize = 8;

type Chunk = Result<Vec<u8>, SnapshotError>;

/// Reads the chunks of a generation one after the other, in a thread of its own.
pub(crate) fn chunks_ahead(reader: Box<dyn GenerationReader>) -> Box<dyn GenerationReader> {
    let (full, fulls) = bounded(AHEAD);
    let (empty, empties) = bounded(AHEAD + 2);
    let manifest = reader.manifest().clone();
    let reading = thread::Builder::new().name("florin-load".to_owned());
    let reading = reading.spawn(move || read(reader, &full, &empties));
    let reading = reading.expect("the system has room for a handful of threads");
    Box::new(Ahead { manifest, next: 0, fulls: Some(fulls), empty, reading: Some(reading) })
}

/// Reads until the last chunk, or the first that cannot be read, or nobody wants more.
fn read(mut reader: Box<dyn GenerationReader>, full: &Sender<Chunk>, empties: &Receiver<Vec<u8>>) {
    for place in 0..reader.manifest().chunks().len() {
        let mut chunk = empties.try_recv().unwrap_or_default();
        let chunk = reader.read(place, &mut chunk).map(|()| chunk);
        let is_last = chunk.is_err();
        if full.send(chunk).is_err() || is_last {
            return;
        }
    }
}

struct Ahead {
    manifest: Manifest,
    next: usize,
    /// `None` only while it is dropped.
    fulls: Option<Receiver<Chunk>>,
    empty: Sender<Vec<u8>>,
    reading: Option<JoinHandle<()>>,
}

impl GenerationReader for Ahead {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn read(&mut self, place: usize, buffer: &mut Vec<u8>) -> Result<(), SnapshotError> {
        let chunk = self.fulls.as_ref().filter(|_| place == self.next).map(Receiver::recv);
        let Some(Ok(chunk)) = chunk else {
            return Err(SnapshotError::Misused { what: "chunks are read in their order, once" });
        };
        self.next += 1;
        let spent = std::mem::replace(buffer, chunk?);
        // An error means that nothing more is read.
        let _ = self.empty.try_send(spent);
        Ok(())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // What the store has open is closed before anybody goes on.
        self.fulls = None;
        if let Some(reading) = self.reading.take() {
            let _ = reading.join(); // it panicked: whoever reads was told that there is nothing more
        }
    }
}

#[cfg(test)]
mod tests {
    use florin_engine::Ledger;
    use florin_persistence::RealDisk;
    use florin_persistence::snapshot::{
        FileStore, LoadOptions, SnapshotIdentity, SnapshotStore, Taking, load, load_through,
    };

    use super::*;

    const IDENTITY: SnapshotIdentity = SnapshotIdentity { lineage: [7; 16], partition: 0 };

    fn store_with_one(dir: &std::path::Path) -> (FileStore<RealDisk>, u64) {
        let mut store = FileStore::open(&RealDisk, dir).unwrap();
        let ledger = Ledger::new(1);
        let mut taking = Taking::begin(&mut store, 1, IDENTITY, &ledger.head(), 5).unwrap();
        while let Some(piece) = taking.next() {
            let copied = piece.copy(&ledger);
            taking.put(&mut store, &copied).unwrap();
        }
        let manifest = taking.finish().unwrap().publish(&mut store, 0).unwrap();
        (store, manifest.generation())
    }

    #[test]
    fn chunks_come_as_they_are_and_only_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let (store, generation) = store_with_one(dir.path());
        let mut plain = store.open(generation).unwrap();
        let mut ahead = chunks_ahead(store.open(generation).unwrap());
        assert_eq!(ahead.manifest(), plain.manifest());
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        for place in 0..plain.manifest().chunks().len() {
            plain.read(place, &mut expected).unwrap();
            ahead.read(place, &mut found).unwrap();
            assert_eq!(found, expected, "chunk {place}");
        }
        assert!(ahead.read(0, &mut found).is_err(), "it was read already");
    }

    #[test]
    fn a_load_that_reads_ahead_finds_what_a_plain_one_finds() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = store_with_one(dir.path());
        let options = LoadOptions {
            identity: IDENTITY,
            last_sequence: None,
            seed: 3,
            ids_through: 0,
            below: None,
        };
        let plain = load(&store, &options, &mut |_| {}).unwrap();
        let ahead = load_through(&store, &options, &chunks_ahead, &mut |_| {}).unwrap();
        let digest = |found: Option<(florin_engine::Restoring, Manifest)>| {
            found.unwrap().0.finish().unwrap().digest()
        };
        assert_eq!(digest(ahead.found), digest(plain.found));
    }
}
