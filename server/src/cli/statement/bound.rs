//! Where a statement begins and ends, as people write it. Everything is UTC.

use std::str::FromStr;

use crate::cli::time::{self, DAY_NS};

/// Fewer digits than this are no nanoseconds since 1970 but a date without its dashes, or a mistake.
const NS_DIGITS_MIN: usize = 16;

/// A moment as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// So many nanoseconds ago.
    Ago(u64),
    /// A date: the nanosecond since 1970 with which it begins.
    Day(u64),
    /// A moment, nanoseconds since 1970.
    At(u64),
}

impl FromStr for Bound {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_ns = text.len() >= NS_DIGITS_MIN && text.bytes().all(|byte| byte.is_ascii_digit());
        let found = if is_ns {
            text.parse().ok().map(Self::At)
        } else if let Some(ns) = time::span_ns(text) {
            Some(Self::Ago(ns))
        } else if text.len() == "1970-01-01".len() {
            time::moment_ns(text).map(Self::Day)
        } else {
            time::moment_ns(text).map(Self::At)
        };
        found.ok_or(
            "expected a date like 2026-11-30, a moment like 2026-11-30T12:00:00Z, a span back from now like 2h or 3d, \
             or nanoseconds since 1970",
        )
    }
}

impl Bound {
    /// The first nanosecond that belongs to what begins here.
    pub fn begin_ns(self) -> u64 {
        match self {
            Self::Ago(ns) => time::now_ns().saturating_sub(ns),
            Self::Day(ns) | Self::At(ns) => ns,
        }
    }

    /// The first nanosecond that does not belong any more to what lasts to here: a date counts whole.
    pub fn end_ns(self) -> u64 {
        match self {
            Self::Day(ns) => ns.saturating_add(DAY_NS),
            other => other.begin_ns(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_written() {
        const NOON_NS: u64 = 1_796_040_000_000_000_000;
        const DAY: u64 = 1_795_996_800_000_000_000;
        for (text, expected) in [
            ("2026-11-30", Some((Bound::Day(DAY), DAY, DAY + DAY_NS))),
            ("2026-11-30T12:00:00Z", Some((Bound::At(NOON_NS), NOON_NS, NOON_NS))),
            ("2026-11-30T13:00:00+01:00", Some((Bound::At(NOON_NS), NOON_NS, NOON_NS))),
            ("1796040000000000000", Some((Bound::At(NOON_NS), NOON_NS, NOON_NS))),
            ("1000000000000000", Some((Bound::At(10u64.pow(15)), 10u64.pow(15), 10u64.pow(15)))),
            ("20261130", None),
            ("100000000000000", None),
            ("99999999999999999999999", None),
            ("2026-11-31", None),
            ("2026-11", None),
            ("yesterday", None),
            ("", None),
        ] {
            let read = text.parse::<Bound>().ok();
            let read = read.map(|bound| (bound, bound.begin_ns(), bound.end_ns()));
            assert_eq!(read, expected, "{text:?}");
        }
        let hour = "1h".parse::<Bound>().expect("a span");
        assert_eq!(hour, Bound::Ago(3_600_000_000_000));
        assert!(hour.begin_ns() < time::now_ns() && hour.end_ns() < time::now_ns());
    }
}
