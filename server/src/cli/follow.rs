//! `florin follow`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::failure::{Exit, Failure};
use crate::config::{Config, Flags};
use crate::follow::FollowOptions;

const EXAMPLE: &str = "\
When it follows it prints one line: ready {\"listen\":\"127.0.0.1:7413\",…}
It serves no payments: health says NOT_SERVING, and /metrics how far it is. Ctrl-C or SIGTERM ends it.

Example: a standby, and what to do when the leader is gone
  florin follow --from http://db-1:7411 --data standby --listen 127.0.0.1:7413
  florin promote --data standby
  florin serve --data standby";

/// Follow another server: keep a copy of its journal, verified, that can be promoted by hand
///
/// This is a warm standby and no cluster: nothing is promoted by itself, and what the leader acknowledged in the last
/// moment before it died may be missing.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Follow {
    /// Address of the leader
    #[arg(long, value_name = "URL")]
    from: String,

    /// Directory of the copy, created if absent [default: florin-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Address to serve health and status on; port 0 picks a free one [default: 127.0.0.1:7411]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,

    /// The directory has a journal of its own, of a backup restored with --same-lineage or of a former leader: go on from
    /// that, if the leader's goes on from it too
    #[arg(long)]
    adopt: bool,

    /// Replay what comes into a ledger in memory, and compare it with the digests that the leader recorded
    #[arg(long)]
    replay: bool,

    /// What has changed on disk in the last frame of the copy is cut off, and had from the leader again
    #[arg(long)]
    cut_damaged_tail: bool,

    /// Configuration file
    #[arg(long, env = "FLORIN_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Follow {
    pub fn run(self) -> Result<Exit, Failure> {
        let flags = Flags { config: self.config, data: self.data, listen: self.listen };
        let config = Config::load(flags, std::env::vars_os())?;
        let Self { from, adopt, replay, cut_damaged_tail, .. } = self;
        let options = FollowOptions { from, adopt, replay, cut_damaged_tail };
        crate::follow::run(&config, &options).map_err(|error| Failure::standby(&error))?;
        Ok(Exit::Done)
    }
}
