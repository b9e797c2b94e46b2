"""What all calls share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import grpc

from florin import _retry
from florin._channel import Connection
from florin._exceptions import Refused
from florin._retry import Attempts, Kind
from florin._stream import Coalescer

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")


class Caller:
    """A connection, a deadline, and the stream of single payments."""

    _connection: Connection
    _coalescer: Coalescer
    _deadline_s: float

    def _deadline(self) -> float:
        """When a call that begins now must have ended, of `time.monotonic`."""
        return time.monotonic() + self._deadline_s

    def _call(self, kind: Kind, method: grpc.UnaryUnaryMultiCallable[Q, A], request: Q) -> A:
        attempts = Attempts(kind, self._connection.retry)
        return _retry.call(self._connection, attempts, self._deadline(), method, request)


def accepted(answer: T | Refused) -> T:
    """The answer, unless it is no: then that is raised."""
    if isinstance(answer, Refused):
        raise answer
    return answer


def pages(fetch: Callable[[str], tuple[Iterable[T], str]]) -> Iterator[T]:
    """Everything in a listing, page after page: `fetch` takes a token and gives a page and the next token."""
    token = ""
    while True:
        page, token = fetch(token)
        yield from page
        if not token:
            return
