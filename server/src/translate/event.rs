//! Events as they are sent.

use florin_actors::directory::{KnownAsset, View};
use florin_engine::{
    AccountOpened, AccountUpdated, AssetCode, Body, Event, Freeze, GroupRefused, NO_SLOT, Slot,
};
use florin_proto::v1;

use super::account::{ceiling_to_wire, floor_to_wire, freeze_to_wire, metadata_to_wire};
use super::found::{Beside, transfer_to_wire};
use super::refusal::refusal_to_wire;

/// One account of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side<'a> {
    /// Its id; 0 if not even that is known.
    pub id: u128,
    /// Its name; empty if it has none, or is none.
    pub name: &'a str,
    /// What it holds, if there is such an account.
    pub asset: Option<KnownAsset>,
}

/// The accounts that an event is about: debit, credit; of an opening or update the first.
pub fn sides<'a>(event: &Event, view: &'a View<'_>) -> [Option<Side<'a>>; 2] {
    if let Body::TransferRefused(refused) = &event.body {
        let side = |slot: Slot, id: u128| {
            let known = (slot != NO_SLOT).then(|| side_at(slot, view)).flatten();
            known.or((id != 0).then_some(Side { id, name: "", asset: None }))
        };
        return [
            side(refused.debit_slot, refused.debit_account),
            side(refused.credit_slot, refused.credit_account),
        ];
    }
    event.legs().map(|leg| leg.and_then(|leg| side_at(leg.slot, view)))
}

fn side_at<'a>(slot: Slot, view: &'a View<'_>) -> Option<Side<'a>> {
    let account = view.account(slot)?;
    Some(Side { id: account.id, name: account.name, asset: view.asset(account.asset) })
}

/// What kind of event it is.
pub fn event_kind(body: &Body) -> v1::EventKind {
    match body {
        Body::AssetRegistered(_) => v1::EventKind::AssetRegistered,
        Body::AccountOpened(_) => v1::EventKind::AccountOpened,
        Body::AccountUpdated(_) => v1::EventKind::AccountUpdated,
        Body::TransferPosted(_) => v1::EventKind::TransferPosted,
        Body::Hold(hold) if hold.of_payment => v1::EventKind::Payment,
        Body::Hold(_) => v1::EventKind::Hold,
        Body::TransferRefused(_) => v1::EventKind::TransferRefused,
        Body::GroupRefused(_) => v1::EventKind::GroupRefused,
        Body::DigestTaken { .. } => v1::EventKind::Checkpoint,
    }
}

/// An event as it is sent. `group` is the id of the group that it was posted in.
pub fn event_to_wire(
    event: &Event,
    sides: &[Option<Side<'_>>; 2],
    group: Option<u128>,
) -> v1::Event {
    let place = event.group();
    let asset = sides.iter().flatten().find_map(|side| side.asset);
    let mut wire = v1::Event {
        sequence: event.sequence,
        timestamp_ns: event.timestamp_ns,
        kind: event_kind(&event.body).into(),
        group_index: place.index.into(),
        group_len: place.len.into(),
        asset_code: asset.map(|asset| asset.code.as_str().to_owned()).unwrap_or_default(),
        asset_scale: asset.map_or(0, |asset| asset.scale.into()),
        ..v1::Event::default()
    };
    wire.body = match &event.body {
        Body::AssetRegistered(registered) => Some(v1::event::Body::Asset(v1::Asset {
            code: registered.code.as_str().to_owned(),
            scale: registered.scale.into(),
        })),
        Body::AccountOpened(opened) => Some(v1::event::Body::Account(opened_to_wire(opened))),
        Body::AccountUpdated(updated) => {
            Some(v1::event::Body::Account(updated_to_wire(updated, sides[0])))
        }
        Body::TransferPosted(_) | Body::Hold(_) | Body::TransferRefused(_) => {
            let id = |side: Option<Side<'_>>| side.map_or(0, |side| side.id);
            let beside = Beside {
                debit_account: id(sides[0]),
                credit_account: id(sides[1]),
                group,
                reversed_by: None, // it was not when it happened
            };
            Some(v1::event::Body::Transfer(transfer_to_wire(event, beside)))
        }
        Body::GroupRefused(refused) => {
            wire.group_len = refused.len.into();
            Some(v1::event::Body::Group(group_to_wire(event, refused)))
        }
        Body::DigestTaken { .. } => None,
    };
    wire
}

fn opened_to_wire(opened: &AccountOpened) -> v1::AccountChanged {
    v1::AccountChanged {
        id: Some(opened.id.into()),
        name: opened.name.as_deref().unwrap_or_default().to_owned(),
        floor: Some(floor_to_wire(opened.floor)),
        ceiling: ceiling_to_wire(opened.ceiling),
        freeze: freeze_to_wire(Freeze::None).into(),
        closed: false,
        metadata: metadata_to_wire(&opened.metadata),
        balance: Some(0.into()),
    }
}

fn updated_to_wire(updated: &AccountUpdated, account: Option<Side<'_>>) -> v1::AccountChanged {
    v1::AccountChanged {
        id: account.map(|account| account.id.into()),
        name: account.map(|account| account.name.to_owned()).unwrap_or_default(),
        floor: Some(floor_to_wire(updated.floor)),
        ceiling: ceiling_to_wire(updated.ceiling),
        freeze: freeze_to_wire(updated.freeze).into(),
        closed: updated.closed,
        metadata: std::collections::BTreeMap::new(),
        balance: Some(updated.leg.posted_net_after_minor.into()),
    }
}

fn group_to_wire(event: &Event, refused: &GroupRefused) -> v1::GroupResult {
    let refusal =
        v1::Refusal { member: refused.member.into(), ..refusal_to_wire(&refused.refusal) };
    v1::GroupResult {
        id: Some(refused.key.id.into()),
        status: v1::TransferStatus::Refused.into(),
        replayed: false,
        sequence: event.sequence,
        refusal: Some(refusal),
    }
}

/// The asset that an event is about, where it has no accounts.
pub(super) fn own_asset(event: &Event) -> Option<AssetCode> {
    match &event.body {
        Body::AssetRegistered(registered) => Some(registered.code),
        _ => None,
    }
}
