//! Refusals by reason, counted as they are decided.

use std::sync::atomic::{AtomicU64, Ordering};

use florin_engine::{Body, Event, Ledger, Reason};

/// One more than the highest number of a reason.
const NUMBERS: usize = {
    let (mut most, mut at) = (0, 0);
    while at < Reason::ALL.len() {
        let number = Reason::ALL[at] as usize;
        most = if number > most { number } else { most };
        at += 1;
    }
    most + 1
};

/// Transfers and groups that were refused by the state of the ledger since the process began, by reason.
#[derive(Debug)]
pub struct Refusals {
    by_number: [AtomicU64; NUMBERS],
    /// What the ledger had counted when it was last looked at.
    seen: AtomicU64,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { by_number: [const { AtomicU64::new(0) }; NUMBERS], seen: AtomicU64::new(0) }
    }
}

impl Refusals {
    /// Begins with what the ledger has counted in its whole history.
    pub fn begin(&self, ledger: &Ledger) {
        self.seen.store(ledger.counters().transfers_refused, Ordering::Relaxed);
    }

    /// Counts the refusals among the events of a step. They are looked through only if the ledger has
    /// counted one since the last time.
    pub fn note(&self, ledger: &Ledger, events: &[Event]) {
        let refused = ledger.counters().transfers_refused;
        if self.seen.load(Ordering::Relaxed) == refused {
            return;
        }
        self.seen.store(refused, Ordering::Relaxed);
        for reason in events.iter().filter_map(reason_of) {
            self.by_number[reason as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every reason that the state of the ledger can have, in order of precedence, with its count.
    pub fn counted(&self) -> impl Iterator<Item = (Reason, u64)> {
        let count = |reason: &Reason| self.by_number[*reason as usize].load(Ordering::Relaxed);
        let of_state = Reason::ALL.iter().filter(|reason| !reason.is_malformed());
        of_state.map(move |reason| (*reason, count(reason)))
    }
}

fn reason_of(event: &Event) -> Option<Reason> {
    match &event.body {
        Body::TransferRefused(refused) => Some(refused.refusal.reason),
        Body::GroupRefused(refused) => Some(refused.refusal.reason),
        _ => None,
    }
}
