//! Sectors: 4,096 bytes, of which the last eight say that it was written, and for what.

use crate::bytes::{is_zero, put, u64_at};

/// What is written at least, and where frames begin.
pub(crate) const SECTOR_BYTES: usize = 4_096;
/// The tag at the end of each.
pub(crate) const TAG_BYTES: usize = 8;
/// What is left for content.
pub(crate) const CONTENT_BYTES: usize = SECTOR_BYTES - TAG_BYTES;
/// What a device writes whole or not at all, at the least.
const BLOCK_BYTES: usize = 512;
/// Blocks before the one that holds the tag.
const MARKED_BLOCKS: usize = SECTOR_BYTES / BLOCK_BYTES - 1;

/// Bit 0 of a tag is always set, so that no tag is zero; bit 1 in the last sector of a piece.
const WRITTEN: u64 = 1;
const LAST: u64 = 2;
/// Then a bit for each marked block that is not all zeros; the rest tells this sector from any other.
const MARKS_SHIFT: u32 = 2;
const MARKS_MASK: u64 = (1 << MARKED_BLOCKS) - 1;
const LOW_BITS: u64 = WRITTEN | LAST | MARKS_MASK << MARKS_SHIFT;
const _: () = assert!(LOW_BITS == 0x1ff);

/// Whole sectors for so many bytes of content.
pub(crate) const fn sectors(content_bytes: u64) -> u64 {
    content_bytes.div_ceil(CONTENT_BYTES as u64)
}

/// Bytes of the whole sectors for so many bytes of content.
pub(crate) const fn sectors_bytes(content_bytes: u64) -> u64 {
    sectors(content_bytes) * SECTOR_BYTES as u64
}

/// What the tags of one piece (a frame, a footer) are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagKey {
    /// The segment's tag seed.
    pub(crate) seed: u64,
    /// First sequence of the frame; of a footer its last sequence + 1.
    pub(crate) sequence: u64,
}

/// The finalizer of `SplitMix64`.
const fn mix(mut x: u64) -> u64 {
    x ^= x >> 30;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

impl TagKey {
    /// The tag's upper bits in the sector with this number in the file.
    const fn base(self, number: u64) -> u64 {
        mix(self.seed ^ mix(self.sequence) ^ number) & !LOW_BITS
    }
}

/// A bit for each of a sector's first seven blocks that is not all zeros.
fn marks(sector: &[u8]) -> u64 {
    let blocks = sector.chunks_exact(BLOCK_BYTES).take(MARKED_BLOCKS);
    blocks.enumerate().fold(0, |marks, (i, block)| marks | u64::from(!is_zero(block)) << i)
}

/// Spreads content over sectors and tags them; `number` is that of the first. `out` is exactly as long as
/// [`sectors_bytes`] says.
pub(crate) fn spread(content: &[u8], out: &mut [u8], key: TagKey, number: u64) {
    debug_assert_eq!(out.len() as u64, sectors_bytes(content.len() as u64));
    let (sectors, _) = out.as_chunks_mut::<SECTOR_BYTES>();
    let last = sectors.len() - 1;
    for (i, (sector, content)) in sectors.iter_mut().zip(content.chunks(CONTENT_BYTES)).enumerate()
    {
        sector[..content.len()].copy_from_slice(content);
        sector[content.len()..].fill(0);
        let last = if i == last { LAST } else { 0 };
        let tag = key.base(number + i as u64) | marks(sector) << MARKS_SHIFT | last | WRITTEN;
        put(sector, CONTENT_BYTES, tag.to_le_bytes());
    }
}

/// Joins the contents of sectors, tags left out, at the end of `content`.
pub(crate) fn gather(sectors: &[u8], content: &mut Vec<u8>) {
    for sector in sectors.chunks_exact(SECTOR_BYTES) {
        content.extend_from_slice(&sector[..CONTENT_BYTES]);
    }
}

/// What a sector's tag says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It, or a block of it, never reached the device.
    Not,
    /// All of it was written, and the piece goes on.
    Whole,
    /// All of it was written, and it is the last of its piece.
    Last,
    /// It was written, and its tag is not what was written.
    Changed,
}

/// Whether a write ended within the tag: its first bytes are there, the others never came. A device does not do
/// that, but a process that dies while it copies into the page cache may.
fn breaks_off(tag: u64, expected: u64) -> bool {
    let first_bytes = |kept: usize| expected & ((1 << (8 * kept)) - 1);
    tag != expected && (1..TAG_BYTES).any(|kept| tag == first_bytes(kept))
}

/// Whether the sector with this number was written as part of the piece with this key.
pub(crate) fn written(sector: &[u8; SECTOR_BYTES], key: TagKey, number: u64) -> Written {
    let tag = u64_at(sector, CONTENT_BYTES);
    let expected = key.base(number) | tag & LOW_BITS;
    if tag == 0 || breaks_off(tag, expected) {
        return Written::Not;
    }
    if tag != expected || tag & WRITTEN == 0 {
        return Written::Changed;
    }
    let promised = tag >> MARKS_SHIFT & MARKS_MASK;
    match (promised & !marks(sector), tag & LAST) {
        (0, 0) => Written::Whole,
        (0, _) => Written::Last,
        _ => Written::Not,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: TagKey = TagKey { seed: 0x5eed, sequence: 42 };

    fn spread_to_vec(content: &[u8]) -> Vec<u8> {
        let bytes = usize::try_from(sectors_bytes(content.len() as u64)).unwrap();
        let mut out = vec![0xaa; bytes];
        spread(content, &mut out, KEY, 7);
        out
    }

    proptest! {
        #[test]
        fn round_trip(content in proptest::collection::vec(any::<u8>(), 1..20_000)) {
            let out = spread_to_vec(&content);
            let mut back = Vec::new();
            gather(&out, &mut back);
            prop_assert_eq!(&back[..content.len()], &content[..]);
            prop_assert!(is_zero(&back[content.len()..]));
            let (sectors, rest) = out.as_chunks::<SECTOR_BYTES>();
            prop_assert!(rest.is_empty());
            for (i, sector) in sectors.iter().enumerate() {
                let expected = if i + 1 == sectors.len() { Written::Last } else { Written::Whole };
                prop_assert_eq!(written(sector, KEY, 7 + i as u64), expected);
            }
        }
    }

    #[test]
    fn what_a_tag_tells() {
        let whole: [u8; SECTOR_BYTES] = spread_to_vec(&[1; 600])[..].try_into().unwrap();
        let changed = |change: fn(&mut [u8; SECTOR_BYTES])| {
            let mut sector = whole;
            change(&mut sector);
            sector
        };
        for (name, sector, key, number, expected) in vec![
            ("as written", whole, KEY, 7, Written::Last),
            ("all zeros", [0; SECTOR_BYTES], KEY, 7, Written::Not),
            ("tag block not arrived", changed(|s| s[3_584..].fill(0)), KEY, 7, Written::Not),
            ("first block not arrived", changed(|s| s[..512].fill(0)), KEY, 7, Written::Not),
            ("second block not arrived", changed(|s| s[512..1_024].fill(0)), KEY, 7, Written::Not),
            ("content changed", changed(|s| s[17] ^= 4), KEY, 7, Written::Last),
            ("content made zero", changed(|s| s[550..600].fill(0)), KEY, 7, Written::Last),
            ("padding changed", changed(|s| s[2_000] ^= 4), KEY, 7, Written::Last),
            ("tag breaks off", changed(|s| s[4_091..].fill(0)), KEY, 7, Written::Not),
            ("tag breaks off late", changed(|s| s[4_095] = 0), KEY, 7, Written::Not),
            ("tag lacks its middle", changed(|s| s[4_091] = 0), KEY, 7, Written::Changed),
            ("tag changed", changed(|s| s[4_094] ^= 4), KEY, 7, Written::Changed),
            ("another place", whole, KEY, 8, Written::Changed),
            ("another frame", whole, TagKey { sequence: 43, ..KEY }, 7, Written::Changed),
            ("another segment", whole, TagKey { seed: 1, ..KEY }, 7, Written::Changed),
        ] {
            assert_eq!(written(&sector, key, number), expected, "{name}");
        }
    }

    #[test]
    fn tags_are_pinned() {
        // Computed apart from this code, from the text of docs/JOURNAL_FORMAT.md.
        let out = spread_to_vec(&[1; 4_089]);
        assert_eq!(u64_at(&out, CONTENT_BYTES), 0xd12c_3c65_ec84_fbfd);
        assert_eq!(u64_at(&out, SECTOR_BYTES + CONTENT_BYTES), 0xb4f2_5bf5_a391_fe07);
    }
}
