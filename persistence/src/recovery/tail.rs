//! The tail: the frames at the end that nothing vouches for. They may exist in the page cache only, so
//! they are read again past it before anybody builds on them.

use std::collections::VecDeque;

use crate::disk::Disk;
use crate::error::OpenError;
use crate::format::Hash;
use crate::format::frame::{Frame, FrameHeader};
use crate::format::segment::HEADER_BYTES;

use super::chain::{Chain, Link, open_read_only};
use super::verdict::{Verdict, judge, verdict};
use super::walk::{End, Expected, Source, Step, Through, Walker, Window};

/// A frame of the tail, as it is on the device.
pub(crate) struct TailFrame {
    pub(crate) header: FrameHeader,
    pub(crate) own_hash: Hash,
    pub(crate) content: Vec<u8>,
    /// Where it begins in its file.
    pub(crate) offset: u64,
}

impl TailFrame {
    pub(crate) fn view(&self) -> Frame<'_> {
        Frame::view(self.header, self.own_hash, &self.content)
    }
}

/// What is cut off at the end of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The segment.
    pub file: std::path::PathBuf,
    /// Where the last accepted frame ends.
    pub offset: u64,
    /// Bytes behind it, up to the last that is not zero.
    pub bytes: u64,
    /// It was written completely and has changed since, and `cut_damaged_tail` was set.
    pub was_damaged: bool,
}

/// The end of the journal.
pub(crate) struct Tail {
    pub(crate) frames: Vec<TailFrame>,
    /// What comes first in it.
    pub(crate) begins: Expected,
    /// The segment that holds it.
    pub(crate) link: Link,
    /// That segment is itself an unconfirmed takeover: the next one replaces it and takes over from the same
    /// place.
    pub(crate) replaces: bool,
    pub(crate) cut: Option<Cut>,
}

/// A frame that nothing has vouched for yet.
struct Unvouched {
    offset: u64,
    last_sequence: u64,
    /// What was expected where it stands.
    expected: Expected,
}

/// Takes the tail off the chain: its last link now ends where the tail begins, or is gone if it is
/// going to be replaced. `None` if the chain is empty.
pub(crate) fn take_tail<D: Disk>(
    disk: &D,
    chain: &mut Chain,
    cut_damaged_tail: bool,
    window: &mut Window,
) -> Result<Option<Tail>, OpenError> {
    let Some(mut link) = chain.links.pop() else { return Ok(None) };
    let file = open_read_only(disk, &link.path)?;
    let cached = Source { file: &file, path: &link.path, end: link.end(), through: Through::Cache };
    let mut walker = Walker::new(cached, window, &link.header);
    let mut unvouched = VecDeque::new();
    let mut vouched_through = 0;
    let mut confirms_takeover = false;
    let mut takeover_at = None;
    let end = loop {
        let expected = walker.expected;
        match walker.step()? {
            Step::Records { offset, frame, .. } => {
                confirms_takeover = takeover_at.is_some();
                let FrameHeader { durable_through, .. } = frame.header;
                vouched_through = durable_through.max(vouched_through);
                let last_sequence = frame.header.last_sequence();
                unvouched.push_back(Unvouched { offset, last_sequence, expected });
            }
            Step::Takeover { offset, takeover } => {
                takeover_at = Some(offset);
                vouched_through = takeover.last_taken.max(vouched_through);
            }
            Step::Footer(_) => break None,
            Step::End(end) => break Some(end),
        }
        while unvouched
            .front()
            .is_some_and(|frame: &Unvouched| frame.last_sequence <= vouched_through)
        {
            unvouched.pop_front();
        }
    };
    let Walker { source: cached, window, offset: accepted_end, expected, .. } = walker;
    let mut cut = None;
    if end.is_some_and(|end| end != End::Limit) {
        cut = cut_at(
            judge(&cached, window, accepted_end, &expected)?,
            &cached,
            accepted_end,
            cut_damaged_tail,
        )?;
    }

    let replaces = takeover_at.is_some() && !confirms_takeover;
    let (from, to, begins) = match (takeover_at, unvouched.front()) {
        (Some(takeover_at), _) if replaces => {
            (HEADER_BYTES as u64, takeover_at, Expected::after(&link.header))
        }
        (_, Some(first)) => (first.offset, accepted_end, first.expected),
        (_, None) => (accepted_end, accepted_end, expected),
    };
    let device = Source { end: to, through: Through::Device, ..cached };
    let mut walker = Walker::at(device, window, from, begins);
    let mut frames = Vec::new();
    loop {
        match walker.step()? {
            Step::Records { offset, frame, content } => frames.push(TailFrame {
                header: frame.header,
                own_hash: frame.own_hash,
                content: content.to_vec(),
                offset,
            }),
            Step::End(End::Limit) => break,
            Step::Takeover { .. } | Step::Footer(_) | Step::End(_) => {
                let Walker { source: device, window, offset, expected, .. } = walker;
                if replaces {
                    let what =
                        "what was taken over is not on the device, though its takeover says so";
                    return Err(device.damaged(offset, what));
                }
                // On the device it ends here, whatever the page cache holds.
                let found = (verdict(&device, window, offset, &expected)?, to - offset);
                cut = cut_at(found, &device, offset, cut_damaged_tail)?;
                break;
            }
        }
    }
    drop(file);
    if !replaces {
        link.cut_offset = Some(from);
        chain.links.push(link.clone());
    }
    Ok(Some(Tail { frames, begins, link, replaces, cut }))
}

fn cut_at<F>(
    (verdict, bytes): (Verdict, u64),
    source: &Source<'_, F>,
    offset: u64,
    cut_damaged_tail: bool,
) -> Result<Option<Cut>, OpenError> {
    let file = source.path.to_path_buf();
    let was_damaged = verdict == Verdict::Rot;
    if was_damaged && !cut_damaged_tail {
        return Err(OpenError::DamagedTail { file, offset });
    }
    Ok((bytes > 0).then_some(Cut { file, offset, bytes, was_damaged }))
}
