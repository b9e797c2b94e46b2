//! Up to where a ledger is restored, and where the last whole group before that ends.

use florin_engine::{Event, Sequence};

/// A moment of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// All there is.
    End,
    /// Behind this event, or behind the last group before it if it is inside of one.
    Sequence(Sequence),
    /// Behind the last event that is not after this time, ns since 1970; likewise.
    Time(u64),
}

impl Moment {
    fn holds(self, event: &Event) -> bool {
        match self {
            Self::End => true,
            Self::Sequence(last) => event.sequence <= last,
            Self::Time(last_ns) => event.timestamp_ns <= last_ns,
        }
    }
}

/// Finds the last event at or before a moment with which a group ends, or that is in none.
#[derive(Debug)]
pub(super) struct Boundary {
    moment: Moment,
    /// The last event found; 0 = none.
    pub(super) sequence: Sequence,
    /// Its timestamp.
    pub(super) timestamp_ns: u64,
}

impl Boundary {
    pub(super) fn new(moment: Moment) -> Self {
        Self { moment, sequence: 0, timestamp_ns: 0 }
    }

    /// Takes the next event.
    pub(super) fn take(&mut self, event: &Event) {
        let group = event.group();
        let ends_group = group.index.saturating_add(1) >= group.len;
        if ends_group && self.moment.holds(event) {
            (self.sequence, self.timestamp_ns) = (event.sequence, event.timestamp_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use florin_engine::{Body, GroupPlace, Leg, TransferPosted};

    use super::*;

    fn event(sequence: Sequence, group: GroupPlace) -> Event {
        let leg = Leg {
            slot: 0,
            previous_sequence: 0,
            posted_net_after_minor: 0,
            pending_debits_after_minor: 0,
        };
        let body = Body::TransferPosted(TransferPosted {
            id: sequence.into(),
            amount_minor: 1,
            debit: leg,
            credit: leg,
            content_hash: 0,
            original_sequence: 0,
            tenant: 0,
            asset: 0,
            code: 0,
            value_date: 0,
            group,
            extra: None,
        });
        Event { sequence, timestamp_ns: sequence * 10, body }
    }

    #[test]
    fn ends_with_a_group() {
        let places = [(0, 0), (0, 3), (1, 3), (2, 3), (0, 0), (0, 1), (0, 2), (1, 2)];
        for (moment, expected) in [
            (Moment::End, 8),
            (Moment::Sequence(0), 0),
            (Moment::Sequence(1), 1),
            (Moment::Sequence(2), 1),
            (Moment::Sequence(3), 1),
            (Moment::Sequence(4), 4),
            (Moment::Sequence(6), 6),
            (Moment::Sequence(7), 6),
            (Moment::Sequence(8), 8),
            (Moment::Time(9), 0),
            (Moment::Time(10), 1),
            (Moment::Time(39), 1),
            (Moment::Time(40), 4),
            (Moment::Time(u64::MAX), 8),
        ] {
            let mut boundary = Boundary::new(moment);
            for (sequence, (index, len)) in (1..).zip(places) {
                boundary.take(&event(sequence, GroupPlace { index, len }));
            }
            assert_eq!(boundary.sequence, expected, "{moment:?}");
            assert_eq!(boundary.timestamp_ns, expected * 10, "{moment:?}");
        }
    }
}
