//! The door of a standby: health, which says that it serves nothing, and how far it is.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use florin_proto::v1;
use florin_proto::v1::replication_service_server::{ReplicationService, ReplicationServiceServer};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tonic_health::ServingStatus;

use super::figures::Figures;
use crate::rpc::{Pieces, fault};
use crate::telemetry::WatchLayer;

/// Services of a ledger: none of them is served here.
const NOT_SERVED: [&str; 4] =
    ["", "florin.v1.LedgerService", "florin.v1.PaymentService", "florin.v1.EventService"];
/// A call that is not complete after this time is ended.
const CALL_MAX: Duration = Duration::from_secs(10);

/// Serves until the process ends.
///
/// # Errors
/// The contract cannot be reflected: it can.
pub(super) fn serve(
    listener: TcpListener,
    figures: Arc<Figures>,
    layer: WatchLayer,
) -> anyhow::Result<impl Future<Output = ()>> {
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .context("the contract for reflection")?;
    Ok(async move {
        let (health, health_service) = tonic_health::server::health_reporter();
        for service in NOT_SERVED {
            health.set_service_status(service, ServingStatus::NotServing).await;
        }
        let served = Server::builder()
            .timeout(CALL_MAX)
            .layer(layer)
            .add_service(health_service)
            .add_service(reflection)
            .add_service(ReplicationServiceServer::new(Standing { figures }))
            .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the status is not served any more");
        }
    })
}

/// A standby, as it is asked.
struct Standing {
    figures: Arc<Figures>,
}

fn not_leader() -> Status {
    let message = "this is a standby: only a leader ships its journal, or can be fenced";
    fault::of_operators(Code::FailedPrecondition, "NOT_LEADER", message)
}

#[tonic::async_trait]
impl ReplicationService for Standing {
    type FollowStream = Pieces;

    async fn follow(&self, _: Request<v1::FollowRequest>) -> Result<Response<Pieces>, Status> {
        Err(not_leader())
    }

    async fn fence(
        &self,
        _: Request<v1::FenceRequest>,
    ) -> Result<Response<v1::FenceResponse>, Status> {
        Err(not_leader())
    }

    async fn get_follow_status(
        &self,
        _: Request<v1::GetFollowStatusRequest>,
    ) -> Result<Response<v1::GetFollowStatusResponse>, Status> {
        let it = self.figures.how_far();
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let hex = |lineage| format!("{:032x}", u128::from_be_bytes(lineage));
        Ok(Response::new(v1::GetFollowStatusResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            lineage: it.lineage.map_or_else(String::new, hex),
            leader: it.leader,
            connected: it.connected,
            problem: it.problem,
            followed_through: it.followed_through,
            leader_durable_through: it.leader_durable_through,
            leader_epoch: it.leader_epoch,
            lag_ms: ms(it.lag),
            delay_p50_us: us(it.delay_p50),
            delay_p99_us: us(it.delay_p99),
            delay_max_us: us(it.delay_max),
            segment: it.segment,
            bytes: it.bytes,
            connections: it.connections,
            replayed: it.replayed,
            digests_checked: it.digests_checked,
        }))
    }
}
