"""What happened: the events of the feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from florin._account import AccountChanged
from florin._asset import Asset
from florin._exceptions import Malformed, Refused
from florin._outcome import GroupPosted, group_of_wire
from florin._record import TransferRecord
from florin._time import to_datetime
from florin._wire import WireEnum
from florin.v1 import event_pb2 as pb


class EventKind(WireEnum):
    """What happened."""

    UNKNOWN = -1
    #: An asset is in use from now on.
    ASSET_REGISTERED = pb.EVENT_KIND_ASSET_REGISTERED
    #: An account was opened.
    ACCOUNT_OPENED = pb.EVENT_KIND_ACCOUNT_OPENED
    #: An account was frozen, unfrozen, closed, or given another floor or ceiling.
    ACCOUNT_UPDATED = pb.EVENT_KIND_ACCOUNT_UPDATED
    #: Money moved: a transfer or a reversal.
    TRANSFER_POSTED = pb.EVENT_KIND_TRANSFER_POSTED
    #: A transfer, or anything about a hold or payment, was refused by the state of the ledger.
    TRANSFER_REFUSED = pb.EVENT_KIND_TRANSFER_REFUSED
    #: A group was refused by the state of the ledger.
    GROUP_REFUSED = pb.EVENT_KIND_GROUP_REFUSED
    #: Something happened to a hold: `transfer.kind` says what.
    HOLD = pb.EVENT_KIND_HOLD
    #: Something happened to a payment: `transfer.kind` says what.
    PAYMENT = pb.EVENT_KIND_PAYMENT
    #: The ledger was drained and its state was noted. Changes nothing.
    CHECKPOINT = pb.EVENT_KIND_CHECKPOINT


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    #: Its position; strictly ascending. With a filter there are gaps.
    sequence: int
    #: When it was decided, nanoseconds since 1970.
    timestamp_ns: int
    #: What happened.
    kind: EventKind
    #: The asset it is about; of ASSET_REGISTERED the new one. None for a refusal without accounts.
    asset: Asset | None = None
    #: Details of ACCOUNT_OPENED and ACCOUNT_UPDATED.
    account: AccountChanged | None = None
    #: Details of TRANSFER_POSTED, TRANSFER_REFUSED, HOLD and PAYMENT.
    transfer: TransferRecord | None = None
    #: Details of GROUP_REFUSED.
    group: GroupPosted | Refused | None = None
    #: Place in its group, from 0.
    group_index: int = 0
    #: Members in its group; 0 outside of groups.
    group_len: int = 0

    @property
    def at(self) -> datetime:
        """When it was decided, in UTC, cut to microseconds."""
        return to_datetime(self.timestamp_ns)

    @classmethod
    def of_wire(cls, wire: pb.Event) -> Event:
        """From the contract's message."""
        asset = Asset(wire.asset_code, wire.asset_scale) if wire.asset_code else None
        body = wire.WhichOneof("body")
        if body == "asset":
            asset = Asset.of_wire(wire.asset)
        return cls(
            sequence=wire.sequence,
            timestamp_ns=wire.timestamp_ns,
            kind=EventKind(wire.kind),
            asset=asset,
            account=AccountChanged.of_wire(wire.account) if body == "account" else None,
            transfer=TransferRecord.of_wire(wire.transfer) if body == "transfer" else None,
            group=group_of_wire(wire.group) if body == "group" else None,
            group_index=wire.group_index,
            group_len=wire.group_len,
        )


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Some events, and where to go on."""

    #: In order. Empty in a batch that only moves the cursor on.
    events: Sequence[Event]
    #: Right after the last event that was looked at. Opaque.
    cursor: str
    #: There was nothing more on disk when this was sent.
    live: bool

    @classmethod
    def of_wire(cls, wire: pb.EventBatch) -> EventBatch:
        """From the contract's message."""
        if not wire.cursor:
            raise Malformed("a batch of events without its cursor")
        return cls([Event.of_wire(event) for event in wire.events], wire.cursor, wire.live)
