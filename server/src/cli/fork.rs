//! `florin fork`

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use florin_persistence::DataDir;
use florin_persistence::backup::{LineageChoice, Moment, plan};

use super::backup::{WorkBar, manifest, place};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::restore::{At, RestoredView, into};
use crate::backup::{journal_of, now_ns};

const EXAMPLE: &str = "\
A fork is marked as one, in its folder and in each of its segments: it is served with `florin serve --fork` only, and says
FORK wherever it says what it is.

Example:
  florin fork --from /srv/backups --at 4711 --to what-if
  florin fork --data florin-data --at 2h --to what-if
  florin serve --fork --data what-if --listen 127.0.0.1:7511";

/// Make a copy of a ledger to try things on, as it was at an event or moment
///
/// Of a backup, or of a data directory that no server has open; that is not changed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Fork {
    /// Where the backup lies
    #[arg(long, value_name = "URL", required_unless_present = "data", conflicts_with = "data")]
    from: Option<String>,

    /// Name of the backup's manifest, as in `florin backup list` [default: the one that reaches farthest]
    #[arg(long, value_name = "NAME", requires = "from")]
    manifest: Option<String>,

    /// A data directory that no server has open
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Where the archive is now, if it was moved [default: where it was when the last segment was archived]
    #[arg(long, value_name = "URL", requires = "data")]
    archive: Option<String>,

    /// Last event, or moment (2026-11-24T16:29:59Z, or 2h for two hours ago); a group is never split
    /// [default: all there is]
    #[arg(long, value_name = "SEQUENCE|TIME")]
    at: Option<At>,

    /// Directory to make
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

impl Fork {
    pub fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let moment = self.at.map_or(Moment::End, At::moment);
        let choice = LineageChoice::Fork;
        let (name, restored) = match (self.data, self.from) {
            (Some(data), _) => {
                let dir = DataDir::open_existing(&data)?;
                let mut bar = WorkBar::new();
                let (disk, problem) = journal_of(&dir, self.archive.as_deref())?;
                if let Some(problem) = problem {
                    output.note(&format!("the archive cannot be used: {problem}"))?;
                }
                let archived = disk.segments();
                let (folder, now_ns) = (dir.journal(0), now_ns());
                let journal = plan(&disk, &folder, &archived, None, None, now_ns, &mut |done| {
                    bar.watch(&done);
                    ControlFlow::Continue(())
                });
                bar.finish();
                let journal = journal?;
                (None, into(&journal, &journal.manifest, &self.to, moment, choice)?)
            }
            (None, from) => {
                let place = place(&from.unwrap_or_default())?;
                let (name, manifest) = manifest(&*place, self.manifest)?;
                (Some(name), into(&*place, &manifest, &self.to, moment, choice)?)
            }
        };
        output.result(&RestoredView::new(name, &self.to, &restored))?;
        Ok(Exit::Done)
    }
}
