//! What all listings have in common: sizes, tokens, and how much fits an answer.

use florin_proto::v1::refusal::Reason;
use prost::Message;
use tonic::Status;

use super::fault;
use super::token::{self, Kind};

/// Entries on a page, if the caller does not say.
const PAGE_DEFAULT: u32 = 100;
/// Most entries on a page.
const PAGE_MAX: u32 = 1_000;

/// How many entries are asked for.
///
/// # Errors
/// `PAGE_SIZE_INVALID`.
pub(super) fn size(page_size: u32) -> Result<usize, Status> {
    match page_size {
        0 => Ok(PAGE_DEFAULT as usize),
        1..=PAGE_MAX => Ok(page_size as usize),
        _ => {
            let limit = [("limit", PAGE_MAX.to_string())];
            let message = format!("a page has at most {PAGE_MAX} entries");
            Err(fault::status(Reason::PageSizeInvalid, message, limit))
        }
    }
}

/// What a page token says; `None` on the first page.
///
/// # Errors
/// `PAGE_TOKEN_INVALID`.
pub(super) fn from(kind: Kind, context: &[&[u8]], text: &str) -> Result<Option<Vec<u8>>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    token::open(kind, context, text).map(Some).ok_or_else(token_invalid)
}

/// The number in a page token.
///
/// # Errors
/// `PAGE_TOKEN_INVALID`.
pub(super) fn from_number(
    kind: Kind,
    context: &[&[u8]],
    text: &str,
) -> Result<Option<u64>, Status> {
    let Some(body) = from(kind, context, text)? else { return Ok(None) };
    let bytes = body.try_into().map_err(|_| token_invalid())?;
    Ok(Some(u64::from_le_bytes(bytes)))
}

pub(super) fn token_invalid() -> Status {
    let message = "this page token was not made here for this listing: begin with an empty one";
    fault::status(Reason::PageTokenInvalid, message, [])
}

/// A filter that makes no sense.
pub(super) fn filter_invalid(field: &'static str) -> Status {
    let message = format!("{field}: a filter that makes no sense");
    fault::status(Reason::FilterInvalid, message, [("field", field.to_owned())])
}

/// Entries until the page has as many as it may, or as many bytes: half a message, so that the answer fits one.
pub(super) struct Page<T> {
    entries: Vec<T>,
    entries_max: usize,
    bytes: usize,
    bytes_max: usize,
}

impl<T: Message> Page<T> {
    pub(super) fn new(entries_max: usize, message_bytes: usize) -> Self {
        Self { entries: Vec::new(), entries_max, bytes: 0, bytes_max: message_bytes / 2 }
    }

    /// How many more it may have.
    pub(super) fn room(&self) -> usize {
        self.entries_max - self.entries.len()
    }

    /// Adds an entry, unless the page is full. The first always fits.
    pub(super) fn add(&mut self, entry: T) -> bool {
        let bytes = self.bytes + entry.encoded_len() + 8; // tag and length
        let fits = self.entries.is_empty() || bytes <= self.bytes_max;
        if !fits || self.room() == 0 {
            return false;
        }
        self.bytes = bytes;
        self.entries.push(entry);
        true
    }

    pub(super) fn entries(self) -> Vec<T> {
        self.entries
    }
}

#[cfg(test)]
mod tests {
    use florin_proto::v1;

    use super::*;

    #[test]
    fn a_page_is_full_by_count_or_bytes() {
        let asset = |len: usize| v1::Asset { code: "X".repeat(len), scale: 0 };
        for (entries_max, message_bytes, len, expected) in
            [(3, 10_000, 8, 3), (100, 100, 8, 2), (100, 10, 1_000, 1)]
        {
            let mut page = Page::new(entries_max, message_bytes);
            let added = (0..200).take_while(|_| page.add(asset(len))).count();
            assert_eq!((added, page.entries().len()), (expected, expected));
        }
    }
}
