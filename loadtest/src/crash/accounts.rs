//! The accounts of the crash test.

use florin_proto::v1::account_key::Key;
use florin_proto::v1::{AccountKey, NewAccount, floor};

use crate::names::NamedAccount;

/// Accounts that may fall below zero and feed the others.
pub const TREASURIES: u64 = 8;
/// Accounts that may not, so that some transfers are refused for want of money.
pub const CUSTOMERS: u64 = 1_000;
/// What all of them hold.
pub const ASSET: &str = "EUR";
/// Decimals of its minor unit.
pub const ASSET_SCALE: u32 = 2;

/// The accounts of the crash test; the last one is never opened.
#[derive(Debug)]
pub struct Accounts {
    ids: Vec<u128>,
    openings: Vec<NewAccount>,
}

impl Accounts {
    /// All of them.
    pub fn new() -> Self {
        let treasury = |number| (format!("crash:treasury:{number}"), floor::Kind::None);
        let customer = |number| (format!("crash:customer:{number}"), floor::Kind::Zero);
        let named: Vec<_> = (0..TREASURIES)
            .map(treasury)
            .chain((0..CUSTOMERS).map(customer))
            .map(|(name, floor)| (NamedAccount::new(name), floor))
            .collect();
        let openings = named.iter().map(|(account, kind)| account.to_open(ASSET, *kind));
        let unknown = NamedAccount::new("crash:unknown".into());
        Self {
            openings: openings.collect(),
            ids: named.iter().map(|(a, _)| a.id).chain([unknown.id]).collect(),
        }
    }

    /// The requests to open them.
    pub fn openings(&self) -> &[NewAccount] {
        &self.openings
    }

    /// The ids of those that are opened; an account's index is its place here.
    pub fn opened(&self) -> &[u128] {
        &self.ids[..self.openings.len()]
    }

    /// The ids of those whose names begin with this.
    pub fn named(&self, prefix: &str) -> impl Iterator<Item = u128> {
        let names = self.openings.iter().map(|opening| match &opening.key {
            Some(AccountKey { key: Some(Key::Name(name)) }) => name.as_str(),
            _ => "",
        });
        names.zip(&self.ids).filter(move |(name, _)| name.starts_with(prefix)).map(|(_, id)| *id)
    }

    /// The id of an account by index.
    pub fn id(&self, index: u32) -> u128 {
        self.ids[index as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_opened_with_the_floor_of_their_kind() {
        let accounts = Accounts::new();
        let floors: Vec<i32> =
            accounts.openings().iter().filter_map(|opening| Some(opening.floor?.kind)).collect();
        assert_eq!(floors.len(), 1_008);
        let without = floors.iter().filter(|kind| **kind == i32::from(floor::Kind::None)).count();
        assert_eq!(without, 8);
        assert_eq!(accounts.opened().len(), 1_008);
        assert_eq!(accounts.named("crash:treasury:").count(), 8);
        assert_eq!(accounts.named("crash:customer:99").count(), 11);
    }
}
