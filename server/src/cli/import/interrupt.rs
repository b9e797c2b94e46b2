//! Ctrl-C between two batches.

use florin_client::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::failure::{Exit, Failure};

/// Takes note of SIGINT and SIGTERM from now on: what is under way gets its answer, and nothing follows.
pub(super) struct Interrupt {
    interrupted: Signal,
    terminated: Signal,
    told: bool,
}

impl Interrupt {
    pub fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::no_answer("RUNTIME", &error));
        Ok(Self {
            interrupted: listen(SignalKind::interrupt())?,
            terminated: listen(SignalKind::terminate())?,
            told: false,
        })
    }

    /// Waits for an answer; after a second signal no longer.
    pub async fn answer<T>(
        &mut self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        tokio::pin!(call);
        loop {
            tokio::select! {
                biased; // a signal that came before the answer counts
                _ = self.interrupted.recv() => {}
                _ = self.terminated.recv() => {}
                answer = &mut call => return Ok(answer?),
            }
            if self.told {
                return Err(interrupted());
            }
            self.told = true;
        }
    }

    /// Whether to go on.
    pub fn check(&self) -> Result<(), Failure> {
        if self.told { Err(interrupted()) } else { Ok(()) }
    }
}

fn interrupted() -> Failure {
    Failure {
        exit: Exit::NoAnswer,
        reason: "INTERRUPTED".to_owned(),
        message: "the import was interrupted".to_owned(),
        hint: None,
    }
}
