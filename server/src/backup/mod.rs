//! Backups from outside of the engine: the places that people name, and how fast it goes.

mod pace;
mod place;
mod s3;

pub(crate) use pace::Pace;
pub(crate) use place::{InvalidUrl, open};

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, ns since 1970.
pub(crate) fn now_ns() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}
