//! The `load` stage: a pool of readers that fetch records from the journal, so that the partition never
//! waits for a disk.

use std::collections::BTreeSet;

use florin_engine::{Body, Event, Originals};
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
    let mut records = Originals::new();
    let with_group_heads = matches!(parked.stage, Stage::Find(_));
    // Ascending, so that neighbours come from one piece of the file.
    for sequence in parked.needs.iter().copied().collect::<BTreeSet<_>>() {
        let event = reader.read(sequence)?;
        if let Some(head) = group_head(&event).filter(|_| with_group_heads)
            && !records.contains_key(&head)
        {
            records.insert(head, reader.read(head)?);
        }
        records.insert(sequence, event);
    }
    Ok(records)
}

/// Where the first member of its group stands: the group's id is kept there.
fn group_head(event: &Event) -> Option<u64> {
    match &event.body {
        Body::TransferPosted(posted) if posted.group.len > 0 => {
            Some(event.sequence - u64::from(posted.group.index))
        }
        _ => None,
    }
}
