//! Money as people write it: decimal text in, integer minor units out, and back. Never a float.

use rust_decimal::Decimal;

/// Most decimals an asset can have.
pub const SCALE_MAX: u32 = 18;

/// Why a text is not an amount. The names are those of `Refusal.Reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a plain decimal number.
    #[error("not a decimal number like 12.50")]
    Invalid,
    /// Below zero.
    #[error("amounts are never negative: swap the accounts instead")]
    Negative,
    /// More decimals than the asset has. Never rounded.
    #[error("more decimals than the asset has ({scale})")]
    TooPrecise {
        /// Decimals that the asset has.
        scale: u32,
    },
    /// The number, or its count of minor units, is above 2^96 - 1.
    #[error("above the largest decimal amount, 79228162514264337593543950335 minor units")]
    TooLarge,
    /// Zero.
    #[error("the amount is zero")]
    Zero,
}

impl AmountError {
    /// The stable reason, as in `Refusal.Reason` and `docs/errors`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Invalid => "AMOUNT_INVALID",
            Self::Negative => "AMOUNT_NEGATIVE",
            Self::TooPrecise { .. } => "AMOUNT_TOO_PRECISE",
            Self::TooLarge => "AMOUNT_TOO_LARGE",
            Self::Zero => "AMOUNT_ZERO",
        }
    }
}

/// Reads a decimal amount as minor units of an asset with `scale` decimals.
///
/// Trailing zeros beyond the scale are no decimals: `12.500` is 12.50 EUR.
///
/// ```
/// use florin_proto::money::{AmountError, parse_minor};
/// assert_eq!(parse_minor("12.50", 2), Ok(1250));
/// assert_eq!(parse_minor("12.505", 2), Err(AmountError::TooPrecise { scale: 2 }));
/// ```
pub fn parse_minor(text: &str, scale: u32) -> Result<u128, AmountError> {
    let minor = parse_minor_or_zero(text, scale)?;
    if minor == 0 {
        return Err(AmountError::Zero);
    }
    Ok(minor)
}

/// As [`parse_minor`], where zero is a value like any other (an opening balance, an overdraft).
pub fn parse_minor_or_zero(text: &str, scale: u32) -> Result<u128, AmountError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(AmountError::Invalid);
    }
    let fraction = fraction.trim_end_matches('0');
    let is_zero = fraction.is_empty() && whole.bytes().all(|b| b == b'0');
    if text.starts_with('-') && !is_zero {
        return Err(AmountError::Negative);
    }
    if fraction.len() > scale as usize {
        return Err(AmountError::TooPrecise { scale });
    }
    // The checks above leave one way to fail: too many digits for a 96-bit decimal.
    let width = scale as usize;
    let digits = format!("{whole}{fraction:0<width$}");
    let decimal = Decimal::from_str_exact(&digits).map_err(|_| AmountError::TooLarge)?;
    u128::try_from(decimal.mantissa()).map_err(|_| AmountError::Negative)
}

/// Writes minor units as decimal text with exactly `scale` decimals, by integer arithmetic.
///
/// ```
/// assert_eq!(florin_proto::money::format_minor(-5, 2), "-0.05");
/// ```
pub fn format_minor(minor: i128, scale: u32) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", format_minor_unsigned(minor.unsigned_abs(), scale))
}

/// As [`format_minor`] for amounts, which have no sign and may need the 128th bit.
pub fn format_minor_unsigned(minor: u128, scale: u32) -> String {
    if scale == 0 {
        return minor.to_string();
    }
    let unit = 10u128.pow(scale.min(SCALE_MAX));
    let width = scale as usize;
    format!("{}.{:0width$}", minor / unit, minor % unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use AmountError::{Invalid, Negative, TooLarge, TooPrecise, Zero};
    use proptest::prelude::*;

    #[test]
    fn text_to_minor_units() {
        let most = (1u128 << 96) - 1;
        for (text, scale, expected) in [
            ("1", 2, Ok(100)),
            ("1.0", 2, Ok(100)),
            ("0.01", 2, Ok(1)),
            ("001.10", 2, Ok(110)),
            ("12.500", 2, Ok(1250)),
            ("500", 0, Ok(500)),
            ("500.0", 0, Ok(500)),
            ("1.234", 3, Ok(1234)),
            ("0.000000000000000001", 18, Ok(1)),
            ("79228162514264337593543950335", 0, Ok(most)),
            ("792281625142643375935439503.35", 2, Ok(most)),
            ("79228162514264337593543950336", 0, Err(TooLarge)),
            ("792281625142643375935439503.36", 2, Err(TooLarge)),
            ("79228162514264337593543950335", 2, Err(TooLarge)),
            ("1.005", 2, Err(TooPrecise { scale: 2 })),
            ("1.5", 0, Err(TooPrecise { scale: 0 })),
            ("-1", 2, Err(Negative)),
            ("-0", 2, Err(Zero)),
            ("0", 2, Err(Zero)),
            ("0.00", 2, Err(Zero)),
            ("", 2, Err(Invalid)),
            (".", 2, Err(Invalid)),
            ("1.", 2, Err(Invalid)),
            (".5", 2, Err(Invalid)),
            ("NaN", 2, Err(Invalid)),
            ("inf", 2, Err(Invalid)),
            ("1e3", 2, Err(Invalid)),
            ("1_000", 2, Err(Invalid)),
            ("1,5", 2, Err(Invalid)),
            ("+1", 2, Err(Invalid)),
            (" 1", 2, Err(Invalid)),
            ("--1", 2, Err(Invalid)),
            ("１", 2, Err(Invalid)),
        ] {
            assert_eq!(parse_minor(text, scale), expected, "{text:?} at scale {scale}");
        }
    }

    #[test]
    fn minor_units_to_text() {
        for (minor, scale, text) in [
            (0, 2, "0.00"),
            (-5, 2, "-0.05"),
            (1250, 2, "12.50"),
            (500, 0, "500"),
            (1, 3, "0.001"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            assert_eq!(format_minor(minor, scale), text);
        }
        assert_eq!(format_minor_unsigned(u128::MAX, 2), "3402823669209384634633746074317682114.55");
    }

    proptest! {
        #[test]
        fn there_and_back(minor in 1u128..1 << 96, scale in 0u32..=SCALE_MAX) {
            prop_assert_eq!(parse_minor(&format_minor_unsigned(minor, scale), scale), Ok(minor));
        }
    }
}
