//! Waiting until what lies beside the journal is made.

use std::path::Path;
use std::time::Duration;

use florin_actors::Engine;
use florin_persistence::DataDir;

use super::Failure;

const LOOK_EVERY: Duration = Duration::from_millis(300);
/// So often in a row nothing must be under way: longer than the sealing thread waits before it looks for more.
const CALM_LOOKS: u32 = 6;

/// Waits until every segment that is over has its index and its ids, runs are merged as far as they go, and, if `archiving`,
/// all of those segments are archived.
pub async fn settle(engine: &Engine, data: &DataDir, archiving: bool) -> Result<(), Failure> {
    let mut calm = 0;
    while calm < CALM_LOOKS {
        tokio::time::sleep(LOOK_EVERY).await;
        let over = engine.journal().segments_over();
        let last = over.last().map_or(0, |(_, span)| *span.end());
        let beside = engine.beside();
        let is_sealed = beside.index_through >= last && beside.ids_through >= last;
        let is_archived = !archiving || engine.archive().through() >= last;
        let is_calm = is_sealed && is_archived && !is_any_unfinished(&data.ids(0))?;
        calm = if is_calm { calm + 1 } else { 0 };
        if let Some(error) = engine.archive_figures().last_error {
            return Err(format!("archiving: {error}").into());
        }
    }
    Ok(())
}

/// Whether a file is being written in a folder: it has its name only when it is whole.
fn is_any_unfinished(dir: &Path) -> Result<bool, Failure> {
    for entry in std::fs::read_dir(dir)? {
        if entry?.path().extension().is_some_and(|extension| extension == "tmp") {
            return Ok(true);
        }
    }
    Ok(false)
}
