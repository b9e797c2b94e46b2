//! What an amount is an amount of.

use florin_proto::{money, v1};

use crate::error::Error;
use crate::refusal::Refusal;
use crate::wire;

/// An asset: a currency, or points, tokens, stock units.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asset {
    /// 1 to 16 characters of `A-Z 0-9 _`, beginning with a letter.
    pub code: String,
    /// Decimals of the minor unit: EUR 2, JPY 0.
    pub scale: u32,
}

/// The answer to one asset.
pub type AssetOutcome = Result<AssetRegistered, Box<Refusal>>;

/// The asset is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetRegistered {
    /// Its code.
    pub code: String,
    /// It was there before, with this scale.
    pub replayed: bool,
}

impl Asset {
    /// An asset.
    pub fn new(code: impl Into<String>, scale: u32) -> Self {
        Self { code: code.into(), scale }
    }

    /// Reads a decimal amount of this asset as minor units. Never rounds.
    pub fn parse_minor(&self, text: &str) -> Result<u128, money::AmountError> {
        money::parse_minor(text, self.scale)
    }

    /// Writes minor units of this asset as decimal text.
    #[must_use]
    pub fn format_minor(&self, minor: i128) -> String {
        money::format_minor(minor, self.scale)
    }

    pub(crate) fn from_wire(asset: Option<v1::Asset>) -> Result<Self, Error> {
        let asset = wire::required(asset, "an account without an asset")?;
        Ok(asset.into())
    }
}

impl From<v1::Asset> for Asset {
    fn from(asset: v1::Asset) -> Self {
        Self::new(asset.code, asset.scale)
    }
}

impl From<Asset> for v1::Asset {
    fn from(asset: Asset) -> Self {
        Self { code: asset.code, scale: asset.scale }
    }
}

pub(crate) fn outcome(result: v1::CreateAssetResult) -> AssetOutcome {
    match result.refusal {
        Some(refusal) => Err(Box::new(refusal.into())),
        None => Ok(AssetRegistered { code: result.code, replayed: result.replayed }),
    }
}
