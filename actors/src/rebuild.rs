//! Rebuilding the state at a start: the ledger and the directory, from whatever is known already and the events after it.

use florin_engine::{Body, Event, Ledger, Sequence};
use florin_persistence::Replays;

use crate::directory::Directory;

/// Bytes of journal that an id takes, about: more than a transfer in bulk.
const JOURNAL_BYTES_AN_ID: u64 = 256;
/// Fewer ids are not worth a generation.
const ID_GENERATION_MIN: u64 = 4_096;

/// Ids in a generation, which is what is forgotten together: about those of a segment. Fewer would be more tables to look
/// at while a segment is written, more would be kept long after their segment is sealed.
pub fn id_generation_len(segment_bytes: u64) -> usize {
    let ids = (segment_bytes / JOURNAL_BYTES_AN_ID).max(ID_GENERATION_MIN);
    usize::try_from(ids).unwrap_or(usize::MAX)
}

/// Takes the events of a journal.
#[derive(Debug)]
pub struct Rebuild {
    ledger: Ledger,
    directory: Directory,
    /// A recorded digest of the state. It is checked if it is the last thing that happened: after a clean stop.
    digest: Option<Event>,
}

impl Rebuild {
    /// So many events are looked at before they are taken, so that their cache misses overlap.
    pub const AHEAD: usize = 16;

    /// Begins with a ledger: an empty one, or one that was put together from a snapshot. Ids up to `sealed_through` are
    /// kept elsewhere.
    pub fn new(mut ledger: Ledger, sealed_through: Sequence, id_generation_len: usize) -> Self {
        ledger.set_id_generation_len(id_generation_len);
        drop(ledger.forget_ids(sealed_through));
        let directory = Directory::of(&ledger);
        Self { ledger, directory, digest: None }
    }

    /// The state.
    pub fn finish(self) -> (Ledger, Directory) {
        (self.ledger, self.directory)
    }

    /// Looks at an event that is taken soon.
    #[inline]
    pub fn prefetch(&self, event: &Event) {
        self.ledger.prefetch_replay(event);
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// As [`Ledger::replay`].
    pub fn take(&mut self, event: &Event) -> Result<(), String> {
        if let Some(before) = self.digest.take() {
            self.apply(&before)?;
        }
        if matches!(event.body, Body::DigestTaken { .. }) {
            self.digest = Some(event.clone());
            return Ok(());
        }
        self.apply(event)
    }

    fn apply(&mut self, event: &Event) -> Result<(), String> {
        // What a snapshot has is in the directory already; only ids come from these.
        let is_new = event.sequence > self.ledger.last_sequence();
        self.ledger.replay_without_digests(event)?;
        if is_new && Directory::wants(event) {
            self.directory.note([event]);
        }
        Ok(())
    }
}

impl Replays for Rebuild {
    fn event(&mut self, event: Event) -> Result<(), String> {
        self.take(&event)
    }

    fn end(&mut self) -> Result<(), String> {
        if let Some(digest) = self.digest.take() {
            self.ledger.replay(&digest)?;
        }
        if !self.ledger.is_of_one_moment() {
            return Err("the snapshot has seen what the journal has not".into());
        }
        if self.ledger.ids_forgotten_through() > self.ledger.last_sequence() {
            return Err("ids are known of events that the journal does not have".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_is_about_a_segment() {
        for (segment_bytes, ids) in
            [(0, 4_096), (64 << 10, 4_096), (16 << 20, 65_536), (256 << 20, 1 << 20)]
        {
            assert_eq!(id_generation_len(segment_bytes), ids, "{segment_bytes}");
        }
    }
}
