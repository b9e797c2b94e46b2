//! What results look like: as JSON by their fields, for people by how they display.
//!
//! Amounts are decimal text beside their minor units, both as strings: neither loses a digit in a
//! reader that takes numbers for floats.

mod account;
mod asset;
mod event;
mod hold;
mod payment;
mod record;
mod refused;
mod standby;
mod status;
mod transfer;

use florin_client::Asset;
use florin_client::money;

pub(super) use account::{AccountView, OpenedView, ceiling_text, floor_text, state_text};
pub(super) use asset::AssetView;
pub(super) use event::EventView;
pub(super) use hold::HoldView;
pub(super) use payment::{PaymentDoneView, PaymentView, payment_state_text};
pub(super) use record::{RecordView, id_text, kind_text};
pub(super) use refused::RefusedView;
pub(super) use standby::StandbyView;
pub(super) use status::StatusView;
pub(super) use transfer::{Parties, PostedView};

/// An amount for people: decimals and asset, or what there is if the asset is not known.
fn amount_text(minor: u128, asset: Option<&Asset>) -> String {
    match asset {
        Some(asset) => {
            format!("{} {}", money::format_minor_unsigned(minor, asset.scale), asset.code)
        }
        None => format!("{minor} minor units"),
    }
}

/// As [`amount_text`] for balances.
fn balance_text(minor: i128, asset: Option<&Asset>) -> String {
    match asset {
        Some(asset) => format!("{} {}", asset.format_minor(minor), asset.code),
        None => format!("{minor} minor units"),
    }
}

/// A value of the contract as text: its name without what all names of its kind begin with, in small letters.
fn value_text(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase()
}

/// An amount as decimal text, if the asset is known.
fn decimal(minor: u128, asset: Option<&Asset>) -> Option<String> {
    asset.map(|asset| money::format_minor_unsigned(minor, asset.scale))
}

fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests;
