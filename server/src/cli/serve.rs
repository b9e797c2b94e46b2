//! `florin serve`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::failure::{Exit, Failure};
use crate::config::{Config, Flags};
use crate::serve::Opening;

const EXAMPLE: &str = "\
When it serves it prints one line: ready {\"listen\":\"127.0.0.1:7411\",…}
Ctrl-C or SIGTERM ends it when everything admitted is answered.

Example:
  florin serve --data florin-data --listen 127.0.0.1:7411
  FLORIN_LOG__FORMAT=json florin serve --config florin.toml";

/// Serve a ledger: recover its journal, then take payments
///
/// Settings come from defaults, then --config, then the environment (`FLORIN_LISTEN`,
/// `FLORIN_JOURNAL__SEGMENT_BYTES`), then the command line.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Serve {
    /// Directory of the journal, created if absent [default: florin-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Address to serve gRPC on; port 0 picks a free one [default: 127.0.0.1:7411]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,

    /// Configuration file
    #[arg(long, env = "FLORIN_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// If the last frame of the journal was written and has changed since: cut it off. Payments in it
    /// may have been acknowledged; without this the server refuses to start (`JOURNAL_DAMAGED`)
    #[arg(long)]
    cut_damaged_tail: bool,

    /// The clock is right, however long the server was off: holds and payments that are due fall due. Without
    /// this they are held back after more than a day, until `florin clock accept`
    #[arg(long)]
    accept_clock: bool,

    /// The data directory is a fork (`florin fork`): without this it is not served, and with this nothing else is
    #[arg(long)]
    fork: bool,
}

impl Serve {
    pub fn run(self) -> Result<Exit, Failure> {
        let Self { data, listen, config, cut_damaged_tail, accept_clock, fork } = self;
        let flags = Flags { config, data, listen };
        let config = Config::load(flags, std::env::vars_os())?;
        crate::serve::run(config, Opening { cut_damaged_tail, accept_clock, fork })
            .map_err(|error| Failure::serve(&error))?;
        Ok(Exit::Done)
    }
}
