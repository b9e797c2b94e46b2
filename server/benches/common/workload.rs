//! Accounts and transfers, from a seed.

use florin_engine::{
    AssetCode, BATCH_MEMBERS_MAX, Floor, NewAccount, NewAsset, Transfer, TransferBatch,
};

/// What is journaled at once.
pub const BATCH: u64 = BATCH_MEMBERS_MAX as u64;

/// A number that looks like chance and is not (splitmix64).
const fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn euro() -> AssetCode {
    AssetCode::new("EUR").expect("three letters")
}

pub fn asset() -> NewAsset {
    NewAsset { code: euro(), scale: 2 }
}

fn account_id(number: u64) -> u128 {
    u128::from(mix(number)) << 64 | u128::from(number + 1)
}

/// Every second one has a name, as in a book of customers.
pub fn account(number: u64) -> NewAccount {
    NewAccount {
        tenant: 0,
        id: account_id(number),
        asset: euro(),
        floor: Floor::None,
        name: number.is_multiple_of(2).then(|| format!("customer:{number}/wallet").into()),
        metadata: Box::default(),
        ceiling: None,
    }
}

/// A transfer between two accounts that were chosen evenly, under an id that looks like chance.
fn transfer(number: u64, accounts: u64) -> Transfer {
    let debit = mix(number.wrapping_mul(2)) % accounts;
    let credit = (debit + 1 + mix(number.wrapping_mul(2) + 1) % (accounts - 1)) % accounts;
    Transfer {
        id: u128::from(mix(!number)) << 64 | u128::from(number + 1),
        debit_account: account_id(debit),
        credit_account: account_id(credit),
        amount_minor: 1 + u128::from(mix(number) % 100_000),
        content_hash: 0,
        code: 1,
        value_date: 20_261_122,
        up_to_available: false,
        extra: None,
    }
    .seal()
}

/// Transfers with these numbers, for one call.
pub fn batch(numbers: std::ops::Range<u64>, accounts: u64) -> TransferBatch {
    let transfers = numbers.map(|number| transfer(number, accounts)).collect();
    TransferBatch { tenant: 0, group: None, asset: None, transfers }
}
