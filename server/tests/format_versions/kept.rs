//! Data directories that earlier releases wrote, as they are kept in `tests/kept`, and what those releases said of them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use prost::Message;
use serde_json::{Value, json};

use crate::calls::Exchange;
use crate::json::{from_json, to_json};
use crate::state::State;

/// A data directory as a release left it.
#[derive(Debug)]
pub struct Kept {
    /// Its folder in `tests/kept`.
    pub name: String,
    folder: PathBuf,
    /// What `florin verify --json` of that release printed.
    pub verify: Value,
    /// What that release says when it opens it.
    pub state: State,
    /// Every call that was answered while it was written.
    pub exchanges: Vec<Exchange>,
}

/// Where all of them are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept")
}

/// Every one.
pub fn all() -> Vec<Kept> {
    let entries = fs::read_dir(folder()).expect("tests/kept").map(|entry| entry.expect("an entry"));
    let folders = entries.map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut all: Vec<Kept> = folders.map(|folder| Kept::read(&folder)).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(all.len() >= 2, "kept directories are gone");
    all
}

impl Kept {
    fn read(folder: &Path) -> Self {
        let expected = fs::read(folder.join("expected.json")).expect("expected.json");
        let expected: Value = serde_json::from_slice(&expected).expect("JSON");
        let exchanges = read_lines(&folder.join("exchanges.jsonl.gz"));
        let state = State {
            status: from_json("GetStatusResponse", &expected["status"]),
            accounts: messages("Account", &expected["accounts"]),
            holds: messages("Hold", &expected["holds"]),
            payments: messages("Payment", &expected["payments"]),
            events: messages("Event", &Value::Array(read_lines(&folder.join("events.jsonl.gz")))),
        };
        let name = folder.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        Self {
            name,
            folder: folder.to_owned(),
            verify: expected["verify"].clone(),
            state,
            exchanges: exchanges.iter().map(Exchange::from_json).collect(),
        }
    }

    /// Makes the data directory anew.
    pub fn unpack(&self) -> tempfile::TempDir {
        let to = tempfile::tempdir().expect("a temporary directory");
        let from = self.folder.join("data");
        for packed in files_in(&from) {
            let name = packed.strip_prefix(&from).expect("within").with_extension("");
            let path = to.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            let mut bytes = GzDecoder::new(File::open(&packed).expect("a file"));
            io::copy(&mut bytes, &mut File::create(path).expect("a file")).expect("unpacked");
        }
        to
    }
}

/// Keeps a data directory and what its release said of it.
pub fn keep(folder: &Path, data: &Path, verify: &Value, state: &State, exchanges: &[Exchange]) {
    for file in files_in(data) {
        let name = file.strip_prefix(data).expect("within");
        let mut packed = folder.join("data").join(name).into_os_string();
        packed.push(".gz");
        let bytes = fs::read(&file).expect("read");
        write_packed(Path::new(&packed), &bytes);
    }
    let expected = json!({
        "verify": verify,
        "status": to_json("GetStatusResponse", &state.status),
        "accounts": jsons("Account", &state.accounts),
        "holds": jsons("Hold", &state.holds),
        "payments": jsons("Payment", &state.payments),
    });
    let text = serde_json::to_string_pretty(&expected).expect("JSON") + "\n";
    fs::write(folder.join("expected.json"), text).expect("written");
    write_lines(&folder.join("events.jsonl.gz"), &jsons("Event", &state.events));
    let exchanges: Vec<_> = exchanges.iter().map(Exchange::to_json).collect();
    write_lines(&folder.join("exchanges.jsonl.gz"), &exchanges);
}

fn messages<M: Message + Default>(name: &str, json: &Value) -> Vec<M> {
    let list = json.as_array().unwrap_or_else(|| panic!("not a list: {json}"));
    list.iter().map(|json| from_json(name, json)).collect()
}

fn jsons<M: Message>(name: &str, messages: &[M]) -> Vec<Value> {
    messages.iter().map(|message| to_json(name, message)).collect()
}

fn read_lines(path: &Path) -> Vec<Value> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON")).collect()
}

fn write_lines(path: &Path, lines: &[Value]) {
    let text = lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n");
    write_packed(path, text.as_bytes());
}

fn write_packed(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let mut packed = GzEncoder::new(File::create(path).expect("made"), Compression::best());
    packed.write_all(bytes).expect("written");
    packed.finish().expect("written");
}

/// Every file in a folder and the folders in it.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_in(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The hash of every file in a folder: the same before and after, and nothing was touched.
pub fn hashes(folder: &Path) -> BTreeMap<PathBuf, blake3::Hash> {
    let hash = |path: PathBuf| {
        let hash = blake3::hash(&fs::read(&path).expect("read"));
        (path, hash)
    };
    files_in(folder).into_iter().map(hash).collect()
}

/// The segments of a data directory, the oldest first.
pub fn segments(data: &Path) -> Vec<PathBuf> {
    let mut segments = files_in(&data.join("partition-0000/journal"));
    segments.retain(|path| path.extension().is_some_and(|extension| extension == "segment"));
    segments.sort();
    segments
}

/// A copy of a data directory.
pub fn copied(data: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("a temporary directory");
    for file in files_in(data) {
        let path = to.path().join(file.strip_prefix(data).expect("within"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::copy(&file, path).expect("copied");
    }
    to
}
