//! What came of it.
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::ask::Asked;
use super::{Args, common::workload};

/// A history that was made.
#[derive(Debug)]
pub struct Made {
    pub dir: PathBuf,
    pub transfers: u64,
    pub first_answers: String,
    pub seconds_to_make: f64,
    pub disk_bytes: u64,
    pub segments_archived: u64,
    pub segments: u64,
}

/// Keys carry their units. Of several rounds, figures are medians. `…at_20m` is of the short history, which has a tenth of the
/// transfers: 20 million when the long one has 200 million; `compared_with_transfers` says how many.
#[derive(Debug, Serialize)]
pub struct Report {
    pub transfers: u64,
    pub compared_with_transfers: u64,
    pub transfers_per_s: f64,
    pub transfers_per_s_at_20m: f64,
    pub ratio_to_20m: f64,
    /// The smallest and largest of the ratios of one round.
    pub ratio_of_rounds: [f64; 2],
    /// More memory, by sealed transfers that are more.
    pub rss_bytes_per_sealed_transfer: f64,
    pub rss_bytes: u64,
    pub rss_bytes_at_20m: u64,
    pub old_id_answered_as_first: bool,
    pub probes_per_new_id: f64,
    pub probes_per_new_id_at_20m: f64,
    pub page_reads_per_new_id: f64,
    pub id_runs: u64,
    pub id_runs_at_20m: u64,
    pub filter_bytes: u64,
    pub filter_bytes_at_20m: u64,
    pub segments: u64,
    pub segments_archived: u64,
    pub seconds_to_generate: f64,
    pub seconds_to_generate_at_20m: f64,
    pub disk_bytes: u64,
    pub disk_bytes_at_20m: u64,
    pub conditions: Conditions,
    pub rounds: Vec<[Asked; 2]>,
}

/// How it was measured.
#[derive(Debug, Serialize)]
pub struct Conditions {
    pub cores: usize,
    /// Before the first history was made, and after the last round.
    pub load_average: [f64; 2],
    pub accounts: u64,
    pub batch: u64,
    pub batches_in_flight: usize,
    pub rounds: u32,
    pub segment_bytes: u64,
    pub transfers_really_journaled: u64,
    pub archive: &'static str,
}

/// The one in the middle.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes")]
fn median_rss(asked: &[Asked]) -> u64 {
    median(asked.iter().map(|asked| asked.rss_bytes as f64)) as u64
}

impl Report {
    pub fn of(
        args: &Args,
        (made_short, short): (Made, Vec<Asked>),
        (made, long): (Made, Vec<Asked>),
        load_average: [f64; 2],
    ) -> Self {
        let speed = |asked: &[Asked]| median(asked.iter().map(|asked| asked.transfers_per_s));
        let mut ratios: Vec<f64> =
            long.iter().zip(&short).map(|(a, b)| a.transfers_per_s / b.transfers_per_s).collect();
        ratios.sort_by(f64::total_cmp);
        let middle = |asked: &[Asked], of: fn(&Asked) -> f64| median(asked.iter().map(of));
        let (rss_bytes, rss_bytes_at_20m) = (median_rss(&long), median_rss(&short));
        let sealed = middle(&long, |asked| asked.ids_through as f64)
            - middle(&short, |asked| asked.ids_through as f64);
        let (last, last_short) = (&long[long.len() - 1], &short[short.len() - 1]);
        Self {
            transfers: made.transfers,
            compared_with_transfers: made_short.transfers,
            transfers_per_s: speed(&long),
            transfers_per_s_at_20m: speed(&short),
            ratio_to_20m: speed(&long) / speed(&short),
            ratio_of_rounds: [ratios[0], ratios[ratios.len() - 1]],
            rss_bytes_per_sealed_transfer: (rss_bytes as f64 - rss_bytes_at_20m as f64) / sealed,
            rss_bytes,
            rss_bytes_at_20m,
            old_id_answered_as_first: long
                .iter()
                .chain(&short)
                .all(|asked| asked.old_id_answered_as_first),
            probes_per_new_id: middle(&long, |asked| asked.probes_per_new_id),
            probes_per_new_id_at_20m: middle(&short, |asked| asked.probes_per_new_id),
            page_reads_per_new_id: middle(&long, |asked| asked.page_reads_per_new_id),
            id_runs: last.id_runs,
            id_runs_at_20m: last_short.id_runs,
            filter_bytes: last.filter_bytes,
            filter_bytes_at_20m: last_short.filter_bytes,
            segments: made.segments,
            segments_archived: made.segments_archived,
            seconds_to_generate: made.seconds_to_make,
            seconds_to_generate_at_20m: made_short.seconds_to_make,
            disk_bytes: made.disk_bytes,
            disk_bytes_at_20m: made_short.disk_bytes,
            conditions: Conditions {
                cores: std::thread::available_parallelism().map_or(1, usize::from),
                load_average,
                accounts: args.accounts,
                batch: workload::BATCH,
                batches_in_flight: super::common::bulk::IN_FLIGHT,
                rounds: args.rounds,
                segment_bytes: args.segment_bytes(),
                transfers_really_journaled: made.transfers,
                archive: "all segments but those of the last tenth were retired to it, and it keeps the first GiB of them",
            },
            rounds: short.into_iter().zip(long).map(|(short, long)| [short, long]).collect(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let of = |asked: &Asked| {
            format!(
                "{:.0} transfers/s, {:.0} MiB, {} runs, {:.2} probes and {:.6} pages a new id",
                asked.transfers_per_s,
                mib(asked.rss_bytes),
                asked.id_runs,
                asked.probes_per_new_id,
                asked.page_reads_per_new_id,
            )
        };
        for [short, long] in &self.rounds {
            writeln!(f, "{:>12} known: {}", self.compared_with_transfers, of(short))?;
            writeln!(f, "{:>12} known: {}", self.transfers, of(long))?;
        }
        writeln!(
            f,
            "ratio {:.3} (rounds {:.3} to {:.3}), {:.2} bytes of memory a sealed transfer",
            self.ratio_to_20m,
            self.ratio_of_rounds[0],
            self.ratio_of_rounds[1],
            self.rss_bytes_per_sealed_transfer,
        )?;
        let is_answered =
            if self.old_id_answered_as_first { "as the first time" } else { "WRONGLY" };
        writeln!(f, "ids of the first segment are answered {is_answered}")?;
        writeln!(
            f,
            "{} of {} segments archived; made in {:.0} s, {:.0} MiB on disk; load {:.1} to {:.1}",
            self.segments_archived,
            self.segments,
            self.seconds_to_generate,
            mib(self.disk_bytes),
            self.conditions.load_average[0],
            self.conditions.load_average[1],
        )
    }
}
