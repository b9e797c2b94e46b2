//! `florin.v1.AdminService`.

use std::path::PathBuf;
use std::time::Instant;

use florin_actors::Engine;
use florin_actors::command::{Answer, Command, Figures, Unavailable};
use florin_actors::publish::JournalFigures;
use florin_persistence::{Disk, RealDisk};
use florin_proto::v1;
use florin_proto::v1::admin_service_server::AdminService;
use florin_proto::v1::refusal::Reason;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{Backups, fault, snapshots};

/// For operators.
#[derive(Debug)]
pub struct Admin {
    /// The engine.
    pub engine: Engine,
    /// The data directory.
    pub data: PathBuf,
    /// Its lineage.
    pub lineage: [u8; 16],
    /// This opening's epoch.
    pub epoch: u64,
    /// When serving began.
    pub since: Instant,
    /// It is a fork.
    pub is_fork: bool,
    /// Makes backups.
    pub backups: Backups,
}

#[tonic::async_trait]
impl AdminService for Admin {
    type CreateBackupStream = ReceiverStream<Result<v1::BackupProgress, Status>>;

    async fn create_backup(
        &self,
        request: Request<v1::CreateBackupRequest>,
    ) -> Result<Response<Self::CreateBackupStream>, Status> {
        let progress = self.backups.begin(&self.engine, &self.data, request.into_inner())?;
        Ok(Response::new(progress))
    }

    async fn get_status(
        &self,
        _: Request<v1::GetStatusRequest>,
    ) -> Result<Response<v1::GetStatusResponse>, Status> {
        // Through the door, where there is one; a fenced server has stopped, and says how it stood.
        let figures = match self.engine.call(Command::GetFigures).await {
            Answer::Figures(figures) => Some(figures),
            Answer::Unavailable(Unavailable::Fenced) => self.engine.figures().await,
            Answer::Unavailable(why) => return Err(fault::unavailable(why)),
            _ => return Err(Status::internal("the engine answered something else")),
        };
        let journal = self.engine.journal_figures();
        let not_accepting = match () {
            () if self.engine.admission().is_fenced() => Some(Reason::Fenced),
            () if self.engine.admission().is_closed() => Some(Reason::ShuttingDown),
            () if journal.refuses_writes => Some(Reason::DiskFull),
            () => None,
        };
        let partitions = figures.map(|figures| self.partition(&figures, &journal));
        Ok(Response::new(v1::GetStatusResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            lineage: format!("{:032x}", u128::from_be_bytes(self.lineage)),
            uptime_s: self.since.elapsed().as_secs(),
            accepting: not_accepting.is_none(),
            not_accepting_reason: not_accepting
                .map_or_else(String::new, |reason| reason.as_str_name().to_owned()),
            partitions: partitions.into_iter().collect(),
            fork: self.is_fork,
        }))
    }

    type CreateSnapshotStream = snapshots::Taking;

    async fn create_snapshot(
        &self,
        _: Request<v1::CreateSnapshotRequest>,
    ) -> Result<Response<Self::CreateSnapshotStream>, Status> {
        Ok(Response::new(snapshots::take(&self.engine)?))
    }

    async fn list_snapshots(
        &self,
        _: Request<v1::ListSnapshotsRequest>,
    ) -> Result<Response<v1::ListSnapshotsResponse>, Status> {
        let snapshots = snapshots::list(&self.engine).await?;
        Ok(Response::new(v1::ListSnapshotsResponse { snapshots }))
    }

    async fn delete_snapshot(
        &self,
        request: Request<v1::DeleteSnapshotRequest>,
    ) -> Result<Response<v1::DeleteSnapshotResponse>, Status> {
        let was_there = snapshots::delete(&self.engine, request.into_inner().id).await?;
        Ok(Response::new(v1::DeleteSnapshotResponse { was_there }))
    }

    async fn accept_clock(
        &self,
        _: Request<v1::AcceptClockRequest>,
    ) -> Result<Response<v1::AcceptClockResponse>, Status> {
        match self.engine.call(Command::AcceptClock).await {
            Answer::ClockAccepted(was_paused) => {
                tracing::warn!(was_paused, "the clock was accepted");
                Ok(Response::new(v1::AcceptClockResponse { was_paused }))
            }
            Answer::Unavailable(why) => Err(fault::unavailable(why)),
            _ => Err(Status::internal("the engine answered something else")),
        }
    }
}

impl Admin {
    fn partition(&self, figures: &Figures, journal: &JournalFigures) -> v1::PartitionStatus {
        let assets = figures.assets.iter().map(asset_totals).collect();
        let beside = self.engine.beside();
        let newest = beside.snapshots.newest;
        v1::PartitionStatus {
            partition: 0,
            epoch: self.epoch,
            sequence: figures.sequence,
            durable_sequence: journal.durable_sequence,
            accounts: figures.accounts as u64,
            ids: figures.ids as u64,
            transfers_posted: figures.counters.transfers_posted,
            transfers_refused: figures.counters.transfers_refused,
            conserved: figures.conserved,
            assets,
            segment: journal.segment,
            journal_bytes: journal.journal_bytes,
            free_bytes: RealDisk.free_bytes(&self.data).unwrap_or(0),
            frames: journal.frames,
            sync_p50_us: journal.sync_p50_us,
            sync_p99_us: journal.sync_p99_us,
            // This call is one of them.
            in_flight: self.engine.admission().in_flight(),
            account_bytes: figures.account_bytes as u64,
            open_holds: figures.open_holds as u64,
            timers: figures.timers as u64,
            due_paused: figures.due_paused,
            subscribers: self.engine.feed().subscribers() as u64,
            snapshot_id: newest.map(|newest| newest.generation),
            snapshot_sequence: newest.map_or(0, |newest| newest.sequence),
            snapshot_taken_at_ns: newest.map_or(0, |newest| newest.taken_at_ns),
            events_to_replay: beside.events_to_replay(journal.durable_sequence),
            index_through: beside.index_through,
            ids_through: beside.ids_through,
            ids_in_memory: figures.ids_kept as u64,
        }
    }
}

fn asset_totals(asset: &florin_engine::Asset) -> v1::AssetTotals {
    let debits = v1::Uint128::from(asset.debits_posted_minor);
    let credits = v1::Uint128::from(asset.credits_posted_minor);
    v1::AssetTotals {
        code: asset.code.as_str().to_owned(),
        scale: asset.scale.into(),
        debits_lo: debits.lo,
        debits_hi: debits.hi,
        credits_lo: credits.lo,
        credits_hi: credits.hi,
    }
}
