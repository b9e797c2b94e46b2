//! `florin status`

use clap::Args;
use florin_client as client;

use super::args::Connection;
use super::failure::{Exit, Failure};
use super::output::Output;
use super::view::{StandbyView, StatusView};
use crate::follow;

const EXAMPLE: &str = "\
Example:
  florin status
  florin status --json --server http://ledger.internal:7411";

/// Show how a running engine is: what it holds, how far it is durable, whether it takes payments; or how far a standby is
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Status {
    #[command(flatten)]
    connection: Connection,
}

impl Status {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let ledger = self.connection.open().await?;
        let status = match ledger.status().await {
            // A standby has no engine.
            Err(error @ client::Error::Status { code: tonic::Code::Unimplemented, .. }) => {
                let server = self.connection.server();
                let asked = follow::status(server).await.map_err(|e| Failure::standby(&e))?;
                let Some(standby) = asked else { return Err(error.into()) };
                output.result(&StandbyView::new(server, &standby))?;
                return Ok(Exit::Done);
            }
            status => status?,
        };
        output.result(&StatusView::new(self.connection.server(), &status))?;
        Ok(Exit::Done)
    }
}
