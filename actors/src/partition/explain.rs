//! What stands in the journal about ids that were used before: which records to read, and what they say.

use florin_engine::{
    BatchOutcome, Body, Event, GroupOutcome, Sequence, TransferBatch, TransferPosted,
};

use super::Core;
use crate::command::{Explained, First, FoundTransfer};
use crate::load::{Records, group_head};

impl<P> Core<P> {
    /// The records that are needed to explain an outcome.
    pub(super) fn explanation_needs(
        &self,
        batch: &TransferBatch,
        outcome: &BatchOutcome,
    ) -> Vec<Sequence> {
        match outcome.group {
            Some(GroupOutcome::Known { sequence, posted: true, .. }) => {
                let end = sequence + batch.transfers.len() as u64;
                (sequence..end.min(self.ledger().last_sequence() + 1)).collect()
            }
            Some(GroupOutcome::Known { sequence, posted: false, .. }) => vec![sequence],
            Some(GroupOutcome::Posted | GroupOutcome::Refused) => Vec::new(),
            None => outcome.known.iter().map(|known| known.sequence).collect(),
        }
    }

    /// What the records say.
    pub(super) fn explain(
        &self,
        batch: &TransferBatch,
        outcome: &BatchOutcome,
        records: &Records,
    ) -> Explained {
        let Some(group) = outcome.group else {
            let first = outcome.known.iter().filter_map(|known| {
                let event = records.get(&known.sequence)?;
                Some(if known.same {
                    First::Answer(Box::new(event.clone()))
                } else {
                    let transfer = &batch.transfers[known.index as usize];
                    First::Reused(self.ledger().differing_field(event, transfer))
                })
            });
            return Explained::Members(first.collect());
        };
        let GroupOutcome::Known { sequence, same, .. } = group else { return Explained::Nothing };
        let events = group_events(sequence, batch.transfers.len(), records);
        if same {
            Explained::Group(events)
        } else {
            Explained::GroupReused(self.ledger().differing_group_field(&events, &batch.transfers))
        }
    }

    /// A transfer, from its record.
    pub(super) fn found(
        &self,
        sequence: Option<Sequence>,
        records: &Records,
    ) -> Option<FoundTransfer> {
        let event = records.get(&sequence?)?.clone();
        let id_at = |slot| self.ledger().account_id(slot).unwrap_or(0);
        let (debit_account, credit_account, head) = match &event.body {
            Body::TransferPosted(TransferPosted { debit, credit, .. }) => {
                (id_at(debit.slot), id_at(credit.slot), group_head(&event))
            }
            Body::Hold(hold) => {
                (id_at(hold.debit.slot), id_at(hold.credit.slot), group_head(&event))
            }
            Body::TransferRefused(refused) => (refused.debit_account, refused.credit_account, None),
            _ => return None,
        };
        let group = head.and_then(|head| Some(records.get(&head)?.extra()?.group?.id));
        let reversed_by = self.ledger().reversed_by(event.sequence);
        Some(FoundTransfer { event, debit_account, credit_account, group, reversed_by })
    }
}

/// The members of the group that begins at `first`, or its refusal; no more than `len`.
fn group_events(first: Sequence, len: usize, records: &Records) -> Vec<Event> {
    let is_member = |index: usize, event: &Event| match &event.body {
        Body::GroupRefused(_) => index == 0,
        _ => event.group().len > 0 && usize::from(event.group().index) == index,
    };
    (first..)
        .take(len)
        .enumerate()
        .map_while(|(index, sequence)| {
            records.get(&sequence).filter(|event| is_member(index, event))
        })
        .cloned()
        .collect()
}
