"""What a failed attempt means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from florin._exceptions import (
    ConnectionLost,
    DeadlineExceeded,
    Fault,
    FlorinError,
    UnexpectedStatus,
    Unreachable,
)

_ERROR_DOMAIN = "florin.dev"
_DETAILS_KEY = "grpc-status-details-bin"
# How gRPC says that no connection was made. It knows no other way to tell this from a connection that broke. Should
# the wording change, an attempt that was never sent is taken for one that may have been: the safe side.
_NEVER_CONNECTED = ("failed to connect to all addresses", "errors resolving", "DNS resolution failed")
# What may have been applied before it failed. The others are given before anything is looked at.
_LOST = ("UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED", "UNKNOWN", "INTERNAL", "ABORTED", "DATA_LOSS")


class Effect(Enum):
    """What a failed attempt has done on the server."""

    #: Nothing, and the answer will stay the same.
    FINAL = auto()
    #: Nothing: it was not taken, and may be later.
    NOT_TAKEN = auto()
    #: Nobody knows: the answer was lost, if there was one.
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt."""

    error: FlorinError
    effect: Effect

    @property
    def retry_after_s(self) -> float:
        """How long the server asks to wait, seconds."""
        return (self.error.retry_after_s or 0.0) if isinstance(self.error, Fault) else 0.0


def failure_of(error: grpc.RpcError, address: str) -> Failure:
    """Reads how a call ended. gRPC raises errors that are calls too, and carry the status."""
    call = cast(grpc.Call, error)
    code, message = call.code().name, call.details() or ""
    fault = _fault(call, code, message)
    if fault is not None:
        return Failure(fault, Effect.NOT_TAKEN if fault.retryable else Effect.FINAL)
    if code == "UNAVAILABLE" and message.startswith(_NEVER_CONNECTED):
        return Failure(Unreachable(f"cannot reach {address}: {message}"), Effect.NOT_TAKEN)
    if code == "DEADLINE_EXCEEDED":
        return Failure(DeadlineExceeded("no answer within the deadline"), Effect.LOST)
    if code == "UNAVAILABLE":
        return Failure(ConnectionLost(f"the connection was lost: {message}"), Effect.LOST)
    return Failure(UnexpectedStatus(code, message), Effect.LOST if code in _LOST else Effect.FINAL)


def _fault(call: grpc.Call, code: str, message: str) -> Fault | None:
    """Reads a status that Florin made."""
    info = error_details_pb2.ErrorInfo()
    retry = error_details_pb2.RetryInfo()
    retry_after_s: float | None = None
    status = status_pb2.Status()
    for key, value in call.trailing_metadata() or ():
        if key != _DETAILS_KEY:
            continue
        try:
            status.ParseFromString(value)
        except DecodeError:
            return None
    for detail in status.details:
        if detail.Unpack(retry):
            retry_after_s = max(retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9, 0.0)
        else:
            detail.Unpack(info)
    if info.domain != _ERROR_DOMAIN or not info.reason:
        return None
    return Fault(info.reason, message, info.metadata, code, retry_after_s)
