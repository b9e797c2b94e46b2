//! A bar while the journal is read.

use std::time::{Duration, Instant};

use florin_persistence::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// What takes less than this needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that appears when reading the journal takes longer than a second.
pub(crate) struct ReplayBar {
    began: Instant,
    bar: Option<ProgressBar>,
}

impl ReplayBar {
    pub fn new() -> Self {
        Self { began: Instant::now(), bar: None }
    }

    pub fn show(&mut self, progress: &Progress) {
        if self.began.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let style =
                "reading the journal [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
            let style = ProgressStyle::with_template(style)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(progress.bytes_total).with_style(style)
        });
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_done);
    }

    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
