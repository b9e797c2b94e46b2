//! What the runs of all seeds add up to: one line for people, one for programs.

use std::fmt;
use std::ops::AddAssign;

use florin_persistence::Counters;

macro_rules! totals {
    ($($(#[$doc:meta])* $name:ident $words:literal,)+) => {
        /// Totals.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Totals {
            $($(#[$doc])* pub $name: u64,)+
        }

        impl AddAssign for Totals {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)+
            }
        }

        impl fmt::Display for Totals {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let parts = [$(format!("{} {}", thousands(self.$name), $words)),+];
                f.write_str(&parts.join(", "))
            }
        }

        impl Totals {
            /// One line of JSON. All of it are numbers and plain names.
            pub fn json(&self) -> String {
                let parts = [$(format!("\"{}\":{}", stringify!($name), self.$name)),+];
                format!("{{{}}}", parts.join(","))
            }
        }
    };
}

totals! {
    seeds "seeds",
    /// Requests that were sent, repeated ones included.
    commands "commands",
    /// Those that were answered, one way or the other.
    acknowledged "acknowledged",
    /// Power failures: what was not synced is lost, kept or torn.
    crashes "crashes",
    /// Of them, and of the deaths of processes, those that hit a recovery.
    interrupted_recoveries "interrupted recoveries",
    /// The process is gone, the page cache stays.
    process_deaths "process deaths",
    failed_operations "failed writes, syncs and other operations",
    failed_syncs "of them failed syncs that ended the process",
    lost_writes "lost writes",
    torn_writes "torn writes",
    /// Requests that were refused as the disk was full.
    disk_full "refusals by a full disk",
    stops "graceful stops",
    recoveries "recoveries",
    segments_sealed "segments sealed",
    /// Given their index and their ids.
    segments_indexed "of them indexed",
    id_merges "merges of runs of ids",
    snapshots "snapshots published",
    snapshot_starts "starts from a snapshot",
    /// Plain snapshots that archived segments rest on.
    checkpoints "checkpoints",
    segments_archived "segments archived",
    archive_starts "starts behind an archive",
    /// Requests and readers of the feed that needed the store.
    archive_reads "reads from the archive",
    /// They needed it while nobody got through, or for a while not always.
    archive_misses "of them in vain",
    backups "backups",
    backups_of_archived "of them with archived segments",
    /// On another machine, to a moment of the past.
    restores "restores",
    restored_worlds "worlds that went on from one",
    /// Things that were made to go wrong.
    troubles "troubles",
    events "events",
    violations "violations",
}

impl Totals {
    /// Takes up what a disk has counted.
    pub const fn add_disk(&mut self, counters: Counters) {
        self.failed_operations += counters.failed_operations;
        self.lost_writes += counters.lost_writes;
        self.torn_writes += counters.torn_writes;
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
