//! `florin backup verify`

use std::ops::ControlFlow;

use clap::Args;
use florin_persistence::backup::verify;

use super::view::VerifiedView;
use super::{WorkBar, manifest, place};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;

const EXAMPLE: &str = "\
Example:
  florin backup verify --from /srv/backups
  florin backup verify --from /srv/backups \
manifest-00000000000000004711-0f3a9c21-5d1e8ab004c7f2e9.json";

/// Read all of a backup and check it: every object, the hash chain, the replay, conservation of money
///
/// Without a name it is the backup that reaches farthest. Nothing is written anywhere.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Verify {
    /// Where it lies
    #[arg(long, value_name = "URL")]
    from: String,

    /// Name of its manifest, as in `florin backup list`
    #[arg(value_name = "MANIFEST")]
    manifest: Option<String>,
}

impl Verify {
    pub fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let place = place(&self.from)?;
        let (name, manifest) = manifest(&*place, self.manifest)?;
        let mut bar = WorkBar::new();
        let verified = verify(&place, &manifest, &mut |progress| {
            bar.watch(&progress);
            ControlFlow::Continue(())
        });
        bar.finish();
        output.result(&VerifiedView::new(&name, &manifest, &verified?))?;
        Ok(Exit::Done)
    }
}
