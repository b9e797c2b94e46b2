//! The clocks of the simulated machine: they mostly go forward, and the wall clock sometimes does what real ones do.

use florin_actors::clock::Now;

use crate::rng::Rng;

const SECOND_NS: u64 = 1_000_000_000;
/// 2026-01-01.
const BEGIN_NS: u64 = 1_767_225_600 * SECOND_NS;

#[derive(Debug, Clone)]
pub struct Clock {
    wall_ns: u64,
    /// Since the machine came up.
    monotonic_ns: u64,
}

impl Clock {
    pub const fn new() -> Self {
        Self { wall_ns: BEGIN_NS, monotonic_ns: 0 }
    }

    pub const fn now_ns(&self) -> u64 {
        self.wall_ns
    }

    pub const fn now(&self) -> Now {
        Now { wall_ns: self.wall_ns, monotonic_ns: self.monotonic_ns }
    }

    /// A moment passes.
    pub fn tick(&mut self, rng: &mut Rng) {
        match rng.below(1_000) {
            0..250 => {} // stands still
            250..985 => {
                let passed_ns = rng.below(5_000_000);
                self.wall_ns += passed_ns;
                self.monotonic_ns += passed_ns;
            }
            985..998 => self.wall_ns -= rng.below(10 * SECOND_NS), // is set back
            _ => self.wall_ns += rng.below(7_200 * SECOND_NS),     // and forward
        }
    }

    /// A restart takes a while; and a machine may come up with a clock that is behind, or after days.
    pub fn restart(&mut self, rng: &mut Rng) {
        self.monotonic_ns = 0;
        match rng.below(100) {
            0..20 => self.wall_ns -= rng.below(3_600 * SECOND_NS),
            20..97 => self.wall_ns += rng.below(60 * SECOND_NS),
            _ => self.wall_ns += rng.below(3 * 86_400 * SECOND_NS),
        }
    }
}
