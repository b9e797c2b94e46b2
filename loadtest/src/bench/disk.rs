//! What one small durable write costs here: the floor under every unbatched payment.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::latency::{Latencies, Percentiles};

/// Bytes a write.
pub const BLOCK_BYTES: usize = 4_096;
const FILE_BLOCKS: usize = 256;
/// How many writes are timed.
pub const ROUNDS: usize = 500;

/// Times write + fdatasync of 4 KiB into a file that was zeroed ahead, in the data directory's file
/// system. The file has no name and is gone afterwards.
pub fn probe(data: &Path) -> Result<Percentiles> {
    let file = tempfile::tempfile_in(data)
        .with_context(|| format!("cannot write in {}", data.display()))?;
    measure(&file)
}

#[expect(clippy::disallowed_methods, reason = "the sync itself is what is measured")]
fn measure(file: &File) -> Result<Percentiles> {
    file.write_all_at(&vec![0; FILE_BLOCKS * BLOCK_BYTES], 0)?;
    file.sync_all()?;
    let block = [0x5a; BLOCK_BYTES];
    let mut latencies = Latencies::new()?;
    for round in 0..ROUNDS {
        let offset = round % FILE_BLOCKS * BLOCK_BYTES;
        let start = Instant::now();
        file.write_all_at(&block, offset as u64)?;
        file.sync_data()?;
        latencies.record(start.elapsed());
    }
    Ok(latencies.percentiles())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_takes_time_and_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let percentiles = probe(dir.path()).expect("a probe");
        assert!(percentiles.p50_us > 0.0 && percentiles.p50_us <= percentiles.p99_us);
        assert_eq!(std::fs::read_dir(dir.path()).expect("a listing").count(), 0);
    }
}
