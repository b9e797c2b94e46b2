//! Listing accounts a page at a time.

use florin_engine::{AssetCode, Floor, Ledger, NewAccount, Tenant};

/// Ten accounts: of tenant 0 those with even ids, of tenant 1 those with odd ones.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(3);
    for id in 0..10 {
        let tenant = Tenant::from(id % 2 == 1);
        let asset = AssetCode::new("EUR").expect("a code");
        let (floor, name, metadata, ceiling) = (Floor::Zero, None, Box::default(), None);
        let id = id + 100;
        let account = NewAccount { tenant, id, asset, floor, name, metadata, ceiling };
        ledger.open_account(&account, 1, &mut Vec::new());
    }
    ledger
}

#[test]
fn pages() {
    let ledger = ledger();
    for (tenant, from, limit, scan, ids, next) in [
        (0, 0, 3, 99, &[100, 102, 104][..], Some(5)),
        (0, 5, 3, 99, &[106, 108], None),
        (1, 0, 3, 99, &[101, 103, 105], Some(6)),
        (1, 6, 2, 99, &[107, 109], None),
        (0, 0, 99, 99, &[100, 102, 104, 106, 108], None),
        // A page may be shorter than asked for, even empty, where it has looked far enough.
        (0, 0, 3, 4, &[100, 102], Some(4)),
        (0, 1, 3, 1, &[], Some(2)),
        (0, 4, 99, 6, &[104, 106, 108], None),
        (2, 0, 3, 99, &[], None),
        (0, 10, 3, 99, &[], None),
        (0, u32::MAX, 3, 99, &[], None),
    ] {
        let (page, then) = ledger.accounts_from(tenant, from, limit, scan);
        let page: Vec<u128> = page.iter().map(|account| account.id).collect();
        assert_eq!((&page[..], then), (ids, next), "tenant {tenant} from {from}");
    }
}
