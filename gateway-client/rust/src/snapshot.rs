//! Snapshots of the server's state, which make its next start quick.

use std::sync::Arc;

use florin_proto::v1;
use tonic::{Request, Streaming};

use crate::client::Client;
use crate::error::Error;
use crate::retry::{Failure, Kind};

/// A snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Its number; they count up.
    pub id: u64,
    /// The event from which on a start that uses it replays.
    pub sequence: u64,
    /// When it was taken, ns since 1970.
    pub taken_at_ns: u64,
    /// Accounts in it.
    pub accounts: u64,
    /// Holds and payments in it, closed ones too.
    pub holds: u64,
    /// Bytes of what is in it.
    pub bytes: u64,
}

/// How far a snapshot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotProgress {
    /// Pieces that are written.
    pub pieces_done: u64,
    /// Pieces in all.
    pub pieces_total: u64,
    /// Bytes written.
    pub bytes: u64,
    /// The snapshot, when it is whole.
    pub snapshot: Option<Snapshot>,
}

/// A snapshot that is being taken. Dropping this stops nothing.
#[derive(Debug)]
pub struct SnapshotTaking {
    stream: Streaming<v1::SnapshotProgress>,
    endpoint: Arc<str>,
}

impl Client {
    /// Takes a snapshot now. It is not tried again if the connection breaks: it is taken all the same, see
    /// [`snapshots`](Self::snapshots).
    pub async fn create_snapshot(&self) -> Result<SnapshotTaking, Error> {
        let request = v1::CreateSnapshotRequest {};
        let stream = self
            .call(Kind::Read, &request, |request| {
                let mut admin = self.admin.clone();
                // Without the deadline that a call has: it takes as long as it takes.
                async move { admin.create_snapshot(Request::new(request.into_inner())).await }
            })
            .await?;
        Ok(SnapshotTaking { stream, endpoint: Arc::clone(&self.endpoint) })
    }

    /// The snapshots that are whole, newest first.
    pub async fn snapshots(&self) -> Result<Vec<Snapshot>, Error> {
        let response = self
            .call(Kind::Read, &v1::ListSnapshotsRequest {}, |request| {
                let mut admin = self.admin.clone();
                async move { admin.list_snapshots(request).await }
            })
            .await?;
        Ok(response.snapshots.into_iter().map(Snapshot::from).collect())
    }

    /// Deletes a snapshot. The journal has everything that is in it. Whether it was there.
    pub async fn delete_snapshot(&self, id: u64) -> Result<bool, Error> {
        let response = self
            .call(Kind::Idempotent, &v1::DeleteSnapshotRequest { id }, |request| {
                let mut admin = self.admin.clone();
                async move { admin.delete_snapshot(request).await }
            })
            .await?;
        Ok(response.was_there)
    }
}

impl SnapshotTaking {
    /// The next news; `None` after the last, which has the snapshot.
    pub async fn next(&mut self) -> Result<Option<SnapshotProgress>, Error> {
        match self.stream.message().await {
            Ok(message) => Ok(message.map(SnapshotProgress::from)),
            Err(status) => Err(Failure::from_status(&status, &self.endpoint).error),
        }
    }
}

impl From<v1::Snapshot> for Snapshot {
    fn from(wire: v1::Snapshot) -> Self {
        let v1::Snapshot { id, sequence, taken_at_ns, accounts, holds, bytes } = wire;
        Self { id, sequence, taken_at_ns, accounts, holds, bytes }
    }
}

impl From<v1::SnapshotProgress> for SnapshotProgress {
    fn from(wire: v1::SnapshotProgress) -> Self {
        let v1::SnapshotProgress { pieces_done, pieces_total, bytes, snapshot } = wire;
        let snapshot = snapshot.map(Snapshot::from);
        Self { pieces_done, pieces_total, bytes, snapshot }
    }
}
