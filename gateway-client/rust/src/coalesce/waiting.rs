//! Who travels with whom.

use std::collections::{HashSet, VecDeque};

use florin_proto::v1::{NewTransfer, Uint128};
use prost::Message;

use super::Pending;
use crate::options::Batching;

/// Bytes that a batch has beside its members: its mode.
const BATCH_OVERHEAD_BYTES: usize = 2;

/// Payments that wait for a batch, first come, first served.
#[derive(Debug)]
pub(super) struct Waiting {
    queue: VecDeque<Pending>,
    limits: Batching,
}

impl Waiting {
    pub fn new(limits: Batching) -> Self {
        Self { queue: VecDeque::new(), limits }
    }

    pub fn push(&mut self, pending: Pending) {
        self.queue.push_back(pending);
    }

    pub fn len(&self) -> usize {
        self.queue.len()
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes the next batch. Whoever has the id of somebody in it waits for the next one, since the
    /// server refuses an id twice in a batch. Whoever is too large for any batch travels alone, and
    /// is refused alone.
    pub fn take_batch(&mut self) -> Vec<Pending> {
        let mut batch = Vec::with_capacity(self.queue.len().min(self.limits.members));
        let mut ids: HashSet<Option<Uint128>> = HashSet::with_capacity(batch.capacity());
        let mut held_back = Vec::new();
        let mut bytes = BATCH_OVERHEAD_BYTES;
        while batch.len() < self.limits.members
            && let Some(pending) = self.queue.pop_front()
        {
            if pending.reply.is_closed() {
                continue; // nobody waits for it, and it was never sent
            }
            if !ids.insert(pending.transfer.id) {
                held_back.push(pending);
                continue;
            }
            bytes += member_bytes(&pending.transfer);
            if bytes > self.limits.bytes && !batch.is_empty() {
                self.queue.push_front(pending);
                break;
            }
            batch.push(pending);
        }
        for pending in held_back.into_iter().rev() {
            self.queue.push_front(pending);
        }
        batch
    }
}

/// Bytes of a member in its batch: tag, length, transfer.
pub(super) fn member_bytes(transfer: &NewTransfer) -> usize {
    let bytes = transfer.encoded_len();
    1 + prost::length_delimiter_len(bytes) + bytes
}
