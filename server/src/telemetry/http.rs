//! The address that is scraped: `GET /metrics` and `GET /healthz`, in plain HTTP/1.1.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use florin_actors::command::Figures;
use florin_persistence::{Disk as _, RealDisk};
use http::{Method, Request, Response, StatusCode, header};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::engine::{SYNC_BOUNDS, Snapshot};
use super::pending::Pending;
use super::{Subject, Watch, process};

/// Connections at the same time. Each is for one request.
const CONNECTIONS_MAX: usize = 16;
/// How long a connection may take.
const CONNECTION_MAX: Duration = Duration::from_secs(10);
/// How long the partition may take to tell its figures: one sync, usually.
const FIGURES_MAX: Duration = Duration::from_secs(2);
/// How long to wait when no connection can be taken: there are too many open files, for example.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What can be scraped.
pub(super) trait Page: Send + Sync + 'static {
    /// Everything, in the text format of Prometheus.
    fn metrics(&self) -> impl Future<Output = String> + Send;

    /// Why payments are not taken; `None` if they are.
    fn not_accepting(&self) -> Option<&'static str>;
}

/// What a server exposes.
pub(super) struct Exposition {
    subject: Subject,
    watch: Arc<Watch>,
    figures: Pending<Figures>,
}

impl Exposition {
    pub fn new(subject: Subject, watch: Arc<Watch>) -> Self {
        process::began();
        Self { subject, watch, figures: Pending::default() }
    }
}

impl Page for Exposition {
    async fn metrics(&self) -> String {
        let gauge = self.subject.engine.gauge();
        // Before the figures are asked for: that is a request too.
        let admission = self.subject.engine.admission().figures();
        let engine = self.subject.engine.clone();
        let ask = || async move { engine.figures().await };
        let figures = self.figures.get(ask, FIGURES_MAX).await;
        let refusals = gauge.refusals().counted().map(|(reason, count)| (reason.name(), count));
        let snapshot = Snapshot {
            figures,
            journal: gauge.figures(),
            sync: gauge.sync_buckets(&SYNC_BOUNDS),
            refusals: refusals.collect(),
            admission,
            accepting: self.not_accepting().is_none(),
            epoch: self.subject.epoch,
            free_bytes: RealDisk.free_bytes(&self.subject.data).ok(),
            calls_open: self.watch.calls.open(),
            subscribers: self.subject.engine.feed().subscribers() as u64,
            archive: self.subject.engine.archive_figures(),
            beside: self.subject.engine.beside(),
        };
        let mut registry = Registry::default();
        registry.register_collector(Box::new(snapshot));
        self.watch.calls.register(registry.sub_registry_with_prefix("florin"));
        let mut text = String::with_capacity(16 << 10);
        // Writing to a string does not fail.
        let _ = prometheus_text::encode(&mut text, &registry);
        text
    }

    fn not_accepting(&self) -> Option<&'static str> {
        let engine = &self.subject.engine;
        match () {
            () if engine.admission().is_fenced() => Some("FENCED"),
            () if engine.admission().is_closed() => Some("SHUTTING_DOWN"),
            () if engine.gauge().figures().refuses_writes => Some("DISK_FULL"),
            () => None,
        }
    }
}

async fn answer(page: &impl Page, method: &Method, path: &str) -> Response<String> {
    const TEXT: &str = "text/plain; charset=utf-8";
    let (status, kind, body) = match (method, path) {
        (&Method::GET | &Method::HEAD, "/metrics") => {
            (StatusCode::OK, prometheus_text::CONTENT_TYPE, page.metrics().await)
        }
        (&Method::GET | &Method::HEAD, "/healthz") => match page.not_accepting() {
            None => (StatusCode::OK, TEXT, "ok\n".to_owned()),
            Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{reason}\n")),
        },
        (_, "/metrics" | "/healthz") => {
            (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n".to_owned())
        }
        _ => (StatusCode::NOT_FOUND, TEXT, "there are /metrics and /healthz\n".to_owned()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// Answers whoever connects, for ever.
pub(super) async fn serve(listener: TcpListener, page: impl Page) {
    let page = Arc::new(page);
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Never closed.
        let permit = Arc::clone(&connections).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = connection(stream, Arc::clone(&page));
                tokio::spawn(async move {
                    // Whoever is too slow, or speaks something else, is cut off.
                    let _ = timeout(CONNECTION_MAX, connection).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection for metrics was not taken");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, page: Arc<impl Page>) -> hyper::Result<()> {
    let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
        let page = Arc::clone(&page);
        async move {
            let response = answer(&*page, request.method(), request.uri().path()).await;
            Ok::<_, Infallible>(response)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await
}
