"""What became of a transfer or a group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from florin._exceptions import Malformed, Refused
from florin._ids import GroupId, TransferId
from florin._refusal import Refusal
from florin._wire import minor, optional_minor, signed_minor
from florin.v1 import ledger_pb2 as pb


@dataclass(frozen=True, slots=True)
class Posted:
    """It is done: the money has moved, or the hold was placed, changed or given back."""

    #: Its id.
    id: TransferId
    #: The id was known: this is the first answer, given again.
    replayed: bool
    #: Its sequence.
    sequence: int
    #: When it was decided, nanoseconds since 1970.
    timestamp_ns: int
    #: What was moved, reserved, or given back.
    amount_minor: int
    #: The debit account's balance right after.
    debit_balance_after_minor: int
    #: The credit account's balance right after.
    credit_balance_after_minor: int
    #: Of a hold, and what is done with one: what it reserves right after.
    hold_remaining_minor: int | None = None


@dataclass(frozen=True, slots=True)
class GroupPosted:
    """All members of the group are done."""

    #: The group's id.
    id: GroupId
    #: The group was known: this is the first answer, given again.
    replayed: bool
    #: Sequence of its first member.
    sequence: int
    #: Its members, in the order of the request. Empty where it was sent in columns.
    members: Sequence[Posted]


def outcome_of_wire(wire: pb.TransferResult | pb.Transfer) -> Posted | Refused:
    """The answer to one transfer; of a transfer that was looked up, its first answer given again."""
    id = TransferId(minor(wire.id))
    replayed = wire.replayed if isinstance(wire, pb.TransferResult) else True
    if wire.status == pb.TRANSFER_STATUS_POSTED:
        return Posted(
            id=id,
            replayed=replayed,
            sequence=wire.sequence,
            timestamp_ns=wire.timestamp_ns,
            amount_minor=minor(wire.amount),
            debit_balance_after_minor=signed_minor(wire.debit_balance_after),
            credit_balance_after_minor=signed_minor(wire.credit_balance_after),
            hold_remaining_minor=optional_minor(wire, "hold_remaining"),
        )
    if wire.status == pb.TRANSFER_STATUS_REFUSED and wire.HasField("refusal"):
        return Refused(Refusal.of_wire(wire.refusal), id, replayed, wire.sequence, wire.timestamp_ns)
    raise Malformed("a transfer that is neither posted nor refused for a reason")


def outcomes_of_wire(ids: Sequence[int], results: Sequence[pb.TransferResult]) -> list[Posted | Refused]:
    """As many answers as members, each for its member: never one payment's answer for another."""
    if len(ids) != len(results):
        raise Malformed("not one result for each transfer")
    if any(minor(result.id) != id for id, result in zip(ids, results, strict=True)):
        raise Malformed("a result for another transfer")
    return [outcome_of_wire(result) for result in results]


def group_of_wire(
    wire: pb.GroupResult, ids: Sequence[int] = (), results: Sequence[pb.TransferResult] = ()
) -> GroupPosted | Refused:
    """The answer to a group, with the answers to its members as far as the call gives them."""
    id = GroupId(minor(wire.id))
    if wire.status == pb.TRANSFER_STATUS_POSTED:
        members = list(_posted(outcomes_of_wire(ids, results)))
        return GroupPosted(id, wire.replayed, wire.sequence, members)
    if wire.status == pb.TRANSFER_STATUS_REFUSED and wire.HasField("refusal"):
        return Refused(Refusal.of_wire(wire.refusal), id, wire.replayed, wire.sequence)
    raise Malformed("a group that is neither posted nor refused for a reason")


def _posted(outcomes: Iterable[Posted | Refused]) -> Iterable[Posted]:
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            raise Malformed("a refused member in a group that was posted")
        yield outcome
