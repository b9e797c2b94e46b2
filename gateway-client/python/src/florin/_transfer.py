"""What can be asked of the ledger: one class a kind of transfer. Each has its id, its idempotency key for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from florin._exceptions import AmountError
from florin._ids import AccountKey, TransferId
from florin._money import check_int, check_minor
from florin._time import date_to_wire
from florin._wire import WireEnum, key_to_wire, uint128
from florin.v1 import ledger_pb2 as pb


class AtDue(WireEnum):
    """What becomes of the rest of a hold or payment when it is due."""

    UNKNOWN = -1
    #: It is given back.
    RELEASE = pb.AT_DUE_RELEASE
    #: It is captured; where an account is frozen in that direction it is given back.
    CAPTURE = pb.AT_DUE_CAPTURE


class TransferKind(WireEnum):
    """What a transfer does, or did. Those from DUE_RELEASE on are made by the server alone."""

    UNKNOWN = -1
    #: Moved money: a transfer, or a reversal.
    MOVE = pb.TRANSFER_KIND_MOVE
    #: Placed a hold.
    HOLD = pb.TRANSFER_KIND_HOLD
    #: Moved what a hold reserves.
    CAPTURE = pb.TRANSFER_KIND_CAPTURE
    #: Gave back what a hold reserves.
    RELEASE = pb.TRANSFER_KIND_RELEASE
    #: Increased a hold, or moved its due time.
    CHANGE = pb.TRANSFER_KIND_CHANGE
    #: A hold fell due and was given back.
    DUE_RELEASE = pb.TRANSFER_KIND_DUE_RELEASE
    #: A hold fell due and was captured.
    DUE_CAPTURE = pb.TRANSFER_KIND_DUE_CAPTURE
    #: A payment was created and waits for its capture.
    PAYMENT_AUTHORIZE = pb.TRANSFER_KIND_PAYMENT_AUTHORIZE
    #: A payment was created and captured at once.
    PAYMENT_PAY = pb.TRANSFER_KIND_PAYMENT_PAY
    #: A payment was captured, or a part of it.
    PAYMENT_CAPTURE = pb.TRANSFER_KIND_PAYMENT_CAPTURE
    #: What was left of a payment was given back.
    PAYMENT_CANCEL = pb.TRANSFER_KIND_PAYMENT_CANCEL
    #: A payment was refunded, or a part of it.
    PAYMENT_REFUND = pb.TRANSFER_KIND_PAYMENT_REFUND
    #: A payment fell due and was given back.
    PAYMENT_EXPIRE = pb.TRANSFER_KIND_PAYMENT_EXPIRE
    #: A payment fell due and was captured.
    PAYMENT_DUE_CAPTURE = pb.TRANSFER_KIND_PAYMENT_DUE_CAPTURE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attached:
    """What every kind can carry."""

    #: Yours: a reason or ledger code. The engine only keeps it.
    code: int = 0
    #: The date on which it counts; None if it counts when it happens.
    value_date: date | None = None
    #: Anything; at most 4,096 bytes in all, counting 2 more for each key and each value.
    metadata: Mapping[str, str] = field(default_factory=dict)

    def _wire(self, id: TransferId, kind: pb.TransferKind) -> pb.NewTransfer:
        return pb.NewTransfer(
            id=id_to_wire(id),
            kind=kind,
            code=check_int(self.code, "code"),
            value_date=date_to_wire(self.value_date),
            metadata=self.metadata,
        )


@dataclass(frozen=True, slots=True)
class Transfer(_Attached):
    """Moves money, now: the debit account pays, the credit account receives."""

    #: Its id: repeat it to repeat the question, never for another payment.
    id: TransferId
    #: Who pays.
    debit: AccountKey
    #: Who receives.
    credit: AccountKey
    #: How much, minor units, 1 to 2^127 - 1.
    amount_minor: int
    #: Moves the amount, or as much of it as the debit account has available.
    up_to_available: bool = field(default=False, kw_only=True)
    #: A guard: refused unless both accounts hold this asset.
    asset: str = field(default="", kw_only=True)

    def to_wire(self) -> pb.NewTransfer:
        """As it travels."""
        wire = self._wire(self.id, pb.TRANSFER_KIND_UNSPECIFIED)
        _pair(wire, self.debit, self.credit, self.amount_minor, self.up_to_available, self.asset)
        return wire


@dataclass(frozen=True, slots=True)
class NewHold(_Attached):
    """Places a hold: reserves money of debit for credit, until it is captured, released or due."""

    #: Its id, and the hold's from then on.
    id: TransferId
    #: Whose money is reserved.
    debit: AccountKey
    #: For whom.
    credit: AccountKey
    #: How much, minor units, 1 to 2^127 - 1.
    amount_minor: int
    #: Reserves the amount, or as much of it as the debit account has available.
    up_to_available: bool = field(default=False, kw_only=True)
    #: A guard: refused unless both accounts hold this asset.
    asset: str = field(default="", kw_only=True)
    #: When it falls due, nanoseconds since 1970 (`florin.to_ns`); 0 = never.
    due_at_ns: int = field(default=0, kw_only=True)
    #: What happens then; RELEASE if nothing is said.
    at_due: AtDue | None = field(default=None, kw_only=True)

    def to_wire(self) -> pb.NewTransfer:
        """As it travels."""
        wire = self._wire(self.id, pb.TRANSFER_KIND_HOLD)
        _pair(wire, self.debit, self.credit, self.amount_minor, self.up_to_available, self.asset)
        wire.due_at_ns = check_int(self.due_at_ns, "due_at_ns")
        wire.MergeFrom(pb.NewTransfer(at_due=at_due_to_wire(self.at_due)))
        return wire


@dataclass(frozen=True, slots=True)
class Capture(_Attached):
    """Moves what a hold reserves. A hold can be captured in several parts."""

    #: Its id.
    id: TransferId
    #: The hold.
    hold: TransferId
    #: How much, minor units; None: all that is left.
    amount_minor: int | None = None
    #: What is left afterwards is given back.
    release_rest: bool = field(default=False, kw_only=True)

    def to_wire(self) -> pb.NewTransfer:
        """As it travels."""
        wire = self._wire(self.id, pb.TRANSFER_KIND_CAPTURE)
        _part(wire, self.hold, self.amount_minor)
        wire.release_rest = self.release_rest
        return wire


@dataclass(frozen=True, slots=True)
class Release(_Attached):
    """Gives back what a hold reserves."""

    #: Its id.
    id: TransferId
    #: The hold.
    hold: TransferId
    #: How much, minor units; None: all that is left.
    amount_minor: int | None = None

    def to_wire(self) -> pb.NewTransfer:
        """As it travels."""
        wire = self._wire(self.id, pb.TRANSFER_KIND_RELEASE)
        _part(wire, self.hold, self.amount_minor)
        return wire


@dataclass(frozen=True, slots=True)
class ChangeHold(_Attached):
    """Increases a hold, moves the time at which it is due, or both."""

    #: Its id.
    id: TransferId
    #: The hold.
    hold: TransferId
    #: By how much, minor units; None: not at all.
    increase_minor: int | None = None
    #: The new time, nanoseconds since 1970; 0 = as it was.
    due_at_ns: int = field(default=0, kw_only=True)

    def to_wire(self) -> pb.NewTransfer:
        """As it travels."""
        wire = self._wire(self.id, pb.TRANSFER_KIND_CHANGE)
        _part(wire, self.hold, self.increase_minor, "increase_minor")
        wire.due_at_ns = check_int(self.due_at_ns, "due_at_ns")
        return wire


@dataclass(frozen=True, slots=True)
class Reverse(_Attached):
    """Undoes a posted transfer or capture, once and in full."""

    #: Its id.
    id: TransferId
    #: What it undoes.
    original: TransferId

    def to_wire(self) -> pb.NewTransfer:
        """As it travels."""
        wire = self._wire(self.id, pb.TRANSFER_KIND_UNSPECIFIED)
        wire.reverses.CopyFrom(id_to_wire(self.original))
        return wire


#: A member of a batch or of a group.
Member = Transfer | NewHold | Capture | Release | ChangeHold | Reverse


def id_to_wire(id: TransferId) -> pb.Uint128:
    """The id of a transfer as it travels. Other ids and plain ints are mistakes."""
    if not isinstance(id, TransferId):
        raise TypeError(f"an id must be a TransferId, not {type(id).__name__}")
    return uint128(id)


def at_due_to_wire(at_due: AtDue | None) -> str:
    """What happens when something falls due, by the contract's name."""
    return "AT_DUE_UNSPECIFIED" if at_due is None else f"AT_DUE_{at_due.name}"


def _pair(
    wire: pb.NewTransfer, debit: AccountKey, credit: AccountKey, amount_minor: int, up_to_available: bool, asset: str
) -> None:
    wire.debit_account.CopyFrom(key_to_wire(debit))
    wire.credit_account.CopyFrom(key_to_wire(credit))
    wire.amount.CopyFrom(uint128(check_minor(amount_minor)))
    if up_to_available:
        wire.amount_mode = pb.AMOUNT_MODE_UP_TO_AVAILABLE
    wire.asset = asset


def _part(wire: pb.NewTransfer, hold: TransferId, amount_minor: int | None, what: str = "amount_minor") -> None:
    wire.hold.CopyFrom(id_to_wire(hold))
    if amount_minor is not None:
        # Zero means "all that is left" on the wire, and nobody who writes 0 means that.
        if check_minor(amount_minor, what) == 0:
            raise AmountError("AMOUNT_ZERO", f"{what} is zero: leave it out for all that is left")
        wire.amount.CopyFrom(uint128(amount_minor))
