//! Answers on their way back to the edge: one wake-up a sync, however many wait for it.

use tokio::sync::{mpsc, oneshot};

use crate::admit::Permit;
use crate::command::Answer;
use crate::trace::{Traced, Trail};

/// Where an answer goes. Holds the room that its request was given.
#[derive(Debug)]
pub struct Port {
    pub(crate) answer: oneshot::Sender<Answer>,
    pub(crate) permit: Permit,
    pub(crate) trail: Option<Box<Trail>>,
}

impl Traced for Port {
    fn trail(&mut self) -> Option<&mut Trail> {
        self.trail.as_deref_mut()
    }
}

/// Delivers the answers of one sync after the other, on the edge's own runtime.
pub(crate) async fn pump(mut syncs: mpsc::UnboundedReceiver<Vec<(Port, Answer)>>) {
    while let Some(replies) = syncs.recv().await {
        for (port, answer) in replies {
            if let Some(trail) = port.trail {
                trail.end(&answer);
            }
            // An error means that the caller has gone; what was done stays done.
            let _ = port.answer.send(answer);
            drop(port.permit);
        }
    }
}
