//! What to make of the place where nothing more is accepted: the end, a torn write, rot, or damage.

use crate::bytes::is_zero;
use crate::disk::DiskFile;
use crate::error::OpenError;
use crate::format::footer;
use crate::format::frame;
use crate::format::sector::{self, SECTOR_BYTES, Written};

use super::walk::{Expected, Source, Window};

const SECTOR: u64 = SECTOR_BYTES as u64;

/// What stands behind the last accepted frame, where nothing vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing that was written completely: cut.
    Unfinished,
    /// A frame that was written completely and has changed since. It may have been acknowledged.
    Rot,
}

/// Judges the place where this was expected and is not. Damage if anything behind it vouches for it.
/// Gives with the verdict how many bytes there are up to the last that is not zero.
pub(crate) fn judge<F: DiskFile>(
    source: &Source<'_, F>,
    window: &mut Window,
    offset: u64,
    expected: &Expected,
) -> Result<(Verdict, u64), OpenError> {
    let written_end = look_behind(source, window, offset, expected)?;
    Ok((verdict(source, window, offset, expected)?, written_end - offset))
}

/// Whether the piece that begins here was written completely. What it says of itself is not believed:
/// only the tags are, which nothing but the place determines.
pub(crate) fn verdict<F: DiskFile>(
    source: &Source<'_, F>,
    window: &mut Window,
    offset: u64,
    expected: &Expected,
) -> Result<Verdict, OpenError> {
    let key = expected.tag_key();
    for at in (offset..source.end).step_by(SECTOR_BYTES) {
        let (sectors, _) = source.bytes(window, at, SECTOR)?.as_chunks();
        match sector::written(&sectors[0], key, at / SECTOR) {
            Written::Not => return Ok(Verdict::Unfinished),
            Written::Whole => {}
            // A tag that is neither missing nor right was written too. Where such a frame ends cannot be
            // known, so it is not cut.
            Written::Last | Written::Changed => return Ok(Verdict::Rot),
        }
    }
    Ok(Verdict::Rot)
}

/// Looks for a whole frame or footer that was written when the expected frame was durable. Gives the end of
/// the last sector that is not all zeros.
fn look_behind<F: DiskFile>(
    source: &Source<'_, F>,
    window: &mut Window,
    offset: u64,
    expected: &Expected,
) -> Result<u64, OpenError> {
    let mut written_end = offset;
    let mut content = Vec::new();
    for at in (offset..source.end).step_by(SECTOR_BYTES) {
        let sector = source.bytes(window, at, SECTOR)?;
        if is_zero(sector) {
            continue;
        }
        written_end = at + SECTOR;
        let vouching = if at == offset {
            None
        } else if sector.starts_with(&frame::MAGIC) {
            source
                .frame(window, at, &mut content)?
                .filter(|(header, _)| {
                    header.lineage == expected.lineage
                        && header.segment == expected.segment
                        && header.durable_through >= expected.sequence
                })
                .map(|_| "frame")
        } else if footer::claimed_bytes(sector).is_some() {
            source
                .footer(window, at, &mut content)?
                .filter(|footer| {
                    footer.belongs_to(expected.lineage, expected.segment)
                        && footer.last_sequence >= expected.sequence
                })
                .map(|_| "footer")
        } else {
            None
        };
        if let Some(what) = vouching {
            let sequence = expected.sequence;
            return Err(source.damaged(
                offset,
                format!("the frame of event {sequence} is broken or missing, and a whole {what} at byte {at} says that it was durable"),
            ));
        }
    }
    Ok(written_end)
}
