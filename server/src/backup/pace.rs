//! No faster than so many bytes a second.

use std::time::{Duration, Instant};

use florin_persistence::backup::{BackupProgress, Phase};

/// Nobody waits longer than this at once, so that whoever wants to stop is heard.
const NAP_MAX: Duration = Duration::from_millis(200);

/// Slows work down to a bandwidth.
#[derive(Debug)]
pub(crate) struct Pace {
    bytes_per_second: u64,
    phase: Phase,
    /// When this phase began.
    began: Instant,
}

impl Pace {
    /// So many bytes a second; 0 = without a limit.
    pub fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, phase: Phase::Reading, began: Instant::now() }
    }

    /// Waits as long as the work is ahead of its time; stops waiting when `is_over` says so.
    pub fn keep(&mut self, progress: &BackupProgress, is_over: &dyn Fn() -> bool) {
        if self.phase != progress.phase {
            (self.phase, self.began) = (progress.phase, Instant::now());
        }
        while !is_over() {
            let nap = self.ahead(progress.bytes_done, self.began.elapsed()).min(NAP_MAX);
            if nap.is_zero() {
                return;
            }
            std::thread::sleep(nap);
        }
    }

    /// How much longer so many bytes should have taken.
    fn ahead(&self, bytes: u64, elapsed: Duration) -> Duration {
        let Some(seconds) = bytes.checked_div(self.bytes_per_second) else {
            return Duration::ZERO;
        };
        let rest = u128::from(bytes % self.bytes_per_second) * 1_000_000_000;
        let rest_ns = u64::try_from(rest / u128::from(self.bytes_per_second)).unwrap_or(0);
        let due = Duration::from_secs(seconds).saturating_add(Duration::from_nanos(rest_ns));
        due.saturating_sub(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_ahead() {
        for (bytes_per_second, bytes, elapsed_ms, expected_ms) in [
            (0, u64::MAX, 0, 0),
            (1_000, 0, 0, 0),
            (1_000, 500, 0, 500),
            (1_000, 500, 400, 100),
            (1_000, 500, 600, 0),
            (1_000, 2_500, 1_000, 1_500),
            (u64::MAX, u64::MAX, 0, 1_000),
        ] {
            let ahead = Pace::new(bytes_per_second).ahead(bytes, Duration::from_millis(elapsed_ms));
            assert_eq!(ahead, Duration::from_millis(expected_ms), "{bytes} of {bytes_per_second}");
        }
    }
}
