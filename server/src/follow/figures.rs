//! How far a standby is, for whoever asks: its status, its metrics.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use florin_engine::Sequence;
use hdrhistogram::Histogram;

/// Longest delay that is told apart, microseconds: ten minutes.
const DELAY_MAX_US: u64 = 600_000_000;

/// Kept by who follows, read by everybody.
#[derive(Debug)]
pub(crate) struct Figures {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    how_far: HowFar,
    /// Until then nothing is missing here.
    complete_at: Instant,
    delays_us: Histogram<u64>,
}

/// How far a standby is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HowFar {
    /// The history; `None` as long as there is none.
    pub lineage: Option<[u8; 16]>,
    /// Address of the leader.
    pub leader: String,
    /// A stream from it is open.
    pub connected: bool,
    /// Why it is not, with the reason.
    pub problem: String,
    /// The last event that is durable here.
    pub followed_through: Sequence,
    /// The last event that the leader is known to have made durable.
    pub leader_durable_through: Sequence,
    /// Epoch that it writes with; 0 = not known yet.
    pub leader_epoch: u64,
    /// The segment that is followed.
    pub segment: u64,
    /// For how long something may have been missing here.
    pub lag: Duration,
    /// From durable on the leader to durable here: median, 99 of 100, longest.
    pub delay_p50: Duration,
    /// As above.
    pub delay_p99: Duration,
    /// As above.
    pub delay_max: Duration,
    /// Bytes of journal taken.
    pub bytes: u64,
    /// Connections that were begun.
    pub connections: u64,
    /// Events in the standby's own ledger.
    pub replayed: u64,
    /// Digests that were compared with it.
    pub digests_checked: u64,
}

impl Figures {
    /// Of a standby that begins now.
    ///
    /// # Panics
    /// Never: the histogram's bounds are constants that it accepts.
    pub fn new(leader: &str) -> Self {
        let how_far = HowFar { leader: leader.to_owned(), ..HowFar::default() };
        let delays_us = Histogram::new_with_max(DELAY_MAX_US, 3).expect("bounds are right");
        let complete_at = Instant::now();
        Self { state: Mutex::new(State { how_far, complete_at, delays_us }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything, as it is now.
    pub fn how_far(&self) -> HowFar {
        let state = self.state();
        let us = |quantile| Duration::from_micros(state.delays_us.value_at_quantile(quantile));
        HowFar {
            lag: state.complete_at.elapsed(),
            delay_p50: us(0.5),
            delay_p99: us(0.99),
            delay_max: Duration::from_micros(state.delays_us.max()),
            ..state.how_far.clone()
        }
    }

    /// Notes what is kept here.
    pub fn change(&self, change: impl FnOnce(&mut HowFar)) {
        change(&mut self.state().how_far);
    }

    /// A stream was opened.
    pub fn connected(&self) {
        self.change(|it| {
            it.connected = true;
            it.problem.clear();
        });
    }

    /// There is none, and why.
    pub fn disconnected(&self, problem: &str) {
        self.change(|it| {
            it.connected = false;
            problem.clone_into(&mut it.problem);
        });
    }

    /// Notes what the leader said a while ago: it was durable through there then.
    pub fn heard(&self, durable_through: Sequence, epoch: u64, ago: Duration, has_new: bool) {
        let mut state = self.state();
        let State { how_far, complete_at, delays_us } = &mut *state;
        how_far.leader_durable_through = how_far.leader_durable_through.max(durable_through);
        how_far.leader_epoch = epoch;
        if how_far.followed_through < durable_through {
            return;
        }
        let then = Instant::now().checked_sub(ago).unwrap_or(*complete_at);
        *complete_at = then.max(*complete_at);
        if has_new {
            let us = u64::try_from(ago.as_micros()).unwrap_or(u64::MAX);
            delays_us.saturating_record(us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_counted_from_what_is_complete() {
        let figures = Figures::new("http://leader");
        std::thread::sleep(Duration::from_millis(30));
        let lag = figures.how_far().lag;
        assert!(lag >= Duration::from_millis(30), "nothing was heard: {lag:?}");
        // Five events are missing: that changes nothing.
        figures.heard(5, 1, Duration::ZERO, true);
        assert!(figures.how_far().lag >= lag);
        assert_eq!(figures.how_far().delay_max, Duration::ZERO);
        // They are there, as of 10 ms ago.
        figures.change(|it| it.followed_through = 5);
        figures.heard(5, 1, Duration::from_millis(10), true);
        let lag = figures.how_far().lag;
        assert!((10..30).contains(&lag.as_millis()), "{lag:?}");
        let max = figures.how_far().delay_max;
        assert!((9..=11).contains(&max.as_millis()), "{max:?}");
        // What is told later of an earlier moment takes nothing back, and silence is no delay.
        figures.heard(5, 1, Duration::from_secs(60), false);
        assert!(figures.how_far().lag < Duration::from_secs(1));
        assert!(figures.how_far().delay_max < Duration::from_secs(1));
    }
}
