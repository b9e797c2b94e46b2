//! What one subscriber was told, from the beginning on and through all crashes.

use florin_proto::v1::event::Body;
use florin_proto::v1::{Event, EventBatch, EventKind};

use crate::crash::answers::Kept;
use crate::crash::feed::filter::Filter;
use crate::names::wide;

/// An event, as far as it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Its place.
    pub sequence: u64,
    /// What happened.
    pub kind: EventKind,
    /// The accounts that it is about; 0 where there is none.
    pub accounts: [u128; 2],
    /// The account on which a group failed; 0 if there is none.
    pub failed_on: u128,
    /// The transfer, with its id; an id of 0 fell due.
    pub transfer: Option<(u128, Kept)>,
}

impl Heard {
    fn of(event: &Event) -> Self {
        let (accounts, failed_on, transfer) = match &event.body {
            Some(Body::Transfer(transfer)) => {
                let kept = Kept::of(transfer);
                ([kept.debit, kept.credit], 0, Some((wide(transfer.id), kept)))
            }
            Some(Body::Account(account)) => ([wide(account.id), 0], 0, None),
            Some(Body::Group(group)) => {
                let failed_on = group.refusal.as_ref().and_then(|refusal| refusal.account_id);
                ([0, 0], wide(failed_on), None)
            }
            Some(Body::Asset(_)) | None => ([0, 0], 0, None),
        };
        Self { sequence: event.sequence, kind: event.kind(), accounts, failed_on, transfer }
    }
}

/// Everything that a subscriber was told, in order, and what was wrong with the order.
#[derive(Debug)]
pub struct Story {
    /// What it asked for.
    pub filter: Filter,
    /// What it was told, each event once, ascending.
    pub events: Vec<Heard>,
    /// Sequences that were left out although everything was asked for.
    pub gaps: u64,
    /// Events that were told before.
    pub duplicates: u64,
    /// Events that came after a later one.
    pub out_of_order: u64,
    /// How often it went on from its cursor.
    pub resumptions: u64,
}

impl Story {
    /// Nothing was told yet.
    pub fn new(filter: Filter) -> Self {
        Self { filter, events: Vec::new(), gaps: 0, duplicates: 0, out_of_order: 0, resumptions: 0 }
    }

    /// Takes a batch.
    pub fn take(&mut self, batch: &EventBatch) {
        batch.events.iter().for_each(|event| self.hear(event));
    }

    fn hear(&mut self, event: &Event) {
        let last = self.events.last().map_or(0, |event| event.sequence);
        let sequence = event.sequence;
        if sequence <= last {
            let known = self.events.binary_search_by_key(&sequence, |event| event.sequence);
            *(if known.is_ok() { &mut self.duplicates } else { &mut self.out_of_order }) += 1;
            return;
        }
        if self.filter.is_everything() {
            self.gaps += sequence - last - 1;
        }
        self.events.push(Heard::of(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::accounts::Accounts;

    #[test]
    fn sequences_that_are_missing_repeated_or_late_are_counted() {
        // Sequences as they come, and gaps of a subscriber to everything, duplicates, late ones.
        for (sequences, gaps, duplicates, out_of_order) in [
            (&[1, 2, 3][..], 0, 0, 0),
            (&[2, 3], 1, 0, 0),
            (&[1, 2, 5, 6], 2, 0, 0),
            (&[1, 2, 2, 3], 0, 1, 0),
            (&[1, 2, 3, 2, 3, 4], 0, 2, 0),
            (&[1, 3, 2], 1, 0, 1),
        ] {
            for number in [0, 1] {
                let mut story = Story::new(Filter::of(number, &Accounts::new()));
                // However they are cut into batches.
                for sequences in sequences.chunks(2) {
                    let event = |sequence: &u64| Event { sequence: *sequence, ..Event::default() };
                    let events = sequences.iter().map(event).collect();
                    story.take(&EventBatch { events, ..EventBatch::default() });
                }
                let gaps = if number == 0 { gaps } else { 0 };
                let found = (story.gaps, story.duplicates, story.out_of_order);
                assert_eq!(found, (gaps, duplicates, out_of_order), "{number} {sequences:?}");
            }
        }
    }
}
