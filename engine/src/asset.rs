//! Assets: what amounts are amounts of.

use core::fmt;

/// Most decimals of a minor unit.
pub const SCALE_MAX: u8 = 18;

/// Most assets in a ledger. They are in every status and every sealed segment, so there cannot be any number.
pub const ASSETS_MAX: usize = 1_024;

/// An asset's code: 1 to 16 characters of `A-Z 0-9 _`, beginning with a letter; padded with zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AssetCode([u8; 16]);

impl AssetCode {
    /// Reads a code; `None` if it breaks the rules.
    pub fn new(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let allowed = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
        if bytes.len() > 16 || !bytes.first()?.is_ascii_uppercase() || !bytes.iter().all(allowed) {
            return None;
        }
        let mut code = [0; 16];
        code[..bytes.len()].copy_from_slice(bytes);
        Some(Self(code))
    }

    /// Reads a code as it stands in the journal.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let code = Self(bytes);
        (Self::new(code.as_str()) == Some(code)).then_some(code)
    }

    /// The code as it stands in the journal: zero-padded.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|b| *b == 0).unwrap_or(16);
        core::str::from_utf8(&self.0[..len]).unwrap_or_default()
    }
}

impl fmt::Debug for AssetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AssetCode({})", self.as_str())
    }
}

/// Currencies of ISO 4217 by the decimals of their minor unit.
const ISO_4217: [(u8, &str); 4] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
         CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP \
         GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK \
         LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO \
         NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS \
         SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST \
         XAD XCD XCG YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

/// Decimals of the minor unit of a currency of ISO 4217 (list published on 2026-01-01); `None` for
/// any other code, and for the metals and funds that have no minor unit.
pub fn iso_4217_scale(code: AssetCode) -> Option<u8> {
    let listed = |codes: &str| codes.split_ascii_whitespace().any(|c| c == code.as_str());
    let (scale, _) = ISO_4217.iter().find(|(_, codes)| listed(codes))?;
    Some(*scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_scales() {
        for (text, expected) in [
            ("EUR", Some(Some(2))),
            ("JPY", Some(Some(0))),
            ("KWD", Some(Some(3))),
            ("UYW", Some(Some(4))),
            ("XAU", Some(None)),
            ("POINTS", Some(None)),
            ("A", Some(None)),
            ("STOCK_UNIT_00001", Some(None)),
            ("STOCK_UNIT_000001", None),
            ("", None),
            ("eur", None),
            ("1UP", None),
            ("A B", None),
        ] {
            assert_eq!(AssetCode::new(text).map(iso_4217_scale), expected, "{text:?}");
        }
        assert_eq!(AssetCode::from_bytes(*b"EUR\0\0X\0\0\0\0\0\0\0\0\0\0"), None);
    }
}
