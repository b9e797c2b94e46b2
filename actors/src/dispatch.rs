//! From the edge to the partition. Requests that arrive together go as one message: the outbox is emptied by
//! a task that runs when all that could run before it has.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actix::Addr;
use tokio::sync::{Notify, oneshot};

use crate::admit::{Admission, Permit};
use crate::command::{Answer, Command, Unavailable};
use crate::partition::{Partition, Request, Submit};
use crate::reply::Port;
use crate::trace::{Station, Trail};

/// The way in.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    admission: Arc<Admission>,
    outbox: Arc<Outbox>,
}

/// A command that is queued.
#[derive(Debug)]
pub struct Begun {
    answered: oneshot::Receiver<Answer>,
}

impl Begun {
    /// Waits for the answer. May be given up and called again.
    pub async fn answer(&mut self) -> Answer {
        // The port is dropped unanswered only when the engine has stopped.
        (&mut self.answered).await.unwrap_or(Answer::Unavailable(Unavailable::ShuttingDown))
    }
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
        let mut trail = Trail::begin();
        let permit = match self.admission.admit(&command) {
            Ok(permit) => permit,
            Err(unavailable) => {
                self.admission.refused(&unavailable);
                return Answer::Unavailable(unavailable);
            }
        };
        if let Some(trail) = &mut trail {
            trail.mark(Station::Admit, Instant::now());
        }
        self.send(command, permit, trail).await
    }

    /// As [`Self::call`], in two steps: what is begun is queued at once, in the order of the calls. Leaves no trail:
    /// it is for streams, which have no end.
    ///
    /// # Errors
    /// It was not admitted; the command comes back.
    pub fn begin(&self, command: Command) -> Result<Begun, (Unavailable, Box<Command>)> {
        match self.admission.admit(&command) {
            Ok(permit) => Ok(self.queue(command, permit, None)),
            Err(unavailable) => Err((unavailable, Box::new(command))),
        }
    }

    /// As [`Self::call`], past the door: for the engine's own commands.
    pub(crate) async fn force(&self, command: Command) -> Answer {
        let permit = self.admission.force(&command);
        self.send(command, permit, None).await
    }

    async fn send(&self, command: Command, permit: Permit, trail: Option<Box<Trail>>) -> Answer {
        self.queue(command, permit, trail).answer().await
    }

    fn queue(&self, command: Command, permit: Permit, trail: Option<Box<Trail>>) -> Begun {
        let (answer, answered) = oneshot::channel();
        self.submit(Request { command, port: Port { answer, permit, trail } });
        Begun { answered }
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
