//! What the engine publishes about itself, as metrics. Read when somebody scrapes; nothing here costs a payment
//! anything. `docs/METRICS.md` lists every name, which a test holds.

use std::fmt;
use std::time::Duration;

use florin_actors::admit::AdmissionFigures;
use florin_actors::archive::ArchiveFigures;
use florin_actors::beside::BesideFigures;
use florin_actors::command::Figures;
use florin_actors::publish::{JournalFigures, SyncBuckets};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Bounds of the times of a write and its sync.
pub(super) const SYNC_BOUNDS: [Duration; 14] = [
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(200),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
];

/// Everything that is told about the engine and the process at one scrape.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// Figures of the partition; `None` if it did not answer in time.
    pub figures: Option<Figures>,
    pub journal: JournalFigures,
    pub sync: SyncBuckets,
    pub refusals: Vec<(&'static str, u64)>,
    pub admission: AdmissionFigures,
    pub accepting: bool,
    pub epoch: u64,
    /// `None` if the system does not tell.
    pub free_bytes: Option<u64>,
    pub calls_open: u64,
    pub subscribers: u64,
    pub archive: ArchiveFigures,
    pub beside: BesideFigures,
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let writer = &mut Writer(encoder);
        writer.gauges(
            "florin_build_info",
            "Always 1; which version runs",
            "version",
            [(env!("CARGO_PKG_VERSION"), 1)],
        )?;
        self.write_service(writer)?;
        self.write_admission(writer)?;
        self.write_journal(writer)?;
        self.write_archive(writer)?;
        super::beside::write(&self.beside, self.journal.durable_sequence, writer)?;
        if let Some(figures) = &self.figures {
            write_ledger(figures, writer)?;
        }
        super::process::write(writer)
    }
}

impl Snapshot {
    fn write_service(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.gauge("florin_accepting", "1 while writes are taken", u64::from(self.accepting))?;
        writer.gauge(
            "florin_partition_answering",
            "1 if the partition answered this scrape in time",
            u64::from(self.figures.is_some()),
        )?;
        writer.gauge("florin_calls_open", "Calls under way, streams included", self.calls_open)?;
        writer.gauge("florin_subscribers", "Subscribers of the feed", self.subscribers)?;
        writer.gauge("florin_epoch", "How often the journal was opened", self.epoch)
    }

    fn write_admission(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let AdmissionFigures { requests, bytes, limits, .. } = self.admission;
        let refused = [
            ("OVERLOADED", self.admission.refused_overloaded),
            ("SHUTTING_DOWN", self.admission.refused_shutting_down),
        ];
        writer.gauge("florin_in_flight_requests", "Requests taken, not yet answered", requests)?;
        writer.gauge("florin_in_flight_requests_limit", "Most of them", limits.requests)?;
        writer.gauge("florin_in_flight_bytes", "Bytes that these requests can take", bytes)?;
        writer.gauge("florin_in_flight_bytes_limit", "Most of them", limits.bytes)?;
        let help = "Requests not taken, by reason";
        writer.counters("florin_admission_refusals", help, "reason", refused)
    }

    fn write_archive(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let archive = &self.archive;
        writer.gauge("florin_archive_segments", "Segments in the archive", archive.segments)?;
        let help = "The last event that is in the archive and no longer here";
        writer.gauge("florin_archive_through_sequence", help, archive.through)?;
        writer.gauge("florin_archive_bytes", "Bytes in the archive", archive.bytes)?;
        let help = "1 while the last try to archive a segment failed";
        let is_failing = u64::from(archive.last_error.is_some());
        writer.gauge("florin_archive_failing", help, is_failing)?;
        let help = "Tries to archive a segment that failed";
        writer.counter("florin_archive_failures", help, archive.failures)
    }

    fn write_journal(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let journal = &self.journal;
        let durable = journal.durable_sequence;
        writer.gauge("florin_durable_sequence", "The last event that is on disk", durable)?;
        writer.counter("florin_journal_frames", "Frames written and synced", journal.frames)?;
        writer.counter("florin_journal_events", "Events in these frames", journal.events)?;
        let help = "Bytes that these frames take on disk";
        writer.counter("florin_journal_frame_bytes", help, journal.frame_bytes)?;
        let help = "Time of one write and its sync";
        writer.durations("florin_journal_sync_duration_seconds", help, &SYNC_BOUNDS, &self.sync)?;
        let help = "Bytes of journal, in all segments";
        writer.gauge("florin_journal_bytes", help, journal.journal_bytes)?;
        writer.gauge("florin_journal_segment", "The segment that is written", journal.segment)?;
        let help = "Bytes that can be journaled now without another segment";
        writer.gauge("florin_journal_room_bytes", help, journal.room_bytes)?;
        if let Some(bytes) = self.free_bytes {
            let help = "Bytes free on the file system of the data directory";
            writer.gauge("florin_data_free_bytes", help, bytes)?;
        }
        let help = "Transfers and groups refused by the state of the ledger, by reason";
        let refusals = self.refusals.iter().copied();
        writer.counters("florin_transfers_refused", help, "reason", refusals)
    }
}

fn write_ledger(figures: &Figures, writer: &mut Writer<'_>) -> fmt::Result {
    let posted = figures.counters.transfers_posted;
    writer.gauge("florin_decided_sequence", "The last event that was decided", figures.sequence)?;
    writer.counter("florin_transfers_posted", "Transfers posted, in all time", posted)?;
    writer.gauge("florin_accounts", "Accounts", figures.accounts as u64)?;
    let help = "Memory of the accounts and their table";
    writer.gauge("florin_accounts_bytes", help, figures.account_bytes as u64)?;
    writer.gauge("florin_ids", "Ids that are known for good", figures.ids as u64)?;
    let help = "Those of them that are in memory";
    writer.gauge("florin_ids_in_memory", help, figures.ids_kept as u64)?;
    writer.gauge("florin_assets", "Assets in use", figures.assets.len() as u64)?;
    let help = "Holds and payments that reserve something";
    writer.gauge("florin_open_holds", help, figures.open_holds as u64)?;
    writer.gauge("florin_timers", "Of these, those that will fall due", figures.timers as u64)?;
    let help = "1 while what falls due is held back, until somebody accepts the clock";
    writer.gauge("florin_due_paused", help, u64::from(figures.due_paused))?;
    let conserved = u64::from(figures.conserved);
    writer.gauge("florin_conserved", "1 while debits equal credits in every asset", conserved)
}

/// Writes metrics by their whole names; counters get their `_total`.
pub(super) struct Writer<'a>(DescriptorEncoder<'a>);

impl<'a> Writer<'a> {
    pub const fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }
}

impl Writer<'_> {
    pub fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
    }

    pub fn gauge_s(&mut self, name: &str, help: &str, value: Duration) -> fmt::Result {
        let seconds = value.as_secs_f64();
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&seconds)
    }

    pub fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.0
            .encode_descriptor(name, help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    pub fn counter_s(&mut self, name: &str, help: &str, value: Duration) -> fmt::Result {
        self.0
            .encode_descriptor(name, help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, _, f64>(&value.as_secs_f64(), None)
    }

    fn gauges<'v>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'v str, u64)>,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (text, value) in values {
            encoder.encode_family(&[(label, text)])?.encode_gauge(&value)?;
        }
        Ok(())
    }

    fn counters<'v>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'v str, u64)>,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (text, value) in values {
            let labels = [(label, text)];
            let mut encoder = encoder.encode_family(&labels)?;
            encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        Ok(())
    }

    fn durations(
        &mut self,
        name: &str,
        help: &str,
        bounds: &[Duration],
        times: &SyncBuckets,
    ) -> fmt::Result {
        // What the encoder takes are the counts between bounds; it adds them up.
        let mut below = 0;
        let mut buckets = Vec::with_capacity(bounds.len() + 1);
        for (bound, within) in bounds.iter().zip(&times.within) {
            buckets.push((bound.as_secs_f64(), within - below));
            below = *within;
        }
        buckets.push((f64::MAX, times.count - below));
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        encoder.encode_histogram::<NoLabelSet>(times.sum.as_secs_f64(), times.count, &buckets, None)
    }
}
