//! 128-bit integers and their two halves on the wire.

use crate::v1::{AccountKey, Int128, Uint128, account_key};

impl From<u128> for Uint128 {
    fn from(value: u128) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "the low half is meant")]
        Self { lo: value as u64, hi: (value >> 64) as u64 }
    }
}

impl From<Uint128> for u128 {
    fn from(value: Uint128) -> Self {
        Self::from(value.hi) << 64 | Self::from(value.lo)
    }
}

impl From<i128> for Int128 {
    fn from(value: i128) -> Self {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "two's complement, in halves"
        )]
        Self { lo: value as u64, hi: (value >> 64) as i64 }
    }
}

impl From<Int128> for i128 {
    fn from(value: Int128) -> Self {
        Self::from(value.hi) << 64 | Self::from(value.lo)
    }
}

impl From<u128> for AccountKey {
    fn from(id: u128) -> Self {
        Self { key: Some(account_key::Key::Id(id.into())) }
    }
}

impl From<&str> for AccountKey {
    fn from(name: &str) -> Self {
        Self { key: Some(account_key::Key::Name(name.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_come_back_whole() {
        for value in [0, 1, u128::from(u64::MAX), 1 << 64, 1 << 127, u128::MAX] {
            assert_eq!(u128::from(Uint128::from(value)), value);
        }
        for value in [0, 1, -1, i128::from(i64::MIN), 1 << 64, i128::MIN, i128::MAX] {
            assert_eq!(i128::from(Int128::from(value)), value);
        }
        assert_eq!(Int128::from(-1), Int128 { lo: u64::MAX, hi: -1 });
    }
}
