//! Reading what the contract leaves optional on the wire.

use florin_proto::v1::{Int128, Uint128};

use crate::error::Error;

/// An amount or total; unset is zero.
pub(crate) fn minor(value: Option<Uint128>) -> u128 {
    value.map_or(0, u128::from)
}

/// A balance; unset is zero.
pub(crate) fn signed_minor(value: Option<Int128>) -> i128 {
    value.map_or(0, i128::from)
}

/// A part without which an answer makes no sense.
pub(crate) fn required<T>(value: Option<T>, what: &'static str) -> Result<T, Error> {
    value.ok_or(Error::malformed(what))
}

/// A number that is zero when there is none.
pub(crate) fn non_zero<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// A text that is empty when there is none.
pub(crate) fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
