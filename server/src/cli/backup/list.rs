//! `florin backup list`

use clap::Args;
use florin_persistence::backup::{list, load};

use super::place;
use super::view::ListedView;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;

const EXAMPLE: &str = "\
Example:
  florin backup list --from /srv/backups
  florin backup list --from file:///srv/backups --json";

/// List the backups in a place, by the last event in them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct List {
    /// Where they lie
    #[arg(long, value_name = "URL")]
    from: String,
}

impl List {
    pub fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let place = place(&self.from)?;
        let mut exit = Exit::Done;
        for listed in list(&*place)? {
            match load(&*place, &listed.name) {
                Ok(manifest) => output.result(&ListedView::new(&listed.name, &manifest))?,
                Err(error) => {
                    output.error(&error.into())?;
                    exit = Exit::Refused;
                }
            }
        }
        Ok(exit)
    }
}
