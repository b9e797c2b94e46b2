//! A bar on the terminal; nothing where there is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// How far an import is.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// While the file is checked, in bytes.
    pub fn checking(bytes: u64) -> Self {
        Self::new(bytes, "checking [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left")
    }

    /// While it is sent, in rows.
    pub fn sending(rows: u64) -> Self {
        Self::new(rows, "sending [{bar:30}] {human_pos}/{human_len} rows, {per_sec}, {eta} left")
    }

    fn new(length: u64, style: &str) -> Self {
        let style =
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::new(length).with_style(style))
    }

    pub fn set(&self, position: u64) {
        self.0.set_position(position);
    }

    /// Whether somebody sees it.
    pub fn is_shown(&self) -> bool {
        !self.0.is_hidden()
    }

    /// Out of the way while something is printed.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
