"""Between the messages of the contract and plain Python values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from google.protobuf.message import Message

from florin._exceptions import Malformed
from florin._ids import AccountId, AccountKey, _Id
from florin.v1 import ledger_pb2 as pb

_LOW = (1 << 64) - 1

I = TypeVar("I", bound=_Id)  # noqa: E741


def uint128(value: int) -> pb.Uint128:
    """An id or amount as it travels."""
    return pb.Uint128(lo=value & _LOW, hi=value >> 64)


def minor(value: pb.Uint128) -> int:
    """An amount or total; unset is zero."""
    return value.hi << 64 | value.lo


def signed_minor(value: pb.Int128) -> int:
    """A balance; unset is zero."""
    return value.hi << 64 | value.lo


def optional_minor(message: Message, field: str) -> int | None:
    """An amount, if there is one."""
    return minor(getattr(message, field)) if message.HasField(field) else None


def optional_signed_minor(message: Message, field: str) -> int | None:
    """A balance, if there is one."""
    return signed_minor(getattr(message, field)) if message.HasField(field) else None


def optional_id(kind: type[I], message: Message, field: str) -> I | None:
    """An id, if there is one."""
    return kind(minor(getattr(message, field))) if message.HasField(field) else None


def required_id(kind: type[I], message: Message, field: str) -> I:
    """An id without which an answer makes no sense."""
    if not message.HasField(field):
        raise Malformed(f"{type(message).__name__} without its {field}")
    return kind(minor(getattr(message, field)))


def texts(entries: Mapping[str, str]) -> dict[str, str]:
    """Metadata. Most have none, and to look through an empty map of a message takes long."""
    return dict(entries) if len(entries) else {}


def key_to_wire(key: AccountKey) -> pb.AccountKey:
    """An account key as it travels. Whether a name may be used is for the server to say."""
    if isinstance(key, AccountId):
        return pb.AccountKey(id=uint128(key))
    if isinstance(key, str):
        return pb.AccountKey(name=key)
    raise TypeError(f"an account is a name (str) or an AccountId, not {type(key).__name__}")


def key_from_wire(key: pb.AccountKey) -> AccountKey:
    """An account key out of an answer."""
    match key.WhichOneof("key"):
        case "id":
            return AccountId(minor(key.id))
        case "name":
            return key.name
        case _:
            raise Malformed("an account key is empty")


class WireEnum(Enum):
    """An enum of the contract: its names without their prefix, its numbers. `UNKNOWN` is what is newer than this."""

    @classmethod
    def _missing_(cls, value: object) -> WireEnum:
        return cls["UNKNOWN"]

    def __str__(self) -> str:
        return self.name
