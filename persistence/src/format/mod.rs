//! Format versions 1 and 2 of the journal, as `docs/JOURNAL_FORMAT.md` has it: one thing a file, each with its
//! offsets computed one from the next, and both directions of its codec.

pub(crate) mod footer;
pub(crate) mod frame;
pub(crate) mod payload;
pub(crate) mod record;
pub(crate) mod sealed;
pub(crate) mod sector;
pub(crate) mod segment;
pub(crate) mod takeover;

/// The version of frames and footers, and of segments that need nothing newer.
pub(crate) const VERSION: u16 = 1;

/// The version of a segment that begins a lineage out of another one, or is of a fork: releases that know only
/// version 1 refuse the folder. The newest that this release reads.
pub(crate) const VERSION_BRANCHED: u16 = 2;

/// A BLAKE3 hash.
pub(crate) type Hash = [u8; 32];

/// One history of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lineage {
    /// Random, made with the first segment.
    pub(crate) id: [u8; 16],
    /// Which partition.
    pub(crate) partition: u32,
}
