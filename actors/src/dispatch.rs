//! From the edge to the partition. Requests that arrive together go as one message: the outbox is emptied by
//! a task that runs when all that could run before it has.

use std::sync::{Arc, Mutex, PoisonError};

use actix::Addr;
use tokio::sync::{Notify, oneshot};

use crate::admit::{Admission, Permit};
use crate::command::{Answer, Command, Unavailable};
use crate::partition::{Partition, Request, Submit};
use crate::reply::Port;

/// The way in.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    admission: Arc<Admission>,
    outbox: Arc<Outbox>,
}

#[derive(Debug, Default)]
struct Outbox {
    requests: Mutex<Vec<Request<Port>>>,
    filled: Notify,
}

impl Dispatcher {
    /// A way in to a partition, and the task that must run for it.
    pub(crate) fn new(
        admission: Arc<Admission>,
        partition: Addr<Partition<Port>>,
    ) -> (Self, impl Future<Output = ()>) {
        let outbox = Arc::new(Outbox::default());
        let task = flush(Arc::clone(&outbox), partition);
        (Self { admission, outbox }, task)
    }

    /// Asks, and waits for the answer: for whatever it rests on to be on disk.
    pub async fn call(&self, command: Command) -> Answer {
        let permit = match self.admission.admit(&command) {
            Ok(permit) => permit,
            Err(unavailable) => return Answer::Unavailable(unavailable),
        };
        self.send(command, permit).await
    }

    /// As [`Self::call`], past the door: for the engine's own last command.
    pub(crate) async fn force(&self, command: Command) -> Answer {
        let permit = self.admission.force(&command);
        self.send(command, permit).await
    }

    async fn send(&self, command: Command, permit: Permit) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.submit(Request { command, port: Port { answer, permit } });
        // The port is dropped unanswered only when the engine has stopped.
        answered.await.unwrap_or(Answer::Unavailable(Unavailable::ShuttingDown))
    }

    fn submit(&self, request: Request<Port>) {
        let mut requests = self.outbox.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(request);
        if requests.len() == 1 {
            self.outbox.filled.notify_one();
        }
    }

    /// The door.
    pub fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }
}

async fn flush(outbox: Arc<Outbox>, partition: Addr<Partition<Port>>) {
    loop {
        outbox.filled.notified().await;
        let requests = {
            let mut requests = outbox.requests.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *requests)
        };
        if !requests.is_empty() {
            partition.do_send(Submit(requests));
        }
    }
}
