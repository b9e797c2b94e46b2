//! Which segments count, and where each of them ends.

use std::path::{Path, PathBuf};

use crate::disk::Disk;
use crate::error::OpenError;
use crate::format::sector::SECTOR_BYTES;
use crate::format::segment::{self, SegmentHeader};
use crate::format::takeover::Takeover;

use super::base::Base;
use super::inventory::{Inventory, SegmentFile};
use super::verdict::{Verdict, judge};
use super::walk::{Source, Step, Through, Walker, Window};

const HEADER: u64 = segment::HEADER_BYTES as u64;

/// A segment that counts.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) header: SegmentHeader,
    pub(crate) path: PathBuf,
    /// Bytes of the file.
    pub(crate) len: u64,
    /// What stands behind this does not count: the next segment took over from here.
    pub(crate) cut_offset: Option<u64>,
    /// What it took over itself.
    pub(crate) takeover: Option<Takeover>,
}

impl Link {
    /// Where reading ends: whole sectors only.
    pub(crate) fn end(&self) -> u64 {
        let end = self.cut_offset.unwrap_or(self.len);
        end - end % SECTOR_BYTES as u64
    }
}

/// The segments that count, oldest first, and those that do not.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub(crate) links: Vec<Link>,
    /// Numbers of segments that never came into use, or whose place another took.
    pub(crate) obsolete: Vec<u64>,
}

/// Looks for them.
pub(crate) struct Resolver<'a, D> {
    pub(crate) disk: &'a D,
    pub(crate) dir: &'a Path,
    pub(crate) inventory: &'a Inventory,
    pub(crate) cut_damaged_tail: bool,
    /// The last archived segment: the chain begins behind it.
    pub(crate) base: Option<&'a Base>,
}

impl<D: Disk> Resolver<'_, D> {
    /// From the last segment that counts, back to the first.
    pub(crate) fn resolve(&self, window: &mut Window) -> Result<Chain, OpenError> {
        let mut chain = Chain::default();
        let Some(last) = self.last(window, &mut chain.obsolete)? else {
            return Ok(chain);
        };
        let mut link = last;
        loop {
            let before = self.before(&link, window)?;
            let number = link.header.number;
            let first = self.base.map_or(0, |base| base.number);
            let previous = before.as_ref().map_or(first, |before| before.header.number);
            for file in self.inventory.segments.range(previous + 1..number).map(|(_, file)| file) {
                // A takeover stands in for everything since the segment that it names; before the first
                // segment there can only be one whose header never was.
                if link.takeover.is_none() && !self.never_was(file, window)? {
                    return Err(file.damaged(0, "no segment leads to it or from it"));
                }
                chain.obsolete.push(file.number);
            }
            chain.links.push(link);
            match before {
                Some(before) => link = before,
                None => break,
            }
        }
        chain.links.reverse();
        Ok(chain)
    }

    /// The last segment that counts. Those after it never came into use.
    fn last(
        &self,
        window: &mut Window,
        obsolete: &mut Vec<u64>,
    ) -> Result<Option<Link>, OpenError> {
        for file in self.inventory.segments.values().rev() {
            if let Some(header) = &file.header {
                if let Some(link) = self.link(file, header, window)? {
                    if link.len < header.segment_bytes {
                        return Err(file.damaged(
                            link.len,
                            "another segment took over from here, and it is missing",
                        ));
                    }
                    return Ok(Some(link));
                }
            } else if !self.never_was(file, window)? {
                return Err(file.damaged(
                    0,
                    "its header is not what was written, and there is more behind it",
                ));
            }
            obsolete.push(file.number);
        }
        // None counts. That may only be if none ever did: where segments were archived, another had begun behind them.
        if let Some(base) = self.base {
            let what = "it is missing: it comes behind the last archived segment";
            return Err(self.missing(base.number + 1, what));
        }
        match self.inventory.segments.first_key_value() {
            Some((number, file)) if file.header.is_some() || *number > 1 => {
                Err(self
                    .missing(number - 1, "it is missing: the segment after it takes over from it"))
            }
            _ => Ok(None),
        }
    }

    /// The segment before this one, ending where this one begins; `None` if this is the first.
    fn before(&self, link: &Link, window: &mut Window) -> Result<Option<Link>, OpenError> {
        let header = &link.header;
        let (number, cut_offset) = match &link.takeover {
            Some(takeover) => (takeover.old_segment, Some(takeover.cut_offset)),
            None => (header.number - 1, None),
        };
        if let Some(base) = self.base.filter(|base| base.number >= number) {
            let fits = base.number == number
                && base.is_before(header)
                && cut_offset.is_none_or(|cut_offset| cut_offset == base.ended.end_offset);
            let what = "it does not begin where the last archived segment ended";
            return if fits { Ok(None) } else { Err(self.missing(header.number, what)) };
        }
        let file = self.inventory.segments.get(&number);
        let Some((file, header)) = file.and_then(|file| Some((file, file.header.as_ref()?))) else {
            let begins = header.first_sequence == 1 && header.previous_hash == [0; 32];
            return match file {
                _ if begins && link.takeover.is_none() => Ok(None),
                None => Err(self.missing(
                    number,
                    "it is missing: the segment after it does not begin the journal",
                )),
                Some(file) => Err(file.damaged(0, "its header is not what was written")),
            };
        };
        let before = self.link(file, header, window)?;
        let mut before = before.ok_or_else(|| {
            file.damaged(HEADER, "its takeover is not whole, and later segments build on it")
        })?;
        if let Some(cut_offset) = cut_offset {
            if cut_offset < HEADER
                || cut_offset > before.len
                || cut_offset % SECTOR_BYTES as u64 != 0
            {
                let what = format!(
                    "it has {} bytes, and the segment after it builds on {cut_offset}",
                    before.len
                );
                return Err(file.damaged(before.len, what));
            }
            before.cut_offset = Some(cut_offset);
        } else if before.len < header.segment_bytes {
            return Err(file
                .damaged(before.len, "it was cut, and the segment after it builds on all of it"));
        }
        Ok(Some(before))
    }

    /// The segment, if it counts: it has no takeover to make, or has made it.
    fn link(
        &self,
        file: &SegmentFile,
        header: &SegmentHeader,
        window: &mut Window,
    ) -> Result<Option<Link>, OpenError> {
        let mut link = Link {
            header: header.clone(),
            path: file.path.clone(),
            len: file.len,
            cut_offset: None,
            takeover: None,
        };
        if header.is_takeover {
            link.takeover = self.find_takeover(&link, window)?;
            if link.takeover.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(link))
    }

    /// The takeover frame behind the frames that were taken over. Without one nothing was acknowledged from
    /// this segment, unless something in it says otherwise.
    fn find_takeover(
        &self,
        link: &Link,
        window: &mut Window,
    ) -> Result<Option<Takeover>, OpenError> {
        let file = open_read_only(self.disk, &link.path)?;
        let source =
            Source { file: &file, path: &link.path, end: link.end(), through: Through::Cache };
        let mut walker = Walker::new(source, window, &link.header);
        loop {
            match walker.step()? {
                Step::Records { .. } => {}
                Step::Takeover { takeover, .. } => return Ok(Some(takeover)),
                Step::Footer(_) | Step::End(_) => break,
            }
        }
        let Walker { source, window, offset, expected, .. } = walker;
        match judge(&source, window, offset, &expected)? {
            (Verdict::Rot, _) if !self.cut_damaged_tail => {
                Err(OpenError::DamagedTail { file: link.path.clone(), offset })
            }
            _ => Ok(None),
        }
    }

    /// A file whose header is broken and that has nothing else in it.
    fn never_was(&self, segment: &SegmentFile, window: &mut Window) -> Result<bool, OpenError> {
        if segment.header.is_some() {
            return Ok(false);
        }
        let file = open_read_only(self.disk, &segment.path)?;
        let end = segment.len - segment.len % SECTOR_BYTES as u64;
        let source = Source { file: &file, path: &segment.path, end, through: Through::Cache };
        window.clear();
        for at in (HEADER..end).step_by(SECTOR_BYTES) {
            if !crate::bytes::is_zero(source.bytes(window, at, SECTOR_BYTES as u64)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn missing(&self, number: u64, what: &str) -> OpenError {
        let file = self.dir.join(segment::file_name(number));
        OpenError::Damaged { file, offset: 0, what: what.to_owned() }
    }
}

/// Opens a segment for reading.
pub(crate) fn open_read_only<D: Disk>(disk: &D, path: &Path) -> Result<D::File, OpenError> {
    disk.open_read_only(path).map_err(|e| OpenError::from_io("opened", path, e))
}
