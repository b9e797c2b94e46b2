//! Sending on schedule: load arrives when it was planned to, however slow the answers are.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::net::unix::pipe::Receiver;

const SECOND_NS: u128 = 1_000_000_000;

/// When each call is planned, evenly spaced from a start.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    start: Instant,
    rate_per_s: u64,
}

impl Schedule {
    /// `rate_per_s` calls a second, the first one at `start`.
    pub fn new(start: Instant, rate_per_s: u64) -> Self {
        Self { start, rate_per_s: rate_per_s.max(1) }
    }

    /// When call number `index` (from 0) is planned. Exact: rounding does not add up.
    pub fn planned(&self, index: u64) -> Instant {
        let ns = u128::from(index) * SECOND_NS / u128::from(self.rate_per_s);
        self.start + Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    /// How many calls are due at `now`.
    pub fn due(&self, now: Instant) -> u64 {
        let Some(since) = now.checked_duration_since(self.start) else {
            return 0;
        };
        // The number of indices i with i * 1e9 / rate (rounded down) <= ns.
        let due = ((since.as_nanos() + 1) * u128::from(self.rate_per_s)).div_ceil(SECOND_NS);
        u64::try_from(due).unwrap_or(u64::MAX)
    }
}

/// A timer that is exact to tens of microseconds; the runtime's own is exact to a millisecond.
///
/// The kernel's timer is a file that is read like a pipe, and the runtime has a safe way to wait for
/// pipes alone.
#[derive(Debug)]
pub struct Pacer {
    timer: Receiver,
}

impl Pacer {
    /// Needs a runtime.
    pub fn new() -> Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).context("no timer")?;
        Ok(Self { timer: Receiver::from_owned_fd_unchecked(timer)? })
    }

    /// Returns at `when`, or at once if that has passed.
    pub async fn sleep_until(&self, when: Instant) -> Result<()> {
        let left = when.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let it_value = Timespec {
            tv_sec: i64::try_from(left.as_secs())?,
            tv_nsec: left.subsec_nanos().into(),
        };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        // Setting the timer anew also forgets an expiry that nobody has read.
        let timer = Itimerspec { it_interval, it_value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &timer)?;
        loop {
            self.timer.readable().await?;
            let mut expiries = [0; 8];
            match self.timer.try_read(&mut expiries) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_planned_evenly_and_without_drift() {
        let start = Instant::now();
        let after_ns = |ns| start + Duration::from_nanos(ns);
        for (rate, index, ns) in [
            (1, 0, 0),
            (1, 5, 5_000_000_000),
            (3, 1, 333_333_333),
            (3, 3, 1_000_000_000),
            (3, 3_000_000, 1_000_000_000_000_000),
            (20_000, 1, 50_000),
        ] {
            let schedule = Schedule::new(start, rate);
            assert_eq!(schedule.planned(index), after_ns(ns), "{index} at {rate}/s");
        }
    }

    #[test]
    fn a_call_is_due_from_the_moment_it_is_planned() {
        let start = Instant::now();
        for rate in [1, 3, 7, 1_000, 33_333] {
            let schedule = Schedule::new(start, rate);
            assert_eq!(schedule.due(start), 1);
            for index in [1, 2, 10, 12_345] {
                let planned = schedule.planned(index);
                assert_eq!(schedule.due(planned), index + 1, "at {rate}/s");
                let before = planned.checked_sub(Duration::from_nanos(1));
                assert_eq!(before.map(|t| schedule.due(t)), Some(index), "before, at {rate}/s");
            }
        }
        let early = start.checked_sub(Duration::from_millis(1));
        assert_eq!(early.map(|early| Schedule::new(start, 10).due(early)), Some(0));
    }

    #[test]
    fn the_timer_fires_soon_after_its_time() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let pacer = Pacer::new().expect("a timer");
            for us in [0, 300, 2_000] {
                let when = Instant::now() + Duration::from_micros(us);
                pacer.sleep_until(when).await.expect("it fires");
                assert!(Instant::now() >= when);
            }
        });
    }
}
