//! A data directory once more, to start a process on that changes it.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::Failure;

/// Folders whose files never change once they have their names.
const NEVER_CHANGED: [&str; 4] = ["sealed", "ids", "checkpoint", "segments"];

/// Makes a copy of a folder. Files that never change have a second name there and take no room.
pub fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir(to)?;
    let name = from.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let mut paths = Vec::new();
    for entry in fs::read_dir(from)? {
        paths.push(entry?.path());
    }
    let newest = paths.iter().filter(|path| is_segment(path)).max().cloned();
    for path in paths {
        let target = to.join(path.file_name().unwrap_or_default());
        let is_over = is_segment(&path) && Some(&path) != newest.as_ref();
        if path.is_dir() {
            copy(&path, &target)?;
        } else if is_over || NEVER_CHANGED.contains(&name) {
            fs::hard_link(&path, &target)?;
        } else if name != "journal" || is_segment(&path) {
            fs::copy(&path, &target)?;
        }
        // The spare of a journal is made again.
    }
    Ok(())
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "segment")
}
