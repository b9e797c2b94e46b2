"""Accounts: as they are, and to be opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from florin._asset import Asset
from florin._exceptions import Malformed, Refused
from florin._ids import AccountId, AccountKey
from florin._money import check_minor
from florin._refusal import Refusal
from florin._wire import (
    WireEnum,
    key_to_wire,
    minor,
    optional_id,
    optional_minor,
    required_id,
    signed_minor,
    texts,
    uint128,
)
from florin.v1 import event_pb2
from florin.v1 import ledger_pb2 as pb


class Freeze(WireEnum):
    """Which directions are frozen."""

    UNKNOWN = -1
    #: Nothing is.
    NONE = pb.FREEZE_NONE
    #: Money may come in, not go out.
    DEBITS = pb.FREEZE_DEBITS
    #: Money may go out, not come in.
    CREDITS = pb.FREEZE_CREDITS
    #: Neither.
    BOTH = pb.FREEZE_BOTH


@dataclass(frozen=True, slots=True)
class Floor:
    """How far an account's balance may fall: `FLOOR_ZERO`, `FLOOR_NONE`, or ``Floor.overdraft(50_000)``."""

    #: Minor units to which it may fall below zero; None: without limit.
    overdraft_minor: int | None

    @classmethod
    def overdraft(cls, minor: int) -> Floor:
        """To minus this amount, which is agreed: 1 to 2^127 - 1 minor units."""
        return cls(check_minor(minor, "overdraft"))

    def to_wire(self) -> pb.Floor:
        """As it travels."""
        match self.overdraft_minor:
            case None:
                return pb.Floor(kind=pb.Floor.NONE)
            case 0:
                return pb.Floor(kind=pb.Floor.ZERO)
            case agreed:
                return pb.Floor(kind=pb.Floor.OVERDRAFT, overdraft=uint128(agreed))

    @classmethod
    def of_wire(cls, wire: pb.Floor) -> Floor:
        """From the contract's message; unset is zero."""
        match wire.kind:
            case pb.Floor.KIND_UNSPECIFIED | pb.Floor.ZERO:
                return cls(0)
            case pb.Floor.NONE:
                return cls(None)
            case pb.Floor.OVERDRAFT:
                return cls(minor(wire.overdraft))
            case _:
                raise Malformed("a floor of an unknown kind")


#: Never below zero: the safe default.
FLOOR_ZERO = Floor(0)
#: Without limit: genesis, cash, clearing and the like.
FLOOR_NONE = Floor(None)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to open, by name or by id. Its floor is zero, and it has no ceiling, unless you say otherwise."""

    #: Its name or id.
    key: AccountKey
    #: Code of the asset that it will hold.
    asset: str
    #: How far its balance may fall.
    floor: Floor = FLOOR_ZERO
    #: How far its balance may rise, minor units; None: without limit.
    ceiling_minor: int | None = None
    #: Anything; at most 4,096 bytes in all.
    metadata: Mapping[str, str] = field(default_factory=dict)

    def to_wire(self) -> pb.NewAccount:
        """As it travels."""
        return pb.NewAccount(
            key=key_to_wire(self.key),
            asset=self.asset,
            floor=self.floor.to_wire(),
            ceiling=None if self.ceiling_minor is None else ceiling_to_wire(self.ceiling_minor),
            metadata=self.metadata,
        )


def ceiling_to_wire(ceiling_minor: int | None) -> pb.Ceiling:
    """A ceiling as it travels; None is one without a limit, which takes it away."""
    if ceiling_minor is None:
        return pb.Ceiling()
    return pb.Ceiling(limit=uint128(check_minor(ceiling_minor, "ceiling_minor")))


@dataclass(frozen=True, slots=True)
class Opened:
    """The account is open."""

    #: Its id, also where it was opened by name.
    id: AccountId
    #: It was opened before with this content.
    replayed: bool
    #: Sequence of its opening.
    sequence: int


def opening_of_wire(wire: pb.CreateAccountResult) -> Opened | Refused:
    """The answer to one account to open."""
    if wire.HasField("refusal"):
        return Refused(Refusal.of_wire(wire.refusal), optional_id(AccountId, wire, "id"))
    return Opened(required_id(AccountId, wire, "id"), wire.replayed, wire.sequence)


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is, all parts at one moment. Amounts are minor units."""

    #: Its id.
    id: AccountId
    #: Its name, if it was opened by name.
    name: str | None
    #: What it holds.
    asset: Asset
    #: Sum of all posted debits.
    debits_posted_minor: int
    #: Sum of all posted credits.
    credits_posted_minor: int
    #: What open holds and payments reserve of it.
    debits_pending_minor: int
    #: What open holds and payments reserve for it.
    credits_pending_minor: int
    #: Posted credits less posted debits.
    balance_minor: int
    #: What could be debited now; None if the floor is `FLOOR_NONE`, where nothing limits it.
    available_minor: int | None
    #: How far the balance may fall.
    floor: Floor
    #: How far the balance may rise; None: without limit.
    ceiling_minor: int | None
    #: What is frozen.
    freeze: Freeze
    #: Closed for good.
    closed: bool
    #: What the opener attached.
    metadata: Mapping[str, str]
    #: When it was opened, nanoseconds since 1970.
    opened_at_ns: int
    #: Sequence of the last event that changed it.
    last_sequence: int

    @property
    def key(self) -> AccountKey:
        """Name or id, whichever people know it by."""
        return self.name or self.id

    @classmethod
    def of_wire(cls, wire: pb.Account) -> Account:
        """From the contract's message."""
        if not wire.HasField("asset"):
            raise Malformed("an account without an asset")
        return cls(
            id=required_id(AccountId, wire, "id"),
            name=wire.name or None,
            asset=Asset.of_wire(wire.asset),
            debits_posted_minor=minor(wire.debits_posted),
            credits_posted_minor=minor(wire.credits_posted),
            debits_pending_minor=minor(wire.debits_pending),
            credits_pending_minor=minor(wire.credits_pending),
            balance_minor=signed_minor(wire.balance),
            available_minor=optional_minor(wire, "available"),
            floor=Floor.of_wire(wire.floor),
            ceiling_minor=optional_minor(wire.ceiling, "limit"),
            freeze=freeze_of_wire(wire.freeze),
            closed=wire.closed,
            metadata=texts(wire.metadata),
            opened_at_ns=wire.opened_at_ns,
            last_sequence=wire.last_sequence,
        )


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """An account right after it was opened or updated, as the feed tells it."""

    #: Its id.
    id: AccountId
    #: Its name, if it was opened by name.
    name: str | None
    #: How far the balance may fall.
    floor: Floor
    #: How far the balance may rise, minor units; None: without limit.
    ceiling_minor: int | None
    #: What is frozen.
    freeze: Freeze
    #: Closed for good.
    closed: bool
    #: What the opener attached. Only at its opening.
    metadata: Mapping[str, str]
    #: Its balance right after, minor units.
    balance_minor: int

    @classmethod
    def of_wire(cls, wire: event_pb2.AccountChanged) -> AccountChanged:
        """From the contract's message."""
        return cls(
            id=required_id(AccountId, wire, "id"),
            name=wire.name or None,
            floor=Floor.of_wire(wire.floor),
            ceiling_minor=optional_minor(wire.ceiling, "limit"),
            freeze=freeze_of_wire(wire.freeze),
            closed=wire.closed,
            metadata=texts(wire.metadata),
            balance_minor=signed_minor(wire.balance),
        )


def freeze_of_wire(freeze: int) -> Freeze:
    """What is frozen; unset is nothing."""
    found = Freeze(freeze or pb.FREEZE_NONE)
    if found is Freeze.UNKNOWN:
        raise Malformed("a freeze of an unknown kind")
    return found
