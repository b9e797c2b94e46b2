//! How a caller says which account is meant.

use std::fmt;
use std::str::FromStr;

use florin_proto::{name, v1};

use crate::error::Error;
use crate::id::AccountId;

/// What begins an id where a name could stand too.
const ID_PREFIX: &str = "id:";

/// An account, by id or by name.
///
/// `From<&str>` takes the text for a name as it is, and leaves it to the server to refuse a bad one.
/// [`str::parse`] reads what people write, a name or `id:` and 32 hex digits, and checks it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccountKey {
    /// By id.
    Id(AccountId),
    /// By name.
    Name(String),
}

/// A text that names no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It begins as an id but is none.
    #[error("after `id:` an account id is 32 hex digits")]
    Id,
    /// It is no name.
    #[error("an account name is 1 to 128 characters of A-Z a-z 0-9 and : / _ . @ + -")]
    Name,
}

impl KeyError {
    /// The stable reason, as in `Refusal.Reason` and `docs/errors`.
    pub fn reason(self) -> &'static str {
        "NAME_INVALID"
    }
}

impl AccountKey {
    /// The id, which for a name is computed from it.
    #[must_use]
    pub fn id(&self) -> AccountId {
        match self {
            Self::Id(id) => *id,
            Self::Name(name) => AccountId::of_name(name),
        }
    }

    pub(crate) fn from_wire(key: v1::AccountKey) -> Result<Self, Error> {
        match key.key {
            Some(v1::account_key::Key::Id(id)) => Ok(Self::Id(id.into())),
            Some(v1::account_key::Key::Name(name)) => Ok(Self::Name(name)),
            None => Err(Error::malformed("an account key is empty")),
        }
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{ID_PREFIX}{id}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl FromStr for AccountKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if let Some(hex) = text.strip_prefix(ID_PREFIX) {
            return hex.parse().map(Self::Id).map_err(|_| KeyError::Id);
        }
        if !name::is_valid(text) {
            return Err(KeyError::Name);
        }
        Ok(Self::Name(text.to_owned()))
    }
}

impl From<&str> for AccountKey {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for AccountKey {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<AccountId> for AccountKey {
    fn from(id: AccountId) -> Self {
        Self::Id(id)
    }
}

impl From<AccountKey> for v1::AccountKey {
    fn from(key: AccountKey) -> Self {
        let key = match key {
            AccountKey::Id(id) => v1::account_key::Key::Id(id.into()),
            AccountKey::Name(name) => v1::account_key::Key::Name(name),
        };
        Self { key: Some(key) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_there_and_back() {
        let one = "id:00000000000000000000000000000001";
        for (text, key) in [
            ("cash", Ok(AccountKey::from("cash"))),
            ("customer:2375/wallet", Ok(AccountKey::from("customer:2375/wallet"))),
            (one, Ok(AccountKey::Id(AccountId(1)))),
            ("id:1", Err(KeyError::Id)),
            ("id:", Err(KeyError::Id)),
            ("", Err(KeyError::Name)),
            ("two words", Err(KeyError::Name)),
        ] {
            assert_eq!(text.parse::<AccountKey>(), key, "{text:?}");
            if let Ok(key) = key {
                assert_eq!(key.to_string(), text);
                assert_eq!(AccountKey::from_wire(key.clone().into()), Ok(key));
            }
        }
    }

    #[test]
    fn a_name_has_an_id() {
        assert_eq!(AccountKey::from("cash").id(), AccountId::of_name("cash"));
        assert_eq!(AccountKey::from(AccountId(7)).id(), AccountId(7));
    }
}
