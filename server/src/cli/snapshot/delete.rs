use std::fmt;

use clap::Args;
use serde::Serialize;

use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;

const EXAMPLE: &str = "\
Example:
  florin snapshot delete 7";

/// Delete a snapshot; the journal has everything that is in it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Delete {
    /// Its number, as `florin snapshot list` shows it
    #[arg(value_name = "NUMBER")]
    id: u64,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Serialize)]
struct Deleted {
    status: &'static str,
    id: u64,
    was_there: bool,
}

impl fmt::Display for Deleted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.was_there {
            write!(f, "snapshot {} is deleted", self.id)
        } else {
            write!(f, "there is no snapshot {}", self.id)
        }
    }
}

impl Delete {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let Self { id, connection } = self;
        let was_there = connection.open().await?.delete_snapshot(id).await?;
        output.result(&Deleted { status: "deleted", id, was_there })?;
        Ok(Exit::Done)
    }
}
