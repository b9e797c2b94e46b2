//! Configuration: defaults, then a file, then the environment, then the command line.
//!
//! A key that is not known is refused wherever it stands, because a setting that does nothing is a
//! mistake that nobody notices. `deploy/florin.toml` shows every key with its default.

mod error;
mod layer;
mod range;
mod value;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use figment::Figment;
use figment::providers::Serialized;
use serde::{Deserialize, Serialize};

pub use error::ConfigError;
use layer::Layer;
pub use value::{OptionalAddress, Ratio};

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Directory of the journal. Created if absent.
    pub data: PathBuf,
    /// Address to serve gRPC on. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Threads of the gRPC edge; 0 chooses by the number of cores.
    pub edge_threads: u32,
    /// The journal.
    pub journal: Journal,
    /// Ids that were used.
    pub ids: Ids,
    /// Snapshots.
    pub snapshots: Snapshots,
    /// Segments that are taken out of the hot set.
    pub archive: Archive,
    /// What is admitted.
    pub limits: Limits,
    /// The feed of events.
    pub feed: Feed,
    /// Standbys.
    pub replication: Replication,
    /// What is logged.
    pub log: Log,
    /// Metrics.
    pub metrics: Metrics,
    /// Traces.
    pub telemetry: Telemetry,
}

/// The journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// Size of a segment file. Counts for segments made from now on.
    pub segment_bytes: u64,
}

/// Ids that were used, in transfers that are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    /// Most bytes of memory for what tells that an id is new.
    pub memory_bytes: u64,
}

/// When snapshots are taken without being asked for: whichever comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshots {
    /// After so many bytes of journal; 0 = never.
    pub every_journal_bytes: u64,
    /// After so many seconds in which something happened; 0 = never.
    pub every_seconds: u64,
}

/// Segments that are taken out of the hot set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Where to: a path or a URL. Empty: nowhere.
    pub to: String,
    /// Sealed segments that always stay.
    pub keep_segments: u32,
}

/// What is admitted; beyond it a call is refused at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest message.
    pub message_bytes: usize,
    /// Most members of a batch.
    pub batch_members: usize,
    /// Most requests admitted and not yet answered.
    pub in_flight_requests: usize,
    /// Most bytes of requests admitted and not yet answered.
    pub in_flight_bytes: usize,
    /// Most concurrent calls on one connection.
    pub concurrent_streams: u32,
}

/// The feed of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Most subscribers.
    pub subscribers: u32,
    /// Seconds for which a subscriber may take nothing before it is cut off.
    pub stall_seconds: u32,
}

/// What is there for standbys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// Ship the journal to whoever asks, and be fenced by whoever has a token of this history.
    #[serde(deserialize_with = "figment::util::bool_from_str_or_int")]
    pub serve: bool,
}

/// What is logged, to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The least important level that is logged.
    pub level: LogLevel,
    /// How a line looks.
    pub format: LogFormat,
}

/// Metrics, for Prometheus and what speaks its language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// Address to serve them on, in plain HTTP. Port 0 picks a free one.
    pub listen: OptionalAddress,
}

/// Traces, for what speaks OTLP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telemetry {
    /// Where they are sent, by OTLP over gRPC: `http://127.0.0.1:4317`. Empty: nowhere.
    pub otlp_endpoint: String,
    /// How many of the calls that come without a `traceparent` are traced, 0 to 1.
    pub sample_ratio: Ratio,
    /// What this server is called there.
    pub service_name: String,
}

/// Levels of the log, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What needs someone.
    Error,
    /// What may need someone.
    Warn,
    /// What an operator wants to know.
    Info,
    /// What a developer wants to know.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The level as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Looks of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the command line says. It wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// File to read.
    pub config: Option<PathBuf>,
    /// As [`Config::data`].
    pub data: Option<PathBuf>,
    /// As [`Config::listen`].
    pub listen: Option<SocketAddr>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("florin-data"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7411)),
            edge_threads: 0,
            journal: Journal { segment_bytes: 256 << 20 },
            ids: Ids { memory_bytes: 1 << 30 },
            snapshots: Snapshots { every_journal_bytes: 2 << 30, every_seconds: 3_600 },
            archive: Archive { to: String::new(), keep_segments: 8 },
            limits: Limits {
                message_bytes: florin_proto::MESSAGE_BYTES_MAX,
                batch_members: florin_proto::BATCH_MEMBERS_MAX,
                in_flight_requests: 4_096,
                in_flight_bytes: 64 << 20,
                concurrent_streams: 1_024,
            },
            feed: Feed { subscribers: 1_024, stall_seconds: 30 },
            replication: Replication { serve: true },
            log: Log { level: LogLevel::Info, format: LogFormat::Text },
            metrics: Metrics { listen: OptionalAddress(None) },
            telemetry: Telemetry {
                otlp_endpoint: String::new(),
                sample_ratio: Ratio(0.0),
                service_name: "florin".to_owned(),
            },
        }
    }
}

impl Config {
    /// Puts the configuration together. `environment` is that of the process.
    pub fn load(
        flags: Flags,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Vec::new();
        if let Some(file) = flags.config {
            layers.push(Layer::read_file(file)?);
        }
        layers.push(Layer::environment(environment)?);

        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        let known = layer::keys_of(&figment)?;
        for layer in &layers {
            layer.refuse_unknown_keys(&known)?;
            figment = figment.merge(layer);
        }
        // Lossy, since values of the environment are texts and those of the file have types.
        let config: Self =
            figment.extract_lossy().map_err(|error| ConfigError::invalid(&error, &layers))?;
        range::check(&config, &layers)?;
        Ok(Self {
            data: flags.data.unwrap_or(config.data),
            listen: flags.listen.unwrap_or(config.listen),
            ..config
        })
    }
}

#[cfg(test)]
mod tests;
