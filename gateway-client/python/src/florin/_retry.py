"""Whether another attempt follows, and the attempts of one call."""

from __future__ import annotations

import random
import threading
import time
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeVar

import grpc

from florin._exceptions import ClientClosed, Fault, FlorinError, OutcomeUnknown
from florin._failure import Effect, Failure, failure_of
from florin._options import Retry

if TYPE_CHECKING:
    from florin._channel import Connection

Q = TypeVar("Q")
A = TypeVar("A")


class Kind(Enum):
    """What a call does when it is made twice."""

    #: It changes nothing.
    READ = auto()
    #: It has ids: the second time is answered as the first.
    IDEMPOTENT = auto()
    #: It has no id, so another's change in between would be overwritten: a lost answer ends it.
    ONCE = auto()


class Attempts:
    """The attempts of one call."""

    def __init__(self, kind: Kind, retry: Retry) -> None:
        """None yet."""
        self._kind = kind
        self._retry = retry
        self._failed = 0
        #: An attempt may have been applied.
        self.maybe_applied = False

    def after(self, failure: Failure) -> float | None:
        """Takes note of a failure. Seconds to wait before the next attempt, or None to give up."""
        self._failed += 1
        lost = failure.effect is Effect.LOST
        self.maybe_applied |= lost
        again = failure.effect is Effect.NOT_TAKEN or (lost and self._kind is not Kind.ONCE)
        if not again or self._failed >= self._retry.attempts:
            return None
        return failure.retry_after_s + self._retry.backoff(self._failed, random.random())

    def verdict(self, error: FlorinError) -> FlorinError:
        """What to tell the caller when no attempt follows."""
        # A fault of the call is found before anything is applied, so it would have been found in the lost attempt too.
        is_fault = isinstance(error, Fault) and not error.retryable
        if self._kind is not Kind.READ and self.maybe_applied and not is_fault:
            return OutcomeUnknown(error)
        return error


def call(
    connection: Connection,
    attempts: Attempts,
    deadline: float,
    method: grpc.UnaryUnaryMultiCallable[Q, A],
    request: Q,
) -> A:
    """Makes a call, again and again while that may help, until the deadline (of `time.monotonic`)."""
    while True:
        left = deadline - time.monotonic()
        try:
            return method(request, timeout=max(min(left, connection.retry.attempt_timeout), 0.001))
        except grpc.RpcError as error:
            failure = failure_of(error, connection.address)
        except ValueError as error:
            # How gRPC says that the channel was closed.
            if not connection.closed.is_set():
                raise
            raise attempts.verdict(ClientClosed("the client is closed")) from error
        wait = attempts.after(failure)
        if wait is None or time.monotonic() + wait >= deadline:
            raise attempts.verdict(failure.error)
        pause(connection.closed, wait)


def pause(closed: threading.Event, seconds: float) -> None:
    """Waits, unless the client is closed meanwhile."""
    closed.wait(seconds)
