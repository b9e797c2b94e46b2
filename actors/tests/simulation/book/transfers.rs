//! What was told about batches of transfers and groups.

use florin_actors::command::{Explained, First, TransfersAnswer};
use florin_engine::{Body, GroupKey, GroupOutcome, TransferBatch};

use super::{Book, ToldGroup, changed, transfer_of};
use crate::invariants::{Invariant, Verdict, require};

impl Book {
    pub(super) fn hear_members(
        &mut self,
        batch: &TransferBatch,
        answer: &TransfersAnswer,
    ) -> Verdict {
        let explained = match &answer.explained {
            Explained::Members(first) => first.as_slice(),
            Explained::Nothing => &[],
            other => return Err(changed(format!("{other:?} explains no independent batch"))),
        };
        let known = &answer.outcome.known;
        let lengths = (answer.events.len() + known.len(), known.len());
        require(
            lengths == (batch.transfers.len(), explained.len()),
            Invariant::OneOutcome,
            || format!("of {} members some have no answer: {answer:?}", batch.transfers.len()),
        )?;
        let (mut events, mut known) =
            (answer.events.iter(), known.iter().zip(explained).peekable());
        for (index, transfer) in (0..).zip(&batch.transfers) {
            let key = (batch.tenant, transfer.id);
            let Some((known, first)) = known.next_if(|(known, _)| known.index == index) else {
                let event = events.next().ok_or_else(|| changed(format!("{answer:?}")))?;
                self.learn(key, Some(transfer.content_hash), event)?;
                continue;
            };
            self.rests_on(known.sequence);
            match first {
                First::Answer(event) if known.same => {
                    self.learn(key, Some(transfer.content_hash), event)?;
                }
                First::Reused(_) if !known.same => {
                    let first = self.transfers.get(&key).and_then(|told| transfer_of(&told.what));
                    let is_other = first.is_none_or(|(_, hash)| hash != transfer.content_hash);
                    require(is_other, Invariant::OneOutcome, || {
                        format!("{key:x?} is called reused, and was told with this content")
                    })?;
                    self.used.insert(key);
                }
                _ => return Err(changed(format!("{known:?} is explained by {first:?}"))),
            }
        }
        Ok(())
    }

    pub(super) fn hear_group(
        &mut self,
        batch: &TransferBatch,
        group: GroupKey,
        answer: &TransfersAnswer,
    ) -> Verdict {
        let key = (batch.tenant, group.id);
        let events = match (answer.outcome.group, &answer.explained) {
            (Some(GroupOutcome::Posted | GroupOutcome::Refused), Explained::Nothing) => {
                answer.events.as_slice()
            }
            (Some(GroupOutcome::Known { same: true, .. }), Explained::Group(events)) => events,
            (
                Some(GroupOutcome::Known { same: false, sequence, .. }),
                Explained::GroupReused(_),
            ) => {
                let is_other = self
                    .groups
                    .get(&key)
                    .is_none_or(|told| told.content_hash != group.content_hash);
                self.rests_on(sequence);
                self.used_groups.insert(key);
                return require(is_other, Invariant::OneOutcome, || {
                    format!("group {key:x?} is called reused, and was told with this content")
                });
            }
            _ => return Err(changed(format!("{answer:?} is no answer to a group"))),
        };
        let refusal = match events {
            [event] => match &event.body {
                Body::GroupRefused(refused) if refused.key == group => Some(event.clone()),
                _ => None,
            },
            _ => None,
        };
        if refusal.is_none() {
            require(events.len() == batch.transfers.len(), Invariant::GroupsWhole, || {
                format!("a group of {} has the answer {events:?}", batch.transfers.len())
            })?;
            for (transfer, event) in batch.transfers.iter().zip(events) {
                self.learn((batch.tenant, transfer.id), Some(transfer.content_hash), event)?;
            }
        }
        let first_sequence = events.first().map_or(0, |event| event.sequence);
        self.rests_on(first_sequence);
        let content_hash = group.content_hash;
        let told = ToldGroup { content_hash, first_sequence, refusal };
        let first = self.groups.entry(key).or_insert_with(|| told.clone());
        require(*first == told, Invariant::OneOutcome, || {
            format!("first the group was {first:?}, now it is {told:?}")
        })
    }
}
