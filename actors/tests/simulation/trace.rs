//! What has happened in a run: a hash over all of it, and the last lines for whoever has to understand it.

use std::collections::VecDeque;
use std::fmt::{self, Write};

/// Lines that are kept.
const KEPT_LINES: usize = 50;

#[derive(Debug)]
pub struct Trace {
    /// FNV-1a.
    hash: u64,
    lines: VecDeque<String>,
    step: u64,
}

impl Trace {
    pub const fn new() -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, lines: VecDeque::new(), step: 0 }
    }

    /// Notes that something happened.
    pub fn line(&mut self, now_ns: u64, what: fmt::Arguments<'_>) {
        self.step += 1;
        let mut line = if self.lines.len() == KEPT_LINES {
            self.lines.pop_front().unwrap_or_default()
        } else {
            String::new()
        };
        line.clear();
        write!(line, "{:>6} {now_ns} {what}", self.step).expect("a string takes everything");
        self.bytes(line.as_bytes());
        self.lines.push_back(line);
    }

    /// Takes something into the hash that is not worth a line.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Things that have happened.
    pub const fn step(&self) -> u64 {
        self.step
    }

    /// Equal for equal runs.
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The last lines.
    pub fn tail(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}
