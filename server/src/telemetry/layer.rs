//! Around every call: counts it, times it, logs it, and begins and ends its trace.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use opentelemetry::trace::TraceId;
use pin_project_lite::pin_project;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::{Layer, Service};

use super::Watch;
use super::calls::code_name;
use super::methods::Method;
use super::spans::{TracedCall, remote_trace_id};

/// Puts itself around a service: every call to it is watched.
#[derive(Debug, Clone)]
pub struct WatchLayer {
    pub(super) watch: Arc<Watch>,
}

impl<S> Layer<S> for WatchLayer {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Watched { inner, watch: Arc::clone(&self.watch) }
    }
}

/// A service whose calls are watched.
#[derive(Debug, Clone)]
pub struct Watched<S> {
    inner: S,
    watch: Arc<Watch>,
}

impl<S, Q, B> Service<Request<Q>> for Watched<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Response = Response<WatchedBody<B>>;
    type Error = S::Error;
    type Future = WatchedAnswer<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let call = Call::begin(&self.watch, &request);
        WatchedAnswer { call: Some(call), answer: self.inner.call(request) }
    }
}

pin_project! {
    /// The answer to a call, until it begins to go out.
    #[derive(Debug)]
    pub struct WatchedAnswer<F> {
        call: Option<Call>,
        #[pin]
        answer: F,
    }
}

impl<F, B, E> Future for WatchedAnswer<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<WatchedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let trails = this.call.as_ref().and_then(Call::trails);
        let answer = match trails {
            None => this.answer.poll(context),
            Some(trails) => trails.watch_step(|| this.answer.poll(context)),
        };
        let response = match ready!(answer) {
            Ok(response) => response,
            Err(error) => {
                if let Some(call) = this.call.take() {
                    call.end(Code::Unknown, None);
                }
                return Poll::Ready(Err(error));
            }
        };
        // A fault stands in the headers, and nothing follows.
        if let Some(code) = code_in(response.headers())
            && let Some(call) = this.call.take()
        {
            call.end(code, response.extensions().get::<Status>());
        }
        let call = this.call.take();
        Poll::Ready(Ok(response.map(|body| WatchedBody { call, body })))
    }
}

pin_project! {
    /// An answer's body: the call ends with its trailers.
    #[derive(Debug)]
    pub struct WatchedBody<B> {
        call: Option<Call>,
        #[pin]
        body: B,
    }
}

impl<B: Body> Body for WatchedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let trails = this.call.as_ref().and_then(Call::trails);
        let frame = match trails {
            None => ready!(this.body.poll_frame(context)),
            Some(trails) => ready!(trails.watch_step(|| this.body.poll_frame(context))),
        };
        let ended = match &frame {
            Some(Ok(frame)) => frame.trailers_ref().map(|it| code_in(it).unwrap_or(Code::Unknown)),
            Some(Err(_)) | None => Some(Code::Unknown),
        };
        if let Some(code) = ended
            && let Some(call) = this.call.take()
        {
            call.end(code, None);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn code_in(headers: &HeaderMap) -> Option<Code> {
    headers.get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()))
}

/// A call that has begun. If it is dropped before it has ended, its caller has gone, or its time is up.
#[derive(Debug)]
struct Call {
    under_way: Option<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    watch: Arc<Watch>,
    /// Where its method stands.
    method: usize,
    began: Instant,
    traced: Option<Box<TracedCall>>,
    /// Of its caller; looked for only if it is going to be logged.
    trace_id: Option<TraceId>,
}

impl Call {
    fn begin<Q>(watch: &Arc<Watch>, request: &Request<Q>) -> Self {
        let headers = request.headers();
        let method = watch.calls.begin(request.uri().path());
        let tracing = watch.tracing.as_ref();
        let traced = tracing.and_then(|it| it.begin(headers, watch.calls.method(method)));
        let trace_id = match &traced {
            Some(traced) => Some(traced.trace_id()),
            None if tracing::enabled!(tracing::Level::DEBUG) => remote_trace_id(headers),
            None => None,
        };
        let watch = Arc::clone(watch);
        let under_way = UnderWay { watch, method, began: Instant::now(), traced, trace_id };
        Self { under_way: Some(under_way) }
    }

    fn trails(&self) -> Option<&florin_actors::trace::Trails> {
        Some(&self.under_way.as_ref()?.traced.as_ref()?.trails)
    }

    fn end(mut self, code: Code, status: Option<&Status>) {
        if let Some(under_way) = self.under_way.take() {
            let reason = status.and_then(StatusExt::get_details_error_info);
            under_way.end(code, reason.as_ref().map(|info| info.reason.as_str()));
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(under_way) = self.under_way.take() {
            under_way.end(Code::Cancelled, None);
        }
    }
}

impl UnderWay {
    fn end(self, code: Code, reason: Option<&str>) {
        let Self { watch, method, began, traced, trace_id } = self;
        let took = began.elapsed();
        watch.calls.end(method, code, took, reason);
        log(watch.calls.method(method), code, reason, took, trace_id);
        if let Some((traced, tracing)) = traced.zip(watch.tracing.as_ref()) {
            traced.end(tracing, code, reason);
        }
    }
}

/// One line a call. What the caller sent is not in it, except for the id of its trace.
fn log(method: &Method, code: Code, reason: Option<&str>, took: Duration, trace: Option<TraceId>) {
    tracing::debug!(
        service = method.service,
        method = method.name,
        code = code_name(code),
        reason,
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        trace_id = trace.map(tracing::field::display),
        "call"
    );
}
