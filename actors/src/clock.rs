//! Time: what the clocks say, and how far they are believed when it comes to what falls due.
//!
//! Payments follow the wall clock wherever it goes; a record is only ever later than the one before. But a clock that
//! jumps forward would let holds fall due that have hours to live. So what falls due goes by a *trusted* time: the
//! wall clock, as long as it runs with the monotonic one.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use florin_engine::Ledger;

/// The wall clock may run ahead of the monotonic one by so much at once.
pub const JUMP_MAX_NS: u64 = 60 * 1_000_000_000;
/// The last record may be so old at a start.
pub const AGE_MAX_NS: u64 = 24 * 60 * 60 * 1_000_000_000;

/// A moment, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Ns since 1970.
    pub wall_ns: u64,
    /// Ns since some moment in the past; never goes back.
    pub monotonic_ns: u64,
}

/// The clocks of this machine.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// Clocks from now on.
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Now.
    pub fn now(self) -> Now {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // A clock gone mad must not leave the ledger without time for later events.
        let wall_ns = u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX >> 1);
        let monotonic_ns = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Now { wall_ns, monotonic_ns }
    }
}

/// Watches the clock.
#[derive(Debug, Clone)]
pub struct ClockWatch {
    before: Option<Now>,
    accepts_start: bool,
    /// The last moment that was believed, while the wall clock is not.
    held: Option<Now>,
}

impl ClockWatch {
    /// Before the first look. `accepts_start`: however old the last record is, the clock is right.
    pub const fn new(accepts_start: bool) -> Self {
        Self { before: None, accepts_start, held: None }
    }

    /// Looks at the clock, and gives the time up to which things have fallen due.
    pub fn trusted_ns(&mut self, now: Now, ledger: &Ledger) -> u64 {
        let before = self.before.replace(now);
        if self.held.is_none() {
            let believed_ns = before.map_or_else(
                || self.believed_at_start_ns(now, ledger),
                |before| believed_ns(before, now),
            );
            if believed_ns < now.wall_ns && ledger.any_due(believed_ns, now.wall_ns) {
                tracing::error!(
                    believed_ns,
                    wall_ns = now.wall_ns,
                    "the clock has jumped forward: what would fall due by that is held back until the clock is set \
                     right, or accepted with `florin clock accept`"
                );
                self.held = Some(Now { wall_ns: believed_ns, ..now });
            }
        }
        let Some(held) = self.held else { return now.wall_ns };
        let trusted_ns = held.wall_ns.saturating_add(now.monotonic_ns - held.monotonic_ns);
        if now.wall_ns <= trusted_ns.saturating_add(JUMP_MAX_NS) {
            tracing::info!("the clock is right again: nothing is held back any more");
            self.held = None;
            return now.wall_ns;
        }
        trusted_ns
    }

    fn believed_at_start_ns(&self, now: Now, ledger: &Ledger) -> u64 {
        let last_ns = ledger.last_timestamp_ns();
        let is_young = now.wall_ns.saturating_sub(last_ns) <= AGE_MAX_NS;
        if self.accepts_start || last_ns == 0 || is_young { now.wall_ns } else { last_ns }
    }

    /// Whether anything is held back.
    pub const fn is_paused(&self) -> bool {
        self.held.is_some()
    }

    /// Believes the clock. Whether anything was held back.
    pub fn accept(&mut self) -> bool {
        self.held.take().is_some()
    }
}

/// What the wall clock should say now, if it does not run with the monotonic one.
fn believed_ns(before: Now, now: Now) -> u64 {
    let elapsed_ns = now.monotonic_ns.saturating_sub(before.monotonic_ns);
    let expected_ns = before.wall_ns.saturating_add(elapsed_ns);
    if now.wall_ns.saturating_sub(expected_ns) > JUMP_MAX_NS { expected_ns } else { now.wall_ns }
}

#[cfg(test)]
mod tests {
    use florin_engine::{
        Action, AssetCode, Floor, HoldTerms, NewAccount, Past, Transfer, TransferBatch,
        TransferOptions,
    };

    use super::*;

    const S: u64 = 1_000_000_000;
    const T: u64 = 1_000_000 * S;

    /// A ledger with a hold that is due at this time, its last record at `T`.
    fn ledger(due_at_ns: u64) -> Ledger {
        let mut ledger = Ledger::new(0);
        for id in [1, 2] {
            let account = NewAccount {
                tenant: 0,
                id,
                asset: AssetCode::new("EUR").expect("a code"),
                floor: Floor::None,
                name: None,
                metadata: Box::default(),
                ceiling: None,
            };
            ledger.open_account(&account, T - 2, &mut Vec::new());
        }
        let terms = HoldTerms { action: Action::Hold, due_at_ns, ..HoldTerms::default() };
        let hold = Transfer {
            id: 1,
            debit_account: 1,
            credit_account: 2,
            amount_minor: 1,
            content_hash: 0,
            code: 0,
            value_date: 0,
            up_to_available: false,
            extra: Some(Box::new(TransferOptions { terms, ..TransferOptions::default() })),
        };
        let batch =
            TransferBatch { tenant: 0, group: None, asset: None, transfers: vec![hold.seal()] };
        ledger.execute(&batch, &Past::new(), T, &mut Vec::new());
        assert_eq!(ledger.timers_len(), 1);
        ledger
    }

    /// Looks at seconds after `T`, by the wall and by the monotonic clock; what is trusted, and whether it is held.
    #[test]
    fn jumps_both_ways() {
        let day = AGE_MAX_NS / S;
        for (name, due, looks) in [
            (
                "no jump",
                100,
                vec![((0, 0), 0, false), ((99, 99), 99, false), ((100, 100), 100, false)],
            ),
            ("a small jump", 50, vec![((0, 0), 0, false), ((60, 0), 60, false)]),
            (
                "forward past the hold",
                100,
                vec![((0, 0), 0, false), ((3_600, 1), 1, true), ((3_609, 10), 10, true)],
            ),
            (
                "forward, nothing due in it",
                9_999,
                vec![((0, 0), 0, false), ((3_600, 1), 3_600, false)],
            ),
            (
                "forward, and set right",
                100,
                vec![((0, 0), 0, false), ((3_600, 1), 1, true), ((5, 5), 5, false)],
            ),
            ("back", 100, vec![((50, 0), 50, false), ((10, 1), 10, false), ((99, 90), 99, false)]),
            (
                "back, and forward again",
                100,
                vec![((50, 0), 50, false), ((10, 1), 10, false), ((3_600, 2), 11, true)],
            ),
            ("a day off", 100, vec![((day, 0), day, false)]),
            ("more than a day off", 100, vec![((day + 1, 0), 0, true), ((day + 9, 8), 8, true)]),
            ("long off, nothing due", 9 * day, vec![((2 * day, 0), 2 * day, false)]),
            (
                "started with a clock that is behind",
                100,
                vec![((0, 0), 0, false), ((1, 1), 1, false)],
            ),
        ] {
            let ledger = ledger(T + due * S);
            let mut watch = ClockWatch::new(false);
            for ((wall, monotonic), trusted, held) in looks {
                let now = Now { wall_ns: T + wall * S, monotonic_ns: monotonic * S };
                let trusted_ns = watch.trusted_ns(now, &ledger);
                assert_eq!((trusted_ns - T) / S, trusted, "{name}: {wall}");
                assert_eq!(watch.is_paused(), held, "{name}: {wall}");
            }
        }
    }

    #[test]
    fn accepted() {
        let ledger = ledger(T + 100 * S);
        let at = |wall, monotonic| Now { wall_ns: T + wall * S, monotonic_ns: monotonic * S };
        let mut watch = ClockWatch::new(false);
        watch.trusted_ns(at(0, 0), &ledger);
        assert_eq!(watch.trusted_ns(at(3_600, 1), &ledger), T + S);
        assert!(watch.accept());
        assert!(!watch.accept());
        assert_eq!(watch.trusted_ns(at(3_601, 2), &ledger), T + 3_601 * S);
        // From a start that is accepted in advance nothing is held back.
        let mut watch = ClockWatch::new(true);
        assert_eq!(watch.trusted_ns(at(9 * 86_400, 0), &ledger), T + 9 * 86_400 * S);
    }
}
