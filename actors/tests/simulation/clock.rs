//! The wall clock of the simulated machine: it mostly goes forward, and sometimes does what real ones do.

use crate::rng::Rng;

const SECOND_NS: u64 = 1_000_000_000;
/// 2026-01-01.
const BEGIN_NS: u64 = 1_767_225_600 * SECOND_NS;

#[derive(Debug)]
pub struct Clock {
    now_ns: u64,
}

impl Clock {
    pub const fn new() -> Self {
        Self { now_ns: BEGIN_NS }
    }

    pub const fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// A moment passes.
    pub fn tick(&mut self, rng: &mut Rng) {
        match rng.below(1_000) {
            0..250 => {} // stands still
            250..985 => self.now_ns += rng.below(5_000_000),
            985..998 => self.now_ns -= rng.below(10 * SECOND_NS), // is set back
            _ => self.now_ns += rng.below(7_200 * SECOND_NS),
        }
    }

    /// A restart takes a while; and a machine may come up with a clock that is behind.
    pub fn restart(&mut self, rng: &mut Rng) {
        if rng.percent(20) {
            self.now_ns -= rng.below(3_600 * SECOND_NS);
        } else {
            self.now_ns += rng.below(60 * SECOND_NS);
        }
    }
}
