use florin_proto::v1;

use super::Client;
use crate::error::Error;
use crate::retry::Kind;
use crate::status::Status;

impl Client {
    /// How the engine is.
    pub async fn status(&self) -> Result<Status, Error> {
        let response = self
            .call(Kind::Read, &v1::GetStatusRequest {}, |request| {
                let mut admin = self.admin.clone();
                async move { admin.get_status(request).await }
            })
            .await?;
        Ok(response.into())
    }

    /// Says that the clock is right: what fell due by a jump forward of it, and was held back, goes on. True if
    /// something was held back until now.
    pub async fn accept_clock(&self) -> Result<bool, Error> {
        let response = self
            .call(Kind::Idempotent, &v1::AcceptClockRequest {}, |request| {
                let mut admin = self.admin.clone();
                async move { admin.accept_clock(request).await }
            })
            .await?;
        Ok(response.was_paused)
    }
}
