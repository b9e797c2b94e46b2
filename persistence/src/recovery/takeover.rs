//! The segment that every opening begins, and what it takes over.

use std::path::Path;
use std::sync::Arc;

use crate::disk::{Disk, DiskFile};
use crate::error::{OpenError, WriteError};
use crate::format::Lineage;
use crate::format::footer;
use crate::format::sector::SECTOR_BYTES;
use crate::format::segment::{self, HEADER_BYTES, SegmentHeader};
use crate::format::takeover::Takeover;
use crate::journal::index::SharedIndex;
use crate::journal::{
    CommissionError, JournalOptions, JournalReader, JournalWriter, Random, SparePreparer, Start,
};

use super::inventory::Inventory;
use super::tail::Tail;
use super::{Found, TakenOver};

/// Begins the segment of this opening. When it returns, the tail stands in it, durable, and everything that
/// does not count any more is gone.
pub(crate) fn begin<D: Disk>(
    disk: &D,
    dir: &Path,
    options: &JournalOptions,
    inventory: &Inventory,
    found: Found,
) -> Result<(JournalWriter<D>, JournalReader<D>, TakenOver), OpenError> {
    let Found { chain, tail, sequence, hash, totals, index, .. } = found;
    let mut random = Random::new(&options.entropy);
    let new_lineage = Lineage { id: random.bytes(), partition: options.partition };
    let begins = tail.as_ref().map(|tail| tail.begins);
    // What begins a lineage is replaced by what begins it too.
    let replaced = tail.as_ref().filter(|tail| tail.replaces).map(|tail| &tail.link);
    let origin = replaced.and_then(|link| link.header.origin);
    let header = SegmentHeader {
        version: segment::version_for(origin.is_some() || inventory.is_fork),
        lineage: inventory.lineage.unwrap_or(new_lineage),
        number: inventory.highest_number() + 1,
        first_sequence: begins.map_or(sequence + 1, |begins| begins.sequence),
        epoch: (inventory.highest_epoch() + 1).max(options.epoch_least),
        segment_bytes: options.segment_bytes.max(least_bytes(tail.as_ref(), totals.len())),
        previous_hash: begins.map_or(hash, |begins| begins.previous_hash),
        salt_seed: random.bytes(),
        tag_seed: u64::from_le_bytes(random.bytes()),
        made_at_ns: options.now_ns,
        is_takeover: tail.is_some(),
        origin,
        is_fork: inventory.is_fork,
    };
    let spares = SparePreparer::new(
        disk.clone(),
        dir.to_path_buf(),
        options.segment_bytes,
        inventory.spare_bytes,
    );
    let (file, path) = spares
        .reserve(header.segment_bytes)
        .and_then(|reserved| reserved.commission(&header))
        .map_err(|error| commission_failed(error, dir))?;

    let shared = Arc::new(SharedIndex::new(sequence, index));
    let kept_bytes: u64 = chain.links.iter().map(|link| link.cut_offset.unwrap_or(link.len)).sum();
    let journal_bytes = kept_bytes + header.segment_bytes;
    let start = Start { file, path, header, totals, shared: Arc::clone(&shared), journal_bytes };
    let mut writer = JournalWriter::new(spares, options.segment_bytes, random, start);
    let mut taken_over = TakenOver::default();
    if let Some(tail) = &tail {
        taken_over = copy(&mut writer, tail).map_err(|error| write_failed(error, dir))?;
    }
    writer.publish_segment();

    for link in &chain.links {
        if let Some(cut_offset) = link.cut_offset.filter(|cut_offset| *cut_offset < link.len) {
            cut(disk, &link.path, cut_offset)?;
        }
    }
    let replaced = tail.filter(|tail| tail.replaces).map(|tail| tail.link.header.number);
    let obsolete: Vec<u64> = chain.obsolete.into_iter().chain(replaced).collect();
    for number in &obsolete {
        let path = dir.join(segment::file_name(*number));
        disk.remove(&path).map_err(|e| OpenError::from_io("removed", &path, e))?;
    }
    if !obsolete.is_empty() {
        disk.sync_dir(dir).map_err(|e| OpenError::from_io("synced", dir, e))?;
    }
    let reader = JournalReader::new(disk.clone(), dir.to_path_buf(), shared);
    Ok((writer, reader, taken_over))
}

/// What a segment has to have room for: what it takes over, its takeover frame and a footer.
fn least_bytes(tail: Option<&Tail>, assets: usize) -> u64 {
    let frames = tail.map_or(&[][..], |tail| &tail.frames);
    let bytes: u64 = frames.iter().map(|frame| frame.header.bytes_on_disk()).sum();
    let takeover = SECTOR_BYTES as u64;
    HEADER_BYTES as u64 + bytes + takeover + footer::bytes_on_disk(assets, frames.len() + 1)
}

/// Copies the tail, and makes the copy count.
fn copy<D: Disk>(writer: &mut JournalWriter<D>, tail: &Tail) -> Result<TakenOver, WriteError> {
    let first_taken = tail.begins.sequence;
    for frame in &tail.frames {
        writer.copy(&frame.header, &frame.content, first_taken - 1)?;
    }
    let last_taken =
        tail.frames.last().map_or(first_taken - 1, |frame| frame.header.last_sequence());
    // An unconfirmed takeover is replaced: the new one takes over from where it did.
    let (old_segment, cut_offset) = match &tail.link.takeover {
        Some(replaced) if tail.replaces => (replaced.old_segment, replaced.cut_offset),
        _ => (tail.link.header.number, tail.link.cut_offset.unwrap_or(tail.link.len)),
    };
    let old_hash = tail.begins.previous_hash;
    let takeover = Takeover { old_segment, cut_offset, first_taken, last_taken, old_hash };
    writer.complete_takeover(&takeover)?;
    Ok(TakenOver { frames: tail.frames.len() as u64, events: last_taken + 1 - first_taken })
}

pub(super) fn cut<D: Disk>(disk: &D, path: &Path, len: u64) -> Result<(), OpenError> {
    let cut = disk.open(path).and_then(|file| {
        file.set_len(len)?;
        file.sync_data()
    });
    cut.map_err(|e| OpenError::from_io("cut", path, e))
}

pub(super) fn commission_failed(error: CommissionError, dir: &Path) -> OpenError {
    match error {
        CommissionError::NoSpace => OpenError::Full { path: dir.to_path_buf() },
        CommissionError::Failed { did, path, source } => OpenError::from_io(did, &path, source),
    }
}

pub(super) fn write_failed(error: WriteError, dir: &Path) -> OpenError {
    match error {
        WriteError::Failed { did, path, source } => OpenError::from_io(did, &path, source),
        other => OpenError::from_io("written", dir, std::io::Error::other(other)),
    }
}
