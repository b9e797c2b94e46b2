"""Transfers in columns: half the bytes and far less work a transfer.

A column of 128-bit values (ids, accounts, amounts) is given in one of these ways:

* a list or tuple, entry by entry: ints, ids, and in the columns of accounts names too;
* an array of uint64 (numpy, pyarrow, polars, or anything with a buffer): the low halves, the high ones being zero;
* a `Wide` of two arrays: low and high halves.

Arrays travel as they lie in memory, without a Python object for each entry.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

from florin._exceptions import AmountError, Invalid, Malformed, Refused
from florin._ids import AccountId, GroupId, TransferId
from florin._outcome import GroupPosted, Posted, group_of_wire, outcome_of_wire
from florin._time import date_to_wire
from florin._transfer import AtDue, TransferKind, at_due_to_wire
from florin._wire import uint128
from florin.v1 import ledger_pb2 as pb

_LOW = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Wide:
    """A column of 128-bit values as two arrays of uint64."""

    #: Low halves.
    lo: Any
    #: High halves; None: all zero.
    hi: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkTransfers:
    """A batch in columns: member i is the i-th entry of each. Optional columns are None where they say nothing."""

    #: Ids, and idempotency keys. Their number is the number of members, 1 to 8,190.
    ids: Any
    #: Who pays. None only where every member is about a hold.
    debit: Any = None
    #: Who receives. As above.
    credit: Any = None
    #: Minor units.
    amount_minor: Any = None
    #: All or nothing, under this id; None: each on its own.
    group: GroupId | None = None
    #: A guard for all members: refused unless both accounts hold this asset.
    asset: str = ""
    #: Yours: reason or ledger codes.
    code: Iterable[int] | None = None
    #: Dates on which they count.
    value_date: Iterable[date | None] | None = None
    #: What they do; None: they move money.
    kind: Sequence[TransferKind] | None = None
    #: Of captures, releases and changes: the hold.
    hold: Any = None
    #: Of holds and changes: when they fall due, nanoseconds since 1970, 0 = never.
    due_at_ns: Any = None
    #: Of holds: what happens then.
    at_due: Sequence[AtDue | None] | None = None
    #: Of captures: what is left afterwards is given back.
    release_rest: Sequence[bool] | None = None

    def to_wire(self) -> pb.BulkTransfersRequest:
        """As it travels."""
        grouped = self.group is not None
        request = pb.BulkTransfersRequest(
            mode=pb.TRANSFER_MODE_GROUP if grouped else pb.TRANSFER_MODE_INDEPENDENT,
            group_id=uint128(self.group) if self.group is not None else None,
            asset=self.asset,
            code=() if self.code is None else _plain(self.code),
            value_date=() if self.value_date is None else [date_to_wire(day) for day in self.value_date],
            kind=() if self.kind is None else [f"TRANSFER_KIND_{kind.name}" for kind in self.kind],
            at_due=() if self.at_due is None else [at_due_to_wire(at_due) for at_due in self.at_due],
            release_rest=self.release_rest,
        )
        for name, field in (
            ("ids", "id"),
            ("debit", "debit_account"),
            ("credit", "credit_account"),
            ("amount_minor", "amount"),
            ("hold", "hold"),
        ):
            column = getattr(self, name)
            if column is not None:
                low, high = _halves(column, name)
                _put(request, f"{field}_lo", low)
                if any(high):
                    _put(request, f"{field}_hi", high)
        members = len(request.id_lo)
        for field in ("debit_account_lo", "credit_account_lo", "amount_lo"):
            if not getattr(request, field):
                _put(request, field, bytes(8 * members))
        if self.due_at_ns is not None:
            _put(request, "due_at_ns", _array_bytes(self.due_at_ns, "due_at_ns"))
        return request


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of a bulk batch. A member that is not in `others` was posted now."""

    #: How many were posted now.
    posted: int
    #: How many were known: first answer, given again.
    replayed: int
    #: How many were refused now.
    refused: int
    #: Sequence of the first member that was journaled now; the others follow without gaps. 0 if none was.
    first_sequence: int
    #: Time of the first member that was journaled now; the i-th is i ns later. 0 if none was.
    first_timestamp_ns: int
    #: Members that were not posted now, by index, ascending.
    others: Sequence[tuple[int, Posted | Refused]]
    #: Of a group: the answer to the group as a whole.
    group: GroupPosted | None


def bulk_of_wire(request: pb.BulkTransfersRequest, wire: pb.BulkTransfersResponse) -> BulkOutcome | Refused:
    """The answer to a bulk batch; to a refused group its refusal."""
    group: GroupPosted | None = None
    if request.mode == pb.TRANSFER_MODE_GROUP:
        if not wire.HasField("group"):
            raise Malformed("no answer to the group")
        match group_of_wire(wire.group):
            case Refused() as refused:
                return refused
            case answer:
                group = answer
    others: list[tuple[int, Posted | Refused]] = []
    last = -1
    for other in wire.others:
        if not last < other.index < len(request.id_lo) or not other.HasField("result"):
            raise Malformed("an index without a member or a result")
        last = other.index
        high = request.id_hi[last] if request.id_hi else 0
        if (other.result.id.lo, other.result.id.hi) != (request.id_lo[last], high):
            raise Malformed("a result for another transfer")
        others.append((last, outcome_of_wire(other.result)))
    if wire.posted + len(others) != len(request.id_lo) or wire.replayed + wire.refused > len(others):
        raise Malformed("not one answer for each transfer")
    return BulkOutcome(
        wire.posted, wire.replayed, wire.refused, wire.first_sequence, wire.first_timestamp_ns, others, group
    )


def _halves(column: Any, what: str) -> tuple[bytes, bytes]:
    """Low and high halves of a column, as little-endian bytes."""
    if isinstance(column, Wide):
        return _array_bytes(column.lo, what), b"" if column.hi is None else _array_bytes(column.hi, what)
    if not isinstance(column, (list, tuple)):
        return _array_bytes(column, what), b""
    values = [_entry(value, what, 128) for value in column]
    return _little([value & _LOW for value in values]), _little([value >> 64 for value in values])


def _entry(value: object, what: str, bits: int) -> int:
    of_accounts = what in ("debit", "credit")
    if isinstance(value, str) and of_accounts:
        return AccountId.of_name(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} takes ints, not {type(value).__name__}")
    if isinstance(value, TransferId if of_accounts else AccountId):
        raise TypeError(f"{what} takes no {type(value).__name__}")
    if not 0 <= value < 1 << bits:
        _out_of_range(what, negative=value < 0, bits=bits)
    return value


def _array_bytes(values: Any, what: str) -> bytes:
    """The bytes of an array of unsigned 64-bit integers, or of signed ones without negatives."""
    if isinstance(values, (list, tuple)):
        return _little([_entry(value, what, 64) for value in values])
    if hasattr(values, "to_numpy"):  # pyarrow, polars, pandas
        try:
            values = values.to_numpy()
        except ValueError as error:  # pyarrow, of what has nulls
            raise TypeError(f"{what} takes an array of uint64 without nulls") from error
    try:
        view = memoryview(values)
    except TypeError:
        raise TypeError(f"{what} takes a list or an array of uint64, not {type(values).__name__}") from None
    if view.ndim != 1 or view.itemsize != 8 or view.format.lstrip("@=<") not in ("Q", "L", "q", "l"):
        raise TypeError(f"{what} takes an array of uint64 in one dimension, not of {view.format!r}")
    plain = view.tobytes()
    if sys.byteorder == "big":
        return _little(array("Q", plain))
    # The sign is the highest bit of the last byte of each.
    if view.format[-1] in "ql" and any(byte & 0x80 for byte in plain[7::8]):
        _out_of_range(what, negative=True)
    return plain


def _little(values: Iterable[int]) -> bytes:
    column = array("Q", values)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def _put(request: pb.BulkTransfersRequest, field: str, column: bytes) -> None:
    """Appends a packed column. On the wire it is these very bytes behind a tag and their length."""
    number = pb.BulkTransfersRequest.DESCRIPTOR.fields_by_name[field].number
    request.MergeFromString(_varint(number << 3 | 2) + _varint(len(column)) + column)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _plain(values: Any) -> list[int]:
    """A short column as Python ints, whatever array it came in."""
    for method in ("tolist", "to_pylist", "to_list"):
        if hasattr(values, method):
            return list(getattr(values, method)())
    return list(values)


def _out_of_range(what: str, negative: bool, bits: int = 64) -> NoReturn:
    if what == "amount_minor":
        reason = "AMOUNT_NEGATIVE" if negative else "AMOUNT_TOO_LARGE"
        raise AmountError(reason, "amounts are 1 to 2^127 - 1 minor units")
    raise Invalid("ID_INVALID", f"{what} takes values of 0 to 2^{bits} - 1")
