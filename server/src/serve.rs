//! `florin serve`: opens the engine, serves gRPC, and drains on SIGTERM or Ctrl-C.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use florin_actors::admit::AdmissionLimits;
use florin_actors::archive::ArchiveSettings;
use florin_actors::feed::End;
use florin_actors::snapshots::SnapshotOptions;
use florin_actors::start::StartFigures;
use florin_actors::{Engine, EngineOptions, OpenedEngine};
use florin_persistence::Recovery;
use florin_proto::v1;
use florin_proto::v1::admin_service_server::AdminServiceServer;
use florin_proto::v1::event_service_server::EventServiceServer;
use florin_proto::v1::ledger_service_server::LedgerServiceServer;
use florin_proto::v1::payment_service_server::PaymentServiceServer;
use florin_proto::v1::replication_service_server::ReplicationServiceServer;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, oneshot};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::server::HealthReporter;

use crate::config::Config;
use crate::rpc::{
    ARCHIVED_READS_MAX, Admin, Backups, Events, FeedLimits, Gate, Ledger, OversizeLayer, Payments,
    ReadPool, Replication, RpcLimits,
};
use crate::telemetry::{self, Subject, Telemetry};

mod progress;

pub(crate) use progress::ReplayBar;
use progress::StartBars;

/// HTTP/2 flow-control windows: a stream may have a bulk message on its way, a connection several.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// How long open connections may take to go away once everything is answered.
const GOODBYE: Duration = Duration::from_secs(2);

/// How long subscribers may take to get what is durable when the server stops; and then, that this is the end.
const LAST_EVENTS: Duration = Duration::from_secs(5);
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A call that is not complete after this time is ended: half-sent messages are not kept for ever.
const CALL_MAX: Duration = Duration::from_secs(60);
/// How often a silent connection is asked whether it is still there, and how long it may take to say so.
const KEEPALIVE: Duration = Duration::from_secs(20);

type Ledgers = LedgerServiceServer<Ledger>;
type PaymentsServer = PaymentServiceServer<Payments>;
type EventsServer = EventServiceServer<Events>;
type Admins = AdminServiceServer<Admin>;

/// What only the command line says about this one opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Opening {
    /// Cut off a last frame that was written and has changed since, instead of refusing to start.
    pub cut_damaged_tail: bool,
    /// However long the engine was off, the clock is right.
    pub accept_clock: bool,
    /// The ledger is a fork; without this none is served, with it nothing else.
    pub fork: bool,
}

/// Serves until it is told to stop, by SIGTERM or Ctrl-C.
///
/// # Errors
/// The data directory cannot be opened (with the reason, see `docs/errors/data.md`), or the address
/// cannot be listened on.
pub fn run(config: Config, opening: Opening) -> anyhow::Result<()> {
    telemetry::log::to_stderr(&config);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        config = telemetry::log::effective(&config),
        "starting"
    );
    let runtime = match edge_threads(config.edge_threads) {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        threads => {
            tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()
        }
    };
    let followers = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(edge_threads(config.edge_threads))
        .thread_name("florin-feed")
        .enable_time()
        .build()
        .context("the threads of the feed")?;
    let threads = followers.handle().clone();
    let runtime = runtime.context("the runtime of the edge")?;
    let served = runtime.block_on(serve(config, opening, threads));
    followers.shutdown_background();
    // A thread may still read from an archive that does not answer: nobody waits for what it reads.
    runtime.shutdown_timeout(GOODBYE);
    served
}

/// One thread of edge keeps up with two cores' worth of engine; more help where there are more cores.
fn edge_threads(configured: u32) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match configured {
        0 => (cores / 4).max(1),
        threads => threads as usize,
    }
}

/// What the engine is told of the settings.
fn engine_options(config: &Config, opening: Opening) -> EngineOptions {
    EngineOptions {
        data: config.data.clone(),
        segment_bytes: config.journal.segment_bytes,
        limits: AdmissionLimits {
            requests: config.limits.in_flight_requests as u64,
            bytes: config.limits.in_flight_bytes as u64,
        },
        cut_damaged_tail: opening.cut_damaged_tail,
        accept_clock: opening.accept_clock,
        fork: opening.fork,
        id_filter_bytes: config.ids.memory_bytes,
        snapshots: SnapshotOptions {
            every_journal_bytes: config.snapshots.every_journal_bytes,
            every: Duration::from_secs(config.snapshots.every_seconds),
        },
        archive: ArchiveSettings {
            to: archive_place(&config.archive.to),
            keep_segments: config.archive.keep_segments as usize,
            open: |name| crate::backup::open_archive(name).map_err(|error| error.to_string()),
        },
    }
}

/// Where to archive, as the marker is going to say: a relative path counts from where this was started.
fn archive_place(configured: &str) -> Option<String> {
    if configured.is_empty() || configured.contains("://") {
        return (!configured.is_empty()).then(|| configured.to_owned());
    }
    let absolute = std::path::absolute(configured).ok();
    let absolute = absolute.and_then(|path| path.into_os_string().into_string().ok());
    Some(absolute.unwrap_or_else(|| configured.to_owned()))
}

async fn serve(config: Config, opening: Opening, feed_threads: Handle) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr().context("the address that is listened on")?;
    let mut telemetry = Telemetry::start(&config)?;
    let OpenedEngine { engine, recovery, data, start } = open_engine(&config, opening)?;

    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<Ledgers>().await;
    health.set_serving::<PaymentsServer>().await;
    health.set_serving::<EventsServer>().await;
    health.set_serving::<Admins>().await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .context("the contract for reflection")?;
    let message_bytes = config.limits.message_bytes;
    let ledger = Ledger {
        engine: engine.clone(),
        lineage: recovery.lineage,
        limits: RpcLimits { batch_members: config.limits.batch_members, message_bytes },
        reads: ReadPool::default(),
    };
    let payments = Payments::new(engine.clone(), recovery.lineage, message_bytes);
    let events = Events {
        engine: engine.clone(),
        lineage: recovery.lineage,
        limits: FeedLimits::of(&config),
        threads: feed_threads.clone(),
        archived: Arc::new(Semaphore::new(ARCHIVED_READS_MAX)),
    };
    let admin = Admin {
        engine: engine.clone(),
        data: config.data.clone(),
        lineage: recovery.lineage,
        epoch: recovery.epoch,
        since: Instant::now(),
        is_fork: opening.fork,
        backups: Backups::default(),
    };
    telemetry.serve(Subject {
        engine: engine.clone(),
        data: config.data.clone(),
        epoch: recovery.epoch,
    });
    let ledger = LedgerServiceServer::new(ledger).max_decoding_message_size(message_bytes);
    let payments = PaymentServiceServer::new(payments).max_decoding_message_size(message_bytes);
    let events = EventServiceServer::new(events).max_decoding_message_size(message_bytes);
    let gate = Gate::new(engine.clone());
    let (drained, stop) = oneshot::channel();
    let server = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(config.limits.concurrent_streams)
        .timeout(CALL_MAX)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .layer(telemetry.layer())
        .layer(OversizeLayer { limit_bytes: message_bytes })
        .add_service(health_service)
        .add_service(reflection)
        .add_service(InterceptedService::new(ledger, gate.clone()))
        .add_service(InterceptedService::new(payments, gate.clone()))
        .add_service(InterceptedService::new(events, gate))
        .add_service(AdminServiceServer::new(admin).max_decoding_message_size(message_bytes))
        .add_service(replication(&engine, &config, &recovery, feed_threads, &health))
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            async {
                let _ = stop.await; // an error means that the sender is gone: stop as well
            },
        );
    let mut server = tokio::spawn(server);
    // Whoever is told that it is ready may tell it to stop.
    let told_to_stop = told_to_stop()?;
    say_ready(address, telemetry.metrics_address(), &config, (&recovery, &start), opening.fork);

    tokio::select! {
        ended = &mut server => ended.context("the server's task")?.context("serving")?,
        signal = told_to_stop => {
            tracing::info!(signal, "draining");
            drain(&engine, &health).await;
            let _ = drained.send(());
            // Connections that do not go by themselves go with the process: everything is answered.
            let _ = tokio::time::timeout(GOODBYE, server).await;
        }
    }
    telemetry.stop().await;
    // The lock goes with the process: threads that may still write end with it, not before.
    std::mem::forget(data);
    tracing::info!("stopped");
    Ok(())
}

fn open_engine(config: &Config, opening: Opening) -> anyhow::Result<OpenedEngine> {
    if !config.archive.to.is_empty() {
        crate::backup::check_archive(&config.archive.to)
            .map_err(|error| anyhow::anyhow!("CONFIG_INVALID: archive.to: {error}"))?;
    }
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy).context("the system's randomness")?;
    let options = engine_options(config, opening);
    let mut bars = StartBars::new();
    let opened = Engine::open(&options, entropy, &mut |progress| bars.show(&progress));
    bars.finish();
    let opened = opened.map_err(|error| anyhow::anyhow!("{}: {error}", error.reason()))?;
    tracing::info!(recovery = ?opened.recovery, "the journal is open");
    if opening.fork {
        tracing::warn!("FORK: this is a copy of another ledger to try things on, not the original");
    }
    Ok(opened)
}

/// For standbys, and for who takes over.
fn replication(
    engine: &Engine,
    config: &Config,
    recovery: &Recovery,
    threads: Handle,
    health: &HealthReporter,
) -> ReplicationServiceServer<Replication> {
    let history = (recovery.lineage, recovery.epoch);
    let (engine, data, health) = (engine.clone(), config.data.clone(), health.clone());
    let replication = Replication::new(engine, data, history, threads, health);
    ReplicationServiceServer::new(if config.replication.serve {
        replication
    } else {
        replication.off()
    })
}

async fn drain(engine: &Engine, health: &HealthReporter) {
    health.set_not_serving::<Ledgers>().await;
    health.set_not_serving::<PaymentsServer>().await;
    health.set_not_serving::<EventsServer>().await;
    health.set_not_serving::<Admins>().await;
    engine.drain().await;
    // Everything is durable: subscribers are told of it. Who is far behind goes on after the restart.
    let feed = engine.feed();
    for (end, most) in [(End::AtTheLast, LAST_EVENTS), (End::Now, LAST_WORDS)] {
        feed.close(end);
        let began = Instant::now();
        while feed.subscribers() > 0 && began.elapsed() < most {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Listens from now on, and gives the name of the signal.
pub(crate) fn told_to_stop() -> anyhow::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}

/// One line for whoever started us: supervisors, scripts, tests.
fn say_ready(
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    config: &Config,
    (recovery, start): (&Recovery, &StartFigures),
    is_fork: bool,
) {
    let ready = serde_json::json!({
        "listen": address.to_string(),
        "metrics": metrics.map(|address| address.to_string()),
        "data": config.data,
        "sequence": recovery.last_sequence,
        "epoch": recovery.epoch,
        "fork": is_fork,
        "snapshot": start.snapshot,
        "events_replayed": start.events_replayed,
    });
    let mut stdout = std::io::stdout();
    // Nobody has to listen: a closed standard output is no reason to stop.
    let _ = writeln!(stdout, "ready {ready}").and_then(|()| stdout.flush());
}
