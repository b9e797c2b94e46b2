//! What goes wrong while the node runs.

use florin_persistence::Disk;

use crate::invariants::Verdict;
use crate::remote::Line;
use crate::restart::dir;
use crate::world::World;

/// What can go wrong.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    PowerNow,
    PowerSoon,
    DeathNow,
    DeathSoon,
    FailedOperation,
    WeakSyncs,
    WeakReads,
    FullDisk,
    Stop,
    BadLine,
    DeadLine,
}

const TROUBLES: [(u64, Trouble); 11] = [
    (8, Trouble::PowerNow),
    (30, Trouble::PowerSoon),
    (5, Trouble::DeathNow),
    (14, Trouble::DeathSoon),
    (9, Trouble::FailedOperation),
    (10, Trouble::WeakSyncs),
    (5, Trouble::WeakReads),
    (18, Trouble::FullDisk),
    (9, Trouble::Stop),
    (5, Trouble::BadLine),
    (8, Trouble::DeadLine),
];

impl World {
    /// Something goes wrong: at once, at an operation to come, or for a while.
    pub fn trouble(&mut self) -> Verdict {
        let trouble = self.rng.weighted(&TROUBLES);
        self.note(format_args!("trouble: {trouble:?}"));
        self.totals.troubles += 1;
        let mut faults = self.disk.faults();
        let operations = self.disk.operations();
        let soon = self.rng.below(30);
        match trouble {
            Trouble::PowerNow => return self.lose_power(),
            Trouble::DeathNow => return self.lose_process(),
            Trouble::Stop => return self.stop(),
            Trouble::BadLine => {
                self.line_goes(Line::Bad);
                return Ok(());
            }
            Trouble::DeadLine => {
                self.line_goes(Line::Dead);
                return Ok(());
            }
            Trouble::DeathSoon => self.process.die_after(soon),
            Trouble::PowerSoon => faults.crash_at = Some(operations + soon),
            Trouble::FailedOperation => faults.fail_at = Some(operations + soon / 3),
            Trouble::WeakSyncs => faults.sync_error_ppm = 200_000,
            Trouble::WeakReads => faults.read_error_ppm = 100_000,
            Trouble::FullDisk => {
                let segments = self.rng.below(3) * self.profile.segment_bytes;
                let room = segments + self.rng.below(self.profile.segment_bytes);
                faults.capacity_bytes = Some(self.used_bytes() + room);
            }
        }
        self.disk.set_faults(faults);
        self.well_at = self.trace.step() + self.rng.between(20, 400);
        Ok(())
    }

    /// The store is out of reach for a while, or now and then. It stays so when the node dies.
    fn line_goes(&mut self, line: Line) {
        self.store.set_line(line);
        self.line_good_at = self.trace.step() + self.rng.between(50, 1_500);
    }

    fn used_bytes(&self) -> u64 {
        let free = self.disk.free_bytes(dir()).unwrap_or(0);
        self.disk.faults().capacity_bytes.unwrap_or(1 << 40).saturating_sub(free)
    }

    /// The disk is well again, except for what is going to hit one operation.
    pub fn heal(&mut self) {
        let mut faults = self.disk.faults();
        (faults.sync_error_ppm, faults.read_error_ppm) = (0, 0);
        faults.capacity_bytes = None;
        self.disk.set_faults(faults);
        self.well_at = u64::MAX;
    }
}
