//! Every bound of the journal in one place, each derived from the ones before and checked where they meet.

use crate::format::{frame, payload, record, sector, segment};

/// Most records in one frame: what one bulk request may bring.
pub const FRAME_RECORDS_MAX: usize = 8_190;

/// Most bytes that a frame takes on disk. See the assertion below for what that has room for.
pub const FRAME_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Least size of a segment: small, so that tests and simulations roll often.
pub const SEGMENT_BYTES_MIN: u64 = 64 * 1024;

/// Size of a segment unless set otherwise.
pub const SEGMENT_BYTES_DEFAULT: u64 = 256 * 1024 * 1024;

/// Longest name of an account, bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 128;

/// Most bytes of encoded metadata with one event.
pub const METADATA_BYTES_MAX: usize = 4_096;

/// Frames may be this far apart, in bytes, before the sparse index takes up another one.
pub const INDEX_STRIDE_BYTES: u64 = 64 * 1024;

/// Bytes of names and metadata that one full frame has room for: those of a message of 4 MiB.
const PERSONAL_BYTES_PER_FRAME: usize = 4 * 1024 * 1024;

/// The most that the payloads of one record take besides names and metadata: a transfer with group,
/// requested amount, original and metadata.
const RULE_PAYLOAD_BYTES_PER_RECORD: usize = 4 * (payload::ENTRY_BYTES + payload::SALT_BYTES)
    + payload::GROUP_BYTES
    + payload::REQUESTED_BYTES
    + payload::REVERSES_BYTES;

// A full batch whose every member has everything, with a message full of metadata, fits one frame.
const _: () = {
    let content = frame::HEADER_BYTES
        + FRAME_RECORDS_MAX * (record::RECORD_BYTES + RULE_PAYLOAD_BYTES_PER_RECORD)
        + PERSONAL_BYTES_PER_FRAME;
    assert!(sector::sectors_bytes(content as u64) <= FRAME_BYTES_MAX);
};

/// Bytes of an empty segment that frames cannot have: its header, and a footer of one sector.
const SEGMENT_OVERHEAD_BYTES: u64 = (segment::HEADER_BYTES + sector::SECTOR_BYTES) as u64;

/// The largest frame, in bytes on disk, for segments of this size. A group with all its payloads has to
/// fit one, see [`weigh`](crate::weigh) and [`frame_bytes`](crate::frame_bytes).
pub const fn frame_bytes_max(segment_bytes: u64) -> u64 {
    let room = segment_bytes.saturating_sub(SEGMENT_OVERHEAD_BYTES);
    let room = room - room % sector::SECTOR_BYTES as u64;
    if room < FRAME_BYTES_MAX { room } else { FRAME_BYTES_MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_frame_by_segment() {
        for (segment_bytes, expected) in [
            (0, 0),
            (SEGMENT_BYTES_MIN, 14 * 4_096),
            (1024 * 1024, 254 * 4_096),
            (SEGMENT_BYTES_DEFAULT, FRAME_BYTES_MAX),
            (u64::MAX, FRAME_BYTES_MAX),
        ] {
            assert_eq!(frame_bytes_max(segment_bytes), expected, "{segment_bytes}");
        }
    }
}
