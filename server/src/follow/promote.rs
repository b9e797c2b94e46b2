//! `florin promote`: makes the copy of a stopped standby the ledger, and fences the old leader.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use florin_engine::Sequence;
use florin_persistence::{
    DataDir, Fence, OpenError, RealDisk, Role, epoch_of_next_term, read_role, settle, write_role,
};
use florin_proto::v1;
use serde::Serialize;

use super::figures::Figures;
use super::keeper::{Follows, Keeper};
use super::stream::{Ended, Leader, reason_of};
use super::{now_ns, stop_to_follow, with_reason};

/// How long the old leader may take to answer a fence: what it has admitted becomes durable first.
const FENCE_MAX: Duration = Duration::from_secs(12);
/// How long the last events of a fenced leader may take.
const CATCH_UP_MAX: Duration = Duration::from_secs(30);

/// What is asked of a promotion.
#[derive(Debug, Clone)]
pub struct PromoteOptions {
    /// The data directory of the standby.
    pub data: PathBuf,
    /// Address of the old leader; that which was followed, if not given.
    pub old: Option<String>,
    /// Do not ask the old leader at all.
    pub old_is_gone: bool,
    /// Go on without events that the fenced leader has and that cannot be had.
    pub lose: bool,
    /// Where else to write the token.
    pub token: Option<PathBuf>,
    /// Where the new leader will be, for people who read the fence.
    pub place: Option<String>,
}

/// What a promotion has done.
#[derive(Debug, Clone, Serialize)]
pub struct Promoted {
    /// The data directory, ready to be served.
    pub data: PathBuf,
    /// The history: 32 hex digits.
    pub lineage: String,
    /// The least epoch of the new leader.
    pub epoch: u64,
    /// The last event that it begins with.
    pub sequence: Sequence,
    /// The old leader is fenced.
    pub old_fenced: bool,
    /// The old leader's address.
    pub old: String,
    /// The last event that the old leader had made durable; not known unless it was fenced.
    pub old_durable_through: Option<Sequence>,
    /// Why it is not fenced.
    pub old_problem: Option<String>,
    /// The token.
    pub token: PathBuf,
}

impl fmt::Display for Promoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = self.data.display();
        writeln!(f, "promoted        {data}")?;
        writeln!(f, "lineage         {}", self.lineage)?;
        writeln!(f, "through event   {}", self.sequence)?;
        writeln!(f, "epoch           from {} on", self.epoch)?;
        match (&self.old_problem, self.old_durable_through) {
            (None, Some(through)) if through > self.sequence => {
                let lost = through - self.sequence;
                writeln!(f, "old leader      fenced; {lost} events that it had are LOST")?;
            }
            (None, _) => writeln!(f, "old leader      fenced; nothing that it had is lost")?,
            (Some(problem), _) => {
                let (old, token) = (&self.old, self.token.display());
                writeln!(f, "old leader      NOT FENCED: {problem}")?;
                writeln!(f)?;
                writeln!(f, "Before {old} is started again, on its host:")?;
                writeln!(f, "  florin fence --data DIR --token {token}")?;
                writeln!(f, "or, while it runs:")?;
                writeln!(f, "  florin fence --server {old} --token {token}")?;
                writeln!(
                    f,
                    "Until then nothing keeps it from taking payments that this ledger does not know."
                )?;
            }
        }
        write!(f, "next            florin serve --data {data}")
    }
}

/// Promotes.
///
/// # Errors
/// With the reason. Until the fence is written nothing has changed here, and it can be tried again.
pub async fn run(options: &PromoteOptions) -> anyhow::Result<Promoted> {
    let data = DataDir::open_existing(&options.data).map_err(with_reason)?;
    let standby = read_role(&RealDisk, data.path(), Role::Standby).map_err(with_reason)?;
    let Some(standby) = standby else {
        return Err(with_reason(OpenError::NotStandby { path: options.data.clone() }));
    };
    let leader = Leader::at(options.old.as_deref().unwrap_or(&standby.place))?;
    // Everything is verified once more, so that nothing is promoted that does not open.
    let figures = Arc::new(Figures::new(leader.address()));
    let follows = Follows { place: standby.place.clone(), known: Some(standby) };
    let mut keeper = Keeper::open(&data, follows, false, figures)?;
    let lineage = keeper.lineage().context(
        "STANDBY_EMPTY: nothing of the ledger that it follows has come yet, or only of those that it goes on from",
    )?;
    let epoch = epoch_of_next_term(keeper.epoch().max(keeper.least_epoch()));
    let place = options.place.clone().unwrap_or_else(|| place_of(&options.data));
    let mut fence =
        Fence { lineage, epoch, sequence: keeper.followed_through(), at_ns: now_ns(), place };

    let fenced = if options.old_is_gone {
        Err("it was not asked (--old-is-gone)".to_owned())
    } else {
        ask(&leader, &fence).await
    };
    if let Ok(through) = fenced {
        keeper = catch_up(&leader, keeper, through, options.lose).await?;
        fence.sequence = keeper.followed_through();
    }
    drop(keeper);

    settle(&RealDisk, &data.journal(0)).map_err(with_reason)?;
    write_role(&RealDisk, data.path(), Role::Fence, &fence).map_err(with_reason)?;
    stop_to_follow(&data).map_err(with_reason)?;
    let token = match &options.token {
        None => options.data.join("FENCE"),
        Some(token) => {
            let written = std::fs::write(token, fence.encode(Role::Fence));
            written
                .with_context(|| format!("promoted, but {} was not written", token.display()))?;
            token.clone()
        }
    };
    Ok(Promoted {
        data: options.data.clone(),
        lineage: format!("{:032x}", u128::from_be_bytes(lineage)),
        epoch,
        sequence: fence.sequence,
        old_fenced: fenced.is_ok(),
        old: leader.address().to_owned(),
        old_durable_through: fenced.as_ref().ok().copied(),
        old_problem: fenced.err(),
        token,
    })
}

/// Fences the old leader if it can be reached; the last event that it has, or why it is not fenced.
async fn ask(leader: &Leader, fence: &Fence) -> Result<Sequence, String> {
    let mut client =
        leader.connect().await.map_err(|error| format!("it cannot be reached ({error})"))?;
    let request = v1::FenceRequest { token: fence.encode(Role::Fence) };
    match tokio::time::timeout(FENCE_MAX, client.fence(request)).await {
        Ok(Ok(response)) => Ok(response.into_inner().durable_through),
        Ok(Err(status)) => {
            let (reason, message) = reason_of(&status);
            Err(format!("{reason}: {message}"))
        }
        Err(_) => Err(format!("it did not answer within {} s", FENCE_MAX.as_secs())),
    }
}

/// Takes what the fenced leader has and this copy has not.
async fn catch_up(
    leader: &Leader,
    keeper: Keeper,
    through: Sequence,
    lose: bool,
) -> anyhow::Result<Keeper> {
    if keeper.followed_through() >= through {
        return Ok(keeper);
    }
    let too_long = async {
        tokio::time::sleep(CATCH_UP_MAX).await;
        "it took too long"
    };
    let (keeper, ended) = leader.follow(keeper, Some(through), std::pin::pin!(too_long)).await;
    let what = match ended {
        Ended::Reached => return Ok(keeper),
        Ended::Stopped => format!("not within {} s", CATCH_UP_MAX.as_secs()),
        Ended::Disconnected { reason, message } | Ended::Refused { reason, message } => {
            format!("{reason}: {message}")
        }
    };
    if lose {
        return Ok(keeper);
    }
    let missing = through - keeper.followed_through();
    anyhow::bail!(
        "PROMOTE_BEHIND: the old leader is fenced and has {missing} events that are not here ({what}). Try again, or go on without them with --lose"
    )
}

fn place_of(data: &Path) -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{host}:{}", data.display())
}
