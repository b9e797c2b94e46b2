//! The standby of a crash test: it follows, takes over when the leader is killed, and another one follows it in turn.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use florin_proto::v1;
use florin_proto::v1::replication_service_client::ReplicationServiceClient;
use serde::Deserialize;

use crate::crash::answers::Answer;
use crate::crash::clients::Memory;
use crate::crash::report::CrashReport;
use crate::ledger;
use crate::server_process::ServerProcess;
use crate::target::{ANY_PORT, Launcher};

/// What was acknowledged longer before a kill than this is there after a promotion, milliseconds.
pub const RPO_MS: u64 = 1_000;
/// How long a standby may take to have all that the leader has.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(60);

/// A standby that follows.
#[derive(Debug)]
pub struct Standby {
    process: ServerProcess,
    data: PathBuf,
    /// How many there were before.
    generation: u64,
}

/// What `florin promote` says.
#[derive(Debug, Deserialize)]
struct Promoted {
    sequence: u64,
    token: PathBuf,
}

impl Standby {
    /// Begins with nothing, beside the data of the test.
    pub async fn start(launcher: &Launcher, leader: &str, generation: u64) -> Result<Self> {
        let data = launcher.first_data().with_extension(format!("copy-{generation}"));
        let mut command = launcher.florin();
        command.args(["follow", "--from", leader, "--listen", ANY_PORT, "--replay", "--data"]);
        command.arg(&data);
        let process = ServerProcess::start(command).await?;
        Ok(Self { process, data, generation })
    }

    /// Waits until it has an event.
    pub async fn catch_up(&self, through: u64) -> Result<()> {
        let began = Instant::now();
        let channel = ledger::connect(&self.process.url()).await?;
        let mut client = ReplicationServiceClient::new(channel);
        loop {
            let status = client.get_follow_status(v1::GetFollowStatusRequest {}).await?;
            let status = status.into_inner();
            if status.followed_through >= through {
                return Ok(());
            }
            if began.elapsed() > CAUGHT_UP_WITHIN {
                bail!("the standby does not catch up: {status:?}{}", self.process.log().tail());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends it, promotes its copy, and makes that what the launcher serves; the last event that is in it, and which standby
    /// is the next. The old leader's data are fenced.
    pub async fn promote(self, launcher: &mut Launcher) -> Result<Takeover> {
        let Self { process, data, generation } = self;
        process.terminate().await?;
        let mut promote = launcher.florin();
        // What is lost is counted here.
        promote.args(["--json", "promote", "--old-is-gone", "--lose", "--data"]).arg(&data);
        let printed = output(promote)?;
        let promoted: Promoted = serde_json::from_str(&printed)
            .with_context(|| format!("cannot read what a promotion said: {printed}"))?;
        let old = launcher.data().to_owned();
        launcher.lead_from(data);
        let Promoted { sequence, token } = promoted;
        Ok(Takeover { through: sequence, old, token, generation: generation + 1 })
    }
}

/// A promotion.
#[derive(Debug)]
pub struct Takeover {
    /// The last event that was followed.
    pub through: u64,
    /// Which standby is the next.
    pub generation: u64,
    old: PathBuf,
    token: PathBuf,
}

impl Takeover {
    /// Fences the data of the old leader, and sees that they are not served again.
    pub fn fence_old(&self, launcher: &Launcher) -> Result<()> {
        let mut fence = launcher.florin();
        fence.args(["fence", "--data"]).arg(&self.old).arg("--token").arg(&self.token);
        output(fence)?;
        let mut serve = launcher.florin();
        serve.args(["serve", "--listen", ANY_PORT, "--data"]).arg(&self.old);
        let refused = serve.output().context("cannot start the old leader")?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        ensure!(!refused.status.success() && said.contains("DATA_FENCED"), "it serves: {said}");
        if !launcher.keeps_data() {
            std::fs::remove_dir_all(&self.old).context("cannot remove the old leader's data")?;
        }
        Ok(())
    }

    /// Takes back what was not followed: those calls count as unanswered from now on. Says how old each was when the
    /// leader died, by the time of its decision.
    pub fn forget(&self, memory: &mut Memory, killed_at_ns: u64, report: &mut CrashReport) {
        let through = self.through;
        let times = Times::of(memory);
        for sent in &mut memory.sent {
            let Some(lost) = sent.answer.take_if(|answer| is_beyond(answer, through)) else {
                continue;
            };
            for told in lost.members.iter().chain(&lost.group) {
                if told.outcome.sequence <= through {
                    continue;
                }
                let decided_at_ns = times.at_or_before(told.outcome.sequence);
                let age_ms = killed_at_ns.saturating_sub(decided_at_ns) / 1_000_000;
                report.rpo_ms_max = report.rpo_ms_max.max(age_ms);
                if age_ms > RPO_MS {
                    report.acknowledged_lost_beyond_rpo += 1;
                } else {
                    report.lost_within_rpo += 1;
                }
            }
        }
        memory.seen.retain(|(_, kept)| kept.outcome.sequence <= through);
    }
}

/// When events were decided, as far as the answers say it: the answer to a group as a whole does not.
#[derive(Debug)]
struct Times(BTreeMap<u64, u64>);

impl Times {
    fn of(memory: &Memory) -> Self {
        let answers = memory.sent.iter().filter_map(|sent| sent.answer.as_ref());
        let outcomes = answers.flat_map(|answer| &answer.members).map(|told| told.outcome);
        let timed = outcomes.filter(|outcome| outcome.timestamp_ns != 0);
        Self(timed.map(|outcome| (outcome.sequence, outcome.timestamp_ns)).collect())
    }

    /// When an event was decided, or the last before it of which that is known, which makes it rather too old; the first
    /// one where there is none before.
    fn at_or_before(&self, sequence: u64) -> u64 {
        let before = self.0.range(..=sequence).next_back();
        before.or_else(|| self.0.first_key_value()).map_or(0, |(_, timestamp_ns)| *timestamp_ns)
    }
}

fn is_beyond(answer: &Answer, through: u64) -> bool {
    answer.members.iter().chain(&answer.group).any(|told| told.outcome.sequence > through)
}

fn output(mut command: Command) -> Result<String> {
    let output = command.output().context("cannot run florin")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).context("it printed something else than text")
}

/// The wall clock.
pub fn now_ns() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.as_nanos().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_time_of_its_own_is_as_old_as_what_came_before() {
        let times = Times(BTreeMap::from([(10, 1_000), (12, 1_200)]));
        for (sequence, timestamp_ns) in
            [(10, 1_000), (11, 1_000), (12, 1_200), (99, 1_200), (9, 1_000)]
        {
            assert_eq!(times.at_or_before(sequence), timestamp_ns, "{sequence}");
        }
        assert_eq!(Times(BTreeMap::new()).at_or_before(5), 0);
    }
}
