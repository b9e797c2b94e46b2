//! What every store does: one table of cases, run over all of them.

use florin_persistence::RealDisk;
use florin_persistence::snapshot::{
    LoadOptions, SnapshotError, SnapshotIdentity, Taking, load, verify,
};

use crate::place::{Files, Place, Sled};
use crate::world::{IDENTITY, World};

type Case = (&'static str, fn(&dyn Place));

const CASES: [Case; 10] = [
    ("a snapshot of a ledger that goes on is that ledger", a_running_ledger),
    ("the empty ledger, and lists that end with a full chunk", lengths),
    ("large chunks", large_chunks),
    ("nothing counts before it is published", unpublished),
    ("nothing is published before the journal has come as far", published_early),
    ("generations come newest first, and old ones go", generations),
    ("another lineage, and one that is ahead, are passed over", of_others),
    ("chunks are read in any order", any_order),
    ("calls in an order that cannot be", misuse),
    ("pieces of another ledger", other_pieces),
];

fn run(places: &dyn Fn() -> Box<dyn Place>) {
    for (name, case) in CASES {
        println!("{name}");
        case(places().as_ref());
    }
}

#[test]
fn plain_files() {
    run(&|| Box::new(Files::simulated(1)));
}

#[test]
fn plain_files_on_the_real_disk() {
    struct Real(
        Files<RealDisk>,
        #[expect(dead_code, reason = "kept until the end")] tempfile::TempDir,
    );
    impl Place for Real {
        fn open(
            &self,
        ) -> Result<Box<dyn florin_persistence::snapshot::SnapshotStore>, SnapshotError> {
            self.0.open()
        }
        fn names(&self) -> Vec<String> {
            self.0.names()
        }
    }
    run(&|| {
        let dir = tempfile::tempdir().unwrap();
        Box::new(Real(Files { disk: RealDisk, dir: dir.path().join("a/b") }, dir))
    });
}

#[test]
fn sled() {
    run(&|| Box::new(Sled::new()));
}

fn reason<T: std::fmt::Debug>(result: Result<T, SnapshotError>) -> &'static str {
    result.unwrap_err().reason()
}

fn a_running_ledger(place: &dyn Place) {
    for (generation, seed) in (1..).zip([3, 4, 5]) {
        let mut world = World::new(seed, 2_500, 9_000);
        let mut store = place.open().unwrap();
        let manifest = world.snapshot(store.as_mut(), generation, 200).unwrap();
        assert!(manifest.seen_through() > manifest.head_sequence(), "it stood still");
        assert!(manifest.holds() > 1_024 && manifest.reversals() > 100, "{manifest:?}");
        world.steps(500);
        let loaded = world.check_load(place.open().unwrap().as_ref());
        assert_eq!(loaded.found.unwrap(), manifest);
        assert!(loaded.passed_over.is_empty());
    }
}

fn lengths(place: &dyn Place) {
    for (generation, accounts) in (1..).zip([0, 1, 2, 1_023, 1_024, 1_025, 2_048]) {
        let mut world = World::new(9, accounts, 0);
        let mut store = place.open().unwrap();
        let manifest = world.snapshot(store.as_mut(), generation, 0).unwrap();
        assert_eq!(manifest.accounts(), accounts);
        assert_eq!(manifest.chunks().len(), 1 + accounts.div_ceil(1_024) as usize);
        let loaded = world.check_load(place.open().unwrap().as_ref());
        assert_eq!(loaded.found.unwrap(), manifest);
    }
}

/// Accounts with 4 KiB of metadata each: chunks of 4 MiB, each of them in many parts in sled.
fn large_chunks(place: &dyn Place) {
    let mut world = World::new(2, 0, 0);
    world.open_large(1_500);
    let mut store = place.open().unwrap();
    let manifest = world.snapshot(store.as_mut(), 1, 10).unwrap();
    assert!(manifest.chunks()[1].bytes > 4_000_000, "{}", manifest.chunks()[1].bytes);
    assert!(world.check_load(place.open().unwrap().as_ref()).found.is_some());
}

fn unpublished(place: &dyn Place) {
    let mut world = World::new(1, 1_100, 300);
    let mut store = place.open().unwrap();
    let first = world.snapshot(store.as_mut(), 1, 1).unwrap();
    let names = place.names();
    // Everything is written but the manifest.
    drop(world.take(store.as_mut(), 2, 1).unwrap());
    assert_ne!(place.names(), names);
    for store in [&store, &place.open().unwrap()] {
        let listed = store.list().unwrap();
        assert!(listed.iter().map(|listed| &listed.manifest).eq([&first]));
        assert_eq!(reason(store.open(2).map(|_| ())), "SNAPSHOT_NOT_FOUND");
        assert_eq!(reason(store.look(2)), "SNAPSHOT_NOT_FOUND");
    }
    // Whoever opens it drops what was left.
    drop(store);
    drop(place.open().unwrap());
    assert_eq!(place.names(), names);

    let mut store = place.open().unwrap();
    drop(world.take(store.as_mut(), 2, 1).unwrap());
    store.abandon().unwrap();
    assert_eq!(place.names(), names);
    // The same number again, and what was begun goes when another is.
    drop(world.take(store.as_mut(), 2, 1).unwrap());
    let third = world.snapshot(store.as_mut(), 3, 1).unwrap();
    let listed = store.list().unwrap();
    assert!(listed.iter().map(|listed| &listed.manifest).eq([&third, &first]));
    assert_eq!(world.check_load(store.as_ref()).found.unwrap(), third);
}

fn published_early(place: &dyn Place) {
    let mut world = World::new(1, 1_100, 300);
    let mut store = place.open().unwrap();
    let draft = world.take(store.as_mut(), 1, 50).unwrap();
    let seen_through = draft.seen_through();
    for durable_through in [0, seen_through - 1] {
        let error = draft.publish(store.as_mut(), durable_through).unwrap_err();
        assert_eq!(error.reason(), "SNAPSHOT_NOT_DURABLE");
        assert!(error.to_string().contains(&seen_through.to_string()), "{error}");
        assert!(store.list().unwrap().is_empty());
    }
    let manifest = draft.publish(store.as_mut(), seen_through).unwrap();
    assert_eq!(manifest.seen_through(), seen_through);
    assert_eq!(world.check_load(store.as_ref()).found.unwrap(), manifest);
}

fn generations(place: &dyn Place) {
    let mut world = World::new(1, 50, 300);
    let mut store = place.open().unwrap();
    assert_eq!(store.next_generation().unwrap(), 1);
    for generation in [1, 2, 7, 12] {
        world.snapshot(store.as_mut(), generation, 5).unwrap();
    }
    assert_eq!(store.next_generation().unwrap(), 13);
    let numbers = |store: &dyn florin_persistence::snapshot::SnapshotStore| {
        let listed = store.list().unwrap();
        assert!(listed.iter().all(|listed| {
            let bytes = listed.manifest.chunk_bytes();
            bytes > 0 && listed.bytes_on_disk > bytes && listed.manifest.taken_at_ns() > 0
        }));
        listed.iter().map(|listed| listed.manifest.generation()).collect::<Vec<_>>()
    };
    assert_eq!(numbers(store.as_ref()), [12, 7, 2, 1]);
    for (keep, gone, left) in [
        (0, vec![], vec![12, 7, 2, 1]),
        (5, vec![], vec![12, 7, 2, 1]),
        (4, vec![], vec![12, 7, 2, 1]),
        (2, vec![1, 2], vec![12, 7]),
        (2, vec![], vec![12, 7]),
        (1, vec![7], vec![12]),
    ] {
        assert_eq!(store.prune(keep).unwrap(), gone, "keep {keep}");
        assert_eq!(numbers(place.open().unwrap().as_ref()), left, "keep {keep}");
    }
    store.delete(12).unwrap();
    assert_eq!(reason(store.delete(12)), "SNAPSHOT_NOT_FOUND");
    assert_eq!(place.names(), Vec::<String>::new(), "something is left");
    assert!(world.check_load(store.as_ref()).found.is_none());
}

fn of_others(place: &dyn Place) {
    let mut world = World::new(1, 50, 300);
    let mut store = place.open().unwrap();
    let first = world.snapshot(store.as_mut(), 1, 5).unwrap();
    world.steps(100);
    let second = world.snapshot(store.as_mut(), 2, 5).unwrap();
    let options = world.options();
    let ends_at = |last_sequence| LoadOptions { last_sequence: Some(last_sequence), ..options };
    let of = |lineage, partition| LoadOptions {
        identity: SnapshotIdentity { lineage, partition },
        ..options
    };
    for (options, found, passed_over) in [
        (options, Some(2), vec![]),
        (LoadOptions { last_sequence: None, ..options }, Some(2), vec![]),
        (ends_at(second.seen_through()), Some(2), vec![]),
        (ends_at(second.seen_through() - 1), Some(1), vec![(2, "SNAPSHOT_AHEAD")]),
        (ends_at(0), None, vec![(2, "SNAPSHOT_AHEAD"), (1, "SNAPSHOT_AHEAD")]),
        (
            of([9; 16], IDENTITY.partition),
            None,
            vec![(2, "SNAPSHOT_OTHER_LINEAGE"), (1, "SNAPSHOT_OTHER_LINEAGE")],
        ),
        (
            of(IDENTITY.lineage, 4),
            None,
            vec![(2, "SNAPSHOT_OTHER_LINEAGE"), (1, "SNAPSHOT_OTHER_LINEAGE")],
        ),
    ] {
        let loaded = load(store.as_ref(), &options, &mut |_| {}).unwrap();
        assert_eq!(loaded.found.map(|(_, manifest)| manifest.generation()), found);
        let reasons = loaded.passed_over.iter().map(|(number, error)| (*number, error.reason()));
        assert!(reasons.eq(passed_over.iter().copied()), "{:?}", loaded.passed_over);
    }
    assert_eq!(verify(store.as_ref(), 1, IDENTITY).unwrap(), first);
    let other = SnapshotIdentity { partition: 9, ..IDENTITY };
    assert_eq!(reason(verify(store.as_ref(), 1, other)), "SNAPSHOT_OTHER_LINEAGE");
}

fn any_order(place: &dyn Place) {
    let mut world = World::new(1, 6_000, 300);
    let mut store = place.open().unwrap();
    world.snapshot(store.as_mut(), 1, 5).unwrap();
    let mut reader = store.open(1).unwrap();
    let chunks = reader.manifest().chunks().to_vec();
    let mut buffer = vec![1, 2, 3];
    let forward = 0..chunks.len();
    for place in forward.clone().rev().chain(forward).chain([3, 3, 1, 2, 5, 4]) {
        reader.read(place, &mut buffer).unwrap();
        assert_eq!(buffer.len(), chunks[place].bytes as usize, "{}", chunks[place].key);
        assert!(buffer.ends_with(&chunks[place].digest), "{}", chunks[place].key);
    }
    assert_eq!(reason(reader.read(chunks.len(), &mut buffer)), "SNAPSHOT_MISUSED");
}

fn misuse(place: &dyn Place) {
    let mut world = World::new(1, 2_500, 300);
    let mut store = place.open().unwrap();
    let store = store.as_mut();
    let draft = world.take(store, 1, 1).unwrap();
    store.abandon().unwrap();
    assert_eq!(reason(draft.publish(store, u64::MAX)), "SNAPSHOT_MISUSED", "nothing was begun");
    let other = world.take(store, 2, 1).unwrap();
    assert_eq!(reason(draft.publish(store, u64::MAX)), "SNAPSHOT_MISUSED", "another was begun");
    other.publish(store, u64::MAX).unwrap();
    assert_eq!(reason(other.publish(store, u64::MAX)), "SNAPSHOT_MISUSED", "it is published");
    assert_eq!(reason(store.begin(2)), "SNAPSHOT_MISUSED", "there is one");
    assert_eq!(reason(store.begin(0)), "SNAPSHOT_MISUSED", "numbers begin with 1");

    let head = world.ledger.head();
    let mut taking = Taking::begin(store, 3, IDENTITY, &head, 1).unwrap();
    let [first, second] = [(); 2].map(|()| taking.next().unwrap().copy(&world.ledger));
    assert_eq!(reason(taking.put(store, &second)), "SNAPSHOT_MISUSED", "the first is missing");
    taking.put(store, &first).unwrap();
    assert_eq!(reason(taking.put(store, &first)), "SNAPSHOT_MISUSED", "twice");
    taking.put(store, &second).unwrap();
    assert_eq!(reason(taking.finish()), "SNAPSHOT_MISUSED", "pieces are missing");

    // A piece of one generation does not go into another.
    let mut taking = Taking::begin(store, 4, IDENTITY, &head, 1).unwrap();
    assert_eq!(reason(taking.put(store, &first)), "SNAPSHOT_MISUSED");
    let listed = store.list().unwrap();
    assert!(listed.iter().map(|listed| listed.manifest.generation()).eq([2]));
}

fn other_pieces(place: &dyn Place) {
    let mut store = place.open().unwrap();
    let store = store.as_mut();
    let ledger = |accounts, steps| World::new(1, accounts, steps).ledger;
    let head = ledger(1_500, 2_000).head();
    for (ledger, expected) in [
        (ledger(1_500, 2_000), None),
        (ledger(1_500, 2_500), None),
        (ledger(1_500, 1_000), Some("before the head")),
        (ledger(1_000, 9_000), Some("shorter than the head says")),
        // It has as many by now, but some of them were opened later than the head.
        (ledger(1_000, 15_000), Some("had not happened")),
    ] {
        let mut taking = Taking::begin(store, 1, IDENTITY, &head, 1).unwrap();
        let mut put_all = || {
            while let Some(piece) = taking.next() {
                taking.put(store, &piece.copy(&ledger))?;
            }
            Ok(())
        };
        match (put_all(), expected) {
            (Ok(()), None) => {}
            (Err(SnapshotError::Misused { what }), Some(expected)) => {
                assert!(what.contains(expected), "{what}");
            }
            (result, expected) => panic!("{result:?}, and not {expected:?}"),
        }
    }
}
