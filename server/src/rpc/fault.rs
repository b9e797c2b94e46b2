//! Faults of a call: a gRPC status with `google.rpc.ErrorInfo`, and `RetryInfo` where it helps.

use std::collections::HashMap;
use std::time::Duration;

use florin_actors::command::Unavailable;
use florin_proto::ERROR_DOMAIN;
use florin_proto::v1::Refusal;
use florin_proto::v1::refusal::Reason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// When a full queue may have room again.
const RETRY_OVERLOADED: Duration = Duration::from_millis(20);
/// When a stopped or full server may take writes again.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(1);

/// A status with a stable reason.
pub(super) fn status(
    reason: Reason,
    message: impl Into<String>,
    metadata: impl IntoIterator<Item = (&'static str, String)>,
) -> Status {
    let (code, retry) = match reason {
        Reason::MessageTooLarge
        | Reason::CursorArchived
        | Reason::CursorAhead
        | Reason::MomentAhead => (Code::OutOfRange, None),
        Reason::ShuttingDown | Reason::DiskFull => (Code::Unavailable, Some(RETRY_UNAVAILABLE)),
        Reason::Overloaded => (Code::ResourceExhausted, Some(RETRY_OVERLOADED)),
        Reason::JournalUnreadable => (Code::DataLoss, None),
        Reason::AccountNotFound | Reason::PaymentNotFound => (Code::NotFound, None),
        Reason::LineageChanged | Reason::Fenced => (Code::FailedPrecondition, None),
        Reason::SubscriberSlow => (Code::ResourceExhausted, None),
        reason if reason as i32 >= Reason::IdReused as i32 => (Code::FailedPrecondition, None),
        _ => (Code::InvalidArgument, None),
    };
    let metadata: HashMap<_, _> =
        metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let mut details = ErrorDetails::new();
    details.set_error_info(reason.as_str_name(), ERROR_DOMAIN, metadata);
    if let Some(delay) = retry {
        details.set_retry_info(Some(delay));
    }
    Status::with_error_details(code, message, details)
}

/// A status with a stable reason that only operators meet: it is not among those of payments.
pub(crate) fn of_operators(code: Code, reason: &str, message: impl Into<String>) -> Status {
    let details =
        ErrorDetails::with_error_info(reason, ERROR_DOMAIN, HashMap::<String, String>::new());
    Status::with_error_details(code, message, details)
}

/// A refusal as a status, where a call has only one thing to say.
pub(super) fn refusal(refusal: &Refusal) -> Status {
    let number =
        |value: Option<florin_proto::v1::Uint128>| value.map(|value| u128::from(value).to_string());
    let metadata = [
        ("field", Some(refusal.field.clone()).filter(|field| !field.is_empty())),
        ("account_id", refusal.account_id.map(|id| format!("{:032x}", u128::from(id)))),
        ("missing", number(refusal.missing)),
    ];
    let metadata = metadata.into_iter().filter_map(|(key, value)| Some((key, value?)));
    status(refusal.reason(), refusal.message.clone(), metadata)
}

/// A command that was not taken.
pub(super) fn unavailable(why: Unavailable) -> Status {
    match why {
        Unavailable::ShuttingDown => {
            status(Reason::ShuttingDown, "the server is stopping: try again, same id", [])
        }
        Unavailable::Fenced => {
            let message = "another server has taken over from this one: send it there, same id";
            status(Reason::Fenced, message, [])
        }
        Unavailable::DiskFull => status(
            Reason::DiskFull,
            "no room for the journal: nothing is written until there is; try again, same id",
            [],
        ),
        Unavailable::Overloaded => {
            status(Reason::Overloaded, "more is queued than is taken: try again, same id", [])
        }
        Unavailable::TooLarge { bytes, limit_bytes } => status(
            Reason::BatchTooLarge,
            format!("the batch could take {bytes} bytes of journal, {limit_bytes} fit one commit"),
            [("limit_bytes", limit_bytes.to_string())],
        ),
        Unavailable::Unreadable(error) => status(
            Reason::JournalUnreadable,
            format!("the record of a known id could not be read back: {error}"),
            [],
        ),
    }
}
