//! Rebuilding the state at a start: the ledger and the directory, from whatever is known already and the events after it.

use florin_engine::{Body, Event, Ledger, Sequence};
use florin_persistence::Replays;

use crate::directory::Directory;

/// Takes the events of a journal.
#[derive(Debug)]
pub struct Rebuild {
    ledger: Ledger,
    directory: Directory,
    /// Ids of events up to here are in the runs.
    sealed_through: Sequence,
    /// A recorded digest of the state. It is checked if it is the last thing that happened: after a clean stop.
    digest: Option<Event>,
    id_generation: usize,
    since_forgotten: usize,
}

impl Rebuild {
    /// Begins with a ledger: an empty one, or one that was put together from a snapshot. Ids up to `sealed_through` are
    /// kept elsewhere; those that are kept here are forgotten by so many, `id_generation`.
    pub fn new(mut ledger: Ledger, sealed_through: Sequence, id_generation: usize) -> Self {
        ledger.set_id_generation_len(id_generation);
        let directory = Directory::of(&ledger);
        let (digest, since_forgotten) = (None, 0);
        Self { ledger, directory, sealed_through, digest, id_generation, since_forgotten }
    }

    /// The state.
    pub fn finish(self) -> (Ledger, Directory) {
        (self.ledger, self.directory)
    }

    fn apply(&mut self, event: &Event) -> Result<(), String> {
        // What a snapshot has is in the directory already; only ids come from these.
        let is_new = event.sequence > self.ledger.last_sequence();
        self.ledger.replay_without_digests(event)?;
        if is_new && Directory::wants(event) {
            self.directory.note([event]);
        }
        self.since_forgotten += 1;
        if self.since_forgotten >= self.id_generation {
            self.since_forgotten = 0;
            self.forget();
        }
        Ok(())
    }

    fn forget(&mut self) {
        let through = self.sealed_through.min(self.ledger.last_sequence());
        drop(self.ledger.forget_ids(through));
    }
}

impl Replays for Rebuild {
    fn event(&mut self, event: Event) -> Result<(), String> {
        if let Some(before) = self.digest.take() {
            self.apply(&before)?;
        }
        if matches!(event.body, Body::DigestTaken { .. }) {
            self.digest = Some(event);
            return Ok(());
        }
        self.apply(&event)
    }

    fn end(&mut self) -> Result<(), String> {
        if let Some(digest) = self.digest.take() {
            self.ledger.replay(&digest)?;
        }
        if !self.ledger.is_of_one_moment() {
            return Err("the snapshot has seen what the journal has not".into());
        }
        self.forget();
        Ok(())
    }
}
