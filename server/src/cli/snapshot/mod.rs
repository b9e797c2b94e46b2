//! `florin snapshot`

mod create;
mod delete;
mod list;

use std::fmt;

use clap::Subcommand;
use florin_client::Snapshot;
use serde::Serialize;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::time::utc_ms;

const EXAMPLE: &str = "\
A server takes snapshots by itself, after so many bytes of journal or so much time ([snapshots] in its configuration). Its next
start replays the journal from the newest on. What is in a snapshot is in the journal too: for a copy of your books that you can
keep elsewhere, see `florin backup`.

Example:
  florin snapshot create
  florin snapshot list";

/// Take, list and delete snapshots, which make a restart quick
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLE)]
pub(super) enum Snapshots {
    Create(create::Create),
    List(list::List),
    Delete(delete::Delete),
}

impl Snapshots {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Create(command) => command.run(output).await,
            Self::List(command) => command.run(output).await,
            Self::Delete(command) => command.run(output).await,
        }
    }
}

/// A snapshot.
#[derive(Debug, Serialize)]
struct SnapshotView {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    id: u64,
    sequence: u64,
    taken_at: String,
    accounts: u64,
    holds: u64,
    bytes: u64,
}

impl SnapshotView {
    fn of(snapshot: &Snapshot, status: Option<&'static str>) -> Self {
        let Snapshot { id, sequence, taken_at_ns, accounts, holds, bytes } = *snapshot;
        Self { status, id, sequence, taken_at: utc_ms(taken_at_ns), accounts, holds, bytes }
    }
}

impl fmt::Display for SnapshotView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, sequence, taken_at, accounts, holds, bytes, .. } = self;
        write!(
            f,
            "snapshot {id} of {taken_at}: {accounts} accounts and {holds} holds at event {sequence}, {bytes} bytes"
        )
    }
}
