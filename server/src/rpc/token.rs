//! Page tokens and cursors: opaque to callers, and refused if they are not ours.
//!
//! The text is hex: version, kind, what it says, and a check over all of that and over what it belongs to (its
//! context), which is not in it. It is no secret and no signature: it finds what was cut, mixed up or made up.

const VERSION: u8 = 1;
const CHECK_BYTES: usize = 7;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// A listing of accounts in the order of opening.
    Accounts = 1,
    /// A listing of accounts by name.
    AccountsByName = 2,
    /// A statement.
    AccountTransfers = 3,
    /// A listing of payments.
    Payments = 4,
    /// A place in the feed.
    Cursor = 5,
}

/// The token that says `body`, for a context.
pub(super) fn seal(kind: Kind, context: &[&[u8]], body: &[u8]) -> String {
    use std::fmt::Write as _;
    let check = check(kind, context, body);
    let bytes = [VERSION, kind as u8].into_iter().chain(body.iter().copied()).chain(check);
    let mut text = String::with_capacity(2 * (2 + body.len() + CHECK_BYTES));
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // writing to a string does not fail
    }
    text
}

/// What a token says; `None` if it was not made here for this context.
pub(super) fn open(kind: Kind, context: &[&[u8]], token: &str) -> Option<Vec<u8>> {
    let end = token.len().checked_sub(2 * CHECK_BYTES)?;
    let digits = token.get(4..end)?.as_bytes();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let (pairs, odd) = digits.as_chunks::<2>();
    let body: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    let body = body.filter(|_| odd.is_empty())?;
    (seal(kind, context, &body) == token).then_some(body)
}

fn check(kind: Kind, context: &[&[u8]], body: &[u8]) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"florin.v1.token\0").update(&[VERSION, kind as u8]);
    for part in context.iter().copied().chain([body]) {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&hasher.finalize().as_bytes()[..CHECK_BYTES]);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_tokens_are_taken() {
        let context: [&[u8]; 2] = [&[7; 16], b"customer:"];
        for body in [&b""[..], b"x", &[0, 255, 16], &[9; 128]] {
            let token = seal(Kind::Accounts, &context, body);
            assert_eq!(open(Kind::Accounts, &context, &token).as_deref(), Some(body));
            for (kind, context) in [
                (Kind::Cursor, &context[..]),
                (Kind::Accounts, &[&[8; 16], b"customer:"]),
                (Kind::Accounts, &[&[7; 16], b"customer"]),
                (Kind::Accounts, &[&[7; 16]]),
                (Kind::Accounts, &[&[7; 16], b"custom", b"er:"]),
            ] {
                assert_eq!(open(kind, context, &token), None, "{kind:?} {context:?}");
            }
            for at in 0..token.len() {
                let mut changed = token.clone().into_bytes();
                changed[at] ^= 1;
                let changed = String::from_utf8(changed).expect("ASCII");
                assert_eq!(open(Kind::Accounts, &context, &changed), None, "{changed}");
            }
            for other in [&token[1..], &token[2..], &token.to_uppercase(), &format!("{token}00")] {
                let same = other == token;
                assert!(same || open(Kind::Accounts, &context, other).is_none(), "{other}");
            }
        }
        for token in ["", "x", "0100000000", "ü".repeat(12).as_str(), "+1".repeat(12).as_str()] {
            assert_eq!(open(Kind::Accounts, &context, token), None, "{token:?}");
        }
    }
}
