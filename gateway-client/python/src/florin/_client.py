"""The client."""

from __future__ import annotations

import copy
from types import TracebackType
from typing import Self

from florin._calls.accounts import AccountCalls
from florin._calls.events import EventCalls
from florin._calls.payments import PaymentCalls
from florin._calls.transfers import TransferCalls
from florin._channel import Connection
from florin._options import DEADLINE_MAX_S, Retry, check
from florin._stream import Coalescer


class Client(AccountCalls, TransferCalls, PaymentCalls, EventCalls):
    """A connection to a Florin server. Thread safe: make one, share it, close it at the end (or use ``with``).

    It connects at the first call, whose retries then cover a server that is still starting. Make it after a fork, not
    before.
    """

    def __init__(self, address: str = "127.0.0.1:7411", *, deadline: float = 10.0, retry: Retry | None = None) -> None:
        """A client of the server at `address`, ``host:port``.

        A call ends within `deadline` seconds, all its attempts included. `retry` says when and how often it is tried.
        """
        check(deadline > 0, "deadline", "longer than zero")
        self._deadline_s = min(deadline, DEADLINE_MAX_S)
        self._connection = Connection(address, retry or Retry())
        self._coalescer = Coalescer(self._connection)

    def with_deadline(self, deadline: float) -> Self:
        """The same client with another deadline for its calls. Both share the connection: close one of them."""
        check(deadline > 0, "deadline", "longer than zero")
        other = copy.copy(self)
        other._deadline_s = min(deadline, DEADLINE_MAX_S)
        return other

    def close(self) -> None:
        """Waits for the answers to transfers that are on their way, then ends the connection. Safe to repeat."""
        self._coalescer.close(self._deadline_s)
        self._connection.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()

    def __repr__(self) -> str:
        """Its address and deadline."""
        return f"Client({self._connection.address!r}, deadline={self._deadline_s})"
