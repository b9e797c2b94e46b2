//! Backups that a server makes while it serves.

use std::sync::Arc;

use florin_proto::v1;
use florin_proto::v1::backup_progress::Phase;
use tonic::{Request, Streaming};

use crate::client::Client;
use crate::error::Error;
use crate::retry::{Failure, Kind};

/// A backup to make.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewBackup {
    /// Where to, as the server sees it: a path, `file:///srv/backups` or `s3://bucket/prefix`.
    pub to: String,
    /// Read everything, and send everything again, whatever the place has.
    pub full: bool,
    /// Most bytes a second that are read or sent; 0 = as fast as it goes.
    pub bytes_per_second: u64,
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Name of its manifest.
    pub manifest: String,
    /// The history that it is of: 32 hex digits.
    pub lineage: String,
    /// The last event in it.
    pub sequence: u64,
    /// When that happened, nanoseconds since 1970.
    pub last_timestamp_ns: u64,
    /// Objects that it is made of.
    pub objects: u64,
    /// Of these, those that were sent now.
    pub objects_sent: u64,
    /// Bytes in all of them.
    pub bytes: u64,
    /// Bytes in those that were sent now.
    pub bytes_sent: u64,
}

/// What the server says while it makes a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupStep {
    /// Segments are read and hashed.
    Reading {
        /// Bytes that are done.
        bytes_done: u64,
        /// Bytes in all.
        bytes_total: u64,
    },
    /// What the place has not got is sent.
    Sending {
        /// Bytes that are done.
        bytes_done: u64,
        /// Bytes in all.
        bytes_total: u64,
    },
    /// It is there: the last step.
    Made(Backup),
}

/// A backup under way. Dropping it stops the server's work; what arrived is not sent again by the next one.
#[derive(Debug)]
pub struct BackupUnderWay {
    steps: Streaming<v1::BackupProgress>,
    endpoint: Arc<str>,
}

impl Client {
    /// Lets the server make a backup.
    ///
    /// # Errors
    /// A fault such as `BACKUP_URL_INVALID` or `BACKUP_RUNNING`. It is not tried again by itself.
    pub async fn create_backup(&self, backup: &NewBackup) -> Result<BackupUnderWay, Error> {
        let NewBackup { to, full, bytes_per_second } = backup.clone();
        let request = v1::CreateBackupRequest { to, full, bytes_per_second };
        let steps = self
            .call(Kind::Read, &request, |request| {
                let mut admin = self.admin.clone();
                // Without the deadline that a call has: this one may last.
                async move { admin.create_backup(Request::new(request.into_inner())).await }
            })
            .await?;
        Ok(BackupUnderWay { steps, endpoint: Arc::clone(&self.endpoint) })
    }
}

impl BackupUnderWay {
    /// The next step; [`BackupStep::Made`] is the last.
    ///
    /// # Errors
    /// The backup was not made, or the connection broke; then it may be made again, and goes on where it was.
    pub async fn next(&mut self) -> Result<BackupStep, Error> {
        let step = match self.steps.message().await {
            Ok(Some(step)) => step,
            Ok(None) => return Err(Failure::lost("the server ended the backup").error),
            Err(status) => return Err(Failure::from_status(&status, &self.endpoint).error),
        };
        let phase = step.phase();
        let v1::BackupProgress { bytes_done, bytes_total, made, .. } = step;
        Ok(match (made, phase) {
            (Some(made), _) => BackupStep::Made(made.into()),
            (None, Phase::Sending) => BackupStep::Sending { bytes_done, bytes_total },
            (None, _) => BackupStep::Reading { bytes_done, bytes_total },
        })
    }
}

impl From<v1::BackupMade> for Backup {
    fn from(made: v1::BackupMade) -> Self {
        Self {
            manifest: made.manifest,
            lineage: made.lineage,
            sequence: made.sequence,
            last_timestamp_ns: made.last_timestamp_ns,
            objects: made.objects,
            objects_sent: made.objects_sent,
            bytes: made.bytes,
            bytes_sent: made.bytes_sent,
        }
    }
}
