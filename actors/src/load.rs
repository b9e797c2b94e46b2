//! The `load` stage: a pool of readers that fetch records from the journal, so that the partition never
//! waits for a disk.

use std::collections::BTreeSet;

use florin_engine::{Event, Originals, Sequence};
use florin_persistence::{Disk, JournalReader, ReadError};

use crate::partition::{Parked, Stage};

/// A parked request with the records that it needs.
#[derive(Debug)]
pub struct Loaded<P> {
    /// The request.
    pub parked: Parked<P>,
    /// The records, or why they could not be read.
    pub records: Result<Originals, String>,
}

/// Reads what a parked request needs.
pub fn load<P, D: Disk>(reader: &JournalReader<D>, parked: Parked<P>) -> Loaded<P> {
    let records = read(reader, &parked).map_err(|error| error.to_string());
    Loaded { parked, records }
}

fn read<P, D: Disk>(reader: &JournalReader<D>, parked: &Parked<P>) -> Result<Originals, ReadError> {
    let mut records = read_all(reader, parked.needs.iter().copied().collect())?;
    if matches!(parked.stage, Stage::Find(_)) {
        let heads = records.values().filter_map(group_head);
        let missing = heads.filter(|head| !records.contains_key(head)).collect();
        records.extend(read_all(reader, missing)?);
    }
    Ok(records)
}

fn read_all<D: Disk>(
    reader: &JournalReader<D>,
    sequences: BTreeSet<Sequence>,
) -> Result<Originals, ReadError> {
    let sequences: Vec<Sequence> = sequences.into_iter().collect();
    Ok(sequences.iter().copied().zip(reader.read_many(&sequences)?).collect())
}

/// Where the first member of its group stands: the group's id is kept there.
pub fn group_head(event: &Event) -> Option<Sequence> {
    let place = event.group();
    (place.len > 0).then(|| event.sequence - u64::from(place.index))
}
