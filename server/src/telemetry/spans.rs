//! Traces: a caller's `traceparent` goes on into the call, and below it into each station that its request passed up
//! to the sync. Exported by OTLP over gRPC.
//!
//! A call with a `traceparent` is traced if its sampled flag says so; one without, with the probability that is
//! configured. For every other call nothing is made, and no clock is read.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use florin_actors::trace::{Journey, Mark, Station, Trails};
use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanKind, Status as SpanStatus, TraceContextExt as _, TraceId,
    Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span};
use tonic::Code;

use super::calls::code_name;
use super::methods::Method;
use crate::config;

const TRACEPARENT: &str = "traceparent";
/// How long one export may take, and the last one at a stop.
const EXPORT_MAX: Duration = Duration::from_secs(3);

static PROPAGATOR: LazyLock<TraceContextPropagator> = LazyLock::new(TraceContextPropagator::new);

/// Makes and exports traces.
#[derive(Debug)]
pub(super) struct Tracing {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    /// Calls without a `traceparent` may be traced too.
    samples: bool,
}

impl Tracing {
    /// `None` if traces are not configured. Must be called on the runtime that shall export.
    ///
    /// # Errors
    /// The endpoint is none.
    pub fn start(config: &config::Telemetry) -> anyhow::Result<Option<Self>> {
        if config.otlp_endpoint.is_empty() {
            return Ok(None);
        }
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(config.otlp_endpoint.clone())
            .with_timeout(EXPORT_MAX)
            .build()
            .context("telemetry.otlp_endpoint")?;
        let resource = Resource::builder_empty()
            .with_service_name(config.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let ratio = config.sample_ratio.0;
        let root = Sampler::TraceIdRatioBased(ratio);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .with_sampler(Sampler::ParentBased(Box::new(root)))
            .build();
        let tracer = provider.tracer("florin");
        Ok(Some(Self { provider, tracer, samples: ratio > 0.0 }))
    }

    /// Begins the trace of a call, if it shall have one.
    pub fn begin(&self, headers: &HeaderMap, method: &Method) -> Option<Box<TracedCall>> {
        let parent = remote(headers);
        if parent.is_none() && !self.samples {
            return None;
        }
        let (clock, began) = (SystemTime::now(), Instant::now());
        let span = self
            .tracer
            .span_builder(format!("{}/{}", method.service, method.name))
            .with_kind(SpanKind::Server)
            .with_start_time(clock)
            .with_attributes([
                KeyValue::new("rpc.system", "grpc"),
                KeyValue::new("rpc.service", method.service.clone()),
                KeyValue::new("rpc.method", method.name.clone()),
            ])
            .start_with_context(&self.tracer, &parent.unwrap_or_default());
        span.is_recording()
            .then(|| Box::new(TracedCall { span, clock, began, trails: Trails::default() }))
    }

    /// Exports what is left.
    pub fn stop(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(EXPORT_MAX) {
            tracing::warn!(%error, "the last traces were not exported");
        }
    }
}

/// A call that is traced.
#[derive(Debug)]
pub(super) struct TracedCall {
    span: Span,
    /// When it began, on both clocks: all its times are counted from here, so that they keep their order
    /// whatever happens to the wall clock.
    clock: SystemTime,
    began: Instant,
    /// What it asks of the engine leaves its trails here.
    pub trails: Trails,
}

impl TracedCall {
    /// Its trace.
    pub fn trace_id(&self) -> TraceId {
        self.span.span_context().trace_id()
    }

    /// Ends it, with all that it asked of the engine as spans below it.
    pub fn end(mut self, tracing: &Tracing, code: Code, reason: Option<&str>) {
        let ended = Instant::now();
        let journeys = self.trails.take();
        let parent = Context::new().with_remote_span_context(self.span.span_context().clone());
        let mut from = self.began;
        for (at, journey) in journeys.iter().enumerate() {
            let next = journeys.get(at + 1).map_or(ended, |next| next.asked);
            self.below(tracing, &parent, "receive", from, journey.asked, Vec::new());
            self.stations(tracing, &parent, journey, next);
            from = next;
        }
        let span = &mut self.span;
        span.set_attribute(KeyValue::new("rpc.grpc.status_code", code as i64));
        if let Some(sequence) = journeys.iter().rev().find_map(|journey| journey.sequence) {
            span.set_attribute(sequence_attribute(sequence));
        }
        if let Some(reason) = reason {
            span.set_attribute(KeyValue::new("florin.reason", reason.to_owned()));
        }
        if is_ours(code) {
            span.set_status(SpanStatus::error(code_name(code)));
        }
        let ended = self.clock + (ended - self.began);
        self.span.end_with_timestamp(ended);
    }

    fn stations(&self, tracing: &Tracing, parent: &Context, journey: &Journey, replied: Instant) {
        let mut from = journey.asked;
        for Mark { station, passed, frame } in &journey.marks {
            let attributes = frame.map_or_else(Vec::new, |frame| {
                vec![
                    KeyValue::new("florin.frame.events", number(frame.events)),
                    KeyValue::new("florin.frame.bytes", number(frame.bytes)),
                ]
            });
            self.below(tracing, parent, name_of(*station), from, *passed, attributes);
            from = *passed;
        }
        let sequence = journey.sequence.map(sequence_attribute);
        self.below(tracing, parent, "reply", from, replied, sequence.into_iter().collect());
    }

    fn below(
        &self,
        tracing: &Tracing,
        parent: &Context,
        name: &'static str,
        from: Instant,
        to: Instant,
        attributes: Vec<KeyValue>,
    ) {
        let at = |instant: Instant| self.clock + instant.saturating_duration_since(self.began);
        let builder = SpanBuilder::from_name(Cow::Borrowed(name))
            .with_kind(SpanKind::Internal)
            .with_start_time(at(from))
            .with_attributes(attributes);
        tracing.tracer.build_with_context(builder, parent).end_with_timestamp(at(to));
    }
}

/// The name of the span that a station ends.
const fn name_of(station: Station) -> &'static str {
    match station {
        Station::Admit => "admit",
        Station::Queue => "queue",
        Station::Decide => "decide",
        Station::Gather => "gather",
        Station::Sync => "sync",
        Station::Load => "load",
    }
}

/// Codes that say that the server failed, not the caller.
const fn is_ours(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

fn sequence_attribute(sequence: u64) -> KeyValue {
    KeyValue::new("florin.sequence", number(sequence))
}

/// OTLP has no unsigned numbers.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The caller's span, if there is a `traceparent` that is one.
fn remote(headers: &HeaderMap) -> Option<Context> {
    headers.get(TRACEPARENT)?;
    let parent = PROPAGATOR.extract_with_context(&Context::new(), &Headers(headers));
    parent.span().span_context().is_valid().then_some(parent)
}

/// The caller's trace, for the log of a call that is not traced.
pub(super) fn remote_trace_id(headers: &HeaderMap) -> Option<TraceId> {
    Some(remote(headers)?.span().span_context().trace_id())
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
