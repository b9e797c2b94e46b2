//! What a caller may choose, and its limits.

use std::time::Duration;

use florin_proto::{BATCH_MEMBERS_MAX, MESSAGE_BYTES_MAX};

use crate::error::Error;

/// How long a call may take, if nothing else is said.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
/// Longer deadlines are cut to this: far beyond use, and safe to add to any clock.
pub(crate) const DEADLINE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// When and how often a call is tried again, always under the same ids and within its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts at most, the first included. Default 20, which is more than fit into the default
    /// deadline; 1 means no retries.
    pub attempts: u32,
    /// An attempt without an answer for this long is given up, and made again. Default 3 s.
    pub attempt_timeout: Duration,
    /// Wait before the second attempt; doubled before each further one. Default 25 ms. Each wait is
    /// shortened at random by up to a half, so that callers do not come back all at once.
    pub base_backoff: Duration,
    /// Longest wait. Default 1 s.
    pub max_backoff: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 20,
            attempt_timeout: Duration::from_secs(3),
            base_backoff: Duration::from_millis(25),
            max_backoff: Duration::from_secs(1),
        }
    }
}

impl Retry {
    /// One attempt, which may take the whole deadline.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, attempt_timeout: DEADLINE_MAX, ..Self::default() }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        check(self.attempts >= 1, "retry.attempts", "at least 1")?;
        check(!self.attempt_timeout.is_zero(), "retry.attempt_timeout", "longer than zero")?;
        check(
            self.base_backoff <= self.max_backoff,
            "retry.base_backoff",
            "at most retry.max_backoff",
        )
    }
}

/// How single transfers travel together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// Over one long-lived `StreamTransfers` stream, which is fastest. Default true. A server without streams gets
    /// batches, whatever stands here.
    pub stream: bool,
    /// Transfers on the stream that are not answered yet, at most; the others wait. Default 16,380.
    pub stream_in_flight: usize,
    /// Members of a batch at most. Default 8,190, the most a server takes.
    pub members: usize,
    /// Bytes of a batch at most. Default 4 MiB, the most a server takes unless configured otherwise.
    pub bytes: usize,
    /// Batches on their way at the same time. Default 2: while one is answered the next one gathers.
    /// More make smaller batches, and pay only where the way to the server is long.
    pub in_flight: usize,
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            stream: true,
            stream_in_flight: 2 * BATCH_MEMBERS_MAX,
            members: BATCH_MEMBERS_MAX,
            bytes: MESSAGE_BYTES_MAX,
            in_flight: 2,
        }
    }
}

impl Batching {
    pub(crate) fn check(&self) -> Result<(), Error> {
        check(
            (1..=1 << 20).contains(&self.stream_in_flight),
            "batching.stream_in_flight",
            "1 to 1048576",
        )?;
        check((1..=BATCH_MEMBERS_MAX).contains(&self.members), "batching.members", "1 to 8190")?;
        check(self.bytes >= 1_024, "batching.bytes", "at least 1024")?;
        check((1..=1_024).contains(&self.in_flight), "batching.in_flight", "1 to 1024")
    }
}

pub(crate) fn check(holds: bool, option: &'static str, allowed: &'static str) -> Result<(), Error> {
    holds.then_some(()).ok_or(Error::Option { option, allowed })
}
