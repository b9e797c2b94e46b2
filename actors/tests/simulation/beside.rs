//! The threads beside those that pay: the one that seals, and the one that takes snapshots.

use std::fmt;

use florin_actors::seal::{SealFault, Sealed, Sealer};
use florin_actors::snapshots::GENERATIONS;
use florin_engine::{Ledger, Sequence};
use florin_persistence::archive::Archive;
use florin_persistence::snapshot::{
    Draft, FileStore, SnapshotError, SnapshotIdentity, SnapshotStore, Taking,
};
use florin_persistence::{Disk, IdRuns, IdsError};

pub struct Beside<D: Disk> {
    sealer: Sealer<D>,
    store: Option<FileStore<D>>,
    identity: SnapshotIdentity,
    under_way: UnderWay,
    may_seal: bool,
    /// The last event that the head of the last snapshot has seen.
    head: Sequence,
}

enum UnderWay {
    Nothing,
    Pieces(Box<Taking>),
    Whole(Draft),
}

/// What the sealing thread has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    Done(Sealed),
    /// The disk did not let it.
    Failed,
}

/// What the snapshot thread has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshotting {
    /// A piece, or the beginning.
    Piece,
    /// The journal is not durable through what was copied.
    Waits,
    Published(u64),
    /// The disk did not let it, or the folder could not be opened.
    Failed,
}

impl fmt::Display for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl<D: Disk> Beside<D> {
    pub const fn new(
        sealer: Sealer<D>,
        store: Option<FileStore<D>>,
        identity: SnapshotIdentity,
    ) -> Self {
        Self { sealer, store, identity, under_way: UnderWay::Nothing, may_seal: true, head: 0 }
    }

    pub const fn ids(&self) -> &IdRuns<D> {
        self.sealer.ids()
    }

    pub const fn archive(&self) -> &Archive<D> {
        self.sealer.archive()
    }

    pub const fn identity(&self) -> SnapshotIdentity {
        self.identity
    }

    /// The last event that the head of the last snapshot has seen.
    pub const fn head(&self) -> Sequence {
        self.head
    }

    pub const fn may_seal(&self) -> bool {
        self.may_seal
    }

    /// A segment has been sealed.
    pub const fn look(&mut self) {
        self.may_seal = true;
    }

    pub fn step_sealing(&mut self) -> Result<Sealing, IdsError> {
        match self.sealer.step() {
            Ok(sealed) => {
                self.may_seal = sealed != Sealed::Nothing;
                Ok(Sealing::Done(sealed))
            }
            Err(SealFault::Ids(error @ (IdsError::Failed { .. } | IdsError::Poisoned))) => {
                Err(error)
            }
            Err(SealFault::Ids(IdsError::UsedTwice { .. } | IdsError::Invalid { .. })) => {
                panic!("ids that cannot be")
            }
            Err(_) => Ok(Sealing::Failed),
        }
    }

    pub fn step_snapshot(
        &mut self,
        ledger: &Ledger,
        durable_through: Sequence,
        now_ns: u64,
    ) -> Snapshotting {
        let Some(store) = &mut self.store else { return Snapshotting::Failed };
        if matches!(self.under_way, UnderWay::Nothing) {
            self.head = ledger.last_sequence();
        }
        let under_way = std::mem::replace(&mut self.under_way, UnderWay::Nothing);
        let stepped = step(store, self.identity, under_way, ledger, durable_through, now_ns);
        if let Ok((under_way, done)) = stepped {
            self.under_way = under_way;
            return done;
        }
        // What cannot even be abandoned is dropped at the next opening.
        let _ = store.abandon();
        Snapshotting::Failed
    }
}

fn step(
    store: &mut dyn SnapshotStore,
    identity: SnapshotIdentity,
    under_way: UnderWay,
    ledger: &Ledger,
    durable_through: Sequence,
    now_ns: u64,
) -> Result<(UnderWay, Snapshotting), SnapshotError> {
    match under_way {
        UnderWay::Nothing => {
            let generation = store.next_generation()?;
            let taking = Taking::begin(store, generation, identity, &ledger.head(), now_ns)?;
            Ok((UnderWay::Pieces(Box::new(taking)), Snapshotting::Piece))
        }
        UnderWay::Pieces(mut taking) => match taking.next() {
            Some(piece) => {
                taking.put(store, &piece.copy(ledger))?;
                Ok((UnderWay::Pieces(taking), Snapshotting::Piece))
            }
            None => Ok((UnderWay::Whole(taking.finish()?), Snapshotting::Piece)),
        },
        UnderWay::Whole(draft) if draft.seen_through() > durable_through => {
            Ok((UnderWay::Whole(draft), Snapshotting::Waits))
        }
        UnderWay::Whole(draft) => {
            let manifest = draft.publish(store, durable_through)?;
            store.prune(GENERATIONS)?;
            Ok((UnderWay::Nothing, Snapshotting::Published(manifest.generation())))
        }
    }
}
