//! `florin promote`: makes the copy of a stopped standby the ledger, and fences the old leader.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use florin_engine::Sequence;
use florin_persistence::{
    DataDir, Fence, LeaderSeen, OpenError, RealDisk, Role, epoch_of_promotion,
    is_of_next_generation, read_role, settle, write_role,
};
use florin_proto::v1;
use serde::Serialize;

use super::figures::Figures;
use super::keeper::{Follows, Keeper};
use super::stream::{Ended, Leader, Until, reason_of};
use super::{now_ns, stop_to_follow, with_reason};

/// How long the old leader may take to answer a fence: what it has admitted becomes durable first, for which it takes 10 s at
/// most, and its disk is synced.
const FENCE_MAX: Duration = Duration::from_secs(30);
/// How long it may take to get what is missing while the old leader still serves.
const COME_CLOSE_MAX: Duration = Duration::from_secs(60);
/// An address that stands for none.
const UNKNOWN: &str = "unknown.invalid:7411";
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
    /// Go on without events that the old leader is known to have had, and that cannot be had.
    pub lose: bool,
    /// Cut off what has changed at the end of the copy since it was written.
    pub cut_damaged_tail: bool,
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
    /// It has the fence on its disk: it is fenced for good.
    pub old_kept: bool,
    /// The old leader's address.
    pub old: String,
    /// The last event that the old leader had made durable; not known unless it was fenced.
    pub old_durable_through: Option<Sequence>,
    /// Why it is not fenced, or not for good.
    pub old_problem: Option<String>,
    /// What was damaged at the end of the copy and was cut off.
    pub cut: Option<String>,
    /// The token.
    pub token: PathBuf,
}

impl fmt::Display for Promoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = self.data.display();
        writeln!(f, "promoted        {data}")?;
        writeln!(f, "lineage         {}", self.lineage)?;
        writeln!(f, "through event   {}", self.sequence)?;
        if let Some(cut) = &self.cut {
            writeln!(f, "cut off         {cut}: damaged")?;
        }
        writeln!(f, "epoch           from {} on", self.epoch)?;
        match self.old_durable_through {
            Some(through) if through > self.sequence => {
                let lost = through - self.sequence;
                writeln!(f, "old leader      fenced; {lost} events that it had are LOST")?;
            }
            Some(_) => writeln!(f, "old leader      fenced; nothing that it had is lost")?,
            None => {}
        }
        let problem = self.old_problem.as_deref().unwrap_or("no reason was given");
        let (old, token) = (&self.old, self.token.display());
        match (self.old_fenced, self.old_kept) {
            (true, true) => {}
            (true, false) => {
                writeln!(f, "                UNTIL ITS PROCESS ENDS, and not longer: {problem}")?;
                writeln!(f)?;
                writeln!(f, "Before {old} is started again, on its host:")?;
                writeln!(f, "  florin fence --data DIR --token {token}")?;
            }
            (false, _) => {
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
/// With the reason. Until the fence is written nothing has changed in the journal here, and it can be tried again.
pub async fn run(options: &PromoteOptions) -> anyhow::Result<Promoted> {
    let data = DataDir::open_existing(&options.data).map_err(with_reason)?;
    let role = |role| read_role(&RealDisk, data.path(), role).map_err(with_reason);
    let (known, own) = match (role(Role::Standby)?, role(Role::Fenced)?) {
        (Some(standby), _) => (Some(standby), None),
        // One that was fenced is made the leader again.
        (None, Some(fenced)) => (Some(fenced.clone()), Some(fenced)),
        (None, None) => (None, None),
    };
    let Some(known) = known else {
        return Err(with_reason(OpenError::NotStandby { path: options.data.clone() }));
    };
    let old = options.old.as_deref().or(own.is_none().then_some(known.place.as_str()));
    let leader = match (old, &own) {
        (Some(old), _) => Leader::at(old)?,
        (None, _) if options.old_is_gone => Leader::at(UNKNOWN)?,
        (None, _) => anyhow::bail!(
            "PROMOTE_OLD_UNKNOWN: this server was fenced by {}: name the address of that one with --old, or say --old-is-gone",
            known.place
        ),
    };
    try_token(options.token.as_deref())?;
    // Everything is verified once more, so that nothing is promoted that does not open.
    let figures = Arc::new(Figures::new(leader.address()));
    let follows = Follows { place: known.place.clone(), known: Some(known) };
    let mut keeper = Keeper::open(&data, follows, false, options.cut_damaged_tail, figures)?;
    let cut = keeper.cut().map(|cut| {
        format!("{} bytes of {}, from byte {} on", cut.bytes, cut.file.display(), cut.offset)
    });
    let lineage = keeper.lineage().context(
        "STANDBY_EMPTY: nothing of the ledger that it follows has come yet, or only of those that it goes on from",
    )?;

    // Nearly everything while it still serves: a fence is for good, and from then on nobody does.
    let mut reached = Err("it was not asked (--old-is-gone)".to_owned());
    if !options.old_is_gone {
        (keeper, reached) = come_close(&leader, keeper).await?;
    }
    let mut fence = begin(&data, &keeper, lineage, options)?;
    let mut fenced = None;
    if reached.is_ok() {
        match ask(&leader, &fence).await? {
            Ok(answered) => {
                keeper = catch_up(&leader, keeper, answered.durable_through, options.lose).await?;
                fenced = Some(answered);
            }
            Err(problem) => reached = Err(problem),
        }
    }
    if fenced.is_none() {
        check_missing(&data, &keeper, options.lose)?;
    }
    fence.sequence = keeper.followed_through();
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
    let kept = fenced.as_ref().is_some_and(|it| it.kept);
    let not_kept = fenced.as_ref().filter(|it| !it.kept).map(|it| it.problem.clone());
    Ok(Promoted {
        data: options.data.clone(),
        lineage: format!("{:032x}", u128::from_be_bytes(lineage)),
        epoch: fence.epoch,
        sequence: fence.sequence,
        old_fenced: fenced.is_some(),
        old_kept: kept,
        old: leader.address().to_owned(),
        old_durable_through: fenced.map(|it| it.durable_through),
        old_problem: reached.err().or(not_kept),
        cut,
        token,
    })
}

/// Where the token goes besides: found out before anything is asked of anybody.
fn try_token(token: Option<&Path>) -> anyhow::Result<()> {
    let Some(token) = token else { return Ok(()) };
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(token);
    opened.map(drop).with_context(|| format!("DATA_IO: {} cannot be written", token.display()))
}

/// By which token others are asked to be fenced: that of an attempt before, so that who was fenced by it knows it again, or
/// a new one. It is on disk when it returns.
fn begin(
    data: &DataDir,
    keeper: &Keeper,
    lineage: [u8; 16],
    options: &PromoteOptions,
) -> anyhow::Result<Fence> {
    let known = keeper.epoch().max(keeper.least_epoch());
    let before = read_role(&RealDisk, data.path(), Role::Promoting).map_err(with_reason)?;
    let before =
        before.filter(|it| it.lineage == lineage && is_of_next_generation(it.epoch, known));
    if let Some(before) = before {
        return Ok(before);
    }
    let random = getrandom::u64().context("the system's randomness")?;
    let epoch = epoch_of_promotion(known, random)
        .with_context(|| format!("FENCE_INVALID: there is no epoch after {known}"))?;
    let place = options.place.clone().unwrap_or_else(|| place_of(&options.data));
    let sequence = keeper.followed_through();
    let fence = Fence { lineage, epoch, sequence, at_ns: now_ns(), place };
    write_role(&RealDisk, data.path(), Role::Promoting, &fence).map_err(with_reason)?;
    Ok(fence)
}

/// Follows until little is missing here. Says why not if the leader cannot be reached at all; anything else that it says or does
/// not say ends the promotion, before anybody is fenced.
async fn come_close(
    leader: &Leader,
    keeper: Keeper,
) -> anyhow::Result<(Keeper, Result<(), String>)> {
    if let Err(error) = leader.connect().await {
        return Ok((keeper, Err(format!("it cannot be reached ({error})"))));
    }
    let too_long = async {
        tokio::time::sleep(COME_CLOSE_MAX).await;
        "it took too long"
    };
    let (keeper, ended) = leader.follow(keeper, Until::Near, std::pin::pin!(too_long)).await;
    let what = match ended {
        Ended::Reached => return Ok((keeper, Ok(()))),
        Ended::Stopped => {
            let how_far = keeper.figures().how_far();
            let missing = how_far.leader_durable_through.saturating_sub(how_far.followed_through);
            anyhow::bail!(
                "PROMOTE_BEHIND: {missing} events that the leader has are not here, and {} s were not enough to get them. It was not fenced: let `florin follow` catch up first",
                COME_CLOSE_MAX.as_secs()
            );
        }
        Ended::Disconnected { reason, message } | Ended::Refused { reason, message } => {
            format!("{reason}: {message}")
        }
    };
    anyhow::bail!(
        "{what}. It was reached and not fenced, and nothing was promoted. If it is to be replaced without being asked: --old-is-gone"
    )
}

/// Fences the old leader; why not, if it cannot be reached any more.
async fn ask(leader: &Leader, fence: &Fence) -> anyhow::Result<Result<v1::FenceResponse, String>> {
    let mut client = match leader.connect().await {
        Ok(client) => client,
        Err(error) => return Ok(Err(format!("it cannot be reached ({error})"))),
    };
    let request = v1::FenceRequest { token: fence.encode(Role::Fence) };
    let why = match tokio::time::timeout(FENCE_MAX, client.fence(request)).await {
        Ok(Ok(response)) => return Ok(Ok(response.into_inner())),
        Ok(Err(status)) => {
            let (reason, message) = reason_of(&status);
            format!("{reason}: {message}")
        }
        Err(_) => format!("UNREACHABLE: no answer within {} s", FENCE_MAX.as_secs()),
    };
    anyhow::bail!(
        "{why}. Nothing was promoted, and the old leader may be fenced: run it again. If that one is known to be gone: --old-is-gone"
    )
}

/// Without the leader: what it is known to have had, and is not here.
fn check_missing(data: &DataDir, keeper: &Keeper, lose: bool) -> anyhow::Result<()> {
    let followed_through = keeper.followed_through();
    let seen = LeaderSeen::read(&RealDisk, data.path()).map_err(with_reason)?;
    let Some(seen) = seen.filter(|it| Some(it.lineage) == keeper.follows()) else {
        tracing::warn!("it is not known how far the old leader was");
        return Ok(());
    };
    let missing = seen.durable_through.saturating_sub(followed_through);
    if missing == 0 || lose {
        return Ok(());
    }
    let ago_s = now_ns().saturating_sub(seen.at_ns) / 1_000_000_000;
    anyhow::bail!(
        "PROMOTE_BEHIND: the old leader was durable through event {}, {ago_s} s ago, and {followed_through} is the last one here: {missing} events at least are missing. If it can be started again, let `florin follow` catch up; to go on without them: --lose",
        seen.durable_through
    )
}

/// Takes what the fenced leader has and this copy has not.
async fn catch_up(
    leader: &Leader,
    keeper: Keeper,
    through: Sequence,
    lose: bool,
) -> anyhow::Result<Keeper> {
    // Where all events are here there may be a segment without any, of its last opening. With that its directory can follow
    // in turn.
    let too_long = async {
        tokio::time::sleep(CATCH_UP_MAX).await;
        "it took too long"
    };
    let (keeper, ended) =
        leader.follow(keeper, Until::All(through), std::pin::pin!(too_long)).await;
    let what = match ended {
        Ended::Reached => return Ok(keeper),
        Ended::Stopped => format!("not within {} s", CATCH_UP_MAX.as_secs()),
        Ended::Disconnected { reason, message } | Ended::Refused { reason, message } => {
            format!("{reason}: {message}")
        }
    };
    if lose || keeper.followed_through() >= through {
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
