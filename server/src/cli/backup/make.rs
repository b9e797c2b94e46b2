//! Making a backup: by a running server, or of a data directory that no server has open.

use std::ops::ControlFlow;
use std::path::Path;

use florin_client::{BackupStep, NewBackup};
use florin_persistence::DataDir;
use florin_persistence::backup::{ExportOptions, Exported, export};

use super::view::MadeView;
use super::{WorkBar, place};
use crate::backup::{Pace, journal_of, now_ns};
use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;

pub(super) async fn by_server(
    connection: &Connection,
    new: &NewBackup,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let client = connection.open().await?;
    let mut steps = client.create_backup(new).await?;
    let mut bar = WorkBar::new();
    let made = loop {
        match steps.next().await {
            Ok(BackupStep::Made(made)) => break Ok(made),
            Ok(BackupStep::Reading { bytes_done, bytes_total }) => {
                bar.show("reading the journal", bytes_done, bytes_total);
            }
            Ok(BackupStep::Sending { bytes_done, bytes_total }) => {
                bar.show("sending", bytes_done, bytes_total);
            }
            Err(error) => break Err(error),
        }
    };
    bar.finish();
    output.result(&MadeView::new(&new.to, made?))?;
    Ok(Exit::Done)
}

pub(super) fn offline(
    data: &Path,
    archive: Option<&str>,
    new: &NewBackup,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let place = place(&new.to)?;
    let dir = DataDir::open_existing(data)?;
    let options = ExportOptions { durable_through: None, full: new.full, now_ns: now_ns() };
    let (mut bar, mut limit) = (WorkBar::new(), Pace::new(new.bytes_per_second));
    let (journal, problem) = journal_of(&dir, archive)?;
    if let Some(problem) = problem {
        output.note(&format!("the archive cannot be used: {problem}"))?;
    }
    let archived = journal.segments();
    let made = export(&journal, &dir.journal(0), &archived, &*place, &options, &mut |progress| {
        bar.watch(&progress);
        limit.keep(&progress, &|| false);
        ControlFlow::Continue(())
    });
    bar.finish();
    let Exported { name, manifest, objects_sent, bytes_sent } = made?;
    let made = florin_client::Backup {
        manifest: name,
        lineage: manifest.lineage.to_string(),
        sequence: manifest.sequence,
        last_timestamp_ns: manifest.last_timestamp_ns,
        objects: manifest.segments.len() as u64,
        objects_sent,
        bytes: manifest.segments.iter().map(|segment| segment.bytes).sum(),
        bytes_sent,
    };
    output.result(&MadeView::new(&new.to, made))?;
    Ok(Exit::Done)
}
