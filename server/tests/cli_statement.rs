//! `florin statement`: every form of it says the same, and all of it adds up.

mod support;

use std::fs;
use std::path::Path;

use florin_proto::v1;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;
use support::cli::{id, one, refused, run, started, text};
use support::{Server, independent, new_transfer};

fn str<'a>(line: &'a Value, field: &str) -> &'a str {
    line[field].as_str().unwrap_or_default()
}

fn int(line: &Value, field: &str) -> i128 {
    str(line, field).parse().unwrap_or_else(|_| panic!("{field} of {line}"))
}

/// Lines of a statement that are of this kind.
fn of<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["line"] == kind).collect()
}

/// The lines of a statement, which must add up: from the opening balance, entry by entry, to the closing one.
fn statement(server: &Server, arguments: &str) -> Vec<Value> {
    let (code, lines) = run(server, &format!("statement {arguments}"));
    assert_eq!(code, 0, "{arguments}: {lines:?}");
    let [opening] = of(&lines, "opening")[..] else { panic!("one opening balance: {lines:?}") };
    let [closing] = of(&lines, "closing")[..] else { panic!("one closing balance: {lines:?}") };
    let [totals] = of(&lines, "totals")[..] else { panic!("totals: {lines:?}") };
    assert_eq!(lines.last().expect("lines"), totals);
    let mut entries = of(&lines, "entry");
    assert_eq!(totals["entries"], entries.len());
    let ends = if arguments.contains("--newest-first") {
        entries.reverse();
        (&lines[lines.len() - 2], &lines[0])
    } else {
        (&lines[0], &lines[lines.len() - 2])
    };
    assert_eq!(ends, (opening, closing));
    let is_filtered = arguments.contains("--side") || arguments.contains("--code");
    let mut balance = int(opening, "balance_minor");
    let (mut incoming, mut outgoing) = (0, 0);
    for entry in entries {
        let change = int(entry, "change_minor");
        balance += change;
        *(if change < 0 { &mut outgoing } else { &mut incoming }) += change.abs();
        if !is_filtered {
            assert_eq!(int(entry, "balance_after_minor"), balance, "{arguments}: {entry}");
        }
    }
    assert_eq!((int(totals, "in_minor"), int(totals, "out_minor")), (incoming, outgoing));
    if !is_filtered {
        assert_eq!(int(closing, "balance_minor"), balance, "{arguments}: {lines:?}");
    }
    lines
}

#[test]
fn a_statement_adds_up() {
    let server = started();
    for line in [
        format!("hold --from alice --to shop --amount 30 --id {}", id(1)),
        format!("capture {} --amount 20 --rest-released --id {}", id(1), id(2)),
        format!("transfer --from shop --to alice --amount 5 --code 7 --id {}", id(3)),
        format!("transfer --reverses {} --id {}", id(3), id(4)),
    ] {
        one(&server, &line);
    }
    let lines = statement(&server, "alice");
    let rows: Vec<_> = of(&lines, "entry")
        .iter()
        .map(|line| {
            let kind = line["transfer"]["kind"].as_str().expect("a kind");
            let pending = str(line, "pending_after");
            (kind, str(line, "side"), str(line, "change"), pending, str(line, "balance_after"))
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("move", "credit", "+100.00", "0.00", "100.00"),
            ("hold", "debit", "0", "30.00", "100.00"),
            ("capture", "debit", "-20.00", "0.00", "80.00"),
            ("move", "credit", "+5.00", "0.00", "85.00"),
            ("reversal", "debit", "-5.00", "0.00", "80.00"),
        ]
    );
    for (filter, entries, opening, closing) in [
        ("--newest-first", 5, "0.00", "80.00"),
        ("--limit 2", 2, "80.00", "80.00"),
        ("--limit 2 --newest-first", 2, "80.00", "80.00"),
        ("--limit 5", 5, "0.00", "80.00"),
        ("--code 7", 1, "0.00", "80.00"),
        ("--side credit", 2, "0.00", "80.00"),
        ("--from 1h", 5, "0.00", "80.00"),
        ("--until 1h", 0, "0.00", "0.00"),
        ("--from 2020-01-01 --to 2020-01-02", 0, "0.00", "0.00"),
        ("--from 2020-01-01T00:00:00+02:00", 5, "0.00", "80.00"),
        ("--to 2100-01-01", 5, "0.00", "80.00"),
        ("--from 2100-01-01", 0, "80.00", "80.00"),
    ] {
        let lines = statement(&server, &format!("alice {filter}"));
        let found = (of(&lines, "entry").len(), of(&lines, "opening"), of(&lines, "closing"));
        assert_eq!(found.0, entries, "{filter}: {lines:?}");
        assert_eq!(str(found.1[0], "balance"), opening, "{filter}");
        assert_eq!(str(found.2[0], "balance"), closing, "{filter}");
    }
    let table = text(&server, "statement alice --limit 3");
    let rows: Vec<Vec<_>> =
        table.lines().map(|line| line.split_whitespace().skip(1).take(5).collect()).collect();
    assert_eq!(
        rows,
        [
            vec!["VALUE", "KIND", "WITH", "CHANGE", "RESERVED"],
            vec!["opening", "balance", "100.00"],
            vec!["capture", "shop", "-20.00", "-30.00", "80.00"],
            vec!["move", "shop", "+5.00", "85.00", &id(3)],
            vec!["reversal", "shop", "-5.00", "80.00", &id(4)],
            vec!["closing", "balance", "80.00"],
            vec!["entries,", "in", "5.00,", "out", "25.00"],
        ]
    );
}

#[test]
fn from_includes_its_moment_and_to_does_not() {
    let server = started();
    for amount in 1..=6 {
        one(&server, &format!("transfer --from cash --to alice --amount {amount}.00"));
    }
    let whole = statement(&server, "alice");
    let entries = of(&whole, "entry");
    let time = |at: usize| str(entries[at], "timestamp_ns").to_owned();
    for (from, to) in [(0, 6), (1, 5), (2, 3), (3, 4), (0, 1), (5, 6)] {
        for (to_flag, order) in [("--to", ""), ("--until", ""), ("--to", "--newest-first")] {
            let arguments = format!("alice --from {} {to_flag} {} {order}", time(from), time(to));
            let lines = statement(&server, &arguments);
            let mut found = of(&lines, "entry");
            if !order.is_empty() {
                found.reverse();
            }
            assert_eq!(found, entries[from..to], "{arguments}");
            let before =
                from.checked_sub(1).map_or("0", |at| str(entries[at], "balance_after_minor"));
            assert_eq!(str(of(&lines, "opening")[0], "balance_minor"), before);
            assert_eq!(str(of(&lines, "opening")[0], "timestamp_ns"), time(from));
            assert_eq!(str(of(&lines, "closing")[0], "timestamp_ns"), time(to));
        }
    }
    // RFC 3339 to the nanosecond means the same, and a date counts whole at the end and from its beginning.
    let moment = str(entries[2], "timestamp").to_owned();
    let lines = statement(&server, &format!("alice --from {moment}"));
    assert_eq!(of(&lines, "entry"), entries[2..]);
    let today = &moment[.."2026-11-30".len()];
    assert_eq!(
        of(&statement(&server, &format!("alice --from {today} --to {today}")), "entry").len(),
        7
    );
    assert_eq!(of(&statement(&server, &format!("alice --until {today}")), "entry").len(), 0);
}

/// Names that a spreadsheet would take for formulas, metadata that needs quotes, a value date, a hold.
fn awkward() -> Server {
    let server = started();
    for line in [
        "account create @SUM(A1) --asset EUR",
        "account create @sum --asset EUR",
        "account create +plus --asset EUR --floor none",
    ] {
        let _ = run(&server, line); // the first is no name at all
    }
    for line in [
        "transfer --from alice --to @sum --amount 1.50 --value-date 2026-12-01 --code 9",
        "transfer --from +plus --to alice --amount 0.07 --metadata note=\"a,b\" --metadata k==1",
        &format!("hold --from alice --to shop --amount 30 --id {}", id(1)),
        &format!("capture {} --amount 20 --rest-released", id(1)),
        &format!("hold --from shop --to alice --amount 4 --id {}", id(2)),
    ] {
        one(&server, line);
    }
    server
}

/// A field of an entry in JSON, as the columns of the other forms have it.
fn column(entry: &Value, name: &str) -> String {
    let signed = |text: &str| text.strip_prefix('+').unwrap_or(text).to_owned();
    match name {
        "sequence" => entry["sequence"].to_string(),
        "kind" => entry["transfer"]["kind"].as_str().expect("a kind").to_owned(),
        "change" | "change_minor" if str(entry, name) == "0" => String::new(),
        "change" | "change_minor" => signed(str(entry, name)),
        "balance" => str(entry, "balance_after").to_owned(),
        "balance_minor" => str(entry, "balance_after_minor").to_owned(),
        "pending_minor" => str(entry, "pending_after_minor").to_owned(),
        "code" => entry["transfer"]["code"].to_string(),
        "value_date" => entry["transfer"]["value_date"].as_u64().map_or_else(String::new, |date| {
            format!("{}-{:02}-{:02}", date / 10_000, date / 100 % 100, date % 100)
        }),
        "metadata" => {
            let metadata = &entry["transfer"]["metadata"];
            if metadata.is_null() { String::new() } else { metadata.to_string() }
        }
        name => str(entry, name).to_owned(),
    }
}

const COMPARED: [&str; 14] = [
    "sequence",
    "value_date",
    "kind",
    "account",
    "side",
    "counterparty",
    "asset",
    "change",
    "change_minor",
    "balance",
    "balance_minor",
    "pending_minor",
    "code",
    "metadata",
];

#[test]
fn csv_says_the_same_and_holds_no_formula() {
    let server = awkward();
    let lines = statement(&server, "alice");
    let entries = of(&lines, "entry");
    let printed = text(&server, "statement alice --format csv");
    assert!(printed.split_inclusive('\n').all(|line| line.ends_with("\r\n")), "{printed:?}");
    let mut reader = csv::Reader::from_reader(printed.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let records: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a record")).collect();
    let cell = |record: &csv::StringRecord, name: &str| {
        let at = header.iter().position(|column| column == name).expect(name);
        record[at].to_owned()
    };
    assert_eq!(records.len(), entries.len() + 2);
    for (record, entry) in records[1..].iter().zip(&entries) {
        assert_eq!(cell(record, "line"), "entry");
        assert_eq!(cell(record, "time"), str(entry, "timestamp"));
        for name in COMPARED {
            let expected = column(entry, name);
            let harmless =
                if expected.starts_with(['@', '+']) { format!("'{expected}") } else { expected };
            assert_eq!(cell(record, name), harmless, "{name} of {entry}");
        }
    }
    let ends = [&records[0], &records[records.len() - 1]];
    let ends =
        ends.map(|record| (cell(record, "line"), cell(record, "balance"), cell(record, "change")));
    assert_eq!(ends[0], ("opening".to_owned(), "0.00".to_owned(), String::new()));
    assert_eq!(ends[1], ("closing".to_owned(), "78.57".to_owned(), String::new()));
    // The same in a file.
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("alice.csv");
    let summary =
        text(&server, &format!("statement alice --format csv --output {}", file.display()));
    assert_eq!(fs::read_to_string(&file).expect("a file"), printed);
    assert!(summary.contains("closing balance  78.57 EUR"), "{summary}");
    // No cell is a formula, but for numbers.
    for record in &records {
        for cell in record {
            let is_number = cell.parse::<f64>().is_ok();
            assert!(is_number || !cell.starts_with(['=', '+', '-', '@']), "{cell:?}");
        }
    }
}

/// What a Parquet file has, by name: cells of a row, or the metadata of the file.
type Named = Vec<(String, String)>;

/// Rows of a Parquet file as text, by column; and the metadata of the file.
fn read_parquet(path: &Path) -> (Vec<Named>, Named) {
    let reader = SerializedFileReader::new(fs::File::open(path).expect("a file")).expect("Parquet");
    let metadata = reader.metadata().file_metadata().key_value_metadata().expect("metadata");
    let metadata =
        metadata.iter().map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default()));
    let metadata = metadata.collect();
    let text = |field: &Field| match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        other => other.to_string(),
    };
    let rows = reader.get_row_iter(None).expect("rows").map(|row| {
        let row = row.expect("a row");
        row.get_column_iter().map(|(name, field)| (name.clone(), text(field))).collect()
    });
    (rows.collect(), metadata)
}

#[test]
fn parquet_says_the_same() {
    let server = awkward();
    let lines = statement(&server, "alice");
    let entries = of(&lines, "entry");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("alice.parquet");
    let summary =
        one(&server, &format!("statement alice --format parquet --output {}", file.display()));
    assert_eq!(
        (&summary["entries"], str(&summary, "closing_balance")),
        (&entries.len().into(), "78.57")
    );
    let (rows, metadata) = read_parquet(&file);
    assert_eq!(rows.len(), entries.len());
    for (row, entry) in rows.iter().zip(&entries) {
        let cell = |name: &str| {
            let found = row.iter().find(|(column, _)| column == name);
            found.unwrap_or_else(|| panic!("no {name}")).1.clone()
        };
        assert_eq!(cell("time"), str(entry, "timestamp_ns"));
        for name in COMPARED {
            let expected = column(entry, name);
            let found = cell(name);
            let found = found.split_once(' ').map_or(found.as_str(), |(date, _)| {
                if name == "value_date" { date } else { found.as_str() }
            });
            assert_eq!(found, expected, "{name} of {entry}");
        }
    }
    let of_file = |name: &str| {
        let found = metadata.iter().find(|(key, _)| *key == format!("florin.{name}"));
        found.unwrap_or_else(|| panic!("no {name}: {metadata:?}")).1.clone()
    };
    for (name, expected) in [
        ("account", "alice"),
        ("asset", "EUR"),
        ("scale", "2"),
        ("entries", "6"),
        ("opening_balance_minor", "0"),
        ("in_minor", "10007"),
        ("out_minor", "2150"),
        ("closing_balance_minor", "7857"),
        ("closing_pending_minor", "0"),
    ] {
        assert_eq!(of_file(name), expected, "{name}");
    }
}

/// More than a page, than what is kept in memory, and than a row group.
#[tokio::test]
async fn a_long_statement() {
    const ENTRIES: u128 = 70_001;
    let server = started();
    let mut ledger = server.ledger().await;
    for first in (0..ENTRIES).step_by(8_000) {
        let ids = first + 1_000..(first + 8_000).min(ENTRIES) + 1_000;
        let transfers: Vec<v1::NewTransfer> =
            ids.map(|id| new_transfer(id, "cash", "shop", 1 + id % 7)).collect();
        independent(&mut ledger, transfers).await;
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| dir.path().join(name).display().to_string();
    let expected: Vec<String> = (0..ENTRIES).map(|n| (1 + (n + 1_000) % 7).to_string()).collect();
    for (order, newest_first) in [("", false), ("--newest-first", true)] {
        let file = path("shop.csv");
        let line = format!("statement shop --format csv --output {file} --timeout 60 {order}");
        let summary = one(&server, &line);
        assert_eq!(summary["entries"], 70_001);
        let mut reader = csv::Reader::from_path(&file).expect("a file");
        let at = reader.headers().expect("a header").iter().position(|name| name == "change_minor");
        let at = at.expect("a column");
        let mut changes: Vec<String> =
            reader.records().map(|record| record.expect("a record")[at].to_owned()).collect();
        if newest_first {
            changes.reverse();
        }
        changes.retain(|change| !change.is_empty());
        assert!(changes == expected, "{order}: other changes");
    }
    let file = path("shop.parquet");
    one(&server, &format!("statement shop --format parquet --output {file} --timeout 60"));
    let reader =
        SerializedFileReader::new(fs::File::open(&file).expect("a file")).expect("Parquet");
    let groups = reader
        .metadata()
        .row_groups()
        .iter()
        .map(parquet::file::metadata::RowGroupMetaData::num_rows);
    assert_eq!(groups.collect::<Vec<_>>(), [65_536, 70_001 - 65_536]);
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    let server = started();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let kept = dir.path().join("kept.csv");
    fs::write(&kept, "as it was").expect("written");
    let kept = kept.display();
    let nowhere = dir.path().join("nowhere/x.csv");
    let nowhere = nowhere.display();
    for (line, code, reason) in [
        ("statement alice --format parquet".to_owned(), 2, "USAGE"),
        ("statement alice --format csv".to_owned(), 2, "USAGE"), // with --json, but no file
        (format!("statement alice --from 2h --to 3h --output {kept}"), 2, "USAGE"),
        ("statement alice --from 2026-11-02 --to 2026-11-01".to_owned(), 2, "USAGE"),
        ("statement alice --from 20261102".to_owned(), 2, "USAGE"),
        (format!("statement nobody --format csv --output {kept}"), 1, "ACCOUNT_NOT_FOUND"),
        (format!("statement alice --format csv --output {nowhere}"), 3, "OUTPUT_FAILED"),
        (format!("statement alice --format parquet --output {nowhere}"), 3, "OUTPUT_FAILED"),
    ] {
        assert_eq!(refused(&server, &line), (code, reason.to_owned()), "{line}");
    }
    assert_eq!(fs::read_to_string(kept.to_string()).expect("a file"), "as it was");
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1, "nothing is left over");
    let written = one(&server, &format!("statement alice --format csv --output {kept}"));
    assert_eq!(written["file"], kept.to_string());
    assert!(fs::read_to_string(kept.to_string()).expect("a file").starts_with("line,sequence"));
}
