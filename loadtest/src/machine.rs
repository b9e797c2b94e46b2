//! The machine a figure was measured on.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// What every figure depends on and no report should leave out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Machine {
    /// Cores that this process may use; the server shares them.
    pub cores: usize,
    /// The processor's name.
    pub cpu: String,
    /// Release of the kernel.
    pub kernel: String,
    /// RAM, GiB.
    pub memory_gib: u64,
    /// Type of the file system that holds the data directory.
    pub file_system: String,
    /// Load generator and server run on the same machine.
    pub client_beside_server: bool,
    /// "release" or "debug": how the load generator was built.
    pub build: &'static str,
}

impl Machine {
    /// This machine, with the file system that `data` is on.
    pub fn here(data: Option<&Path>) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".into()),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            memory_gib: field(&read("/proc/meminfo"), "MemTotal")
                .and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok())
                .map_or(0, |kib| (kib + (1 << 19)) >> 20),
            file_system: data.map_or_else(|| "unknown".into(), file_system),
            client_beside_server: data.is_some(),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
        }
    }
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    let (_, value) = line.split_once(':')?;
    Some(value.trim().to_owned())
}

/// Type of the file system that holds a path, like `ext4`.
pub fn file_system(path: &Path) -> String {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    file_system_in(&mounts, &path).unwrap_or_else(|| "unknown".into())
}

fn file_system_in(mountinfo: &str, path: &Path) -> Option<String> {
    // A later mount on the same point hides the earlier one, and max_by_key returns the last maximum.
    let mounts = mountinfo.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?;
        Some((Path::new(point), after.split(' ').next()?))
    });
    mounts
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.components().count())
        .map(|(_, kind)| kind.to_owned())
}

/// Where temporary data directories go: a sync to memory would measure nothing, so a disk if there is
/// one.
pub fn scratch_dir() -> PathBuf {
    let in_memory = |path: &PathBuf| matches!(file_system(path).as_str(), "tmpfs" | "ramfs");
    let usual = std::env::temp_dir();
    if in_memory(&usual)
        && let Ok(here) = std::env::current_dir()
        && !in_memory(&here)
    {
        return here;
    }
    usual
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_is_that_of_the_longest_mount_point() {
        let mounts = "\
            21 1 254:0 / / rw - ext4 /dev/vda rw\n\
            22 21 0:5 / /tmp rw,nosuid shared:3 - tmpfs tmpfs rw\n\
            23 21 0:6 / /tmpfoo rw - xfs /dev/vdb rw\n\
            24 22 0:7 / /tmp rw - btrfs /dev/vdc rw\n";
        for (path, kind) in [
            ("/", "ext4"),
            ("/var/lib", "ext4"),
            ("/tmp/a/b", "btrfs"),
            ("/tmpfoo/a", "xfs"),
            ("/tmpf", "ext4"),
        ] {
            let found = file_system_in(mounts, Path::new(path));
            assert_eq!(found.as_deref(), Some(kind), "{path}");
        }
        assert_eq!(file_system_in("", Path::new("/")), None);
    }

    #[test]
    fn fields_of_proc_files() {
        let text = "model name\t: Some CPU @ 2: GHz\nMemTotal:       100 kB\n";
        assert_eq!(field(text, "model name").as_deref(), Some("Some CPU @ 2: GHz"));
        assert_eq!(field(text, "MemTotal").as_deref(), Some("100 kB"));
        assert_eq!(field(text, "absent"), None);
    }
}
