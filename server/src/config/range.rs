//! The ranges of numbers, and how they depend on each other.

use florin_proto::BATCH_MEMBERS_MAX;

use super::layer::{Layer, place_of};
use super::{Config, ConfigError, value};

struct Range {
    key: &'static str,
    value: fn(&Config) -> u64,
    least: u64,
    most: u64,
    multiple_of: u64,
}

const RANGES: [Range; 13] = [
    range("edge_threads", |c| c.edge_threads.into(), 0, 256),
    Range {
        multiple_of: 4_096, // so that segments are made of whole pages
        ..range("journal.segment_bytes", |c| c.journal.segment_bytes, 64 << 10, 1 << 40)
    },
    range("ids.memory_bytes", |c| c.ids.memory_bytes, 0, 1 << 44),
    range("snapshots.every_journal_bytes", |c| c.snapshots.every_journal_bytes, 0, 1 << 50),
    range("snapshots.every_seconds", |c| c.snapshots.every_seconds, 0, 1 << 32),
    range("archive.keep_segments", |c| c.archive.keep_segments.into(), 1, 1 << 20),
    range("limits.message_bytes", |c| c.limits.message_bytes as u64, 1 << 10, 64 << 20),
    range("limits.batch_members", |c| c.limits.batch_members as u64, 1, BATCH_MEMBERS_MAX as u64),
    range("limits.in_flight_requests", |c| c.limits.in_flight_requests as u64, 1, 1 << 20),
    range("limits.in_flight_bytes", |c| c.limits.in_flight_bytes as u64, 1 << 10, 1 << 40),
    range("limits.concurrent_streams", |c| c.limits.concurrent_streams.into(), 1, 1 << 20),
    range("feed.subscribers", |c| c.feed.subscribers.into(), 1, 1 << 16),
    range("feed.stall_seconds", |c| c.feed.stall_seconds.into(), 1, 3_600),
];

const fn range(key: &'static str, value: fn(&Config) -> u64, least: u64, most: u64) -> Range {
    Range { key, value, least, most, multiple_of: 1 }
}

pub(super) fn check(config: &Config, layers: &[Layer]) -> Result<(), ConfigError> {
    for range in &RANGES {
        let value = (range.value)(config);
        let fits = (range.least..=range.most).contains(&value);
        if !fits || !value.is_multiple_of(range.multiple_of) {
            return Err(out_of_range(range.key, value.to_string(), range.allowed(), layers));
        }
    }
    let Config { limits, .. } = config;
    if limits.in_flight_bytes < limits.message_bytes {
        let key = "limits.in_flight_bytes";
        let allowed = format!(
            "at least limits.message_bytes, {}, or the largest message is never admitted",
            limits.message_bytes
        );
        return Err(out_of_range(key, limits.in_flight_bytes.to_string(), allowed, layers));
    }
    let ratio = config.telemetry.sample_ratio.0;
    if !(0.0..=1.0).contains(&ratio) {
        let (key, allowed) = ("telemetry.sample_ratio", "0 to 1".to_owned());
        return Err(out_of_range(key, ratio.to_string(), allowed, layers));
    }
    value::check_endpoint(&config.telemetry.otlp_endpoint)
        .map_err(|message| ConfigError::senseless("telemetry.otlp_endpoint", message, layers))
}

impl Range {
    fn allowed(&self) -> String {
        let Self { least, most, multiple_of, .. } = self;
        match multiple_of {
            1 => format!("{least} to {most}"),
            _ => format!("{least} to {most} and a multiple of {multiple_of}"),
        }
    }
}

fn out_of_range(key: &str, value: String, allowed: String, layers: &[Layer]) -> ConfigError {
    let (key, place) = place_of(key, layers);
    ConfigError::OutOfRange { key, place, value, allowed }
}
