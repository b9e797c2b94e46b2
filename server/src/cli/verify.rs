//! `florin verify`

use std::path::PathBuf;

use clap::Args;

use super::failure::{Exit, Failure};

const EXAMPLE: &str = "\
Example:
  florin verify --data florin-data";

/// Check a data directory: hash chain, replay, conservation of money
///
/// The server must not be running on it. Nothing in the directory is changed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Verify {
    /// Directory of the journal
    #[arg(
        long,
        env = "FLORIN_DATA",
        hide_env_values = true,
        default_value = "florin-data",
        value_name = "DIR"
    )]
    data: PathBuf,

    /// Where the archive is now, if it was moved [default: where it was when the last segment was archived]
    #[arg(long, value_name = "URL")]
    archive: Option<String>,
}

impl Verify {
    pub fn run(self, json: bool) -> Result<Exit, Failure> {
        match crate::verify::run(&self.data, self.archive.as_deref(), json) {
            Ok(true) => Ok(Exit::Done),
            Ok(false) => Ok(Exit::Refused),
            Err(error) => Err(Failure::verify(&error)),
        }
    }
}
