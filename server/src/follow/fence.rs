//! `florin fence`: keeps an old leader from ever serving again.

use std::fmt;
use std::path::Path;

use anyhow::Context as _;
use florin_persistence::{DataDir, Fence, RealDisk, Role, lineage_and_epoch, read_role};
use florin_proto::v1;
use serde::Serialize;

use super::stream::{Leader, reason_of};
use super::with_reason;
use crate::rpc::{Refused, check_token, keep_fence};

/// What was fenced.
#[derive(Debug, Clone, Serialize)]
pub struct Fenced {
    /// The data directory or the server.
    pub what: String,
    /// It was fenced before.
    pub was_fenced: Option<bool>,
    /// The last event that it has; not known of a directory.
    pub durable_through: Option<u64>,
    /// The least epoch of the new leader.
    pub epoch: u64,
    /// Where that is, as the token says.
    pub place: String,
    /// Why the server will not be fenced any more once its process ends; `None`: it will.
    pub problem: Option<String>,
}

impl fmt::Display for Fenced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "fenced          {}", self.what)?;
        if let Some(through) = self.durable_through {
            writeln!(f, "through event   {through}")?;
        }
        if let Some(problem) = &self.problem {
            writeln!(f, "until           its process ends, and not longer: {problem}")?;
            writeln!(f, "before it is started again: florin fence --data DIR, on its host")?;
        }
        write!(f, "new leader      epoch {} on, {}", self.epoch, self.place)
    }
}

/// Reads a token.
///
/// # Errors
/// There is none, or it is not what was written.
pub fn read_token(file: &Path) -> anyhow::Result<Fence> {
    let bytes = std::fs::read(file)
        .with_context(|| format!("FENCE_INVALID: {} cannot be read", file.display()))?;
    Fence::decode(Role::Fence, &bytes).with_context(|| {
        format!("FENCE_INVALID: {} is no fence token, or is damaged", file.display())
    })
}

/// Fences a data directory that no server has open.
///
/// # Errors
/// With the reason; nothing has changed.
pub fn directory(data: &Path, token: &Fence) -> anyhow::Result<Fenced> {
    let dir = DataDir::open_existing(data).map_err(with_reason)?;
    let found = lineage_and_epoch(&RealDisk, &dir.journal(0)).map_err(with_reason)?;
    let (lineage, epoch) = found.context("FENCE_INVALID: there is no journal in it to fence")?;
    // One that was promoted and has not served yet has no journal of that epoch.
    let promoted = read_role(&RealDisk, dir.path(), Role::Fence).map_err(with_reason)?;
    let epoch = promoted.map_or(0, |own| own.epoch).max(epoch);
    let refused = |(reason, what): Refused| anyhow::anyhow!("{reason}: {what}");
    check_token(token, lineage, epoch).map_err(refused)?;
    keep_fence(dir.path(), token).map_err(with_reason)?.map_err(refused)?;
    Ok(Fenced {
        problem: None,
        what: data.display().to_string(),
        was_fenced: None,
        durable_through: None,
        epoch: token.epoch,
        place: token.place.clone(),
    })
}

/// Fences a server while it runs.
///
/// # Errors
/// With the reason.
pub async fn server(address: &str, token: &Fence) -> anyhow::Result<Fenced> {
    let leader = Leader::at(address)?;
    let connected = leader.connect().await;
    let mut client = connected.map_err(|error| anyhow::anyhow!("UNREACHABLE: {error}"))?;
    let request = v1::FenceRequest { token: token.encode(Role::Fence) };
    let answered = client.fence(request).await.map_err(|status| {
        let (reason, message) = reason_of(&status);
        anyhow::anyhow!("{reason}: {message}")
    })?;
    let v1::FenceResponse { durable_through, was_fenced, kept, problem, .. } =
        answered.into_inner();
    let problem = (!kept).then_some(problem);
    Ok(Fenced {
        problem,
        what: leader.address().to_owned(),
        was_fenced: Some(was_fenced),
        durable_through: Some(durable_through),
        epoch: token.epoch,
        place: token.place.clone(),
    })
}
