//! Accounts and assets.

use std::collections::BTreeMap;

use florin_engine::{
    AccountChange, AccountState, Asset, AssetCode, Fault, Floor, Freeze, NewAccount, NewAsset,
    Reason, Tenant, check_account_change, check_new_account, check_new_asset, decode_metadata,
    encode_metadata,
};
use florin_proto::{name, v1};

/// Which account is meant: its id, also where it is named.
pub fn account_key(key: Option<&v1::AccountKey>, field: &'static str) -> Result<u128, Fault> {
    match key.and_then(|key| key.key.as_ref()) {
        Some(v1::account_key::Key::Id(id)) if *id != v1::Uint128::default() => Ok((*id).into()),
        Some(v1::account_key::Key::Name(name)) if name::is_valid(name) => {
            Ok(name::account_id(name))
        }
        Some(v1::account_key::Key::Name(_)) => Err(Fault::new(Reason::NameInvalid, field)),
        Some(v1::account_key::Key::Id(_)) | None => {
            Err(Fault::new(Reason::AccountKeyMissing, field))
        }
    }
}

/// An account to open.
pub fn new_account(tenant: Tenant, new: &v1::NewAccount) -> Result<NewAccount, Fault> {
    let floor = floor(new.floor.as_ref());
    // Enum values come before everything else, as in `Reason`.
    if let Err(fault @ Fault { reason: Reason::EnumUnknown, .. }) = floor {
        return Err(fault);
    }
    let id = account_key(new.key.as_ref(), "key")?;
    let name = match new.key.as_ref().and_then(|key| key.key.as_ref()) {
        Some(v1::account_key::Key::Name(name)) => Some(name.as_str().into()),
        _ => None,
    };
    let asset = AssetCode::new(&new.asset).ok_or(Fault::new(Reason::AssetInvalid, "asset"))?;
    let metadata = metadata(&new.metadata)?;
    let ceiling = ceiling(new.ceiling.as_ref());
    let account = NewAccount { tenant, id, asset, floor: floor?, name, metadata, ceiling };
    check_new_account(&account)?;
    Ok(account)
}

/// A change of an account.
pub fn change(tenant: Tenant, request: &v1::UpdateAccountRequest) -> Result<AccountChange, Fault> {
    let freeze = match v1::Freeze::try_from(request.freeze) {
        Ok(v1::Freeze::Unspecified) => None,
        Ok(v1::Freeze::None) => Some(Freeze::None),
        Ok(v1::Freeze::Debits) => Some(Freeze::Debits),
        Ok(v1::Freeze::Credits) => Some(Freeze::Credits),
        Ok(v1::Freeze::Both) => Some(Freeze::Both),
        Err(_) => return Err(Fault::new(Reason::EnumUnknown, "freeze")),
    };
    let floor = request.floor.as_ref().map(|wire| floor(Some(wire)));
    if let Some(Err(fault @ Fault { reason: Reason::EnumUnknown, .. })) = floor {
        return Err(fault);
    }
    let id = account_key(request.account.as_ref(), "account")?;
    let floor = floor.transpose()?;
    let ceiling = request.ceiling.as_ref().map(|wire| ceiling(Some(wire)));
    let change = AccountChange { tenant, id, freeze, close: request.close, floor, ceiling };
    check_account_change(&change)?;
    Ok(change)
}

/// An asset to register.
pub fn new_asset(asset: &v1::Asset) -> Result<NewAsset, Fault> {
    let code = AssetCode::new(&asset.code).ok_or(Fault::new(Reason::AssetInvalid, "code"))?;
    let scale = u8::try_from(asset.scale).map_err(|_| Fault::new(Reason::AssetInvalid, "scale"))?;
    let new = NewAsset { code, scale };
    check_new_asset(&new)?;
    Ok(new)
}

fn floor(floor: Option<&v1::Floor>) -> Result<Floor, Fault> {
    use v1::floor::Kind;
    let Some(floor) = floor else { return Ok(Floor::Zero) };
    let kind =
        Kind::try_from(floor.kind).map_err(|_| Fault::new(Reason::EnumUnknown, "floor.kind"))?;
    match (kind, floor.overdraft) {
        (Kind::Unspecified | Kind::Zero, None) => Ok(Floor::Zero),
        (Kind::None, None) => Ok(Floor::None),
        (Kind::Overdraft, Some(minor)) => Ok(Floor::Overdraft(minor.into())),
        _ => Err(Fault::new(Reason::FloorInvalid, "floor.overdraft")),
    }
}

fn ceiling(ceiling: Option<&v1::Ceiling>) -> Option<u128> {
    ceiling?.limit.map(u128::from)
}

/// A ceiling as it is sent.
pub fn ceiling_to_wire(ceiling_minor: Option<u128>) -> Option<v1::Ceiling> {
    ceiling_minor.map(|minor| v1::Ceiling { limit: Some(minor.into()) })
}

/// Metadata as it is kept.
pub(super) fn metadata(pairs: &BTreeMap<String, String>) -> Result<Box<[u8]>, Fault> {
    encode_metadata(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
        .ok_or(Fault::new(Reason::MetadataTooLarge, "metadata"))
}

/// Metadata as it is sent.
pub fn metadata_to_wire(bytes: &[u8]) -> BTreeMap<String, String> {
    decode_metadata(bytes).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// An account as it is sent.
pub fn account_to_wire(account: AccountState) -> v1::Account {
    v1::Account {
        id: Some(account.id.into()),
        name: account.name.map(String::from).unwrap_or_default(),
        asset: Some(asset_to_wire(&account.asset)),
        debits_posted: Some(account.debits_posted_minor.into()),
        credits_posted: Some(account.credits_posted_minor.into()),
        debits_pending: Some(account.debits_pending_minor.into()),
        credits_pending: Some(account.credits_pending_minor.into()),
        balance: Some(account.net_minor.into()),
        available: account.available_minor.map(Into::into),
        floor: Some(floor_to_wire(account.floor)),
        freeze: freeze_to_wire(account.freeze).into(),
        closed: account.closed,
        metadata: metadata_to_wire(&account.metadata),
        opened_at_ns: account.opened_at_ns,
        last_sequence: account.last_sequence,
        ceiling: ceiling_to_wire(account.ceiling_minor),
    }
}

/// What is frozen, as it is sent.
pub fn freeze_to_wire(freeze: Freeze) -> v1::Freeze {
    match freeze {
        Freeze::None => v1::Freeze::None,
        Freeze::Debits => v1::Freeze::Debits,
        Freeze::Credits => v1::Freeze::Credits,
        Freeze::Both => v1::Freeze::Both,
    }
}

/// A floor as it is sent.
pub fn floor_to_wire(floor: Floor) -> v1::Floor {
    let (kind, overdraft) = match floor {
        Floor::Zero => (v1::floor::Kind::Zero, None),
        Floor::None => (v1::floor::Kind::None, None),
        Floor::Overdraft(minor) => (v1::floor::Kind::Overdraft, Some(minor.into())),
    };
    v1::Floor { kind: kind.into(), overdraft }
}

/// An asset as it is sent.
pub fn asset_to_wire(asset: &Asset) -> v1::Asset {
    v1::Asset { code: asset.code.as_str().to_owned(), scale: asset.scale.into() }
}
