//! What falls due. It is an event like any other: journaled, so that replay needs no clock.

use alloc::vec::Vec;

use crate::{Body, Event, Ledger};

impl Ledger {
    /// Lets fall due what is due by now, the earliest first, at most so many. The events are appended; there is
    /// more if it makes `most` of them.
    pub fn fall_due(&mut self, most: usize, now_ns: u64, events: &mut Vec<Event>) -> usize {
        let due_now_ns = self.due_now_ns(now_ns);
        for made in 0..most {
            let Some(hold) = self.holds.first_due(due_now_ns) else { return made };
            let body = Body::Hold(self.decide_due(hold));
            self.record(body, now_ns, events);
        }
        most
    }

    /// Holds back whatever falls due after this moment, until it is called again: the clock has jumped, and nobody
    /// has said yet that it is right. `u64::MAX` holds nothing back.
    pub fn hold_back_due(&mut self, after_ns: u64) {
        self.due_until_ns = after_ns;
    }
}
