"""The feed, followed across broken connections."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import grpc

from florin._channel import Connection
from florin._event import Event, EventBatch, EventKind
from florin._exceptions import ClientClosed, ConnectionLost, Fault, FlorinError, Malformed
from florin._failure import Effect, Failure, failure_of
from florin._ids import AccountKey
from florin._retry import pause
from florin._wire import key_to_wire
from florin.v1 import event_pb2 as pb


class Subscription(Iterator[Event]):
    """Events from a cursor on, exactly once and in order. Made by `Client.subscribe`.

    Iterate over it for events, or over `batches()`; a consumer has one thread. It opens its stream at the first event
    that is asked for. A broken connection is made again, and the feed goes on where it was; if no server can be
    reached for `patience` seconds the error is raised, and asking for the next event tries again. `close()`, which may
    come from any thread, ends it; so does leaving its ``with`` block.
    """

    def __init__(self, connection: Connection, request: pb.SubscribeRequest, until_live: bool, patience: float) -> None:
        """Nothing is sent yet."""
        self._connection = connection
        self._request = request
        self._until_live = until_live
        self._patience = patience
        self._events: deque[Event] = deque()
        self._call: grpc._CallIterator[pb.EventBatch] | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ended = False
        #: Right after the last batch that was received.
        self._received: str | None = request.cursor or None
        self._cursor = self._received
        self._last_sequence = 0

    @property
    def cursor(self) -> str | None:
        """Where to go on: store it when you are done with the event or batch you have, and subscribe with it later.

        It moves with the last event of a batch, so what comes again after a subscription from it are at most the
        events of the batch in which you stopped; sequences tell which you know. None until there is one.
        """
        return self._cursor

    def __iter__(self) -> Self:
        """Itself."""
        return self

    def __next__(self) -> Event:
        """The next event. Waits for one."""
        while not self._events:
            batch = self._next_batch()
            self._events.extend(batch.events)
            if not batch.events:
                self._cursor = self._received
        event = self._events.popleft()
        if not self._events:
            self._cursor = self._received
        return event

    def batches(self) -> Iterator[EventBatch]:
        """The events as they come, in batches; empty ones only move the cursor on."""
        while True:
            if self._events:  # a batch was begun event by event
                events, self._events = list(self._events), deque()
                batch = EventBatch(events, self._received or "", live=False)
            else:
                try:
                    batch = self._next_batch()
                except StopIteration:
                    return
            self._cursor = self._received
            yield batch

    def close(self) -> None:
        """Ends it. What was received and not taken stays to be taken."""
        with self._lock:
            self._closed.set()
            call = self._call
        if call is not None:
            call.cancel()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()

    def _next_batch(self) -> EventBatch:
        failed = 0
        give_up_at = math.inf
        while not self._ended and not self._closed.is_set():
            result = self._receive()
            if isinstance(result, EventBatch):
                return self._accept(result)
            if self._closed.is_set():
                break
            if self._connection.closed.is_set():
                raise ClientClosed("the client is closed")
            failed += 1
            if failed == 1:
                give_up_at = time.monotonic() + self._patience
            wait = result.retry_after_s + self._connection.retry.backoff(failed, random.random())
            if not self._may_resume(result) or time.monotonic() + wait > give_up_at:
                raise result.error
            pause(self._closed, wait)
        self.close()
        raise StopIteration

    def _receive(self) -> EventBatch | Failure:
        """One batch, or how the stream ended."""
        try:
            with self._lock:
                if self._closed.is_set():
                    return Failure(ClientClosed("the subscription is closed"), Effect.FINAL)
                if self._call is None:
                    self._call = self._connection.events.Subscribe(self._request_from_here())
                call = self._call
            return EventBatch.of_wire(next(call))
        except StopIteration:
            failure = Failure(ConnectionLost("the server ended the feed"), Effect.LOST)
        except grpc.RpcError as error:
            failure = failure_of(error, self._connection.address)
        except ValueError:
            # How gRPC says that the channel was closed.
            if not self._connection.closed.is_set():
                raise
            failure = Failure(ClientClosed("the client is closed"), Effect.FINAL)
        except FlorinError as error:
            failure = Failure(error, Effect.FINAL)
        with self._lock:
            if self._call is not None:
                self._call.cancel()
            self._call = None
        return failure

    def _accept(self, batch: EventBatch) -> EventBatch:
        for event in batch.events:
            if event.sequence <= self._last_sequence:
                self.close()
                raise Malformed(f"event {event.sequence} after event {self._last_sequence}")
            self._last_sequence = event.sequence
        self._received = batch.cursor
        self._ended = self._until_live and batch.live
        return batch

    def _request_from_here(self) -> pb.SubscribeRequest:
        request = pb.SubscribeRequest()
        request.CopyFrom(self._request)
        if self._received is not None:
            request.cursor = self._received
        return request

    def _may_resume(self, failure: Failure) -> bool:
        if isinstance(failure.error, Fault) and failure.error.reason == "SUBSCRIBER_SLOW":
            return True
        if failure.effect is Effect.LOST and self._received is None and self._request.WhichOneof("from") == "end":
            # Another "from now on" would leave out what happened in between, and nobody would know.
            return False
        return failure.effect is not Effect.FINAL


def subscribe_request(
    cursor: str | None,
    from_end: bool,
    accounts: Iterable[AccountKey],
    name_prefixes: Iterable[str],
    assets: Iterable[str],
    kinds: Iterable[EventKind],
    batch_events: int,
) -> pb.SubscribeRequest:
    """The request that a subscription begins with."""
    if cursor is not None and from_end:
        raise TypeError("a subscription begins after a cursor or at the end, not both")
    filter = pb.EventFilter(
        accounts=[key_to_wire(key) for key in accounts],
        name_prefixes=name_prefixes,
        assets=assets,
        kinds=[f"EVENT_KIND_{kind.name}" for kind in kinds],
    )
    request = pb.SubscribeRequest(batch_events=batch_events, filter=filter if filter.ByteSize() else None)
    if cursor is not None:
        request.cursor = cursor
    elif from_end:
        request.end = True
    else:
        request.beginning = True
    return request
