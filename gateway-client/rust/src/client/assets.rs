use florin_proto::v1;

use super::Client;
use crate::asset::{self, Asset, AssetOutcome};
use crate::error::Error;
use crate::retry::Kind;

impl Client {
    /// Registers assets that are not in ISO 4217. Safe to repeat. One answer an asset, in order.
    pub async fn create_assets(
        &self,
        assets: impl IntoIterator<Item = Asset>,
    ) -> Result<Vec<AssetOutcome>, Error> {
        let request =
            v1::CreateAssetsRequest { assets: assets.into_iter().map(v1::Asset::from).collect() };
        let response = self
            .call(Kind::Idempotent, &request, |request| {
                let mut ledger = self.ledger.clone();
                async move { ledger.create_assets(request).await }
            })
            .await?;
        if response.results.len() != request.assets.len() {
            return Err(Error::malformed("not one result for each asset"));
        }
        Ok(response.results.into_iter().map(asset::outcome).collect())
    }

    /// Every asset in use, in the order in which they were first used or registered.
    pub async fn list_assets(&self) -> Result<Vec<Asset>, Error> {
        let response = self
            .call(Kind::Read, &v1::ListAssetsRequest {}, |request| {
                let mut ledger = self.ledger.clone();
                async move { ledger.list_assets(request).await }
            })
            .await?;
        Ok(response.assets.into_iter().map(Asset::from).collect())
    }
}
