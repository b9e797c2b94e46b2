//! A thread with a runtime of its own for what may wait: scrapes and exports.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, EnterGuard, Handle};
use tokio::sync::oneshot;

/// The thread. It ends when this is dropped.
pub(super) struct Background {
    runtime: Handle,
    _alive: oneshot::Sender<()>,
}

impl Background {
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, dropped) = oneshot::channel();
        std::thread::Builder::new().name("florin-telemetry".to_owned()).spawn(move || {
            // Never sent to: the error that it was dropped is what is waited for.
            let _ = runtime.block_on(dropped);
        })?;
        Ok(Self { runtime: handle, _alive: alive })
    }

    /// Until the guard is dropped, what is made for a runtime is made for this one.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    pub fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let _entered = self.enter();
        TcpListener::from_std(listener)
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }
}
