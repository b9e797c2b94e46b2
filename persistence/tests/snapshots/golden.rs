//! A snapshot as the first release writes it, byte by byte. Snapshots can be made again, but checkpoints are kept with
//! archives: a release reads what one before it wrote. If this fails, that takes a new format version, not a new file.
//!
//! `FLORIN_BLESS=1 cargo test -p florin-persistence --test snapshots golden` writes it.

use std::fs;
use std::path::PathBuf;

use crate::place::{Files, Place};
use crate::world::World;

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/snapshot-v1/0000000007.snapshot")
}

fn world() -> World {
    World::new(1, 12, 120)
}

#[test]
fn what_is_written_is_what_was_written() {
    let place = Files::simulated(0);
    world().snapshot(place.open().unwrap().as_mut(), 7, 5).unwrap();
    let written = place.disk.contents(&place.path(7)).unwrap();
    if std::env::var_os("FLORIN_BLESS").is_some() {
        fs::create_dir_all(golden().parent().unwrap()).unwrap();
        fs::write(golden(), &written).unwrap();
    }
    let expected = fs::read(golden()).unwrap();
    let differs = written.iter().zip(&expected).position(|(a, b)| a != b);
    assert_eq!(differs, None, "it differs from the golden file at this byte");
    assert_eq!(written.len(), expected.len());
}

#[test]
fn what_was_written_is_read() {
    let place = Files::simulated(0);
    place.disk.put(&place.path(7), &fs::read(golden()).unwrap()).unwrap();
    let mut world = world();
    let other = Files::simulated(0);
    let manifest = world.snapshot(other.open().unwrap().as_mut(), 7, 5).unwrap();
    assert_eq!(world.check_load(place.open().unwrap().as_ref()).found, Some(manifest.clone()));
    let lengths = [manifest.accounts(), manifest.holds(), manifest.reversals()];
    assert!(lengths.iter().all(|len| *len > 0), "{lengths:?}: something is not in it");
}
