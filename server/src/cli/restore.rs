//! `florin restore`

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use florin_persistence::backup::{
    BackupError, Hex, LineageChoice, Manifest, Moment, Objects, RestoreOptions, Restored, restore,
    restoring_dir,
};
use florin_persistence::{DataDir, OpenError, RealDisk, SEGMENT_BYTES_MIN};
use serde::Serialize;

use super::args::When;
use super::backup::{WorkBar, manifest, place};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::{table, time};
use crate::backup::now_ns;

const EXAMPLE: &str = "\
What is restored is a new history, so that it is never mixed up with the original: cursors and page tokens of the old one
are refused (`LINEAGE_CHANGED`). --same-lineage keeps the old one, for an original that is gone for good.

Example:
  florin restore --from /srv/backups --data florin-data
  florin restore --from /srv/backups --data before-the-mistake --at 2026-11-24T16:29:59Z
  florin restore --from /srv/backups --data before-the-mistake --at 4711";

/// Make a data directory of a backup: all of it, or up to an event or moment
///
/// The folder must not exist yet. Everything is fetched beside it, checked, replayed, and only then given its name.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Restore {
    /// Where the backup lies
    #[arg(long, value_name = "URL")]
    from: String,

    /// Directory to make
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Last event, or moment (2026-11-24T16:29:59Z, or 2h for two hours ago); a group is never split
    /// [default: all there is]
    #[arg(long, value_name = "SEQUENCE|TIME")]
    at: Option<At>,

    /// Name of the backup's manifest, as in `florin backup list` [default: the one that reaches farthest]
    #[arg(long, value_name = "NAME")]
    manifest: Option<String>,

    /// Go on with the history of the original, which must be gone for good
    #[arg(long, conflicts_with = "at")]
    same_lineage: bool,
}

/// An event by its sequence, or a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Sequence(u64),
    When(When),
}

impl FromStr for At {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().map(Self::Sequence).map_err(|_| "there is no such sequence");
        }
        text.parse().map(Self::When).map_err(
            |_| "expected a sequence, a span like 90s or 2h, or a moment like 2026-11-30T12:00:00Z",
        )
    }
}

impl At {
    pub fn moment(self) -> Moment {
        match self {
            Self::Sequence(sequence) => Moment::Sequence(sequence),
            Self::When(when) => Moment::Time(when.ago_ns()),
        }
    }
}

impl Restore {
    pub fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let place = place(&self.from)?;
        let (name, manifest) = manifest(&*place, self.manifest)?;
        let moment = self.at.map_or(Moment::End, At::moment);
        let lineage = if self.same_lineage { LineageChoice::Same } else { LineageChoice::New };
        let restored = into(&*place, &manifest, &self.data, moment, lineage)?;
        output.result(&RestoredView::new(Some(name), &self.data, &restored))?;
        Ok(Exit::Done)
    }
}

/// Restores into a folder that is not there yet.
pub(super) fn into(
    objects: &dyn Objects,
    manifest: &Manifest,
    data: &Path,
    moment: Moment,
    lineage: LineageChoice,
) -> Result<Restored, Failure> {
    // Its name is that of its last part, however it was written.
    let absolute = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    if absolute.file_name().is_none() {
        return Err(Failure::usage(format!("{} cannot be made", data.display())));
    }
    if std::fs::read_dir(&absolute).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(BackupError::NotFresh { path: data.to_owned() }.into());
    }
    // Two restores never work in one folder; its lock goes with it when it gets its name.
    let _lock = DataDir::open(&restoring_dir(&absolute))?;
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy).map_err(|error| Failure::no_answer("RUNTIME", &error))?;
    let options = RestoreOptions {
        moment,
        lineage,
        segment_bytes: SEGMENT_BYTES_MIN,
        entropy,
        now_ns: now_ns(),
    };
    let mut bar = WorkBar::new();
    let restored = restore(&RealDisk, objects, manifest, &absolute, &options, &mut |progress| {
        bar.watch(&progress);
        ControlFlow::Continue(())
    });
    bar.finish();
    Ok(restored?)
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::refused(error.reason(), error.to_string())
    }
}

/// A data directory that was restored.
#[derive(Debug, Serialize)]
pub(super) struct RestoredView<'a> {
    status: &'static str,
    data: &'a Path,
    manifest: Option<String>,
    lineage: Hex<16>,
    continues: Option<Hex<16>>,
    fork: bool,
    sequence: u64,
    last_event_at: String,
    accounts: usize,
    transfers_posted: u64,
    digest: Hex<32>,
    bytes_fetched: u64,
}

impl<'a> RestoredView<'a> {
    pub fn new(manifest: Option<String>, data: &'a Path, restored: &Restored) -> Self {
        let replayed = &restored.replayed;
        Self {
            status: if restored.is_fork { "forked" } else { "restored" },
            data,
            manifest,
            lineage: restored.lineage,
            continues: restored.continues,
            fork: restored.is_fork,
            sequence: replayed.sequence,
            last_event_at: time::utc(replayed.last_timestamp_ns),
            accounts: replayed.accounts,
            transfers_posted: replayed.transfers_posted,
            digest: Hex(replayed.digest),
            bytes_fetched: restored.bytes_fetched,
        }
    }
}

impl fmt::Display for RestoredView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lineage = match &self.continues {
            Some(before) => format!("{}, new; it goes on from {before}", self.lineage),
            None => format!("{}, that of the original", self.lineage),
        };
        let fork = if self.fork { ", a FORK: serve it with --fork" } else { "" };
        let transfers = self.transfers_posted;
        f.write_str(&table::block(&[
            (self.status, format!("{}{fork}", self.data.display())),
            ("through event", format!("{}, {}", self.sequence, self.last_event_at)),
            ("lineage", lineage),
            ("conserved", format!("yes, {} accounts, {transfers} transfers", self.accounts)),
            ("state digest", self.digest.to_string()),
        ]))
    }
}
