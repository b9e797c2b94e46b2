use std::fmt;

use florin_proto::v1;
use serde::Serialize;

use crate::cli::table;

/// How far a standby is.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct StandbyView<'a> {
    server: &'a str,
    version: &'a str,
    /// Of the history that is followed; `None`: nothing has come yet.
    lineage: Option<&'a str>,
    accepting: bool,
    not_accepting_reason: &'static str,
    leader: &'a str,
    connected: bool,
    problem: Option<&'a str>,
    followed_through: u64,
    leader_durable_through: u64,
    leader_epoch: u64,
    lag_ms: u64,
    delay_p50_us: u64,
    delay_p99_us: u64,
    delay_max_us: u64,
    segment: u64,
    bytes: u64,
    connections: u64,
    replayed: u64,
    digests_checked: u64,
}

impl<'a> StandbyView<'a> {
    pub fn new(server: &'a str, status: &'a v1::GetFollowStatusResponse) -> Self {
        let said = |text: &'a String| Some(text.as_str()).filter(|text| !text.is_empty());
        Self {
            server,
            version: &status.version,
            lineage: said(&status.lineage),
            accepting: false,
            not_accepting_reason: "STANDBY",
            leader: &status.leader,
            connected: status.connected,
            problem: said(&status.problem),
            followed_through: status.followed_through,
            leader_durable_through: status.leader_durable_through,
            leader_epoch: status.leader_epoch,
            lag_ms: status.lag_ms,
            delay_p50_us: status.delay_p50_us,
            delay_p99_us: status.delay_p99_us,
            delay_max_us: status.delay_max_us,
            segment: status.segment,
            bytes: status.bytes,
            connections: status.connections,
            replayed: status.replayed,
            digests_checked: status.digests_checked,
        }
    }
}

impl fmt::Display for StandbyView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connection = match self.problem {
            _ if self.connected => "connected".to_owned(),
            Some(problem) => format!("not connected: {problem}"),
            None => "not connected yet".to_owned(),
        };
        let Self { followed_through, leader_durable_through, leader_epoch, .. } = self;
        let mut lines = vec![
            ("server", format!("{}, version {}", self.server, self.version)),
            ("lineage", self.lineage.unwrap_or("none yet").to_owned()),
            ("accepting", format!("no ({})", self.not_accepting_reason)),
            ("leader", format!("{}, {connection}", self.leader)),
            ("epoch", format!("{leader_epoch} of the leader")),
            (
                "followed through",
                format!(
                    "{followed_through}, the leader was durable through {leader_durable_through}"
                ),
            ),
            ("lag", format!("{} ms", self.lag_ms)),
            (
                "delay",
                format!(
                    "p50 {} us, p99 {} us, max {} us",
                    self.delay_p50_us, self.delay_p99_us, self.delay_max_us
                ),
            ),
            ("segment", format!("{}, {} bytes taken", self.segment, self.bytes)),
        ];
        if self.replayed > 0 {
            let replayed =
                format!("{} events, {} digests compared", self.replayed, self.digests_checked);
            lines.push(("replayed", replayed));
        }
        f.write_str(&table::block(&lines))
    }
}
