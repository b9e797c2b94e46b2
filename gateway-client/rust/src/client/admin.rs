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
}
