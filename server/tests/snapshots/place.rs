//! A data directory, and what one can do to it.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::support::{Server, florin, serve};

/// A data directory that outlives its server.
pub struct Place {
    pub data: PathBuf,
    dir: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self { data: dir.path().join("data"), dir }
    }

    fn partition(&self) -> PathBuf {
        self.data.join("partition-0000")
    }

    pub fn snapshots(&self) -> PathBuf {
        self.partition().join("snapshots")
    }

    pub fn ids(&self) -> PathBuf {
        self.partition().join("ids")
    }

    pub fn sealed(&self) -> PathBuf {
        self.partition().join("sealed")
    }

    /// The same once more, in a place of its own.
    pub fn copy(&self, name: &str) -> Self {
        let dir = tempfile::Builder::new().prefix(name).tempdir().expect("a temporary directory");
        let data = dir.path().join("data");
        copy_all(&self.data, &data);
        Self { data, dir }
    }

    /// What `florin verify` says.
    pub fn verified(&self) -> Value {
        let output = florin().arg("verify").arg("--data").arg(&self.data).arg("--json").output();
        serde_json::from_slice(&output.expect("it runs").stdout).expect("JSON")
    }

    /// A server that says what it warns of in a file.
    pub fn start_logging(&self) -> (Server, PathBuf) {
        let log = self.dir.path().join("log");
        let mut command = serve(&self.data);
        command.env("FLORIN_LOG__LEVEL", "warn");
        command.stderr(fs::File::create(&log).expect("a log"));
        (Server::started(command, &self.data), log)
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for path in files_in(from) {
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_all(&path, &to);
        } else {
            fs::copy(&path, &to).expect("copied");
        }
    }
}

/// What is in a folder.
pub fn files_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// Flips bits all over a file, in place: whoever has it open sees it.
pub fn damage(path: &Path) {
    let file = fs::OpenOptions::new().read(true).write(true).open(path).expect("opened");
    let len = file.metadata().expect("its length").len();
    for at in (200..len).step_by(1_024) {
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).expect("read");
        file.write_all_at(&[!byte[0]], at).expect("written");
    }
}
