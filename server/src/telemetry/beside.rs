//! Snapshots, indexes, ids on disk, and the start of this process.

use std::time::Duration;

use florin_actors::beside::BesideFigures;

use super::engine::Writer;

/// Writes all of them. What is not there yet is 0.
pub(super) fn write(
    beside: &BesideFigures,
    durable_sequence: u64,
    writer: &mut Writer<'_>,
) -> std::fmt::Result {
    let snapshots = &beside.snapshots;
    let newest = snapshots.newest;
    writer.gauge("florin_snapshots", "Snapshots that are whole", snapshots.kept)?;
    let sequence = newest.map_or(0, |newest| newest.sequence);
    let help = "The event behind which a start from the newest snapshot replays";
    writer.gauge("florin_snapshot_sequence", help, sequence)?;
    let taken_at = Duration::from_nanos(newest.map_or(0, |newest| newest.taken_at_ns));
    let help = "When the newest snapshot was taken, since 1970";
    writer.gauge_s("florin_snapshot_timestamp_seconds", help, taken_at)?;
    let help = "How long the last snapshot took that this process has taken";
    writer.gauge_s("florin_snapshot_duration_seconds", help, snapshots.last_took)?;
    writer.counter("florin_snapshots_taken", "Snapshots taken", snapshots.taken)?;
    writer.counter("florin_snapshot_failures", "Snapshots that failed", snapshots.failed)?;
    let help = "Events that a start would replay now";
    writer.gauge("florin_events_to_replay", help, beside.events_to_replay(durable_sequence))?;

    let help = "Segments up to the one with this event have their index";
    writer.gauge("florin_index_through_sequence", help, beside.index_through)?;
    let help = "Ids of events up to this one are in runs on disk";
    writer.gauge("florin_ids_through_sequence", help, beside.ids_through)?;
    writer.gauge("florin_id_runs", "Runs of ids", beside.id_runs)?;
    let help = "Memory of the filters of these runs";
    writer.gauge("florin_id_filter_bytes", help, beside.id_filter_bytes)?;
    let help = "What all their filters would take";
    writer.gauge("florin_id_filter_bytes_wanted", help, beside.id_filter_bytes_on_disk)?;
    let ids = &beside.ids;
    writer.counter("florin_ids_asked", "Ids that filters were asked for", ids.asked)?;
    writer.counter("florin_ids_maybe", "Those of them that may be old", ids.maybe)?;
    writer.counter("florin_ids_looked_up", "Ids looked up on disk", ids.looked_up)?;
    writer.counter("florin_ids_found", "Those of them that were there", ids.found)?;
    writer.counter("florin_id_page_reads", "Pages read for that", ids.page_reads)?;

    let start = &beside.start;
    let help = "Loading of snapshots when this process started";
    writer.gauge_s("florin_start_loading_seconds", help, start.loading)?;
    let help = "Reading and replaying of the journal when this process started";
    writer.gauge_s("florin_start_replaying_seconds", help, start.replaying)?;
    let help = "Events that were replayed when this process started";
    writer.gauge("florin_start_events_replayed", help, start.events_replayed)
}
