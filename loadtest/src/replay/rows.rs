//! CSV files, packed or not, row by row, with the line in every complaint.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use csv::{ReaderBuilder, StringRecord};
use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;

/// All rows of a file; `.gz` is unpacked.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let rows = if path.extension().is_some_and(|extension| extension == "gz") {
        parse(MultiGzDecoder::new(BufReader::new(file)))
    } else {
        parse(file)
    };
    rows.with_context(|| format!("in {}", path.display()))
}

/// All rows of a text, whose first line names the columns.
pub fn parse<T: DeserializeOwned>(text: impl Read) -> Result<Vec<T>> {
    let mut reader = ReaderBuilder::new().from_reader(text);
    let headers = reader.headers().context("no header line")?.clone();
    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| at_line(&error))? {
        rows.push(record.deserialize(Some(&headers)).map_err(|error| at_line(&error))?);
    }
    Ok(rows)
}

fn at_line(error: &csv::Error) -> anyhow::Error {
    let line = error.position().map(csv::Position::line);
    let what = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields where the header has {expected_len}")
        }
        _ => return anyhow!("{error}"),
    };
    match line {
        Some(line) => anyhow!("line {line}: {what}"),
        None => anyhow!("{what}"),
    }
}

/// A date like `1993-01-31`, with or without a time behind it, as the number 19930131. Whether there
/// is such a day is the ledger's to say.
pub fn value_date(text: &str) -> Result<u32> {
    let date = text.get(..10).unwrap_or(text);
    let well_formed = date.len() == 10
        && date.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        })
        && text.as_bytes().get(10).is_none_or(|b| b" T".contains(b));
    if !well_formed {
        return Err(anyhow!("{text:?} is no date like 1993-01-31"));
    }
    Ok(date.replace('-', "").parse()?)
}

/// A folder of the shared data, or a message that a test is skipped for want of it.
#[cfg(test)]
pub fn shared_data(folder: &str) -> Option<std::path::PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: no data in {}", path.display());
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        id: u64,
        amount: i64,
        note: String,
    }

    #[test]
    fn complaints_name_the_line() {
        for (text, complaint) in [
            ("id,amount,note\n1,2,a\nx,2,b\n", "line 3: field 0: invalid digit"),
            ("id,amount,note\n1,2,a\n2,3\n", "line 3: 2 fields where the header has 3"),
            ("id,amount,note\n1,,a\n", "line 2: field 1: cannot parse integer"),
            ("id,note\n1,a\n", "line 2: missing field `amount`"),
        ] {
            let error = parse::<Row>(text.as_bytes()).expect_err(text);
            assert!(error.to_string().contains(complaint), "{error} for {text:?}");
        }
        let rows: Vec<Row> = parse("note,id,amount\n\"a, b\",1,-2\n".as_bytes()).expect("sound");
        let expected = Row { id: 1, amount: -2, note: "a, b".into() };
        assert_eq!(rows, [expected]);
    }

    #[test]
    fn packed_files_and_missing_ones() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("rows.csv.gz");
        let file = File::create(&path).expect("a file");
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        packed.write_all(b"id,amount,note\n7,8,z\n").expect("written");
        packed.finish().expect("finished");
        let rows: Vec<Row> = read(&path).expect("sound");
        assert_eq!(rows[0].id, 7);

        let missing = dir.path().join("absent.csv.gz");
        let error = read::<Row>(&missing).expect_err("absent");
        assert!(error.to_string().contains("absent.csv.gz"), "{error}");
    }

    #[test]
    fn dates() {
        for (text, date) in [
            ("1993-01-31", Some(19_930_131)),
            ("2017-01-01 11:53:26", Some(20_170_101)),
            ("2017-01-01T11:53:26", Some(20_170_101)),
            ("2017-01-011", None),
            ("930131", None),
            ("1993-1-31", None),
            ("1993-01-3x", None),
            ("", None),
            ("1993-01-3é", None),
        ] {
            assert_eq!(value_date(text).ok(), date, "{text:?}");
        }
    }
}
