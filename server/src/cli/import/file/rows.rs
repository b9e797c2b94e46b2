//! The rows of a CSV file, each with the line on which it begins.

use std::fs::File;
use std::io::{self, Cursor, Read};

use csv::{ByteRecord, StringRecord};

use super::Finding;
use super::lines::{Lines, QuoteFault, RECORD_BYTES_MAX, RecordTooLong, Start};

/// A row: as many cells as the header has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::import) struct Row {
    pub line: u64,
    pub cells: StringRecord,
}

/// Reads a file row by row, in memory that does not depend on its length.
pub(in crate::cli::import) struct Rows<R = File> {
    reader: csv::Reader<Lines<io::Chain<Cursor<Vec<u8>>, R>>>,
    record: ByteRecord,
    header: StringRecord,
    header_line: u64,
    /// Nothing that follows could be understood.
    ended: bool,
}

impl<R: Read> Rows<R> {
    /// Reads the header.
    pub fn open(source: R, delimiter: u8) -> io::Result<Result<Self, Finding>> {
        let mut rows = Self {
            reader: csv::ReaderBuilder::new()
                .delimiter(delimiter)
                .has_headers(false)
                .flexible(true)
                .from_reader(Lines::new(source, delimiter)?),
            record: ByteRecord::new(),
            header: StringRecord::new(),
            header_line: 1,
            ended: false,
        };
        let header = match rows.read()? {
            None => {
                let message = "the file is empty: its first line has to name the columns";
                return Ok(Err(Finding::of_record(1, "FILE_EMPTY", message)));
            }
            Some(read) => read.and_then(|start| rows.text(start.line)),
        };
        Ok(header.map_err(|finding| rows.hinted(finding)).map(|header| {
            rows.header = header.cells;
            rows.header_line = header.line;
            rows
        }))
    }

    pub fn header(&self) -> &StringRecord {
        &self.header
    }

    /// Line on which the header begins.
    pub fn header_line(&self) -> u64 {
        self.header_line
    }

    /// The next row, or what is wrong with it; `None` after the last.
    pub fn next(&mut self) -> io::Result<Option<Result<Row, Finding>>> {
        Ok(self.read()?.map(|read| {
            let start = read?;
            let (found, expected) = (self.record.len(), self.header.len());
            if found != expected {
                let fields = if found == 1 { "field" } else { "fields" };
                let message = format!("{found} {fields}, where the header has {expected}");
                return Err(Finding::of_record(start.line, "ROW_RAGGED", message));
            }
            self.text(start.line)
        }))
    }

    /// Bytes that were read until now.
    pub fn bytes(&self) -> u64 {
        self.reader.get_ref().bytes()
    }

    /// Reads a record. Where it begins, or what is wrong with it as a whole.
    fn read(&mut self) -> io::Result<Option<Result<Start, Finding>>> {
        if self.ended {
            return Ok(None);
        }
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let start = self.reader.get_mut().next_start();
                let finding = |reason, message| Finding::of_record(start.line, reason, message);
                Ok(Some(match start.fault {
                    None => Ok(start),
                    Some(QuoteFault::Unclosed) => Err(finding("QUOTE_UNCLOSED", UNCLOSED)),
                    Some(QuoteFault::TextAfterQuote) => Err(finding(
                        "QUOTE_MALFORMED",
                        "text after the quote that closes a field: within quotes a quote is written twice",
                    )),
                }))
            }
            Err(error) => {
                self.ended = true;
                let error = match error.into_kind() {
                    csv::ErrorKind::Io(error) => error,
                    kind => io::Error::other(format!("{kind:?}")),
                };
                let too_long = error.get_ref().and_then(|cause| cause.downcast_ref());
                let finding = match too_long {
                    Some(&RecordTooLong { line, in_quotes: true }) => {
                        Finding::of_record(line, "QUOTE_UNCLOSED", UNCLOSED)
                    }
                    Some(&RecordTooLong { line, in_quotes: false }) => {
                        let message = format!("the row is longer than {RECORD_BYTES_MAX} bytes");
                        Finding::of_record(line, "ROW_TOO_LONG", message)
                    }
                    None => return Err(error),
                };
                Ok(Some(Err(finding)))
            }
        }
    }

    /// The record as text.
    fn text(&self, line: u64) -> Result<Row, Finding> {
        StringRecord::from_byte_record(self.record.clone())
            .map(|cells| Row { line, cells })
            .map_err(|error| {
                let field = error.utf8_error().field();
                let found =
                    self.record.get(field).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                let column = match self.header.get(field) {
                    Some(name) => name.to_owned(),
                    None => format!("number {}", field + 1),
                };
                let message = "not UTF-8: save the file in that encoding";
                Finding {
                    column: Some(column),
                    found,
                    ..Finding::of_record(line, "NOT_UTF8", message)
                }
            })
    }

    /// Names an encoding that gives itself away.
    fn hinted(&self, finding: Finding) -> Finding {
        let is_utf16 = matches!(self.record.as_slice().get(..2), Some(b"\xff\xfe" | b"\xfe\xff"));
        if finding.reason == "NOT_UTF8" && is_utf16 {
            let message = "the file is UTF-16: save it as UTF-8";
            return Finding::of_record(finding.line, finding.reason, message);
        }
        finding
    }
}

const UNCLOSED: &str = "a quote is opened in this row and never closed";

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of a file, a line each.
    fn read(text: &[u8]) -> Vec<String> {
        let mut rows = match Rows::open(text, b',').expect("read") {
            Ok(rows) => rows,
            Err(finding) => return vec![format!("{} {}", finding.line, finding.reason)],
        };
        let mut read = Vec::new();
        while let Some(row) = rows.next().expect("read") {
            read.push(match row {
                Ok(row) => {
                    format!("{} {}", row.line, row.cells.iter().collect::<Vec<_>>().join("|"))
                }
                Err(Finding { line, column: None, reason, .. }) => format!("{line} {reason}"),
                Err(Finding { line, column: Some(column), reason, .. }) => {
                    format!("{line} {reason} {column}")
                }
            });
        }
        read
    }

    #[test]
    fn rows_and_what_is_wrong_with_them() {
        let long = format!("a,b\n{},2\n3,4\n", "x".repeat(2 << 20));
        let swallowed = format!("a,b\n1,2\n3,\"{}\n", "x,y\n".repeat(1 << 20));
        for (text, expected) in [
            (&b""[..], vec!["1 FILE_EMPTY"]),
            (b"\n\r\n", vec!["1 FILE_EMPTY"]),
            (b"\xef\xbb\xbf", vec!["1 FILE_EMPTY"]),
            (b"a,b", vec![]),
            (b"a,b\n1,2\n", vec!["2 1|2"]),
            (b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4", vec!["2 1|2", "4 3|4"]),
            (b"a,b\n\"1\n1\",\"2\"\"\"\n3,4\n", vec!["2 1\n1|2\"", "4 3|4"]),
            (b"a,b\n1\n1,2,3\n1,2\n", vec!["2 ROW_RAGGED", "3 ROW_RAGGED", "4 1|2"]),
            (b"a,b\n , \n", vec!["2  | "]),
            (b"a,b\n1,\xff\n1,2\n", vec!["2 NOT_UTF8 b", "3 1|2"]),
            (b"a,\xff\n1,2\n", vec!["1 NOT_UTF8"]),
            (b"\xff\xfea\0,\0b\0\n\0", vec!["1 NOT_UTF8"]),
            (b"a,b\n1,\"2\n3,4\n", vec!["2 QUOTE_UNCLOSED"]),
            (b"a,\"b\n1,2\n", vec!["1 QUOTE_UNCLOSED"]),
            (b"a,b\n\"1\"x,2\n3,4\n", vec!["2 QUOTE_MALFORMED", "3 3|4"]),
            (long.as_bytes(), vec!["2 ROW_TOO_LONG"]),
            (swallowed.as_bytes(), vec!["2 1|2", "3 QUOTE_UNCLOSED"]),
        ] {
            let shown = String::from_utf8_lossy(&text[..text.len().min(40)]);
            assert_eq!(read(text), expected, "{shown:?}");
        }
    }

    #[test]
    fn an_encoding_is_named() {
        let finding = Rows::open(&b"\xff\xfea\0"[..], b',').expect("read").err().expect("refused");
        assert_eq!(finding.message, "the file is UTF-16: save it as UTF-8");
    }
}
