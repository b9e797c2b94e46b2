"""The feed, and how the engine is."""

from __future__ import annotations

from collections.abc import Iterable

from florin._calls.base import Caller
from florin._event import EventKind
from florin._feed import Subscription, subscribe_request
from florin._ids import AccountKey
from florin._retry import Kind
from florin._status import Status
from florin.v1 import admin_pb2 as pb


class EventCalls(Caller):
    """The feed and the status."""

    def subscribe(
        self,
        cursor: str | None = None,
        *,
        from_end: bool = False,
        accounts: Iterable[AccountKey] = (),
        name_prefixes: Iterable[str] = (),
        assets: Iterable[str] = (),
        kinds: Iterable[EventKind] = (),
        batch_events: int = 0,
        until_live: bool = False,
        patience: float | None = None,
    ) -> Subscription:
        """Every event, exactly once and in order: right after `cursor`, else from the first, or from now on.

        Filters narrow it down: to events that change one of these accounts, or one whose name begins so, of these
        assets, of these kinds. It goes on for ever, unless `until_live`: then it ends when all that is on disk was
        given. `batch_events` (1 to 8,190, 0: 1,024) is how many a batch has at most. When the connection breaks, a
        new one is tried for `patience` seconds (the client's deadline if None; `math.inf` for ever).
        """
        request = subscribe_request(cursor, from_end, accounts, name_prefixes, assets, kinds, batch_events)
        wait = self._deadline_s if patience is None else patience
        return Subscription(self._connection, request, until_live, wait)

    def status(self) -> Status:
        """How the engine is: what it holds, how far it is durable, whether it takes payments."""
        return Status.of_wire(self._call(Kind.READ, self._connection.admin.GetStatus, pb.GetStatusRequest()))

    def accept_clock(self) -> bool:
        """Says that the server's clock is right. True if holds and payments were held back until now."""
        # Saying it twice is saying it once.
        response = self._call(Kind.IDEMPOTENT, self._connection.admin.AcceptClock, pb.AcceptClockRequest())
        return response.was_paused
