//! `florin backup`

mod bar;
mod list;
mod make;
mod verify;
mod view;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use florin_persistence::backup::{BackupError, Manifest, Place, latest, load};

use super::args::Connection;
use super::failure::{Exit, Failure};
use super::output::Output;
use crate::backup::InvalidUrl;

pub(super) use bar::WorkBar;

const EXAMPLE: &str = "\
URL is a path, file:///path or s3://bucket/prefix?endpoint=…&region=…&style=path|host. What an S3 URL does not say, and the
credentials, come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL and their like.
What the place has already is not sent again. A backup that was interrupted is made by running it again.

Example:
  florin backup --to /srv/backups
  florin backup --to /srv/backups --rate-limit 50000000 --json
  florin backup --to /srv/backups --data florin-data
  florin backup list --from /srv/backups
  florin backup verify --from /srv/backups";

/// Export the journal to another place, to restore it elsewhere
///
/// A running server makes the backup, of what is on disk when the call comes, and goes on serving. The place is one as the
/// server sees it. With --data it is made of a data directory that no server has open.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Backup {
    #[command(subcommand)]
    command: Option<Command>,

    /// Where to
    #[arg(long, value_name = "URL", required = true)]
    to: Option<String>,

    /// Read everything and send everything again, whatever the place has
    #[arg(long)]
    full: bool,

    /// Most bytes a second that are read or sent [default: as fast as it goes]
    #[arg(long, value_name = "BYTES", default_value_t = 0, hide_default_value = true)]
    rate_limit: u64,

    /// A data directory that no server has open, instead of a server
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Where the archive is now, if it was moved [default: where it was when the last segment was archived]
    #[arg(long, value_name = "URL", requires = "data")]
    archive: Option<String>,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Verify(verify::Verify),
}

impl Backup {
    pub fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let Self { command, to, full, rate_limit, data, archive, connection } = self;
        match command {
            Some(Command::List(list)) => list.run(output),
            Some(Command::Verify(verify)) => verify.run(output),
            None => {
                let to = to.unwrap_or_default();
                let new = florin_client::NewBackup { to, full, bytes_per_second: rate_limit };
                match data {
                    Some(data) => make::offline(&data, archive.as_deref(), &new, output),
                    None => super::wait_for(make::by_server(&connection, &new, output)),
                }
            }
        }
    }
}

/// The place that is named.
pub(super) fn place(url: &str) -> Result<Arc<dyn Place>, Failure> {
    Ok(crate::backup::open(url)?)
}

/// The manifest that is named, or the one that reaches farthest.
pub(super) fn manifest(
    place: &dyn Place,
    name: Option<String>,
) -> Result<(String, Manifest), Failure> {
    match name {
        Some(name) => {
            let manifest = load(place, &name)?;
            Ok((name, manifest))
        }
        None => Ok(latest(place)?),
    }
}

impl From<InvalidUrl> for Failure {
    fn from(error: InvalidUrl) -> Self {
        Self { exit: Exit::Misused, ..Self::refused(InvalidUrl::REASON, error.to_string()) }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let (reason, message) = (error.reason(), error.to_string());
        match error {
            BackupError::Place(_) | BackupError::Stopped => Self::no_answer(reason, &message),
            _ => Self::refused(reason, message),
        }
    }
}
