"""What a failed attempt means, whether another follows, and what the caller hears if none does."""

from __future__ import annotations

import pickle
import unittest
from typing import Any, cast

import grpc

import florin
from florin import Fault, FlorinError, OutcomeUnknown, Refusal, Refused, Retry, TransferId, _exceptions
from florin._channel import target
from florin._failure import Effect, Failure, failure_of
from florin._retry import Attempts, Kind
from tests.fake import Fail

RETRY = Retry(attempts=4, attempt_timeout=1.0, base_backoff=0.010, max_backoff=0.035)
FINAL, NOT_TAKEN, LOST = Effect.FINAL, Effect.NOT_TAKEN, Effect.LOST


class Status(Exception):
    """A status as gRPC gives it."""

    def __init__(self, code: str, message: str = "", reason: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(code, message, reason)
        self._code, self._message = grpc.StatusCode[code], message
        fail = Fail(code, reason, retry_after_s, {"limit": "8190"})
        self._trailing = (("grpc-status-details-bin", fail._details(self._code)),) if reason else ()

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._message

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        return self._trailing


class Foreign(Status):
    """A status with details that are not Florin's, or none at all."""

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        return (("other-bin", b"\xff"), ("grpc-status-details-bin", b"\xff\xff"))


def failure(code: str, message: str = "", reason: str = "", retry_after_s: float | None = None) -> Failure:
    return failure_of(cast(Any, Status(code, message, reason, retry_after_s)), "127.0.0.1:7411")


class Statuses(unittest.TestCase):
    def test_what_a_status_means(self) -> None:
        for status, reason, effect, retryable in (
            (Status("RESOURCE_EXHAUSTED", "", "OVERLOADED", 0.05), "OVERLOADED", NOT_TAKEN, True),
            (Status("UNAVAILABLE", "", "SHUTTING_DOWN"), "SHUTTING_DOWN", NOT_TAKEN, True),
            (Status("UNAVAILABLE", "", "DISK_FULL", 0.0), "DISK_FULL", NOT_TAKEN, True),
            (Status("INVALID_ARGUMENT", "", "BATCH_EMPTY"), "BATCH_EMPTY", FINAL, False),
            (Status("FAILED_PRECONDITION", "", "ACCOUNT_NOT_EMPTY"), "ACCOUNT_NOT_EMPTY", FINAL, False),
            (Status("DATA_LOSS", "", "JOURNAL_UNREADABLE"), "JOURNAL_UNREADABLE", FINAL, False),
            (Status("UNAVAILABLE", "failed to connect to all addresses; …"), "UNREACHABLE", NOT_TAKEN, True),
            (Status("UNAVAILABLE", "errors resolving ledger:1: …"), "UNREACHABLE", NOT_TAKEN, True),
            (Status("UNAVAILABLE", "Stream removed (Socket closed)"), "CONNECTION_LOST", LOST, True),
            (Status("UNAVAILABLE", "proxy"), "CONNECTION_LOST", LOST, True),
            (Status("DEADLINE_EXCEEDED", "Deadline Exceeded"), "DEADLINE_EXCEEDED", LOST, True),
            (Status("CANCELLED", "timeout"), "UNEXPECTED_STATUS", LOST, True),
            (Status("UNKNOWN"), "UNEXPECTED_STATUS", LOST, False),
            (Status("INTERNAL"), "UNEXPECTED_STATUS", LOST, False),
            (Status("ABORTED"), "UNEXPECTED_STATUS", LOST, False),
            (Status("DATA_LOSS"), "UNEXPECTED_STATUS", LOST, False),
            (Status("UNIMPLEMENTED", "old"), "UNEXPECTED_STATUS", FINAL, False),
            (Status("PERMISSION_DENIED"), "UNEXPECTED_STATUS", FINAL, False),
            (Foreign("INVALID_ARGUMENT"), "UNEXPECTED_STATUS", FINAL, False),
        ):
            with self.subTest(status=status.args):
                found = failure_of(cast(Any, status), "127.0.0.1:7411")
                self.assertEqual((found.error.reason, found.effect, found.error.retryable), (reason, effect, retryable))

    def test_a_fault_with_all_its_parts(self) -> None:
        fault = failure("RESOURCE_EXHAUSTED", "busy", "OVERLOADED", 0.25).error
        assert isinstance(fault, Fault)
        found = (fault.reason, fault.message, fault.metadata, fault.code, fault.retry_after_s, str(fault))
        self.assertEqual(
            found, ("OVERLOADED", "busy", {"limit": "8190"}, "RESOURCE_EXHAUSTED", 0.25, "busy (OVERLOADED)")
        )


class OneCall(unittest.TestCase):
    def test_waits_double_up_to_the_longest_and_are_shortened_by_up_to_a_half(self) -> None:
        for failed, random, wait in (
            (1, 0.0, 0.010),
            (2, 0.0, 0.020),
            (3, 0.0, 0.035),
            (1_000, 0.0, 0.035),
            (1, 0.5, 0.0075),
            (2, 0.5, 0.015),
            (1, 1.0, 0.005),
        ):
            with self.subTest(failed=failed, random=random):
                self.assertAlmostEqual(RETRY.backoff(failed, random), wait)

    def test_whether_another_attempt_follows_and_what_the_caller_hears_if_not(self) -> None:
        shutting_down = failure("UNAVAILABLE", "", "SHUTTING_DOWN")
        invalid = failure("INVALID_ARGUMENT", "", "MODE_UNKNOWN")
        lost = failure("UNAVAILABLE", "Socket closed")
        denied = failure("PERMISSION_DENIED")
        read, idempotent, once = Kind.READ, Kind.IDEMPOTENT, Kind.ONCE
        for kind, failures, again, reason in (
            (read, [lost], True, "CONNECTION_LOST"),
            (idempotent, [lost], True, "OUTCOME_UNKNOWN"),
            (once, [lost], False, "OUTCOME_UNKNOWN"),
            (read, [shutting_down], True, "SHUTTING_DOWN"),
            (idempotent, [shutting_down], True, "SHUTTING_DOWN"),
            (once, [shutting_down], True, "SHUTTING_DOWN"),
            (idempotent, [invalid], False, "MODE_UNKNOWN"),
            (idempotent, [denied], False, "UNEXPECTED_STATUS"),
            (idempotent, [lost, shutting_down], True, "OUTCOME_UNKNOWN"),
            (idempotent, [lost, invalid], False, "MODE_UNKNOWN"),
            (idempotent, [lost, denied], False, "OUTCOME_UNKNOWN"),
            (read, [lost, denied], False, "UNEXPECTED_STATUS"),
            (idempotent, [shutting_down] * 4, False, "SHUTTING_DOWN"),
        ):
            with self.subTest(kind=kind, failures=[f.error.reason for f in failures]):
                attempts = Attempts(kind, RETRY)
                waits = [attempts.after(failed) for failed in failures]
                self.assertEqual(waits[-1] is not None, again)
                self.assertEqual(attempts.verdict(failures[-1].error).reason, reason)

    def test_the_wait_that_the_server_asks_for_is_kept(self) -> None:
        wait = Attempts(Kind.IDEMPOTENT, RETRY).after(failure("UNAVAILABLE", "", "OVERLOADED", 0.3))
        assert wait is not None
        self.assertTrue(0.3 <= wait <= 0.3 + RETRY.base_backoff, wait)


class Options(unittest.TestCase):
    def test_addresses(self) -> None:
        for address, expected in (
            ("127.0.0.1:7411", "dns:///127.0.0.1:7411"),
            ("http://127.0.0.1:7411", "dns:///127.0.0.1:7411"),
            ("ledger.example:7411", "dns:///ledger.example:7411"),
            ("[::1]:7411", "dns:///[::1]:7411"),
            ("https://127.0.0.1:7411", None),
            ("unix:///socket", None),
            ("127.0.0.1", None),
            ("127.0.0.1:0", None),
            ("127.0.0.1:65536", None),
            ("two words:1", None),
            ("", None),
        ):
            with self.subTest(address=address):
                if expected is not None:
                    self.assertEqual(target(address), expected)
                    continue
                with self.assertRaises(florin.Invalid) as raised:
                    florin.Client(address)
                self.assertEqual(raised.exception.reason, "ENDPOINT_INVALID")

    def test_ranges(self) -> None:
        for make in (
            lambda: Retry(attempts=0),
            lambda: Retry(attempt_timeout=0),
            lambda: Retry(max_backoff=0),
            lambda: Retry(base_backoff=-1),
            lambda: florin.Client(deadline=0),
            lambda: florin.Client().with_deadline(-1),
        ):
            with self.assertRaises(florin.Invalid) as raised:
                make()
            self.assertEqual(raised.exception.reason, "OPTION_INVALID")


class Tree(unittest.TestCase):
    REFUSED = Refused(Refusal("INSUFFICIENT_FUNDS", "too little"), TransferId(7), True, 3, 4)
    ALL: tuple[FlorinError, ...] = (
        REFUSED,
        Fault("OVERLOADED", "busy", {"a": "b"}, "RESOURCE_EXHAUSTED", 0.5),
        florin.Unreachable("no"),
        florin.ConnectionLost("no"),
        florin.DeadlineExceeded("no"),
        OutcomeUnknown(florin.ConnectionLost("no")),
        florin.UnexpectedStatus("CANCELLED", "no"),
        florin.Malformed("no"),
        florin.ClientClosed("no"),
        florin.AmountError("AMOUNT_ZERO", "no"),
        florin.Invalid("NAME_INVALID", "no"),
    )

    def test_each_goes_to_another_process_and_back(self) -> None:
        for error in self.ALL:
            with self.subTest(error=repr(error)):
                again = pickle.loads(pickle.dumps(error))
                self.assertEqual((type(again), again.reason, str(again)), (type(error), error.reason, str(error)))
        again = pickle.loads(pickle.dumps(self.REFUSED))
        self.assertEqual((again.id, again.refusal, again.sequence), (7, self.REFUSED.refusal, 3))

    def test_the_drawing_has_them_all(self) -> None:
        drawn = _exceptions.__doc__ or ""
        made = {type(error).__name__ for error in self.ALL}
        defined = {
            name
            for name, thing in vars(_exceptions).items()
            if isinstance(thing, type) and issubclass(thing, FlorinError)
        }
        self.assertEqual(defined - {"FlorinError"}, made)
        for name in made:
            self.assertIn(f"── {name} ", drawn)

    def test_what_python_knows_them_as(self) -> None:
        for error, kind in (
            (florin.DeadlineExceeded("no"), TimeoutError),
            (florin.AmountError("AMOUNT_ZERO", "no"), ValueError),
            (florin.Invalid("NAME_INVALID", "no"), ValueError),
        ):
            self.assertIsInstance(error, kind)
