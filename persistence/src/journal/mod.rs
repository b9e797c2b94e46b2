//! The journal of one partition while it is open: one writer, any number of readers, one who prepares
//! spares.

mod checked;
pub(crate) mod encoder;
pub(crate) mod index;
mod past;
pub(crate) mod reader;
mod single;
mod spare;
mod walker;
mod writer;

pub use reader::JournalReader;
pub(crate) use spare::CommissionError;
pub use spare::SparePreparer;
pub use walker::Walker;
pub(crate) use writer::Start;
pub use writer::{Appended, JournalRoom, JournalStatus, JournalWriter};

use florin_engine::Event;

use crate::format::{frame, record, sector};

/// How a journal is opened.
#[derive(Clone)]
pub struct JournalOptions {
    /// Which partition it is of.
    pub partition: u32,
    /// Size of new segments, bytes: a multiple of 4,096, at least
    /// [`SEGMENT_BYTES_MIN`](crate::SEGMENT_BYTES_MIN).
    pub segment_bytes: u64,
    /// Cut off a last frame that was written completely and has changed since. Payments in it may have been
    /// acknowledged: only a person can want this.
    pub cut_damaged_tail: bool,
    /// The epoch of this opening is at least this: what a promotion has said. 0 = nothing.
    pub epoch_least: u64,
    /// Random, fresh for each opening: lineage, salts and tags are made from it.
    pub entropy: [u8; 32],
    /// The time, ns since 1970.
    pub now_ns: u64,
}

/// What an event adds to its frame, in bytes of content. See [`frame_bytes`].
pub fn weigh(event: &Event) -> u64 {
    record::weigh(event).content_bytes()
}

/// What a frame takes on disk, in bytes, whose events together [weigh](weigh()) so much.
pub const fn frame_bytes(weight: u64) -> u64 {
    sector::sectors_bytes(weight.saturating_add(frame::HEADER_BYTES as u64))
}

/// Random bytes for everything that needs some, from the entropy of one opening.
pub(crate) struct Random(blake3::OutputReader);

impl Random {
    pub(crate) fn new(entropy: &[u8; 32]) -> Self {
        let key = blake3::derive_key("florin journal: lineage, seeds and salts", entropy);
        Self(blake3::Hasher::new_keyed(&key).finalize_xof())
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }
}
