//! Keeps a fenced server from answering. Commands are refused at the engine's door; what is read beside the engine
//! (statements, lists, balances of the past, the feed) has no door of its own, and could be old.

use florin_actors::Engine;
use florin_actors::command::Unavailable;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use super::fault;

/// Lets calls of a service through until the server is fenced: `FENCED` from then on.
#[derive(Debug, Clone)]
pub struct Gate {
    engine: Engine,
}

impl Gate {
    /// Of the services of this engine's ledger.
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl Interceptor for Gate {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        if self.engine.admission().is_fenced() {
            return Err(fault::unavailable(Unavailable::Fenced));
        }
        Ok(request)
    }
}
