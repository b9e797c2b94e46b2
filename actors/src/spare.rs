//! The thread that makes the next journal segment ahead, so that no payment waits for it; and that notices
//! first when there is no more room.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use florin_persistence::{Disk, SparePreparer, is_full};

use crate::journal::Work;
use crate::publish::Gauge;

/// How often it is tried again when there was no room.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// Makes a spare whenever one is wanted, as long as the process lives.
///
/// # Errors
/// Anything but a lack of space. The process ends: what cannot write a spare cannot be trusted to write a
/// payment.
pub fn run<P, D: Disk>(
    preparer: &SparePreparer<D>,
    wanted: &Receiver<()>,
    gauge: &Arc<Gauge>,
    journal: &Sender<Work<P>>,
) -> std::io::Result<()> {
    while wanted.recv().is_ok() {
        prepare(preparer, gauge)?;
        if journal.send(Work::LookAtRoom).is_err() {
            return Ok(());
        }
        // The journal thread keeps asking for what it does not get.
        if gauge.is_out_of_space() {
            thread::sleep(TRY_AGAIN);
        }
    }
    Ok(())
}

/// Makes a spare unless there is one, and notes whether there was room for it.
///
/// # Errors
/// Anything but a lack of space.
pub fn prepare<D: Disk>(preparer: &SparePreparer<D>, gauge: &Gauge) -> std::io::Result<()> {
    let had_space = !gauge.is_out_of_space();
    match preparer.prepare() {
        Ok(_) => gauge.set_no_space(false),
        Err(error) if is_full(&error) => {
            gauge.set_no_space(true);
            if had_space {
                tracing::error!(
                    reason = "DISK_FULL",
                    "no room for the next journal segment: when this one is full, writes are refused"
                );
            }
        }
        Err(error) => return Err(error),
    }
    if !had_space && !gauge.is_out_of_space() {
        tracing::info!("there is room again: writes are taken");
    }
    Ok(())
}
