//! What a server that we started says: kept short, and shown when it matters.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

const LINES_KEPT: usize = 40;

/// The last lines of a server's standard error.
#[derive(Debug, Clone, Default)]
pub struct ServerLog {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<VecDeque<String>>,
    pass_on: AtomicBool,
}

impl ServerLog {
    /// Reads the pipe to its end on a thread, so that the server never blocks on a full one.
    pub fn follow(pipe: impl Read + Send + 'static) -> Self {
        let log = Self::default();
        let to = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                to.push(String::from_utf8_lossy(&line).into_owned());
            }
        });
        log
    }

    fn push(&self, line: String) {
        if self.shared.pass_on.load(Ordering::Relaxed) {
            eprintln!("{line}");
        }
        let lines = self.shared.lines.lock();
        let mut lines = lines.unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// From now on every line also goes to our standard error.
    pub fn pass_on(&self) {
        self.shared.pass_on.store(true, Ordering::Relaxed);
    }

    /// The last lines, for an error message; empty if the server said nothing.
    pub fn tail(&self) -> String {
        let lines = self.shared.lines.lock();
        let lines = lines.unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return String::new();
        }
        let mut text = String::from("\nits last words:");
        for line in lines.iter() {
            text.push_str("\n  ");
            text.push_str(line);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept() {
        let log = ServerLog::default();
        assert_eq!(log.tail(), "");
        for i in 0..LINES_KEPT + 2 {
            log.push(format!("line {i}"));
        }
        let tail = log.tail();
        assert!(!tail.contains("line 1\n"), "{tail}");
        assert!(tail.contains("line 2\n"), "{tail}");
        assert!(tail.ends_with(&format!("line {}", LINES_KEPT + 1)), "{tail}");
    }
}
