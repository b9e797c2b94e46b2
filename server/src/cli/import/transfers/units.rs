//! What is sent together: independent rows up to a number, or a group.

use std::fs::File;

use florin_client::GroupId;

use super::rows::{TransferRow, TransferRows};
use crate::cli::failure::Failure;
use crate::cli::import::args::unreadable;
use crate::cli::import::file::Source;
use crate::cli::import::{FILLED_BYTES_MAX, ids};

/// Rows that are sent together, in the order of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Each on its own.
    Batch(Vec<TransferRow>),
    /// All or nothing.
    Group(Group),
}

/// Rows that are all applied, or none of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub id: GroupId,
    pub rows: Vec<TransferRow>,
}

impl Group {
    /// Gives a group its id, and its rows theirs if they are tried again and bring none.
    fn new(import: &str, mut rows: Vec<TransferRow>, has_ids: bool) -> Self {
        if let Some(refused) = rows.first().and_then(|row| row.refused) {
            let id = GroupId(ids::after_refusal(refused));
            if !has_ids {
                for (index, row) in rows.iter_mut().enumerate() {
                    row.id = ids::of_member(id, index);
                }
            }
            return Self { id, rows };
        }
        let label = rows.first().and_then(|row| row.group.as_deref()).unwrap_or_default();
        let members = rows.iter().map(|row| (row.id, row.content));
        Self { id: ids::of_group(import, label, members), rows }
    }
}

/// Reads a file that was checked, unit by unit.
pub(super) struct Units<'a> {
    rows: TransferRows<File>,
    source: &'a Source,
    import: &'a str,
    batch_rows: usize,
    /// Read already, and part of the next unit.
    held: Option<TransferRow>,
}

impl<'a> Units<'a> {
    pub fn new(
        rows: TransferRows<File>,
        source: &'a Source,
        import: &'a str,
        batch_rows: usize,
    ) -> Self {
        Self { rows, source, import, batch_rows, held: None }
    }

    pub fn next(&mut self) -> Result<Option<Unit>, Failure> {
        let Some(first) = self.row()? else { return Ok(None) };
        let group = first.group.clone();
        let mut bytes = first.wire_bytes();
        let mut rows = vec![first];
        while let Some(row) = self.row()? {
            bytes += row.wire_bytes();
            let is_full =
                group.is_none() && (rows.len() >= self.batch_rows || bytes > FILLED_BYTES_MAX);
            if row.group != group || is_full {
                self.held = Some(row);
                break;
            }
            rows.push(row);
        }
        Ok(Some(match group {
            None => Unit::Batch(rows),
            Some(_) => Unit::Group(Group::new(self.import, rows, self.rows.has_ids())),
        }))
    }

    fn row(&mut self) -> Result<Option<TransferRow>, Failure> {
        if let Some(row) = self.held.take() {
            return Ok(Some(row));
        }
        match self.rows.next().map_err(|error| unreadable(self.source, &error))? {
            None => {
                self.source.check_unchanged()?;
                Ok(None)
            }
            Some(Ok(row)) => Ok(Some(row)),
            // It was right when it was checked.
            Some(Err(_)) => Err(self.source.changed()),
        }
    }
}
