//! Damage: whatever happens to the bytes of a snapshot, it is told where, the one before is used, and nothing that was
//! not written is ever loaded.

use std::fs;
use std::path::Path;

use florin_persistence::SimDisk;
use florin_persistence::snapshot::{Manifest, SnapshotError, SnapshotPart, SnapshotStore, verify};

use crate::place::{Files, Place, Sled};
use crate::world::{IDENTITY, World};

/// Two generations of a ledger that went on.
fn two(store: &mut dyn SnapshotStore) -> (World, [Manifest; 2]) {
    let mut world = World::new(8, 2_300, 3_000);
    let manifests = [1, 2].map(|generation| world.snapshot(store, generation, 20).unwrap());
    (world, manifests)
}

/// The first generation is used, because the second is damaged in this part.
fn check_fallback(world: &World, place: &dyn Place, first: &Manifest, part: &SnapshotPart) {
    let store = place.open().unwrap();
    let error = verify(store.as_ref(), 2, IDENTITY).unwrap_err();
    let SnapshotError::Damaged { generation: 2, part: found, .. } = &error else {
        panic!("{error}: not {part:?}")
    };
    assert_eq!(found, part, "{error}");
    let checked = world.check_load(store.as_ref());
    assert_eq!(checked.found.as_ref(), Some(first));
    assert!(
        matches!(checked.passed_over.as_slice(), [(2, SnapshotError::Damaged { part: found, .. })] if found == part)
    );
}

#[test]
fn a_byte_of_a_plain_file() {
    let place = Files::simulated(1);
    let (world, [first, second]) = two(place.open().unwrap().as_mut());
    let bytes = place.disk.contents(&place.path(2)).unwrap();
    let mut at = 0;
    for chunk in second.chunks() {
        let len = chunk.bytes as usize;
        for within in [0, 9, 20, 40, 71, 72, len / 2, len - 33, len - 1] {
            place.disk.flip_bit(&place.path(2), at + within, 3).unwrap();
            check_fallback(&world, &place, &first, &SnapshotPart::Chunk(chunk.key));
            place.disk.flip_bit(&place.path(2), at + within, 3).unwrap();
        }
        at += len;
    }
    // The version of a chunk, made higher, is still not believed: the manifest knows its hash.
    let manifest = at;
    for at in
        [manifest, manifest + 13, manifest + 45, manifest + 153, bytes.len() - 48, bytes.len() - 1]
    {
        place.disk.flip_bit(&place.path(2), at, 6).unwrap();
        check_fallback(&world, &place, &first, &SnapshotPart::Manifest);
        assert_eq!(place.open().unwrap().list().unwrap().len(), 1, "it is listed");
        place.disk.flip_bit(&place.path(2), at, 6).unwrap();
    }
    assert_eq!(world.check_load(place.open().unwrap().as_ref()).found, Some(second));
}

#[test]
fn a_plain_file_of_another_length_or_name() {
    let place = Files::simulated(1);
    let (world, [first, second]) = two(place.open().unwrap().as_mut());
    let bytes = place.disk.contents(&place.path(2)).unwrap();
    let longer = [&bytes[..], &[0]].concat();
    let chunk_bytes = usize::try_from(second.chunk_bytes()).unwrap();
    let without_a_byte = [&bytes[1..]].concat();
    for other in [
        &[][..],
        &bytes[..1],
        &bytes[..15],
        &bytes[..bytes.len() - 1],
        &bytes[..chunk_bytes],
        &bytes[bytes.len() - 16..],
        &bytes[chunk_bytes..],
        &longer,
        &without_a_byte,
        &vec![0; bytes.len()],
        &vec![0xff; bytes.len()],
        &place.disk.contents(&place.path(1)).unwrap(),
    ] {
        place.disk.put(&place.path(2), other).unwrap();
        check_fallback(&world, &place, &first, &SnapshotPart::Manifest);
    }
    place.disk.take(&place.path(2)).unwrap();
    let checked = world.check_load(place.open().unwrap().as_ref());
    assert!(checked.found == Some(first) && checked.passed_over.is_empty());
}

#[test]
fn any_bits_of_a_plain_file() {
    let place = Files::simulated(1);
    let (world, [first, second]) = two(place.open().unwrap().as_mut());
    let len = place.disk.contents(&place.path(2)).unwrap().len();
    let mut random = 1_u64;
    for _ in 0..300 {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let (at, bit) =
            (usize::try_from(random >> 20).unwrap() % len, u32::from(random.to_le_bytes()[1] % 8));
        place.disk.flip_bit(&place.path(2), at, bit).unwrap();
        let error = verify(place.open().unwrap().as_ref(), 2, IDENTITY).unwrap_err();
        assert!(["SNAPSHOT_DAMAGED", "SNAPSHOT_NEWER_FORMAT"].contains(&error.reason()), "{error}");
        assert_eq!(world.check_load(place.open().unwrap().as_ref()).found.as_ref(), Some(&first));
        place.disk.flip_bit(&place.path(2), at, bit).unwrap();
    }
    assert_eq!(world.check_load(place.open().unwrap().as_ref()).found, Some(second));
}

#[test]
fn both_are_damaged() {
    let place = Files::simulated(1);
    let (world, _) = two(place.open().unwrap().as_mut());
    for generation in [1, 2] {
        place.disk.flip_bit(&place.path(generation), 500, 0).unwrap();
    }
    let checked = world.check_load(place.open().unwrap().as_ref());
    assert_eq!(checked.found, None);
    assert!(checked.passed_over.iter().map(|(generation, _)| *generation).eq([2, 1]));
    // What is damaged is not deleted for it, but goes when there are newer ones.
    let mut world = world;
    let mut store = place.open().unwrap();
    assert_eq!(store.next_generation().unwrap(), 3);
    world.snapshot(store.as_mut(), 3, 1).unwrap();
    assert_eq!(store.prune(2).unwrap(), [1], "nobody has read it again");
    world.snapshot(store.as_mut(), 4, 1).unwrap();
    assert_eq!(store.prune(2).unwrap(), [2]);
}

#[test]
fn a_disk_that_cannot_read() {
    let place = Files::simulated(1);
    let (world, _) = two(place.open().unwrap().as_mut());
    let store = place.open().unwrap();
    let faults = florin_persistence::Faults { read_error_ppm: 1_000_000, ..Default::default() };
    place.disk.set_faults(faults);
    let checked = world.check_load(store.as_ref());
    assert_eq!(checked.found, None);
    let reasons =
        checked.passed_over.iter().map(|(generation, error)| (*generation, error.reason()));
    assert!(reasons.eq([(2, "SNAPSHOT_IO"), (1, "SNAPSHOT_IO")]), "{:?}", checked.passed_over);
}

/// Does something to a file, looks, and puts it back.
fn with_damage(path: &Path, damage: &dyn Fn(&mut Vec<u8>) -> bool, look: &dyn Fn()) {
    let bytes = fs::read(path).unwrap();
    let mut other = bytes.clone();
    if damage(&mut other) && other != bytes {
        fs::write(path, &other).unwrap();
        look();
        fs::write(path, &bytes).unwrap();
    }
}

#[test]
fn files_of_sled() {
    let place = Sled::new();
    let (world, [first, second]) = two(place.open().unwrap().as_mut());
    let files = place.files(2);
    assert!(files.iter().any(|file| file.ends_with("db")), "{files:?}");
    for file in &files {
        let name = file.strip_prefix(place.database(2)).unwrap().to_str().unwrap().to_owned();
        let part = SnapshotPart::File(name);
        let look = || check_fallback(&world, &place, &first, &part);
        let len = fs::metadata(file).unwrap().len();
        for at in [0, 1, 4, 20, len / 3, len / 2, len.saturating_sub(1)] {
            let at = usize::try_from(at).unwrap();
            let flip = |bytes: &mut Vec<u8>| bytes.get_mut(at).map(|byte| *byte ^= 0x10).is_some();
            with_damage(file, &flip, &look);
            with_damage(
                file,
                &|bytes| {
                    bytes.truncate(at);
                    true
                },
                &look,
            );
            with_damage(
                file,
                &|bytes| {
                    bytes[at..].fill(0);
                    true
                },
                &look,
            );
            with_damage(
                file,
                &|bytes| {
                    bytes[at..].fill(0xff);
                    true
                },
                &look,
            );
        }
        with_damage(
            file,
            &|bytes| {
                bytes.push(0);
                true
            },
            &look,
        );
        let aside = file.with_extension("aside");
        fs::rename(file, &aside).unwrap();
        look();
        fs::rename(&aside, file).unwrap();
    }
    assert_eq!(world.check_load(place.open().unwrap().as_ref()).found, Some(second));
}

#[test]
fn the_manifest_beside_sled() {
    let place = Sled::new();
    let (world, [first, second]) = two(place.open().unwrap().as_mut());
    let file = place.dir.path().join("0000000002.manifest");
    let look = || check_fallback(&world, &place, &first, &SnapshotPart::Manifest);
    let len = fs::read(&file).unwrap().len();
    for at in [0, 12, 40, 152, 200, len - 60, len - 33, len - 1] {
        with_damage(
            &file,
            &|bytes| {
                bytes[at] ^= 0x40;
                true
            },
            &look,
        );
        with_damage(
            &file,
            &|bytes| {
                bytes.truncate(at);
                true
            },
            &look,
        );
    }
    assert_eq!(world.check_load(place.open().unwrap().as_ref()).found, Some(second));
    // Without it, the folder is nothing, and goes.
    fs::remove_file(&file).unwrap();
    assert_eq!(world.check_load(place.open().unwrap().as_ref()).found, Some(first));
    assert!(!place.database(2).exists());
}

#[test]
fn sleds_of_two_generations_are_not_mixed_up() {
    let place = Sled::new();
    let (world, [first, _]) = two(place.open().unwrap().as_mut());
    fs::remove_dir_all(place.database(2)).unwrap();
    fs::create_dir_all(place.database(2).join("blobs")).unwrap();
    for file in place.files(1) {
        let name = file.strip_prefix(place.database(1)).unwrap();
        fs::copy(&file, place.database(2).join(name)).unwrap();
    }
    let store = place.open().unwrap();
    assert_eq!(verify(store.as_ref(), 2, IDENTITY).unwrap_err().reason(), "SNAPSHOT_DAMAGED");
    assert_eq!(world.check_load(store.as_ref()).found, Some(first));
}

#[test]
fn a_copy_does_not_stay() {
    let place = Sled::new();
    let (world, [_, second]) = two(place.open().unwrap().as_mut());
    let names = place.names();
    let files: Vec<Vec<u8>> = place.files(2).iter().map(|file| fs::read(file).unwrap()).collect();
    let store = place.open().unwrap();
    for _ in 0..2 {
        assert_eq!(world.check_load(store.as_ref()).found.as_ref(), Some(&second));
        assert_eq!(place.names(), names, "something is left");
    }
    let after = place.files(2).into_iter().map(|file| fs::read(file).unwrap());
    assert!(after.eq(files), "reading has changed it");
    // That of a process that died while it read goes with the next opening.
    fs::create_dir(place.dir.path().join("0000000002.copy")).unwrap();
    drop(place.open().unwrap());
    assert_eq!(place.names(), names);
}

#[test]
fn a_store_that_cannot_be_opened_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("snapshots");
    fs::write(&file, b"no folder").unwrap();
    let error = florin_persistence::snapshot::SledStore::open(&file).unwrap_err();
    assert_eq!(error.reason(), "SNAPSHOT_IO", "{error}");
    let disk = SimDisk::new(1);
    disk.set_faults(florin_persistence::Faults { crash_at: Some(0), ..Default::default() });
    let place = Files { disk: disk.clone(), dir: "/data/snapshots".into() };
    drop(place.open().map(|mut store| store.begin(1).unwrap_err()));
    assert_eq!(place.open().err().map(|error| error.reason()), Some("SNAPSHOT_IO"));
}
