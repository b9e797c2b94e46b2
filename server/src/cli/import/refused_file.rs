//! The rows that were refused, as a file that can be mended and imported.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use florin_client::TransferId;
use tempfile::NamedTempFile;

use super::file::{REFUSED_ID, REFUSED_WHY, folder_of};
use crate::cli::failure::Failure;

/// Takes the place of what stood at its path when it is finished, and not before.
pub(super) struct RefusedFile {
    writer: csv::Writer<BufWriter<NamedTempFile>>,
    path: PathBuf,
    /// Columns of the imported file that are written again.
    kept: Vec<usize>,
    /// Whether rows have ids, which refusals use up.
    has_ids: bool,
    /// Where the imported file says what was refused before.
    refused_before: Option<usize>,
}

/// A row that was refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct RefusedRow<'a> {
    pub line: u64,
    pub cells: &'a StringRecord,
    pub reason: &'a str,
    pub detail: &'a str,
    /// The id that the refusal has used up.
    pub used_up: Option<u128>,
}

impl RefusedFile {
    /// A file with the columns of the imported one, and those that say why. `has_ids` adds the one of used up ids.
    pub fn create(
        path: &Path,
        header: &StringRecord,
        delimiter: u8,
        has_ids: bool,
    ) -> Result<Self, Failure> {
        let unwritable = |error: &dyn std::fmt::Display| unwritable(path, error);
        // Only a file is replaced by renaming.
        if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(unwritable(&"it is not a file"));
        }
        let file = NamedTempFile::new_in(folder_of(path)).map_err(|error| unwritable(&error))?;
        let writer =
            csv::WriterBuilder::new().delimiter(delimiter).from_writer(BufWriter::new(file));
        let is_named = |name: &str, column: &str| column.trim().eq_ignore_ascii_case(name);
        let is_ours = |column: &str| {
            is_named(REFUSED_ID, column) || REFUSED_WHY.iter().any(|name| is_named(name, column))
        };
        let kept = (0..header.len()).filter(|&place| !is_ours(&header[place])).collect();
        let refused_before = header.iter().position(|column| is_named(REFUSED_ID, column));
        let mut file = Self { writer, path: path.to_owned(), kept, has_ids, refused_before };
        let id_name = has_ids.then_some(REFUSED_ID);
        let names: Vec<&str> = file.kept.iter().map(|&place| &header[place]).collect();
        let names = names.into_iter().chain(id_name).chain(REFUSED_WHY);
        file.writer.write_record(names).map_err(|error| unwritable(&error))?;
        Ok(file)
    }

    pub fn write(&mut self, row: RefusedRow<'_>) -> Result<(), Failure> {
        let id = self.has_ids.then(|| {
            if let Some(id) = row.used_up {
                return TransferId(id).to_string();
            }
            // Nothing was used up now, so what was used up before still says how to go on.
            let before = self.refused_before.and_then(|place| row.cells.get(place));
            before.unwrap_or_default().to_owned()
        });
        let line = row.line.to_string();
        let kept = self.kept.iter().map(|&place| row.cells.get(place).unwrap_or_default());
        let cells = kept.chain(id.as_deref()).chain([line.as_str(), row.reason, row.detail]);
        self.writer.write_record(cells).map_err(|error| unwritable(&self.path, &error))
    }

    /// Puts it in its place.
    pub fn finish(self) -> Result<(), Failure> {
        let Self { writer, path, .. } = self;
        let written = writer.into_inner().map_err(|error| io::Error::other(error.to_string()));
        let file =
            written.and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error));
        let placed = file.and_then(|file| file.persist(&path).map_err(|error| error.error));
        placed.map(drop).map_err(|error| unwritable(&path, &error))
    }
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    let message = format!("cannot write {}: {error}", path.display());
    Failure::no_answer("FILE_UNWRITABLE", &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(header: &str, cells: &str, has_ids: bool, used_up: Option<u128>) -> String {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("refused.csv");
        let header = header.split(',').collect();
        let cells: StringRecord = cells.split(',').collect();
        let mut file = RefusedFile::create(&path, &header, b',', has_ids).expect("created");
        let row = RefusedRow { line: 7, cells: &cells, reason: "WHY", detail: "a, b", used_up };
        file.write(row).expect("written");
        assert!(!path.exists(), "not before it is finished");
        file.finish().expect("finished");
        std::fs::read_to_string(path).expect("there")
    }

    #[test]
    fn the_same_columns_and_why() {
        let id = "0000000000000000000000000000000a";
        for (header, cells, has_ids, used_up, expected) in [
            (
                "a,b",
                "1,2",
                false,
                None,
                "a,b,refused_line,refused_reason,refused_detail\n1,2,7,WHY,\"a, b\"\n".to_owned(),
            ),
            (
                "a,b",
                "1,2",
                true,
                Some(10),
                format!(
                    "a,b,refused_id,refused_line,refused_reason,refused_detail\n1,2,{id},7,WHY,\"a, b\"\n"
                ),
            ),
            (
                "refused_line,a,refused_id,Refused_Reason,refused_detail",
                "3,1,old,x,y",
                true,
                Some(10),
                format!(
                    "a,refused_id,refused_line,refused_reason,refused_detail\n1,{id},7,WHY,\"a, b\"\n"
                ),
            ),
            (
                "a,refused_id",
                "1,old",
                true,
                None,
                "a,refused_id,refused_line,refused_reason,refused_detail\n1,old,7,WHY,\"a, b\"\n"
                    .to_owned(),
            ),
        ] {
            assert_eq!(written(header, cells, has_ids, used_up), expected, "{header} {cells}");
        }
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let dir = tempfile::tempdir().expect("a directory");
        for path in
            [dir.path().to_owned(), dir.path().join("none").join("x.csv"), "/dev/null".into()]
        {
            let created = RefusedFile::create(&path, &StringRecord::new(), b',', false);
            let failure = created.err().expect("not a place for a file");
            assert_eq!(failure.reason, "FILE_UNWRITABLE", "{}", path.display());
        }
    }
}
