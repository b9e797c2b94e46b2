//! What can go wrong with a call. A refusal is not among it: that is an answer.

use std::collections::BTreeMap;
use std::time::Duration;

use tonic::Code;

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The endpoint is not an address that this client can use.
    #[error("{endpoint:?} is not an endpoint: {message}")]
    Endpoint {
        /// What was given.
        endpoint: String,
        /// What is wrong with it.
        message: String,
    },
    /// An option is outside its range.
    #[error("option {option} is out of range: {allowed}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What it may be.
        allowed: &'static str,
    },
    /// The server answered with a fault of the call: nothing was applied.
    #[error(transparent)]
    Fault(Box<Fault>),
    /// There was no connection to be had: nothing was sent.
    #[error("cannot reach {endpoint}: {message}")]
    Unreachable {
        /// The server's address.
        endpoint: String,
        /// What the connection attempt ran into.
        message: String,
    },
    /// The connection broke during a call that changes nothing.
    #[error("the connection was lost: {message}")]
    ConnectionLost {
        /// What was seen of it.
        message: String,
    },
    /// The deadline passed, and nothing was applied: the call changes nothing, or was never taken.
    #[error("no answer within the deadline")]
    DeadlineExceeded,
    /// The call may or may not have been applied. Make the same call again, with the same ids: it is
    /// never applied twice, and you get the first answer.
    #[error(
        "the outcome is unknown ({cause}): make the same call again with the same ids, nothing is applied twice"
    )]
    Unknown {
        /// What the last attempt ended with.
        cause: Box<Error>,
    },
    /// A gRPC status that does not come from Florin, but from something in between or an older server.
    #[error("the call failed with {code:?}: {message}")]
    Status {
        /// The gRPC code.
        code: Code,
        /// The message beside it.
        message: String,
    },
    /// The answer is not what the contract promises. What was asked for may have been applied.
    #[error("the answer is malformed: {what}")]
    Malformed {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The runtime on which this client was made has ended: nothing was sent.
    #[error("the client is closed: the runtime on which it was made has ended")]
    Closed,
}

/// A fault of the call as Florin reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({reason})")]
pub struct Fault {
    /// The stable reason: a name of `Refusal.Reason`, each with an entry in `docs/errors`.
    pub reason: String,
    /// One sentence for people.
    pub message: String,
    /// The gRPC code.
    pub code: Code,
    /// Details, such as the limit that was passed.
    pub metadata: BTreeMap<String, String>,
    /// Set if the same call may pass later, and how long the server asks to wait before that.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// The stable reason. For a [`Fault`] it is the server's.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Endpoint { .. } => "ENDPOINT_INVALID",
            Self::Option { .. } => "OPTION_INVALID",
            Self::Fault(fault) => &fault.reason,
            Self::Unreachable { .. } => "UNREACHABLE",
            Self::ConnectionLost { .. } => "CONNECTION_LOST",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Unknown { .. } => "OUTCOME_UNKNOWN",
            Self::Status { .. } => "UNEXPECTED_STATUS",
            Self::Malformed { .. } => "ANSWER_MALFORMED",
            Self::Closed => "CLIENT_CLOSED",
        }
    }

    /// Whether the same call, with the same ids, may have an answer when made again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.retry_after.is_some() || fault.code == Code::Unavailable,
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::DeadlineExceeded
            | Self::Unknown { .. } => true,
            Self::Status { code, .. } => matches!(code, Code::Unavailable | Code::Cancelled),
            Self::Endpoint { .. } | Self::Option { .. } | Self::Malformed { .. } | Self::Closed => {
                false
            }
        }
    }

    pub(crate) fn malformed(what: &'static str) -> Self {
        Self::Malformed { what }
    }

    pub(crate) fn unknown(cause: Self) -> Self {
        Self::Unknown { cause: Box::new(cause) }
    }
}
