//! Page tokens: opaque to callers, and refused if they are not ours.

use florin_engine::Slot;

const VERSION: u8 = 1;
const CHECK_BYTES: usize = 7;

/// The token that goes on at a slot, for this lineage.
pub(super) fn encode(lineage: [u8; 16], slot: Slot) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * (1 + 4 + CHECK_BYTES));
    let bytes = std::iter::once(VERSION).chain(slot.to_le_bytes()).chain(check(lineage, slot));
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // writing to a string does not fail
    }
    text
}

/// The slot in a token; `None` if this server did not make it for this lineage.
pub(super) fn decode(lineage: [u8; 16], token: &str) -> Option<Slot> {
    let slot = u32::from_str_radix(token.get(2..10)?, 16).ok()?.swap_bytes();
    (encode(lineage, slot) == token).then_some(slot)
}

fn check(lineage: [u8; 16], slot: Slot) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"florin.v1.page-token\0").update(&lineage).update(&slot.to_le_bytes());
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&hasher.finalize().as_bytes()[..CHECK_BYTES]);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_tokens_are_taken() {
        let lineage = [7; 16];
        for slot in [0, 1, 255, 256, 1 << 31, u32::MAX] {
            let token = encode(lineage, slot);
            assert_eq!(decode(lineage, &token), Some(slot));
            assert_eq!(decode([8; 16], &token), None, "another lineage");
            let mut changed = token.into_bytes();
            changed[3] ^= 1;
            assert_eq!(decode(lineage, std::str::from_utf8(&changed).unwrap()), None);
        }
        for token in ["", "x", "0100000000", "ü".repeat(12).as_str()] {
            assert_eq!(decode(lineage, token), None, "{token:?}");
        }
    }
}
