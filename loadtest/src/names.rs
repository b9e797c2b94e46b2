//! Ids that follow from the data, so that a second run over the same directory asks for the same
//! things and is answered with the first answers.

use florin_proto::name;
use florin_proto::v1::{AccountKey, Floor, NewAccount, Uint128, floor};

const PREFIX: &[u8] = b"florin-loadtest\0";

/// The id of a transfer or group, from what it stands for in the data, like `berka:695247`.
pub fn transfer_id(what: &str) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(PREFIX).update(what.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_le_bytes(half)
}

/// An account by name, and what it takes to open and to address it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedAccount {
    /// Its name.
    pub name: String,
    /// The id that belongs to the name: half the bytes in a transfer.
    pub id: u128,
}

impl NamedAccount {
    /// The account of that name.
    pub fn new(name: String) -> Self {
        let id = name::account_id(&name);
        Self { name, id }
    }

    /// The request to open it.
    pub fn to_open(&self, asset: &str, kind: floor::Kind) -> NewAccount {
        NewAccount {
            key: Some(AccountKey::from(self.name.as_str())),
            asset: asset.to_owned(),
            floor: Some(Floor { kind: kind.into(), overdraft: None }),
            ..NewAccount::default()
        }
    }
}

/// An id from the wire; an absent one is zero, which no account and no transfer has.
pub fn wide(id: Option<Uint128>) -> u128 {
    id.map_or(0, u128::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_the_data_and_nothing_else() {
        assert_eq!(transfer_id("berka:1"), transfer_id("berka:1"));
        assert_ne!(transfer_id("berka:1"), transfer_id("berka:1:rounding"));
        let account = NamedAccount::new("berka:CASH".into());
        assert_eq!(account.id, florin_proto::name::account_id("berka:CASH"));
    }

    #[test]
    fn an_absent_id_is_zero() {
        assert_eq!(wide(None), 0);
        assert_eq!(wide(Some(Uint128 { lo: 1, hi: 1 })), (1 << 64) + 1);
    }
}
