//! Where a journal begins whose oldest segments were archived: behind the last of them. What is before is known from index
//! files.

use crate::error::OpenError;
use crate::format::segment::SegmentHeader;
use crate::journal::index::SegmentIndex;

use super::Passed;

/// The newest archived segment, and what is known of it and those before.
#[derive(Debug, Clone)]
pub struct Base {
    /// Its number.
    pub(crate) number: u64,
    /// The opening that wrote it.
    pub(crate) epoch: u64,
    /// Where it ended.
    pub(crate) ended: Passed,
    /// All segments up to it, where their frames stand; it is the last.
    pub(crate) segments: Vec<SegmentIndex>,
    /// Bytes of those, on whatever place they are.
    pub(crate) bytes: u64,
}

impl Base {
    /// Whether a segment begins where this one ended.
    pub(crate) fn is_before(&self, header: &SegmentHeader) -> bool {
        let Passed { last_sequence, last_hash, .. } = &self.ended;
        header.first_sequence == last_sequence + 1 && header.previous_hash == *last_hash
    }

    /// Replay cannot begin before what is not here.
    pub(crate) fn check_reach(&self, from: u64) -> Result<(), OpenError> {
        if from > self.ended.last_sequence {
            return Ok(());
        }
        Err(OpenError::Archived { needed: from, through: self.ended.last_sequence })
    }
}
