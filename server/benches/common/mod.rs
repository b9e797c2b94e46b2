//! What the benches of whole engines have in common: accounts and transfers from a seed, bulk calls, and processes that do
//! a part of the work and are killed when they have said what they found.

pub mod bulk;
pub mod process;
pub mod workload;

use std::error::Error;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub type Failure = Box<dyn Error>;

/// A number with K or M behind it, for thousands and millions.
pub fn count(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => match text.strip_suffix(['m', 'M']) {
            Some(digits) => (digits, 1_000_000),
            None => (text, 1),
        },
    };
    let number: u64 = digits.parse().map_err(|error| format!("{error}"))?;
    number.checked_mul(unit).ok_or_else(|| "more than there can be".to_owned())
}
