//! Backups, as they are printed.

use std::fmt;

use florin_client::Backup;
use florin_persistence::backup::{Hex, Manifest, Replayed};
use serde::Serialize;

use crate::cli::{table, time};

/// A backup that was made.
#[derive(Debug, Serialize)]
pub(super) struct MadeView<'a> {
    status: &'static str,
    to: &'a str,
    manifest: String,
    lineage: String,
    sequence: u64,
    last_event_at: String,
    objects: u64,
    objects_sent: u64,
    bytes: u64,
    bytes_sent: u64,
}

impl<'a> MadeView<'a> {
    pub fn new(to: &'a str, made: Backup) -> Self {
        Self {
            status: "made",
            to,
            manifest: made.manifest,
            lineage: made.lineage,
            sequence: made.sequence,
            last_event_at: time::utc(made.last_timestamp_ns),
            objects: made.objects,
            objects_sent: made.objects_sent,
            bytes: made.bytes,
            bytes_sent: made.bytes_sent,
        }
    }
}

impl fmt::Display for MadeView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |sent: u64, all: u64| format!("{sent} of {all}");
        f.write_str(&table::block(&[
            ("backup", self.manifest.clone()),
            ("in", self.to.to_owned()),
            ("through event", format!("{}, {}", self.sequence, self.last_event_at)),
            ("objects sent", of(self.objects_sent, self.objects)),
            ("bytes sent", of(self.bytes_sent, self.bytes)),
        ]))
    }
}

/// A backup that lies in a place.
#[derive(Debug, Serialize)]
pub(super) struct ListedView<'a> {
    manifest: &'a str,
    lineage: Hex<16>,
    fork: bool,
    sequence: u64,
    last_event_at: String,
    made_at: String,
    florin: &'a str,
    objects: usize,
    bytes: u64,
    previous: Option<&'a str>,
}

impl<'a> ListedView<'a> {
    pub fn new(name: &'a str, manifest: &'a Manifest) -> Self {
        Self {
            manifest: name,
            lineage: manifest.lineage,
            fork: manifest.is_fork,
            sequence: manifest.sequence,
            last_event_at: time::utc(manifest.last_timestamp_ns),
            made_at: time::utc(manifest.made_at_ns),
            florin: &manifest.florin,
            objects: manifest.segments.len(),
            bytes: manifest.segments.iter().map(|segment| segment.bytes).sum(),
            previous: manifest.previous.as_deref(),
        }
    }
}

impl fmt::Display for ListedView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fork = if self.fork { "  FORK" } else { "" };
        let Self { manifest, sequence, last_event_at, objects, bytes, .. } = self;
        write!(
            f,
            "{manifest}  through event {sequence}, {last_event_at}  {objects} objects, {bytes} bytes{fork}"
        )
    }
}

/// A backup that was read and found whole.
#[derive(Debug, Serialize)]
pub(super) struct VerifiedView<'a> {
    status: &'static str,
    manifest: &'a str,
    lineage: Hex<16>,
    fork: bool,
    sequence: u64,
    last_event_at: String,
    accounts: usize,
    transfers_posted: u64,
    digest: Hex<32>,
}

impl<'a> VerifiedView<'a> {
    pub fn new(name: &'a str, manifest: &Manifest, replayed: &Replayed) -> Self {
        Self {
            status: "whole",
            manifest: name,
            lineage: manifest.lineage,
            fork: manifest.is_fork,
            sequence: replayed.sequence,
            last_event_at: time::utc(replayed.last_timestamp_ns),
            accounts: replayed.accounts,
            transfers_posted: replayed.transfers_posted,
            digest: Hex(replayed.digest),
        }
    }
}

impl fmt::Display for VerifiedView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transfers = self.transfers_posted;
        f.write_str(&table::block(&[
            ("backup", self.manifest.to_owned()),
            ("objects", "whole".to_owned()),
            ("chain, replay", format!("whole, through event {}", self.sequence)),
            ("conserved", format!("yes, {} accounts, {transfers} transfers", self.accounts)),
            ("state digest", self.digest.to_string()),
        ]))
    }
}
