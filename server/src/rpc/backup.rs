//! Backups while the engine serves: read from what is durable, on a thread of their own, one at a time.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use florin_actors::Engine;
use florin_persistence::backup::{
    BackupError, BackupProgress, ExportOptions, Exported, Phase, Place, export,
};
use florin_persistence::journal_dir;
use florin_proto::v1;
use florin_proto::v1::backup_progress;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use super::fault;
use crate::backup::{InvalidUrl, Pace, now_ns};

/// Messages that wait for the transport.
const WAITING_MAX: usize = 4;
/// How often it is told how far a backup has come.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Makes backups, one at a time.
#[derive(Debug, Clone)]
pub struct Backups(Arc<Semaphore>);

impl Default for Backups {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

type Progress = mpsc::Sender<Result<v1::BackupProgress, Status>>;

/// What one backup works with.
struct Work {
    engine: Engine,
    place: Arc<dyn Place>,
    pace: Pace,
    progress: Progress,
    told: Instant,
    _turn: OwnedSemaphorePermit,
}

impl Backups {
    /// Begins one. It goes on until it is made, or nobody listens any more, or the server stops.
    pub(super) fn begin(
        &self,
        engine: &Engine,
        data: &Path,
        request: v1::CreateBackupRequest,
    ) -> Result<ReceiverStream<Result<v1::BackupProgress, Status>>, Status> {
        let v1::CreateBackupRequest { to, full, bytes_per_second } = request;
        let place = crate::backup::open(&to).map_err(|error| {
            fault::of_operators(Code::InvalidArgument, InvalidUrl::REASON, error.to_string())
        })?;
        if let Some(why) = engine.admission().closed() {
            return Err(fault::unavailable(why));
        }
        let turn = Arc::clone(&self.0).try_acquire_owned().map_err(|_| {
            let message = "another backup is being made: wait for it";
            fault::of_operators(Code::ResourceExhausted, "BACKUP_RUNNING", message)
        })?;
        let (progress, stream) = mpsc::channel(WAITING_MAX);
        let work = Work {
            engine: engine.clone(),
            place,
            pace: Pace::new(bytes_per_second),
            progress,
            told: Instant::now(),
            _turn: turn,
        };
        let dir = journal_dir(data, 0);
        tokio::task::spawn_blocking(move || work.run(&dir, full));
        Ok(ReceiverStream::new(stream))
    }
}

impl Work {
    fn run(mut self, dir: &Path, full: bool) {
        let place = Arc::clone(&self.place);
        let journal = self.engine.archive().clone();
        // In this order: what is archived is durable, and what is archived from now on is not missed.
        let archived = journal.segments();
        let durable_through = Some(self.engine.journal().durable_through());
        let options = ExportOptions { durable_through, full, now_ns: now_ns() };
        let watch = &mut |done: BackupProgress| self.watch(&done);
        let made = export(&journal, dir, &archived, &*place, &options, watch);
        match &made {
            Ok(made) => tracing::info!(
                manifest = made.name,
                sequence = made.manifest.sequence,
                bytes_sent = made.bytes_sent,
                "a backup was made"
            ),
            Err(error) => tracing::warn!(reason = error.reason(), %error, "no backup was made"),
        }
        let last = made.map(|made| done(&made)).map_err(|error| status(&error));
        let _ = self.progress.blocking_send(last); // an error means that nobody listens any more
    }

    fn watch(&mut self, done: &BackupProgress) -> ControlFlow<()> {
        let Self { engine, pace, progress, told, .. } = self;
        let is_over = || progress.is_closed() || engine.admission().is_closed();
        pace.keep(done, &is_over);
        if is_over() {
            return ControlFlow::Break(());
        }
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            // Whoever is slow to listen misses some of it.
            let _ = progress.try_send(Ok(under_way(done)));
        }
        ControlFlow::Continue(())
    }
}

fn under_way(done: &BackupProgress) -> v1::BackupProgress {
    let phase = match done.phase {
        Phase::Sending => backup_progress::Phase::Sending,
        Phase::Reading | Phase::Fetching | Phase::Replaying => backup_progress::Phase::Reading,
    };
    v1::BackupProgress {
        phase: phase.into(),
        bytes_done: done.bytes_done,
        bytes_total: done.bytes_total,
        sequence: done.sequence,
        made: None,
    }
}

fn done(exported: &Exported) -> v1::BackupProgress {
    let Exported { name, manifest, objects_sent, bytes_sent } = exported;
    v1::BackupProgress {
        phase: backup_progress::Phase::Done.into(),
        bytes_done: *bytes_sent,
        bytes_total: *bytes_sent,
        sequence: manifest.sequence,
        made: Some(v1::BackupMade {
            manifest: name.clone(),
            lineage: manifest.lineage.to_string(),
            sequence: manifest.sequence,
            last_timestamp_ns: manifest.last_timestamp_ns,
            objects: manifest.segments.len() as u64,
            objects_sent: *objects_sent,
            bytes: manifest.segments.iter().map(|segment| segment.bytes).sum(),
            bytes_sent: *bytes_sent,
        }),
    }
}

fn status(error: &BackupError) -> Status {
    let code = match error {
        BackupError::Empty => Code::FailedPrecondition,
        BackupError::Place(_) | BackupError::Stopped => Code::Unavailable,
        BackupError::Journal(_) | BackupError::Damaged { .. } => Code::DataLoss,
        _ => Code::Internal,
    };
    fault::of_operators(code, error.reason(), error.to_string())
}
