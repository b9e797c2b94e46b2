//! What the kernel says about a process and a disk. Absent where it says nothing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Clock ticks a second in `/proc/PID/stat`: fixed at 100 for user space on Linux.
const TICK_NS: u64 = 10_000_000;
/// Unit of the kernel's block statistics, whatever the device's own sectors are.
const SECTOR_BYTES: u64 = 512;

fn path(pid: u32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{file}"))
}

/// CPU time of all threads, user and system, nanoseconds.
///
/// The scheduler's own count is exact to the nanosecond; where the kernel does not offer it, the ticks
/// of `stat` must do.
pub fn cpu_time_ns(pid: u32) -> Option<u64> {
    scheduled_ns(pid)
        .filter(|ns| *ns > 0)
        .or_else(|| parse_ticks_ns(&fs::read_to_string(path(pid, "stat")).ok()?))
}

fn scheduled_ns(pid: u32) -> Option<u64> {
    let mut sum = 0;
    for task in fs::read_dir(path(pid, "task")).ok()? {
        // A thread may end between the listing and the look.
        if let Ok(text) = fs::read_to_string(task.ok()?.path().join("schedstat")) {
            sum += parse_schedstat_ns(&text)?;
        }
    }
    Some(sum)
}

fn parse_schedstat_ns(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

fn parse_ticks_ns(stat: &str) -> Option<u64> {
    // The command name in parentheses may hold anything, so count from the last one.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_ascii_whitespace().skip(11);
    let user: u64 = ticks.next()?.parse().ok()?;
    let system: u64 = ticks.next()?.parse().ok()?;
    Some((user + system) * TICK_NS)
}

/// Memory in RAM, bytes.
pub fn rss_bytes(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(path(pid, "status")).ok()?;
    Some(parse_field(&text, "VmRSS:")? * 1024)
}

/// Bytes written so far by the block device that holds a path, whoever wrote them. A process' own
/// count in `/proc/PID/io` is no substitute: it takes a page of a large folio for the whole folio.
pub fn device_written_bytes(path: &Path) -> Option<u64> {
    let device = fs::metadata(path).ok()?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let stat = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    parse_sectors_written(&stat).map(|sectors| sectors * SECTOR_BYTES)
}

fn parse_sectors_written(stat: &str) -> Option<u64> {
    stat.split_ascii_whitespace().nth(6)?.parse().ok()
}

fn parse_field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts() {
        assert_eq!(parse_schedstat_ns("566027070 522723 22\n"), Some(566_027_070));
        assert_eq!(parse_schedstat_ns(""), None);
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 55 7 0 0 20 0 4 0";
        assert_eq!(parse_ticks_ns(stat), Some(620_000_000));
        assert_eq!(parse_ticks_ns("42 (cut"), None);
        let status = "Name:\tflorin\nVmHWM:\t  900 kB\nVmRSS:\t  812 kB\n";
        assert_eq!(parse_field(status, "VmRSS:"), Some(812));
        assert_eq!(parse_field(status, "absent:"), None);
        let disk = "  7744  1  2 3  160041  2605 45 4608 0 1 2";
        assert_eq!(parse_sectors_written(disk), Some(45));
        assert_eq!(parse_sectors_written("7744 1"), None);
    }

    #[test]
    fn this_process_is_alive() {
        let own = std::process::id();
        assert!(cpu_time_ns(own).is_some_and(|ns| ns > 0));
        assert!(rss_bytes(own).is_some_and(|bytes| bytes > 1 << 16));
    }
}
