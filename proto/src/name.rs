//! Account names. A name is an id too, so that every client can compute the one from the other.

/// Most bytes in a name.
pub const NAME_BYTES_MAX: usize = 128;

const PREFIX: &[u8] = b"florin.v1.account-name\0";

/// The account id that belongs to a name: the first 16 bytes, little-endian, of
/// `BLAKE3("florin.v1.account-name\0" + name)`.
///
/// ```
/// let id = florin_proto::name::account_id("customer:2375/wallet");
/// assert_eq!(id, florin_proto::name::account_id("customer:2375/wallet"));
/// ```
pub fn account_id(name: &str) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(PREFIX).update(name.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_le_bytes(half)
}

/// Whether a name may be used: 1 to 128 bytes of `A-Z a-z 0-9 : / _ . @ + -`, not beginning with
/// `id:` (which is how the command line writes an id).
pub fn is_valid(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with("id:")
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b":/_.@+-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_a_name() {
        let long = "x".repeat(129);
        for (name, valid) in [
            ("customer:2375/wallet", true),
            ("a", true),
            (&long[1..], true),
            (&long, false),
            ("", false),
            ("id:00", false),
            ("two words", false),
            ("grün", false),
        ] {
            assert_eq!(is_valid(name), valid, "{name:?}");
        }
    }
}
