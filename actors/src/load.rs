//! The `load` stage: a pool of readers that look up old ids and fetch records from the journal, so that the partition never
//! waits for a disk.

use std::collections::{BTreeSet, HashMap};

use florin_engine::{Event, Past, Sequence, TransferBatch};
use florin_persistence::{Disk, IdKey, IdKind, JournalReader, ReadError, ids_of};

use crate::command::Command;
use crate::partition::{Parked, Stage};
use crate::sealed_ids::LookedUp;

/// Events of the journal, by position.
pub type Records = HashMap<Sequence, Event>;

/// What was found for a parked request.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Records that it needs.
    pub records: Records,
    /// Ids that it needs.
    pub ids: LookedUp,
}

/// A parked request with what it needs.
#[derive(Debug)]
pub struct Loaded<P> {
    /// The request.
    pub parked: Parked<P>,
    /// What it needs, or why that could not be read.
    pub found: Result<Found, String>,
}

/// Where ids of sealed segments are looked up.
pub trait IdReader: Clone + Send + 'static {
    /// Looks ids up.
    ///
    /// # Errors
    /// The disk could not be read, or what it holds is damaged.
    fn look_up(&self, keys: &[IdKey]) -> Result<LookedUp, ReadError>;
}

/// There are none: nothing was sealed.
impl IdReader for () {
    fn look_up(&self, keys: &[IdKey]) -> Result<LookedUp, ReadError> {
        Ok(LookedUp { through: 0, ids: keys.iter().map(|key| (*key, None)).collect() })
    }
}

/// Reads what a parked request needs.
pub fn load<P, D: Disk>(
    reader: &JournalReader<D>,
    ids: &impl IdReader,
    parked: Parked<P>,
) -> Loaded<P> {
    let found = read(reader, ids, &parked, 0).map_err(|stop| match stop {
        Stop::Unreadable(error) => error.to_string(),
        Stop::Archived => UNREACHED.to_owned(),
    });
    loaded(parked, found)
}

/// As [`load`], where nothing that was archived is needed.
///
/// # Errors
/// Something is. Nobody who reads from here is to wait for the archive: whoever reads from there gets the request.
pub fn load_here<P, D: Disk>(
    reader: &JournalReader<D>,
    ids: &impl IdReader,
    parked: Parked<P>,
) -> Result<Loaded<P>, Box<Parked<P>>> {
    match read(reader, ids, &parked, reader.archived_through()) {
        Ok(found) => Ok(loaded(parked, Ok(found))),
        Err(Stop::Unreadable(error)) => Ok(loaded(parked, Err(error.to_string()))),
        Err(Stop::Archived) => Err(Box::new(parked)),
    }
}

/// More requests wait for the archive than are kept.
pub fn refuse<P>(parked: Parked<P>) -> Loaded<P> {
    loaded(parked, Err(BUSY.to_owned()))
}

fn loaded<P>(parked: Parked<P>, found: Result<Found, String>) -> Loaded<P> {
    let found =
        found.and_then(|found| if found.fits() { Ok(found) } else { Err(ELSEWHERE.into()) });
    Loaded { parked, found }
}

/// Why it was not read.
enum Stop {
    Unreadable(ReadError),
    /// It is in the archive, and that is not to be read.
    Archived,
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error)
    }
}

const BUSY: &str =
    "it is in the archive, and too many wait for that: send the same again in a moment";
const UNREACHED: &str = "it is in the archive, and was not looked for there";

const ELSEWHERE: &str = "the index of ids names an event that has not used up the id";

fn read<P, D: Disk>(
    reader: &JournalReader<D>,
    ids: &impl IdReader,
    parked: &Parked<P>,
    left_out_through: Sequence,
) -> Result<Found, Stop> {
    let ids = match parked.ids.as_slice() {
        [] => LookedUp::default(),
        keys => ids.look_up(keys)?,
    };
    let first_answers = ids.ids.values().copied().flatten();
    let needed = parked.needs.iter().copied().chain(first_answers).collect();
    let mut records = read_all(reader, needed, left_out_through)?;
    if matches!(parked.stage, Stage::Find(_)) {
        let heads = records.values().filter_map(group_head);
        let missing = heads.filter(|head| !records.contains_key(head)).collect();
        records.extend(read_all(reader, missing, left_out_through)?);
    }
    Ok(Found { records, ids })
}

fn read_all<D: Disk>(
    reader: &JournalReader<D>,
    sequences: BTreeSet<Sequence>,
    left_out_through: Sequence,
) -> Result<Records, Stop> {
    if sequences.first().is_some_and(|first| *first <= left_out_through) {
        return Err(Stop::Archived);
    }
    let sequences: Vec<Sequence> = sequences.into_iter().collect();
    Ok(sequences.iter().copied().zip(reader.read_many(&sequences)?).collect())
}

impl Found {
    /// Whether the records are of the ids that led to them.
    fn fits(&self) -> bool {
        self.ids.ids.iter().all(|(key, sequence)| {
            let record = sequence.and_then(|sequence| self.records.get(&sequence));
            sequence.is_none()
                || record.is_some_and(|event| ids_of(event).any(|entry| entry.key == *key))
        })
    }

    /// As the rules take it.
    pub(crate) fn past(self, command: &Command) -> (Past, LookedUp) {
        let Self { records, ids } = self;
        let Command::Transfers(TransferBatch { tenant, group, transfers, .. }) = command else {
            return (Past::new(), ids);
        };
        let mut past = Past::new();
        let first = |kind, id| {
            let key = IdKey { id, tenant: *tenant, kind };
            records.get(&(*ids.ids.get(&key)?)?).cloned()
        };
        if ids.ids.values().any(Option::is_some) {
            let reversed = transfers.iter().filter_map(florin_engine::Transfer::reverses);
            let named = transfers.iter().map(|transfer| transfer.id).chain(reversed);
            let answers = named.filter_map(|id| Some((id, first(IdKind::Transfer, id)?)));
            past.first_answers = answers.collect();
            past.group = group.and_then(|key| first(IdKind::Group, key.id));
        }
        past.originals = records.into_iter().collect();
        (past, ids)
    }
}

/// Where the first member of its group stands: the group's id is kept there.
pub fn group_head(event: &Event) -> Option<Sequence> {
    let place = event.group();
    (place.len > 0).then(|| event.sequence - u64::from(place.index))
}
