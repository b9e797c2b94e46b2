//! What the server knows of that a file refers to: assets, and accounts with what they hold.

use std::collections::HashMap;

use florin_client::{AccountId, AccountKey, Asset, Client};
use florin_engine::{AssetCode, iso_4217_scale};

use super::ask::in_parts;
use crate::cli::failure::Failure;

/// Assets by code.
#[derive(Debug, Clone, Default)]
pub(super) struct Assets {
    by_code: HashMap<String, Asset>,
}

/// A text that is the code of no asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum UnknownAsset {
    #[error("an asset code is 1 to 16 characters of A-Z 0-9 _, beginning with a letter")]
    Invalid,
    #[error("neither in ISO 4217 nor registered: register it with `florin asset create`")]
    NotFound,
}

impl UnknownAsset {
    pub fn reason(self) -> &'static str {
        match self {
            Self::Invalid => "ASSET_INVALID",
            Self::NotFound => "ASSET_NOT_FOUND",
        }
    }
}

impl Assets {
    /// Those that the server lists; currencies of ISO 4217 are known anyway.
    pub async fn of_server(client: &Client) -> Result<Self, Failure> {
        Ok(Self::new(client.list_assets().await?))
    }

    pub fn new(assets: impl IntoIterator<Item = Asset>) -> Self {
        let by_code = assets.into_iter().map(|asset| (asset.code.clone(), asset));
        Self { by_code: by_code.collect() }
    }

    pub fn of(&mut self, code: &str) -> Result<&Asset, UnknownAsset> {
        if !self.by_code.contains_key(code) {
            let valid = AssetCode::new(code).ok_or(UnknownAsset::Invalid)?;
            let scale = iso_4217_scale(valid).ok_or(UnknownAsset::NotFound)?;
            self.by_code.insert(code.to_owned(), Asset::new(code, scale.into()));
        }
        self.by_code.get(code).ok_or(UnknownAsset::NotFound)
    }
}

/// Accounts that were asked for, and what they hold: a few bytes each, whatever else they have.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// Place in `assets`; `None` if there is no such account.
    by_id: HashMap<AccountId, Option<u16>>,
    assets: Vec<String>,
}

impl Accounts {
    /// Asks for those that were not asked for yet.
    pub async fn learn<'k>(
        &mut self,
        client: &Client,
        keys: impl IntoIterator<Item = &'k AccountKey>,
    ) -> Result<(), Failure> {
        let mut unknown: Vec<AccountId> = keys
            .into_iter()
            .map(AccountKey::id)
            .filter(|id| !self.by_id.contains_key(id))
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        let ask = async |asked: &[AccountId]| {
            let accounts = client.get_accounts(asked.iter().copied()).await?.found;
            Ok(accounts.into_iter().map(|account| (account.id, account.asset.code)).collect())
        };
        let found = in_parts(&unknown, ask).await?;
        self.by_id.extend(unknown.into_iter().map(|id| (id, None)));
        for (id, asset) in found {
            self.note(id, &asset);
        }
        Ok(())
    }

    fn note(&mut self, id: AccountId, asset: &str) {
        let known = self.assets.iter().position(|code| code == asset);
        let place = known.unwrap_or_else(|| {
            self.assets.push(asset.to_owned());
            self.assets.len() - 1
        });
        // A server has at most 1,024 assets.
        self.by_id.insert(id, u16::try_from(place).ok());
    }

    /// Code of the asset that an account holds; `None` if there is no such account.
    pub fn asset_of(&self, key: &AccountKey) -> Option<&str> {
        let place = (*self.by_id.get(&key.id())?)?;
        self.assets.get(usize::from(place)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_of_iso_4217_and_registered_ones() {
        let mut assets = Assets::new([Asset::new("POINTS", 0)]);
        for (code, scale) in [
            ("EUR", Ok(2)),
            ("JPY", Ok(0)),
            ("POINTS", Ok(0)),
            ("MILES", Err("ASSET_NOT_FOUND")),
            ("eur", Err("ASSET_INVALID")),
            ("", Err("ASSET_INVALID")),
            ("TOO_LONG_FOR_A_CODE", Err("ASSET_INVALID")),
        ] {
            let found = assets.of(code).map(|asset| asset.scale).map_err(UnknownAsset::reason);
            assert_eq!(found, scale, "{code:?}");
        }
    }

    #[test]
    fn what_accounts_hold() {
        let mut accounts = Accounts::default();
        let key = |name: &str| AccountKey::from(name);
        for (name, asset) in [("a", "EUR"), ("b", "JPY"), ("c", "EUR")] {
            accounts.note(key(name).id(), asset);
        }
        accounts.by_id.insert(key("none").id(), None);
        for (name, asset) in [
            ("a", Some("EUR")),
            ("b", Some("JPY")),
            ("c", Some("EUR")),
            ("none", None),
            ("d", None),
        ] {
            assert_eq!(accounts.asset_of(&key(name)), asset, "{name}");
        }
        assert_eq!(accounts.asset_of(&AccountKey::Id(key("a").id())), Some("EUR"));
        assert_eq!(accounts.assets, ["EUR", "JPY"]);
    }
}
