//! What a failed attempt means, and whether another one follows.

use std::error::Error as _;
use std::future::Future;
use std::time::Duration;

use florin_proto::ERROR_DOMAIN;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, ConnectError, Request, Response, TimeoutExpired};
use tonic_types::StatusExt;

use crate::error::{Error, Fault};
use crate::options::Retry;
use crate::wire::non_empty;

/// What a failed attempt has done on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing, and the answer will stay the same.
    Final,
    /// Nothing: it was not taken, and may be later.
    NotTaken {
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// Nobody knows: the answer was lost, if there was one.
    Lost,
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub error: Error,
    pub effect: Effect,
}

/// What a call does when it is made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It changes nothing.
    Read,
    /// It has ids: the second time is answered as the first.
    Idempotent,
    /// It has no id, so another's change in between would be overwritten: a lost answer ends it.
    Once,
}

/// The attempts of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempts {
    kind: Kind,
    failed: u32,
    maybe_applied: bool,
}

impl Attempts {
    pub fn new(kind: Kind) -> Self {
        Self { kind, failed: 0, maybe_applied: false }
    }

    /// Takes note of a failure. How long to wait before the next attempt, or `None` to give up.
    pub fn after(&mut self, failure: &Failure, retry: &Retry) -> Option<Duration> {
        let again = self.note(failure, retry);
        again.then(|| self.backoff(retry) + failure.retry_after())
    }

    /// Takes note of a failure. Whether another attempt may help.
    pub fn note(&mut self, failure: &Failure, retry: &Retry) -> bool {
        self.failed += 1;
        self.maybe_applied |= failure.effect == Effect::Lost;
        let again = match failure.effect {
            Effect::Final => false,
            Effect::NotTaken { .. } => true,
            Effect::Lost => self.kind != Kind::Once,
        };
        again && self.failed < retry.attempts
    }

    /// How long to wait before the next attempt, apart from what the server asks for.
    pub fn backoff(self, retry: &Retry) -> Duration {
        let random = getrandom::u32().unwrap_or(0); // without randomness: without jitter
        backoff(retry, self.failed, random)
    }

    /// What to tell the caller when no attempt follows.
    pub fn verdict(self, error: Error) -> Error {
        let changes = self.kind != Kind::Read;
        // A fault of the call is found before anything is applied, so it would have been found in
        // the lost attempt too.
        let is_fault = matches!(error, Error::Fault(_)) && !error.is_retryable();
        if changes && self.maybe_applied && !is_fault {
            return Error::unknown(error);
        }
        error
    }
}

/// Makes a call, again and again while that may help, until the deadline.
pub(crate) async fn call<T, R, F, Fut>(
    kind: Kind,
    retry: &Retry,
    deadline: Duration,
    endpoint: &str,
    request: &T,
    send: F,
) -> Result<R, Error>
where
    T: Clone,
    F: Fn(Request<T>) -> Fut,
    Fut: Future<Output = Result<Response<R>, tonic::Status>>,
{
    let deadline = Instant::now() + deadline;
    let mut attempts = Attempts::new(kind);
    loop {
        let time = attempt_time(retry, deadline);
        let failure = match attempt(time, endpoint, request.clone(), &send).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        match attempts.after(&failure, retry) {
            Some(wait) if Instant::now() + wait < deadline => sleep(wait).await,
            _ => return Err(attempts.verdict(failure.error)),
        }
    }
}

/// How long the next attempt may take.
pub(crate) fn attempt_time(retry: &Retry, deadline: Instant) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    retry.attempt_timeout.min(left)
}

/// One attempt, which the server is told the end of.
pub(crate) async fn attempt<T, R, Fut>(
    time: Duration,
    endpoint: &str,
    message: T,
    send: impl Fn(Request<T>) -> Fut,
) -> Result<R, Failure>
where
    Fut: Future<Output = Result<Response<R>, tonic::Status>>,
{
    let mut request = Request::new(message);
    request.set_timeout(time);
    match timeout(time, send(request)).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(Failure::from_status(&status, endpoint)),
        Err(_) => Err(Failure::timed_out()),
    }
}

impl Failure {
    /// How long the server asks to wait.
    pub fn retry_after(&self) -> Duration {
        match self.effect {
            Effect::NotTaken { retry_after } => retry_after.unwrap_or_default(),
            Effect::Final | Effect::Lost => Duration::ZERO,
        }
    }

    pub fn timed_out() -> Self {
        Self { error: Error::DeadlineExceeded, effect: Effect::Lost }
    }

    /// The connection is gone, for this reason.
    pub fn lost(message: &str) -> Self {
        let error = Error::ConnectionLost { message: message.to_owned() };
        Self { error, effect: Effect::Lost }
    }

    pub fn from_status(status: &tonic::Status, endpoint: &str) -> Self {
        if let Some(fault) = fault(status) {
            let error = Error::Fault(Box::new(fault));
            let effect = match &error {
                Error::Fault(fault) if error.is_retryable() => {
                    Effect::NotTaken { retry_after: fault.retry_after }
                }
                _ => Effect::Final,
            };
            return Self { error, effect };
        }
        if let Some(refused) = cause::<ConnectError>(status) {
            let error =
                Error::Unreachable { endpoint: endpoint.to_owned(), message: innermost(refused) };
            let effect = Effect::NotTaken { retry_after: None };
            return Self { error, effect };
        }
        // The transport keeps the time of an attempt too, and may be the first to notice.
        if cause::<TimeoutExpired>(status).is_some() {
            return Self::timed_out();
        }
        // A status with a source was made on this side: the connection broke.
        if status.source().is_some() {
            let error = Error::ConnectionLost { message: innermost(status) };
            let effect = Effect::Lost;
            return Self { error, effect };
        }
        let effect = match status.code() {
            Code::Unavailable
            | Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Unknown
            | Code::Internal
            | Code::Aborted
            | Code::DataLoss => Effect::Lost,
            _ => Effect::Final,
        };
        let error = Error::Status { code: status.code(), message: status.message().to_owned() };
        Self { error, effect }
    }
}

/// Reads a status that Florin made.
fn fault(status: &tonic::Status) -> Option<Fault> {
    let details = status.get_error_details();
    let info = details.error_info().filter(|info| info.domain == ERROR_DOMAIN)?;
    let retry_after = details.retry_info().map(|retry| retry.retry_delay.unwrap_or_default());
    Some(Fault {
        reason: non_empty(info.reason.clone())?,
        message: status.message().to_owned(),
        code: status.code(),
        metadata: info.metadata.clone().into_iter().collect(),
        retry_after,
    })
}

/// The cause of this type, if the status has one.
fn cause<E: std::error::Error + 'static>(status: &tonic::Status) -> Option<&E> {
    let mut source = status.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

/// The first cause of an error, which says most.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The wait after `failed` attempts: doubled each time, then shortened at random by up to a half.
fn backoff(retry: &Retry, failed: u32, random: u32) -> Duration {
    let doublings = failed.saturating_sub(1).min(31);
    let whole = retry.base_backoff.saturating_mul(1 << doublings).min(retry.max_backoff);
    let whole_ns = whole.as_nanos();
    let off_ns = (whole_ns / 2 * u128::from(random)) >> 32;
    Duration::from_nanos(u64::try_from(whole_ns - off_ns).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
