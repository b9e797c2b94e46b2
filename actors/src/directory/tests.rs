use florin_engine::{
    AccountOpened, AssetRegistered, AtDue, Floor, GroupPlace, HoldEvent, Leg, TransferPosted,
};

use super::*;

fn event(sequence: Sequence, body: Body) -> Event {
    Event { sequence, timestamp_ns: sequence, body }
}

fn asset(sequence: Sequence, index: u32, code: &str) -> Event {
    let code = AssetCode::new(code).expect("a code");
    event(sequence, Body::AssetRegistered(AssetRegistered { asset: index, code, scale: 2 }))
}

fn account(slot: Slot, tenant: Tenant, name: &str) -> Event {
    let opened = AccountOpened {
        tenant,
        id: u128::from(slot) + 100,
        slot,
        asset: 0,
        floor: Floor::Zero,
        ceiling: None,
        content_hash: 0,
        name: (!name.is_empty()).then(|| name.into()),
        metadata: Box::default(),
    };
    event(u64::from(slot) + 2, Body::AccountOpened(Box::new(opened)))
}

fn step(sequence: Sequence, step: HoldStep, of_payment: bool, tenant: Tenant) -> Event {
    let hold = HoldEvent {
        step,
        of_payment,
        id: sequence.into(),
        hold_id: sequence.into(),
        hold_sequence: 0,
        amount_minor: 1,
        released_minor: 0,
        remaining_minor: 1,
        debit: Leg::NONE,
        credit: Leg::NONE,
        content_hash: 0,
        tenant,
        asset: 0,
        code: 0,
        value_date: 0,
        group: GroupPlace::default(),
        due_at_ns: 0,
        sets_due: false,
        at_due: AtDue::Release,
        release_rest: false,
        blocked_by: None,
        extra: None,
    };
    event(sequence, Body::Hold(Box::new(hold)))
}

fn transfer(sequence: Sequence, original_sequence: Sequence) -> Event {
    let posted = TransferPosted {
        id: sequence.into(),
        amount_minor: 1,
        debit: Leg::NONE,
        credit: Leg::NONE,
        content_hash: 0,
        original_sequence,
        tenant: 0,
        asset: 0,
        code: 0,
        value_date: 0,
        group: GroupPlace::default(),
        extra: None,
    };
    event(sequence, Body::TransferPosted(posted))
}

#[test]
fn only_what_is_wanted_changes_anything() {
    for (event, wanted) in [
        (asset(1, 0, "EUR"), true),
        (account(0, 0, "a"), true),
        (transfer(3, 0), false),
        (transfer(4, 3), true),
        (step(5, HoldStep::Place, false, 0), false),
        (step(6, HoldStep::Place, true, 0), true),
        (step(7, HoldStep::Pay, true, 0), true),
        (step(8, HoldStep::Capture, true, 0), false),
        (event(9, Body::DigestTaken { digest: [0; 32], with_ids: false }), false),
    ] {
        assert_eq!(Directory::wants(&event), wanted, "{event:?}");
        let directory = Directory::new();
        let before = format!("{directory:?}");
        directory.note([&event]);
        assert_eq!(format!("{directory:?}") != before, wanted, "{event:?}");
    }
}

#[test]
fn slots_assets_and_reversals() {
    let directory = Directory::new();
    let events = [asset(1, 0, "EUR"), account(0, 0, "alice"), account(1, 7, ""), transfer(4, 3)];
    directory.note(&events);
    let view = directory.view();
    let account = |tenant, id, name| Some(KnownAccount { tenant, id, name, asset: 0 });
    assert_eq!(view.account(0), account(0, 100, "alice"));
    assert_eq!(view.account(1), account(7, 101, ""));
    assert_eq!(view.account(2), None);
    assert_eq!(view.asset(0).map(|asset| (asset.code.as_str().to_owned(), asset.scale)), {
        Some(("EUR".to_owned(), 2))
    });
    assert_eq!(view.asset(1), None);
    assert_eq!((view.reversed_by(3), view.reversed_by(4)), (Some(4), None));
}

/// Against a sorted list of all names, while accounts keep coming.
#[test]
fn names_are_in_order_however_they_come() {
    let directory = Directory::new();
    let mut all: Vec<(Tenant, String)> = Vec::new();
    for slot in 0..1_500u32 {
        let number = slot.wrapping_mul(2_654_435_761) % 10_007;
        let kind = ["customer:", "shop/", ""][slot as usize % 3];
        let name = if kind.is_empty() { String::new() } else { format!("{kind}{number}") };
        let tenant = slot % 2;
        directory.note([&account(slot, tenant, &name)]);
        if !name.is_empty() {
            all.push((tenant, name));
        }
        if slot % 250 != 0 && slot != 1_499 {
            continue;
        }
        all.sort();
        for tenant in [0, 1, 2] {
            for prefix in ["", "c", "customer:", "customer:1", "shop/9", "shop0", "zzz"] {
                let expected =
                    all.iter().filter(|(of, name)| *of == tenant && name.starts_with(prefix));
                let expected: Vec<&String> = expected.map(|(_, name)| name).collect();
                let mut listed: Vec<String> = Vec::new();
                loop {
                    let after = listed.last().map(String::as_str);
                    let page = directory.accounts_by_name(tenant, prefix, after, 7);
                    assert!(page.len() <= 7);
                    listed.extend(page.iter().map(|(name, _)| name.clone()));
                    if page.is_empty() {
                        break;
                    }
                }
                assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{tenant} {prefix:?}");
            }
        }
    }
    let ids: Vec<u128> =
        directory.accounts_by_name(0, "customer:0", None, 1).iter().map(|(_, id)| *id).collect();
    assert_eq!(ids, [100], "the account at slot 0");
}

#[test]
fn pages_of_slots() {
    let directory = Directory::new();
    (0..20).for_each(|slot| directory.note([&account(slot, slot % 2, "")]));
    let slots = |page: &(Vec<(Slot, u128)>, Option<Slot>)| {
        assert!(page.0.iter().all(|(slot, id)| *id == u128::from(*slot) + 100));
        (page.0.iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), page.1)
    };
    for (from, limit, scan, expected) in [
        (0, 3, 100, (vec![0, 2, 4], Some(5))),
        (5, 3, 100, (vec![6, 8, 10], Some(11))),
        (0, 100, 4, (vec![0, 2], Some(4))),
        (18, 3, 100, (vec![18], None)),
        (19, 3, 100, (vec![], None)),
        (20, 3, 100, (vec![], None)),
    ] {
        assert_eq!(slots(&directory.accounts_from(0, from, limit, scan)), expected);
    }
}

#[test]
fn pages_of_payments() {
    let directory = Directory::new();
    (1..=20).for_each(|n| directory.note([&step(n * 10, HoldStep::Pay, true, (n % 2) as u32)]));
    for (before, limit, scan, expected) in [
        (u64::MAX, 3, 100, (vec![200, 180, 160], Some(151))),
        (151, 3, 100, (vec![140, 120, 100], Some(91))),
        (151, 3, 2, (vec![140], Some(131))),
        (40, 9, 100, (vec![20], None)),
        (20, 9, 100, (vec![], None)),
        (1, 9, 100, (vec![], None)),
    ] {
        let (page, next) = directory.payments_before(0, before, limit, scan);
        assert!(page.iter().all(|payment| payment.id == u128::from(payment.placed_sequence)));
        let page: Vec<u64> = page.iter().map(|payment| payment.placed_sequence).collect();
        assert_eq!((page, next), expected, "before {before}");
    }
}
