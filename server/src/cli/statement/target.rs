//! The file of a statement, and what is said of it.

use std::fmt;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use florin_client::{Account, money};
use indicatif::ProgressBar;
use serde::Serialize;
use tempfile::{Builder, NamedTempFile};

use super::entry::{Edge, Totals};
use crate::cli::failure::Failure;
use crate::cli::{table, time};

/// Who may read and write it: everybody, less what the process's mask takes away.
const MODE: u32 = 0o666;
/// What takes less than this needs no progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// A file that takes its place when it is whole, and until then leaves what is there as it is.
pub(super) struct Target {
    path: PathBuf,
    file: NamedTempFile,
}

impl Target {
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = Builder::new()
            .permissions(Permissions::from_mode(MODE))
            .prefix(".florin-statement-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(|error| not_written(path, &error))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// To write into.
    pub fn file(&self) -> Result<File, Failure> {
        self.file.as_file().try_clone().map_err(|error| not_written(&self.path, &error))
    }

    /// It is whole.
    pub fn keep(self) -> Result<(), Failure> {
        let Self { path, file } = self;
        file.persist(&path).map(drop).map_err(|error| not_written(&path, &error.error))
    }
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    Failure::no_answer("OUTPUT_FAILED", &format!("{} cannot be written: {error}", path.display()))
}

/// What a statement has come to.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    account: String,
    asset: String,
    entries: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    opening_time: String,
    opening_balance: String,
    opening_balance_minor: String,
    #[serde(rename = "in")]
    incoming: String,
    in_minor: String,
    #[serde(rename = "out")]
    outgoing: String,
    out_minor: String,
    closing_time: String,
    closing_balance: String,
    closing_balance_minor: String,
}

impl Written {
    pub fn new(account: &Account, opening: Edge, closing: Edge, totals: Totals) -> Self {
        let asset = &account.asset;
        let decimal = |minor| money::format_minor_unsigned(minor, asset.scale);
        Self {
            account: account.key().to_string(),
            asset: asset.code.clone(),
            entries: totals.entries,
            file: None,
            opening_time: time::utc(opening.time_ns),
            opening_balance: asset.format_minor(opening.balance_minor),
            opening_balance_minor: opening.balance_minor.to_string(),
            incoming: decimal(totals.in_minor),
            in_minor: totals.in_minor.to_string(),
            outgoing: decimal(totals.out_minor),
            out_minor: totals.out_minor.to_string(),
            closing_time: time::utc(closing.time_ns),
            closing_balance: asset.format_minor(closing.balance_minor),
            closing_balance_minor: closing.balance_minor.to_string(),
        }
    }

    /// The same, in a file.
    pub fn in_file(self, path: Option<&Path>) -> Self {
        Self { file: path.map(|path| path.display().to_string()), ..self }
    }

    /// All of it in a line.
    pub fn totals_text(&self) -> String {
        let Self { entries, asset, .. } = self;
        format!(
            "{entries} entries, {} at the beginning, {} in, {} out, {} {asset} at the end",
            self.opening_balance, self.incoming, self.outgoing, self.closing_balance
        )
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |amount: &str| format!("{amount} {}", self.asset);
        let lines = [
            ("statement of", self.account.clone()),
            ("file", self.file.clone().unwrap_or_default()),
            ("entries", self.entries.to_string()),
            ("opening balance", of(&self.opening_balance)),
            ("in", of(&self.incoming)),
            ("out", of(&self.outgoing)),
            ("closing balance", of(&self.closing_balance)),
        ];
        f.write_str(&table::block(&lines))
    }
}

/// How far it is, on a terminal, once it takes longer than a second.
pub(super) struct Progress {
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub fn new() -> Self {
        Self { began: Instant::now(), bar: None }
    }

    pub fn show(&mut self, entries: u64) {
        if self.began.elapsed() >= PATIENCE {
            let bar = self.bar.get_or_insert_with(ProgressBar::new_spinner);
            bar.set_message(format!("{entries} entries"));
            bar.tick();
        }
    }

    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
