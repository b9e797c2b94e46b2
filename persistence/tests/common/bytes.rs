//! The journal's bytes as `docs/JOURNAL_FORMAT.md` has them, read apart from the code under test.

use std::ops::Range;

pub const SECTOR: usize = 4_096;
pub const CONTENT: usize = 4_088;

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// A frame or footer in a segment's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its bytes in the file.
    pub file: Range<usize>,
    pub is_footer: bool,
    pub is_takeover: bool,
    pub first_sequence: u64,
    pub records: usize,
    pub entries: usize,
    pub durable_through: u64,
}

/// The pieces of a segment one after the other, as long as they say what they are.
pub fn pieces(segment: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = SECTOR;
    while at + SECTOR <= segment.len() {
        let head = &segment[at..];
        let is_footer = head.starts_with(b"FLORNFTR");
        if !is_footer && !head.starts_with(b"FLORNFRM") {
            break;
        }
        let sectors = if is_footer { u32_at(head, 48) } else { u32_at(head, 88) };
        let file = at..at + sectors * SECTOR;
        at = file.end;
        pieces.push(if is_footer {
            Piece {
                file,
                is_footer,
                is_takeover: false,
                first_sequence: u64_at(head, 40) + 1,
                records: 0,
                entries: 0,
                durable_through: u64_at(head, 40),
            }
        } else {
            Piece {
                file,
                is_footer,
                is_takeover: head[10] == 2,
                first_sequence: u64_at(head, 48),
                records: u32_at(head, 56),
                entries: u32_at(head, 60),
                durable_through: u64_at(head, 72),
            }
        });
    }
    pieces
}

/// The content of a piece, tags left out.
pub fn content(segment: &[u8], piece: &Piece) -> Vec<u8> {
    segment[piece.file.clone()]
        .chunks(SECTOR)
        .flat_map(|sector| &sector[..CONTENT])
        .copied()
        .collect()
}

/// Where in the file a byte of a piece's content stands.
pub fn place(piece: &Piece, at: usize) -> usize {
    piece.file.start + at / CONTENT * SECTOR + at % CONTENT
}

/// An entry of a frame's payload table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Salt and bytes, in the frame's content.
    pub salted: Range<usize>,
    pub record: usize,
    pub class: u8,
    pub kind: u8,
}

/// The payload table of a frame.
pub fn entries(segment: &[u8], piece: &Piece) -> Vec<Entry> {
    let content = content(segment, piece);
    let table = 176 + 176 * piece.records;
    let mut at = table + 48 * piece.entries;
    (0..piece.entries)
        .map(|i| {
            let entry = &content[table + 48 * i..][..48];
            let salted = at..at + 16 + u32_at(entry, 32);
            at = salted.end;
            Entry { salted, record: u32_at(entry, 40), class: entry[44], kind: entry[45] }
        })
        .collect()
}

/// A footer's totals by asset (posted, pending) and its index entries.
pub fn footer(segment: &[u8], piece: &Piece) -> (Vec<[u128; 2]>, Vec<(u64, u64)>) {
    let content = content(segment, piece);
    let (assets, entries) = (u32_at(&content, 52), u64_at(&content, 56));
    let totals = (0..assets).map(|i| {
        let total = &content[224 + 40 * i..][..40];
        assert_eq!(u32_at(total, 0), i);
        [8, 24].map(|at| u128::from_le_bytes(total[at..at + 16].try_into().unwrap()))
    });
    let index = (0..usize::try_from(entries).unwrap()).map(|i| {
        let entry = &content[224 + 40 * assets + 16 * i..][..16];
        (u64_at(entry, 0), u64_at(entry, 8))
    });
    (totals.collect(), index.collect())
}

/// Puts content back into a piece, hashed anew, as if it had been written so: frames only.
pub fn put_frame(segment: &mut [u8], piece: &Piece, mut content: Vec<u8>) {
    let covered = 176 + 176 * piece.records + 48 * piece.entries;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&content[..144]).update(&content[176..covered]);
    content[144..176].copy_from_slice(hasher.finalize().as_bytes());
    put_content(segment, piece, &content);
}

/// The same for footers.
pub fn put_footer(segment: &mut [u8], piece: &Piece, mut content: Vec<u8>) {
    let (assets, entries) = (u32_at(&content, 52), u32_at(&content, 56));
    let end = 224 + 40 * assets + 16 * entries;
    let hash = blake3::hash(&content[..end]);
    content[end..end + 32].copy_from_slice(hash.as_bytes());
    put_content(segment, piece, &content);
}

fn put_content(segment: &mut [u8], piece: &Piece, content: &[u8]) {
    for (at, byte) in content.iter().enumerate() {
        segment[place(piece, at)] = *byte;
    }
}
