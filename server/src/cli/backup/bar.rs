//! A bar for work that takes longer than a moment.

use std::time::{Duration, Instant};

use florin_persistence::backup::{BackupProgress, Phase};
use indicatif::{ProgressBar, ProgressStyle};

/// What takes less than this needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that appears when it takes longer than a second, and begins again with each phase.
pub(in crate::cli) struct WorkBar {
    began: Instant,
    bar: Option<(&'static str, ProgressBar)>,
}

impl WorkBar {
    pub fn new() -> Self {
        Self { began: Instant::now(), bar: None }
    }

    pub fn watch(&mut self, progress: &BackupProgress) {
        let what = match progress.phase {
            Phase::Reading => "reading the journal",
            Phase::Sending => "sending",
            Phase::Fetching => "fetching",
            Phase::Replaying => "replaying",
        };
        self.show(what, progress.bytes_done, progress.bytes_total);
    }

    pub fn show(&mut self, what: &'static str, bytes_done: u64, bytes_total: u64) {
        if self.began.elapsed() < PATIENCE {
            return;
        }
        if self.bar.as_ref().is_none_or(|(shown, _)| *shown != what) {
            self.finish();
            let style = "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
            let style = ProgressStyle::with_template(style)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(bytes_total).with_style(style).with_message(what);
            self.bar = Some((what, bar));
        }
        if let Some((_, bar)) = &self.bar {
            bar.set_length(bytes_total);
            bar.set_position(bytes_done);
        }
    }

    pub fn finish(&mut self) {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
