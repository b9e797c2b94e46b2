//! How a server is fenced: its door is closed, the fence is kept, and what was taken becomes durable. That goes on to its
//! end, whether or not the one who asked for it still waits.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use florin_actors::Engine;
use florin_persistence::{
    Claim, Fence, OpenError, PROMOTED_EPOCH_MAX, RealDisk, Role, read_role, write_role,
};
use florin_proto::v1;
use florin_proto::v1::event_service_server::EventServiceServer;
use florin_proto::v1::ledger_service_server::LedgerServiceServer;
use florin_proto::v1::payment_service_server::PaymentServiceServer;
use tokio::sync::Mutex;
use tonic::{Code, Status};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::{Events, Ledger, Payments, fault};

/// Why a token does not fence: reason and message.
pub(crate) type Refused = (&'static str, String);

/// What can be fenced: a server.
#[derive(Debug)]
pub(super) struct Fencing {
    engine: Engine,
    data: PathBuf,
    lineage: [u8; 16],
    epoch: u64,
    health: HealthReporter,
    /// By whom it was, since this process began. One is looked at at a time.
    by: Mutex<Option<Fence>>,
}

impl Fencing {
    pub(super) fn new(
        engine: Engine,
        data: PathBuf,
        (lineage, epoch): ([u8; 16], u64),
        health: HealthReporter,
    ) -> Arc<Self> {
        Arc::new(Self { engine, data, lineage, epoch, health, by: Mutex::default() })
    }

    /// Fences. To be called in a task of its own: it must not be dropped half-way.
    pub(super) async fn fence(self: Arc<Self>, token: Fence) -> Result<v1::FenceResponse, Status> {
        let refused = |(reason, message): Refused| {
            fault::of_operators(Code::FailedPrecondition, reason, message)
        };
        check_token(&token, self.lineage, self.epoch).map_err(refused)?;
        let mut by = self.by.lock().await;
        if let Some(known) = &*by {
            check_rival(known, &token).map_err(refused)?;
        }
        // It is found out before anything is closed whether somebody else has taken over. A disk that fails is no reason not to.
        let kept = match self.keep(&token).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(rival)) => return Err(refused(rival)),
            Err(error) => Err(error),
        };
        let was_fenced = self.engine.admission().is_fenced();
        self.engine.admission().fence();
        let Fence { epoch, place, .. } = &token;
        tracing::warn!(epoch, place, was_fenced, ?kept, "fenced: another server takes over");
        *by = Some(token);
        self.health.set_service_status("", ServingStatus::NotServing).await;
        self.health.set_not_serving::<LedgerServiceServer<Ledger>>().await;
        self.health.set_not_serving::<PaymentServiceServer<Payments>>().await;
        self.health.set_not_serving::<EventServiceServer<Events>>().await;
        let durable_through = self.engine.fence().await.ok_or_else(|| {
            let message = "fenced, but what was taken before is not all durable yet: ask again";
            fault::of_operators(Code::Unavailable, "FENCE_NOT_DRAINED", message)
        })?;
        Ok(v1::FenceResponse {
            durable_through,
            epoch: self.epoch,
            was_fenced,
            kept: kept.is_ok(),
            problem: kept.err().unwrap_or_default(),
        })
    }

    /// Keeps the token on disk; why it cannot be.
    async fn keep(&self, token: &Fence) -> Result<Result<(), Refused>, String> {
        let (data, token) = (self.data.clone(), token.clone());
        let kept = tokio::task::spawn_blocking(move || keep_fence(&data, &token)).await;
        let kept = kept.map_err(|error| format!("DATA_IO: {error}"))?;
        kept.map_err(|error| format!("{}: {error}", error.reason()))
    }
}

/// Whether a token is for a server of this history and epoch.
pub(crate) fn check_token(token: &Fence, lineage: [u8; 16], epoch: u64) -> Result<(), Refused> {
    if token.lineage != lineage {
        return Err(("LINEAGE_CHANGED", "the fence token is of another ledger".to_owned()));
    }
    if token.epoch > PROMOTED_EPOCH_MAX {
        let message = format!("no promotion gives the epoch {} of this fence token", token.epoch);
        return Err(("FENCE_INVALID", message));
    }
    if token.epoch <= epoch {
        let message = format!(
            "the fence token is of epoch {}, and this server writes with {epoch}: it is the newer one",
            token.epoch
        );
        return Err(("FENCE_STALE", message));
    }
    Ok(())
}

/// Whether a token may follow the one that has fenced here.
fn check_rival(known: &Fence, token: &Fence) -> Result<(), Refused> {
    let Fence { epoch, place, .. } = known;
    match known.claim_of(token) {
        Claim::Same | Claim::Later => Ok(()),
        Claim::Rival => Err((
            "FENCE_TAKEN",
            format!(
                "it was fenced by another promotion: {place}, epoch {epoch}. That one is the leader: follow it, and promote nothing else"
            ),
        )),
        Claim::Older => Err((
            "FENCE_STALE",
            format!("it was fenced by a later promotion: {place}, epoch {epoch}"),
        )),
    }
}

/// Writes the file FENCED, unless that of another promotion is there, which a token of the same leader's cannot follow.
pub(crate) fn keep_fence(data: &Path, token: &Fence) -> Result<Result<(), Refused>, OpenError> {
    if let Some(known) = read_role(&RealDisk, data, Role::Fenced)? {
        if let Err(refused) = check_rival(&known, token) {
            return Ok(Err(refused));
        }
        if known == *token {
            return Ok(Ok(()));
        }
    }
    write_role(&RealDisk, data, Role::Fenced, token).map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERATION: u64 = 1 << 40;

    fn token(epoch: u64, at_ns: u64) -> Fence {
        Fence { lineage: [7; 16], epoch, sequence: 5, at_ns, place: format!("at {at_ns}") }
    }

    #[test]
    fn one_promotion_wins() {
        let data = tempfile::tempdir().expect("a directory");
        let kept = || read_role(&RealDisk, data.path(), Role::Fenced).expect("readable");
        let first = token(GENERATION + (9 << 20), 1);
        for (token, expected, stays) in [
            (first.clone(), None, first.clone()),
            // The same one again, with more that it has taken.
            (Fence { sequence: 8, ..first.clone() }, None, Fence { sequence: 8, ..first.clone() }),
            // Whoever else took over from the same leader comes too late, whatever it has drawn.
            (token(GENERATION, 2), Some("FENCE_TAKEN"), Fence { sequence: 8, ..first.clone() }),
            (token(2 * GENERATION - 1, 2), Some("FENCE_TAKEN"), Fence { sequence: 8, ..first }),
            (token(2 * GENERATION, 3), None, token(2 * GENERATION, 3)),
            (token(GENERATION + 1, 4), Some("FENCE_STALE"), token(2 * GENERATION, 3)),
        ] {
            let said = keep_fence(data.path(), &token).expect("a disk that works");
            assert_eq!(said.err().map(|(reason, _)| reason), expected, "{token:?}");
            assert_eq!(kept(), Some(stays), "{token:?}");
        }
    }

    #[test]
    fn what_a_token_says() {
        for (token, epoch, expected) in [
            (token(GENERATION, 1), 0, Ok(())),
            (token(GENERATION, 1), GENERATION - 1, Ok(())),
            (token(GENERATION, 1), GENERATION, Err("FENCE_STALE")),
            (token(PROMOTED_EPOCH_MAX, 1), 5, Ok(())),
            (token(PROMOTED_EPOCH_MAX + 1, 1), 5, Err("FENCE_INVALID")),
            (token(u64::MAX, 1), 5, Err("FENCE_INVALID")),
            (Fence { lineage: [8; 16], ..token(GENERATION, 1) }, 5, Err("LINEAGE_CHANGED")),
        ] {
            let said = check_token(&token, [7; 16], epoch).map_err(|(reason, _)| reason);
            assert_eq!(said, expected, "{token:?}");
        }
    }
}
