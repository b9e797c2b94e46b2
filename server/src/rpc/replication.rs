//! `florin.v1.ReplicationService`, the leader's side.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use florin_actors::Engine;
use florin_actors::feed::{End, Seat};
use florin_persistence::{Fence, FollowPoint, RealDisk, Role, ShipError, Shipper};
use florin_proto::v1;
use florin_proto::v1::refusal::Reason;
use florin_proto::v1::replication_service_server::ReplicationService;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};
use tonic_health::server::HealthReporter;

use super::fault;
use super::fencing::Fencing;

/// Most standbys.
const STANDBYS_MAX: usize = 8;
/// Pieces that wait for the transport. One is a mebibyte, or one frame.
const PIECES_MAX: usize = 2;
/// Pieces begin and end with sectors of this size.
const SECTOR_BYTES: u64 = 4_096;
/// With nothing to ship there is a message after this time: the contract says so.
const SILENCE_MAX: Duration = Duration::from_millis(200);

/// What a standby receives.
pub type Pieces = ReceiverStream<Result<v1::ShippedPiece, Status>>;

/// For standbys, and for who takes over.
#[derive(Debug)]
pub struct Replication {
    engine: Engine,
    lineage: [u8; 16],
    epoch: u64,
    /// Where standbys are served: files are read for them, so not where payments are.
    threads: Handle,
    standbys: Arc<Semaphore>,
    fencing: Arc<Fencing>,
    is_off: bool,
}

impl Replication {
    /// Of a server that has opened this history with this epoch.
    pub fn new(
        engine: Engine,
        data: PathBuf,
        (lineage, epoch): ([u8; 16], u64),
        threads: Handle,
        health: HealthReporter,
    ) -> Self {
        let standbys = Arc::new(Semaphore::new(STANDBYS_MAX));
        let fencing = Fencing::new(engine.clone(), data, (lineage, epoch), health);
        Self { engine, lineage, epoch, threads, standbys, fencing, is_off: false }
    }

    /// It ships nothing, and is fenced by nobody.
    #[must_use]
    pub fn off(self) -> Self {
        Self { is_off: true, ..self }
    }

    fn check_is_on(&self) -> Result<(), Status> {
        if !self.is_off {
            return Ok(());
        }
        let message = "this server ships nothing and cannot be fenced while it runs: `serve` of [replication] in its configuration is false";
        Err(fault::of_operators(Code::FailedPrecondition, "REPLICATION_OFF", message))
    }
}

#[tonic::async_trait]
impl ReplicationService for Replication {
    type FollowStream = Pieces;

    async fn follow(
        &self,
        request: Request<v1::FollowRequest>,
    ) -> Result<Response<Pieces>, Status> {
        self.check_is_on()?;
        let request = request.into_inner();
        let point = point_of(&request)?;
        if !request.follows.is_empty() && request.follows != self.lineage {
            return Err(refused(&ShipError::LineageChanged));
        }
        let overloaded = || {
            let message =
                format!("{STANDBYS_MAX} standbys follow this server, and no more are served");
            fault::status(Reason::Overloaded, message, [("limit", STANDBYS_MAX.to_string())])
        };
        let permit = Arc::clone(&self.standbys).try_acquire_owned().map_err(|_| overloaded())?;
        let seat = self.engine.feed().seat(usize::MAX).ok_or_else(overloaded)?;
        let reader = self.engine.journal().clone();
        let beginning = self.threads.spawn_blocking(move || reader.shipper(&point));
        let shipper = beginning.await.map_err(|_| stopping())?.map_err(|error| refused(&error))?;
        let (pieces, taken) = mpsc::channel(PIECES_MAX);
        let (lineage, epoch) = (self.lineage, self.epoch);
        let shipping = Shipping { seat, lineage, epoch, pieces, _permit: permit };
        self.threads.spawn(shipping.run(shipper));
        Ok(Response::new(ReceiverStream::new(taken)))
    }

    async fn fence(
        &self,
        request: Request<v1::FenceRequest>,
    ) -> Result<Response<v1::FenceResponse>, Status> {
        self.check_is_on()?;
        let token = Fence::decode(Role::Fence, &request.into_inner().token).ok_or_else(|| {
            let message = "that is no fence token: send the bytes of the file FENCE of a promotion";
            fault::of_operators(Code::InvalidArgument, "FENCE_INVALID", message)
        })?;
        // Whoever asked may hang up: it is done to the end.
        let fencing = self.threads.spawn(Arc::clone(&self.fencing).fence(token));
        fencing.await.map_err(|_| stopping())?.map(Response::new)
    }

    async fn get_follow_status(
        &self,
        _: Request<v1::GetFollowStatusRequest>,
    ) -> Result<Response<v1::GetFollowStatusResponse>, Status> {
        let message = "this server leads: ask `florin status`";
        Err(fault::of_operators(Code::FailedPrecondition, "NOT_STANDBY", message))
    }
}

/// Ships to one standby.
struct Shipping {
    seat: Seat,
    lineage: [u8; 16],
    epoch: u64,
    pieces: mpsc::Sender<Result<v1::ShippedPiece, Status>>,
    _permit: OwnedSemaphorePermit,
}

impl Shipping {
    /// Ships until the standby is gone, or there is nothing more. Whoever takes nothing keeps one piece in memory, and
    /// the transport what it has taken.
    async fn run(mut self, mut shipper: Shipper<RealDisk>) {
        let mut tip = self.seat.feed().tip();
        // Long ago, so that the first message says how far the leader is.
        let mut told = None;
        loop {
            let Ok(slot) = self.pieces.reserve().await else { return };
            let end = tip.borrow_and_update().end;
            let (read_at_ns, durable_through) = (now_ns(), shipper.durable_through());
            let reading = tokio::task::spawn_blocking(move || {
                let next = shipper.next_piece();
                (shipper, next)
            });
            let Ok((back, next)) = reading.await else { return };
            shipper = back;
            let how_far = v1::ShippedPiece {
                durable_through,
                read_at_ns,
                lineage: self.lineage.to_vec(),
                epoch: self.epoch,
                ..Default::default()
            };
            match next {
                Ok(Some(florin_persistence::Piece { segment, offset, bytes })) => {
                    slot.send(Ok(v1::ShippedPiece { segment, offset, bytes, ..how_far }));
                    told = Some(Instant::now());
                    continue;
                }
                Ok(None) if told.is_none_or(|told: Instant| told.elapsed() >= SILENCE_MAX) => {
                    slot.send(Ok(how_far));
                    told = Some(Instant::now());
                }
                Ok(None) => drop(slot),
                Err(error) => {
                    slot.send(Err(refused(&error)));
                    return;
                }
            }
            // A fenced server goes on: standbys get the last of what it has.
            if matches!(end, End::AtTheLast | End::Now) {
                // Everything was shipped.
                let _ = self.pieces.send(Err(stopping())).await;
                return;
            }
            if self.seat.go_live() {
                continue; // look once more: from now on it is told
            }
            tokio::select! {
                changed = tip.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(SILENCE_MAX) => {}
                () = self.pieces.closed() => return,
            }
        }
    }
}

fn point_of(request: &v1::FollowRequest) -> Result<FollowPoint, Status> {
    let malformed = |field: &'static str| {
        fault::status(
            Reason::FilterInvalid,
            format!("{field} is malformed"),
            [("field", field.to_owned())],
        )
    };
    let lineage = match request.lineage.as_slice() {
        [] => None,
        lineage => Some(lineage.try_into().map_err(|_| malformed("lineage"))?),
    };
    let header_hash = match (request.segment, request.header_hash.as_slice()) {
        (0, []) => [0; 32],
        (_, hash) => hash.try_into().map_err(|_| malformed("header_hash"))?,
    };
    let v1::FollowRequest { segment, offset, last_sequence, .. } = *request;
    if !offset.is_multiple_of(SECTOR_BYTES) {
        return Err(malformed("offset"));
    }
    Ok(FollowPoint { lineage, segment, header_hash, offset, last_sequence })
}

fn refused(error: &ShipError) -> Status {
    let code = match error {
        ShipError::LineageChanged | ShipError::Diverged { .. } => Code::FailedPrecondition,
        ShipError::Ahead { .. } | ShipError::Archived { .. } => Code::OutOfRange,
        ShipError::Damaged { .. } | ShipError::Io { .. } => Code::DataLoss,
    };
    fault::of_operators(code, error.reason(), error.to_string())
}

fn stopping() -> Status {
    fault::status(Reason::ShuttingDown, "the server is stopping: follow again when it is back", [])
}

fn now_ns() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.as_nanos().try_into().unwrap_or(u64::MAX)
}
