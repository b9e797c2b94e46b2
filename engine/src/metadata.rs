//! Metadata as it is kept: for each key in ascending order, length (2 bytes), key, length, value.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Most bytes of encoded metadata on one object.
pub const METADATA_BYTES_MAX: usize = 4_096;

/// Encodes pairs that come in ascending order of keys; `None` if that takes more than
/// [`METADATA_BYTES_MAX`].
pub fn encode_metadata<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<Box<[u8]>> {
    let mut bytes = Vec::new();
    for (key, value) in pairs {
        for text in [key, value] {
            if bytes.len() + 2 + text.len() > METADATA_BYTES_MAX {
                return None;
            }
            let len = u16::try_from(text.len()).ok()?;
            bytes.extend_from_slice(&len.to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    Some(bytes.into())
}

/// The pairs in encoded metadata. Stops at the first byte that makes no sense.
pub fn decode_metadata(mut bytes: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let mut text = move || {
        let (len, rest) = bytes.split_first_chunk::<2>()?;
        let (text, rest) = rest.split_at_checked(u16::from_le_bytes(*len).into())?;
        bytes = rest;
        core::str::from_utf8(text).ok()
    };
    core::iter::from_fn(move || Some((text()?, text()?)))
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn there_and_back() {
        for pairs in [&[][..], &[("a", "1")], &[("", ""), ("key", "wert"), ("ü", "ß")]] {
            let bytes = encode_metadata(pairs.iter().copied()).unwrap();
            assert!(decode_metadata(&bytes).eq(pairs.iter().copied()));
        }
        assert_eq!(decode_metadata(&[9, 0, b'x']).next(), None);
    }

    #[test]
    fn the_limit_counts_lengths() {
        for (value_bytes, fits) in [(4_096 - 5, true), (4_096 - 4, false)] {
            let value = String::from_utf8(alloc::vec![b'x'; value_bytes]).unwrap();
            assert_eq!(encode_metadata([("k", value.as_str())]).is_some(), fits);
        }
    }
}
