"""Why something was refused, and what would have passed."""

from __future__ import annotations

from dataclasses import dataclass

from florin._ids import AccountId
from florin._wire import optional_id, optional_minor
from florin.v1 import ledger_pb2 as pb


@dataclass(frozen=True, slots=True)
class Refusal:
    """An explained refusal."""

    #: The reason, "INSUFFICIENT_FUNDS" for example: decide on this. One that is newer than this client reads as
    #: "REASON_" and its number.
    reason: str
    #: One sentence for people.
    message: str
    #: The account on which it failed.
    account_id: AccountId | None = None
    #: What was asked for.
    asked_minor: int | None = None
    #: How much was missing.
    missing_minor: int | None = None
    #: The largest amount that would have passed this rule. For GROUP_TOO_LARGE it is a number of bytes.
    would_pass_minor: int | None = None
    #: The request's field that is malformed or differs.
    field: str | None = None
    #: In a group's refusal: index of the member that decided.
    member: int = 0

    def __str__(self) -> str:
        """The sentence and the reason."""
        return f"{self.message} ({self.reason})"

    @classmethod
    def of_wire(cls, wire: pb.Refusal) -> Refusal:
        """From the contract's message."""
        return cls(
            reason=reason_name(wire.reason),
            message=wire.message,
            account_id=optional_id(AccountId, wire, "account_id"),
            asked_minor=optional_minor(wire, "asked"),
            missing_minor=optional_minor(wire, "missing"),
            would_pass_minor=optional_minor(wire, "would_pass"),
            field=wire.field or None,
            member=wire.member,
        )


def reason_name(number: int) -> str:
    """The name of a reason by its number in the contract."""
    return pb.Refusal.Reason.Name(number) if number in pb.Refusal.Reason.values() else f"REASON_{number}"
