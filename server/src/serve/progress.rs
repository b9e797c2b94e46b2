//! A bar while the journal is read.

use std::time::{Duration, Instant};

use florin_actors::start::StartProgress;
use florin_persistence::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// What takes less than this needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that appears when something that reads takes longer than a second.
struct Bar {
    what: &'static str,
    began: Instant,
    shown: Option<ProgressBar>,
}

impl Bar {
    fn new(what: &'static str) -> Self {
        Self { what, began: Instant::now(), shown: None }
    }

    fn show(&mut self, bytes_done: u64, bytes_total: u64) {
        if self.began.elapsed() < PATIENCE {
            return;
        }
        let bar = self.shown.get_or_insert_with(|| {
            let style = "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
            let style = ProgressStyle::with_template(style)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(bytes_total).with_style(style).with_message(self.what)
        });
        bar.set_length(bytes_total);
        bar.set_position(bytes_done);
    }

    fn finish(&mut self) {
        if let Some(bar) = self.shown.take() {
            bar.finish_and_clear();
        }
    }
}

/// While the journal is read.
pub(crate) struct ReplayBar(Bar);

impl ReplayBar {
    pub fn new() -> Self {
        Self(Bar::new("reading the journal"))
    }

    pub fn show(&mut self, progress: &Progress) {
        self.0.show(progress.bytes_done, progress.bytes_total);
    }

    pub fn finish(&mut self) {
        self.0.finish();
    }
}

/// While a server starts.
pub(super) struct StartBars {
    loading: Bar,
    replaying: Option<ReplayBar>,
}

impl StartBars {
    pub fn new() -> Self {
        Self { loading: Bar::new("loading a snapshot"), replaying: None }
    }

    pub fn show(&mut self, progress: &StartProgress) {
        match progress {
            StartProgress::Loading(progress) => {
                self.loading.show(progress.bytes_done, progress.bytes_total);
            }
            StartProgress::Replaying(progress) => {
                self.loading.finish();
                self.replaying.get_or_insert_with(ReplayBar::new).show(progress);
            }
        }
    }

    pub fn finish(&mut self) {
        self.loading.finish();
        if let Some(bar) = &mut self.replaying {
            bar.finish();
        }
    }
}
