"""Transfers as they were decided, and holds as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from florin._exceptions import Refused
from florin._ids import AccountId, GroupId, TransferId
from florin._outcome import Posted, outcome_of_wire
from florin._refusal import reason_name
from florin._time import date_from_wire
from florin._transfer import AtDue, TransferKind
from florin._wire import WireEnum, minor, optional_id, optional_minor, required_id, texts
from florin.v1 import ledger_pb2 as pb

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Lookup(Generic[T, K]):
    """What a lookup found, and what it did not."""

    #: Those that exist, in the order of the request.
    found: Sequence[T]
    #: Those that do not.
    missing: Sequence[K]


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """A transfer as it was decided. Amounts are minor units."""

    #: Its id. What happened because a hold or payment was due has none: zero.
    id: TransferId
    #: What it did.
    kind: TransferKind
    #: The first answer to it, given again.
    outcome: Posted | Refused
    #: Who paid. None for a refused reversal of an unknown original.
    debit: AccountId | None
    #: Who received. As above.
    credit: AccountId | None
    #: What was asked for.
    requested_minor: int
    #: Whether less than that was good enough.
    up_to_available: bool
    #: As in the request.
    code: int
    #: As in the request.
    value_date: date | None
    #: As in the request. A refused transfer keeps none.
    metadata: Mapping[str, str]
    #: The group it was posted in.
    group: GroupId | None
    #: The transfer that it undoes.
    reverses: TransferId | None
    #: Sequence of the transfer that undid it.
    reversed_by_sequence: int | None
    #: The hold or payment that it was about; of a hold or payment its own id.
    hold: TransferId | None
    #: When the hold or payment falls due right after, nanoseconds since 1970; None: never.
    due_at_ns: int | None
    #: What happens then.
    at_due: AtDue | None
    #: What was given back beside what was captured.
    released_minor: int | None
    #: Where a capture was due and could not be: why.
    blocked_by: str | None
    #: What the debit account has pending right after. None if refused.
    debit_pending_after_minor: int | None
    #: What the credit account has pending right after, of its own money. None if refused.
    credit_pending_after_minor: int | None

    def balance_after_minor(self, account: AccountId) -> int | None:
        """The balance of one of its accounts right after. None if refused, or of another account."""
        posted = self.posted
        if posted is None or account not in (self.debit, self.credit):
            return None
        return posted.debit_balance_after_minor if account == self.debit else posted.credit_balance_after_minor

    def counterparty(self, account: AccountId) -> AccountId | None:
        """The account on the other side than this one."""
        if account == self.debit:
            return self.credit
        return self.debit if account == self.credit else None

    @property
    def posted(self) -> Posted | None:
        """The answer, if it was yes."""
        return self.outcome if isinstance(self.outcome, Posted) else None

    @property
    def refused(self) -> Refused | None:
        """The answer, if it was no."""
        return self.outcome if isinstance(self.outcome, Refused) else None

    @classmethod
    def of_wire(cls, wire: pb.Transfer) -> TransferRecord:
        """From the contract's message."""
        return cls(
            id=TransferId(minor(wire.id)),
            kind=TransferKind(wire.kind or pb.TRANSFER_KIND_MOVE),
            outcome=outcome_of_wire(wire),
            debit=optional_id(AccountId, wire, "debit_account_id"),
            credit=optional_id(AccountId, wire, "credit_account_id"),
            requested_minor=minor(wire.requested_amount),
            up_to_available=wire.amount_mode == pb.AMOUNT_MODE_UP_TO_AVAILABLE,
            code=wire.code,
            value_date=date_from_wire(wire.value_date),
            metadata=texts(wire.metadata),
            group=optional_id(GroupId, wire, "group_id"),
            reverses=optional_id(TransferId, wire, "reverses"),
            reversed_by_sequence=wire.reversed_by_sequence or None,
            hold=optional_id(TransferId, wire, "hold_id"),
            due_at_ns=wire.due_at_ns or None,
            at_due=AtDue(wire.at_due) if wire.at_due else None,
            released_minor=optional_minor(wire, "released"),
            blocked_by=reason_name(wire.blocked_by) if wire.blocked_by else None,
            debit_pending_after_minor=optional_minor(wire, "debit_pending_after"),
            credit_pending_after_minor=optional_minor(wire, "credit_pending_after"),
        )


class HoldState(WireEnum):
    """Where a hold is in its life."""

    UNKNOWN = -1
    #: Something is reserved.
    OPEN = pb.HOLD_STATE_OPEN
    #: Nothing is left, and something was captured.
    CAPTURED = pb.HOLD_STATE_CAPTURED
    #: Nothing is left, and nothing was captured: all was given back.
    RELEASED = pb.HOLD_STATE_RELEASED
    #: It fell due, and what was left was given back.
    EXPIRED = pb.HOLD_STATE_EXPIRED


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it is: captured + released + remaining = amount. Amounts are minor units."""

    #: Its id: of the transfer that placed it.
    id: TransferId
    #: Where it is in its life.
    state: HoldState
    #: Whose money is reserved.
    debit: AccountId
    #: For whom.
    credit: AccountId
    #: What was reserved, increases included.
    amount_minor: int
    #: What was captured of it.
    captured_minor: int
    #: What was given back of it.
    released_minor: int
    #: What is still reserved.
    remaining_minor: int
    #: When it falls due, nanoseconds since 1970; None: never.
    due_at_ns: int | None
    #: What happens then.
    at_due: AtDue | None
    #: Sequence of the event that placed it.
    placed_sequence: int
    #: Sequence of the last event that changed it.
    last_sequence: int

    @classmethod
    def of_wire(cls, wire: pb.Hold) -> Hold:
        """From the contract's message."""
        return cls(
            id=required_id(TransferId, wire, "id"),
            state=HoldState(wire.state),
            debit=required_id(AccountId, wire, "debit_account_id"),
            credit=required_id(AccountId, wire, "credit_account_id"),
            amount_minor=minor(wire.amount),
            captured_minor=minor(wire.captured),
            released_minor=minor(wire.released),
            remaining_minor=minor(wire.remaining),
            due_at_ns=wire.due_at_ns or None,
            at_due=AtDue(wire.at_due) if wire.at_due else None,
            placed_sequence=wire.placed_sequence,
            last_sequence=wire.last_sequence,
        )
