//! `florin`, as a person or a script uses it.

use std::process::Stdio;

use serde_json::Value;

use super::{Server, florin};

/// Runs `florin … --json` against a server. The exit code, and the lines it printed.
pub fn run(server: &Server, line: &str) -> (i32, Vec<Value>) {
    let mut command = florin();
    command.args(line.split_whitespace()).args(["--json", "--server", &server.address]);
    let output = command.stderr(Stdio::null()).output().expect("florin runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (output.status.code().expect("an exit code"), lines)
}

/// The only line of a command that does what it should.
pub fn one(server: &Server, line: &str) -> Value {
    let (code, mut lines) = run(server, line);
    assert_eq!((code, lines.len()), (0, 1), "florin {line}: {lines:?}");
    lines.remove(0)
}

/// Exit code, and reason of the only line, of a command that is refused.
pub fn refused(server: &Server, line: &str) -> (i32, String) {
    let (code, lines) = run(server, line);
    let [line] = &lines[..] else { panic!("one line: {lines:?}") };
    (code, line["error"]["reason"].as_str().expect("a reason").to_owned())
}

/// What a command prints for people.
pub fn text(server: &Server, line: &str) -> String {
    let mut command = florin();
    command.args(line.split_whitespace()).args(["--server", &server.address]);
    let output = command.output().expect("florin runs");
    assert!(output.status.success(), "florin {line}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A server with `cash` (no floor), and `alice` (100.00), `shop` and `capped` (ceiling 5.00), all in EUR.
pub fn started() -> Server {
    let server = Server::start();
    for line in [
        "account create cash --asset EUR --floor none",
        "account create alice --asset EUR",
        "account create shop --asset EUR",
        "account create capped --asset EUR --ceiling 5.00",
        "transfer --from cash --to alice --amount 100.00",
    ] {
        one(&server, line);
    }
    server
}

/// An id as it is written.
pub fn id(number: u128) -> String {
    format!("{number:032x}")
}
