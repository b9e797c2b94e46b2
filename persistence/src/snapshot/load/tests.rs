//! Snapshots of which every hash is right, and which say what cannot be: as if they had been forged, or written by a
//! fault of the program. And a store in memory, which is all that a simulator needs.

use std::collections::BTreeMap;

use florin_engine::{AMOUNT_MAX_MINOR, AssetCode};

use super::*;
use crate::snapshot::chunk::{Chunk, ChunkHeader, Lengths};
use crate::snapshot::manifest::ChunkEntry;
use crate::snapshot::store::{Listed, NOT_BEGUN, Puts};
use crate::snapshot::stored::{
    StoredAsset, StoredAtDue, StoredFloor, StoredFreeze, StoredHold, StoredReversal,
};

const IDENTITY: SnapshotIdentity = SnapshotIdentity { lineage: [7; 16], partition: 1 };

#[derive(Default)]
struct InMemory {
    whole: BTreeMap<u64, (Manifest, Vec<Vec<u8>>)>,
    begun: Option<(Puts, Vec<Vec<u8>>)>,
}

impl SnapshotStore for InMemory {
    fn begin(&mut self, generation: u64) -> Result<(), SnapshotError> {
        self.begun = Some((Puts::new(generation), Vec::new()));
        Ok(())
    }
    fn put(&mut self, chunk: &Chunk) -> Result<(), SnapshotError> {
        let (puts, chunks) = self.begun.as_mut().ok_or(NOT_BEGUN)?;
        puts.note(chunk)?;
        chunks.push(chunk.bytes().to_vec());
        Ok(())
    }
    fn publish(&mut self, manifest: &Manifest) -> Result<(), SnapshotError> {
        let (puts, chunks) = self.begun.take().ok_or(NOT_BEGUN)?;
        puts.check(manifest)?;
        self.whole.insert(puts.generation, (manifest.clone(), chunks));
        Ok(())
    }
    fn abandon(&mut self) -> Result<(), SnapshotError> {
        self.begun = None;
        Ok(())
    }
    fn generations(&self) -> Result<Vec<u64>, SnapshotError> {
        Ok(self.whole.keys().copied().collect())
    }
    fn look(&self, generation: u64) -> Result<Listed, SnapshotError> {
        let (manifest, _) = &self.whole[&generation];
        Ok(Listed { manifest: manifest.clone(), bytes_on_disk: 0 })
    }
    fn open(&self, generation: u64) -> Result<Box<dyn GenerationReader>, SnapshotError> {
        let (manifest, chunks) = self.whole[&generation].clone();
        Ok(Box::new(InMemoryReader { manifest, chunks }))
    }
    fn delete(&mut self, generation: u64) -> Result<(), SnapshotError> {
        self.whole.remove(&generation);
        Ok(())
    }
}

struct InMemoryReader {
    manifest: Manifest,
    chunks: Vec<Vec<u8>>,
}

impl GenerationReader for InMemoryReader {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }
    fn read(&mut self, place: usize, buffer: &mut Vec<u8>) -> Result<(), SnapshotError> {
        buffer.clone_from(&self.chunks[place]);
        Ok(())
    }
}

/// What a snapshot says, before it has any hash.
#[derive(Clone)]
struct Said {
    head: StoredHead,
    accounts: Vec<StoredAccount<'static>>,
    holds: Vec<StoredHold>,
    reversals: Vec<StoredReversal>,
    seen_through: u64,
    copied_at: u64,
    identity_of_chunks: SnapshotIdentity,
    items: Option<u32>,
    behind_accounts: &'static [u8],
}

fn account(id: u128) -> StoredAccount<'static> {
    StoredAccount {
        tenant: 0,
        id,
        asset: 0,
        opened_at_ns: 1,
        opened_sequence: 2,
        last_sequence: 20,
        content_hash: 0,
        floor: StoredFloor::Zero,
        ceiling_minor: None,
        first_bounds: None,
        freeze: StoredFreeze::None,
        closed: false,
        name: None,
        metadata: b"",
        debits_pending_minor: 0,
        debits_posted_minor: 0,
        credits_pending_minor: 0,
        credits_posted_minor: 0,
    }
}

fn hold(id: u128) -> StoredHold {
    StoredHold {
        tenant: 0,
        id,
        debit_slot: 0,
        credit_slot: 1,
        amount_minor: 10,
        captured_minor: 4,
        released_minor: 6,
        refunded_minor: 4,
        due_at_ns: 0,
        at_due: StoredAtDue::Release,
        of_payment: true,
        expired: false,
        placed_sequence: 5,
        last_sequence: 20,
    }
}

/// A snapshot against which nothing can be said.
fn good() -> Said {
    let asset = StoredAsset {
        code: AssetCode::new("EUR").unwrap().to_bytes(),
        scale: 2,
        debits_posted_minor: 0,
        credits_posted_minor: 0,
        pending_minor: 0,
    };
    Said {
        head: StoredHead {
            last_sequence: 10,
            last_timestamp_ns: 1,
            transfers_posted: 0,
            transfers_refused: 0,
            ids_used: 0,
            ids_sum: 0,
            accounts: 3,
            holds: 2,
            reversals: 2,
            assets: vec![asset],
        },
        accounts: [1, 2, 3].map(account).to_vec(),
        holds: [8, 9].map(hold).to_vec(),
        reversals: [(2, 3), (4, 10)]
            .map(|(original, reversal)| StoredReversal { original, reversal })
            .to_vec(),
        seen_through: 20,
        copied_at: 20,
        identity_of_chunks: IDENTITY,
        items: None,
        behind_accounts: b"",
    }
}

impl Said {
    /// Writes it down with hashes that are all right.
    fn store(&self) -> InMemory {
        let len = |len: usize| u32::try_from(len).unwrap();
        let lengths = Lengths {
            accounts: len(self.accounts.len()),
            holds: len(self.holds.len()),
            reversals: len(self.reversals.len()),
        };
        let mut chunks = Vec::new();
        for (key, range) in ChunkKey::plan(lengths) {
            let mut payload = Chunk::buffer(Vec::new());
            let mut encode = |index: usize| match key.kind {
                ChunkKind::Head => Bincode::encode(&self.head, &mut payload),
                ChunkKind::Accounts => Bincode::encode(&self.accounts[index], &mut payload),
                ChunkKind::Holds => Bincode::encode(&self.holds[index], &mut payload),
                ChunkKind::Reversals => Bincode::encode(&self.reversals[index], &mut payload),
            };
            for index in range.clone() {
                encode(index as usize).unwrap();
            }
            if key.kind == ChunkKind::Accounts {
                payload.extend_from_slice(self.behind_accounts);
            }
            let is_list = key != ChunkKey::HEAD;
            let items = self.items.filter(|_| is_list).unwrap_or(len(range.len()));
            let copied_at = if is_list { self.copied_at } else { self.head.last_sequence };
            let identity = self.identity_of_chunks;
            let header = ChunkHeader { identity, generation: 1, key, items, copied_at };
            chunks.push(Chunk::seal(&header, payload).unwrap());
        }
        let entry = |chunk: &Chunk| ChunkEntry {
            key: chunk.key(),
            bytes: len(chunk.bytes().len()),
            digest: chunk.digest(),
        };
        let manifest = Manifest {
            identity: IDENTITY,
            generation: 1,
            head_sequence: 10,
            seen_through: self.seen_through,
            taken_at_ns: 0,
            lengths,
            chunks: chunks.iter().map(entry).collect(),
        };
        let mut store = InMemory::default();
        store.begin(1).unwrap();
        for chunk in &chunks {
            store.put(chunk).unwrap();
        }
        store.publish(&manifest).unwrap();
        store
    }
}

/// What is changed, in which chunk that is found, and what is said about it.
type Case = (fn(&mut Said), ChunkKind, &'static str);

const CASES: [Case; 28] = [
    (|s| s.head.assets[0].code = *b"eur\0\0\0\0\0\0\0\0\0\0\0\0\0", ChunkKind::Head, "a code"),
    (|s| s.head.assets[0].scale = 19, ChunkKind::Head, "decimals"),
    (|s| s.head.assets.push(s.head.assets[0].clone()), ChunkKind::Head, "twice"),
    (|s| s.head.last_sequence = 9, ChunkKind::Head, "another time"),
    (|s| s.head.last_sequence = 11, ChunkKind::Head, "another head"),
    (|s| s.head.accounts = 4, ChunkKind::Head, "another head"),
    (|s| s.head.holds = 1, ChunkKind::Head, "another head"),
    (|s| s.head.reversals = 0, ChunkKind::Head, "another head"),
    (|s| s.identity_of_chunks.partition = 2, ChunkKind::Head, "another lineage"),
    (|s| s.identity_of_chunks.lineage = [8; 16], ChunkKind::Head, "another lineage"),
    (|s| s.items = Some(2), ChunkKind::Accounts, "more or fewer items"),
    (|s| s.copied_at = 9, ChunkKind::Accounts, "another time"),
    (|s| s.copied_at = 21, ChunkKind::Accounts, "another time"),
    (|s| s.behind_accounts = b"\0", ChunkKind::Accounts, "behind its items"),
    (|s| s.accounts[1].asset = 1, ChunkKind::Accounts, "unknown asset"),
    (|s| s.accounts[1].id = 1, ChunkKind::Accounts, "twice"),
    (|s| s.accounts[1].opened_sequence = 11, ChunkKind::Accounts, "opened later"),
    (|s| s.accounts[1].floor = StoredFloor::Overdraft(0), ChunkKind::Accounts, "overdraft"),
    (|s| s.accounts[1].ceiling_minor = Some(AMOUNT_MAX_MINOR + 1), ChunkKind::Accounts, "ceiling"),
    (|s| s.holds[1].debit_slot = 3, ChunkKind::Holds, "between accounts"),
    (|s| s.holds[1].credit_slot = 0, ChunkKind::Holds, "between accounts"),
    (|s| s.holds[1].released_minor = 7, ChunkKind::Holds, "add up"),
    (|s| s.holds[1].refunded_minor = 5, ChunkKind::Holds, "add up"),
    (|s| s.holds[1].id = 8, ChunkKind::Holds, "twice"),
    (|s| s.holds[1].placed_sequence = 11, ChunkKind::Holds, "placed later"),
    (|s| s.reversals[1].original = 2, ChunkKind::Reversals, "twice"),
    (|s| s.reversals[1].original = 10, ChunkKind::Reversals, "cannot be"),
    (|s| s.reversals[1].reversal = 11, ChunkKind::Reversals, "cannot be"),
];

#[test]
fn what_cannot_be() {
    verify(&good().store(), 1, IDENTITY).unwrap();
    for (at, (change, kind, expected)) in CASES.into_iter().enumerate() {
        let mut said = good();
        change(&mut said);
        match verify(&said.store(), 1, IDENTITY) {
            Err(SnapshotError::Damaged { generation: 1, part: SnapshotPart::Chunk(key), what }) => {
                assert_eq!(key, ChunkKey { kind, index: 0 }, "case {at}: {what}");
                assert!(what.contains(expected), "case {at}: {what}, and not {expected}");
            }
            other => panic!("case {at}: {other:?}, and not {expected}"),
        }
    }
}

#[test]
fn a_piece_that_has_seen_more_than_the_manifest_says() {
    let changes: [fn(&mut Said); 2] =
        [|s| s.accounts[2].last_sequence = 21, |s| s.holds[0].last_sequence = 21];
    for change in changes {
        let mut said = good();
        change(&mut said);
        let error = verify(&said.store(), 1, IDENTITY).unwrap_err();
        assert!(
            matches!(error, SnapshotError::Damaged { part: SnapshotPart::Whole, .. }),
            "{error}"
        );
    }
}

#[test]
fn progress_goes_forward_and_ends_with_everything() {
    let mut said = good();
    said.accounts = (1..=2_500).map(account).collect();
    said.head.accounts = 2_500;
    let store = said.store();
    let options = LoadOptions {
        identity: IDENTITY,
        last_sequence: None,
        seed: 1,
        ids_through: 0,
        below: None,
    };
    let mut seen: Vec<LoadProgress> = Vec::new();
    let loaded = load(&store, &options, &mut |progress| seen.push(progress)).unwrap();
    assert!(loaded.found.is_some());
    assert!(seen.is_sorted_by_key(|progress| (progress.bytes_done, progress.items_done)));
    assert_eq!(
        seen.iter().map(|progress| progress.items_done).collect::<Vec<_>>(),
        [0, 1_024, 2_048, 2_500, 2_502, 2_504]
    );
    let last = seen[seen.len() - 1];
    assert_eq!((last.bytes_done, last.generation), (last.bytes_total, 1));
}
