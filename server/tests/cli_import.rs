//! Books that move in from a CSV file through the `florin` binary, as a person or a script does it.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::*;
use tempfile::TempDir;

/// A server with `cash` (no floor), `alice` (100.00) and `bob` and `shop` (empty), all in EUR, and a folder for files.
struct Books {
    server: Server,
    dir: TempDir,
}

const ACCOUNTS: &str = "account,asset,floor,ceiling,metadata.kind\n\
                        cash,EUR,none,,till\n\
                        alice,EUR,,,\n\
                        bob,EUR,,,\n\
                        shop,EUR,overdraft:50.00,1000000.00,\n\
                        yen,JPY,none,,\n";

impl Books {
    fn start() -> Self {
        let books =
            Self { server: Server::start(), dir: tempfile::tempdir().expect("a directory") };
        books.file("accounts.csv", ACCOUNTS);
        let imported = books.imports("accounts accounts.csv");
        assert_eq!(imported, (0, tally("imported", 5, 5, 0, 0)));
        let funded = "from,to,amount\ncash,alice,100.00\n";
        books.file("fund.csv", funded);
        let imported = books.imports("transfers fund.csv --asset EUR --import-name fund");
        assert_eq!(imported, (0, tally("imported", 1, 1, 0, 0)));
        books
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    fn command(&self, line: &str) -> Command {
        let mut command = florin();
        command.current_dir(self.dir.path()).args(["import", "--json"]);
        command.args(line.split_whitespace()).args(["--server", &self.server.address]);
        command
    }

    /// Runs `florin import … --json`. The exit code, and the lines it printed.
    fn run(&self, line: &str) -> (i32, Vec<Value>) {
        let output = self.command(line).stderr(Stdio::null()).output().expect("florin runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        (output.status.code().expect("an exit code"), lines)
    }

    /// Exit code and summary, which is the last line.
    fn imports(&self, line: &str) -> (i32, Value) {
        let (code, mut lines) = self.run(line);
        let mut last = lines.pop().unwrap_or_else(|| panic!("florin import {line}: no output"));
        if let Some(fields) = last.as_object_mut() {
            fields.remove("file");
            fields.remove("what");
        }
        (code, last)
    }

    /// Exit code and reasons of what is listed, each with its line.
    fn finds(&self, line: &str) -> (i32, Vec<(Value, Value)>) {
        let (code, lines) = self.run(line);
        let found = |line: &Value| (line["error"]["reason"].clone(), line["error"]["line"].clone());
        (code, lines.iter().map(found).collect())
    }

    /// Balance of an account, and how much the engine has decided.
    fn balance(&self, account: &str) -> String {
        let mut command = florin();
        command.args(["account", "show", account, "--json", "--server", &self.server.address]);
        let output = command.output().expect("florin runs");
        let shown: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        shown["balance"].as_str().expect("a balance").to_owned()
    }

    fn posted(&self) -> u64 {
        let mut command = florin();
        command.args(["status", "--json", "--server", &self.server.address]);
        let output = command.output().expect("florin runs");
        let status: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        status["partitions"][0]["transfers_posted"].as_u64().expect("a number")
    }
}

fn tally(status: &str, rows: u64, applied: u64, known: u64, refused: u64) -> Value {
    let not_sent = rows - applied - known - refused;
    json!({"status": status, "rows": rows, "applied": applied, "known": known, "refused": refused,
           "not_sent": not_sent})
}

#[test]
fn accounts_are_opened_once() {
    let books = Books::start();
    assert_eq!(books.imports("accounts accounts.csv"), (0, tally("imported", 5, 0, 5, 0)));
    let mut command = florin();
    command.args(["account", "show", "shop", "cash", "--json", "--server", &books.server.address]);
    let shown = String::from_utf8(command.output().expect("florin runs").stdout).expect("UTF-8");
    let shown: Vec<Value> =
        shown.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        (&shown[0]["floor"], &shown[0]["ceiling"], &shown[0]["metadata"]),
        (&json!("overdraft:50.00"), &json!("1000000.00"), &json!({}))
    );
    assert_eq!(
        (&shown[1]["floor"], &shown[1]["metadata"]),
        (&json!("none"), &json!({"kind": "till"}))
    );

    // One that is open with something else is refused, the others go on.
    books.file("more.csv", "name;Ceiling\nbob;5\nnew;\n");
    let line = "accounts more.csv --asset EUR --delimiter semicolon --refused-to refused.csv";
    let (code, lines) = books.run(line);
    assert_eq!((code, lines.len()), (1, 2));
    assert_eq!(
        (&lines[0]["line"], &lines[0]["status"], &lines[0]["error"]["reason"]),
        (&json!(2), &json!("refused"), &json!("ID_REUSED"))
    );
    let refused = books.read("refused.csv");
    let mut refused = refused.lines();
    assert_eq!(refused.next(), Some("name;Ceiling;refused_line;refused_reason;refused_detail"));
    assert!(refused.next().expect("one row").starts_with("bob;5;2;ID_REUSED;"));
    assert_eq!(refused.next(), None);

    // What an account holds never changes: that is found before anything is sent.
    books.file("other.csv", "account,asset\nfresh,EUR\nbob,USD\n");
    let found = books.finds("accounts other.csv");
    assert_eq!(
        found,
        (2, vec![(json!("ASSET_MISMATCH"), json!(3)), (json!("FILE_INVALID"), json!(null))])
    );
    books.file("fresh.csv", "account\nfresh\n");
    let imported = books.imports("accounts fresh.csv --asset EUR");
    assert_eq!(imported, (0, tally("imported", 1, 1, 0, 0)), "nothing of the bad file was sent");
}

#[test]
fn a_file_is_imported_once_and_mended_by_its_refused_rows() {
    let books = Books::start();
    let file = "from,to,amount,code\n\
                alice,bob,60.00,1\n\
                alice,shop,70.00,2\n\
                alice,bob,10.00,3\n\
                alice,bob,10.00,3\n";
    books.file("pay.csv", file);
    let line = "transfers pay.csv --asset EUR --import-name pay --refused-to refused.csv";
    let (code, lines) = books.run(line);
    assert_eq!((code, lines.len()), (1, 2), "{lines:?}");
    let refused = &lines[0];
    for (field, expected) in
        [("line", json!(3)), ("status", json!("refused")), ("replayed", json!(false))]
    {
        assert_eq!(refused[field], expected, "{field}");
    }
    for (field, expected) in
        [("reason", "INSUFFICIENT_FUNDS"), ("account", "alice"), ("missing", "30.00")]
    {
        assert_eq!(refused["error"][field], expected, "{field}");
    }
    assert_eq!(books.balance("alice"), "20.00", "the same row twice is two payments");

    // Again: nothing new, the refusal included.
    assert_eq!(books.imports(line), (1, tally("imported", 4, 0, 3, 1)));
    assert_eq!(books.balance("alice"), "20.00");

    // The refused row alone, first as it is, then mended; no name is needed, its id follows from the refused one.
    let refused = books.read("refused.csv");
    assert_eq!(refused.lines().count(), 2, "{refused}");
    let again = "transfers refused.csv --asset EUR --refused-to still.csv";
    assert_eq!(books.imports(again), (1, tally("imported", 1, 0, 0, 1)));
    books.file("mended.csv", &books.read("still.csv").replace("70.00", "15.00"));
    let mended = "transfers mended.csv --asset EUR";
    assert_eq!(books.imports(mended), (0, tally("imported", 1, 1, 0, 0)));
    assert_eq!(books.imports(mended), (0, tally("imported", 1, 0, 1, 0)));
    assert_eq!(books.balance("alice"), "5.00");
    // Mended once more after it was applied: it is one payment, and stays one.
    books.file("mended.csv", &books.read("still.csv").replace("70.00", "1.00"));
    let (code, lines) = books.run(mended);
    assert_eq!((code, &lines[0]["error"]["reason"]), (1, &json!("ID_REUSED")));
    assert_eq!(books.balance("alice"), "5.00");

    // The whole file, mended in place: an inserted line and a corrected one are new, the rest is known. (What the
    // corrected line said before was applied from the other file. It is another payment: docs/IMPORT.md.)
    let mended = file.replace("70.00", "2.00").replace("code\n", "code\ncash,shop,1.00,\n");
    books.file("pay.csv", &mended);
    assert_eq!(books.imports(line), (0, tally("imported", 5, 2, 3, 0)));
    assert_eq!((books.balance("alice"), books.balance("shop")), ("3.00".into(), "18.00".into()));
}

#[test]
fn what_was_refused_is_tried_again_when_asked_for() {
    let books = Books::start();
    books.file("pay.csv", "invoice,from,to,amount\nA,alice,shop,150.00\nB,alice,shop,1.00\n");
    let line = "transfers pay.csv --asset EUR --import-name pay --key-column invoice";
    assert_eq!(books.imports(line), (1, tally("imported", 2, 1, 0, 1)));
    books.file("fund2.csv", "from,to,amount\ncash,alice,100.00\n");
    books.imports("transfers fund2.csv --asset EUR --import-name fund2");
    assert_eq!(books.imports(line), (1, tally("imported", 2, 0, 1, 1)), "a refusal is for good");
    let retry = format!("{line} --retry-refused");
    assert_eq!(books.imports(&retry), (0, tally("imported", 2, 1, 1, 0)));
    assert_eq!(books.imports(&retry), (0, tally("imported", 2, 0, 2, 0)));
    assert_eq!(books.balance("alice"), "49.00");

    // Under its key, a row that was applied and says something else now is never applied again. One that was refused
    // is.
    let other =
        "invoice,from,to,amount\nA,alice,shop,10.00\nB,alice,shop,1.00\nC,alice,shop,50.00\n";
    books.file("pay.csv", other);
    assert_eq!(books.imports(&retry), (1, tally("imported", 3, 0, 1, 2)));
    books.file("pay.csv", &other.replace("50.00", "40.00"));
    assert_eq!(books.imports(&retry), (1, tally("imported", 3, 1, 1, 1)));
    assert_eq!(books.balance("alice"), "9.00");
}

#[test]
fn groups_are_all_or_nothing() {
    let books = Books::start();
    let file = "from,to,amount,group\n\
                alice,bob,10.00,one\n\
                bob,shop,10.00,one\n\
                cash,bob,1.00,\n\
                cash,bob,5.00,two\n\
                alice,shop,500.00,two\n";
    books.file("pay.csv", file);
    let line = "transfers pay.csv --asset EUR --import-name pay --refused-to refused.csv";
    let (code, lines) = books.run(line);
    assert_eq!((code, lines.len()), (1, 2), "{lines:?}");
    assert_eq!(
        (&lines[0]["line"], &lines[0]["group"], &lines[0]["rows"]),
        (&json!(6), &json!("two"), &json!(2))
    );
    assert_eq!(lines[1]["applied"], 3);
    assert_eq!(books.balance("bob"), "1.00");
    assert_eq!(books.imports(line), (1, tally("imported", 5, 0, 3, 2)));

    // Mended in its own file, which has all rows of the group.
    books.file("mended.csv", &books.read("refused.csv").replace("500.00", "50.00"));
    assert_eq!(books.imports("transfers mended.csv --asset EUR").1["applied"], 2);
    assert_eq!(books.imports("transfers mended.csv --asset EUR").1["known"], 2);
    assert_eq!(books.balance("alice"), "40.00");

    // A group that was applied, and says something else now, is not applied again.
    let grown = file.replace("bob,shop,10.00,one\n", "bob,shop,10.00,one\ncash,shop,7.00,one\n");
    books.file("pay.csv", &grown);
    let (code, lines) = books.run(line);
    assert_eq!((code, &lines[0]["error"]["reason"]), (1, &json!("GROUP_MIXED")));
    let refused = books.read("refused.csv");
    let row = refused.lines().find(|row| row.starts_with("cash,shop")).expect("refused");
    assert!(row.starts_with("cash,shop,7.00,one,,4,GROUP_MIXED"), "no id to go on from: {row}");
}

#[test]
fn a_file_with_errors_changes_nothing() {
    let books = Books::start();
    let file = "\u{feff}from,to,amount,asset\r\n\
                alice,bob,1.00,EUR\r\n\
                alice,\"b\r\nob\",1.00,EUR\r\n\
                alice,bob,1.005,EUR\r\n\
                alice,nobody,1.00,EUR\r\n\
                alice,bob,NaN,EUR\r\n\
                alice,yen,1,JPY\r\n\
                alice,bob\r\n";
    books.file("bad.csv", file);
    let before = books.posted();
    let expected = [
        ("NAME_INVALID", json!(3)),
        ("AMOUNT_TOO_PRECISE", json!(5)),
        ("ACCOUNT_NOT_FOUND", json!(6)),
        ("AMOUNT_INVALID", json!(7)),
        ("ASSET_MISMATCH", json!(8)),
        ("ROW_RAGGED", json!(9)),
        ("FILE_INVALID", json!(null)),
    ];
    let expected: Vec<_> = expected.map(|(reason, line)| (json!(reason), line)).to_vec();
    for options in ["", "--dry-run", "--refused-to refused.csv"] {
        let line = format!("transfers bad.csv --import-name bad {options}");
        assert_eq!(books.finds(&line), (2, expected.clone()), "{options}");
    }
    assert!(!books.path("refused.csv").exists());
    assert_eq!(books.posted(), before);
    for (line, reason) in [
        ("transfers none.csv --import-name x", "FILE_UNREADABLE"),
        ("transfers fund.csv --asset EUR", "USAGE"),
        ("transfers fund.csv --asset EUR --import-name x --refused-to ./fund.csv", "USAGE"),
        (
            "transfers fund.csv --import-name x --refused-to no/such/folder.csv --asset EUR",
            "FILE_UNWRITABLE",
        ),
        ("accounts fund.csv --asset EUR", "COLUMN_UNKNOWN"),
    ] {
        let (code, lines) = books.run(line);
        assert_eq!(lines[0]["error"]["reason"], reason, "{line}");
        assert_eq!(code, if reason == "FILE_UNWRITABLE" { 3 } else { 2 }, "{line}");
    }
    assert_eq!(books.posted(), before);
}

#[test]
fn a_dry_run_says_what_would_be_sent_and_sends_nothing() {
    let books = Books::start();
    let file = "from,to,amount,asset,group\n\
                alice,bob,10.00,,\n\
                alice,bob,20.50,EUR,g\n\
                cash,bob,1.00,EUR,g\n\
                alice,bob,500.00,,\n";
    books.file("pay.csv", file);
    let line = "transfers pay.csv --asset EUR --import-name pay";
    let dry = format!("{line} --dry-run");
    let before = books.posted();
    let checked = |known: u64, refused: u64| {
        json!({"status": "checked", "rows": 4, "groups": 1, "known": known, "refused_before": refused,
               "totals": [{"asset": "EUR", "amount": "531.50", "amount_minor": "53150"}]})
    };
    assert_eq!(books.imports(&dry), (0, checked(0, 0)));
    assert_eq!((books.posted(), books.balance("alice")), (before, "100.00".to_owned()));
    assert_eq!(books.imports(line), (1, tally("imported", 4, 3, 0, 1)));
    assert_eq!(books.imports(&dry), (0, checked(3, 1)));
    let (code, lines) = books.run("accounts accounts.csv --dry-run");
    assert_eq!((code, &lines[0]["known"]), (0, &json!(5)));

    let mut command = florin();
    command.current_dir(books.dir.path()).args(["import"]).args(dry.split_whitespace());
    let output = command.args(["--server", &books.server.address]).output().expect("florin runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.starts_with("checked         transfers of pay.csv: nothing was sent\n"), "{text}");
    assert!(text.ends_with("in all          531.50 EUR\n"), "{text}");
}

#[test]
fn standard_input_batches_and_stopping_at_a_refusal() {
    let books = Books::start();
    let mut file = "id,from,to,amount\n".to_owned();
    for row in 1..=10 {
        let from = if row == 5 { "bob" } else { "cash" };
        writeln!(file, "order {row},{from},shop,{row}.00").expect("written");
    }
    let line = "transfers - --asset EUR --batch 3 --stop-on-refusal";
    let mut importing = books.command(line);
    importing.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut importing = importing.spawn().expect("florin runs");
    importing.stdin.take().expect("piped").write_all(file.as_bytes()).expect("written");
    let output = importing.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let last: Value = serde_json::from_str(text.lines().last().expect("lines")).expect("JSON");
    assert_eq!((output.status.code(), &last["file"]), (Some(1), &json!("standard input")));
    let counts = ["status", "applied", "refused", "not_sent"].map(|field| last[field].clone());
    assert_eq!(counts, [json!("stopped"), json!(5), json!(1), json!(4)]);
    books.file("orders.csv", &file);
    let imported = books.imports("transfers orders.csv --asset EUR");
    assert_eq!(imported, (1, tally("imported", 10, 4, 5, 1)));
    assert_eq!(books.balance("shop"), "50.00");
}

const ROWS: u64 = 3_000;

/// Enough rows to be in the middle of them when something happens.
fn many_rows() -> String {
    let mut file = "from,to,amount\n".to_owned();
    for row in 0..ROWS {
        writeln!(file, "cash,shop,{}.{:02}", row / 100, row % 100 + 1).expect("written");
    }
    file
}

#[test]
fn an_import_that_is_interrupted_goes_on_when_it_is_run_again() {
    let books = Books::start();
    books.file("many.csv", &many_rows());
    let line = "transfers many.csv --asset EUR --import-name many --batch 1";
    let before = books.posted();
    let importing = books.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let importing = importing.expect("florin runs");
    while books.posted() < before + 10 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = Command::new("kill").args(["-INT", &importing.id().to_string()]).status();
    assert!(told.expect("kill runs").success());
    let output = importing.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [summary, error] = &lines[..] else { panic!("two lines: {lines:?}") };
    assert_eq!((output.status.code(), &summary["status"]), (Some(3), &json!("stopped")));
    assert_eq!(error["error"]["reason"], "INTERRUPTED");
    let hint = error["error"]["hint"].as_str().expect("a hint");
    assert!(hint.contains("run the same command again"), "{hint}");
    let applied = summary["applied"].as_u64().expect("a number");
    assert!((10..ROWS).contains(&applied), "{applied}");
    assert_eq!(books.posted(), before + applied, "every answer that was given is counted");

    let line = line.replace("--batch 1", "");
    assert_eq!(books.imports(&line), (0, tally("imported", ROWS, ROWS - applied, applied, 0)));
    assert_eq!(books.posted(), before + ROWS);
}

#[test]
fn an_import_outlives_its_server() {
    let data = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    // On an address that stays, since the import looks for the server where it was.
    let serve = || {
        let mut command = florin();
        command.arg("serve").arg("--data").arg(data.path()).args(["--listen", &address]);
        Server::started(command, data.path())
    };
    let dir = tempfile::tempdir().expect("a directory");
    let mut books = Books { server: serve(), dir };
    books.file("accounts.csv", ACCOUNTS);
    books.imports("accounts accounts.csv");
    books.file("many.csv", &many_rows());
    let line = "transfers many.csv --asset EUR --import-name many --batch 1 --timeout 60";
    let importing = books.command(line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let importing = importing.expect("florin runs");
    for killed_after in [20, 40] {
        while books.posted() < killed_after {
            std::thread::sleep(Duration::from_millis(5));
        }
        books.server.kill();
        books.server = serve();
    }
    let output = importing.wait_with_output().expect("it ends");
    let summary: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert_eq!((output.status.code(), &summary["refused"]), (Some(0), &json!(0)));
    // What was applied when the answer was lost is answered as known.
    let done = ["applied", "known"].map(|field| summary[field].as_u64().expect("a number"));
    assert_eq!((done.iter().sum::<u64>(), books.posted()), (ROWS, ROWS));
}
