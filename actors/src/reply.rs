//! Answers on their way back to the edge: one wake-up a sync, however many wait for it.

use tokio::sync::{mpsc, oneshot};

use crate::admit::Permit;
use crate::command::Answer;

/// Where an answer goes. Holds the room that its request was given.
#[derive(Debug)]
pub struct Port {
    pub(crate) answer: oneshot::Sender<Answer>,
    pub(crate) permit: Permit,
}

/// Delivers the answers of one sync after the other, on the edge's own runtime.
pub(crate) async fn pump(mut syncs: mpsc::UnboundedReceiver<Vec<(Port, Answer)>>) {
    while let Some(replies) = syncs.recv().await {
        for (port, answer) in replies {
            // An error means that the caller has gone; what was done stays done.
            let _ = port.answer.send(answer);
            drop(port.permit);
        }
    }
}
