//! The backups that lie in a place.

use super::error::{BackupError, PlaceError};
use super::hex::Hex;
use super::manifest::{self, Manifest};
use super::place::Place;

/// A backup that lies in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Name of its manifest.
    pub name: String,
    /// The last event in it.
    pub sequence: u64,
}

/// The backups of a place, by their last event. What is not called like a manifest is not looked at.
pub fn list(place: &dyn Place) -> Result<Vec<Listed>, BackupError> {
    let heads = place.list(manifest::PREFIX)?;
    let listed = heads.into_iter().filter_map(|head| {
        let (sequence, ..) = manifest::name_parts(&head.name)?;
        Some(Listed { name: head.name, sequence })
    });
    let mut listed: Vec<Listed> = listed.collect();
    listed.sort_by(|a, b| (a.sequence, &a.name).cmp(&(b.sequence, &b.name)));
    Ok(listed)
}

/// Reads a manifest.
pub fn load(place: &dyn Place, name: &str) -> Result<Manifest, BackupError> {
    let not_found = || BackupError::NotFound { name: Some(name.to_owned()) };
    if manifest::name_parts(name).is_none() {
        return Err(not_found());
    }
    let head = place.head(name)?.ok_or_else(not_found)?;
    if head.bytes > manifest::BYTES_MAX {
        return Err(BackupError::damaged(name, "it is far too long"));
    }
    let mut bytes = vec![0; usize::try_from(head.bytes).unwrap_or(0)];
    place.get(name, 0, &mut bytes)?;
    Manifest::decode(name, &bytes)
}

/// Writes a manifest, unless it is there: what it names is a backup from then on. Gives its name.
pub(crate) fn put_manifest(place: &dyn Place, manifest: &Manifest) -> Result<String, BackupError> {
    let (name, bytes) = manifest.encode()?;
    let hash = *blake3::hash(&bytes).as_bytes();
    let len = bytes.len() as u64;
    let is_there = place.head(&name)?.is_some_and(|head| head.bytes == len);
    if !is_there || place.confirm(&name, len, &hash).is_err() {
        place.put(&name, &mut bytes.as_slice(), len, &hash)?;
    }
    match place.head(&name)? {
        Some(_) => Ok(name),
        None => Err(PlaceError::missing(&name).into()),
    }
}

/// The backup that reaches farthest. Where several histories lie in one place, somebody has to choose.
pub fn latest(place: &dyn Place) -> Result<(String, Manifest), BackupError> {
    let last = list(place)?.pop().ok_or(BackupError::NotFound { name: None })?;
    let manifest = load(place, &last.name)?;
    Ok((last.name, manifest))
}

/// The newest backup of a history, if one can be read. One that cannot is no reason not to make another.
pub(super) fn newest_of(
    place: &dyn Place,
    lineage: &Hex<16>,
) -> Result<Option<(String, Manifest)>, PlaceError> {
    let listed = match list(place) {
        Ok(listed) => listed,
        Err(BackupError::Place(error)) => return Err(error),
        Err(_) => return Ok(None),
    };
    for Listed { name, .. } in listed.into_iter().rev() {
        if !Manifest::is_name_of(&name, lineage) {
            continue;
        }
        match load(place, &name) {
            Ok(manifest) if manifest.lineage == *lineage => return Ok(Some((name, manifest))),
            Err(BackupError::Place(error)) => return Err(error),
            _ => {}
        }
    }
    Ok(None)
}
