//! Balances of the past, as they are sent.

use florin_engine::{AccountState, Body, Event, Floor, Sequence, available_minor};
use florin_proto::v1;

use super::account::{asset_to_wire, floor_to_wire};

/// A moment, and what the journal says of an account then.
#[derive(Debug, Clone, Copy)]
pub struct Then<'a> {
    /// The last event of the ledger at or before the moment; 0 if there was none.
    pub resolved_sequence: Sequence,
    /// When that was, ns since 1970; 0 if there was none.
    pub resolved_time_ns: u64,
    /// The last event of the account at or before the moment; `None` if it was not open yet.
    pub event: Option<&'a Event>,
}

/// An account's balance as it was. `account` is how it is now.
pub fn balance_to_wire(account: &AccountState, then: Then<'_>) -> v1::GetBalanceAtResponse {
    let base = v1::GetBalanceAtResponse {
        account_id: Some(account.id.into()),
        asset: Some(asset_to_wire(&account.asset)),
        balance: Some(0.into()),
        debits_pending: Some(v1::Uint128::default()),
        resolved_sequence: then.resolved_sequence,
        resolved_time_ns: then.resolved_time_ns,
        ..v1::GetBalanceAtResponse::default()
    };
    let Some(event) = then.event else { return base };
    let own = event.legs().into_iter().flatten().find(|leg| leg.slot == account.slot);
    let (net_minor, pending_minor) =
        own.map_or((0, 0), |leg| (leg.posted_net_after_minor, leg.pending_debits_after_minor));
    let floor = floor_at(account, event);
    let available = floor.and_then(|floor| available_minor(net_minor, pending_minor, floor));
    v1::GetBalanceAtResponse {
        opened: true,
        balance: Some(net_minor.into()),
        debits_pending: Some(pending_minor.into()),
        floor: floor.map(floor_to_wire),
        available: available.map(Into::into),
        event_sequence: event.sequence,
        event_time_ns: event.timestamp_ns,
        ..base
    }
}

/// The floor right after an event of an account, where that is certain: a transfer says nothing about it, and an
/// update may have come since.
fn floor_at(account: &AccountState, event: &Event) -> Option<Floor> {
    match &event.body {
        Body::AccountOpened(opened) => Some(opened.floor),
        Body::AccountUpdated(updated) => Some(updated.floor),
        _ => (event.sequence == account.last_sequence).then_some(account.floor),
    }
}

#[cfg(test)]
mod tests {
    use florin_engine::{AccountUpdated, Asset, AssetCode, Freeze, Leg, TransferPosted};

    use super::*;

    const SLOT: u32 = 7;

    fn account(last_sequence: Sequence, floor: Floor) -> AccountState {
        AccountState {
            slot: SLOT,
            id: 1,
            name: None,
            asset: Asset {
                code: AssetCode::new("EUR").expect("a code"),
                scale: 2,
                debits_posted_minor: 0,
                credits_posted_minor: 0,
                pending_minor: 0,
            },
            debits_pending_minor: 0,
            debits_posted_minor: 0,
            credits_pending_minor: 0,
            credits_posted_minor: 0,
            net_minor: 999,
            available_minor: Some(999),
            floor,
            ceiling_minor: None,
            freeze: Freeze::None,
            closed: false,
            metadata: Box::default(),
            opened_at_ns: 1,
            last_sequence,
        }
    }

    fn leg(slot: u32, net: i128, pending: u128) -> Leg {
        Leg {
            slot,
            previous_sequence: 1,
            posted_net_after_minor: net,
            pending_debits_after_minor: pending,
        }
    }

    fn moved(debit: Leg, credit: Leg) -> Body {
        Body::TransferPosted(TransferPosted {
            id: 5,
            amount_minor: 1,
            debit,
            credit,
            content_hash: 0,
            original_sequence: 0,
            tenant: 0,
            asset: 0,
            code: 0,
            value_date: 0,
            group: florin_engine::GroupPlace::default(),
            extra: None,
        })
    }

    fn updated(own: Leg, floor: Floor) -> Body {
        let (tenant, freeze, closed) = (0, Freeze::None, false);
        let updated = AccountUpdated { leg: own, tenant, freeze, closed, floor, ceiling: None };
        Body::AccountUpdated(Box::new(updated))
    }

    #[test]
    fn what_one_record_tells() {
        let (own, other) = (leg(SLOT, 70, 30), leg(8, -70, 0));
        let overdraft = Floor::Overdraft(50);
        for (name, last, now, body, balance, pending, available) in [
            ("paid, last", 20, Floor::Zero, moved(own, other), 70, 30, Some(40)),
            ("received, last", 20, overdraft, moved(other, own), 70, 30, Some(90)),
            ("last, no floor", 20, Floor::None, moved(other, own), 70, 30, None),
            ("not the last", 21, Floor::Zero, moved(own, other), 70, 30, None),
            ("an update", 21, Floor::Zero, updated(own, overdraft), 70, 30, Some(90)),
            (
                "below zero",
                21,
                Floor::Zero,
                updated(leg(SLOT, -20, 10), overdraft),
                -20,
                10,
                Some(20),
            ),
            ("used up", 21, Floor::Zero, updated(leg(SLOT, -50, 9), overdraft), -50, 9, Some(0)),
        ] {
            let event = Event { sequence: 20, timestamp_ns: 2_000, body };
            let then = Then { resolved_sequence: 25, resolved_time_ns: 2_500, event: Some(&event) };
            let wire = balance_to_wire(&account(last, now), then);
            let read = (wire.balance.map(i128::from), wire.debits_pending.map(u128::from));
            assert_eq!(read, (Some(balance), Some(pending)), "{name}");
            assert_eq!(wire.available.map(u128::from), available, "{name}");
            assert_eq!(wire.floor.is_some(), name != "not the last", "{name}");
            assert_eq!((wire.opened, wire.event_sequence, wire.event_time_ns), (true, 20, 2_000));
            assert_eq!((wire.resolved_sequence, wire.resolved_time_ns), (25, 2_500));
        }
        let then = Then { resolved_sequence: 3, resolved_time_ns: 4, event: None };
        let wire = balance_to_wire(&account(20, Floor::Zero), then);
        assert_eq!((wire.opened, wire.balance.map(i128::from)), (false, Some(0)));
        assert_eq!((wire.floor, wire.available, wire.event_sequence), (None, None, 0));
    }
}
