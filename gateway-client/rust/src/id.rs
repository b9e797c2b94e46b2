//! Ids: 128 bits, chosen by the caller, written as 32 hex digits.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use florin_proto::v1::Uint128;

/// A text that is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hex digits, like 0197f3c2a9b47d11e2c64bb9a0d35f08")]
pub struct IdError;

macro_rules! id_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:032x})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex(text).map(Self)
            }
        }

        impl From<u128> for $name {
            fn from(id: u128) -> Self {
                Self(id)
            }
        }

        impl From<$name> for u128 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<$name> for Uint128 {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl From<Uint128> for $name {
            fn from(id: Uint128) -> Self {
                Self(id.into())
            }
        }
    };
}

id_type! {
    /// The id of a transfer, and its idempotency key for good.
    TransferId
}
id_type! {
    /// The id of a group of transfers. Groups and transfers have ids of their own.
    GroupId
}
id_type! {
    /// The id of an account. An account that was opened by name has one too.
    AccountId
}

impl TransferId {
    /// A new id: milliseconds since 1970 in the high 48 bits, randomness of the operating system in
    /// the rest. Ids made at about the same time are neighbours, which makes lookups local.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness to give, which on a running system does not happen.
    #[must_use]
    pub fn generate() -> Self {
        Self(generate())
    }
}

impl GroupId {
    /// A new id, made as [`TransferId::generate`] makes it.
    ///
    /// # Panics
    ///
    /// As [`TransferId::generate`].
    #[must_use]
    pub fn generate() -> Self {
        Self(generate())
    }
}

impl AccountId {
    /// The id that belongs to a name. The server computes the same.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        Self(florin_proto::name::account_id(name))
    }
}

fn generate() -> u128 {
    let mut random = [0; 10];
    getrandom::fill(&mut random).expect("the operating system gives randomness");
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    time_ordered(since_1970.as_millis(), random)
}

fn time_ordered(unix_ms: u128, random: [u8; 10]) -> u128 {
    let mut low = [0; 16];
    low[6..].copy_from_slice(&random);
    unix_ms << 80 | u128::from_be_bytes(low)
}

fn parse_hex(text: &str) -> Result<u128, IdError> {
    // `from_str_radix` alone would also take a sign.
    if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(IdError);
    }
    u128::from_str_radix(text, 16).map_err(|_| IdError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_in_the_high_bits() {
        for (unix_ms, random, id) in [
            (0, [0; 10], 0),
            (1, [0; 10], 1 << 80),
            (0, [0xff; 10], (1 << 80) - 1),
            (0xffff_ffff_ffff, [0xff; 10], u128::MAX),
            (
                0x0197_f3c2_a9b4,
                [0x7d, 0x11, 0xe2, 0xc6, 0x4b, 0xb9, 0xa0, 0xd3, 0x5f, 0x08],
                0x0197_f3c2_a9b4_7d11_e2c6_4bb9_a0d3_5f08,
            ),
        ] {
            assert_eq!(time_ordered(unix_ms, random), id);
        }
    }

    #[test]
    fn generated_ids_are_new_and_of_now() {
        let ids: Vec<_> = (0..1_000).map(|_| TransferId::generate()).collect();
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(ids[0].0 >> 80 <= ids[999].0 >> 80, "time does not run backwards");
        assert!(ids[0].0 >> 80 > 1_700_000_000_000, "milliseconds since 1970");
    }

    #[test]
    fn text_there_and_back() {
        for (text, id) in [
            ("00000000000000000000000000000001", Ok(TransferId(1))),
            ("ffffffffffffffffffffffffffffffff", Ok(TransferId(u128::MAX))),
            (
                "0197F3C2A9B47D11E2C64BB9A0D35F08",
                Ok(TransferId(0x0197_f3c2_a9b4_7d11_e2c6_4bb9_a0d3_5f08)),
            ),
            ("", Err(IdError)),
            ("1", Err(IdError)),
            ("+0000000000000000000000000000001", Err(IdError)),
            ("0000000000000000000000000000000g", Err(IdError)),
            ("000000000000000000000000000000001", Err(IdError)),
        ] {
            assert_eq!(text.parse::<TransferId>(), id, "{text:?}");
            if let Ok(id) = id {
                assert_eq!(id.to_string(), text.to_lowercase());
            }
        }
    }
}
