use std::collections::HashMap;

use tonic_types::{ErrorDetails, StatusExt};

use super::*;

const RETRY: Retry = Retry {
    attempts: 4,
    attempt_timeout: Duration::from_secs(1),
    base_backoff: Duration::from_millis(10),
    max_backoff: Duration::from_millis(35),
};

fn florin(code: Code, reason: &str, retry_after: Option<Duration>) -> tonic::Status {
    let mut details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, HashMap::new());
    if retry_after.is_some() {
        details.set_retry_info(retry_after);
    }
    tonic::Status::with_error_details(code, "said the server", details)
}

#[test]
fn waits_double_up_to_the_longest_and_are_shortened_by_up_to_a_half() {
    for (failed, random, wait_us) in [
        (1, 0, 10_000),
        (2, 0, 20_000),
        (3, 0, 35_000),
        (1_000, 0, 35_000),
        (1, 1 << 31, 7_500),
        (2, 1 << 31, 15_000),
        (3, 1 << 30, 30_625),
    ] {
        let wait = Duration::from_micros(wait_us);
        assert_eq!(backoff(&RETRY, failed, random), wait, "{failed} {random}");
    }
    assert!(backoff(&RETRY, 1, u32::MAX) > Duration::from_millis(5));
}

#[test]
fn what_a_status_means() {
    let overloaded = Some(Duration::from_millis(50));
    let mut broken = tonic::Status::unknown("transport error");
    broken.set_source(std::sync::Arc::new(std::io::Error::other("broken pipe")));
    let mut late = tonic::Status::cancelled("Timeout expired");
    late.set_source(std::sync::Arc::new(TimeoutExpired(())));
    let mut unreachable = tonic::Status::unavailable("tcp connect error");
    let refused = std::io::Error::other("refused");
    unreachable.set_source(std::sync::Arc::new(ConnectError(Box::new(refused))));
    let elsewhere = ErrorDetails::with_error_info("QUOTA", "example.com", HashMap::new());
    let foreign = tonic::Status::with_error_details(Code::InvalidArgument, "", elsewhere);

    for (status, reason, effect) in [
        (
            florin(Code::ResourceExhausted, "OVERLOADED", overloaded),
            "OVERLOADED",
            Effect::NotTaken { retry_after: overloaded },
        ),
        (
            florin(Code::Unavailable, "SHUTTING_DOWN", None),
            "SHUTTING_DOWN",
            Effect::NotTaken { retry_after: None },
        ),
        (
            florin(Code::Unavailable, "DISK_FULL", Some(Duration::ZERO)),
            "DISK_FULL",
            Effect::NotTaken { retry_after: Some(Duration::ZERO) },
        ),
        (florin(Code::InvalidArgument, "BATCH_EMPTY", None), "BATCH_EMPTY", Effect::Final),
        (
            florin(Code::FailedPrecondition, "ACCOUNT_NOT_EMPTY", None),
            "ACCOUNT_NOT_EMPTY",
            Effect::Final,
        ),
        (unreachable, "UNREACHABLE", Effect::NotTaken { retry_after: None }),
        (broken, "CONNECTION_LOST", Effect::Lost),
        (late, "DEADLINE_EXCEEDED", Effect::Lost),
        (tonic::Status::unavailable("proxy"), "UNEXPECTED_STATUS", Effect::Lost),
        (tonic::Status::cancelled("timeout"), "UNEXPECTED_STATUS", Effect::Lost),
        (tonic::Status::unimplemented("old"), "UNEXPECTED_STATUS", Effect::Final),
        (foreign, "UNEXPECTED_STATUS", Effect::Final),
    ] {
        let failure = Failure::from_status(&status, "http://ledger");
        assert_eq!(failure.error.reason(), reason, "{status:?}");
        assert_eq!(failure.effect, effect, "{status:?}");
    }
}

#[test]
fn whether_another_attempt_follows_and_what_the_caller_hears_if_not() {
    let failure = |status| Failure::from_status(&status, "http://ledger");
    let shutting_down = || failure(florin(Code::Unavailable, "SHUTTING_DOWN", None));
    let invalid = || failure(florin(Code::InvalidArgument, "MODE_UNKNOWN", None));
    let lost = || failure(tonic::Status::unavailable("proxy"));
    let denied = || failure(tonic::Status::permission_denied("proxy"));

    // What each attempt ends with; whether another follows the last; what the caller hears if not.
    for (kind, failures, again, reason) in [
        (Kind::Read, vec![lost()], true, "UNEXPECTED_STATUS"),
        (Kind::Idempotent, vec![lost()], true, "OUTCOME_UNKNOWN"),
        (Kind::Once, vec![lost()], false, "OUTCOME_UNKNOWN"),
        (Kind::Read, vec![shutting_down()], true, "SHUTTING_DOWN"),
        (Kind::Idempotent, vec![shutting_down()], true, "SHUTTING_DOWN"),
        (Kind::Once, vec![shutting_down()], true, "SHUTTING_DOWN"),
        (Kind::Idempotent, vec![invalid()], false, "MODE_UNKNOWN"),
        (Kind::Idempotent, vec![denied()], false, "UNEXPECTED_STATUS"),
        (Kind::Idempotent, vec![lost(), shutting_down()], true, "OUTCOME_UNKNOWN"),
        (Kind::Idempotent, vec![lost(), invalid()], false, "MODE_UNKNOWN"),
        (Kind::Idempotent, vec![lost(), denied()], false, "OUTCOME_UNKNOWN"),
        (Kind::Read, vec![lost(), denied()], false, "UNEXPECTED_STATUS"),
        (Kind::Idempotent, vec![shutting_down(); 4], false, "SHUTTING_DOWN"),
    ] {
        let mut attempts = Attempts::new(kind);
        let waits: Vec<_> =
            failures.iter().map(|failure| attempts.after(failure, &RETRY)).collect();
        let error = failures[failures.len() - 1].error.clone();
        let case = format!("{kind:?} {failures:?}");
        assert_eq!(waits[waits.len() - 1].is_some(), again, "{case}");
        assert_eq!(attempts.verdict(error).reason(), reason, "{case}");
    }
}

#[test]
fn the_wait_that_the_server_asks_for_is_kept() {
    let asked = Duration::from_millis(300);
    let status = florin(Code::ResourceExhausted, "OVERLOADED", Some(asked));
    let failure = Failure::from_status(&status, "http://ledger");
    let wait = Attempts::new(Kind::Idempotent).after(&failure, &RETRY).expect("retryable");
    assert!(wait >= asked && wait <= asked + RETRY.base_backoff, "{wait:?}");
}
