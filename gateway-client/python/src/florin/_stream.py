"""Many single payments, one stream.

Callers hand in their transfers from any thread. One `StreamTransfers` stream carries them in that order, and gives the
answers in the same order. There is no timer: a lone transfer leaves at once, and what comes together the server
commits together. When the stream breaks, whatever was not answered goes out again, under the same ids, on a new one.

Two threads serve all callers: gRPC's, which takes transfers out of `_requests`, and `_run`, which reads the answers.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from enum import Enum, auto

import grpc

from florin._channel import Connection
from florin._exceptions import ClientClosed, ConnectionLost, DeadlineExceeded, FlorinError, Malformed, UnexpectedStatus
from florin._failure import Effect, Failure, failure_of
from florin._retry import Attempts, pause
from florin._wire import minor
from florin.v1 import ledger_pb2 as pb


class _State(Enum):
    QUEUED = auto()
    SENT = auto()
    #: Its caller was told, or has gone. It keeps its place among those sent, since its answer will come.
    DONE = auto()


class Pending:
    """A transfer on its way, and the way back to its caller."""

    __slots__ = ("answer", "attempts", "deadline", "done", "error", "id", "last", "state", "wire")

    def __init__(self, wire: pb.NewTransfer, deadline: float, attempts: Attempts) -> None:
        """Not handed in yet."""
        self.wire = wire
        self.id = minor(wire.id)
        self.deadline = deadline
        self.attempts = attempts
        self.state = _State.QUEUED
        self.done = threading.Event()
        self.answer: pb.TransferResult | None = None
        self.error: FlorinError | None = None
        #: What its last attempt ended with.
        self.last: FlorinError | None = None

    def fail(self, error: FlorinError) -> None:
        """Tells its caller that there is no answer."""
        self.error = self.attempts.verdict(error)
        self.finish()

    def finish(self) -> None:
        """Wakes its caller. Without answer and error: it shall ask alone."""
        self.state = _State.DONE
        self.done.set()


class _Stream:
    """One stream, from its opening to its end."""

    def __init__(self) -> None:
        self.open = True
        self.call: grpc._CallIterator[pb.TransferResult] | None = None
        #: Sent and not answered, in order.
        self.in_flight: deque[Pending] = deque()
        self.answered = 0
        #: When an answer was last seen, or when the first transfer went out.
        self.progress = time.monotonic()
        self.stalled = False


class Coalescer:
    """Where callers hand in their transfers."""

    def __init__(self, connection: Connection) -> None:
        """Opens nothing yet."""
        self._connection = connection
        self._retry = connection.retry
        self._changed = threading.Condition()
        self._queue: deque[Pending] = deque()
        self._stream: _Stream | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, wire: pb.NewTransfer, deadline: float, attempts: Attempts) -> pb.TransferResult | None:
        """Hands in a transfer and waits for its answer, until the deadline (of `time.monotonic`).

        None: the stream ended in a way that may be due to any of those on it. Ask again with a call of its own.
        """
        pending = Pending(wire, deadline, attempts)
        with self._changed:
            if self._closed:
                raise ClientClosed("the client is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="florin-stream", daemon=True)
                self._thread.start()
            self._queue.append(pending)
            self._changed.notify_all()
        while not pending.done.wait(max(min(deadline - time.monotonic(), self._retry.attempt_timeout), 0)):
            if time.monotonic() >= deadline:
                self._give_up(pending)
            else:
                self._look_after_stream()
        if pending.error is not None:
            raise pending.error
        return pending.answer

    def close(self, patience_s: float) -> None:
        """Takes no more transfers, waits for the answers to those sent, and ends the stream."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        thread.join(patience_s)
        with self._changed:
            call = self._stream.call if self._stream else None
        if call is not None and thread.is_alive():
            call.cancel()
            thread.join(patience_s)

    def _give_up(self, pending: Pending) -> None:
        """Its deadline has passed."""
        with self._changed:
            if pending.state is _State.DONE:
                return
            if pending.state is _State.SENT:
                pending.attempts.maybe_applied = True
                pending.last = None
            pending.fail(pending.last or DeadlineExceeded("no answer within the deadline"))

    def _look_after_stream(self) -> None:
        """Ends a stream on which nothing moves. Those who wait do it, since they are there when it matters."""
        with self._changed:
            stream = self._stream
            if stream is None or not stream.in_flight or stream.call is None:
                return
            if time.monotonic() - stream.progress < self._retry.attempt_timeout:
                return
            stream.stalled = True
            call = stream.call
        call.cancel()

    def _run(self) -> None:
        try:
            self._serve_streams()
        finally:
            # Should this end by a mistake of its own, the next transfer begins anew.
            with self._changed:
                self._thread = None

    def _serve_streams(self) -> None:
        failed = 0
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                if self._closed:
                    self._fail_all(ClientClosed("the client is closed"))
                    return
                stream = self._stream = _Stream()
            failure = self._serve(stream)
            failed = 1 if stream.answered else failed + 1
            wait = failure.retry_after_s + self._retry.backoff(failed, random.random())
            with self._changed:
                stream.open = False
                self._stream = None
                # gRPC's thread waits for more to send.
                self._changed.notify_all()
                was_broken = self._put_back(stream, failure, time.monotonic() + wait)
            if was_broken:
                pause(self._connection.closed, wait)
            else:
                failed = 0

    def _serve(self, stream: _Stream) -> Failure:
        """Reads answers until the stream ends. Says how it ended."""
        try:
            call = self._connection.ledger.StreamTransfers(self._requests(stream))
            with self._changed:
                stream.call = call
            try:
                for result in call:
                    self._answer(stream, result)
            except Malformed as error:
                call.cancel()
                return Failure(error, Effect.FINAL)
            return Failure(ConnectionLost("the server ended the stream"), Effect.LOST)
        except grpc.RpcError as error:
            if stream.stalled:
                return Failure(DeadlineExceeded("no answer for too long"), Effect.LOST)
            return failure_of(error, self._connection.address)
        except ValueError as error:
            # How gRPC says that the channel was closed.
            if not self._connection.closed.is_set():
                raise
            return Failure(ClientClosed(str(error)), Effect.NOT_TAKEN)

    def _requests(self, stream: _Stream) -> Iterator[pb.NewTransfer]:
        """What goes out on the stream. gRPC takes the next one when the one before is on its way."""
        while True:
            with self._changed:
                while stream.open and not self._queue and not self._closed:
                    self._changed.wait()
                if not stream.open or self._closed:
                    return
                pending = self._queue.popleft()
                if pending.state is _State.DONE:
                    continue
                pending.state = _State.SENT
                if not stream.in_flight:
                    stream.progress = time.monotonic()
                stream.in_flight.append(pending)
            yield pending.wire

    def _answer(self, stream: _Stream, result: pb.TransferResult) -> None:
        with self._changed:
            if not stream.in_flight:
                raise Malformed("an answer to nothing that was asked")
            if minor(result.id) != stream.in_flight[0].id:
                # Nobody hears of it: whoever it was for, and whoever stands here, will ask alone.
                raise Malformed("a result for another transfer")
            pending = stream.in_flight.popleft()
            stream.progress = time.monotonic()
            stream.answered += 1
            pending.answer = result
            pending.finish()

    def _put_back(self, stream: _Stream, failure: Failure, resume_at: float) -> bool:
        """Lets those who were on a broken stream wait for the next one. Whether anybody was hit by it."""
        sent = [pending for pending in stream.in_flight if pending.state is _State.SENT]
        waiting = [pending for pending in self._queue if pending.state is _State.QUEUED]
        never_sent = failure.effect is Effect.NOT_TAKEN and failure.error.reason == "UNREACHABLE"
        # Whatever status ends a stream, what was sent and not answered may have been done.
        lost = failure if never_sent else Failure(failure.error, Effect.LOST)
        self._queue.clear()
        if failure.effect is Effect.FINAL:
            for pending in sent:
                pending.attempts.maybe_applied |= not isinstance(failure.error, UnexpectedStatus)
            for pending in sent + waiting:
                pending.finish()
            return False
        for pending in sent:
            self._try_again(pending, lost, resume_at)
        for pending in waiting:
            if failure.effect is Effect.NOT_TAKEN:
                self._try_again(pending, failure, resume_at)
            else:
                self._queue.append(pending)
        return bool(sent or waiting)

    def _try_again(self, pending: Pending, failure: Failure, resume_at: float) -> None:
        again = pending.attempts.after(failure) is not None
        pending.last = failure.error
        if again and pending.deadline > resume_at:
            pending.state = _State.QUEUED
            self._queue.append(pending)
        else:
            pending.fail(failure.error)

    def _fail_all(self, error: FlorinError) -> None:
        for pending in self._queue:
            if pending.state is _State.QUEUED:
                pending.fail(error)
        self._queue.clear()
