//! The process, under the names that every Prometheus client library uses.

use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use super::engine::Writer;

/// When this process was first asked about itself, which its start is.
static STARTED: OnceLock<SystemTime> = OnceLock::new();

/// Notes when the process began.
pub(super) fn began() {
    STARTED.get_or_init(SystemTime::now);
}

/// Writes all of them. What the system does not tell is left out.
pub(super) fn write(writer: &mut Writer<'_>) -> std::fmt::Result {
    let started = STARTED.get_or_init(SystemTime::now);
    let since_1970 = started.duration_since(UNIX_EPOCH).unwrap_or_default();
    writer.gauge_s(
        "process_start_time_seconds",
        "When the process began, since 1970",
        since_1970,
    )?;
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let cpu = Duration::try_from(cpu).unwrap_or_default();
    writer.counter_s("process_cpu_seconds", "Processor time taken", cpu)?;
    if let Some(bytes) = resident_bytes() {
        writer.gauge("process_resident_memory_bytes", "Memory in use", bytes)?;
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is this listing.
        let open = (open.count() as u64).saturating_sub(1);
        writer.gauge("process_open_fds", "Open files and connections", open)?;
    }
    Ok(())
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1_024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn memory_is_told() {
        let bytes = super::resident_bytes().expect("Linux tells");
        assert!((1 << 20..1 << 40).contains(&bytes), "{bytes}");
    }
}
