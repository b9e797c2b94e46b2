use std::fmt;

use florin_client::Asset;
use serde::Serialize;

/// An asset.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct AssetView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    code: &'a str,
    scale: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<bool>,
}

impl<'a> AssetView<'a> {
    /// One that was just registered, or was before.
    pub fn registered(asset: &'a Asset, replayed: bool) -> Self {
        Self { status: Some("registered"), replayed: Some(replayed), ..Self::listed(asset) }
    }

    pub fn listed(asset: &'a Asset) -> Self {
        Self { status: None, code: &asset.code, scale: asset.scale, replayed: None }
    }
}

impl fmt::Display for AssetView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = if self.replayed == Some(true) { ", was registered before" } else { "" };
        write!(f, "{} with {} decimals{before}", self.code, self.scale)
    }
}
