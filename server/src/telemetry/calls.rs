//! Calls, counted by method and code.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tonic::Code;

use super::methods::{Method, Methods};

/// Bounds of the times of calls, seconds. A payment on a good disk is somewhere in the first five.
const BOUNDS_S: [f64; 15] =
    [0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Codes of gRPC, 0 to 16.
const CODES: usize = 17;

/// All calls of a server.
#[derive(Debug)]
pub(super) struct Calls {
    methods: Methods,
    /// As many as there are methods.
    series: Vec<Series>,
    ended: Family<Ended, Counter>,
    durations: Family<Called, Histogram, fn() -> Histogram>,
    faults: Family<Faulty, Counter>,
    open: AtomicU64,
}

/// What is counted of one method, found without a look-up by labels.
#[derive(Debug, Default)]
struct Series {
    ended: [OnceLock<Counter>; CODES],
    duration: OnceLock<Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    service: String,
    method: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    service: String,
    method: String,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Faulty {
    reason: String,
}

impl Default for Calls {
    fn default() -> Self {
        let methods = Methods::default();
        let series = methods.all().iter().map(|_| Series::default()).collect();
        Self {
            methods,
            series,
            ended: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BOUNDS_S)),
            faults: Family::default(),
            open: AtomicU64::new(0),
        }
    }
}

impl Calls {
    /// A call begins; where its method stands.
    pub fn begin(&self, path: &str) -> usize {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.methods.find(path)
    }

    /// The method at a place.
    pub fn method(&self, at: usize) -> &Method {
        &self.methods.all()[at]
    }

    /// A call has ended.
    pub fn end(&self, at: usize, code: Code, took: Duration, reason: Option<&str>) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        let Method { service, name, is_stream } = self.method(at);
        let series = &self.series[at];
        let called = || Called { service: service.clone(), method: name.clone() };
        let ended = series.ended[code as usize % CODES].get_or_init(|| {
            let Called { service, method } = called();
            self.ended.get_or_create_owned(&Ended { service, method, code: code_name(code) })
        });
        ended.inc();
        if !is_stream {
            let duration = || self.durations.get_or_create_owned(&called());
            series.duration.get_or_init(duration).observe(took.as_secs_f64());
        }
        if let Some(reason) = reason {
            self.faults.get_or_create(&Faulty { reason: reason.to_owned() }).inc();
        }
    }

    /// Calls that have begun and not ended.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    pub fn register(&self, registry: &mut Registry) {
        registry.register("calls", "Calls that have ended", self.ended.clone());
        registry.register(
            "call_duration_seconds",
            "Time from a call's first byte to its answer's last, without streams",
            self.durations.clone(),
        );
        registry.register("call_faults", "Calls that ended with a reason", self.faults.clone());
    }
}

/// The name of a code, as gRPC writes it.
pub(super) const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
