//! `florin follow`: a warm standby. It keeps a copy of a leader's journal, byte for byte, verified as it comes, and serves
//! nothing; `florin promote` turns the copy into a ledger that `florin serve` opens. `docs/STANDBY.md` says what that is
//! worth, and what it is not.
//!
//! * `keeper`: the copy, and a ledger beside it if one is wanted: verifies, writes, replays;
//! * `stream`: one connection to the leader;
//! * `figures`: how far it is, for whoever asks;
//! * `rpc`: the door of a standby, where payments are refused;
//! * `promote`, `fence`: from one leader to the next.

pub mod fence;
mod figures;
mod keeper;
pub mod promote;
mod rpc;
mod stream;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use florin_persistence::{DataDir, Disk as _, Fence, OpenError, RealDisk, Role};
use florin_persistence::{drop_role, forget_leader, lineage_and_epoch, read_role, write_role};
use florin_proto::v1;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::serve::told_to_stop;
use crate::telemetry::{self, Telemetry};

pub(crate) use figures::{Figures, HowFar};
use keeper::{Follows, Keeper};
use stream::{Ended, Leader, Until, reason_of};

/// After a lost connection: the first pause, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How long open connections may take to go away.
const GOODBYE: Duration = Duration::from_secs(1);

/// What is asked of a standby.
#[derive(Debug, Clone)]
pub struct FollowOptions {
    /// Address of the leader.
    pub from: String,
    /// A directory with a journal of its own follows from now on.
    pub adopt: bool,
    /// Replay what comes into a ledger, and compare it with the leader's digests.
    pub replay: bool,
    /// Cut off what has changed at the end of the copy since it was written, and get it again.
    pub cut_damaged_tail: bool,
}

/// Follows until it is told to stop, by SIGTERM or Ctrl-C, or what comes does not fit.
///
/// # Errors
/// With the reason, see `docs/errors/standby.md`.
pub fn run(config: &Config, options: &FollowOptions) -> anyhow::Result<()> {
    telemetry::log::to_stderr(config);
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, config = telemetry::log::effective(config), "starting");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("florin-follow")
        .enable_all()
        .build()
        .context("the runtime")?;
    runtime.block_on(follow(config, options))
}

async fn follow(config: &Config, options: &FollowOptions) -> anyhow::Result<()> {
    let leader = Leader::at(&options.from)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr().context("the address that is listened on")?;
    let mut telemetry = Telemetry::start(config)?;
    let data = DataDir::open(&config.data).map_err(with_reason)?;
    let follows = begin_to_follow(&data, &options.from, options.adopt).map_err(with_reason)?;
    let figures = Arc::new(Figures::new(leader.address()));
    let mut keeper = Keeper::open(
        &data,
        follows,
        options.replay,
        options.cut_damaged_tail,
        Arc::clone(&figures),
    )?;
    telemetry.serve_standby(Arc::clone(&figures));
    let server = tokio::spawn(rpc::serve(listener, Arc::clone(&figures), telemetry.layer())?);
    let mut told_to_stop = std::pin::pin!(told_to_stop()?);
    let how_far = figures.how_far();
    let ready = serde_json::json!({
        "listen": address.to_string(),
        "metrics": telemetry.metrics_address().map(|address| address.to_string()),
        "data": config.data,
        "sequence": how_far.followed_through,
        "epoch": how_far.leader_epoch,
        "follows": leader.address(),
    });
    // Nobody has to listen: a closed standard output is no reason to stop.
    let mut stdout = std::io::stdout();
    let _ = writeln!(stdout, "ready {ready}").and_then(|()| stdout.flush());

    let mut pause = PAUSE.0;
    let ended = loop {
        let before = figures.how_far().bytes;
        let (kept, ended) = leader.follow(keeper, Until::Ever, told_to_stop.as_mut()).await;
        keeper = kept;
        keeper.note_leader();
        match ended {
            Ended::Disconnected { reason, message } => {
                tracing::warn!(reason, message, "not connected to the leader: trying again");
                figures.disconnected(&format!("{reason}: {message}"));
            }
            Ended::Refused { reason, message } => {
                break Err(anyhow::anyhow!("{reason}: {message}"));
            }
            Ended::Stopped | Ended::Reached => break Ok(()),
        }
        if figures.how_far().bytes > before {
            pause = PAUSE.0;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            signal = told_to_stop.as_mut() => {
                tracing::info!(signal, "stopping");
                break Ok(());
            }
        }
        pause = (pause * 2).min(PAUSE.1);
    };
    // Nothing is under way: what was taken is synced.
    let undone = keeper.end(ended.is_err());
    server.abort();
    let _ = tokio::time::timeout(GOODBYE, telemetry.stop()).await;
    let followed_through = figures.how_far().followed_through;
    tracing::info!(followed_through, "stopped");
    ended.and_then(|()| undone.map_err(with_reason))
}

/// How far a standby is; `None` if the server that was asked is none.
///
/// # Errors
/// With the reason.
pub(crate) async fn status(address: &str) -> anyhow::Result<Option<v1::GetFollowStatusResponse>> {
    let leader = Leader::at(address)?;
    let connected = leader.connect().await;
    let mut client = connected.map_err(|error| anyhow::anyhow!("UNREACHABLE: {error}"))?;
    match client.get_follow_status(v1::GetFollowStatusRequest {}).await {
        Ok(status) => Ok(Some(status.into_inner())),
        Err(status) => match reason_of(&status) {
            (reason, _) if reason == "NOT_STANDBY" || reason == "UNIMPLEMENTED" => Ok(None),
            (reason, message) => anyhow::bail!("{reason}: {message}"),
        },
    }
}

/// Whether the directory may follow: it is a standby's or empty, or that is wanted. Only an empty one is marked at once. What
/// another one holds may not be of the leader's history, and it stays what it was until the leader has said which that is.
fn begin_to_follow(data: &DataDir, from: &str, adopt: bool) -> Result<Follows, OpenError> {
    let journal = data.journal(0);
    RealDisk.create_dir_all(&journal).map_err(|source| OpenError::Io {
        did: "made",
        path: journal.clone(),
        source,
    })?;
    let mut known = read_role(&RealDisk, data.path(), Role::Standby)?;
    let place = from.to_owned();
    if known.is_none() {
        let has_journal = lineage_and_epoch(&RealDisk, &journal)?.is_some();
        if has_journal && !adopt {
            return Err(OpenError::NotStandby { path: data.path().to_path_buf() });
        }
        if !has_journal {
            let standby = Fence { at_ns: now_ns(), place: place.clone(), ..Fence::default() };
            write_role(&RealDisk, data.path(), Role::Standby, &standby)?;
            known = Some(standby);
        }
    }
    Ok(Follows { known, place })
}

/// The directory is a standby's no more.
fn stop_to_follow(data: &DataDir) -> Result<(), OpenError> {
    forget_leader(&RealDisk, data.path())?;
    drop_role(&RealDisk, data.path(), Role::Promoting)?;
    drop_role(&RealDisk, data.path(), Role::Standby)
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function for `map_err`")]
fn with_reason(error: OpenError) -> anyhow::Error {
    anyhow::anyhow!("{}: {error}", error.reason())
}

fn now_ns() -> u64 {
    let now = std::time::SystemTime::now();
    let since_1970 = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since_1970.as_nanos().try_into().unwrap_or(u64::MAX)
}
