//! Progress bars, on standard error; nothing where that is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `total` of `unit`.
pub fn bar(what: &'static str, unit: &str, total: u64) -> ProgressBar {
    let template = format!(
        "{{prefix:<22}} {{wide_bar}} {{human_pos}}/{{human_len}} {unit}  {{per_sec:>12}}  {{eta}}"
    );
    let style = ProgressStyle::with_template(&template);
    ProgressBar::new(total)
        .with_prefix(what)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A bar over steps of unequal length, with a message for the current one.
pub fn steps(what: &'static str, total: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{prefix:<22} {wide_bar} {pos}/{len}  {msg} {elapsed}");
    let bar = ProgressBar::new(total)
        .with_prefix(what)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Something of unknown length.
pub fn spinner(what: String) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    let bar = ProgressBar::new_spinner()
        .with_message(what)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
