//! The bytes of a CSV file on their way to its reader: where records begin, and whether their quotes close.
//!
//! The reader of the `csv` crate is lenient. A quote that is never closed swallows the rest of the file into one field,
//! without a word. So the bytes are watched here as they pass, by the same rules as there: a record ends with a line
//! break outside of quotes, empty lines are none, a quote that does not begin a field is text.

use std::collections::VecDeque;
use std::io::{self, Read};

/// Longest record, bytes. Far above what a row can carry: what is longer is a quote that was not closed.
pub(super) const RECORD_BYTES_MAX: u64 = 1 << 20;

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// Where a record begins, and what is wrong with its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// Line of its first byte, from 1 on.
    pub line: u64,
    pub fault: Option<QuoteFault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteFault {
    /// The file ends within quotes.
    Unclosed,
    /// Text follows the quote that closes a field.
    TextAfterQuote,
}

/// A record that is longer than [`RECORD_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record that begins on line {line} is longer than {RECORD_BYTES_MAX} bytes")]
pub(super) struct RecordTooLong {
    pub line: u64,
    pub in_quotes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    RecordStart,
    FieldStart,
    Unquoted,
    Quoted,
    /// After a quote within quotes: it closes them, or it is the first half of a quote that is meant.
    QuoteInQuoted,
}

/// Passes bytes on and watches them. A byte order mark is taken off.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: R,
    delimiter: u8,
    state: State,
    line: u64,
    after_cr: bool,
    record_bytes: u64,
    /// Of the records that were read ahead.
    starts: VecDeque<Start>,
    bytes: u64,
}

impl<R: Read> Lines<R> {
    pub fn new(
        mut source: R,
        delimiter: u8,
    ) -> io::Result<Lines<io::Chain<io::Cursor<Vec<u8>>, R>>> {
        let mut head = Vec::new();
        source.by_ref().take(UTF8_BOM.len() as u64).read_to_end(&mut head)?;
        if head == UTF8_BOM {
            head.clear();
        }
        Ok(Lines {
            source: io::Cursor::new(head).chain(source),
            delimiter,
            state: State::RecordStart,
            line: 1,
            after_cr: false,
            record_bytes: 0,
            starts: VecDeque::new(),
            bytes: 0,
        })
    }
}

impl<R> Lines<R> {
    /// Where the record begins that the reader has just given. Asked once for each.
    pub fn next_start(&mut self) -> Start {
        // There is one for each record of the reader: both go by the same rules.
        self.starts.pop_front().unwrap_or(Start { line: self.line, fault: None })
    }

    /// Bytes that have passed.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn watch(&mut self, byte: u8) -> Result<(), RecordTooLong> {
        let is_break = byte == b'\n' || byte == b'\r';
        let is_second_half = byte == b'\n' && self.after_cr;
        self.after_cr = byte == b'\r';
        self.state = match self.state {
            State::RecordStart if is_break => State::RecordStart,
            State::RecordStart => {
                self.starts.push_back(Start { line: self.line, fault: None });
                self.record_bytes = 0;
                self.after(byte, State::FieldStart)
            }
            State::Quoted if byte == b'"' => State::QuoteInQuoted,
            State::Quoted => State::Quoted,
            State::QuoteInQuoted if byte == b'"' => State::Quoted,
            State::QuoteInQuoted => {
                let next = self.after(byte, State::Unquoted);
                if next == State::Unquoted {
                    self.fault(QuoteFault::TextAfterQuote);
                }
                next
            }
            state @ (State::FieldStart | State::Unquoted) => self.after(byte, state),
        };
        if is_break && !is_second_half {
            self.line += 1;
        }
        self.record_bytes += 1;
        if self.record_bytes > RECORD_BYTES_MAX && self.state != State::RecordStart {
            let line = self.starts.back().map_or(self.line, |start| start.line);
            return Err(RecordTooLong { line, in_quotes: self.state == State::Quoted });
        }
        Ok(())
    }

    /// The state after a byte outside of quotes.
    fn after(&self, byte: u8, state: State) -> State {
        match byte {
            b'\n' | b'\r' => State::RecordStart,
            b'"' if state == State::FieldStart => State::Quoted,
            byte if byte == self.delimiter => State::FieldStart,
            _ => State::Unquoted,
        }
    }

    fn fault(&mut self, fault: QuoteFault) {
        if let Some(start) = self.starts.back_mut() {
            start.fault.get_or_insert(fault);
        }
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        for &byte in &buffer[..count] {
            self.watch(byte)
                .map_err(|too_long| io::Error::new(io::ErrorKind::InvalidData, too_long))?;
        }
        self.bytes += count as u64;
        if count == 0 && !buffer.is_empty() && self.state == State::Quoted {
            self.fault(QuoteFault::Unclosed);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of the `csv` crate, each with where it begins.
    fn records(bytes: &[u8]) -> Vec<(Start, Vec<String>)> {
        let lines = Lines::new(bytes, b',').expect("read");
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(lines);
        let mut record = csv::ByteRecord::new();
        let mut records = Vec::new();
        while reader.read_byte_record(&mut record).expect("read") {
            let start = reader.get_mut().next_start();
            let text = |field| String::from_utf8_lossy(field).into_owned();
            records.push((start, record.iter().map(text).collect()));
        }
        assert_eq!(reader.get_ref().starts.len(), 0, "one start a record: {bytes:?}");
        records
    }

    #[test]
    fn where_records_begin() {
        for (text, lines) in [
            ("", vec![]),
            ("\n\r\n\n", vec![]),
            ("a", vec![1]),
            ("a\nb\n", vec![1, 2]),
            ("a\r\nb\r\nc", vec![1, 2, 3]),
            ("a\rb\rc\r", vec![1, 2, 3]),
            ("\n\na\n\n\nb", vec![3, 6]),
            ("\r\n\r\na\r\n\r\nb\r\n", vec![3, 5]),
            ("a,\"1\n2\n3\"\nb", vec![1, 4]),
            ("a,\"1\r\n2\r\n\"\r\nb", vec![1, 4]),
            ("\"\n\",x\n\"\"\"\n\"\nb", vec![1, 3, 5]),
            ("5\" pipe\nb", vec![1, 2]),
            ("\u{feff}a\nb", vec![1, 2]),
        ] {
            let found: Vec<u64> =
                records(text.as_bytes()).iter().map(|(start, _)| start.line).collect();
            assert_eq!(found, lines, "{text:?}");
        }
        assert_eq!(records(b"\xef\xbb\xbf\"a\"")[0].1, ["a"], "no mark in the first field");
        assert_eq!(records(b"\xef\xbb")[0].1.len(), 1, "half a mark is text");
    }

    #[test]
    fn quotes_that_do_not_fit() {
        use QuoteFault::{TextAfterQuote, Unclosed};
        for (text, faults) in [
            ("\"a\"\n", vec![None]),
            ("\"a\"\"\"\n", vec![None]),
            ("\"a\"", vec![None]),
            ("a\"b\n", vec![None]),
            ("a\n\"b\n", vec![None, Some(Unclosed)]),
            ("a\nx,\"b\nc\nd", vec![None, Some(Unclosed)]),
            ("\"a\"b\nc", vec![Some(TextAfterQuote), None]),
            ("\"a\" ,c\n", vec![Some(TextAfterQuote)]),
            ("\"a\"b,\"c\n", vec![Some(TextAfterQuote)]),
        ] {
            let found: Vec<_> =
                records(text.as_bytes()).iter().map(|(start, _)| start.fault).collect();
            assert_eq!(found, faults, "{text:?}");
        }
    }

    /// Whatever the bytes are, both sides see the same records: `records` asserts that.
    #[test]
    fn the_same_records_as_the_reader() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            let mut bytes = Vec::new();
            for _ in 0..12 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                bytes.push(b"a\",\n\r\xef\xbb\xbf"[usize::try_from(random % 8).expect("small")]);
            }
            let found = records(&bytes);
            // A twin for the lines: the first bytes of records, counted from the text itself.
            for (start, _) in &found {
                let breaks_before = |end: usize| {
                    let text = String::from_utf8_lossy(&bytes[..end]).replace("\r\n", "\n");
                    text.matches(['\n', '\r']).count() as u64
                };
                assert!(start.line <= breaks_before(bytes.len()) + 1, "{bytes:?}");
            }
            assert!(found.is_sorted_by(|a, b| a.0.line < b.0.line), "{bytes:?}: {found:?}");
        }
    }

    #[test]
    fn a_record_without_an_end_is_not_read_to_its_end() {
        let mut text = b"a,b\nc,\"".to_vec();
        text.resize(text.len() + 3 * (1 << 20), b'x');
        let lines = Lines::new(&text[..], b',').expect("read");
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(lines);
        let error = reader.byte_records().find_map(Result::err).expect("too long");
        let csv::ErrorKind::Io(error) = error.into_kind() else { panic!("of reading") };
        let found = error.get_ref().and_then(|error| error.downcast_ref::<RecordTooLong>());
        assert_eq!(found, Some(&RecordTooLong { line: 2, in_quotes: true }));
    }
}
