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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::import::file::{Columns, DateFormat, Rows, Wishes};
    use crate::cli::import::known::Assets;
    use crate::cli::import::transfers::rows::{FIELDS, Terms};

    /// The units of a file.
    fn units(text: &str, batch_rows: usize) -> Vec<Unit> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("x.csv");
        std::fs::write(&path, text).expect("written");
        let source = Source::open(&path).expect("opens");
        let rows = Rows::open(source.rewind().expect("rewinds"), b',').expect("read");
        let rows = rows.expect("a header");
        let columns = Columns::find(rows.header(), 1, FIELDS, &Wishes::default()).expect("columns");
        let terms = Terms {
            import: "x".to_owned(),
            asset: Some("EUR".to_owned()),
            date_format: DateFormat::Iso,
        };
        let rows = TransferRows::new(rows, columns, terms, Assets::default()).expect("sound");
        let mut units = Units::new(rows, &source, "x", batch_rows);
        std::iter::from_fn(|| units.next().expect("a sound file")).collect()
    }

    fn lines(unit: &Unit) -> (char, Vec<u64>) {
        let (kind, rows) = match unit {
            Unit::Batch(rows) => ('b', rows),
            Unit::Group(group) => ('g', &group.rows),
        };
        (kind, rows.iter().map(|row| row.line).collect())
    }

    #[test]
    fn rows_go_together_in_the_order_of_the_file() {
        for (groups, batch_rows, expected) in [
            ("", 2, vec![]),
            ("-", 2, vec![('b', vec![2])]),
            ("-----", 2, vec![('b', vec![2, 3]), ('b', vec![4, 5]), ('b', vec![6])]),
            ("aab", 2, vec![('g', vec![2, 3]), ('g', vec![4])]),
            // A group is sent whole, however small batches are, and batches end before it.
            ("-aaa--", 2, vec![('b', vec![2]), ('g', vec![3, 4, 5]), ('b', vec![6, 7])]),
        ] {
            let rows =
                groups.chars().map(|c| format!("a,b,1,{}\n", if c == '-' { ' ' } else { c }));
            let rows = rows.collect::<String>().replace(", \n", ",\n");
            let found = units(&format!("from,to,amount,group\n{rows}"), batch_rows);
            assert_eq!(found.iter().map(lines).collect::<Vec<_>>(), expected, "{groups:?}");
        }
    }

    #[test]
    fn a_batch_fits_a_message() {
        let row = format!("a,b,1,{}\n", "x".repeat(4_000));
        let found = units(&format!("from,to,amount,metadata.m\n{}", row.repeat(2_000)), 8_190);
        let sizes: Vec<usize> = found.iter().map(|unit| lines(unit).1.len()).collect();
        assert_eq!(sizes, [992, 992, 16]);
    }

    #[test]
    fn a_group_that_is_tried_again_follows_from_its_refused_id() {
        let refused = "0000000000000000000000000000000a";
        let group = |text: &str| match units(text, 10).pop() {
            Some(Unit::Group(group)) => group,
            other => panic!("a group: {other:?}"),
        };
        let ids = |group: &Group| group.rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let id = GroupId(ids::after_refusal(10));
        let derived = group(&format!(
            "from,to,amount,group,refused_id\na,b,1,g,{refused}\na,b,1,g,{refused}\n"
        ));
        assert_eq!(
            (derived.id, ids(&derived)),
            (id, vec![ids::of_member(id, 0), ids::of_member(id, 1)])
        );
        let own = group(&format!(
            "id,from,to,amount,group,refused_id\n7,a,b,1,g,{refused}\n8,a,b,1,g,{refused}\n"
        ));
        assert_eq!((own.id, ids(&own)), (id, vec![7.into(), 8.into()]));
        // A group that was not refused has another id as soon as one of its rows says something else.
        let first = group("id,from,to,amount,group\n7,a,b,1,g\n");
        assert_ne!(first.id, group("id,from,to,amount,group\n7,a,b,2,g\n").id);
        assert_eq!(first.id, group("id,from,to,amount,group\n7,a,b,1.0,g\n").id);
    }
}
