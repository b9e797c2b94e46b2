"""Ids: 128 bits, chosen by the caller, written as 32 hex digits."""

from __future__ import annotations

import os
import re
import time
from typing import Self

from blake3 import blake3

from florin._exceptions import Invalid

_HEX = re.compile(r"[0-9a-fA-F]{32}")
_NAME = re.compile(r"(?!id:)[A-Za-z0-9:/_.@+-]{1,128}")
_NAME_PREFIX = b"florin.v1.account-name\0"


class _Id(int):
    """An int of 128 bits that prints as hex."""

    __slots__ = ()

    def __new__(cls, value: int) -> Self:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{cls.__name__} takes an int, or parse() hex text, not {type(value).__name__}")
        if not 0 <= value < 1 << 128:
            raise Invalid("ID_INVALID", "an id has 128 bits")
        return super().__new__(cls, value)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The id that is written as 32 hex digits, like 0197f3c2a9b47d11e2c64bb9a0d35f08."""
        if not _HEX.fullmatch(text):
            raise Invalid("ID_INVALID", "an id is 32 hex digits, like 0197f3c2a9b47d11e2c64bb9a0d35f08")
        return cls(int(text, 16))

    def __str__(self) -> str:
        return f"{int(self):032x}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}.parse('{self}')"


class _OwnId(_Id):
    """An id that its caller makes up."""

    __slots__ = ()

    @classmethod
    def generate(cls) -> Self:
        """A new id: milliseconds since 1970 in the high 48 bits, randomness of the operating system in the rest.

        Ids made at about the same time are neighbours, which makes lookups local.
        """
        return cls(time_ordered(time.time_ns() // 1_000_000, os.urandom(10)))


class TransferId(_OwnId):
    """The id of a transfer, a hold or a payment, and its idempotency key for good. All three are one set of ids."""

    __slots__ = ()


class GroupId(_OwnId):
    """The id of a group of transfers. Groups and transfers have ids of their own."""

    __slots__ = ()


class AccountId(_Id):
    """The id of an account. An account that was opened by name has one too."""

    __slots__ = ()

    @classmethod
    def of_name(cls, name: str) -> Self:
        """The id that belongs to a name; the server computes the same.

        The first 16 bytes, little-endian, of BLAKE3("florin.v1.account-name\\0" + name).
        """
        return cls(int.from_bytes(blake3(_NAME_PREFIX + name.encode()).digest(length=16), "little"))


def time_ordered(unix_ms: int, random: bytes) -> int:
    """The id of this moment with these 10 random bytes."""
    return (unix_ms & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(random, "big")


#: An account by id or by name. A str is a name as it is; `parse_key` reads what people write.
AccountKey = AccountId | str


def parse_key(text: str) -> AccountKey:
    """Reads what people write, and checks it: a name, or ``id:`` and 32 hex digits. NAME_INVALID if it is neither."""
    if text.startswith("id:") and _HEX.fullmatch(text[3:]):
        return AccountId.parse(text[3:])
    if not _NAME.fullmatch(text):
        raise Invalid(
            "NAME_INVALID", "an account is a name, 1 to 128 of A-Z a-z 0-9 : / _ . @ + -, or id: and 32 hex digits"
        )
    return text


def format_key(key: AccountKey) -> str:
    """Writes an account so that `parse_key` reads it."""
    return key if isinstance(key, str) else f"id:{key}"
