//! What an operator sees of a running server: metrics, traces and the log.
//!
//! * `layer`: around every call; counts it, logs it, and begins its trace;
//! * `calls`: calls by method, code and time; `methods` knows which there are;
//! * `engine`: what the engine publishes, read when somebody scrapes; `beside` and `process`: the same of what lies beside
//!   the journal and of the process;
//! * `standby`: what a standby tells instead;
//! * `http`: the address that is scraped;
//! * `spans`: traces, exported by OTLP;
//! * `log`: standard error, without secrets.
//!
//! Everything that may wait (scrapes, exports) runs on a thread of its own, `background`, so that a slow collector
//! never slows a payment.

mod background;
mod beside;
mod calls;
mod engine;
mod http;
mod layer;
pub mod log;
mod methods;
mod pending;
mod process;
mod spans;
mod standby;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use florin_actors::Engine;
use tokio::net::TcpListener;

use self::background::Background;
use self::calls::Calls;
use self::http::Exposition;
pub use self::layer::WatchLayer;
use self::spans::Tracing;
use crate::config::Config;
use crate::follow::Figures;

/// What watches the calls of a server.
#[derive(Debug)]
pub(crate) struct Watch {
    calls: Calls,
    tracing: Option<Tracing>,
}

/// Metrics and traces of one server.
pub struct Telemetry {
    watch: Arc<Watch>,
    background: Background,
    listener: Option<TcpListener>,
    address: Option<SocketAddr>,
}

/// What the metrics are about besides the calls.
pub struct Subject {
    /// The engine.
    pub engine: Engine,
    /// Its data directory.
    pub data: std::path::PathBuf,
    /// This opening's epoch.
    pub epoch: u64,
}

impl Telemetry {
    /// Takes the address of the metrics and makes ready to export traces, as configured.
    ///
    /// # Errors
    /// The address cannot be listened on, or the endpoint of the traces is none.
    pub fn start(config: &Config) -> anyhow::Result<Self> {
        let background = Background::start().context("the thread of metrics and traces")?;
        let tracing = {
            let _entered = background.enter(); // the exporter's connection lives there
            Tracing::start(&config.telemetry)?
        };
        let listener = match config.metrics.listen.0 {
            None => None,
            Some(address) => Some(
                background
                    .listen(address)
                    .with_context(|| format!("cannot listen on {address} for metrics"))?,
            ),
        };
        let address = listener.as_ref().map(TcpListener::local_addr).transpose()?;
        let watch = Arc::new(Watch { calls: Calls::default(), tracing });
        Ok(Self { watch, background, listener, address })
    }

    /// Where metrics are served, if they are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// What goes around every call.
    pub fn layer(&self) -> WatchLayer {
        WatchLayer { watch: Arc::clone(&self.watch) }
    }

    /// Answers whoever scrapes, from now on.
    pub fn serve(&mut self, subject: Subject) {
        if let Some(listener) = self.listener.take() {
            let exposition = Exposition::new(subject, Arc::clone(&self.watch));
            self.background.spawn(http::serve(listener, exposition));
        }
    }

    /// As [`Self::serve`], of a standby.
    pub(crate) fn serve_standby(&mut self, figures: Arc<Figures>) {
        if let Some(listener) = self.listener.take() {
            self.background.spawn(http::serve(listener, standby::Standing::new(figures)));
        }
    }

    /// Exports the traces that are left, for a few seconds at most.
    pub async fn stop(self) {
        let Self { watch, background, .. } = self;
        // The background thread goes on meanwhile: the export needs it.
        let stopped = tokio::task::spawn_blocking(move || {
            if let Some(tracing) = &watch.tracing {
                tracing.stop();
            }
        });
        if let Err(error) = stopped.await {
            tracing::warn!(%error, "the last traces were not exported");
        }
        drop(background);
    }
}
