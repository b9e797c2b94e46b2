//! From an address to a client.

use std::time::Duration;

use tonic::transport::Endpoint;

use crate::client::Client;
use crate::error::Error;
use crate::options::{self, Batching, Retry};
use crate::retry::innermost;

const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// A connection that is silent for this long is asked whether it is alive.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Enough for the largest answer that the contract allows: 8,190 objects with all their metadata.
const ANSWER_BYTES: usize = 64 << 20;

/// What a client is made from. See [`Client::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    pub(crate) endpoint: String,
    pub(crate) deadline: Duration,
    pub(crate) retry: Retry,
    pub(crate) batching: Batching,
    pub(crate) answer_bytes: usize,
}

impl Builder {
    pub(crate) fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            deadline: options::DEADLINE,
            retry: Retry::default(),
            batching: Batching::default(),
            answer_bytes: ANSWER_BYTES,
        }
    }

    /// How long a call may take, all its attempts included. Default 10 s.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// When and how often a call is tried again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// How single transfers travel together.
    #[must_use]
    pub fn batching(mut self, batching: Batching) -> Self {
        self.batching = batching;
        self
    }

    /// Largest answer to accept, bytes. Default 64 MiB.
    #[must_use]
    pub fn answer_bytes(mut self, bytes: usize) -> Self {
        self.answer_bytes = bytes;
        self
    }

    /// Connects now, once. A connection that is lost later is made again when it is needed.
    pub async fn connect(self) -> Result<Client, Error> {
        let endpoint = self.checked_endpoint()?;
        let channel = endpoint.connect().await.map_err(|error| Error::Unreachable {
            endpoint: self.endpoint.clone(),
            message: innermost(&error),
        })?;
        Ok(Client::new(&self, channel))
    }

    /// Connects at the first call, whose retries then cover a server that is still starting.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn connect_lazy(self) -> Result<Client, Error> {
        let endpoint = self.checked_endpoint()?;
        Ok(Client::new(&self, endpoint.connect_lazy()))
    }

    fn checked_endpoint(&self) -> Result<Endpoint, Error> {
        self.retry.check()?;
        self.batching.check()?;
        options::check(!self.deadline.is_zero(), "deadline", "longer than zero")?;
        let address = self.endpoint.as_str();
        let address = match address.split_once("://") {
            None => format!("http://{address}"),
            Some(("http", _)) => address.to_owned(),
            Some(_) => return Err(self.bad_endpoint("it must begin with http://")),
        };
        let endpoint = Endpoint::from_shared(address)
            .and_then(|endpoint| {
                endpoint.user_agent(concat!("florin-client/", env!("CARGO_PKG_VERSION")))
            })
            .map_err(|error| self.bad_endpoint(&innermost(&error)))?;
        if endpoint.uri().host().is_none_or(str::is_empty) {
            return Err(self.bad_endpoint("it has no host"));
        }
        let connect_time = self.retry.attempt_timeout.min(self.deadline);
        Ok(endpoint
            .connect_timeout(connect_time)
            .tcp_nodelay(true)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT))
    }

    fn bad_endpoint(&self, message: &str) -> Error {
        Error::Endpoint { endpoint: self.endpoint.clone(), message: message.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_options_are_checked_before_anything_is_sent() {
        let good = || Builder::new("http://127.0.0.1:7411");
        let retry = Retry::default();
        let batching = Batching::default();
        for (builder, reason) in [
            (good(), None),
            (Builder::new("127.0.0.1:7411"), None),
            (Builder::new("ledger.example:7411"), None),
            (Builder::new("https://127.0.0.1"), Some("ENDPOINT_INVALID")),
            (Builder::new("unix:///socket"), Some("ENDPOINT_INVALID")),
            (Builder::new(""), Some("ENDPOINT_INVALID")),
            (Builder::new("two words"), Some("ENDPOINT_INVALID")),
            (good().deadline(Duration::ZERO), Some("OPTION_INVALID")),
            (good().retry(Retry::never()), None),
            (good().retry(Retry { attempts: 0, ..retry }), Some("OPTION_INVALID")),
            (
                good().retry(Retry { attempt_timeout: Duration::ZERO, ..retry }),
                Some("OPTION_INVALID"),
            ),
            (good().retry(Retry { max_backoff: Duration::ZERO, ..retry }), Some("OPTION_INVALID")),
            (good().batching(Batching { stream_in_flight: 0, ..batching }), Some("OPTION_INVALID")),
            (good().batching(Batching { members: 0, ..batching }), Some("OPTION_INVALID")),
            (good().batching(Batching { members: 8_191, ..batching }), Some("OPTION_INVALID")),
            (good().batching(Batching { bytes: 0, ..batching }), Some("OPTION_INVALID")),
            (good().batching(Batching { in_flight: 0, ..batching }), Some("OPTION_INVALID")),
        ] {
            let checked = builder.checked_endpoint();
            let found = checked.as_ref().err().map(Error::reason);
            assert_eq!(found, reason, "{builder:?}");
        }
    }
}
