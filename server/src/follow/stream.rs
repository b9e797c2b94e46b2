//! One connection to the leader, and what comes over it.

use std::pin::Pin;
use std::time::Duration;

use anyhow::Context as _;
use florin_engine::Sequence;
use florin_persistence::FRAME_BYTES_MAX;
use florin_proto::v1;
use florin_proto::v1::replication_service_client::ReplicationServiceClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::keeper::Keeper;

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long nothing may come: the leader says something every 200 ms.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// HTTP/2 flow-control windows: some pieces may be on their way.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// The largest message: the largest frame, and what says where it belongs.
#[expect(clippy::cast_possible_truncation, reason = "8 MiB fit")]
const MESSAGE_BYTES_MAX: usize = FRAME_BYTES_MAX as usize + 4_096;

/// As much is had within the moment that a fence takes.
const NEAR_EVENTS: u64 = 20_000;

/// Reasons for which trying again does not help: somebody has to look.
const FINAL: [&str; 6] = [
    "REPLICATION_OFF",
    "LINEAGE_CHANGED",
    "FOLLOW_DIVERGED",
    "FOLLOW_AHEAD",
    "FOLLOW_ARCHIVED",
    // A release that ships nothing.
    "UNIMPLEMENTED",
];

/// Where the leader is.
#[derive(Debug, Clone)]
pub(super) struct Leader {
    endpoint: Endpoint,
    address: String,
}

/// Why a stream is over.
#[derive(Debug)]
pub(super) enum Ended {
    /// It can be tried again.
    Disconnected { reason: String, message: String },
    /// It cannot: what came does not fit, the leader has nothing for this standby, or the disk failed.
    Refused { reason: String, message: String },
    /// Told to stop.
    Stopped,
    /// What was asked for is here.
    Reached,
}

/// How far a stream is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// As long as it goes.
    Ever,
    /// Until little of what the leader has is missing here.
    Near,
    /// Until everything is here that a fenced leader has: this event, and what comes behind it in its files.
    All(Sequence),
}

impl Until {
    /// Whether that is so behind a message: how far the leader said it was, and whether it had anything to ship.
    fn is_reached(self, keeper: &Keeper, leader_is_at: Sequence, had_piece: bool) -> bool {
        let followed_through = keeper.followed_through();
        match self {
            Self::Ever => false,
            Self::Near => leader_is_at.saturating_sub(followed_through) <= NEAR_EVENTS,
            Self::All(sequence) => followed_through >= sequence && !had_piece,
        }
    }
}

impl Leader {
    /// An address, with or without `http://`.
    ///
    /// # Errors
    /// It is none.
    pub fn at(address: &str) -> anyhow::Result<Self> {
        let address = match address.split_once("://") {
            None => format!("http://{address}"),
            Some(("http", _)) => address.to_owned(),
            Some(_) => anyhow::bail!("ENDPOINT_INVALID: {address} must begin with http://"),
        };
        let endpoint = Endpoint::from_shared(address.clone())
            .with_context(|| format!("ENDPOINT_INVALID: {address} is no address"))?
            .connect_timeout(CONNECT_MAX)
            .tcp_nodelay(true)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        Ok(Self { endpoint, address })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Connects, for the other calls too.
    pub async fn connect(&self) -> Result<ReplicationServiceClient<Channel>, String> {
        let channel = self.endpoint.connect().await.map_err(|error| innermost(&error))?;
        let client = ReplicationServiceClient::new(channel);
        Ok(client.max_decoding_message_size(MESSAGE_BYTES_MAX))
    }

    /// Follows until the stream is over, until enough is here, or until `stop` says so.
    pub async fn follow(
        &self,
        mut keeper: Keeper,
        until: Until,
        mut stop: Pin<&mut impl Future<Output = &'static str>>,
    ) -> (Keeper, Ended) {
        keeper.figures().change(|it| it.connections += 1);
        let beginning = self.begin(&keeper);
        let begun = tokio::select! {
            begun = beginning => begun,
            _ = stop.as_mut() => return (keeper, Ended::Stopped),
        };
        let mut pieces = match begun {
            Ok(pieces) => pieces,
            Err(ended) => return (keeper, ended),
        };
        keeper.figures().connected();
        loop {
            let next = tokio::select! {
                next = tokio::time::timeout(SILENCE_MAX, pieces.message()) => next,
                _ = stop.as_mut() => return (keeper, Ended::Stopped),
            };
            let message = match next {
                Ok(Ok(Some(message))) => message,
                Ok(Ok(None)) => return (keeper, disconnected("UNREACHABLE", "the stream ended")),
                Ok(Err(status)) => return (keeper, ended_with(&status)),
                Err(_) => return (keeper, disconnected("UNREACHABLE", "nothing came for 5 s")),
            };
            let (leader_is_at, had_piece) = (message.durable_through, message.segment > 0);
            let taking = tokio::task::spawn_blocking(move || {
                let taken = keeper.take(message);
                (keeper, taken)
            });
            let (back, taken) = match taking.await {
                Ok(both) => both,
                // It has panicked: the copy cannot be trusted, its journal can.
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            keeper = back;
            if let Err(error) = taken {
                let (reason, message) = (error.reason().to_owned(), error.to_string());
                return (keeper, Ended::Refused { reason, message });
            }
            if until.is_reached(&keeper, leader_is_at, had_piece) {
                return (keeper, Ended::Reached);
            }
        }
    }

    async fn begin(&self, keeper: &Keeper) -> Result<tonic::Streaming<v1::ShippedPiece>, Ended> {
        let point = keeper.point();
        let request = v1::FollowRequest {
            lineage: point.lineage.map_or_else(Vec::new, |lineage| lineage.to_vec()),
            segment: point.segment,
            header_hash: point.header_hash.to_vec(),
            offset: point.offset,
            last_sequence: point.last_sequence,
            follows: keeper.follows().map_or_else(Vec::new, |lineage| lineage.to_vec()),
        };
        let connected = self.connect().await;
        let mut client = connected.map_err(|message| disconnected("UNREACHABLE", &message))?;
        let begun = tokio::time::timeout(SILENCE_MAX, client.follow(request)).await;
        match begun {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(ended_with(&status)),
            Err(_) => Err(disconnected("UNREACHABLE", "no answer within 5 s")),
        }
    }
}

fn disconnected(reason: &str, message: &str) -> Ended {
    Ended::Disconnected { reason: reason.to_owned(), message: message.to_owned() }
}

fn ended_with(status: &Status) -> Ended {
    let (reason, message) = reason_of(status);
    if FINAL.contains(&reason.as_str()) {
        return Ended::Refused { reason, message };
    }
    Ended::Disconnected { reason, message }
}

/// Reason and message of a status.
pub(super) fn reason_of(status: &Status) -> (String, String) {
    let reason = status.get_details_error_info().map(|info| info.reason);
    if status.code() == Code::Unimplemented {
        let message = "that server ships no journal: it is no leader, of an older release, or does not serve replication";
        return ("UNIMPLEMENTED".to_owned(), message.to_owned());
    }
    let reason = reason.unwrap_or_else(|| format!("{:?}", status.code()).to_uppercase());
    (reason, status.message().to_owned())
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
