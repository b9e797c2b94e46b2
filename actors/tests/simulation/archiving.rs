//! The archivist: takes old segments out of the hot set while everybody else goes on, and what must hold of that.

use florin_persistence::archive::{Archive, ArchiveOptions, ArchivePlace, Marker};
use florin_persistence::snapshot::{Manifest, SnapshotError, SnapshotStore, Taking};
use florin_persistence::{OpenError, SimDisk};

use crate::invariants::{Invariant, Verdict, require};
use crate::node::{Node, Unread};
use crate::process::ProcessDisk;
use crate::remote::{Line, Remote};
use crate::restart::places;
use crate::world::World;

/// The process in which a checkpoint was taken is gone.
const STOPPED: SnapshotError = SnapshotError::Misused { what: "the engine has stopped" };
/// Turns of the others between two steps of something that takes longer.
const TURNS_BETWEEN: u64 = 4;

/// What there was of trouble when something began that may fail because of it.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    troubles: u64,
    failures_of_store: u64,
    was_troubled: bool,
}

impl World {
    /// The archivist takes a step. If that is a checkpoint, the others go on between its pieces.
    pub fn archive(&mut self) -> Verdict {
        let Some(mut archivist) = self.node.as_mut().and_then(Node::lend_archivist) else {
            return Ok(());
        };
        let (before, recoveries) = (self.before(), self.totals.recoveries);
        let mut verdict = Ok(());
        let stepped = archivist.step(&mut |store| self.checkpoint(store, &mut verdict));
        verdict?;
        if self.totals.recoveries != recoveries {
            return Ok(()); // the process that it was of is gone
        }
        if let Some(node) = &mut self.node {
            node.give_archivist_back(archivist);
        }
        match stepped {
            Ok(None) => Ok(()),
            Ok(Some(segment)) => {
                self.totals.segments_archived += 1;
                let (number, last) = (segment.object.number, segment.object.last_sequence);
                self.note(format_args!("segment {number} is archived, through event {last}"));
                Ok(())
            }
            Err(error) => {
                self.note(format_args!("nothing is archived: {error}"));
                self.excused(before, "nothing is archived", &error.to_string())
            }
        }
    }

    /// Takes a checkpoint as the engine does: piece by piece, of a ledger that moves.
    fn checkpoint(
        &mut self,
        store: &mut dyn SnapshotStore,
        verdict: &mut Verdict,
    ) -> Result<Manifest, SnapshotError> {
        let recoveries = self.totals.recoveries;
        let taken = self.copy(store, verdict);
        if taken.is_ok() {
            self.totals.checkpoints += 1;
        } else if self.totals.recoveries == recoveries && verdict.is_ok() {
            let _ = store.abandon(); // what cannot even be abandoned is dropped at the next opening
        }
        taken
    }

    fn copy(
        &mut self,
        store: &mut dyn SnapshotStore,
        verdict: &mut Verdict,
    ) -> Result<Manifest, SnapshotError> {
        let generation = store.next_generation()?;
        let now_ns = self.clock.now_ns();
        let node = self.node.as_ref().ok_or(STOPPED)?;
        let mut taking =
            Taking::begin(store, generation, node.identity(), &node.ledger().head(), now_ns)?;
        while let Some(piece) = taking.next() {
            self.meanwhile(verdict)?;
            let copied = piece.copy(self.node.as_ref().ok_or(STOPPED)?.ledger());
            self.meanwhile(verdict)?;
            taking.put(store, &copied)?;
        }
        let draft = taking.finish()?;
        loop {
            let durable_through = self.node.as_ref().ok_or(STOPPED)?.reader().durable_through();
            if durable_through >= draft.seen_through() {
                return draft.publish(store, durable_through);
            }
            self.meanwhile(verdict)?;
        }
    }

    fn meanwhile(&mut self, verdict: &mut Verdict) -> Result<(), SnapshotError> {
        if self.others_go_on(verdict) { Ok(()) } else { Err(STOPPED) }
    }

    /// The others get some turns; whether the process is still the same after that.
    pub fn others_go_on(&mut self, verdict: &mut Verdict) -> bool {
        let recoveries = self.totals.recoveries;
        for _ in 0..self.rng.below(TURNS_BETWEEN) {
            *verdict = self.turn();
            if verdict.is_err() || self.totals.recoveries != recoveries {
                return false;
            }
        }
        true
    }

    /// Whether something is wrong with the disk that makes what lies beside the journal fail too.
    pub fn is_troubled(&self) -> bool {
        let faults = self.disk.faults();
        self.process.is_dead()
            || self.disk.has_crashed()
            || self.disk.counters().failed_operations > self.past.failures
            || faults.read_error_ppm > 0
            || faults.capacity_bytes.is_some()
    }

    pub fn before(&self) -> Before {
        Before {
            troubles: self.totals.troubles,
            failures_of_store: self.store.failures(),
            was_troubled: self.is_troubled(),
        }
    }

    /// What lies beside the journal fails only if the disk or the store does.
    pub fn excused(&self, before: Before, what: &str, error: &str) -> Verdict {
        let is_excused = before.was_troubled
            || self.is_troubled()
            || self.totals.troubles > before.troubles
            || self.store.failures() > before.failures_of_store;
        require(is_excused, Invariant::ArchiveApart, || format!("{what}: {error}"))
    }

    /// Something could not be read. That is right if it is in the archive, and the archive is out of reach.
    pub fn unread(&self, unread: &Unread) -> Verdict {
        let Unread { what, may_be_archived } = unread;
        let is_away = Remote::is_of_line(what) && self.store.line() != Line::Good;
        let is_excused = self.is_troubled() || *may_be_archived && is_away;
        require(is_excused, Invariant::ArchiveApart, || what.clone())
    }

    /// The place of the archive, if there is one.
    pub fn archive_place(&self) -> Option<ArchivePlace> {
        let keeps = self.profile.keep_segments.is_some();
        let place = || ArchivePlace { name: Remote::NAME.to_owned(), place: self.store.place() };
        keeps.then(place)
    }

    /// The whole journal as the marker on the disk describes it, for whoever looks on: the line does not count.
    pub fn whole_journal(&self) -> Result<Archive<ProcessDisk<SimDisk>>, OpenError> {
        let places = places();
        let marker = Marker::load(&self.process, &places.partition)?;
        let options = ArchiveOptions {
            partition: 0,
            partition_dir: places.partition,
            journal: places.journal,
            fetched: places.fetched,
            fetched_segments_max: 1,
            place: Some(ArchivePlace { name: Remote::NAME.to_owned(), place: self.store.eye() }),
        };
        Ok(Archive::new(&self.process, options, marker.as_ref()))
    }
}
